"""Tables, all in the schema `todo`."""

from datetime import UTC, date, datetime

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Text
from sqlmodel import Field, SQLModel

from app.settings import SCHEMA

TITLE_MAX = 200
DESCRIPTION_MAX = 1000


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def _owner() -> Column[int]:
    return Column(BigInteger, ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), primary_key=True)


class User(SQLModel, table=True):
    """A person. The address is kept in lower case, so that it is unique whatever the spelling."""

    __tablename__ = "users"
    __table_args__ = {"schema": SCHEMA}

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=100)
    password_hash: str = Field(max_length=255)
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class TaskCounter(SQLModel, table=True):
    """The last task number given to a person; its row lock makes numbers unique, and they are never given twice."""

    __tablename__ = "task_counters"
    __table_args__ = {"schema": SCHEMA}

    user_id: int = Field(sa_column=_owner())
    last_id: int


class Task(SQLModel, table=True):
    """A task; its id counts from 1 for each person."""

    __tablename__ = "tasks"
    __table_args__ = {"schema": SCHEMA}

    user_id: int = Field(sa_column=_owner())
    id: int = Field(primary_key=True)
    title: str = Field(max_length=TITLE_MAX)
    description: str = Field(default="", max_length=DESCRIPTION_MAX)
    due_date: date | None = None
    completed: bool = False
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Goes up with every change; clients see it as the ETag."""
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class IdempotencyKey(SQLModel, table=True):
    """The answer to a request that its client may repeat; see app/idempotency.py."""

    __tablename__ = "idempotency_keys"
    __table_args__ = {"schema": SCHEMA}

    user_id: int = Field(sa_column=_owner())
    key: str = Field(primary_key=True, max_length=200)
    fingerprint: str = Field(max_length=64)
    answer: str = Field(sa_column=Column(Text, nullable=False))
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


class RevokedToken(SQLModel, table=True):
    """A token that was signed out; kept until it would have expired. The chatbot-backend reads this table, too."""

    __tablename__ = "revoked_tokens"
    __table_args__ = {"schema": SCHEMA}

    token_id: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


class SignInFailures(SQLModel, table=True):
    """Failed sign-ins of one account or from one address, until the window ends; see app/attempts.py."""

    __tablename__ = "sign_in_failures"
    __table_args__ = {"schema": SCHEMA}

    subject: str = Field(primary_key=True, max_length=64)
    failures: int
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


EXPIRING = (IdempotencyKey, RevokedToken, SignInFailures)
"""Tables whose rows are cleared away after `expires_at`; see backend_common/housekeeping.py."""
