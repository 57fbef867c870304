"""The ChatKit protocol on our conversations: a thread is a conversation, an item is a message."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import anyio
from chatkit.server import ChatKitServer
from chatkit.store import NotFoundError, Store, StoreItemType
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    Attachment,
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    UserMessageTextContent,
    Workflow,
    WorkflowItem,
)
from pydantic import TypeAdapter

from app.assistant import Turn
from app.chat import ChatService, Reply, account_of
from app.chatkit_progress import Narrator
from app.models import Conversation, Message, new_id
from app.store import ConversationStore, in_thread
from app.toolbox import BeforeChange, ToolCall
from backend_common.tokens import Caller

# Where LOG_LEVEL is set, the SDK's logger brings a handler of its own, whose lines aren't JSON.
logging.getLogger("chatkit").handlers.clear()
logging.getLogger("chatkit").setLevel(logging.WARNING)

_ITEM = TypeAdapter(ThreadItem)
_PREFIXES: dict[str, str] = {"message": "msg", "thread": "conv"}


@dataclass
class ChatContext:
    """Who asks, and what belongs to answers that are about to be stored."""

    caller: Caller
    today: date
    before_change: BeforeChange | None = None
    in_order: Callable[[str], AbstractAsyncContextManager[str]] | None = None
    """For a thread that this request makes: takes its turn in it."""
    begins: bool = False
    """Whether that thread is still to be made; afterwards, one that is not there was deleted."""
    replies: dict[str, Reply] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    stopped: AssistantMessageItem | None = None
    """What had been said when the reader stopped it."""


def text_of(item: UserMessageItem) -> str:
    """What the person wrote."""
    return "".join(part.text for part in item.content).strip()


def _aware(moment: datetime) -> datetime:
    # The SDK makes naive local times.
    return moment.astimezone(UTC)


def _thread(conversation: Conversation) -> ThreadMetadata:
    return ThreadMetadata(id=conversation.id, title=conversation.title or None, created_at=conversation.created_at)


def _item(message: Message) -> ThreadItem:
    common: dict[str, Any] = {
        "id": message.id,
        "thread_id": message.conversation_id,
        "created_at": message.created_at,
    }
    if message.role == "user":
        content = [UserMessageTextContent(text=message.content)]
        return UserMessageItem(**common, content=content, inference_options=InferenceOptions())
    if message.role == "assistant":
        return AssistantMessageItem(**common, content=[AssistantMessageContent(text=message.content)])
    return _ITEM.validate_python(message.item)


def _message(item: ThreadItem, context: ChatContext) -> Message:
    common: dict[str, Any] = {
        "id": item.id,
        "conversation_id": item.thread_id,
        "created_at": _aware(item.created_at),
    }
    if isinstance(item, UserMessageItem):
        return Message(**common, role="user", content=text_of(item))
    if isinstance(item, AssistantMessageItem):
        text = "".join(part.text for part in item.content)
        reply = context.replies.get(item.id)
        calls = [call.as_dict() for call in reply.calls] if reply else []
        return Message(
            **common,
            role="assistant",
            content=text,
            tool_calls=calls,
            assistant=reply.assistant if reply else None,
            question=reply.question if reply else None,
        )
    return Message(**common, role="other", content="", item=item.model_dump(mode="json"))


class ConversationChatKitStore(Store[ChatContext]):
    """The SDK's view of the store. Every method is bound to the caller; what isn't theirs is a 404."""

    def __init__(self, store: ConversationStore):
        self._store = store

    def generate_thread_id(self, context: ChatContext) -> str:
        """Long ids, and unique ones whatever the model says."""
        return new_id(_PREFIXES["thread"])

    def generate_item_id(self, item_type: StoreItemType, thread: ThreadMetadata, context: ChatContext) -> str:
        """See generate_thread_id."""
        return new_id(_PREFIXES.get(item_type, item_type))

    async def load_thread(self, thread_id: str, context: ChatContext) -> ThreadMetadata:
        """A thread's metadata."""
        return _thread(await in_thread(self._store.get, context.caller.user_id, thread_id))

    async def save_thread(self, thread: ThreadMetadata, context: ChatContext) -> None:
        """Create the thread that this request begins, or rename one; only metadata is stored, whatever comes in."""
        with anyio.CancelScope(shield=True):
            if context.begins:
                context.begins = False
                await in_thread(self._store.begin_as, context.caller.user_id, thread.id, thread.title or "")
            else:
                await in_thread(self._store.rename, context.caller.user_id, thread.id, thread.title or "")

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: ChatContext
    ) -> Page[ThreadItem]:
        """A page of items."""
        limit = max(1, min(limit, 200))
        rows = await in_thread(
            self._store.messages, context.caller.user_id, thread_id, limit + 1, after, order == "desc"
        )
        items = [_item(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(data=items, has_more=more, after=items[-1].id if more else None)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: ChatContext
    ) -> Page[ThreadMetadata]:
        """A page of threads."""
        limit = max(1, min(limit, 200))
        rows, _ = await in_thread(self._store.page, context.caller.user_id, limit + 1, 0, after, order == "desc")
        threads = [_thread(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(data=threads, has_more=more, after=threads[-1].id if more else None)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: ChatContext) -> None:
        """Append an item, even when the browser has left meanwhile: what was done is on record."""
        with anyio.CancelScope(shield=True):
            await in_thread(self._store.add, context.caller.user_id, _message(item, context))
        context.stored.add(item.id)

    async def save_item(self, thread_id: str, item: ThreadItem, context: ChatContext) -> None:
        """Overwrite an item."""
        await in_thread(self._store.replace, context.caller.user_id, _message(item, context))

    async def load_item(self, thread_id: str, item_id: str, context: ChatContext) -> ThreadItem:
        """One item."""
        return _item(await in_thread(self._store.message, context.caller.user_id, thread_id, item_id))

    async def delete_thread(self, thread_id: str, context: ChatContext) -> None:
        """Delete a thread and its items."""
        await in_thread(self._store.delete, context.caller.user_id, thread_id)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: ChatContext) -> None:
        """Delete an item."""
        await in_thread(self._store.delete_message, context.caller.user_id, thread_id, item_id)

    async def save_attachment(self, attachment: Attachment, context: ChatContext) -> None:
        """Attachments aren't taken."""
        raise NotFoundError("attachments are not supported")

    async def load_attachment(self, attachment_id: str, context: ChatContext) -> Attachment:
        """Attachments aren't taken."""
        raise NotFoundError("attachments are not supported")

    async def delete_attachment(self, attachment_id: str, context: ChatContext) -> None:
        """Attachments aren't taken."""
        raise NotFoundError("attachments are not supported")


class TodoChatKitServer(ChatKitServer[ChatContext]):
    """Answers by the same assistants as /api/chat, as a stream of events."""

    def __init__(self, store: ConversationStore, service: ChatService, history_messages: int):
        super().__init__(ConversationChatKitStore(store))
        self._conversations = store
        self._service = service
        self._history_messages = history_messages

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: ChatContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer: what is being done, the text as it comes, then the whole message."""
        if input_user_message is None:
            return
        text = text_of(input_user_message)
        async with AsyncExitStack() as stack:
            if context.in_order is not None:
                await stack.enter_async_context(context.in_order(thread.id))
            async with aclosing(self._answer(thread, input_user_message, text, context)) as events:
                async for event in events:
                    yield event

    async def _answer(
        self, thread: ThreadMetadata, message: UserMessageItem, text: str, context: ChatContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        spoken = await in_thread(
            self._conversations.history, context.caller.user_id, thread.id, self._history_messages + 1
        )
        history = [other for other in spoken if other.id != message.id][-self._history_messages :]
        thread.title = thread.title or (await self.store.load_thread(thread.id, context)).title
        item = AssistantMessageItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(UTC),
            content=[AssistantMessageContent(text="")],
        )
        narrator = Narrator(item, lambda: self._workflow(thread, context))
        events: asyncio.Queue[ThreadStreamEvent | None] = asyncio.Queue()
        said: list[str] = []
        calls: list[ToolCall] = []

        async def on_text(delta: str) -> None:
            said.append(delta)
            for event in narrator.said(delta):
                await events.put(event)

        async def on_call(call: ToolCall) -> None:
            # Once when it begins, and once more with its result.
            if not any(known is call for known in calls):
                calls.append(call)
            for event in narrator.called(call):
                await events.put(event)

        async def work() -> Reply:
            turn = Turn(text, history, context.today)
            try:
                return await self._service.reply(
                    turn, context.caller.token, on_text, on_call, before_change=context.before_change
                )
            finally:
                await events.put(None)

        # A task of its own: the tools' connection must be opened and closed by one and the same task, which a
        # generator that is closed half-way can't promise.
        task = asyncio.create_task(work())
        try:
            while (event := await events.get()) is not None:
                yield event
            reply = context.replies[item.id] = await task
            for event in narrator.ended(reply.text):
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            with anyio.CancelScope(shield=True):
                await self._keep_stopped(task, item, said, calls, narrator, context)
            raise
        except Exception:
            for event in narrator.failed():
                yield event
            raise
        finally:
            task.cancel()

    def _workflow(self, thread: ThreadMetadata, context: ChatContext) -> WorkflowItem:
        return WorkflowItem(
            id=self.store.generate_item_id("workflow", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(UTC),
            # Open: what was done to the tasks is not hidden behind a click.
            workflow=Workflow(type="custom", tasks=[], expanded=True),
        )

    def done(self, item: AssistantMessageItem) -> str:
        """The event that an item is complete, as the stream has it."""
        return self._serialize(ThreadItemDoneEvent(item=item)).decode()

    async def _keep_stopped(
        self,
        task: asyncio.Task[Reply],
        item: AssistantMessageItem,
        said: list[str],
        calls: list[ToolCall],
        narrator: Narrator,
        context: ChatContext,
    ) -> None:
        """Keep what had been said and done when the reader stopped it, or left."""
        task.cancel()
        # A tool that is at work finishes first, so that the account is true.
        await asyncio.wait({task})
        if workflow := narrator.broken_off():
            await self.store.add_thread_item(item.thread_id, workflow, context)
        if item.id not in context.replies:
            account = account_of(calls)
            note = f"(Stopped. Before that: {account}.)" if account else "(Stopped.)"
            text = "\n\n".join(filter(None, ("".join(said).strip(), note)))
            context.replies[item.id] = Reply(text, self._service.assistant, calls)
        elif item.id in context.stored:
            return
        text = context.replies[item.id].text
        context.stopped = item.model_copy(update={"content": [AssistantMessageContent(text=text)]})
        await self.store.add_thread_item(item.thread_id, context.stopped, context)

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: ChatContext
    ) -> None:
        """Nothing more to do: `respond` has kept what there was, whichever way it was ended."""
