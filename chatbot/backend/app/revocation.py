"""Tokens that were signed out. The todo-backend keeps them, in its schema of the database that both services have:
asking the database is one look-up by key, and needs no todo-backend that is up."""

from psycopg.errors import UndefinedTable
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from app.store import in_thread
from backend_common.tokens import Caller, signed_out

_REVOKED = text("SELECT EXISTS (SELECT FROM todo.revoked_tokens WHERE token_id = :token_id)")


def _is_revoked(engine: Engine, token_id: str) -> bool:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        try:
            return bool(connection.scalar(_REVOKED, {"token_id": token_id}))
        except ProgrammingError as error:
            # The todo-backend has not migrated yet: nobody can have signed out.
            if isinstance(error.orig, UndefinedTable):
                return False
            raise


async def refuse_revoked(engine: Engine, caller: Caller) -> None:
    """Raise the 401 for a token that was signed out."""
    if await in_thread(_is_revoked, engine, caller.token_id):
        raise signed_out()
