"""The user's kubeconfig: only what concerns one context is read or taken out."""

from __future__ import annotations

import os
from pathlib import Path

import yaml


def path() -> Path:
    """The first file of KUBECONFIG, or ~/.kube/config."""
    named = [entry for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return Path(named[0] if named else "~/.kube/config").expanduser()


def load(config: Path) -> dict:
    """The file as a dictionary; empty when it is missing or empty."""
    try:
        return yaml.safe_load(config.read_text()) or {}
    except FileNotFoundError:
        return {}


def current_context(config: Path) -> str:
    """Name of the current context, empty when there is none."""
    return load(config).get("current-context") or ""


def has_context(config: Path, name: str) -> bool:
    """Whether the file has a context of this name."""
    return any(entry.get("name") == name for entry in load(config).get("contexts") or [])


def without_context(content: dict, name: str) -> dict:
    """The content without the context, cluster and user called `name`."""
    result = dict(content)
    for section in ("contexts", "clusters", "users"):
        result[section] = [entry for entry in content.get(section) or [] if entry.get("name") != name]
    if result.get("current-context") == name:
        result["current-context"] = ""
    return result


def remove_context(config: Path, name: str) -> bool:
    """Take a context out of the file, and the file away when nothing is left in it; True when changed."""
    if not config.exists():
        return False
    content = load(config)
    wanted = without_context(content, name)
    changed = wanted != content
    if not any(wanted.get(section) for section in ("contexts", "clusters", "users")):
        config.unlink()
        if config.parent.name == ".kube" and not any(config.parent.iterdir()):
            config.parent.rmdir()
        return True
    if changed:
        partial = config.with_name(f".{config.name}.part")
        partial.touch(mode=0o600)
        partial.write_text(yaml.safe_dump(wanted, sort_keys=False))
        partial.replace(config)
    return changed
