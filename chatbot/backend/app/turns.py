"""One turn at a time in a conversation, in the order of arrival, whichever replica answers.

Who wants to answer draws a number (a row of `turns`) and waits until it is the lowest. The row is renewed while its
owner waits or works and expires soon after the owner has died. Nobody holds a database connection meanwhile: a turn
with a model takes long.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import anyio
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from app.models import TurnTicket
from app.store import ConversationStore, in_thread
from backend_common.errors import ApiError
from backend_common.logs import first_line, get_logger

log = get_logger("turns")

LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0
LONGEST_SECONDS = 900.0
WAIT_SECONDS = 30.0
POLL_SECONDS = (0.02, 0.25)
"""At first, and at most: the wait grows, as a turn that takes long is likely to take longer."""


def _clock() -> object:
    # Not now(): a transaction that had to wait for a lock began long ago.
    return func.clock_timestamp()


@dataclass(frozen=True)
class Place:
    """A number drawn for a conversation."""

    id: int
    conversation_id: str
    first: bool


class Turns:
    """The queues of all conversations."""

    def __init__(self, store: ConversationStore, sessions: sessionmaker[Session], autocommit: sessionmaker[Session]):
        self._store = store
        self._sessions = sessions
        self._autocommit = autocommit

    def _draw(self, user_id: int, conversation_id: str | None, title: str) -> Place:
        """Draw a number, in a conversation that is begun if none is named; ApiError 404 if it isn't the person's."""
        with self._sessions.begin() as session:
            if conversation_id is None:
                conversation = self._store.begin(session, user_id, title)
            else:
                # Locked: a lower number must not become visible after a higher one.
                conversation = self._store.owned(session, user_id, conversation_id, lock=True)
            ticket = TurnTicket(conversation_id=conversation.id, expires_at=_clock() + LEASE)
            session.add(ticket)
            session.flush()
            return Place(ticket.id, conversation.id, not session.scalar(self._others_before(ticket.id)))

    @staticmethod
    def _others_before(ticket_id: int) -> object:
        mine = select(TurnTicket.conversation_id).where(TurnTicket.id == ticket_id).scalar_subquery()
        before = (TurnTicket.conversation_id == mine, TurnTicket.id < ticket_id, TurnTicket.expires_at > _clock())
        return select(exists().where(*before))

    def _renew(self, ticket_id: int) -> bool:
        """Renew the number; whether it is its turn. ApiError 404 when the conversation was deleted meanwhile."""
        with self._autocommit() as session:
            mine = update(TurnTicket).where(TurnTicket.id == ticket_id).values(expires_at=_clock() + LEASE)
            if session.execute(mine).rowcount == 0:
                raise self._store.missing()
            return not session.scalar(self._others_before(ticket_id))

    def _leave(self, ticket_id: int) -> None:
        with self._autocommit() as session:
            session.execute(delete(TurnTicket).where(TurnTicket.id == ticket_id))

    async def _wait(self, ticket_id: int) -> None:
        pause, longest = POLL_SECONDS
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    await asyncio.sleep(pause)
                    if await in_thread(self._renew, ticket_id):
                        return
                    pause = min(pause * 1.5, longest)
        except TimeoutError:
            message = "Earlier messages of this conversation are still being answered; please try again."
            raise ApiError(409, "conversation_busy", message, {"Retry-After": "5"}) from None

    async def _keep(self, ticket_id: int, renew: Callable[[], None] | None) -> None:
        """Renew until cancelled, or until no turn can have taken so long. A database that is away for a while ends
        none."""
        for _ in range(int(LONGEST_SECONDS / RENEW_SECONDS)):
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await in_thread(self._renew, ticket_id)
                if renew:
                    await in_thread(renew)
            except SQLAlchemyError as error:
                log.warning("turn not renewed", reason=first_line(error))
            except ApiError:
                return

    @asynccontextmanager
    async def in_order(
        self, user_id: int, conversation_id: str | None, title: str = "", renew: Callable[[], None] | None = None
    ) -> AsyncIterator[str]:
        """Wait for the turn and have it until the end of the block.

        Args:
            user_id: Whose conversation it is.
            conversation_id: None begins one.
            title: Of one that is begun.
            renew: Called (in a thread) every few seconds, for what else has to be renewed.

        Yields:
            The conversation's id.

        Raises:
            ApiError: 404, or 409 when the turn does not come in time.
        """
        place = await in_thread(self._draw, user_id, conversation_id, title)
        try:
            if not place.first:
                await self._wait(place.id)
            keeper = asyncio.create_task(self._keep(place.id, renew))
            try:
                yield place.conversation_id
            finally:
                keeper.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await in_thread(self._leave, place.id)
                except SQLAlchemyError as error:
                    # It expires.
                    log.warning("turn not given back", reason=first_line(error))
