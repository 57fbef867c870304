"""Keep one daemon running in the background on a host without systemd.

Detaches, starts the command, restarts it with a growing pause when it dies, ends it on SIGTERM.
Usage: engine_supervisor.py --pid-file FILE --log FILE [--settings FILE] -- COMMAND ...
The settings' file is JSON, {"environment": {NAME: VALUE}}; it is read at every start. Values in it may be secret, and
sudo hands on no environment.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LOG_LIMIT = 20 * 2**20  # bytes; a larger log is begun anew at a start
LONG_ENOUGH = 30  # seconds of life after which a death counts as the first one again
MAX_PAUSE = 30  # seconds between two starts


def detach() -> None:
    """Become a daemon: own session, no terminal, so that the caller's end does not end it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")


def told(settings: Path | None) -> dict[str, str]:
    """The daemon's further environment; nothing where the file is gone."""
    try:
        return json.loads(settings.read_text())["environment"] if settings else {}
    except (OSError, ValueError, KeyError):
        return {}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pid-file", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if options.log.exists() and options.log.stat().st_size > LOG_LIMIT:
        options.log.unlink()
    try:  # while somebody still listens
        log = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    detach()
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    options.pid_file.write_text(str(os.getpid()))

    ending = False
    child: subprocess.Popen | None = None

    def end(_number, _frame) -> None:
        nonlocal ending
        ending = True
        if child:
            child.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    pause: float = 0.5
    while not ending:
        begun = time.monotonic()
        # A session of its own: a signal to the supervisor's group must not reach the containers' shims.
        child = subprocess.Popen(command, start_new_session=True, env={**os.environ, **told(options.settings)})
        if ending:
            child.terminate()
        code = child.wait()
        if ending:
            break
        pause = 1 if time.monotonic() - begun > LONG_ENOUGH else min(pause * 2, MAX_PAUSE)
        print(f"supervisor: {command[0]} ended with {code}, next start in {pause:g} s", flush=True)
        end_of_pause = time.monotonic() + pause
        while not ending and time.monotonic() < end_of_pause:
            time.sleep(0.2)
    options.pid_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
