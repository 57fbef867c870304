"""Debian packages: which are missing, install them, remember exactly what that brought."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class PackageError(Exception):
    """A package could not be installed; the text says what apt said and what to do."""


def parse_installed(dpkg_query: str) -> set[str]:
    """Names of the installed packages from `dpkg-query -W -f '${db:Status-Status} ${Package}\\n'`."""
    return {line.split()[1] for line in dpkg_query.splitlines() if line.startswith("installed ")}


def installed() -> set[str]:
    """Names of the packages installed on this host."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"], capture_output=True, text=True, check=True
    )
    return parse_installed(answer.stdout)


def missing(names: list[str]) -> list[str]:
    """Those of `names` that are not installed; all of them where there is no dpkg."""
    if not shutil.which("dpkg-query"):
        return list(names)
    return sorted(set(names) - installed())


def _apt(arguments: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess:
    # Another apt may be at work (unattended upgrades): wait for it rather than fail.
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-q", "-y", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, stdin=subprocess.DEVNULL, timeout=1800
    )


def install(names: list[str], *, start_services: bool, say=lambda text: None) -> list[str]:
    """Install `names`; returns every package that came with it. Raises PackageError with apt's last lines.

    `start_services=False` keeps maintainer scripts from starting daemons, by the policy-rc.d protocol.
    """
    if not shutil.which("apt-get"):
        raise PackageError(
            f"Debian packages {', '.join(names)}: needed, and this host has no apt-get. "
            "Install their equivalents with this host's package manager and run again."
        )
    before = installed()
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryDirectory() as folder:
        restore = None
        if not start_services:
            restore = _forbid_services(Path(folder))
        try:
            say(f"installing Debian packages: {', '.join(names)}")
            answer = _apt(["install", "--no-install-recommends", *names], environ)
            if answer.returncode:  # the package lists may be missing or old
                say("refreshing the package lists")
                _apt(["update"], environ)
                answer = _apt(["install", "--no-install-recommends", *names], environ)
        finally:
            if restore:
                restore()
    if answer.returncode:
        tail = "\n".join((answer.stdout + answer.stderr).splitlines()[-8:])
        raise PackageError(
            f"Debian packages {', '.join(names)}: apt-get could not install them. Its last lines:\n{tail}\n"
            "Needed: a reachable Debian mirror in /etc/apt/sources.list.d and the right to install. "
            "Check `apt-get update` by hand."
        )
    return sorted(installed() - before)


def _forbid_services(folder: Path):
    policy = Path("/usr/sbin/policy-rc.d")
    saved = folder / "policy-rc.d"
    there = policy.exists()
    if there:
        shutil.copy2(policy, saved)
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)

    def restore():
        if there:
            shutil.copy2(saved, policy)
        else:
            policy.unlink(missing_ok=True)

    return restore


def remember(record: Path, names: list[str]) -> None:
    """Add `names` to the record, one a line, each once."""
    record.parent.mkdir(parents=True, exist_ok=True)
    known = record.read_text().split() if record.exists() else []
    record.write_text("".join(f"{name}\n" for name in dict.fromkeys([*known, *names])))
