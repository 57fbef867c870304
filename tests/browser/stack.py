"""The whole application on this machine for the browser tests: PostgreSQL, both backends, both frontends.

Everything listens on loopback, on free ports, as a process of this one, and is gone after `stop`.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from todo_testing.postgres import Postgres, free_port  # noqa: E402

PYTHON = ROOT / ".venv-app" / "bin" / "python"
BACKENDS = {"todo-backend": ROOT / "todo-application" / "backend", "chatbot-backend": ROOT / "chatbot" / "backend"}
FRONTENDS = {"todo-frontend": ROOT / "todo-application" / "frontend", "chatbot-frontend": ROOT / "chatbot" / "frontend"}
SHARED = ROOT / "todo-application" / "shared"
JWT_KEY = "browser-tests-only-7c1e9a40b2d65f83"
READY_SECONDS = 30


def _sources(folder: Path) -> list[Path]:
    found = []
    for directory, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in ("node_modules", ".next", "test")]
        found += [Path(directory) / name for name in names if not name.endswith((".md", ".tsbuildinfo", "env.d.ts"))]
    return found


def provide_packages() -> None:
    """Install what the frontends are made of, unless it is there.

    Raises:
        RuntimeError: when Node or npm is missing.
        subprocess.CalledProcessError: when npm fails; its output is in the test's.
    """
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise RuntimeError(
            f"{' and '.join(missing)} not found on PATH; needed: Node 18 or later with npm"
            " (playbooks/prepare_tests.yml installs Debian's)"
        )
    stamp = ROOT / "node_modules" / ".todo-stamp"
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run(["npm", "ci"], cwd=ROOT, check=True)
        stamp.write_text(wanted)


def build(name: str) -> Path:
    """Build a frontend unless its build is newer than every source; returns the folder that runs.

    Raises:
        subprocess.CalledProcessError: when the build fails; its output is in the test's.
    """
    folder = FRONTENDS[name]
    built = folder / ".next" / "app" / "main.cjs"
    sources = [ROOT / "package.json", ROOT / "package-lock.json", *_sources(folder), *_sources(SHARED)]
    if not built.exists() or built.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        subprocess.run(["npm", "run", "build", "--workspace", str(folder.relative_to(ROOT))], cwd=ROOT, check=True)
        built.touch()
    return built.parent


def status_of(url: str) -> int | None:
    """The status of a GET, or None when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=3) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def _is_trouble(line: str) -> bool:
    try:
        return json.loads(line)["severity"] in ("error", "critical")
    except (ValueError, LookupError, TypeError):
        return True


class Process:
    """One service of the stack; it can be stopped and started again on the same port."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str], logs: Path):
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = logs / f"{name}.log"
        self.command, self.folder = command, folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "HOSTNAME": "127.0.0.1",
            "SERVICE_NAME": name,
            "SHUTDOWN_DRAIN_SECONDS": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, path: str = "/ready") -> None:
        """Start and wait until `path` answers 200.

        Raises:
            RuntimeError: when it ends or takes too long; the text has its last log lines.
        """
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + READY_SECONDS
        while status_of(self.url + path) != 200:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} is not ready:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, with whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Send SIGTERM and give the exit status; what doesn't end within 20 s is killed."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._process = None


class Stack:
    """The running application."""

    def __init__(self) -> None:
        provide_packages()
        # Together: a build waits for its own workers half of the time.
        with ThreadPoolExecutor() as pool:
            folders = dict(zip(FRONTENDS, pool.map(build, FRONTENDS), strict=True))
        if not PYTHON.exists():
            subprocess.run([str(ROOT / "tests" / "support" / "app-venv.sh")], check=True)
        self.logs = Path(tempfile.mkdtemp(prefix="todo-browser-"))
        self.postgres = Postgres()
        common = {
            **self.postgres.environment("postgres"),
            "JWT_SECRET_KEY": JWT_KEY,
            # What both are built on; in the images it lies beside them.
            "PYTHONPATH": str(ROOT / "todo-application" / "backend-common"),
        }
        todo = Process("todo-backend", [str(PYTHON), "-m", "app"], BACKENDS["todo-backend"], common, self.logs)
        chatbot = Process(
            "chatbot-backend",
            [str(PYTHON), "-m", "app"],
            BACKENDS["chatbot-backend"],
            {**common, "TODO_API_URL": todo.url},
            self.logs,
        )
        addresses = {"TODO_API_URL": todo.url, "CHATBOT_API_URL": chatbot.url}
        pages = {
            name: Process(name, ["node", "main.cjs"], folders[name], addresses, self.logs)
            for name in ("todo-frontend", "chatbot-frontend")
        }
        # Known only now: each page links to the other's port.
        for page in pages.values():
            page.environment["TODO_PUBLIC_URL"] = f"http://localhost:{pages['todo-frontend'].port}"
            page.environment["CHATBOT_PUBLIC_URL"] = f"http://localhost:{pages['chatbot-frontend'].port}"
        self.services = {"todo-backend": todo, "chatbot-backend": chatbot, **pages}

    def start(self) -> None:
        """Start everything, in the order in which each finds what it needs."""
        self.postgres.start()
        for service in self.services.values():
            service.start()

    def extra(self, name: str, environment: dict[str, str]) -> Process:
        """Start another process of the service `name` with settings of its own; it ends with the stack."""
        like = self.services[name]
        settings = {**like.environment, **environment}
        settings.pop("PORT")
        process = Process(f"{name}-{len(self.services)}", like.command, like.folder, settings, self.logs)
        self.services[process.name] = process
        process.start()
        return process

    def errors(self) -> str:
        """What the services have logged of errors, and whatever is no log line; each one's last lines."""
        found = []
        for path in sorted(self.logs.glob("*.log")):
            lines = [line for line in path.read_text(errors="replace").splitlines() if _is_trouble(line)]
            found += [f"{path.stem}: {line}" for line in lines[-20:]]
        return "\n".join(found)

    def stop(self) -> None:
        """End everything and remove every trace."""
        for service in reversed(self.services.values()):
            service.stop()
        self.postgres.remove()
        shutil.rmtree(self.logs, ignore_errors=True)
