"""One message in, one answer out."""

from functools import partial

from fastapi import APIRouter

from app.api.deps import CallerDep, ChatDep, RequestsDep, SettingsDep, StoreDep, TodayDep, TurnsDep
from app.api.documented import BODY, documented
from app.assistant import Turn
from app.idempotency import IdempotencyKeyHeader
from app.models import Message, new_id
from app.schemas import ChatIn, ChatOut, ToolCallOut
from app.store import in_thread, title_of

router = APIRouter(prefix="/api", tags=["chat"])


@router.post(
    "/chat",
    **documented(
        200,
        *BODY,
        "cross_site_request",
        "not_found",
        "conversation_busy",
        "request_in_progress",
        "interrupted",
        "idempotency_key_reused",
        "too_many_messages",
        signed_in=True,
    ),
)
async def chat(
    data: ChatIn,
    caller: CallerDep,
    store: StoreDep,
    service: ChatDep,
    settings: SettingsDep,
    turns: TurnsDep,
    requests: RequestsDep,
    today: TodayDep,
    idempotency_key: IdempotencyKeyHeader = None,
) -> ChatOut:
    """Answer a message. Messages of one conversation are answered one after the other."""
    user = caller.user_id
    request = await requests.admit(user, idempotency_key, f"chat {data.model_dump_json()}")
    if request.answer is not None:
        return ChatOut.model_validate_json(request.answer)
    renew = partial(requests.renew, request)
    finished = False
    try:
        async with turns.in_order(user, data.conversation_id, title_of(data.message), renew) as conversation_id:
            history = await in_thread(store.say, user, conversation_id, data.message, settings.chat_history_messages)
            before_change = partial(in_thread, requests.changing, request) if request.key else None
            turn = Turn(data.message, history, today)
            reply = await service.reply(turn, caller.token, before_change=before_change)
            calls = [call.as_dict() for call in reply.calls]
            message = Message(
                id=new_id("msg"),
                conversation_id=conversation_id,
                role="assistant",
                content=reply.text,
                tool_calls=calls,
                assistant=reply.assistant,
                question=reply.question,
            )
            answer = ChatOut(
                conversation_id=conversation_id,
                response=reply.text,
                tool_calls=[ToolCallOut(**call) for call in calls],
                assistant=reply.assistant,
            )
            await in_thread(store.add, user, message)
            await in_thread(requests.finish, request, answer.model_dump_json())
            finished = True
            return answer
    finally:
        if not finished:
            await requests.give_back_whatever_happens(request)
