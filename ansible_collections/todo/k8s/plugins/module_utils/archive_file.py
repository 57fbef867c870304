"""A file that is there whole or not at all, and that only its owner reads."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file, open for reading and writing, that gets its name `path` when the block ends without an error.

    Its folder is made where it is missing. Both are for their owner alone. The file has no buffer.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)  # mode 0600
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w+b", buffering=0) as file:
            yield file
            os.fsync(file.fileno())
        # Unlike a rename, a link never takes another file's place.
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def sha256(file: BinaryIO) -> str:
    """Hash of an open file from its beginning."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def size_text(size: int) -> str:
    """Bytes in words, with a unit that leaves something before the point."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
