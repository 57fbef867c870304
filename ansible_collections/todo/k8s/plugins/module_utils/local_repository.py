"""A folder of Debian packages as apt's only source, for single commands and without a change of the host's sources."""

from __future__ import annotations

import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INDEX = "Packages"


@contextmanager
def apt_options(folder: str) -> Iterator[list[str]]:
    """Options with which apt knows the packages of `folder` alone; none for an empty name.

    The folder holds packages and their index, see `index`. They are trusted: a bundle's checksums were verified.
    """
    if not folder:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="todo-k8s-apt-") as work:
        Path(work, "lists", "partial").mkdir(parents=True)
        sources = Path(work, "sources.list")
        sources.write_text(f"deb [trusted=yes] file:{urllib.parse.quote(folder)} ./\n", encoding="utf-8")
        settings = {
            "Dir::Etc::SourceList": str(sources),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": f"{work}/lists",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Acquire::Languages": "none",
            # The folder may be in a home directory that apt's own user cannot enter.
            "APT::Sandbox::User": "root",
        }
        yield [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def index(packages: dict[str, tuple[str, int, str]]) -> str:
    """The index of a folder of packages: `packages` maps a file's name to its control text, bytes and SHA-256."""
    entries = []
    for name, (control, size, sha256) in sorted(packages.items()):
        entries.append(f"{control.strip()}\nFilename: ./{name}\nSize: {size}\nSHA256: {sha256}\n")
    return "\n".join(entries)
