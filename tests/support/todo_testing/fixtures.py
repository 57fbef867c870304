"""pytest fixtures; a suite's conftest.py imports what it needs."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from todo_testing.people import Person
from todo_testing.postgres import Postgres
from todo_testing.service import TODO_BACKEND, Service

Start = Callable[..., Service]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server shared by the suite. Tests that stop it start one of their own instead (`own_postgres`)."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server for one test, which may do with it what it likes. It has been started."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def database(postgres: Postgres) -> str:
    """The database that the suite's services share."""
    return postgres.create_database(f"todo_{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def todo(postgres: Postgres, database: str) -> Iterator[Service]:
    """The todo-backend, ready."""
    service = Service(TODO_BACKEND, postgres.environment(database))
    try:
        yield service.wait_ready()
    finally:
        service.stop()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts services that end with the test: start(folder, environment)."""
    running: list[Service] = []

    def starter(folder: Path, environment: dict[str, str]) -> Service:
        running.append(Service(folder, environment))
        return running[-1]

    yield starter
    for service in running:
        service.stop()


@pytest.fixture
def ada(todo: Service) -> Person:
    """Somebody with no tasks yet."""
    return Person(todo.url, "Ada")


@pytest.fixture
def bob(todo: Service) -> Person:
    """Somebody else."""
    return Person(todo.url, "Bob")
