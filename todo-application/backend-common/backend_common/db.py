"""The connection pool and sessions."""

from typing import Any

from psycopg import OperationalError
from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from backend_common.settings import CommonSettings

STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
POOL_WAIT_SECONDS = 3
PROBE_TIMEOUT_MS = 2_000


def _url(settings: CommonSettings) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=settings.database_user,
        password=settings.postgres_password.get_secret_value(),
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
    )


def _connect_args(settings: CommonSettings, application_name: str, statement_timeout_ms: int) -> dict[str, object]:
    """Every wait is bounded: to connect, for a statement, for a lock, and for a peer that vanished without a word."""
    options = {
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": 30_000,
    }
    return {
        "connect_timeout": settings.database_connect_timeout,
        "application_name": application_name,
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }


def _either_password(engine: Engine, settings: CommonSettings) -> Engine:
    """While the password is being replaced, new connections try the one and then the other; the one that worked last is
    tried first. An old and a new pod work beside each other then, and so do the moments before and after."""
    if settings.postgres_password_next is None:
        return engine
    passwords = [settings.postgres_password.get_secret_value(), settings.postgres_password_next.get_secret_value()]

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
        first, second = passwords
        try:
            return dialect.connect(*arguments, **{**parameters, "password": first})
        except OperationalError as refused:
            if not getattr(refused.pgconn, "used_password", False):
                raise  # the server never asked for it: another one would not help
            try:
                connection = dialect.connect(*arguments, **{**parameters, "password": second})
            except OperationalError:
                raise refused from None
        passwords[:] = second, first
        return connection

    return engine


def make_engine(settings: CommonSettings, application_name: str) -> Engine:
    """Create the pool; no connection is made yet. Connections are tried before use, so that a restarted database costs
    no request. Errors don't repeat parameters: these are what people wrote."""
    engine = create_engine(
        _url(settings),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size // 2,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=1800,
        connect_args=_connect_args(settings, application_name, STATEMENT_TIMEOUT_MS),
    )
    return _either_password(engine, settings)


def make_probe_engine(settings: CommonSettings, application_name: str) -> Engine:
    """The one connection of /ready: whether the database answers has to show when all others are busy, too."""
    engine = create_engine(
        _url(settings),
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        pool_size=1,
        max_overflow=0,
        pool_timeout=PROBE_TIMEOUT_MS / 1000,
        connect_args=_connect_args(settings, f"{application_name}-probe", PROBE_TIMEOUT_MS),
    )
    return _either_password(engine, settings)


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit that precedes every answer."""
    return sessionmaker(engine, class_=Session, expire_on_commit=False)


def make_autocommit_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on the same pool where every statement is a transaction of its own: for reading, and for a change that
    is one statement. It saves two of five exchanges with the server."""
    return make_sessions(engine.execution_options(isolation_level="AUTOCOMMIT"))


def ping(engine: Engine) -> None:
    """Ask the database for an answer.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when none comes.
    """
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
