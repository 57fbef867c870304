"""Assistants: something that answers a message with the help of tools."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from app.models import Message
from app.toolbox import ToolBox

OnText = Callable[[str], Awaitable[None]]


class AssistantUnavailable(Exception):
    """The assistant can't answer; the text is a reason for the person, without secrets.

    Attributes:
        said: What it had said until then.
    """

    def __init__(self, reason: str, said: str = ""):
        super().__init__(reason)
        self.said = said


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Turn:
    """What there is to answer: the message, and what was said before, the newest last."""

    message: str
    history: list[Message]
    today: date = field(default_factory=_today)
    """The day where the person is."""

    @property
    def question(self) -> dict[str, Any] | None:
        """What the last answer asked, if it asked something."""
        last = self.history[-1] if self.history else None
        return last.question if last is not None and last.role == "assistant" else None


@dataclass(frozen=True)
class Answer:
    """What the assistant says, and what it asks, for the next turn to know (plain JSON)."""

    text: str
    question: dict[str, Any] | None = None


class Assistant(Protocol):
    """One of the ways to answer."""

    name: str
    """Shown with each answer: "built-in", or "openai:" and the model."""

    async def answer(self, turn: Turn, tools: ToolBox, on_text: OnText) -> Answer:
        """Answer, handing text to `on_text` as it comes, and return the whole of it.

        Raises:
            AssistantUnavailable: when no answer can be had.
        """
        ...
