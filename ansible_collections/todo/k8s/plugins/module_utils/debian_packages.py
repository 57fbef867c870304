"""Debian packages: which are missing, install them, remember exactly what that brought."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import local_repository, network, rights


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


def by_hand(names: list[str]) -> str:
    """The command with which a person installs the same."""
    return f"apt-get install --no-install-recommends {' '.join(names)}"


def _apt(arguments: list[str], options: Sequence[str] = ()) -> subprocess.CompletedProcess:
    with network.apt_arguments() as proxies:
        # sudo hands on no environment. Another apt may be at work (unattended upgrades): wait for it rather than fail.
        command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *proxies]
        command += [*options, "-o", "DPkg::Lock::Timeout=300", "-q", "-y", *arguments]
        return subprocess.run(
            rights.as_root(command),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=1800,
        )


def require_rights(names: list[str], why: str = "") -> None:
    """Raise rights.RightsError unless these packages could be installed now."""
    packages = ", ".join(names)
    verb = "is" if len(names) == 1 else "are"
    rights.require(
        f"Debian packages: {packages} {verb} not installed{f' ({why})' if why else ''}",
        packages,
        f"sudo {by_hand(names)}",
    )


def install(names: list[str], *, start_services: bool, repository: str = "", say=lambda text: None) -> list[str]:
    """Install `names`; returns every package that came with it. Raises PackageError with apt's last lines.

    `repository` is a folder of packages that is apt's only source for this call. `start_services=False` keeps
    maintainer scripts from starting daemons, by the policy-rc.d protocol.
    """
    if not shutil.which("apt-get"):
        raise PackageError(
            f"Debian packages {', '.join(names)}: needed, and this host has no apt-get. "
            "Install their equivalents with this host's package manager and run again."
        )
    require_rights(names)
    before = installed()
    with tempfile.TemporaryDirectory() as folder, local_repository.apt_options(repository) as options:
        restore = None
        if not start_services:
            restore = _forbid_services(Path(folder))
        try:
            origin = f" from {repository}" if repository else ""
            say(f"installing Debian packages{origin}{rights.how()}: {', '.join(names)}")
            answer = _apt(["update"], options) if repository else None
            if not answer or not answer.returncode:
                answer = _apt(["install", "--no-install-recommends", *names], options)
            if answer.returncode and not repository:  # the package lists may be missing or old
                say("refreshing the package lists")
                _apt(["update"])
                answer = _apt(["install", "--no-install-recommends", *names])
        finally:
            if restore:
                restore()
    if answer.returncode:
        tail = "\n".join((answer.stdout + answer.stderr).splitlines()[-8:])
        raise PackageError(
            f"Debian packages {', '.join(names)}: apt-get could not install them. Its last lines:\n{tail}\n"
            + (
                f"Needed: these packages and what they depend on in {repository}. Make the bundle again on a machine "
                "of this release, or install them by hand."
                if repository
                else "Needed: a reachable Debian mirror in /etc/apt/sources.list.d and the right to install. "
                "Check `apt-get update` by hand."
            )
        )
    return sorted(installed() - before)


def remove(names: list[str], say=lambda text: None) -> list[str]:
    """Purge those of `names` that are installed; returns them. Raises PackageError or rights.RightsError."""
    there = sorted(set(names) - set(missing(names)))
    if not there:
        return []
    packages = ", ".join(there)
    rights.require(f"Debian packages: {packages} were installed by this project", "none of them", "sudo make distclean")
    say(f"removing Debian packages{rights.how()}: {packages}")
    answer = _apt(["purge", *there])
    if answer.returncode:
        tail = "\n".join((answer.stdout + answer.stderr).splitlines()[-8:])
        raise PackageError(f"Debian packages {packages}: apt-get could not remove them. Its last lines:\n{tail}")
    return there


def _as_root(*command: str) -> None:
    subprocess.run(rights.as_root(list(command)), check=True, capture_output=True, timeout=30)


def _forbid_services(folder: Path):
    """Put a policy in place that starts no daemon; returns what puts the old one back."""
    policy, saved, ours = Path("/usr/sbin/policy-rc.d"), folder / "saved", folder / "policy-rc.d"
    there = policy.exists()
    if there:
        shutil.copy2(policy, saved)
    ours.write_text("#!/bin/sh\nexit 101\n")
    _as_root("install", "-m", "0755", str(ours), str(policy))

    def restore():
        if there:
            _as_root("install", "-m", f"{saved.stat().st_mode & 0o7777:o}", str(saved), str(policy))
        else:
            _as_root("rm", "-f", str(policy))

    return restore


def remember(record: Path, names: list[str]) -> None:
    """Add `names` to the record, one a line, each once."""
    record.parent.mkdir(parents=True, exist_ok=True)
    known = record.read_text().split() if record.exists() else []
    record.write_text("".join(f"{name}\n" for name in dict.fromkeys([*known, *names])))
