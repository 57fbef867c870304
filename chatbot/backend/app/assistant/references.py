"""Which tasks a person means: by number, by words of the title, "it", "all overdue tasks"."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.assistant.dates import parse_day
from app.assistant.grammar import read
from app.assistant.text import Text

RANGE_MAX = 50
SEPARATORS = re.compile(r"\s*(?:,\s*and\s|,|&|\+|\band\b|\bplus\b|\bas well as\b)\s*", re.IGNORECASE)


class By(StrEnum):
    """How tasks are named."""

    NUMBERS = "numbers"
    WORDS = "words"
    LAST = "last"
    NEWEST = "newest"
    ALL = "all"
    ABOUT = "about"
    SEVERAL = "several"


@dataclass(frozen=True)
class Ref:
    """The tasks that are meant."""

    by: By
    numbers: tuple[int, ...] = ()
    words: str = ""
    many: bool = False
    """LAST: all that the last answer was about, and not the one task."""
    status: str = "all"
    due: str = ""
    """ALL: "overdue", a day as YYYY-MM-DD, or "until" such a day."""
    parts: tuple["Ref", ...] = ()
    """SEVERAL: each of them; `words` is the whole, since a title may have an "and", too."""


def due_filter(slots: dict, today: date) -> str | None:
    """The `due` of a sentence as text: "", "overdue", a day, or "until" a day; None when the day is none."""
    if slots.get("due") != "day":
        return slots.get("due", "")
    day = parse_day(str(slots["day"]), today)
    if day and str(slots["day"]).lower() == "this week":
        return f"until {day}"
    return day.isoformat() if day else None


def _single(text: str, written: Text, today: date) -> Ref | None:
    """One part: the reading with the fewest free characters."""
    for match in read("references", text.replace("#", " ")):
        slots = match.slots
        words = written.plain(str(slots.get("words", "")))
        match match.intent:
            case "number":
                return Ref(By.NUMBERS, (int(slots["n"]),))
            case "range" if 0 <= slots["m"] - slots["n"] < RANGE_MAX:
                return Ref(By.NUMBERS, tuple(range(int(slots["n"]), int(slots["m"]) + 1)))
            case "last":
                return Ref(By.LAST, many=bool(slots.get("many")))
            case "newest":
                return Ref(By.NEWEST)
            case "all":
                due = due_filter(slots, today)
                if due is not None:
                    return Ref(By.ALL, status=slots["status"], due=due)
            case "about" if words:
                return Ref(By.ABOUT, words=words)
            case "named" if words:
                return Ref(By.WORDS, words=words)
    return None


def parse_ref(text: str, written: Text, today: date) -> Ref | None:
    """Find out which tasks `text` names; None when it names none.

    Args:
        text: What stands for {task}.
        written: The message that it is a part of.
        today: The day where the person is.
    """
    whole = _single(text, written, today)
    quoted = text[:1] in ("'", '"') and text[-1:] == text[:1]
    pieces = [piece for piece in SEPARATORS.split(text) if piece.strip()]
    if len(pieces) < 2 or quoted or (whole and whole.by not in (By.WORDS, By.ABOUT)):
        return whole
    parts = [_single(piece, written, today) for piece in pieces]
    if not all(parts):
        return whole
    if all(part.by is By.NUMBERS for part in parts):
        numbers = tuple(dict.fromkeys(number for part in parts for number in part.numbers))
        return Ref(By.NUMBERS, numbers)
    if whole and whole.by is By.ABOUT:
        return whole
    return Ref(By.SEVERAL, words=whole.words if whole else "", parts=tuple(parts))
