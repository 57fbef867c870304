"""What /docs says of answers here; the rest is in backend_common/documented.py."""

from functools import partial

from backend_common.documented import BODY as BODY
from backend_common.documented import COMMON_ERRORS, RETRY_AFTER, describe_route

ERRORS = COMMON_ERRORS | {
    "not_found": (404, "You have no such conversation.", {}),
    "conversation_busy": (
        409,
        "Earlier messages of this conversation are still being answered; please try again.",
        RETRY_AFTER,
    ),
    "request_in_progress": (
        409,
        "This message is still being answered; please ask for the answer again.",
        RETRY_AFTER,
    ),
    "interrupted": (409, "This message was interrupted when tasks may have been changed already.", {}),
    "already_done": (409, "Tasks were changed for this message already.", {}),
    "idempotency_key_reused": (
        422,
        "This Idempotency-Key was used for another message in the last 24 hours; a new one needs a new key.",
        {},
    ),
    "too_many_messages": (
        429,
        "That were many messages in a short time; please try again in 2 seconds.",
        RETRY_AFTER,
    ),
}
HEADERS = {
    "X-Total-Count": {"schema": {"type": "integer", "minimum": 0}, "description": "How many there are in all."},
}

documented = partial(describe_route, ERRORS, HEADERS)
