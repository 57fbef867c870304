"""Which state a person's tasks are in, as the ETag of their list: pages ask often whether something has changed."""

import re
from typing import Annotated, Any

from fastapi import Header
from pydantic import WithJsonSchema
from sqlalchemy import bindparam, func
from sqlmodel import Session, select

from app.models import Task, TaskCounter
from app.preconditions import TAG, TAGS
from backend_common.header_values import matching

FORM = "1"
"""Goes up when a list's answer changes its form, so that no page keeps an answer of the version before."""

# The counter goes up with each task that is added and the count tells those that went; without either, each change
# makes the sum of the versions grow. Times would not do: of two changes the earlier may be committed last.
_STATE = select(
    select(TaskCounter.last_id).where(TaskCounter.user_id == bindparam("user_id")).scalar_subquery(),
    func.count(),
    func.sum(Task.version),
).where(Task.user_id == bindparam("user_id"))

IfNoneMatch = Annotated[
    str | None,
    matching(TAGS, 'entity tags such as W/"1-9-8-12" with their quotes, separated by commas, or *'),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{TAG}( *, *{TAG})*$"}, {"const": "*"}]}),
    Header(
        alias="If-None-Match",
        description="The ETag of an earlier answer. While the person's tasks are as they were then, the answer is 304.",
        examples=['W/"1-9-8-12"'],
    ),
]


_ETAG = {
    "schema": {"type": "string"},
    "description": "The state of all tasks, for If-None-Match.",
    "example": 'W/"1-9-8-12"',
}


def with_state(route: dict[str, Any]) -> dict[str, Any]:
    """Arguments for a route that names the state: what /docs says about that."""
    route["responses"][200]["headers"]["ETag"] = _ETAG
    route["responses"][304] = {"description": "As it was: If-None-Match has its ETag", "headers": {"ETag": _ETAG}}
    return route


def list_etag(session: Session, user_id: int) -> str:
    """The entity tag of all lists of the person's tasks as they are now; a weak one, as it says nothing of bytes."""
    last_id, count, versions = session.exec(_STATE, params={"user_id": user_id}).one()
    return f'W/"{FORM}-{last_id or 0}-{count}-{versions or 0}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has this state already; tags are compared weakly (RFC 9110, section 13.1.2)."""
    if if_none_match is None or if_none_match == "*":
        return if_none_match == "*"
    return etag.removeprefix("W/") in re.findall(r'"[!#-~]*"', if_none_match)
