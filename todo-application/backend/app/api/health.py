"""Probes: alive, and able to serve."""

import asyncio

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from app.db import ping
from app.prestart import first_line

router = APIRouter(tags=["probes"])

CHECK_SECONDS = 2.5
# Threads of their own: probes must not queue behind requests that wait for the same lost database.
_threads = anyio.CapacityLimiter(2)


@router.get("/health")
async def health() -> dict[str, str]:
    """200 while the process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when it can serve, else 503 with the reason."""
    reason = await why_not_ready(request)
    if reason:
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
    return JSONResponse({"status": "ready", "checks": {"database": "ok"}})


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
