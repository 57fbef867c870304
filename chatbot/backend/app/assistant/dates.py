"""Days in plain English. Only what a grammar took for a day comes here: dateparser alone would guess."""

from datetime import date, datetime, timedelta

from dateparser import DateDataParser

from app.assistant.grammar import read

TAIL_WORDS = 8
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _parse(text: str, today: date) -> date | None:
    settings = {
        "RELATIVE_BASE": datetime.combine(today, datetime.min.time()),
        "PREFER_DATES_FROM": "future",
        "PREFER_DAY_OF_MONTH": "current",
        "DATE_ORDER": "YMD" if text[:4].isdecimal() else "DMY",
        "REQUIRE_PARTS": ["day"],
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    parser = DateDataParser(languages=["en"], use_given_order=True, settings=settings)
    found = parser.get_date_data(text).date_obj
    return found.date() if found else None


def parse_day(text: str, today: date) -> date | None:
    """The day that `text` means, seen from `today`, or None. A day without a year is never in the past.

    Args:
        text: What stands for {day} or {clear_day}, such as "next friday", "3 May" or "in two weeks".
        today: The day where the person is.
    """
    readings = [match for match in read("days", text) if match.intent == "alone"]
    if not readings:
        return None
    slots = readings[0].slots
    words = text.lower().replace(",", " ").split()
    words = [word for word in words if word not in ("by", "on", "to", "for", "until", "till", "the", "of")]
    try:
        match words:
            case ["today" | "tonight"]:
                return today
            case ["tomorrow"]:
                return today + timedelta(days=1)
            case ["day", "after", "tomorrow"]:
                return today + timedelta(days=2)
            case ["next" | "coming", "week"] | ["a" | "one", "week", "from", _]:
                return today + timedelta(days=7)
            case ["end", "week"] | ["end", "this", "week"]:
                return today + timedelta(days=(4 - today.weekday()) % 7)
            case ["this" | "coming" | "next", "weekend"]:
                return today + timedelta(days=(5 - today.weekday()) % 7 + 7 * (words[0] == "next"))
            case ["this", "week"]:
                return today + timedelta(days=6 - today.weekday())
            case ["next" | "coming", "month"]:
                return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            case ["this" | "end", "month"] | ["end", "this", "month"]:
                return (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            case ["this" | "next" | "coming", weekday] | [weekday] if weekday[:3] in WEEKDAYS:
                return today + timedelta(days=(WEEKDAYS.index(weekday[:3]) - today.weekday() - 1) % 7 + 1)
            case [digits] if digits.isdecimal():
                return date.fromisoformat(digits)
        # "16 January" on that day is today; dateparser takes the future to begin tomorrow.
        base = today - timedelta(days=1) if "day_number" in slots else today
        found = _parse(" ".join(words), base)
    except (ValueError, OverflowError):
        return None
    # "30 February" must not become the first of March, nor February of the year 30.
    if found and "day_number" in slots and found.day != slots["day_number"]:
        return None
    return found


def split_due(text: str, today: date) -> tuple[str, date | None]:
    """Take a day off the end of `text`: "buy milk by tomorrow" gives "buy milk" and the day."""
    words = text.split()
    if len(words) < 2 or text[-1:] in "\"'":
        return text, None
    for count in range(min(TAIL_WORDS, len(words) - 1), 0, -1):
        tail = " ".join(words[-count:])
        for match in read("days", tail):
            said = match.slots.get("day") or match.slots.get("clear_day")
            if match.intent != "alone" and said and (day := parse_day(said, today)):
                return " ".join(words[:-count]).rstrip(" ,;-"), day
    return text, None
