"""Probes: alive, and able to serve."""

import asyncio
import time

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from app.db import ping
from app.prestart import first_line

router = APIRouter(tags=["probes"])

CHECK_SECONDS = 2.5
TODO_CHECK_EVERY = 5.0
# Threads of their own: probes must not queue behind requests that wait for the same lost database.
_threads = anyio.CapacityLimiter(2)


@router.get("/health")
async def health() -> dict[str, str]:
    """200 while the process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when it can serve, else 503 with the reason.

    The todo-backend's state is told, not judged: conversations can be read without it, and answers say what is wrong.
    """
    reason = await why_not_ready(request)
    if reason:
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
    checks = {"database": "ok", "todo_api": await _todo_api(request) or "ok"}
    return JSONResponse({"status": "ready", "checks": checks, "assistant": request.app.state.chat.assistant})


async def why_not_ready(request: Request) -> str:
    """The reason why requests can't be served now, or an empty string."""
    lifecycle = request.app.state.lifecycle
    if lifecycle.draining:
        return "shutting down"
    if not lifecycle.migrated:
        return lifecycle.reason
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await anyio.to_thread.run_sync(ping, request.app.state.engine, limiter=_threads, abandon_on_cancel=True)
    except TimeoutError:
        return f"the database did not answer within {CHECK_SECONDS} s"
    except SQLAlchemyError as error:
        return f"the database can't be reached: {first_line(error)}"
    return ""


async def _todo_api(request: Request) -> str:
    """What is wrong with the todo-backend, as of at most a few seconds ago."""
    state = request.app.state
    asked, answer = getattr(state, "todo_api_seen", (0.0, ""))
    # A bad answer is asked for anew, so that recovery shows at once.
    if answer or time.monotonic() - asked > TODO_CHECK_EVERY:
        answer = await state.todo_api.problem()
        state.todo_api_seen = (time.monotonic(), answer)
    return answer
