"""Users of the Todo page as a load: at a fixed rate, as people come, or one request after the other, to saturation."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests


@dataclass(frozen=True)
class Sample:
    """One request: which operation, when it ended (monotonic s), how long it took (s), and what was wrong with it."""

    operation: str
    ended: float
    seconds: float
    error: str = ""


@dataclass
class User:
    """One account, signed in through the page's own origin.

    :param origin: The page, http://HOST:PORT.
    """

    origin: str
    email: str
    password: str
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the outside world has no business with this machine
        self._task = 0

    def sign_in(self) -> None:
        """Sign in, and up before that where the account is not there. Exits when neither works."""
        account = {"email": self.email, "password": self.password}
        for path in ("login", "register"):
            answer = self._session.post(f"{self.origin}/api/auth/{path}", json=account, timeout=30)
            if answer.ok:
                self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                self._session.cookies.clear()
                return
        raise SystemExit(f"{self.origin}: {self.email} cannot sign in or up: {answer.status_code} {answer.text[:200]}")

    def clear(self) -> None:
        """Delete all tasks of this account."""
        for task in self._session.get(f"{self.origin}/api/tasks", timeout=30).json():
            self._session.delete(f"{self.origin}/api/tasks/{task['id']}", timeout=30)

    def operations(self) -> Iterator[str]:
        """What a person does with a task, over and over; each step is done when the next one is asked for."""
        while True:
            yield "create"
            yield "list"
            yield "read"
            yield "update"
            yield "complete"
            yield "delete"

    def do(self, operation: str, due: float) -> None:
        """Do one operation and keep how long it took since it was due."""
        tasks = f"{self.origin}/api/tasks"
        one = f"{tasks}/{self._task}"
        method, url, sent, wanted = {
            "create": ("POST", tasks, {"title": "Measure", "description": "Made by make bench-app"}, 201),
            "list": ("GET", f"{tasks}?status=pending&sort=due_date", None, 200),
            "read": ("GET", one, None, 200),
            "update": ("PATCH", one, {"title": "Measure twice", "due_date": "2030-01-31"}, 200),
            "complete": ("PATCH", f"{one}/complete", None, 200),
            "delete": ("DELETE", one, None, 204),
        }[operation]
        error = ""
        try:
            answer = self._session.request(method, url, json=sent, timeout=30)
            if answer.status_code != wanted:
                error = f"{answer.status_code} {answer.text[:100]}"
            elif operation == "create":
                self._task = answer.json()["id"]
        except requests.RequestException as problem:
            error = type(problem).__name__
        now = time.monotonic()
        self.samples.append(Sample(operation, now, now - due, error))


def _together(users: list[User], drive) -> list[Sample]:
    """Let all users go at once, each in a thread of its own; their samples."""
    for user in users:
        user.samples.clear()
    threads = [threading.Thread(target=drive, args=(number, user)) for number, user in enumerate(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [sample for user in users for sample in user.samples]


def steady(users: list[User], rate: float, seconds: float) -> list[Sample]:
    """Each user makes `rate` requests a second. A request that waits for the one before counts that wait: a slow answer
    must not make the load smaller (coordinated omission)."""
    begun = time.monotonic() + 0.1

    def drive(number: int, user: User) -> None:
        operations = user.operations()
        for turn in range(int(seconds * rate)):
            due = begun + (turn + number / len(users)) / rate
            time.sleep(max(0.0, due - time.monotonic()))
            user.do(next(operations), due)

    return _together(users, drive)


def saturated(users: list[User], seconds: float) -> list[Sample]:
    """Each user makes its next request as soon as the last one is answered."""
    end = time.monotonic() + seconds

    def drive(_number: int, user: User) -> None:
        for operation in user.operations():
            if time.monotonic() > end:
                return
            user.do(operation, time.monotonic())

    return _together(users, drive)


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
