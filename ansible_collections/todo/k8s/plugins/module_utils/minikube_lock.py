"""One change at a time to a profile, and a mark on a first start that did not end.

The lock's file descriptor is handed on to minikube: when this process is killed and minikube goes on alone, the next
run waits for it instead of working against it. The mark says that a cluster has never been ready, so that beginning
anew loses nothing of anybody's.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import MinikubeError


class ProfileLock:
    """The lock on one profile of a home; released when the process and all it started have ended."""

    def __init__(self, home: Path, profile: str):
        self.path = home / "tmp" / f"{profile}.lock"
        self.profile = profile
        self.descriptor = -1

    def acquire(self, timeout: float, say: Callable[[str], None]) -> None:
        """Wait for the lock. MinikubeError after `timeout` seconds."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(self.descriptor, True)
        begun, told = time.monotonic(), False
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if time.monotonic() - begun > timeout:
                    raise MinikubeError(
                        f"Minikube profile {self.profile}: something else has been working on it for {timeout:.0f} s "
                        f"(lock {self.path}). Wait for it, or end it, and run again."
                    ) from error
            if not told:
                say(f"another minikube works on profile {self.profile}: waiting for it")
                told = True
            time.sleep(0.2)

    def release(self) -> None:
        """Let others work on the profile."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class FirstStart:
    """The mark on a first start that is under way."""

    def __init__(self, home: Path, profile: str):
        self.path = home / "tmp" / f"{profile}.first-start"

    def unfinished(self) -> bool:
        """Whether one began and never ended."""
        return self.path.exists()

    def begin(self) -> None:
        """Set the mark."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def end(self) -> None:
        """Take it away."""
        self.path.unlink(missing_ok=True)
