"""Rows that have lost their meaning go; the others stay."""

from app.models import EXPIRING
from backend_common.housekeeping import clear_expired

ROWS = {
    "idempotency_keys": "(user_id, key, fingerprint, answer, expires_at) SELECT {user}, {name}, '', '', {when}",
    "revoked_tokens": "(token_id, expires_at) SELECT {name}, {when}",
    "sign_in_failures": "(subject, failures, expires_at) SELECT {name}, 1, {when}",
}
NAMES = {"idempotency_keys": "key", "revoked_tokens": "token_id", "sign_in_failures": "subject"}


def test_expired_rows_go_and_nobody_waits(ada, settings, sql, postgres, database):
    import psycopg

    from backend_common.db import make_engine, make_sessions

    for table, columns in ROWS.items():
        for name, when in (("old", "- interval '1 s'"), ("held", "- interval '1 s'"), ("new", "+ interval '1 h'")):
            row = columns.format(user=ada.id, name=f"'{name}'", when=f"now() {when}")
            sql.execute(f"INSERT INTO todo.{table} {row}")
    engine = make_engine(settings, "housekeeping")
    try:
        with psycopg.connect(postgres.dsn(database)) as other:
            for table, column in NAMES.items():
                other.execute(f"SELECT FROM todo.{table} WHERE {column} = 'held' FOR UPDATE")
            assert clear_expired(make_sessions(engine), EXPIRING) >= 3
            assert left(sql) == {table: ["held", "new"] for table in NAMES}
        clear_expired(make_sessions(engine), EXPIRING)
        assert left(sql) == {table: ["new"] for table in NAMES}
    finally:
        engine.dispose()


def left(sql):
    query = "SELECT {column} FROM todo.{table} WHERE {column} IN ('old', 'held', 'new') ORDER BY 1"
    return {
        table: [name for (name,) in sql.execute(query.format(table=table, column=column)).fetchall()]
        for table, column in NAMES.items()
    }
