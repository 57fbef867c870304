"""Live progress of long tasks, and a table of what each stage took."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Shows what a long task is doing, and how long each stage took
version_added: 1.0.0
description:
  - Prints what modules append to the file named in E(TODO_K8S_PROGRESS) while their task still runs, and a sign of life
    after every ten seconds of silence.
  - After the recap prints the wall seconds of each role, in the order in which they first ran.
  - Plain lines only, so a terminal, a pipe and a CI log look alike. The recap of the standard output callback stays.
requirements:
  - Enabled as C(todo.k8s.progress) in C(callbacks_enabled).
options:
  timings_path:
    description:
      - A file to which one line of JSON with the stages' durations is appended at the end, and with those of the phases
        that a module returned as C(seconds).
    type: path
    env:
      - name: TODO_K8S_TIMINGS
    ini:
      - section: callback_todo_k8s_progress
        key: timings_path
"""

import atexit
import contextlib
import json
import os
import tempfile
import threading
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase

from ansible_collections.todo.k8s.plugins.module_utils.progress import ENVIRONMENT_VARIABLE
from ansible_collections.todo.k8s.plugins.plugin_utils.progress_view import (
    Heartbeat,
    Stopwatch,
    phases_of,
    progress_line,
    split_lines,
    stage_of,
    table,
)

POLL_S = 0.2


class CallbackModule(CallbackBase):
    """One thread reads the progress file; the lock keeps it apart from the callbacks of the main thread."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "todo.k8s.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._reader = None
        self._rest = b""
        self._stage = "playbook"
        self._stopwatch = Stopwatch(time.monotonic)
        self._heartbeat = Heartbeat(time.monotonic)
        self._tasks = 0
        self._phases: dict[str, dict[str, float]] = {}
        self._pid = os.getpid()

    def v2_playbook_on_start(self, playbook) -> None:
        """Make the progress file, tell it to the modules through the environment, and start reading."""
        descriptor, path = tempfile.mkstemp(prefix="todo-k8s-progress-")
        self._reader = os.fdopen(descriptor, "rb", buffering=0)
        os.environ[ENVIRONMENT_VARIABLE] = path
        atexit.register(self._close, path)
        self._thread = threading.Thread(target=self._watch, name="todo.k8s.progress", daemon=True)
        self._thread.start()

    def v2_playbook_on_task_start(self, task, is_conditional) -> None:
        """Count the time that passes from here on for the task's stage."""
        with self._lock:
            self._print_news()
            self._tasks += 1
            self._stage = stage_of(task)
            self._stopwatch.enter(self._stage)
            self._heartbeat.task(task.get_name())

    def v2_playbook_on_handler_task_start(self, task) -> None:
        """A handler is a task like any other."""
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result) -> None:
        """Keep the durations of phases that a module tells, for the file of timings."""
        phases = phases_of(result.result)
        if phases:
            self._phases.setdefault(self._stage, {}).update(phases)

    def v2_playbook_on_stats(self, stats) -> None:
        """Print the table, once, below the recap (the standard output callback comes first)."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)
        with self._lock:
            self._print_news()
            self._stopwatch.enter(None)
            self._heartbeat.task(None)
        if self._tasks:
            rows, total = self._stopwatch.rows(), self._stopwatch.total()
            self._display.display("\n".join(table(rows, total)))
            self._append_timings(dict(rows), total)
        self._close(os.environ.get(ENVIRONMENT_VARIABLE))

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            with self._lock:
                self._print_news()
                sign = self._heartbeat.due()
                if sign:
                    self._display.display(sign)

    def _print_news(self) -> None:
        if self._reader is None:
            return
        texts, self._rest = split_lines(self._rest + (self._reader.read() or b""))
        for text in texts:
            self._display.display(progress_line(self._stage, self._stopwatch.elapsed(), text))
            self._heartbeat.heard()

    def _append_timings(self, stages: dict[str, float], total: float) -> None:
        target = self.get_option("timings_path")
        if not target:
            return
        record = {
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "stages": {name: round(seconds, 2) for name, seconds in stages.items()},
            "phases": self._phases,
            "total": round(total, 2),
        }
        try:
            with Path(target).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(record) + "\n")
        except OSError as error:
            self._display.warning(f"The durations could not be appended to {target}: {error.strerror}")

    def _close(self, path: str | None) -> None:
        # Workers are forks: only the process that made the file removes it.
        if os.getpid() != self._pid or not path:
            return
        self._stop.set()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if os.environ.get(ENVIRONMENT_VARIABLE) == path:
            del os.environ[ENVIRONMENT_VARIABLE]
        with contextlib.suppress(OSError):
            Path(path).unlink()
