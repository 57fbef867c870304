"""Probes: alive, and able to serve."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.probe import not_ready

router = APIRouter(tags=["probes"])


@router.get("/health")
async def health() -> dict[str, str]:
    """200 while the process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when it can serve, else 503 with the reason."""
    state = request.app.state
    if reason := await state.probe.why_not_ready(state.lifecycle):
        return not_ready(reason)
    return JSONResponse({"status": "ready", "checks": {"database": "ok"}})
