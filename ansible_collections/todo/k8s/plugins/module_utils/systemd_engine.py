"""Debian's docker.io under systemd: starting it as this project needs it, and stopping only what was started.

Debian's unit reads DOCKER_OPTS, so what this host's engine has to be told goes into a drop-in of that variable; no file
of the package and no daemon.json of anybody's is touched. The socket unit starts the service again with the next
question, so both are stopped together.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import rights

# In the order in which they are stopped: the socket first, or the next question starts the service again.
UNITS = ("docker.socket", "docker.service", "containerd.service")
DROP_IN = Path("/etc/systemd/system/docker.service.d/todo-k8s.conf")
RECORD = "systemd.json"
# `activating` is also a service that fails and is started again and again.
RUNNING = ("active", "activating", "reloading")


class SystemdError(Exception):
    """systemd refused; the text says what and why."""


def drop_in(options: list[str], environment_file: str = "") -> str:
    """The drop-in's text; empty when Debian's own start will do. Options hold no spaces and no quotes.

    `environment_file` holds proxies: systemd shows everybody what is in a unit, but not what is in such a file.
    """
    lines = [f'Environment="DOCKER_OPTS={" ".join(options)}"'] if options else []
    lines += [f"EnvironmentFile=-{environment_file}"] if environment_file else []
    return "\n".join(["# Made by todo.k8s, removed by its teardown.", "[Service]", *lines, ""]) if lines else ""


def started_units(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Those units that run now and did not before, in the order of stopping."""
    return [unit for unit in UNITS if after.get(unit) in RUNNING and before.get(unit) not in RUNNING]


def record_path(state: Path) -> Path:
    """Where it is written down what was started."""
    return state / RECORD


def read_record(state: Path) -> dict:
    """The record; empty without one."""
    try:
        return json.loads(record_path(state).read_text())
    except (OSError, ValueError):
        return {}


def started(state: Path) -> bool:
    """Whether this project started systemd's engine."""
    return bool(read_record(state))


def told(state: Path) -> list[str]:
    """The options that this project's drop-in hands to dockerd; none where there is no drop-in of ours."""
    return options_in(_current()) if read_record(state).get("drop_in") else []


def options_in(text: str) -> list[str]:
    """The options in a drop-in's text."""
    lines = (line.removeprefix('Environment="DOCKER_OPTS=') for line in text.splitlines() if "DOCKER_OPTS=" in line)
    return next(lines, "").rstrip('"').split()


def _current() -> str:
    try:
        return DROP_IN.read_text()
    except OSError:
        return ""


def _as_root(command: list[str], data: str | None = None) -> None:
    answer = subprocess.run(
        rights.as_root(command), input=data, capture_output=True, text=True, check=False, timeout=30
    )
    if answer.returncode:
        raise SystemdError(f"Docker engine: {DROP_IN} could not be written: {answer.stderr.strip()}")


def _systemctl(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        rights.as_root(["systemctl", *arguments]), capture_output=True, text=True, check=False, timeout=180
    )


def states() -> dict[str, str]:
    """What systemd says of each unit (`active`, `inactive`, …). Asking needs no rights."""
    found = {}
    for unit in UNITS:
        answer = subprocess.run(
            ["systemctl", "is-active", unit], capture_output=True, text=True, check=False, timeout=30
        )
        found[unit] = answer.stdout.strip() or "unknown"
    return found


def remember(state: Path, before: dict[str, str]) -> None:
    """Write down the units' states before anything is installed or started: installing alone may start them."""
    if not record_path(state).exists():
        state.mkdir(parents=True, exist_ok=True)
        record_path(state).write_text(json.dumps({"before": before, "units": []}))


def start(state: Path, options: list[str] | None, environment_file: str = "") -> None:
    """Start docker.service with these options and environment, anew where they changed; None for those it had.

    Raises SystemdError with the unit's last lines.
    """
    record = read_record(state)
    before = record.get("before") or states()
    text, ours = _current() if options is None else drop_in(options, environment_file), record.get("drop_in", "")
    # A file of that name that is not ours stays; ours follows the settings.
    written = text != _current() and (bool(ours) or not DROP_IN.exists())
    if written and text:
        _as_root(["mkdir", "-p", str(DROP_IN.parent)])
        _as_root(["tee", str(DROP_IN)], text)
        ours = str(DROP_IN)
    elif written:
        _as_root(["rm", "-f", str(DROP_IN)])
        ours = ""
    if written:
        _systemctl("daemon-reload")
    # Installing may have started it already, without the options.
    answer = _systemctl("restart" if written else "start", "docker.service")
    # Also of a start that failed: the end undoes it.
    units = started_units(before, states())
    record_path(state).write_text(json.dumps({"before": before, "units": units, "drop_in": ours}))
    if answer.returncode:
        journal = ""
        if shutil.which("journalctl"):
            command = rights.as_root(["journalctl", "-u", "docker.service", "-n", "15", "--no-pager", "-o", "cat"])
            journal = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
        raise SystemdError(
            f"Docker engine: systemd could not start docker.service: {answer.stderr.strip()}\nIts last lines:\n"
            f"{journal.strip()}\nCure the cause above, or start an engine of your own."
        )


def stop(state: Path) -> list[str]:
    """Stop the units that were started and remove the drop-in; returns what was done. Raises SystemdError."""
    record, done = read_record(state), []
    if not record:
        return done
    for unit in record.get("units", []):
        answer = _systemctl("stop", unit)
        if answer.returncode:
            raise SystemdError(f"Docker engine: systemd could not stop {unit}: {answer.stderr.strip()}")
        done.append(f"stopped {unit}")
    if record.get("drop_in"):
        command = rights.as_root(["rm", "-f", record["drop_in"]])
        subprocess.run(command, capture_output=True, check=False, timeout=30)
        folder = rights.as_root(["rmdir", "--ignore-fail-on-non-empty", str(Path(record["drop_in"]).parent)])
        subprocess.run(folder, capture_output=True, check=False, timeout=30)
        _systemctl("daemon-reload")
        done.append(f"removed {record['drop_in']}")
    record_path(state).unlink()
    return done
