"""Root's rights for one command at a time.

An ordinary user's run stays ordinary: only the command that installs or starts something goes through sudo, and only
where sudo asks for no password. Everything else, files included, belongs to the user.
"""

from __future__ import annotations

import os
import shutil
import subprocess


class RightsError(Exception):
    """This user may not do what is needed; the text names it and the command that somebody else can run."""


def is_root() -> bool:
    """Tell whether this process has root's rights already."""
    return os.geteuid() == 0


def sudo_problem() -> str:
    """Return why sudo cannot be used without a password, empty when it can."""
    if not shutil.which("sudo"):
        return "sudo is not installed"
    try:
        run = subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, text=True, timeout=5, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return "sudo does not answer"
    if run.returncode == 0:
        return ""
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "sudo refuses"


def problem() -> str:
    """Return why this process cannot get root's rights, empty when it can."""
    return "" if is_root() else sudo_problem()


def as_root(command: list[str]) -> list[str]:
    """Return the argument list that runs a command with root's rights."""
    return list(command) if is_root() else ["sudo", "-n", *command]


def how() -> str:
    """Return a remark for people on where the rights come from, empty for root."""
    return "" if is_root() else " (with sudo)"


def require(subject: str, needed: str, command: str) -> None:
    """Raise RightsError unless root's rights can be had.

    :param subject: What is lacking, with its reason.
    :param needed: What has to be there.
    :param command: What somebody with the rights can run instead.
    """
    why = problem()
    if why:
        raise RightsError(
            f"{subject}, and this user may not change that ({why}). Needed: {needed}. "
            f"Remedy: have somebody with the rights run `{command}`, then run again. Nothing was changed."
        )
