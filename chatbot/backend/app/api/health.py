"""Probes: alive, and able to serve."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from backend_common.probe import not_ready

router = APIRouter(tags=["probes"])

TODO_CHECK_EVERY = 5.0


@router.get("/health")
async def health() -> dict[str, str]:
    """200 while the process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when it can serve, else 503 with the reason.

    The todo-backend's state is told, not judged: conversations can be read without it, and answers say what is wrong.
    """
    state = request.app.state
    if reason := await state.probe.why_not_ready(state.lifecycle):
        return not_ready(reason)
    checks = {"database": "ok", "todo_api": await _todo_api(request) or "ok"}
    return JSONResponse({"status": "ready", "checks": checks, "assistant": state.chat.assistant})


async def _todo_api(request: Request) -> str:
    """What is wrong with the todo-backend, as of at most a few seconds ago."""
    state = request.app.state
    asked, answer = getattr(state, "todo_api_seen", (0.0, ""))
    # A bad answer is asked for anew, so that recovery shows at once.
    if answer or time.monotonic() - asked > TODO_CHECK_EVERY:
        answer = await state.todo_api.problem()
        state.todo_api_seen = (time.monotonic(), answer)
    return answer
