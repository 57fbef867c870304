"""The suite runs against the service as a process, on a real PostgreSQL."""

import pytest
from todo_testing.fixtures import ada, bob, database, own_postgres, postgres, start, todo  # noqa: F401
from todo_testing.service import JWT_KEY


@pytest.fixture
def settings(postgres, database):  # noqa: F811
    """The settings of a service on the suite's database, for tests that call its parts themselves."""
    from app.settings import Settings

    environment = postgres.environment(database) | {"JWT_SECRET_KEY": JWT_KEY}
    return Settings(**{name.lower(): value for name, value in environment.items()})


@pytest.fixture
def sql(postgres, database):  # noqa: F811
    """A connection to the suite's database that commits each statement."""
    import psycopg

    with psycopg.connect(postgres.dsn(database), autocommit=True) as connection:
        yield connection
