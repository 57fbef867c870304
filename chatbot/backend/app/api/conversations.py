"""A person's conversations."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.deps import CallerDep, StoreDep
from app.api.documented import BODY, documented
from app.schemas import ConversationIn, ConversationOut, ConversationWithMessages, MessageOut
from app.store import in_thread

router = APIRouter(prefix="/api/conversations", tags=["conversations"])

MESSAGES_SHOWN = 1000


@router.get("", **documented(200, headers=("X-Total-Count",), signed_in=True))
async def list_conversations(
    response: Response,
    caller: CallerDep,
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> list[ConversationOut]:
    """The person's conversations, the one used last first; X-Total-Count says how many there are in all."""
    page, total = await in_thread(store.page, caller.user_id, limit, offset)
    response.headers["X-Total-Count"] = str(total)
    return [ConversationOut.model_validate(conversation) for conversation in page]


@router.get("/{conversation_id}", **documented(200, "not_found", signed_in=True))
async def get_conversation(conversation_id: str, caller: CallerDep, store: StoreDep) -> ConversationWithMessages:
    """A conversation with its last messages."""
    conversation = await in_thread(store.get, caller.user_id, conversation_id)
    messages = await in_thread(store.history, caller.user_id, conversation.id, MESSAGES_SHOWN)
    return ConversationWithMessages(
        **ConversationOut.model_validate(conversation).model_dump(),
        messages=[MessageOut.model_validate(message) for message in messages],
    )


@router.patch("/{conversation_id}", **documented(200, *BODY, "cross_site_request", "not_found", signed_in=True))
async def rename_conversation(
    conversation_id: str, data: ConversationIn, caller: CallerDep, store: StoreDep
) -> ConversationOut:
    """Give a conversation another title."""
    return ConversationOut.model_validate(await in_thread(store.rename, caller.user_id, conversation_id, data.title))


@router.delete("/{conversation_id}", **documented(204, "cross_site_request", "not_found", signed_in=True))
async def delete_conversation(conversation_id: str, caller: CallerDep, store: StoreDep) -> None:
    """Delete a conversation with its messages; tasks stay as they are."""
    await in_thread(store.delete, caller.user_id, conversation_id)
