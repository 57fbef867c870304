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


def context_state(content: dict, name: str, servers: list[str], home: Path) -> tuple[str, str]:
    """Whether the context leads here (`Configured`, `Misconfigured`, `Nonexistent`), and the server it names.

    `servers` are the addresses at which the profile answers; without any, a context is taken as it is.
    """
    context = _named(content, "contexts", name).get("context")
    if not context:
        return "Nonexistent", ""
    cluster = _named(content, "clusters", context.get("cluster")).get("cluster") or {}
    user = _named(content, "users", context.get("user")).get("user") or {}
    server = (cluster.get("server") or "").rstrip("/")
    folder = home / ".minikube"
    right = (
        (not servers or server in servers)
        and (
            bool(cluster.get("certificate-authority-data"))
            or _same(cluster.get("certificate-authority"), folder / "ca.crt")
        )
        and (
            bool(user.get("client-certificate-data"))
            or _same(user.get("client-certificate"), folder / "profiles" / name / "client.crt")
        )
    )
    return "Configured" if right else "Misconfigured", server


def _named(content: dict, section: str, name: str | None) -> dict:
    return next((entry for entry in content.get(section) or [] if entry.get("name") == name), {})


def _same(written: str | None, path: Path) -> bool:
    return bool(written) and Path(written).expanduser() == path


def with_context(content: dict, name: str, server: str, home: Path) -> dict:
    """The content with a context of this profile, in place of its namesake; the current one stays if it is set."""
    result = without_context(content, name)
    folder = home / ".minikube"
    added = {
        "clusters": {"server": server, "certificate-authority": str(folder / "ca.crt")},
        "contexts": {"cluster": name, "namespace": "default", "user": name},
        "users": {
            "client-certificate": str(folder / "profiles" / name / "client.crt"),
            "client-key": str(folder / "profiles" / name / "client.key"),
        },
    }
    for section, entry in added.items():
        result[section] = [*result[section], {"name": name, section.removesuffix("s"): entry}]
    result.setdefault("apiVersion", "v1")
    result.setdefault("kind", "Config")
    result["current-context"] = content.get("current-context") or name
    return result


def write_context(config: Path, name: str, server: str, home: Path) -> None:
    """Make the file's context lead to the profile; everything else in it stays."""
    _write(config, with_context(load(config), name, server, home))


def _write(config: Path, content: dict) -> None:
    """Replace the file at once, readable by its owner only."""
    config.parent.mkdir(parents=True, exist_ok=True)
    target = config.resolve()  # a link stays a link
    partial = target.with_name(f".{target.name}.part")
    partial.touch(mode=0o600)
    partial.write_text(yaml.safe_dump(content, sort_keys=False))
    partial.replace(target)


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
        _write(config, wanted)
    return changed
