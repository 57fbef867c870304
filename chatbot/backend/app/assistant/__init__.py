"""Assistants: something that answers a message with the help of tools."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from app.models import Message
from app.toolbox import ToolBox

OnText = Callable[[str], Awaitable[None]]


class AssistantUnavailable(Exception):
    """The assistant can't answer at all; the text is a reason for the person, without secrets."""


@dataclass(frozen=True)
class Turn:
    """What there is to answer: the message, and what was said before, the newest last."""

    message: str
    history: list[Message]


class Assistant(Protocol):
    """One of the ways to answer."""

    name: str
    """Shown with each answer: "built-in", or "openai:" and the model."""

    async def answer(self, turn: Turn, tools: ToolBox, on_text: OnText) -> str:
        """Answer, handing text to `on_text` as it comes, and return the whole of it.

        Raises:
            AssistantUnavailable: when no answer can be had.
        """
        ...
