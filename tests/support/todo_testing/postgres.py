"""A PostgreSQL 15 server of the tests' own: on loopback, on a free port, in a temporary folder, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

VERSION = "15"
PASSWORD = "test-only-3f9a1c77"  # noqa: S105 - of a server that lives as long as the tests
SYSTEM_USER = "postgres"


def free_port() -> int:
    """A TCP port on loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binaries() -> Path:
    """The folder with initdb and pg_ctl.

    Raises:
        RuntimeError: when PostgreSQL isn't installed.
    """
    debian = Path(f"/usr/lib/postgresql/{VERSION}/bin")
    if (debian / "initdb").exists():
        return debian
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise RuntimeError(
        f"PostgreSQL {VERSION} is needed for the backends' tests and neither {debian} nor PATH has initdb; "
        "on Debian: apt-get install --no-install-recommends postgresql-15"
    )


class Postgres:
    """One server. As root it runs as the system's user postgres, because it refuses to run as root."""

    def __init__(self) -> None:
        self.bin = binaries()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="todo-pg-"))
        self.data = self.folder / "data"
        self.who: dict[str, object] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(SYSTEM_USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        self._run(
            "initdb", "--pgdata", self.data, "--username", "todo", "--pwfile", password_file,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip
        (self.data / "postgresql.auto.conf").write_text(
            f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self.folder}'\n"
            "fsync = off\nmax_connections = 200\nlog_min_messages = fatal\n"
        )

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.bin / program), *map(str, arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        # Output to a file: the server inherits it and would keep a pipe open for ever.
        with (self.folder / f"{program}.log").open("ab") as log:
            result = subprocess.run(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", env=environment, **self.who
            )
        if result.returncode:
            text = (self.folder / f"{program}.log").read_text()[-2000:]
            raise RuntimeError(f"{command[0]} ended with {result.returncode}:\n{text}")

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        self._run("pg_ctl", "--pgdata", self.data, "--wait", "--log", self.folder / "server.log", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop: "fast" breaks connections off, "immediate" is as good as a crash."""
        self._run("pg_ctl", "--pgdata", self.data, "--wait", "--mode", mode, "stop")

    def _processes(self) -> list[int]:
        server = int((self.data / "postmaster.pid").read_text().split()[0])
        return [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]

    def freeze(self) -> None:
        """Have the server hang: connections stay, and nothing answers."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        for process in self._processes():
            os.kill(process, signal.SIGCONT)

    def remove(self) -> None:
        """Stop, if running, and remove every trace."""
        if (self.data / "postmaster.pid").exists():
            self.thaw()
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its name."""
        import psycopg

        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return name

    def dsn(self, database: str) -> str:
        """A libpq connection string."""
        return f"host=127.0.0.1 port={self.port} user=todo password={PASSWORD} dbname={database} connect_timeout=5"

    def environment(self, database: str) -> dict[str, str]:
        """The services' variables that lead to `database`."""
        return {
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": database,
            "DATABASE_USER": "todo",
            "POSTGRES_PASSWORD": PASSWORD,
        }
