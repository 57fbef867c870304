"""The installation that the tests change, and people who use it meanwhile."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CLIENT = Path(__file__).resolve().parents[2] / "molecule/default/files/steady_client.py"
ROLLOUT_SECONDS = 180


@dataclass(frozen=True)
class Installation:
    """Where the pages are, and how the cluster is reached."""

    todo: str
    chatbot: str
    namespace: str
    command: list[str]

    def kubectl(self, *arguments: str) -> str:
        """What kubectl says; an error is the test's."""
        done = subprocess.run(
            [*self.command, f"--namespace={self.namespace}", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def roll(self, deployment: str) -> None:
        """Replace a Deployment's pods, and wait until the new ones serve; the old ones may still be ending."""
        self.kubectl("rollout", "restart", f"deployment/{deployment}")
        self.kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={ROLLOUT_SECONDS}s")


@pytest.fixture(scope="session")
def installation() -> Installation:
    """The one that the environment names."""
    try:
        return Installation(
            os.environ["TODO_URL"],
            os.environ["CHATBOT_URL"],
            os.environ["NAMESPACE"],
            shlex.split(os.environ["KUBECTL"]),
        )
    except KeyError as missing:
        pytest.fail(f"{missing.args[0]} is not set: these tests need an installation, see tests/cluster/README.md")


@contextmanager
def people(installation: Installation, folder: Path, number: int) -> Iterator[dict]:
    """Some who use both pages without a pause; afterwards the dictionary has what they saw."""
    stop, seen = folder / f"stop-{secrets.token_hex(4)}", {}
    command = [
        sys.executable,
        str(CLIENT),
        f"--todo={installation.todo}",
        f"--chatbot={installation.chatbot}",
        f"--password=Aa1-{secrets.token_urlsafe(16)}",
        f"--stop={stop}",
        f"--clients={number}",
        "--keep-alive",
        "--seconds=1200",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        try:
            yield seen
        finally:
            stop.touch()
            seen.update(json.loads(client.communicate(timeout=60)[0]))
