"""What a build context holds after .dockerignore, and how two contexts differ."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from docker.utils.build import exclude_paths

KEPT_RECORDS = 5  # images of one name whose files are remembered, for telling what changed since


def ignore_patterns(context: Path, dockerfile: str) -> list[str]:
    """The patterns of DOCKERFILE.dockerignore or of .dockerignore, as docker reads them."""
    for path in (context / f"{dockerfile}.dockerignore", context / ".dockerignore"):
        if path.is_file():
            lines = (line.strip() for line in path.read_text().splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def files(context: Path, dockerfile: str) -> list[str]:
    """Paths in the build context after .dockerignore, relative and sorted; the Dockerfile itself left out."""
    # exclude_paths adds to the list that it is given.
    found = exclude_paths(str(context), ignore_patterns(context, dockerfile), dockerfile)
    aside = {dockerfile, f"{dockerfile}.dockerignore", ".dockerignore"}
    return sorted(path for path in found if path not in aside)


def hashes(context: Path, dockerfile: str) -> dict[str, str]:
    """For each path 16 digits for its kind, executable bit and content.

    Not for times or owners, which a checkout does not keep.
    """
    found = {}
    for name in files(context, dockerfile):
        path = context / name
        if path.is_symlink():
            kind, content = "link", str(path.readlink()).encode()
        elif path.is_dir():
            kind, content = "directory", b""
        else:
            kind, content = "program" if os.access(path, os.X_OK) else "file", path.read_bytes()
        found[name] = hashlib.sha256(f"{kind}\0".encode() + content).hexdigest()[:16]
    return found


def changes(before: dict[str, str], now: dict[str, str], most: int = 5) -> list[str]:
    """Paths that differ, `+` before new ones and `-` before those that are gone; at most so many are named."""
    changed = [path for path in sorted(before.keys() & now.keys()) if before[path] != now[path]]
    added = [f"+{path}" for path in sorted(now.keys() - before.keys())]
    gone = [f"-{path}" for path in sorted(before.keys() - now.keys())]
    named = [*changed, *added, *gone]
    more = len(named) - most
    return [*named[:most], f"{more} more"] if more > 0 else named


class Records:
    """Remembers for each built image the hashes of its context's files, in one file for each name of an image."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, name: str) -> dict[str, dict[str, str]]:
        try:
            found = json.loads((self._folder / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def of(self, name: str, tag: str) -> dict[str, str] | None:
        """The files of an image, None for one that nobody remembers."""
        return self._read(name).get(tag)

    def keep(self, name: str, tag: str, found: dict[str, str]) -> None:
        """Remember an image's files, and forget those of older ones."""
        known = self._read(name)
        known.pop(tag, None)
        kept = dict([*known.items(), (tag, found)][-KEPT_RECORDS:])
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{name}.json.{os.getpid()}"
        partial.write_text(json.dumps(kept))
        partial.replace(self._folder / f"{name}.json")
