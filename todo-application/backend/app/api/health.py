"""Probes: alive, and able to serve."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from backend_common.documented import SECONDS
from backend_common.probe import not_ready

router = APIRouter(tags=["probes"])


class HealthOut(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class ReadyOut(BaseModel):
    """It can serve."""

    status: Literal["ready"] = "ready"
    checks: dict[str, str] = {"database": "ok"}


class NotReadyOut(BaseModel):
    """It can't serve now."""

    status: Literal["unavailable"] = "unavailable"
    reason: str = Field(examples=["shutting down"])


NOT_READY = {"model": NotReadyOut, "description": "Not now", "headers": {"Retry-After": SECONDS}}


@router.get("/health")
async def health() -> HealthOut:
    """200 while the process lives."""
    return HealthOut()


@router.get("/ready", response_model=ReadyOut, responses={503: NOT_READY})
async def ready(request: Request) -> ReadyOut | JSONResponse:
    """200 when it can serve, else 503 with the reason."""
    state = request.app.state
    return not_ready(reason) if (reason := await state.probe.why_not_ready(state.lifecycle)) else ReadyOut()
