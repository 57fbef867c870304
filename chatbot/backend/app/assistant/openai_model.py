"""Any endpoint that speaks OpenAI's chat completions, with tools, streamed: by the Agents SDK, on our MCP tools."""

import asyncio
import logging
import os
from typing import TYPE_CHECKING

from app.assistant import Answer, AssistantUnavailable, OnText, Turn
from app.settings import Settings
from app.toolbox import ToolBox
from backend_common.logs import get_logger

if TYPE_CHECKING:
    from app.assistant.agent import TodoAgent

log = get_logger("openai-assistant")

# Traces would be sent to OpenAI, with what people wrote.
os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"
# At debug level these write whole requests.
for name in ("openai", "openai.agents", "httpx2", "httpcore2"):
    logging.getLogger(name).setLevel(logging.WARNING)


class OpenAIAssistant:
    """See app.assistant.Assistant. The SDK is imported when it is needed, or by warm_up: that takes a second."""

    def __init__(self, settings: Settings):
        self.name = f"openai:{settings.openai_model}"
        self._settings = settings
        self._agent: TodoAgent | None = None

    def warm_up(self) -> None:
        """Load the SDK."""
        from app.assistant.agent import TodoAgent

        self._agent = self._agent or TodoAgent(self._settings)

    async def close(self) -> None:
        """Close the connections."""
        if self._agent is not None:
            await self._agent.close()

    async def answer(self, turn: Turn, tools: ToolBox, on_text: OnText) -> Answer:
        """See Assistant.answer."""
        if self._agent is None:
            await asyncio.to_thread(self.warm_up)
        said: list[str] = []

        async def note(text: str) -> None:
            said.append(text)
            await on_text(text)

        reason = ""
        try:
            async with asyncio.timeout(self._settings.chat_turn_seconds):
                reason = await self._agent.run(turn, tools, note)
        except TimeoutError:
            reason = f"it took longer than {self._settings.chat_turn_seconds:g} s"
        text = "\n".join(line.rstrip() for line in "".join(said).strip().split("\n"))
        if reason:
            raise AssistantUnavailable(reason, text)
        if not text:
            text = "Done." if tools.calls else "I have no answer to that."
            await on_text(text)
        return Answer(text)
