"""Understands plain English about tasks: what is wanted, of which tasks. No state, no I/O."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.assistant.dates import parse_day, split_due
from app.assistant.grammar import Match, read
from app.assistant.references import By, Ref, due_filter, parse_ref
from app.assistant.text import Text

REQUEST_MAX = 600
"""Characters; what is longer is no request that this assistant knows, and would take long to match."""


class Kind(StrEnum):
    """What the person wants; the intents of language/requests.yaml."""

    GREETING = "greeting"
    THANKS = "thanks"
    HELP = "help"
    ADD = "add"
    LIST = "list"
    COMPLETE = "complete"
    REOPEN = "reopen"
    TOGGLE = "toggle"
    DELETE = "delete"
    RENAME = "rename"
    DESCRIBE = "describe"
    RESCHEDULE = "reschedule"
    UNKNOWN = "unknown"
    TOO_LONG = "too long"


@dataclass(frozen=True)
class Request:
    """One understood message."""

    kind: Kind
    ref: Ref | None = None
    title: str = ""
    description: str = ""
    due: date | None = None
    clear_due: bool = False
    status: str = "all"
    query: str = ""
    due_filter: str = ""
    """LIST: "", "overdue", a day as YYYY-MM-DD, or "until" such a day."""


def title_case(title: str) -> str:
    """A title begins with a capital letter, as people would write it into a list."""
    return title[:1].upper() + title[1:]


def _request(match: Match, text: Text, today: date) -> Request | None:
    """What a reading says; None where a part of it makes no sense."""
    slots, kind = match.slots, Kind(match.intent)
    day = None
    for name in ("day", "clear_day"):
        if name in slots and slots.get("due") != "day":
            day = parse_day(str(slots[name]), today)
            # "move it to 30 February" is understood, but for the day: that is asked for.
            if day is None and kind is not Kind.RESCHEDULE:
                return None
    ref = None
    if "task" in slots:
        ref = parse_ref(slots["task"], text, today)
        if ref is None or (match.metadata.get("numbers_only") and ref.by is not By.NUMBERS):
            return None
    title = slots.get("title", "")
    if kind is Kind.ADD and title:
        title, tail = split_due(title, today)
        day = day or tail
    title = text.plain(title)
    if "title" in slots and not title:
        return None
    if kind is Kind.LIST:
        due = due_filter(slots, today)
        query = text.plain(slots.get("words", ""))[:200]
        return None if due is None else Request(kind, status=slots["status"], query=query, due_filter=due)
    return Request(
        kind,
        ref,
        title=title_case(title) if kind is Kind.ADD else title,
        description=text.plain(slots.get("description", "")),
        due=day,
        clear_due=bool(slots.get("clear")),
    )


def understand(message: str, today: date) -> Request:
    """Work out what `message` asks for; Kind.UNKNOWN when no sentence fits."""
    text = Text(message)
    if len(text.folded) > REQUEST_MAX:
        return Request(Kind.TOO_LONG)
    if not text.folded.strip(" .!"):
        return Request(Kind.UNKNOWN)
    if not text.folded.strip(" ?!."):
        return Request(Kind.HELP)
    for match in read("requests", text.folded):
        if request := _request(match, text, today):
            return request
    return Request(Kind.UNKNOWN)


class Said(StrEnum):
    """Answers to a question."""

    YES = "yes"
    NO = "no"
    ALL = "all"
    PICK = "pick"
    NOTHING = "nothing"


def understand_answer(message: str, options: tuple[int, ...]) -> tuple[Said, tuple[int, ...]]:
    """Read `message` as an answer to a question about the tasks `options`: what was said, and which were picked.

    A number is the task's own if there is such a task among them, otherwise its place in the list.
    """
    text = Text(message).folded
    if len(text) > REQUEST_MAX:
        return Said.NOTHING, ()
    for match in read("answers", text):
        match match.intent:
            case "yes":
                return Said.YES, ()
            case "no":
                return Said.NO, ()
            case "all":
                return Said.ALL, options
    picked: list[int] = []
    for piece in text.replace("#", " ").replace(",", " and ").replace("&", " and ").split(" and "):
        if not piece.strip():
            continue
        place = None
        for match in read("answers", piece):
            if match.intent == "number" and match.slots["n"] in options:
                place = options.index(match.slots["n"]) + 1
            elif match.intent in ("number", "ordinal"):
                place = int(match.slots["n" if match.intent == "number" else "ordinal"])
            if place:
                break
        if place is None or not -1 <= place <= len(options) or not options:
            return Said.NOTHING, ()
        picked.append(options[place - 1] if place > 0 else options[-1])
    return (Said.PICK, tuple(dict.fromkeys(picked))) if picked else (Said.NOTHING, ())
