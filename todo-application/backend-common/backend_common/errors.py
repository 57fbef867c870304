"""The error envelope: every error leaves as {"error": {"code", "message", "request_id"}}."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from backend_common.logs import first_line, get_logger, request_id

log = get_logger("errors")

# SQLSTATEs of statements that the database broke off, though it is there: a statement or a lock took too long, a
# deadlock, a conflict between transactions.
BROKEN_OFF = ("57014", "55P03", "40P01", "40001")
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
RETRY_SOON = {"Retry-After": "1"}
STATUS_CODES = {400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 422: "invalid_input"}


class ApiError(HTTPException):
    """An expected failure: HTTP status, a machine-readable code, and a sentence for a person."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None):
        super().__init__(status, message, headers)
        self.status = status
        self.code = code
        self.message = message


def envelope(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Build the response for an error."""
    body = {"error": {"code": code, "message": message, "request_id": request_id()}}
    return JSONResponse(body, status_code=status, headers=headers)


def database_unavailable() -> JSONResponse:
    """The answer while PostgreSQL can't be reached: the client may try again."""
    message = "The database can't be reached at the moment; please try again."
    return envelope(503, "database_unavailable", message, RETRY_SOON)


def database_busy() -> JSONResponse:
    """The answer when PostgreSQL is there, but too slow: nothing was changed."""
    message = "The database is too busy at the moment; nothing was changed, please try again."
    return envelope(503, "database_busy", message, RETRY_SOON)


def describe_validation(error: RequestValidationError) -> str:
    """Turn pydantic's findings into one sentence: "title: String should have at least 1 character"."""
    parts = []
    for finding in error.errors():
        where = ".".join(str(part) for part in finding["loc"] if part not in ("body", "query", "path"))
        message = finding["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {message}" if where else message)
    return "; ".join(parts)


async def _on_api_error(_: Request, error: ApiError) -> Response:
    return envelope(error.status, error.code, error.message, error.headers)


def _allowed(request: Request) -> str:
    """The methods of this address; Starlette names those of its first route only."""
    scopes = [dict(request.scope, method=method) for method in METHODS]
    routes = request.app.router.routes
    return ", ".join(s["method"] for s in scopes if any(route.matches(s)[0] is Match.FULL for route in routes))


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    code = STATUS_CODES.get(error.status_code) or HTTPStatus(error.status_code).name.lower()
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return envelope(error.status_code, code, str(error.detail), headers or None)


async def _on_validation_error(_: Request, error: RequestValidationError) -> Response:
    return envelope(422, "invalid_input", describe_validation(error))


async def _on_database_error(_: Request, error: DBAPIError) -> Response:
    if getattr(error.orig, "sqlstate", None) in BROKEN_OFF:
        log.error("statement broken off", reason=first_line(error))
        return database_busy()
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        log.error("database unavailable", reason=first_line(error))
        return database_unavailable()
    raise error


async def _on_pool_timeout(_: Request, error: PoolTimeoutError) -> Response:
    log.error("no database connection became free", reason=str(error))
    return database_busy()


def install_error_handlers(app: FastAPI) -> None:
    """Register the handlers; an unexpected exception becomes a 500 in backend_common.middleware."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(PoolTimeoutError, _on_pool_timeout)
