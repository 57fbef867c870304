"""Clears away rows that have lost their meaning. Every replica does it; they leave each other's rows alone."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, SQLModel
from starlette.concurrency import run_in_threadpool

from backend_common.lifecycle import Lifecycle
from backend_common.logs import first_line, get_logger

log = get_logger("housekeeping")

EVERY_SECONDS = 600
AT_ONCE = 5000


def clear_expired(sessions: sessionmaker[Session], models: Sequence[type[SQLModel]]) -> int:
    """Delete what has expired from the tables of `models`, at most AT_ONCE rows of each; how many rows that were."""
    gone = 0
    with sessions.begin() as session:
        for model in models:
            key = tuple(model.__table__.primary_key)
            # Rows that a request holds are left for the next time: nobody waits for anybody.
            expired = (
                select(*key).where(model.expires_at <= func.now()).limit(AT_ONCE).with_for_update(skip_locked=True)
            )
            gone += session.execute(delete(model).where(tuple_(*key).in_(expired))).rowcount
    return gone


async def keep_house(sessions: sessionmaker[Session], models: Sequence[type[SQLModel]], lifecycle: Lifecycle) -> None:
    """Clear away again and again, until cancelled."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        if not lifecycle.migrated:
            continue
        try:
            gone = await run_in_threadpool(clear_expired, sessions, models)
            log.info("cleared expired rows", rows=gone)
        except SQLAlchemyError as error:
            log.warning("clearing expired rows failed, trying again later", reason=first_line(error))
