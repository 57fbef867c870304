"""The database's password is replaced while the service works: new connections are made before, between and after."""

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

ROLE, OLD, NEW = "replaced", "old-password-17", "new-password-18"


@pytest.fixture
def role(postgres, database):
    """Gives a database user the password that it is called with."""
    with psycopg.connect(postgres.dsn(database), autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
        connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield lambda password: connection.execute(f"ALTER ROLE {ROLE} PASSWORD '{password}'")


@pytest.fixture(params=["make_engine", "make_probe_engine"])
def connect(request, settings):
    """Makes a new connection as that user, with the passwords that a pod has."""
    from backend_common import db

    engines = []

    def make(password, following):
        passwords = {"postgres_password": SecretStr(password), "postgres_password_next": SecretStr(following)}
        engine = getattr(db, request.param)(settings.model_copy(update={"database_user": ROLE, **passwords}), "test")
        engines.append(engine)

        def once():
            engine.dispose()
            with engine.connect() as connection:
                return connection.execute(text("SELECT 1")).scalar()

        return once

    yield make
    for engine in engines:
        engine.dispose()


def test_either_password_works_before_and_after_the_change(role, connect):
    once = connect(OLD, NEW)
    for password in (OLD, NEW, NEW, OLD):
        role(password)
        assert once() == 1


def test_with_neither_the_refusal_is_told_without_a_password(role, connect):
    role("another-password-19")
    with pytest.raises(OperationalError, match="password authentication failed") as refused:
        connect(OLD, NEW)()
    assert OLD not in str(refused.value) and NEW not in str(refused.value)


def test_a_server_that_does_not_answer_is_asked_once(settings, postgres, monkeypatch):
    from todo_testing.postgres import free_port

    from backend_common import db

    away = settings.model_copy(update={"database_port": free_port(), "postgres_password_next": SecretStr(NEW)})
    engine = db.make_engine(away, "test")
    asked = []
    connect = engine.dialect.connect
    monkeypatch.setattr(engine.dialect, "connect", lambda *args, **named: asked.append(1) or connect(*args, **named))
    with pytest.raises(OperationalError, match="refused"):
        engine.connect()
    assert asked == [1]
