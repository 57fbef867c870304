"""What goes in and out over HTTP."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from app.models import DESCRIPTION_MAX, TITLE_MAX
from app.passwords import MAX_LENGTH, MIN_LENGTH, why_weak

# What browsers take for an address in a form (WHATWG), with a dot in the domain.
LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
EMAIL = rf"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{LABEL}(\.{LABEL})+$"
# PostgreSQL's texts can't hold the NUL character.
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"


def _date_text(value: Any) -> Any:
    # pydantic would also take numbers and date-times; the API takes "2025-12-31" and nothing else.
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError('must be a date like "2025-12-31" or null')


Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL)]
NewPassword = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=NO_NUL)]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX, pattern=NO_NUL),
    # As above, before blanks are taken off.
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TITLE_MAX, "pattern": NOT_BLANK}),
]
Description = Annotated[
    str,
    StringConstraints(max_length=DESCRIPTION_MAX, pattern=NO_NUL),
    BeforeValidator(lambda value: "" if value is None else value),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": DESCRIPTION_MAX, "pattern": NO_NUL}, {"type": "null"}]}),
]
NO_DEFAULT = Field(json_schema_extra=lambda schema: schema.pop("default", None))
"""For what may be left out and then has no value at all."""
Completed = Annotated[bool, Field(strict=True)]
DueDate = Annotated[date | None, BeforeValidator(_date_text)]


def _example(fields: dict[str, object], *, from_attributes: bool = False) -> ConfigDict:
    """What /docs shows as an example; `from_attributes` for what is made from rows."""
    return ConfigDict(from_attributes=from_attributes, json_schema_extra={"examples": [fields]})


class Registration(BaseModel):
    """Who signs up. Without a name the address's local part serves."""

    model_config = _example({"email": "ada@example.org", "password": "correct horse battery", "name": "Ada"})

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

    model_config = _example({"email": "ada@example.org", "password": "correct horse battery"})

    email: Annotated[str, StringConstraints(max_length=320)]
    password: Annotated[str, StringConstraints(max_length=1024)]


class UserOut(BaseModel):
    """A person, as they see themselves."""

    model_config = _example({"id": 1, "email": "ada@example.org", "name": "Ada"}, from_attributes=True)

    id: int
    email: str
    name: str


class TokenOut(BaseModel):
    """The answer to sign-up and sign-in."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token, not one
    user: UserOut


class TaskCreate(BaseModel):
    """A new task."""

    model_config = _example({"title": "Buy milk", "description": "Two litres", "due_date": "2030-02-28"})

    title: Title
    description: Description = ""
    due_date: DueDate = None
    completed: Completed = False


class TaskReplace(BaseModel):
    """PUT: what is left out goes back to its default, but `completed`, which has an endpoint of its own, stays."""

    model_config = _example({"title": "Buy oat milk", "description": "", "due_date": None})

    title: Title
    description: Description = ""
    due_date: DueDate = None
    completed: Completed | None = None


class TaskPatch(BaseModel):
    """PATCH: what is left out stays as it is."""

    model_config = _example({"completed": True})

    title: Annotated[Title, NO_DEFAULT] = ""
    description: Annotated[Description, NO_DEFAULT] = ""
    due_date: Annotated[DueDate, NO_DEFAULT] = None
    completed: Annotated[Completed, NO_DEFAULT] = False


class TaskOut(BaseModel):
    """A task as its owner sees it."""

    model_config = _example(
        {
            "id": 3,
            "title": "Buy milk",
            "description": "Two litres",
            "due_date": "2030-02-28",
            "completed": False,
            "version": 1,
            "created_at": "2030-02-20T08:30:00.000000Z",
            "updated_at": "2030-02-20T08:30:00.000000Z",
        },
        from_attributes=True,
    )

    id: int
    title: str
    description: str
    due_date: date | None
    completed: bool
    version: int
    created_at: datetime
    updated_at: datetime
