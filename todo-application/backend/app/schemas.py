"""What goes in and out over HTTP."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from app.models import DESCRIPTION_MAX, TITLE_MAX
from app.passwords import MAX_LENGTH, MIN_LENGTH, why_weak

EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\]{1,64}@[^@\s<>\"(),:;\[\]\\.]+(\.[^@\s<>\"(),:;\[\]\\.]+)+")


def _email(value: str) -> str:
    value = value.strip().lower()
    if len(value) > 254 or not EMAIL.fullmatch(value) or not value.isprintable():
        raise ValueError("not an e-mail address")
    return value


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


def _date_text(value: Any) -> Any:
    # pydantic would also take numbers and date-times; the API takes "2025-12-31" and nothing else.
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError('must be a date like "2025-12-31" or null')


Email = Annotated[str, AfterValidator(_email)]
NewPassword = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
NoNul = AfterValidator(_no_nul)
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), NoNul]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX), NoNul]
Description = Annotated[
    str,
    StringConstraints(max_length=DESCRIPTION_MAX),
    NoNul,
    BeforeValidator(lambda value: "" if value is None else value),
]
DueDate = Annotated[date | None, BeforeValidator(_date_text)]


class Registration(BaseModel):
    """Who signs up. Without a name the address's local part serves."""

    email: Email
    password: NewPassword
    name: Name | None = None

    @field_validator("password")
    @classmethod
    def _password(cls, value: str, info: ValidationInfo) -> str:
        if reason := why_weak(value, info.data.get("email", "")):
            raise ValueError(reason)
        return value


class Credentials(BaseModel):
    """Who signs in; the lengths only bound the work."""

    email: Annotated[str, StringConstraints(max_length=320)]
    password: Annotated[str, StringConstraints(max_length=1024)]


class UserOut(BaseModel):
    """A person, as they see themselves."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    name: str


class TokenOut(BaseModel):
    """The answer to sign-up and sign-in."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token, not one
    user: UserOut


class TaskCreate(BaseModel):
    """A new task."""

    title: Title
    description: Description = ""
    due_date: DueDate = None
    completed: bool = False


class TaskReplace(BaseModel):
    """PUT: what is left out goes back to its default, but `completed`, which has an endpoint of its own, stays."""

    title: Title
    description: Description = ""
    due_date: DueDate = None
    completed: bool | None = None


class TaskPatch(BaseModel):
    """PATCH: what is left out stays as it is."""

    title: Title = Field(default="")
    description: Description = ""
    due_date: DueDate = None
    completed: bool = False


class TaskOut(BaseModel):
    """A task as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    description: str
    due_date: date | None
    completed: bool
    version: int
    created_at: datetime
    updated_at: datetime
