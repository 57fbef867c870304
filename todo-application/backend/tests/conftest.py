"""The suite runs against the service as a process, on a real PostgreSQL."""

from todo_testing.fixtures import ada, bob, database, own_postgres, postgres, start, todo  # noqa: F401
