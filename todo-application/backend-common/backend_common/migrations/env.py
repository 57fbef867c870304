"""Alembic's environment: one schema, one process at a time, everything or nothing."""

from alembic import context
from sqlalchemy import Connection, text


def run(connection: Connection, schema: str) -> None:
    """Migrate inside one transaction that holds an advisory lock, so that replicas take turns."""
    context.configure(connection=connection, version_table_schema=schema, transactional_ddl=True)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": schema})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        context.run_migrations()


given = context.config.attributes
if given:
    run(given["connection"], given["schema"])
else:
    # `alembic` at a prompt, in a backend's folder.
    from app.settings import SCHEMA, Settings
    from backend_common.db import make_engine

    with make_engine(Settings.load(), "alembic").connect() as own:
        run(own, SCHEMA)
