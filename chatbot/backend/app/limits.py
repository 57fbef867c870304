"""How many messages a person may send, all replicas together.

Each has an allowance that refills steadily: as many at once as may be sent in a minute, then one by one.
"""

import math
from datetime import timedelta

from sqlalchemy import extract, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.models import MessageAllowance
from backend_common.errors import ApiError

FULL_AFTER = timedelta(minutes=2)


def count_message(session: Session, user_id: int, per_minute: int) -> None:
    """Take one message off the person's allowance.

    Raises:
        ApiError: 429; then nothing may be committed, so that refused messages don't count.
    """
    # Not now(): of two transactions at once the second one begins before the first one's count.
    clock = func.clock_timestamp()
    row = {
        "user_id": user_id,
        "left": per_minute - 1.0,
        "counted_at": clock,
        "expires_at": clock + FULL_AFTER,
    }
    passed = func.greatest(0.0, extract("epoch", clock - MessageAllowance.counted_at))
    left = func.least(float(per_minute), MessageAllowance.left + passed * (per_minute / 60)) - 1.0
    statement = insert(MessageAllowance).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"left": left, "counted_at": clock, "expires_at": clock + FULL_AFTER}
    )
    remaining = float(session.scalar(statement.returning(MessageAllowance.left)))
    if remaining < 0:
        seconds = max(1, math.ceil(-remaining * 60 / per_minute))
        message = f"That were many messages in a short time; please try again in {seconds} seconds."
        raise ApiError(429, "too_many_messages", message, {"Retry-After": str(seconds)})
