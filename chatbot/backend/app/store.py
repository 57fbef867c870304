"""Conversations in the database. Every read and write names the owner; what isn't theirs isn't there.

These functions wait for the database: call them through `in_thread`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

import anyio
from sqlalchemy import delete, func
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from app.models import TITLE_MAX, Conversation, Message, new_id, now
from backend_common.errors import ApiError

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking function without holding up the event loop."""
    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))


def changed_tasks(calls: list[dict[str, Any]]) -> bool:
    """Whether one of the calls has changed a task."""
    return any(isinstance(call.get("result"), dict) and "task_id" in call["result"] for call in calls)


def title_of(message: str) -> str:
    """A conversation's title: the beginning of its first message, on one line."""
    words = " ".join(message.replace("\x00", "").split())
    return words if len(words) <= 60 else f"{words[:59].rstrip()}…"


def kept_title(title: str) -> str:
    """A title as the database takes it."""
    return title.replace("\x00", "")[:TITLE_MAX]


class ConversationStore:
    """All access to conversations and messages."""

    def __init__(self, sessions: sessionmaker[Session]):
        self._sessions = sessions

    @staticmethod
    def missing() -> ApiError:
        """The 404 for a conversation that isn't there, or isn't theirs."""
        return ApiError(404, "not_found", "You have no such conversation.")

    def owned(self, session: Session, user_id: int, conversation_id: str, lock: bool = False) -> Conversation:
        """The conversation, or ApiError 404.

        Every change locks it until the end of the transaction: somebody may be deleting it at the same moment.
        """
        conversation_id = conversation_id.replace("\x00", "")
        known = len(conversation_id) <= 64
        # Not so strong that messages, whose rows refer to this one, would have to wait for it.
        strength = {"key_share": True} if lock else None
        conversation = session.get(Conversation, conversation_id, with_for_update=strength) if known else None
        if conversation is None or conversation.user_id != user_id:
            raise self.missing()
        return conversation

    @staticmethod
    def begin(session: Session, user_id: int, title: str) -> Conversation:
        """Begin a conversation."""
        conversation = Conversation(id=new_id("conv"), user_id=user_id, title=title)
        session.add(conversation)
        session.flush()
        return conversation

    def get(self, user_id: int, conversation_id: str) -> Conversation:
        """The conversation, or ApiError 404."""
        with self._sessions() as session:
            return self.owned(session, user_id, conversation_id)

    def page(
        self, user_id: int, limit: int, offset: int = 0, after: str | None = None, newest_first: bool = True
    ) -> tuple[list[Conversation], int]:
        """A page of a person's conversations by last use, and how many there are in all."""
        with self._sessions() as session:
            mine = Conversation.user_id == user_id
            total = session.scalar(select(func.count()).select_from(Conversation).where(mine))
            key = (Conversation.updated_at, Conversation.id)
            statement = select(Conversation).where(mine)
            if after:
                last = self.owned(session, user_id, after)
                here, there = func.row(*key), func.row(last.updated_at, last.id)
                statement = statement.where(here < there if newest_first else here > there)
            order = [column.desc() if newest_first else column.asc() for column in key]
            page = session.exec(statement.order_by(*order).limit(limit).offset(offset)).all()
            return [*page], total or 0

    def begin_as(self, user_id: int, conversation_id: str, title: str) -> None:
        """Begin a conversation under this id."""
        with self._sessions.begin() as session:
            session.add(Conversation(id=conversation_id, user_id=user_id, title=kept_title(title)))

    def delete(self, user_id: int, conversation_id: str) -> None:
        """Remove a conversation with its messages."""
        with self._sessions() as session:
            session.delete(self.owned(session, user_id, conversation_id, lock=True))
            session.commit()

    def add(self, user_id: int, message: Message) -> Message:
        """Append a message and mark the conversation as used just now."""
        message.content = message.content.replace("\x00", "")
        with self._sessions() as session:
            conversation = self.owned(session, user_id, message.conversation_id, lock=True)
            conversation.updated_at = now()
            conversation.title = conversation.title or (title_of(message.content) if message.role == "user" else "")
            session.add(message)
            session.commit()
        return message

    def messages(
        self,
        user_id: int,
        conversation_id: str,
        limit: int,
        after: str | None = None,
        newest_first: bool = False,
        roles: tuple[str, ...] = (),
    ) -> list[Message]:
        """Up to `limit` messages, beginning behind the message with the id `after`."""
        with self._sessions() as session:
            self.owned(session, user_id, conversation_id)
            statement = select(Message).where(Message.conversation_id == conversation_id)
            if roles:
                statement = statement.where(Message.role.in_(roles))
            if after:
                seq = select(Message.seq).where(Message.id == after, Message.conversation_id == conversation_id)
                position = seq.scalar_subquery()
                statement = statement.where(Message.seq < position if newest_first else Message.seq > position)
            order = Message.seq.desc() if newest_first else Message.seq.asc()
            return [*session.exec(statement.order_by(order).limit(limit)).all()]

    def message(self, user_id: int, conversation_id: str, message_id: str) -> Message:
        """One message, or ApiError 404."""
        with self._sessions() as session:
            self.owned(session, user_id, conversation_id)
            wanted = select(Message).where(Message.conversation_id == conversation_id, Message.id == message_id)
            if message := session.exec(wanted).first():
                return message
            raise ApiError(404, "not_found", "The conversation has no such message.")

    def replace(self, user_id: int, message: Message) -> None:
        """Overwrite the message with the same id, or append it."""
        with self._sessions() as session:
            self.owned(session, user_id, message.conversation_id, lock=True)
            wanted = select(Message).where(Message.conversation_id == message.conversation_id, Message.id == message.id)
            if old := session.exec(wanted).first():
                old.content, old.item, old.role = message.content, message.item, message.role
            else:
                session.add(message)
            session.commit()

    def delete_message(self, user_id: int, conversation_id: str, message_id: str) -> None:
        """Remove one message."""
        with self._sessions() as session:
            self.owned(session, user_id, conversation_id)
            session.execute(delete(Message).where(Message.conversation_id == conversation_id, Message.id == message_id))
            session.commit()

    def say(self, user_id: int, conversation_id: str, text: str, history: int) -> list[Message]:
        """Append what the person said; the last `history` messages from before, the newest last."""
        earlier = self.history(user_id, conversation_id, history)
        self.add(user_id, Message(id=new_id("msg"), conversation_id=conversation_id, role="user", content=text))
        return earlier

    def rename(self, user_id: int, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title; ApiError 404 if there is none."""
        with self._sessions() as session:
            conversation = self.owned(session, user_id, conversation_id, lock=True)
            conversation.title = kept_title(title)
            session.commit()
            return conversation

    def changed_since(self, user_id: int, conversation_id: str, message_id: str) -> bool:
        """Whether an answer behind the message has changed tasks."""
        later = self.messages(user_id, conversation_id, 200, after=message_id, roles=("assistant",))
        return any(changed_tasks(message.tool_calls) for message in later)

    def history(self, user_id: int, conversation_id: str, limit: int) -> list[Message]:
        """The last `limit` messages that were spoken, the newest last."""
        newest = self.messages(user_id, conversation_id, limit, newest_first=True, roles=("user", "assistant"))
        return newest[::-1]
