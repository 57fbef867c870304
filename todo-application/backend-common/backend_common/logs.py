"""JSON log lines on standard output: time, severity, logger, message, request id, and fields of the event's own.

structlog makes them, also of what libraries say through the standard library's logging.
"""

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

get_logger = structlog.stdlib.get_logger


def request_id() -> str | None:
    """The id of the request being served, which every log line names."""
    return structlog.contextvars.get_contextvars().get("request_id")


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


def _arrange(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put first what every line has, under the names that the frontends use."""
    first = {"time": "time", "severity": "level", "logger": "logger", "message": "event"}
    return {name: event.pop(key) for name, key in first.items()} | event


def _exception(exc_info: ExcInfo) -> str:
    return describe_exception(exc_info[1])


def configure_logging(level: str) -> None:
    """Send everything through one handler on standard output, at `level` ("debug" to "critical")."""
    known = [
        structlog.processors.TimeStamper("iso", key="time"),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.contextvars.merge_contextvars,
    ]
    structlog.configure(
        [structlog.stdlib.filter_by_level, *known, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=known,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_exception),
                _arrange,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
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
