"""A backend as a process of its own, started as its container starts it: `python -m app`."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from todo_testing.postgres import free_port

ROOT = Path(__file__).resolve().parents[3]
TODO_BACKEND = ROOT / "todo-application" / "backend"
CHATBOT_BACKEND = ROOT / "chatbot" / "backend"
PROCESS = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "todo-application" / "backend-common")}
"""The environment of a backend's process, without settings."""
JWT_KEY = "tests-only-5b0f1d2e9c8a7746b3d1f0e2"


def eventually(probe: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Call `probe` until it returns something true and return that; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := probe():
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or probe}"
        time.sleep(0.05)


class Service:
    """A running backend with an HTTP client for it."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = Path(tempfile.mkstemp(prefix="todo-service-", suffix=".log")[1])
        self.environment = {
            **PROCESS,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "JWT_SECRET_KEY": JWT_KEY,
            "LOG_LEVEL": "debug",
            "SHUTDOWN_DRAIN_SECONDS": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app"],
                cwd=folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.client = httpx2.Client(base_url=self.url, timeout=15, trust_env=False)

    def answers(self, path: str, status: int = 200) -> httpx2.Response | None:
        """The response to GET `path` if it has `status`, else None; AssertionError if the process has ended."""
        assert self.process.poll() is None, f"the service ended with {self.process.returncode}:\n{self.text()}"
        try:
            response = httpx2.get(self.url + path, timeout=5, trust_env=False)
        except httpx2.TransportError:
            return None
        return response if response.status_code == status else None

    def wait_ready(self) -> "Service":
        """Wait until /ready answers 200."""
        eventually(lambda: self.answers("/ready"), 30, f"ready:\n{self.text()}")
        return self

    def text(self) -> str:
        """Everything it has written so far."""
        return self.output.read_text()

    def logs(self) -> list[dict[str, Any]]:
        """Its log lines; every line has to be a JSON object."""
        # A line that is being written has no end yet.
        return [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("\n")]

    def stop(self, seconds: float = 20) -> int:
        """Send SIGTERM, wait, and return the exit status."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.output.unlink(missing_ok=True)
