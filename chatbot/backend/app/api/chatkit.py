"""POST /chatkit: the one endpoint of the ChatKit server protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.deps import CallerDep
from app.models import MESSAGE_MAX, TITLE_MAX
from app.store import in_thread
from backend_common.errors import ApiError

if TYPE_CHECKING:
    from app.chatkit_server import TodoChatKitServer

router = APIRouter(tags=["chatkit"])

UNSUPPORTED = (
    "attachments.create",
    "attachments.delete",
    "input.transcribe",
    "threads.custom_action",
    "threads.sync_custom_action",
    "threads.add_client_tool_output",
    "threads.add_structured_input",
)
STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def get_server(request: Request) -> TodoChatKitServer:
    """The ChatKit server, made on first use: importing its SDK takes seconds on half a core (see app.main.warm_up)."""
    from app.chatkit_server import TodoChatKitServer

    state = request.app.state
    if getattr(state, "chatkit", None) is None:
        state.chatkit = TodoChatKitServer(state.store, state.chat, state.settings.chat_history_messages)
    return state.chatkit


def _invalid(message: str) -> ApiError:
    return ApiError(422, "invalid_input", message)


def _check_input(params: object) -> None:
    """Hold a message to the limits that /api/chat has."""
    given = getattr(params, "input", None)
    if given is not None:
        text = "".join(part.text for part in given.content)
        if not text.replace("\x00", "").strip() or len(text) > MESSAGE_MAX:
            raise _invalid(f"A message has 1 to {MESSAGE_MAX} characters.")
        if given.attachments:
            raise _invalid("Attachments are not supported.")
    if len(getattr(params, "title", None) or "") > TITLE_MAX:
        raise _invalid(f"A title has at most {TITLE_MAX} characters.")


@router.post("/chatkit")
async def chatkit(request: Request, caller: CallerDep) -> Response:
    """Answer a protocol request: JSON, or an event stream. Whose thread it is is checked before a stream begins."""
    server = await run_in_threadpool(get_server, request)
    from chatkit.server import StreamingResult
    from chatkit.types import ChatKitReq
    from pydantic import TypeAdapter

    from app.chatkit_server import ChatContext

    body = await request.body()
    try:
        parsed = TypeAdapter(ChatKitReq).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _invalid(f"Not a ChatKit request: {where}: {first['msg']}".replace(" : ", " ")) from None
    if parsed.type in UNSUPPORTED:
        raise _invalid(f"{parsed.type} is not supported by this server.")
    _check_input(parsed.params)
    if thread_id := getattr(parsed.params, "thread_id", None):
        await in_thread(request.app.state.store.get, caller.user_id, thread_id)
        if item_id := getattr(parsed.params, "item_id", None):
            await in_thread(request.app.state.store.message, caller.user_id, thread_id, item_id)
    result = await server.process(body, ChatContext(caller))
    if isinstance(result, StreamingResult):
        return StreamingResponse(result, media_type="text/event-stream", headers=STREAM_HEADERS)
    return Response(result.json, media_type="application/json")
