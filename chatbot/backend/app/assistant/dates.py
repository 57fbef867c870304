"""Days in plain English: "tomorrow", "by Friday", "in 3 days", "March 5th", "2030-01-31"."""

import re
from datetime import date, timedelta

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}

_month_name = "(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + ")"
_month = rf"{_month_name}\.?"
_weekday = "(?:" + "|".join(WEEKDAYS) + ")"
_ordinal = r"\d{1,2}(?:st|nd|rd|th)?"
_clear = rf"""today|tonight|tomorrow|(?:the )?day after tomorrow|next week|next month|(?:this|next|coming) {_weekday}
    |in (?:\d{{1,3}}|{"|".join(NUMBERS)}) (?:days?|weeks?)|\d{{4}}-\d{{2}}-\d{{2}}
    |{_month} {_ordinal}(?:,? \d{{4}})?|{_ordinal} (?:of )?{_month}(?:,? \d{{4}})?"""
_joined = rf"{_clear}|{_weekday}|the end of (?:the|this) week"

DAY = re.compile(_joined.replace("\n    ", ""), re.IGNORECASE)
# A bare weekday belongs to the title ("watch Black Friday"); after "by", "on", "due" or "before" it is a day.
TAIL = re.compile(
    rf"[\s,]+(?:(?:by|on|due|before|for|until|due by|due on)\s+(?P<joined>{_joined})|(?P<clear>{_clear}))$".replace(
        "\n    ", ""
    ),
    re.IGNORECASE,
)


def parse_day(text: str, today: date) -> date | None:
    """Return the day that `text` means, seen from `today`, or None. Days without a year are never in the past."""
    text = " ".join(text.lower().replace(",", " ").replace(".", " ").split()).removeprefix("the ")
    fixed = {
        "today": 0,
        "tonight": 0,
        "tomorrow": 1,
        "day after tomorrow": 2,
        "next week": 7,
        "end of the week": 4 - today.weekday() if today.weekday() <= 4 else 6 - today.weekday(),
        "end of this week": 4 - today.weekday() if today.weekday() <= 4 else 6 - today.weekday(),
    }
    try:
        if text in fixed:
            return today + timedelta(days=fixed[text])
        if text == "next month":
            return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        if match := re.fullmatch(r"in (\w+) (day|week)s?", text):
            count = NUMBERS.get(match[1]) or int(match[1])
            return today + timedelta(days=count * (7 if match[2] == "week" else 1))
        if match := re.fullmatch(rf"(?:(this|next|coming) )?({_weekday})", text):
            ahead = (WEEKDAYS.index(match[2]) - today.weekday()) % 7 or 7
            return today + timedelta(days=ahead)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        if match := re.fullmatch(rf"({_month_name}) (\d+)(?:st|nd|rd|th)?(?: (\d{{4}}))?", text):
            return _calendar(match[1], match[2], match[3], today)
        if match := re.fullmatch(rf"(\d+)(?:st|nd|rd|th)? (?:of )?({_month_name})(?: (\d{{4}}))?", text):
            return _calendar(match[2], match[1], match[3], today)
    except (ValueError, OverflowError):
        return None
    return None


def _calendar(month: str, day: str, year: str | None, today: date) -> date:
    number = next(index for index, name in enumerate(MONTHS, 1) if name.startswith(month))
    found = date(int(year or today.year), number, int(day))
    if year or found >= today:
        return found
    return found.replace(year=today.year + 1)


def split_due(text: str, today: date) -> tuple[str, date | None]:
    """Take a day off the end of `text`: "buy milk by tomorrow" gives "buy milk" and the day."""
    if (match := TAIL.search(text)) and (day := parse_day(match["joined"] or match["clear"], today)):
        return text[: match.start()].strip(" ,;-"), day
    return text, None
