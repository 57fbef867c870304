"""Whether the service can serve now; the answer to /ready."""

import asyncio

import anyio
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from backend_common.db import ping
from backend_common.errors import RETRY_SOON
from backend_common.lifecycle import Lifecycle
from backend_common.logs import first_line

CHECK_SECONDS = 2.5


def not_ready(reason: str) -> JSONResponse:
    """The 503 of /ready."""
    return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503, headers=RETRY_SOON)


class DatabaseProbe:
    """Asks the database over a connection and in a thread of its own, one question at a time: a database that hangs
    costs one thread however often it is asked, and no request waits for it."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._thread = anyio.CapacityLimiter(1)
        self._question: asyncio.Task[str] | None = None

    async def _ask(self) -> str:
        try:
            await anyio.to_thread.run_sync(ping, self._engine, limiter=self._thread)
        except SQLAlchemyError as error:
            return f"the database can't be reached: {first_line(error)}"
        return ""

    async def why_not_ready(self, lifecycle: Lifecycle) -> str:
        """The reason why requests can't be served now, or an empty string."""
        if lifecycle.draining:
            return "shutting down"
        if not lifecycle.migrated:
            return lifecycle.reason
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        # Not cancelled when it takes too long: the thread would go on all the same. The next probe waits for it again.
        done, _ = await asyncio.wait({self._question}, timeout=CHECK_SECONDS)
        return self._question.result() if done else f"the database did not answer within {CHECK_SECONDS} s"
