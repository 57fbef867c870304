"""POST /chatkit: the one endpoint of the ChatKit server protocol."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import anyio
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.deps import CallerDep, RequestsDep, TodayDep, TurnsDep
from app.api.documented import BODY, documented
from app.idempotency import Admitted, IdempotencyKeyHeader, Requests
from app.models import MESSAGE_MAX, TITLE_MAX
from app.store import ConversationStore, in_thread
from app.turns import Turns
from backend_common.errors import ApiError
from backend_common.tokens import Caller

if TYPE_CHECKING:
    from app.chatkit_server import ChatContext, TodoChatKitServer

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


def get_server(request: Request) -> "TodoChatKitServer":
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


@router.post(
    "/chatkit",
    **documented(
        200,
        *BODY,
        "cross_site_request",
        "not_found",
        "conversation_busy",
        "request_in_progress",
        "interrupted",
        "already_done",
        "idempotency_key_reused",
        "too_many_messages",
        signed_in=True,
    ),
)
async def chatkit(
    request: Request,
    caller: CallerDep,
    turns: TurnsDep,
    requests: RequestsDep,
    today: TodayDep,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Answer a request of the ChatKit protocol: JSON, or an event stream. Whose thread it is is checked before a stream
    begins."""
    server = await run_in_threadpool(get_server, request)
    from chatkit.types import ChatKitReq, is_streaming_req
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
    store: ConversationStore = request.app.state.store
    thread_id = getattr(parsed.params, "thread_id", None)
    item_id = getattr(parsed.params, "item_id", None)
    if thread_id and item_id:
        await in_thread(store.message, caller.user_id, thread_id, item_id)
    elif thread_id and not is_streaming_req(parsed):
        # Otherwise the turn is refused.
        await in_thread(store.get, caller.user_id, thread_id)
    if not is_streaming_req(parsed):
        result = await server.process(body, ChatContext(caller, today))
        return Response(result.json, media_type="application/json")
    admitted = await requests.admit(caller.user_id, idempotency_key, f"chatkit {parsed.model_dump_json()}")
    if admitted.answer is not None:
        return StreamingResponse(
            iter(json.loads(admitted.answer)), media_type="text/event-stream", headers=STREAM_HEADERS
        )
    before_change = partial(in_thread, requests.changing, admitted) if admitted.key else None
    context = ChatContext(caller, today, before_change)
    check = None
    if parsed.type == "threads.retry_after_item":
        check = partial(_refuse_to_repeat, store, caller, thread_id, item_id)
    stream = _stream(server, body, context, thread_id, check, turns, requests, admitted)
    # With its first event the turn has begun: what is refused is refused with a status.
    first = await anext(stream)
    return StreamingResponse(_with_first(first, stream), media_type="text/event-stream", headers=STREAM_HEADERS)


async def _refuse_to_repeat(store: ConversationStore, caller: Caller, thread_id: str, item_id: str) -> None:
    """A message whose answer has changed tasks isn't answered anew: it would change them twice."""
    if await in_thread(store.changed_since, caller.user_id, thread_id, item_id):
        message = "Tasks were changed for this message already. Please say in a new message what is still to be done."
        raise ApiError(409, "already_done", message)


async def _with_first(first: bytes, stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for event in stream:
            yield event
    finally:
        await stream.aclose()


async def _stream(
    server: "TodoChatKitServer",
    body: bytes,
    context: "ChatContext",
    thread_id: str | None,
    check: Callable[[], Awaitable[None]] | None,
    turns: Turns,
    requests: Requests,
    admitted: Admitted,
) -> AsyncGenerator[bytes, None]:
    """The events of one turn, in its order; kept for a repeat, without the pieces that the whole message repeats."""
    kept: list[str] = []
    complete = failed = False
    renew = partial(requests.renew, admitted)
    # A thread that is yet to be made takes its turn as soon as it is there (TodoChatKitServer.respond).
    if thread_id is None:
        context.begins = True
        context.in_order = partial(turns.in_order, context.caller.user_id, renew=renew)
    order = turns.in_order(context.caller.user_id, thread_id, renew=renew) if thread_id else nullcontext()
    try:
        async with order:
            if check is not None:
                # Now: the message's first answer may have been under way until this moment.
                await check()
            events = aiter(await server.process(body, context))
            async with aclosing(events):
                async for event in events:
                    failed = failed or event.startswith(b'data: {"type":"error"')
                    if not event.startswith(b'data: {"type":"thread.item.updated"'):
                        kept.append(event.decode())
                    yield event
            complete = not failed
    finally:
        with anyio.CancelScope(shield=True):
            if context.stopped is not None:
                kept.append(f"data: {server.done(context.stopped)}\n\n")
            if complete or context.stopped is not None:
                await requests.finish_whatever_happens(admitted, json.dumps(kept))
            else:
                await requests.give_back_whatever_happens(admitted)
