"""JSON logs on standard output: one object a line with time, severity, logger, message and request id."""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served, for log lines and for calls to other services."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message. Of a database's message the rest may hold what a person wrote, such as
    "DETAIL: Failing row contains (…)"; of SQLSTATE class 22 (bad data) the first line does, too."""
    original = getattr(error, "orig", None) or error
    if str(getattr(original, "sqlstate", None) or "").startswith("22"):
        return f"SQLSTATE {original.sqlstate}"
    return (str(original).strip().splitlines() or [type(original).__name__])[0]


def describe_exception(error: BaseException | None) -> str:
    """A traceback with each exception's type and first line, the newest last."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{type(getattr(error, 'orig', None) or error).__qualname__}: {first_line(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object. A dictionary given as `extra={"data": {...}}` is merged into it."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if rid := request_id.get():
            entry["request_id"] = rid
        data = getattr(record, "data", None)
        if isinstance(data, dict):
            entry.update(data)
        if record.exc_info:
            entry["exception"] = describe_exception(record.exc_info[1])
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send everything through one handler on standard output, at `level` ("debug" to "critical")."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These bring handlers of their own, or name whole URLs and bodies at INFO.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    quiet = max(logging.WARNING, root.level)
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "openai.agents", "mcp", "chatkit", "alembic"):
        logging.getLogger(name).setLevel(quiet)


def get_logger(name: str) -> logging.Logger:
    """Return the logger `name`."""
    return logging.getLogger(name)
