"""One hash for the files of a directory."""

from __future__ import annotations

import hashlib
from pathlib import Path


def tree_digest(root: str | Path, exclude: tuple[str, ...] = ()) -> str:
    """SHA-256 (hex) over names and contents of the regular files below `root`, in a fixed order.

    Args:
        root: a directory.
        exclude: names of entries directly in `root` that do not count, as shell patterns.

    Raises:
        ValueError: `root` is no directory, or holds no file that counts.
    """
    root = Path(root)
    files = sorted(
        (path.relative_to(root) for path in root.rglob("*") if path.is_file()),
        key=lambda path: path.as_posix(),
    )
    files = [path for path in files if not any(Path(path.parts[0]).match(pattern) for pattern in exclude)]
    if not files:
        raise ValueError(f"{root}: found no file, needed a directory with files. Correct the path.")
    digest = hashlib.sha256()
    for path in files:
        content = (root / path).read_bytes()
        # Lengths make it impossible for one file's end to pass as the next one's name.
        digest.update(f"{len(path.as_posix())}:{path.as_posix()}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
