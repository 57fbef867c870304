"""Understands plain English about tasks by rules: what is wanted, of which task. No state, no I/O."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.assistant.dates import DAY, parse_day, split_due


class Kind(StrEnum):
    """What the person wants."""

    GREETING = "greeting"
    THANKS = "thanks"
    HELP = "help"
    ADD = "add"
    LIST = "list"
    COMPLETE = "complete"
    REOPEN = "reopen"
    TOGGLE = "toggle"
    DELETE = "delete"
    UPDATE = "update"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ref:
    """The task that is meant: by number, by words, the one spoken of last, or (refused) all of them."""

    ids: tuple[int, ...] = ()
    text: str = ""
    last: bool = False
    newest: bool = False
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids or self.text or self.last or self.newest or self.everything)


@dataclass(frozen=True)
class Intent:
    """One understood message."""

    kind: Kind
    ref: Ref = Ref()
    title: str = ""
    description: str = ""
    due: date | None = None
    clear_due: bool = False
    status: str = "all"
    query: str = ""
    due_only: str = ""


_F = re.IGNORECASE
TASK = r"(?:tasks?|to-?\s?dos?|items?|reminders?|things?|entry|entries)"
LIST_WORDS = r"(?:to-?\s?do )?list"

POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|ok(?:ay)?|so|well|now|then|also|and|please|pls|kindly|just|bot|assistant)\b[\s,!.]+"
    r"|(?:can|could|would|will) you\s+(?:please\s+)?(?:help me (?:to )?)?"
    r"|i(?:'d| would) like (?:you )?to\s+|i want (?:you )?to\s+(?=(?:add|create|see|list|show|view|mark|delete|remove|"
    r"rename|update|complete|change)\b)|help me (?:to )?|let'?s\s+|go ahead and\s+)",
    _F,
)
TRAILING = re.compile(r"(?:[\s,]+(?:please|pls|thanks|thank you|for me|now|right now))+$", _F)

IDS = re.compile(
    rf"(?:(?:the|my)\s+)?(?:{TASK}\s*)?(?:numbers?|nos?\.?|id)?\s*#?\s*(\d{{1,10}}"
    rf"(?:\s*(?:,\s*and|,|and|&|\+)\s*(?:{TASK}\s*)?#?\d{{1,10}})*)(?:st|nd|rd|th)?(?:\s+{TASK})?",
    _F,
)
LAST = re.compile(rf"(?:it|that|this|them|the same)(?:\s+(?:one|{TASK}))?|the {TASK}|that one", _F)
NEWEST = re.compile(rf"(?:the |my )?(?:last|latest|newest|most recent)\s+(?:one|{TASK})", _F)
EVERYTHING = re.compile(
    rf"(?:all|every|everything|all of)\b(?:\s+(?:of\s+)?(?:it|them|(?:my |the )?\w*\s*{TASK}))?", _F
)


def parse_ref(text: str) -> Ref:
    """Find out which task `text` names."""
    text = text.strip().strip(".!?,;: ")
    if match := IDS.fullmatch(text):
        return Ref(ids=tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", match[1]))))
    if LAST.fullmatch(text):
        return Ref(last=True)
    if NEWEST.fullmatch(text):
        return Ref(newest=True)
    if EVERYTHING.fullmatch(text):
        return Ref(everything=True)
    text = re.sub(rf"^(?:the |my |a )?{TASK}\s+(?:called|named|titled|about|for|to|:)?\s*", "", text, flags=_F)
    text = re.sub(rf"^(?:the|my)\s+|\s+{TASK}$|\s+(?:from|off|on|in)\s+(?:my|the)\s+{LIST_WORDS}$", "", text, flags=_F)
    return Ref(text=unquote(text))


def unquote(text: str) -> str:
    """Take off surrounding quotes and stray punctuation."""
    text = text.strip()
    if len(text) > 1 and text[0] in "\"'`" and text[-1] == text[0]:
        return text[1:-1].strip()
    return text.strip(" ,;:").rstrip("!.") if not text.endswith("...") else text


def clean(message: str) -> str:
    """Bring a message to a plain form: one line, straight quotes, no polite words around it."""
    text = message.translate(str.maketrans("“”„‘’´`", "\"\"\"''''"))
    text = " ".join(text.replace("\x00", "").split()).strip()
    while text != (shorter := TRAILING.sub("", text.rstrip(" .!?,;") if len(text) > 1 else text)):
        text = shorter
    while text != (shorter := POLITE.sub("", text, count=1)) and shorter:
        text = shorter
    return text.strip()


GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day))(?:[\s,]+(?:there|bot|assistant|"
    r"everyone|again))*",
    _F,
)
THANKS = re.compile(
    r"(?:(?:many )?thanks|thank you|thx|ty|cheers|great|cool|nice|perfect|awesome|bye|goodbye)\b.{0,40}", _F
)
HELP = re.compile(
    r"(?:help|commands?|\?+|what (?:can|do) you do|what can i (?:do|say|ask)|how (?:does|do) (?:this|it|you|i).{0,40}"
    r"|who are you|what are you)(?: me)?",
    _F,
)

FINISH = "complete|finish|check off|tick off|check|tick|close|resolve|cross off|cross out|mark off|mark"
DONE = r"(?:done|complete[d]?|finished|ticked off|checked off)"
OPEN = (
    r"(?:not (?:yet )?(?:done|complete[d]?|finished)|undone|un(?:done|finished)|incomplete|uncompleted?"
    r"|pending|open|todo)"
)


def _list(text: str) -> Intent | None:
    """Recognise a wish to see tasks."""
    looks = re.match(
        r"(?:list|show|display|view|see|read|print|tell me|give me|get(?! rid)|fetch|which|"
        r"what(?:'s| is| are| do| have| did|)|"
        r"how many|how much|do i have|have i|is there|are there|any(?:thing)?|look at|check)\b",
        text,
        _F,
    )
    bare = re.fullmatch(rf"(?:all |my |the |all my )*(?:\w+ )?(?:{TASK}|{LIST_WORDS})", text, _F)
    if re.match(r"(?:find|search)\b", text, _F):
        words = re.sub(rf"^(?:find|search)(?:\s+for)?\s+|^(?:me\s+)|\b(?:the |my |all )*{TASK}\s*(?:with|about|called|"
                       rf"named|containing|for)?\s*", "", text, flags=_F)  # fmt: skip
        return Intent(Kind.LIST, query=unquote(words)[:200])
    about = re.search(
        rf"\b(?:{TASK}|{LIST_WORDS}|pending|overdue|due|left|to do|remaining|outstanding|on my plate|agenda|completed"
        r"|finished|done|open|unfinished|today|tomorrow)\b",
        text,
        _F,
    )
    everything = re.fullmatch(r"(?:list|show|display|show me|list me|view)(?: all| everything| it all)?", text, _F)
    if not (bare or everything or (looks and about)):
        return None
    if re.match(r"check\s+off\b", text, _F):
        return None
    status = "all"
    if re.search(
        rf"\b{OPEN}\b|\bleft\b|\bremaining\b|\boutstanding\b|\bon my plate\b|\bhave to do\b|\bneed to do\b", text, _F
    ):
        status = "pending"
    elif re.search(rf"\b{DONE}\b", text, _F):
        status = "completed"
    due_only = next((word for word in ("overdue", "today", "tomorrow") if re.search(rf"\b{word}\b", text, _F)), "")
    if due_only and status == "all":
        status = "pending"
    query = ""
    if match := re.search(rf"\b(?:{TASK})\s+(?:about|with|containing|called|named|mentioning)\s+(.+)$", text, _F):
        query = unquote(match[1])[:200]
    return Intent(Kind.LIST, status=status, due_only=due_only, query=query)


def _update(text: str, today: date) -> Intent | None:
    """Recognise a change of title, day or details."""
    change = r"(?:rename|retitle|change|update|edit|modify|set|reword)"
    when = r"(?:due date|due day|deadline)"
    to = r"\s+(?:to|as)\s+"
    fields: list[tuple[str, str]] = [
        (rf"{change}\s+(?:the\s+)?(?:title|name|text)\s+(?:of|for)\s+(?P<ref>.+?){to}(?P<title>.+)", "title"),
        (rf"{change}\s+(?P<ref>.+?)(?:'s)\s+(?:title|name)\s+(?:to|as)\s+(?P<title>.+)", "title"),
        (rf"(?:{change}|add|write|put)\s+(?:the\s+|a\s+)?(?:description|details?|notes?)\s+(?:of|for|to|on)\s+(?P<ref>.+?)"
         r"(?:\s+to\s+|\s*:\s*|\s+saying\s+|\s+as\s+)(?P<text>.+)", "description"),
        (rf"{change}\s+(?P<ref>.+?)(?:'s)\s+(?:description|details?|notes?)\s+(?:to|as)\s+(?P<text>.+)", "description"),
        (rf"(?:remove|clear|delete|drop|unset)\s+(?:the\s+)?{when}\s+(?:of|from|for|on)\s+(?P<ref>.+)",
         "clear"),
        (rf"(?:{change}|move|put)\s+(?:the\s+|a\s+)?{when}\s+(?:of|for|on)\s+(?P<ref>.+?)\s+"
         r"(?:to|as|on)\s+(?P<day>.+)", "due"),
        (rf"{change}\s+(?P<ref>.+?)(?:'s)\s+{when}\s+(?:to|as)\s+(?P<day>.+)", "due"),
        (r"(?:reschedule|move|postpone|delay|push|shift)\s+(?P<ref>.+?)\s+(?:to|until|till|for|by)\s+(?P<day>.+)",
         "due"),
        (rf"(?:{change}\s+)?(?P<ref>.+?)\s+(?:is\s+|to be\s+)?due\s+(?:on |by |to )?(?P<day>.+)", "due"),
        (rf"{change}\s+(?P<ref>.+?)\s+(?:title\s+)?(?:to|into|as|with)\s*:?\s+(?P<title>.+)", "title"),
        (r"(?:rename|retitle|change|update|edit|modify)\s+(?P<ref>.+?)\s*:\s*(?P<title>.+)", "title"),
        (r"(?:rename|retitle|change|update|edit|modify)\s+(?P<ref>.+)", "ask"),
    ]  # fmt: skip
    for pattern, what in fields:
        match = re.fullmatch(pattern, text, _F)
        if not match:
            continue
        ref = parse_ref(match["ref"])
        if what == "due":
            words = match["day"].strip(" .!")
            day = parse_day(words, today) if DAY.fullmatch(words) else None
            if day is None:
                continue
            return Intent(Kind.UPDATE, ref, due=day)
        if what == "clear":
            return Intent(Kind.UPDATE, ref, clear_due=True)
        if what == "description":
            return Intent(Kind.UPDATE, ref, description=unquote(match["text"]))
        if what == "title":
            return Intent(Kind.UPDATE, ref, title=unquote(match["title"]))
        return Intent(Kind.UPDATE, ref)
    return None


def _mark(text: str, _: date) -> Intent | None:
    """Recognise completing, opening again and toggling."""
    patterns: list[tuple[str, Kind]] = [
        (rf"(?:mark|set|flag)\s+(?P<ref>.+?)\s+(?:as\s+|to\s+|to be\s+)?{OPEN}", Kind.REOPEN),
        (rf"(?P<ref>.+?)\s+(?:is|are|was|were)\s+{OPEN}", Kind.REOPEN),
        (r"(?:re-?open|uncomplete|undo|uncheck|untick|unmark|restore|reactivate)\s+(?P<ref>.+)", Kind.REOPEN),
        (r"toggle\s+(?P<ref>.+)", Kind.TOGGLE),
        (rf"(?:mark|set|flag)\s+(?P<ref>.+?)\s+(?:as\s+|to\s+|to be\s+)?{DONE}", Kind.COMPLETE),
        (rf"(?:mark|set|flag)\s+(?:as\s+)?{DONE}\s*:?\s+(?P<ref>.+)", Kind.COMPLETE),
        (r"(?:complete|finish|check|tick|cross|mark)\s+(?P<ref>.+?)\s+off(?:\s+(?:my|the)\s+(?:to-?\s?do )?list)?",
         Kind.COMPLETE),
        (rf"(?:{FINISH})\s+(?P<ref>.+)",
         Kind.COMPLETE),
        (rf"(?:i(?:'m| am|'ve| have)?\s+)(?:just\s+|already\s+|now\s+)?(?:{DONE}|did)(?:\s+with)?\s+(?P<ref>.+)",
         Kind.COMPLETE),
        (rf"(?:{DONE})(?:\s+with)?\s*[:,]?\s+(?P<ref>.+)", Kind.COMPLETE),
        (rf"(?P<ref>.+?)\s+(?:is|are|was|were|has been)\s+(?:now\s+|all\s+)?{DONE}(?:\s+now)?", Kind.COMPLETE),
        (rf"(?P<ref>(?:{TASK}\s*)?#?\d+)\s+{DONE}", Kind.COMPLETE),
    ]  # fmt: skip
    if re.match(r"(?:what|which|who|when|why|how|is|are|have|has|do|did)\b", text, _F):
        return None
    for pattern, kind in patterns:
        if (match := re.fullmatch(pattern, text, _F)) and (ref := parse_ref(match["ref"])):
            return Intent(kind, ref)
    return None


REMOVE = "delete|remove|erase|drop|cancel|discard|get rid of|throw away|forget about|forget|clear|scrap|trash"


def _delete(text: str, _: date) -> Intent | None:
    """Recognise deleting."""
    if (match := re.fullmatch(rf"(?:{REMOVE})\s+(.+)", text, _F)) and (ref := parse_ref(match[1])):
        return Intent(Kind.DELETE, ref)
    return None


ADD = [
    rf"(?:add|create|make|insert|put|new|set up|schedule|save|write down|note(?: down)?|jot down|record)\s+"
    rf"(?:(?:me\s+)?(?:a|an|another|one more|the)\s+)?(?:new\s+)?{TASK}\s*(?:called|named|titled|saying|that says|"
    r"to|for|about|of|:|-)?\s*:?\s+(?P<title>.+)",
    r"(?:add|create|make|insert|put|new|save|write down|note(?: down)?|jot down|record|schedule)\s*:?\s+(?P<title>.+)",
    rf"new\s+{TASK}\s*[:\-]\s*(?P<title>.+)",
    r"remind me\s+(?P<day>.+?)\s+(?:to|that i (?:need|have) to|about)\s+(?P<title>.+)",
    r"remind me\s+(?:to|that i (?:need|have) to|that i must|about|of)\s+(?P<title>.+)",
    r"(?:i|we)(?:'ve| have)?\s*(?:really |also |still )?(?:need to|have to|has to|had to|must|should|ought to|"
    r"got to|gotta|want to|need)\s+(?P<title>.+)",
    r"(?:don'?t|do not|never)(?: let me)? forget\s+(?:to\s+|about\s+)?(?P<title>.+)",
    r"remember\s+(?:to\s+)?(?P<title>.+)",
    rf"(?:{TASK})\s*[:\-]\s*(?P<title>.+)",
]


ADDING = re.compile(
    r"(?!(?:add|write|put)\s+(?:the\s+|a\s+)?(?:description|details?|notes?)\s+(?:of|for|to|on)\b)"
    r"(?:add|create|insert|new|remind|remember|don'?t|do not|note|jot|write|record|"
    r"(?:i|we)\b.{0,12}\b(?:need|must|have to"
    rf"|has to|had to|should|ought|gotta|got to)|{TASK}\s*[:\-])",
    _F,
)


def _add(text: str, today: date) -> Intent | None:
    """Recognise a new task, with the day it is due."""
    if re.fullmatch(rf"(?:add|create|make|new|remind me)(?:\s+(?:a|an|another))?(?:\s+new)?(?:\s+{TASK})?", text, _F):
        return Intent(Kind.ADD)
    for pattern in ADD:
        match = re.fullmatch(pattern, text, _F)
        if not match:
            continue
        day = None
        if "day" in match.groupdict() and match["day"]:
            words = re.sub(r"^(?:on|by)\s+", "", match["day"], flags=_F)
            if (day := parse_day(words, today)) is None:
                continue
        title = re.sub(
            rf"\s+(?:to|on|in|onto)\s+(?:my|the)\s+(?:{TASK}|{LIST_WORDS})(?:\s+list)?$", "", match["title"], flags=_F
        )
        title, tail = split_due(title, today)
        title = unquote(title)
        return Intent(Kind.ADD, title=title[:1].upper() + title[1:], due=day or tail)
    return None


def understand(message: str, today: date) -> Intent:
    """Work out what `message` asks for; Kind.UNKNOWN when no rule fits."""
    text = clean(message)
    if not text:
        return Intent(Kind.HELP if "?" in message else Kind.UNKNOWN)
    if GREETING.fullmatch(text) or GREETING.fullmatch(message.strip(" .!?,")):
        return Intent(Kind.GREETING)
    if HELP.fullmatch(text) or re.fullmatch(r"help\W*", message.strip(), _F):
        return Intent(Kind.HELP)
    # "I need to see my tasks" is a wish to see them; "I need to finish the report" is a new task.
    if (wish := re.fullmatch(r"i (?:need|have|want) to\s+(.+)", text, _F)) and (
        _list(wish[1]) or re.search(rf"\b{TASK}\s*#?\d|#\d", wish[1], _F)
    ):
        text = wish[1]
    found = _list(text)
    if not found and ADDING.match(text):
        # "add check that the rent is due tomorrow" adds, whatever else the rest may look like.
        found = _add(text, today)
    for rule in (_update, _mark, _delete, _add):
        found = found or rule(text, today)
    if found:
        return found
    if THANKS.fullmatch(text) or THANKS.fullmatch(message.strip()):
        return Intent(Kind.THANKS)
    return Intent(Kind.UNKNOWN)
