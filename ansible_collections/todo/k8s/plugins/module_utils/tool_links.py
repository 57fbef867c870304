"""Symbolic links to tools: in a directory of our own, and among the Docker CLI's plugins."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import ToolError


def points_to(link: Path, target: str | Path) -> bool:
    """Whether `link` is a symbolic link to exactly `target`."""
    return link.is_symlink() and str(link.readlink()) == str(target)


def is_ours(link: Path, tools: Path) -> bool:
    """Whether `link` is a symbolic link into the directory of built tools."""
    return link.is_symlink() and link.readlink().is_relative_to(tools)


def make(link: Path, target: str | Path) -> list[Path]:
    """Point `link` to `target` in one step; returns what is new: directories, outermost first, and the link."""
    if link.exists() and not link.is_symlink():
        raise ToolError(f"{link}: a file that is no link is there; needed: a link to {target}. Move it away.")
    made = []
    for directory in [link.parent, *link.parent.parents]:
        if directory.exists():
            break
        made.insert(0, directory)
    link.parent.mkdir(parents=True, exist_ok=True)
    made += [] if link.is_symlink() else [link]
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    return made


def remember(record: Path, paths: list[Path]) -> None:
    """Add directories and links to the record of those that this installation made, one a line, each once."""
    known = recorded(record)
    record.parent.mkdir(parents=True, exist_ok=True)
    lines = dict.fromkeys([*known, *map(str, paths)])
    record.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def recorded(record: Path | None) -> list[str]:
    """What `remember` has noted."""
    return record.read_text(encoding="utf-8").splitlines() if record and record.exists() else []


def ours(bin_dir: Path | None, plugins_dir: Path | None, tools: Path, record: Path | None) -> list[Path]:
    """What there is to undo: links, then the record. A plugin is left to the installation that linked it first."""
    found = [path for path in sorted(bin_dir.iterdir()) if path.is_symlink()] if bin_dir and bin_dir.is_dir() else []
    if plugins_dir and plugins_dir.is_dir():
        made = recorded(record)
        found += [path for path in sorted(plugins_dir.iterdir()) if is_ours(path, tools) and str(path) in made]
    if record and record.exists():
        found.append(record)
    return found


def remove(found: list[Path], bin_dir: Path | None, record: Path | None) -> None:
    """Undo what `ours` found, then the directories that we made and that are empty now."""
    made = recorded(record)
    for path in found:
        path.unlink(missing_ok=True)
    for directory in [*map(Path, reversed(made)), *([bin_dir] if bin_dir else [])]:
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
