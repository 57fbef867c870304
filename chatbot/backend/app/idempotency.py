"""Requests that may be repeated: the same Idempotency-Key gives the answer that the first request got.

The key is taken before the work begins and has the answer when it ends. A repeat meanwhile waits a little, then 409.
When the process that was at work has died, the next repeat does it anew; but not if tasks may have been changed.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated

import anyio
from fastapi import Header
from pydantic import WithJsonSchema
from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from app.limits import count_message
from app.models import ClientRequest
from app.store import in_thread
from backend_common.errors import ApiError
from backend_common.header_values import matching
from backend_common.logs import first_line, get_logger

log = get_logger("idempotency")

KEPT = timedelta(hours=24)
HELD = timedelta(seconds=20)
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.1
KEY = r"^[ -~]{1,200}$"
INTERRUPTED = (
    "This message was interrupted when tasks may have been changed already; it is not answered again, so that "
    "nothing is done twice. Please look at your tasks before you say it anew."
)

IdempotencyKeyHeader = Annotated[
    str | None,
    matching(KEY, "1 to 200 printable ASCII characters"),
    WithJsonSchema({"type": "string", "pattern": KEY}),
    Header(
        alias="Idempotency-Key",
        description="Any text that no other request of this person has, such as a UUID. Within 24 hours the same key "
        "gives the same answer, and the message is answered once.",
        examples=["0b7e1c1e-3f0a-4a58-9d3e-5f8f2b6c7d11"],
    ),
]


class _AtWork(Exception):
    """The first request is still being answered."""


@dataclass(frozen=True)
class Admitted:
    """A request that may go on: with the answer that it got before, or to get one now."""

    user_id: int
    key: str | None
    answer: str | None = None


class Requests:
    """The keys of all people; and the gate, since only what isn't a repeat counts as a message."""

    def __init__(self, sessions: sessionmaker[Session], per_minute: int):
        self._sessions = sessions
        self._per_minute = per_minute

    def _take(self, user_id: int, key: str, fingerprint: str, session: Session) -> str | None:
        """Take the key, or give the answer that it has."""
        clock = func.clock_timestamp()
        row = {
            "user_id": user_id,
            "key": key,
            "fingerprint": fingerprint,
            "conversation_id": None,
            "changing": False,
            "answer": None,
            "held_until": clock + HELD,
            "expires_at": clock + KEPT,
        }
        statement = insert(ClientRequest).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["user_id", "key"], set_=row, where=ClientRequest.expires_at <= clock
        )
        if session.scalar(statement.returning(ClientRequest.key)):
            return None
        kept = session.get(ClientRequest, (user_id, key), with_for_update=True)
        if kept is None:
            raise _AtWork  # given back this very moment
        if kept.fingerprint != fingerprint:
            raise ApiError(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another message in the last 24 hours; a new one needs a new key.",
            )
        if kept.answer is not None:
            return kept.answer
        if kept.held_until > session.scalar(func.clock_timestamp()):
            raise _AtWork
        if kept.changing:
            raise ApiError(409, "interrupted", INTERRUPTED)
        kept.held_until = clock + HELD
        session.flush()
        return None

    def _admit(self, user_id: int, key: str | None, fingerprint: str) -> Admitted:
        with self._sessions.begin() as session:
            answer = self._take(user_id, key, fingerprint, session) if key else None
            if answer is None:
                count_message(session, user_id, self._per_minute)
        return Admitted(user_id, key, answer)

    async def admit(self, user_id: int, key: str | None, what: str) -> Admitted:
        """Let a message in.

        Args:
            user_id: Whose.
            key: Its Idempotency-Key, if it has one.
            what: The request itself, to tell whether the key is used for another one.

        Raises:
            ApiError: 429 after too many messages; 422 for a key of another request; 409 while the first request is
                under way, or when it was interrupted and may not be repeated.
        """
        fingerprint = sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    try:
                        return await in_thread(self._admit, user_id, key, fingerprint)
                    except _AtWork:
                        await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            message = "This message is still being answered; please ask for the answer again."
            raise ApiError(409, "request_in_progress", message, {"Retry-After": "2"}) from None

    def _mine(self, request: Admitted) -> tuple[object, ...]:
        return (ClientRequest.user_id == request.user_id, ClientRequest.key == request.key)

    def _set(self, request: Admitted, **values: object) -> None:
        if request.key:
            with self._sessions.begin() as session:
                session.execute(update(ClientRequest).where(*self._mine(request)).values(**values))

    def renew(self, request: Admitted) -> None:
        """Say that somebody is still at work on it."""
        self._set(request, held_until=func.clock_timestamp() + HELD)

    def changing(self, request: Admitted) -> None:
        """Note, before it happens, that tasks are changed for it."""
        self._set(request, changing=True)

    def finish(self, request: Admitted, answer: str) -> None:
        """Keep the answer for requests that repeat this one."""
        self._set(request, answer=answer)

    async def finish_whatever_happens(self, request: Admitted, answer: str) -> None:
        """Keep the answer; without it a repeat is told that the message was interrupted. Never raises."""
        try:
            await in_thread(self.finish, request, answer)
        except SQLAlchemyError as error:
            log.warning("answer not kept", reason=first_line(error))

    async def give_back_whatever_happens(self, request: Admitted) -> None:
        """It failed: a repeat may try anew, unless tasks may have been changed. Never raises: without it the key is
        free again a little later."""
        with anyio.CancelScope(shield=True):
            try:
                await in_thread(self._give_back, request)
            except SQLAlchemyError as error:
                log.warning("key not given back", reason=first_line(error))

    def _give_back(self, request: Admitted) -> None:
        if request.key:
            with self._sessions.begin() as session:
                open_ones = (*self._mine(request), ClientRequest.answer.is_(None))
                session.execute(delete(ClientRequest).where(*open_ones, ClientRequest.changing.is_(False)))
                session.execute(update(ClientRequest).where(*open_ones).values(held_until=func.clock_timestamp()))
