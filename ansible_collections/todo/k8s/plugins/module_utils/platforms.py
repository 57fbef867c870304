"""What differs between platforms, in one place: names of architectures, WSL, Docker's own names for both."""

from __future__ import annotations

import platform

# Docker's and Go's name for what a kernel calls its machine; both take the same two here.
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv8l": "arm64"}


def architecture(machine: str | None = None) -> str:
    """Return Docker's (and Go's) name of a machine type (``x86_64`` → ``amd64``); an unknown one as it is.

    :param machine: As ``uname -m`` or an engine's ``Architecture`` has it; this machine's own when not given.
    """
    name = (machine if machine is not None else platform.machine()).lower()
    return MACHINES.get(name, name)


def is_wsl(release: str) -> bool:
    """Tell whether a kernel release (``uname -r``) is WSL's (``5.15.153.1-microsoft-standard-WSL2``)."""
    return "microsoft" in release.lower()
