"""One turn of a conversation: the assistant, its tools, and what happens when the model can't answer."""

from dataclasses import dataclass

from mcp.server import MCPServer

from app.assistant import Assistant, AssistantUnavailable, OnText, Turn
from app.assistant.builtin import BuiltInAssistant
from app.settings import Settings
from app.toolbox import OnCall, ToolCall, open_toolbox
from backend_common.logs import get_logger

log = get_logger("chat")


@dataclass(frozen=True)
class Reply:
    """An answer, who gave it, and what was done for it."""

    text: str
    assistant: str
    calls: list[ToolCall]


async def _ignore(_: object) -> None:
    return None


class ChatService:
    """Answers messages; one for the process."""

    def __init__(self, settings: Settings, server: MCPServer):
        self._server = server
        self._built_in = BuiltInAssistant()
        self._assistant: Assistant = self._built_in
        if settings.openai_api_key.get_secret_value():
            from app.assistant.openai_model import OpenAIAssistant

            self._assistant = OpenAIAssistant(settings)

    @property
    def assistant(self) -> str:
        """The name of the assistant that is asked first."""
        return self._assistant.name

    async def close(self) -> None:
        """Close the connections to the model, if any."""
        if self._assistant is not self._built_in:
            await self._assistant.close()

    async def reply(self, turn: Turn, token: str, on_text: OnText = _ignore, on_call: OnCall = _ignore) -> Reply:
        """Answer for the person whom `token` names."""
        spoken = False

        async def text_out(delta: str) -> None:
            nonlocal spoken
            spoken = True
            await on_text(delta)

        async with open_toolbox(self._server, token, on_call) as tools:
            try:
                text = await self._assistant.answer(turn, tools, text_out)
                return Reply(text, self._assistant.name, tools.calls)
            except AssistantUnavailable as error:
                log.warning("assistant can't answer", assistant=self._assistant.name, reason=str(error))
                note = f"(The language model can't answer: {error}."
                if tools.calls or spoken:
                    # Starting over could do a second time what has been done already.
                    note += " What was done until then is listed with this message.)"
                    await on_text(note)
                    return Reply(note, self._assistant.name, tools.calls)
                note += " The built-in assistant answers instead.)\n\n"
                await on_text(note)
                text = await self._built_in.answer(turn, tools, on_text)
                return Reply(note + text, self._built_in.name, tools.calls)
