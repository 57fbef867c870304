"""The connection pool and sessions. This file is the same in both backends."""

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from app.base_settings import CommonSettings

STATEMENT_TIMEOUT_MS = 10_000
POOL_WAIT_SECONDS = 3


def make_engine(settings: CommonSettings, application_name: str) -> Engine:
    """Create the pool; no connection is made yet.

    Connections are tried before use, so that a restarted database costs no request, and every wait is bounded: to
    connect, for a free connection, for a statement, and for a peer that vanished without a word.
    """
    url = URL.create(
        "postgresql+psycopg",
        username=settings.database_user,
        password=settings.postgres_password.get_secret_value(),
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
    )
    connect_args = {
        "connect_timeout": settings.database_connect_timeout,
        "application_name": application_name,
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000",
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size // 2,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=1800,
        connect_args=connect_args,
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit that precedes every answer."""
    return sessionmaker(engine, class_=Session, expire_on_commit=False)


def ping(engine: Engine) -> None:
    """Ask the database for an answer.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when none comes.
    """
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
