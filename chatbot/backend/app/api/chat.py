"""One message in, one answer out."""

from fastapi import APIRouter

from app.api.deps import CallerDep, ChatDep, SettingsDep, StoreDep
from app.assistant import Turn
from app.models import Message, new_id
from app.schemas import ChatIn, ChatOut, ToolCallOut
from app.store import in_thread

router = APIRouter(prefix="/api", tags=["chat"])


@router.post("/chat")
async def chat(data: ChatIn, caller: CallerDep, store: StoreDep, service: ChatDep, settings: SettingsDep) -> ChatOut:
    """Answer a message; 404 for a conversation that isn't the caller's."""
    conversation_id, history = await in_thread(
        store.begin_turn, caller.user_id, data.conversation_id, data.message, settings.chat_history_messages
    )
    reply = await service.reply(Turn(data.message, history), caller.token)
    calls = [call.as_dict() for call in reply.calls]
    answer = Message(
        id=new_id("msg"),
        conversation_id=conversation_id,
        role="assistant",
        content=reply.text,
        tool_calls=calls,
        assistant=reply.assistant,
    )
    await in_thread(store.add, caller.user_id, answer)
    return ChatOut(
        conversation_id=conversation_id,
        response=reply.text,
        tool_calls=[ToolCallOut(**call) for call in calls],
        assistant=reply.assistant,
    )
