"""Alembic's environment: one schema, one process at a time, everything or nothing."""

from alembic import context
from app.settings import SCHEMA, Settings
from sqlalchemy import Connection, text


def run(connection: Connection) -> None:
    """Migrate inside one transaction that holds an advisory lock, so that replicas take turns."""
    context.configure(connection=connection, version_table_schema=SCHEMA, transactional_ddl=True)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": SCHEMA})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{SCHEMA}"'))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    from app.db import make_engine

    with make_engine(Settings.load(), "alembic").connect() as own:
        run(own)
