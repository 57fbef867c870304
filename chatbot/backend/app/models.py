"""Tables, all in the schema `chatbot`. People live in the todo-backend; here is only their number."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.settings import SCHEMA

MESSAGE_MAX = 4000
TITLE_MAX = 200


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """An id that can't be guessed, such as "conv_1f…"; unique across conversations, replicas and time."""
    return f"{prefix}_{uuid.uuid4().hex}"


class Conversation(SQLModel, table=True):
    """A conversation; for ChatKit the same thing is a thread."""

    __tablename__ = "conversations"
    __table_args__ = {"schema": SCHEMA}

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    user_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    title: str = Field(default="", max_length=TITLE_MAX)
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class Message(SQLModel, table=True):
    """One message. `role` is "user", "assistant" or, for what ChatKit keeps beside them, "other"."""

    __tablename__ = "messages"
    __table_args__ = {"schema": SCHEMA}

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    id: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    conversation_id: str = Field(
        sa_column=Column(String(64), ForeignKey(f"{SCHEMA}.conversations.id", ondelete="CASCADE"), nullable=False)
    )
    role: str = Field(max_length=16)
    content: str = Field(sa_column=Column(Text, nullable=False))
    tool_calls: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    assistant: str | None = Field(default=None, max_length=200)
    question: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """What the built-in assistant asked; the next message may answer it."""
    item: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class TurnTicket(SQLModel, table=True):
    """A place in a conversation's queue: the lowest one that has not expired is being answered; see app/turns.py."""

    __tablename__ = "turns"
    __table_args__ = {"schema": SCHEMA}

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    conversation_id: str = Field(
        sa_column=Column(String(64), ForeignKey(f"{SCHEMA}.conversations.id", ondelete="CASCADE"), nullable=False)
    )
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


class ClientRequest(SQLModel, table=True):
    """A request that its client may repeat, and its answer; see app/idempotency.py."""

    __tablename__ = "requests"
    __table_args__ = {"schema": SCHEMA}

    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    key: str = Field(primary_key=True, max_length=200)
    fingerprint: str = Field(max_length=64)
    conversation_id: str | None = Field(default=None, max_length=64)
    changing: bool = False
    """Whether a task may have been changed for it."""
    answer: str | None = Field(default=None, sa_column=Column(Text))
    held_until: datetime = Field(sa_type=DateTime(timezone=True))
    """Until then somebody is at work on it; moved on while they are."""
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


class MessageAllowance(SQLModel, table=True):
    """How many messages a person may send just now; see app/limits.py."""

    __tablename__ = "message_allowances"
    __table_args__ = {"schema": SCHEMA}

    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    left: float
    counted_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


EXPIRING = (TurnTicket, ClientRequest, MessageAllowance)
"""Tables whose rows are cleared away after `expires_at`; see backend_common/housekeeping.py."""
