"""What is said to PostgreSQL's tools inside its container: command lines, SQL and what their answers mean. No I/O.

The container's own environment names the user and the database, and its socket asks for no password: none is handed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

#: Bytes at the beginning of every archive of `pg_dump --format=custom`.
MAGIC = b"PGDMP"
#: Databases of a restore: the new one while it is filled, and the old one until the new one has taken its place.
NEW_SUFFIX, OLD_SUFFIX = "_restoring", "_replaced"
TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}")
SCRAM_ITERATIONS = 4096

_USER = "${POSTGRES_USER:-postgres}"
_DATABASE = "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"


def _shell(script: str, *arguments: str) -> list[str]:
    """A script for the container's own shell, which knows its environment; `arguments` are its $1, $2, …"""
    return ["sh", "-c", script, "sh", *arguments]


def dump_command() -> list[str]:
    """Write the database as an archive to standard output."""
    return _shell(f'exec pg_dump --format=custom --username="{_USER}" --dbname="{_DATABASE}"')


def verify_command() -> list[str]:
    """Read an archive from standard input to its end, every row of it: a cut-off one fails."""
    return ["pg_restore", "--file=/dev/null"]


def restore_command() -> list[str]:
    """Fill the new database from an archive on standard input, all or nothing; names of owners do not matter."""
    return _shell(
        f'exec pg_restore --username="{_USER}" --dbname="{_DATABASE}{NEW_SUFFIX}"'
        " --single-transaction --exit-on-error --no-owner --no-privileges"
    )


def sql_command(maintenance: bool = False) -> list[str]:
    """Run SQL from standard input, and print values only, tabs between them. `:"db"`, `:"new"`, `:"old"` are the names
    of the databases and `:"owner"` the user.

    Args:
        maintenance: connect to the database `postgres` instead: one cannot be renamed by its own sessions.
    """
    database = "postgres" if maintenance else _DATABASE
    names = f'-v db="{_DATABASE}" -v new="{_DATABASE}{NEW_SUFFIX}" -v old="{_DATABASE}{OLD_SUFFIX}" -v owner="{_USER}"'
    return _shell(
        f'exec psql --username="{_USER}" --dbname="{database}" --no-psqlrc --quiet --tuples-only --no-align'
        f" --field-separator='\t' -v ON_ERROR_STOP=1 {names}"
    )


def prepare_sql() -> bytes:
    """An empty database to restore into; what an interrupted restore left is removed."""
    return discard_sql() + b'CREATE DATABASE :"new" WITH TEMPLATE template0 OWNER :"owner";\n'


def swap_sql() -> bytes:
    """The new database takes the old one's place in one transaction; then the old one is removed."""
    return (
        b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (:'db', :'new')\n\\g /dev/null\n"
        b"BEGIN;\n"
        b'ALTER DATABASE :"db" RENAME TO :"old";\n'
        b'ALTER DATABASE :"new" RENAME TO :"db";\n'
        b"COMMIT;\n"
        b'DROP DATABASE :"old" WITH (FORCE);\n'
    )


def discard_sql() -> bytes:
    """What a failed or interrupted restore leaves is removed."""
    return b"".join(b'DROP DATABASE IF EXISTS :"%s" WITH (FORCE);\n' % name for name in (b"new", b"old"))


def check_content(content: Mapping[str, str]) -> None:
    """Refuse names of tables that would need quoting.

    Raises:
        ValueError: with what was found and what is needed.
    """
    for table in content:
        if not TABLE_NAME.fullmatch(str(table)):
            raise ValueError(f"content: found {table!r}, needed SCHEMA.TABLE in lower case. Correct the name.")


def content_sql(content: Mapping[str, str]) -> bytes:
    """Counts what a restore would lose: a line with table and number for each table.

    Args:
        content: table to the condition of the rows that count, empty for all; without any, all tables of all users'
            schemas. A table that does not exist has no rows.
    """
    if not content:
        # The outer query writes one statement for each table, which \gexec runs.
        return (
            b"SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, tablename)\n"
            b"FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')\n\\gexec\n"
        )
    lines = []
    for table, condition in sorted(content.items()):
        where = f" WHERE {condition}" if condition else ""
        # The name was checked, and the condition is SQL of the inventory's author.
        statement = f"SELECT '{table}', count(*) FROM {table}{where}".replace("'", "''")  # noqa: S608
        lines.append(f"SELECT '{statement}' WHERE to_regclass('{table}') IS NOT NULL\n\\gexec\n")
    return "".join(lines).encode()


def content_found(answer: str) -> dict[str, int]:
    """Tables that hold rows, and how many, from what `content_sql` printed."""
    rows = (line.split("\t") for line in answer.splitlines() if "\t" in line)
    return {table: int(count) for table, count in rows if int(count)}


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps of a password (RFC 5803): a server that gets this never sees the password itself, and
    neither do its log and its list of running statements.

    Args:
        password: printable ASCII; other characters would have to be normalised.
        salt: 16 bytes; random ones where it is None.
    """
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, client64, server64 = (base64.b64encode(value).decode() for value in (salt, client, server))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${client64}:{server64}"


def password_sql(verifier: str) -> bytes:
    """Give the user another password."""
    return f"ALTER ROLE :\"owner\" PASSWORD '{verifier}';\n".encode()


def sign_in_command() -> list[str]:
    """Sign in over TCP with the password in the first line of standard input, as the backends do."""
    return _shell(
        f'IFS= read -r PGPASSWORD; export PGPASSWORD; exec psql --host=127.0.0.1 --username="{_USER}"'
        f' --dbname="{_DATABASE}" --no-password --no-psqlrc --quiet --tuples-only --command="SELECT 1"'
    )
