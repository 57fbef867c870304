"""What the callback ``todo.k8s.progress`` shows, apart from threads, files and terminals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

INDENT = "    … "
HEARTBEAT_S = 10.0
# Molecule's idempotence step searches the output for this pattern: it belongs to the recap alone.
_RECAP_LIKE = re.compile(r"changed=(?=\d)")


def harmless(text: str) -> str:
    """Return the text on one line and without anything that reads like a figure of the recap."""
    return _RECAP_LIKE.sub("changed: ", " ".join(text.split()))


def stage_of(task: Any) -> str:
    """Return the stage a task belongs to: the last part of its role's name, or ``playbook`` outside of any role."""
    role = getattr(task, "_role", None)
    return role.get_name().rsplit(".", 1)[-1] if role else "playbook"


class Stopwatch:
    """Adds up wall seconds per stage, in the order of the stages' first appearance.

    :param clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sums: dict[str, float] = {}
        self._current: str | None = None
        self._since = self._began = clock()

    def enter(self, stage: str | None) -> None:
        """End the stage that runs and begin another one (None: nothing runs any more)."""
        now = self._clock()
        if self._current is not None:
            self._sums[self._current] += now - self._since
        self._current, self._since = stage, now
        if stage is not None:
            self._sums.setdefault(stage, 0.0)

    def elapsed(self) -> float:
        """Return the seconds spent in the present stage so far, 0 when none runs."""
        if self._current is None:
            return 0.0
        return self._sums[self._current] + self._clock() - self._since

    def rows(self) -> list[tuple[str, float]]:
        """Return (stage, seconds) in order of first appearance."""
        return list(self._sums.items())

    def total(self) -> float:
        """Return the seconds since the stopwatch was made."""
        return self._clock() - self._began


class Heartbeat:
    """Decides when silence has lasted so long that a sign of life is due.

    :param clock: A monotonic clock, in seconds.
    :param every: Seconds of silence between two signs.
    """

    def __init__(self, clock: Callable[[], float], every: float = HEARTBEAT_S) -> None:
        self._clock, self._every = clock, every
        self._task: str | None = None
        self._began = self._heard = clock()

    def task(self, name: str | None) -> None:
        """A task begins (None: none runs)."""
        self._task, self._began = name, self._clock()
        self._heard = self._began

    def heard(self) -> None:
        """A line was printed: silence begins anew."""
        self._heard = self._clock()

    def due(self) -> str | None:
        """Return the sign of life that is due now, or None."""
        now = self._clock()
        if self._task is None or now - self._heard < self._every:
            return None
        self._heard = now
        return f"{INDENT}still running: {harmless(self._task)} ({now - self._began:.0f} s)"


def split_lines(buffer: bytes) -> tuple[list[str], bytes]:
    """Take the texts of complete progress lines from a buffer.

    :return: The texts (a line that is not the JSON of ``progress.report`` is taken as it is) and what remains.
    """
    *lines, rest = buffer.split(b"\n")
    texts = []
    for line in lines:
        plain = line.decode(errors="replace").strip()
        try:
            text = str(json.loads(plain)["text"])
        except (ValueError, TypeError, KeyError):
            text = plain
        if text:
            texts.append(text)
    return texts, rest


def phases_of(result: Any) -> dict[str, float]:
    """Return the phases with their seconds that a module returned as ``seconds``, nothing where it returned none."""
    seconds = result.get("seconds") if isinstance(result, Mapping) else None
    if not isinstance(seconds, Mapping):
        return {}
    return {str(name): value for name, value in seconds.items() if isinstance(value, (int, float))}


def progress_line(stage: str, seconds: float, text: str) -> str:
    """Return the line shown for one progress text; ``seconds`` is the stage's time so far."""
    return f"{INDENT}{stage} {seconds:.0f} s: {harmless(text)}"


def table(rows: Iterable[tuple[str, float]], total: float) -> list[str]:
    """Return the lines of the table of stage durations, in seconds."""
    named = [*rows, ("total", total)]
    width = max(len(name) for name, _seconds in named)
    return ["Seconds by stage", *(f"  {name:<{width}}  {seconds:8.1f}" for name, seconds in named)]
