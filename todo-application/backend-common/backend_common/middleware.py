"""Around every request: its id, a limit on its size, one log line, and a 500 that still is an envelope.

Plain ASGI, so that event streams pass through unbuffered.
"""

import asyncio
import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_common.errors import RETRY_SOON, ApiError, envelope
from backend_common.lifecycle import Lifecycle
from backend_common.logs import get_logger

log = get_logger("access")

ACCEPTED_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
MAX_BODY = 1024 * 1024
# Answers are data: nothing in them is to run, to be shown in a frame or to be kept.
SECURITY_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
PROBES = ("/health", "/ready")


def _too_large() -> ApiError:
    return ApiError(413, "too_large", f"The request's body is over {MAX_BODY} bytes.")


class RequestMiddleware:
    """Wraps the application; see the module's text."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle):
        self.app = app
        self.lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        rid = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=rid):
            await self._serve(rid, scope, receive, send)

    async def _serve(self, rid: str, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > MAX_BODY:
                    raise _too_large()
            return message

        async def tagged_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = rid
                for name, value in SECURITY_HEADERS:
                    out.setdefault(name, value)
                if self.lifecycle.draining:
                    # Kept-alive connections would otherwise bring requests until the very end.
                    out["Connection"] = "close"
            await send(message)

        try:
            length = Headers(scope=scope).get("content-length", "")
            if length.isdigit() and int(length) > MAX_BODY:
                error = _too_large()
                await envelope(error.status, error.code, error.message)(scope, receive, tagged_send)
                return
            await self.app(scope, counted_receive, tagged_send)
        except asyncio.CancelledError:
            # The server does this when the time for shutting down is up.
            if status:
                raise
            message = "The service shuts down; whether this request was carried out is not known."
            await envelope(503, "cut_off", message, RETRY_SOON)(scope, receive, tagged_send)
        except ClientDisconnect:
            # Gone before all of the request was here: nobody waits for an answer.
            pass
        except Exception as error:
            if status:
                raise
            if isinstance(error, ApiError):
                response = envelope(error.status, error.code, error.message, error.headers)
            else:
                log.exception("unexpected error")
                response = envelope(500, "internal_error", "Something went wrong on our side.")
            await response(scope, receive, tagged_send)
        finally:
            self._log(scope, status, time.perf_counter() - started)

    @staticmethod
    def _log(scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"]
        # 304: a page asked whether there is something new, as it does all the time.
        quiet = (path in PROBES and status < 400) or status == 304
        emit = log.debug if quiet else log.error if status >= 500 else log.info
        client = scope["client"][0] if scope.get("client") else None
        # Whoever recognises the caller leaves the number in the request's state.
        user = scope.get("state", {}).get("user_id")
        emit(
            f"{scope['method']} {path} {status or 'aborted'}",
            method=scope["method"],
            path=path,
            status=status,
            duration_ms=round(seconds * 1000, 1),
            client=client,
            **({"user_id": user} if user is not None else {}),
        )
