"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.models import MESSAGE_MAX, TITLE_MAX


def _spoken(value: str) -> str:
    if not value.replace("\x00", "").strip():
        raise ValueError("must not be empty")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=MESSAGE_MAX), AfterValidator(_spoken)]


class ChatIn(BaseModel):
    """A message; without a conversation it begins one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "add buy milk by Friday"}]})

    message: Text
    conversation_id: Annotated[str | None, Field(max_length=64)] = None


def _on_one_line(value: str) -> str:
    line = " ".join(value.replace("\x00", "").split())
    if not line:
        raise ValueError("must not be empty")
    return line


class ConversationIn(BaseModel):
    """What can be changed of a conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Groceries"}]})

    title: Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX), AfterValidator(_on_one_line)]


class ToolCallOut(BaseModel):
    """One call of an MCP tool; a failed one has {"error": …} for a result."""

    name: str
    arguments: dict[str, Any]
    result: Any


class ChatOut(BaseModel):
    """The answer, who gave it, and what was done for it."""

    conversation_id: str
    response: str
    tool_calls: list[ToolCallOut]
    assistant: str


class ConversationOut(BaseModel):
    """A conversation in the list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    created_at: datetime
    updated_at: datetime


class MessageOut(BaseModel):
    """A message in a conversation; `assistant` says who answered."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    role: str
    content: str
    tool_calls: list[ToolCallOut]
    assistant: str | None
    created_at: datetime


class ConversationWithMessages(ConversationOut):
    """A conversation, the oldest message first."""

    messages: list[MessageOut]
