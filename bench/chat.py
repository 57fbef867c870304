"""People who talk to the built-in assistant as a load, and the time that is added before a model's first token."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from load import Sample, User

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Talker(User):
    """One account that talks, through the chat page's own origin."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._conversation: str | None = None
        self._count = 0

    def operations(self) -> Iterator[str]:
        """What a person says about a task, over and over."""
        while True:
            yield "add"
            yield "list"
            yield "complete by name"
            yield "reschedule"
            yield "overdue"
            yield "delete"

    def do(self, operation: str, due: float) -> None:
        """Say it and keep how long the answer took since it was due."""
        if operation == "add":
            self._count += 1
        message, wanted = {
            "add": (f"add measure number {self._count} by next friday", "Added task"),
            "list": ("show my pending tasks", "You have"),
            "complete by name": (f"mark measure number {self._count} as done", "Completed task"),
            "reschedule": (f"move task {self._task} to 3 May", "Changed task"),
            "overdue": ("what is overdue?", "You have"),
            "delete": (f"delete task {self._task}", "Deleted task"),
        }[operation]
        error = ""
        try:
            body = {"message": message} | ({"conversation_id": self._conversation} if self._conversation else {})
            answer = self._session.post(f"{self.origin}/api/chat", json=body, timeout=30)
            if answer.status_code != 200:
                error = f"{answer.status_code} {answer.text[:100]}"
            else:
                said = answer.json()
                self._conversation = said["conversation_id"]
                if not said["response"].startswith(wanted):
                    error = f"“{message}”: {said['response'][:100]}"
                elif operation == "add":
                    self._task = said["tool_calls"][0]["result"]["task_id"]
        except requests.RequestException as problem:
            error = type(problem).__name__
        now = time.monotonic()
        self.samples.append(Sample(operation, now, now - due, error))

    def forget(self) -> None:
        """Delete the conversation."""
        if self._conversation:
            self._session.delete(f"{self.origin}/api/conversations/{self._conversation}", timeout=30)
            self._conversation = None


def before_first_token(turns: int) -> list[float]:
    """Milliseconds that a chatbot-backend adds before a model's first token, of each of so many turns."""
    python = ROOT / ".venv-app/bin/python"
    if not python.exists():
        sys.exit(f"{python} is not there; needed: the applications' environment. Run tests/support/app-venv.sh first.")
    command = [python, ROOT / "bench/first_token.py", "--turns", str(turns)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit("bench/first_token.py failed, see above.")
    return json.loads(run.stdout)
