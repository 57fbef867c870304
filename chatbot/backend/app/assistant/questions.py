"""What the built-in assistant asks back. A question is kept with the message that asked it, so that any replica can
take the answer."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Self

from app.assistant.understand import Kind, Request


class Ask(StrEnum):
    """What an answer would be."""

    CONFIRM = "confirm"
    CHOOSE = "choose"
    TITLE = "title"
    NEW_TITLE = "new_title"
    DAY = "day"


@dataclass(frozen=True)
class Question:
    """A question, what is to be done when it is answered, and the tasks that it is about."""

    ask: Ask
    text: str
    request: Request
    options: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        request = self.request
        what = {
            "kind": request.kind.value,
            "title": request.title,
            "description": request.description,
            "due": request.due and request.due.isoformat(),
            "clear_due": request.clear_due,
        }
        return {"ask": self.ask.value, "text": self.text, "request": what, "options": list(self.options)}

    @classmethod
    def from_dict(cls, kept: dict[str, Any] | None) -> Self | None:
        """The question that as_dict kept; None for none, and for what another version has written."""
        try:
            what = dict(kept["request"])
            due = what.pop("due")
            request = Request(**what | {"kind": Kind(what["kind"]), "due": date.fromisoformat(due) if due else None})
            return cls(Ask(kept["ask"]), str(kept["text"]), request, tuple(map(int, kept["options"])))
        except (TypeError, KeyError, ValueError):
            return None


class NeedMore(Exception):
    """What is missing or unclear, as an answer to the person; with a question if the next message can settle it."""

    def __init__(self, text: str, question: Question | None = None):
        super().__init__(text)
        self.question = question


def ask(what: Ask, text: str, request: Request, options: tuple[int, ...] = ()) -> NeedMore:
    """The exception that asks a question."""
    return NeedMore(text, Question(what, text, replace(request, ref=None), options))
