"""One turn of a conversation: the assistant, its tools, and what happens when the model can't answer."""

from dataclasses import dataclass, field
from typing import Any

from mcp.server import MCPServer

from app.assistant import Assistant, AssistantUnavailable, OnText, Turn
from app.assistant.builtin import BuiltInAssistant
from app.settings import Settings
from app.toolbox import BeforeChange, OnCall, ToolCall, open_toolbox
from backend_common.logs import get_logger

log = get_logger("chat")

DONE = {"created": "added", "completed": "completed", "reopened": "opened again", "updated": "changed"}


@dataclass(frozen=True)
class Reply:
    """An answer, who gave it, what was done for it, and what it asks."""

    text: str
    assistant: str
    calls: list[ToolCall] = field(default_factory=list)
    question: dict[str, Any] | None = None


def account_of(calls: list[ToolCall]) -> str:
    """What was done to tasks, in words; an empty string for nothing."""
    done = [call.result for call in calls if isinstance(call.result, dict) and "task_id" in call.result]
    return ", ".join(
        f"{DONE.get(result['status'], result['status'])} task {result['task_id']} “{result['title']}”"
        for result in done
    )


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

    def warm_up(self) -> None:
        """Load what the first message needs; takes a second or two on half a core."""
        self._built_in.warm_up()
        if self._assistant is not self._built_in:
            self._assistant.warm_up()

    async def close(self) -> None:
        """Close the connections to the model, if any."""
        if self._assistant is not self._built_in:
            await self._assistant.close()

    async def reply(
        self,
        turn: Turn,
        token: str,
        on_text: OnText = _ignore,
        on_call: OnCall = _ignore,
        before_change: BeforeChange | None = None,
    ) -> Reply:
        """Answer for the person whom `token` names; the other arguments as in open_toolbox."""
        spoken = False

        async def text_out(delta: str) -> None:
            nonlocal spoken
            spoken = True
            await on_text(delta)

        async with open_toolbox(self._server, token, on_call, before_change) as tools:
            try:
                answer = await self._assistant.answer(turn, tools, text_out)
                return Reply(answer.text, self._assistant.name, tools.calls, answer.question)
            except AssistantUnavailable as error:
                log.warning("assistant can't answer", assistant=self._assistant.name, reason=str(error))
                note = f"(The language model can't answer: {error}."
                if tools.calls or spoken:
                    # Starting over could do a second time what has been done already.
                    done = account_of(tools.calls)
                    note += f" Before that it {done}.)" if done else " Nothing was changed.)"
                    note = f"\n\n{note}" if error.said else note
                    await on_text(note)
                    return Reply(error.said + note, self._assistant.name, tools.calls)
                note += " The built-in assistant answers instead.)\n\n"
                await on_text(note)
                answer = await self._built_in.answer(turn, tools, on_text)
                return Reply(note + answer.text, self._built_in.name, tools.calls, answer.question)
