"""Requests that may be repeated: the same Idempotency-Key gives the answer that the first request got."""

from datetime import timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, WithJsonSchema
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.models import IdempotencyKey, now
from backend_common.errors import ApiError
from backend_common.header_values import matching

KEPT = timedelta(hours=24)
KEY = r"^[ -~]{1,200}$"


IdempotencyKeyHeader = Annotated[
    str | None,
    matching(KEY, "1 to 200 printable ASCII characters"),
    WithJsonSchema({"type": "string", "pattern": KEY}),
    Header(
        alias="Idempotency-Key",
        description="Any text that no other request of this person has, such as a UUID. Within 24 hours the same key "
        "gives the same task.",
        examples=["0b7e1c1e-3f0a-4a58-9d3e-5f8f2b6c7d11"],
    ),
]


def _fingerprint(body: BaseModel) -> str:
    return sha256(body.model_dump_json().encode()).hexdigest()


def answer_before(session: Session, user_id: int, key: str, body: BaseModel) -> str | None:
    """The answer that a request with this key got before, or None: then the key is taken, and `keep` has to follow in
    the same transaction. Of two requests at the same time the second waits here for the first one's transaction.

    Raises:
        ApiError: 422 when the key was used for another body.
    """
    row = {"user_id": user_id, "key": key, "fingerprint": _fingerprint(body), "answer": "", "expires_at": now() + KEPT}
    statement = insert(IdempotencyKey).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id", "key"], set_=row, where=IdempotencyKey.expires_at <= now()
    )
    if session.scalar(statement.returning(IdempotencyKey.key)):
        return None
    kept = session.get(IdempotencyKey, (user_id, key))
    if kept.fingerprint != row["fingerprint"]:
        raise ApiError(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another task in the last 24 hours; a new task needs a new key.",
        )
    return kept.answer


def keep(session: Session, user_id: int, key: str, answer: BaseModel) -> None:
    """Keep the answer for requests that repeat this one."""
    mine = (IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    session.execute(update(IdempotencyKey).where(*mine).values(answer=answer.model_dump_json()))
