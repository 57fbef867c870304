"""Backup, restore and the password's replacement, on a real PostgreSQL behind a stand-in for `kubectl exec`."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import archive_file, postgres
from ansible_collections.todo.k8s.plugins.module_utils.kube import KubeError
from ansible_collections.todo.k8s.plugins.module_utils.pod_exec import PodExec, running_pod
from ansible_collections.todo.k8s.plugins.module_utils.postgres_pod import Database, DatabaseError

sys.path.append(str(Path(__file__).resolve().parents[5] / "tests/support"))
from todo_testing.postgres import PASSWORD, Postgres

TABLES = b"CREATE SCHEMA todo; CREATE TABLE todo.users (id int PRIMARY KEY, email text);"


@pytest.fixture(scope="module")
def server():
    postgres_server = Postgres()
    try:
        postgres_server.start()
        yield postgres_server
    finally:
        postgres_server.remove()


@pytest.fixture
def kubectl(server, tmp_path):
    """Runs what follows `--` here, with the environment that the container would have."""
    path = tmp_path / "kubectl"
    path.write_text(
        '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\n'
        f'export PATH={server.bin}:"$PATH" PGHOST=127.0.0.1 PGPORT={server.port} PGPASSWORD={PASSWORD}\n'
        f'export POSTGRES_USER=todo POSTGRES_DB={tmp_path.name.replace("-", "_").lower()}\nexec "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def shell(kubectl):
    return PodExec(kubectl, None, None, "todo", "postgresql-0", "postgresql")


@pytest.fixture
def database(shell):
    found = Database(shell, 60)
    found.sql(b'CREATE DATABASE :"db";', maintenance=True)
    found.sql(TABLES + b"INSERT INTO todo.users VALUES (1, 'ann@example.org'), (2, 'verify-1@example.com');")
    yield found
    found.sql(b'DROP DATABASE :"db" WITH (FORCE);', maintenance=True)


def dumped(database, path):
    with archive_file.new_file(path) as file:
        database.dump(file)
        database.verify(file)
    return path


def users(database):
    return database.sql(b"SELECT string_agg(email, ' ' ORDER BY id) FROM todo.users;")


def databases(database):
    return database.sql(b"SELECT count(*) FROM pg_database WHERE datname IN (:'db', :'new', :'old');", True)


def test_what_was_saved_is_there_again_and_what_came_later_is_gone(database, tmp_path):
    path = dumped(database, tmp_path / "backups/one.dump")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # Also a table of a newer version of the application, which its old migrations would stumble over.
    database.sql(b"DELETE FROM todo.users; CREATE TABLE todo.later (id int);")
    with path.open("rb") as file:
        database.restore(file)
    assert users(database) == "ann@example.org verify-1@example.com"
    assert database.sql(b"SELECT to_regclass('todo.later') IS NULL;") == "t"
    assert databases(database) == "1"


def test_binary_data_comes_back_as_it_was(database, tmp_path):
    database.sql(
        b"CREATE TABLE todo.blobs AS SELECT g AS id, sha256(int4send(g)) AS bytes FROM generate_series(1, 5000) g;"
    )
    digest = b"SELECT md5(string_agg(bytes, '' ORDER BY id)) FROM todo.blobs;"
    before = database.sql(digest)
    path = dumped(database, tmp_path / "blobs.dump")
    database.sql(b"TRUNCATE todo.blobs;")
    with path.open("rb") as file:
        database.restore(file)
    assert database.sql(digest) == before


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95, 0.999])
def test_a_cut_off_archive_is_refused(database, tmp_path, share):
    database.sql(b"CREATE TABLE todo.blobs AS SELECT sha256(int4send(g)) AS bytes FROM generate_series(1, 20000) g;")
    whole = dumped(database, tmp_path / "whole.dump").read_bytes()
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with cut.open("rb") as file, pytest.raises(DatabaseError, match="needed a whole archive"):
        database.verify(file)


@pytest.mark.parametrize("content", [b"", b"SELECT 1;", b"PGDMP and then nothing of the kind"])
def test_a_file_that_is_no_archive_is_refused(database, tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with path.open("rb") as file, pytest.raises(DatabaseError, match="needed (one of pg_dump|a whole archive)"):
        database.verify(file)


def test_a_restore_that_fails_leaves_everything_as_it_was(database, tmp_path):
    path = dumped(database, tmp_path / "one.dump")
    cut = tmp_path / "cut.dump"
    cut.write_bytes(path.read_bytes()[:-200])
    database.sql(b"UPDATE todo.users SET email = 'later@example.org' WHERE id = 1;")
    with cut.open("rb") as file, pytest.raises(DatabaseError, match="the database is as it was"):
        database.restore(file)
    assert users(database) == "later@example.org verify-1@example.com"
    assert databases(database) == "1"


def test_what_an_interrupted_restore_left_is_no_hindrance(database, tmp_path):
    path = dumped(database, tmp_path / "one.dump")
    database.sql(b'CREATE DATABASE :"new"; ', maintenance=True)
    database.sql(b'CREATE DATABASE :"old"; ', maintenance=True)
    with path.open("rb") as file:
        database.restore(file)
    assert databases(database) == "1"


def test_a_dump_that_fails_leaves_no_file(database, tmp_path):
    database.sql(b"CREATE ROLE nobody_else; ALTER TABLE todo.users ENABLE ROW LEVEL SECURITY;")
    path = tmp_path / "backups/none.dump"
    broken = PodExec(_failing(tmp_path, "printf PGDMP; echo 'server closed the connection' >&2; exit 3"), *["x"] * 5)
    with pytest.raises(DatabaseError, match=r"pg_dump ended with 3 \(server closed the connection\)"):
        dumped(Database(broken, 60), path)
    assert list(path.parent.iterdir()) == []


def test_a_dump_that_ends_well_but_is_cut_off_leaves_no_file(database, kubectl, tmp_path):
    # As kubectl exec may, where the connection is lost: kubernetes/kubernetes issue 124571.
    script = f'case "$*" in *pg_dump*) {kubectl} "$@" | head -c 900 ;; *) exec {kubectl} "$@" ;; esac'
    path = tmp_path / "backups/none.dump"
    with pytest.raises(DatabaseError, match="needed a whole archive"):
        dumped(Database(PodExec(_failing(tmp_path, script), *["x"] * 5), 60), path)
    assert list(path.parent.iterdir()) == []


def _failing(folder, script):
    path = folder / "broken-kubectl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_backup_never_takes_another_ones_place(tmp_path):
    path = tmp_path / "one.dump"
    path.write_text("kept")
    with pytest.raises(FileExistsError), archive_file.new_file(path) as file:
        file.write(b"other")
    assert path.read_text() == "kept" and list(tmp_path.iterdir()) == [path]


def test_a_size_has_a_unit_that_tells_something():
    assert [archive_file.size_text(size) for size in (22331, 999_999, 1_500_000)] == ["22.3 kB", "1000.0 kB", "1.5 MB"]


def test_rows_that_count_are_told_by_table(database):
    assert database.content({}) == {"todo.users": 2}
    assert database.content({"todo.users": "email NOT LIKE 'verify-%@example.com'"}) == {"todo.users": 1}
    assert database.content({"todo.users": "email LIKE 'x%'", "todo.missing": ""}) == {}


@pytest.mark.parametrize("name", ["users", 'todo."Users"', "todo.users; DROP TABLE x", "todo.us'ers"])
def test_a_table_name_that_needs_quoting_is_refused(name):
    with pytest.raises(ValueError, match="SCHEMA.TABLE"):
        postgres.check_content({name: ""})


def test_a_new_password_is_known_and_the_old_one_is_not(database, shell):
    try:
        database.set_password("another-Password-17")
        assert shell.run(postgres.sign_in_command(), b"another-Password-17\n").status == 0
        assert (
            "password authentication failed" in shell.run(postgres.sign_in_command(), f"{PASSWORD}\n".encode()).errors
        )
    finally:
        again = postgres.password_sql(postgres.scram_verifier(PASSWORD))
        ended = shell.run(
            ["sh", "-c", "IFS= read -r PGPASSWORD; export PGPASSWORD; exec psql -U todo -v owner=todo postgres"],
            b"another-Password-17\n" + again,
        )
    assert ended.status == 0


def test_a_verifier_is_the_one_of_the_standards_example():
    # RFC 7677, section 3: user "user", password "pencil".
    import base64

    verifier = postgres.scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_a_command_that_does_not_end_is_ended(shell):
    with pytest.raises(KubeError, match="sleep has not ended after 0.3 s"):
        shell.run(["sleep", "30"], timeout=0.3)


def test_a_missing_kubectl_is_named():
    with pytest.raises(KubeError, match="kubectl at /nowhere/kubectl: found No such file"):
        PodExec("/nowhere/kubectl", None, None, "todo", "pod", "c").run(["true"])


def test_no_password_is_on_a_command_line(shell, tmp_path):
    for command in (
        postgres.dump_command(),
        postgres.restore_command(),
        postgres.sql_command(),
        postgres.sign_in_command(),
    ):
        assert "PASSWORD=" not in " ".join(command)


@pytest.mark.parametrize(
    ("ready", "leaving", "found"), [(True, None, "db-1"), (False, None, None), (True, "2026-12-01T10:00:00Z", None)]
)
def test_a_pod_has_to_be_ready_and_to_stay(ready, leaving, found):
    metadata = {"name": "db-1", **({"deletionTimestamp": leaving} if leaving else {})}
    pod = {"metadata": metadata, "status": {"containerStatuses": [{"name": "postgresql", "ready": ready}]}}
    assert running_pod([pod], "postgresql") == found
    assert running_pod([], "postgresql") is None
