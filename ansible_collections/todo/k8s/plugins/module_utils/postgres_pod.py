"""A PostgreSQL server in a pod: archives out of it and into it, and SQL, none of it with a password."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from ansible_collections.todo.k8s.plugins.module_utils import postgres, progress
from ansible_collections.todo.k8s.plugins.module_utils.archive_file import size_text
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.pod_exec import Ended, PodExec, find_pod

# In the documentation: the fragments todo.k8s.postgres and todo.k8s.cluster.
POSTGRES_ARGUMENTS = {
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "str", "required": True},
    "container": {"type": "str", "default": "postgresql"},
    "kubectl": {"type": "path", "default": "kubectl"},
    "timeout": {"type": "int", "default": 600},
    **CLUSTER_ARGUMENTS,
}


class DatabaseError(Exception):
    """PostgreSQL or one of its tools refused; the text names what was found, what is needed and the remedy."""


class Database:
    """The server behind `shell`."""

    def __init__(self, shell: PodExec, timeout: float) -> None:
        self._shell, self._timeout = shell, timeout

    def dump(self, file: BinaryIO) -> None:
        """Write the whole database into `file`, as one moment saw it.

        Raises:
            DatabaseError, KubeError: with pg_dump's own words; what is in the file then is worthless.
        """
        tell = _size_teller("saved", lambda: os.fstat(file.fileno()).st_size)
        ended = self._shell.run(postgres.dump_command(), stdout=file, timeout=self._timeout, tell=tell)
        _check(ended, "pg_dump", "needed the whole database. See the server's log")

    def verify(self, file: BinaryIO) -> None:
        """Read an archive to its end.

        Raises:
            DatabaseError: where it is none, or not a whole one.
        """
        if os.pread(file.fileno(), len(postgres.MAGIC), 0) != postgres.MAGIC:
            raise DatabaseError("found no archive, needed one of pg_dump --format=custom. Choose another file")
        _check(self._read(file, postgres.verify_command(), "checked"), "pg_restore", "needed a whole archive")

    def restore(self, file: BinaryIO) -> None:
        """Put the archive's content in the place of the database, all or nothing. Nobody may be signed in.

        Raises:
            DatabaseError, KubeError: the database is as it was.
        """
        self.sql(postgres.prepare_sql(), maintenance=True)
        try:
            ended = self._read(file, postgres.restore_command(), "restored")
            _check(ended, "pg_restore", "needed every object of the archive; the database is as it was")
            self.sql(postgres.swap_sql(), maintenance=True)
        except BaseException:
            self.sql(postgres.discard_sql(), maintenance=True)
            raise

    def content(self, wanted: Mapping[str, str]) -> dict[str, int]:
        """Tables that hold rows, and how many; see `content_sql`."""
        return postgres.content_found(self.sql(postgres.content_sql(wanted)))

    def set_password(self, password: str) -> None:
        """Give the user another password, and sign in with it as a client would.

        Raises:
            DatabaseError: where the server refuses one or the other.
        """
        self.sql(postgres.password_sql(postgres.scram_verifier(password)))
        ended = self._shell.run(postgres.sign_in_command(), f"{password}\n".encode(), timeout=self._timeout)
        _check(ended, "psql", "needed a sign-in with the new password. See pg_hba.conf and the server's log")

    def sql(self, text: bytes, maintenance: bool = False) -> str:
        """What SQL prints; see `sql_command`."""
        ended = self._shell.run(postgres.sql_command(maintenance), text, timeout=self._timeout)
        _check(ended, "psql", "needed no error. See the server's log")
        return ended.output

    def _read(self, file: BinaryIO, command: list[str], done: str) -> Ended:
        # The command reads through the same open file, past Python's buffer: its place in it shows how far it is.
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        tell = _size_teller(done, lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR))
        return self._shell.run(command, file, timeout=self._timeout, tell=tell)


def _size_teller(done: str, size: Callable[[], int]) -> Callable[[float], None]:
    return lambda seconds: progress.report(f"database: {size_text(size())} {done}, {seconds:.0f} s")


def _check(ended: Ended, tool: str, needed: str) -> None:
    if ended.status:
        # kubectl adds a line that only repeats the status.
        lines = [line for line in ended.errors.splitlines() if not line.startswith("command terminated with exit code")]
        said = " ".join(lines)[:400] or "no word"
        raise DatabaseError(f"found that {tool} ended with {ended.status} ({said}), {needed}")


def open_database(params: Mapping[str, Any]) -> Database:
    """The server that a module's parameters (POSTGRES_ARGUMENTS) name.

    Raises:
        KubeError: where there is no cluster or no ready pod.
    """
    kube = Kube(params["kubeconfig"], params["context"])
    pod = find_pod(kube, params["namespace"], params["selector"], params["container"])
    shell = PodExec(
        params["kubectl"], params["kubeconfig"], params["context"], params["namespace"], pod, params["container"]
    )
    return Database(shell, params["timeout"])


__all__ = ["POSTGRES_ARGUMENTS", "Database", "DatabaseError", "KubeError", "open_database"]
