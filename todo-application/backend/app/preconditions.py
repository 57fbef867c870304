"""ETag and If-Match: a change made on an old version of a task is refused instead of undoing somebody's work."""

import re
from typing import Annotated

from fastapi import Header
from pydantic import WithJsonSchema

from backend_common.errors import ApiError
from backend_common.header_values import matching

TAG = r'(W/)?"[!#-~]*"'
TAGS = rf"^(\*|{TAG}( *, *{TAG})*)$"


IfMatch = Annotated[
    str | None,
    matching(TAGS, 'entity tags such as "3" with their quotes, separated by commas, or *'),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{TAG}( *, *{TAG})*$"}, {"const": "*"}]}),
    Header(
        alias="If-Match",
        description="The ETag of the version that the change was made on. `*` and no header: any version.",
        examples=['"3"'],
    ),
]


def etag(version: int) -> str:
    """The entity tag of a version; a strong one, as every change makes a new version."""
    return f'"{version}"'


def versions(if_match: str | None) -> list[int] | None:
    """The versions that If-Match allows, or None for any. Weak tags match nothing (RFC 9110, section 13.1.1)."""
    if if_match is None or if_match == "*":
        return None
    tags = [tag.strip() for tag in if_match.split(",")]
    return [int(number[1]) for tag in tags if (number := re.fullmatch(r'"([1-9][0-9]{0,8})"', tag))]


def failed(task_id: int, version: int) -> ApiError:
    """The 412 for a task that has another version by now."""
    message = f"Task {task_id} was changed in the meantime: it is at version {version}. Load it and try again."
    return ApiError(412, "precondition_failed", message, {"ETag": etag(version)})
