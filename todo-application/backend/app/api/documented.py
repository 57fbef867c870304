"""What /docs says of answers here; the rest is in backend_common/documented.py."""

from functools import partial
from typing import Any

from backend_common.documented import COMMON_ERRORS, RETRY_AFTER, TEXT, describe_route

ETAG = {"schema": TEXT, "description": "The task's version, for If-Match.", "example": '"3"'}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": ETAG,
    "Location": {"schema": TEXT, "description": "The new task's address.", "example": "/api/tasks/3"},
    "X-Total-Count": {"schema": {"type": "integer", "minimum": 0}, "description": "How many tasks match in all."},
    "Set-Cookie": {"schema": TEXT, "description": "`todo_session`, HttpOnly and SameSite=Lax: the same token."},
}
ERRORS = COMMON_ERRORS | {
    "wrong_credentials": (401, "The e-mail address or the password is wrong.", {}),
    "not_found": (404, "You have no task 3.", {}),
    "email_taken": (409, "An account with this e-mail address exists already.", {}),
    "precondition_failed": (
        412,
        "Task 3 was changed in the meantime: it is at version 5. Load it and try again.",
        {"ETag": ETAG | {"description": "The version that is there now."}},
    ),
    "idempotency_key_reused": (
        422,
        "This Idempotency-Key was used for another task in the last 24 hours; a new task needs a new key.",
        {},
    ),
    "too_many_attempts": (429, "Too many failed attempts; please try again in 720 seconds.", RETRY_AFTER),
}

documented = partial(describe_route, ERRORS, HEADERS)
