"""Taking an inventory of what this project, or an engine, could leave behind on a host. Only reads."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils import docker_engine, host_facts
from ansible_collections.todo.k8s.plugins.module_utils import inventory_rules as rules

PROCESSES = ("dockerd", "containerd", "containerd-shim", "docker-proxy", "minikube", "kubectl", "chromium")
ENGINE_ROOTS = ("/var/lib/docker", "/var/run/docker", "/run/docker", "/run/containerd", "/var/lib/containerd")
SYSCTLS = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
)
PROFILE_LABEL = "name.minikube.sigs.k8s.io"
UNIT_WORDS = ("docker", "containerd", "minikube", "todo")


@dataclass(frozen=True)
class Scope:
    """What counts as ours: names of containers and contexts, folders, ports; packages are only told of."""

    names: tuple[str, ...]
    state_dir: str
    cache_dir: str
    ports: tuple[int, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, str]:
        """Return the project's folders."""
        return (self.state_dir, self.cache_dir)


def _engine_things(scope: Scope) -> tuple[dict[str, list], list[dict], dict[str, bool]]:
    """Return (categories, containers {id, own, running, ports}, own networks by short id)."""
    import docker

    empty: dict[str, list] = {"engine": [], "containers": [], "volumes": [], "networks": []}
    info = docker_engine.find(dict(os.environ))
    if info is None:
        return empty, [], {}
    containers = host_facts.containers(info.host)
    for one in containers:
        one["own"] = rules.is_own(one["name"], scope.names) or one["labels"].get(PROFILE_LABEL) in scope.names
    client = docker.APIClient(base_url=info.host, timeout=10)
    try:
        volumes = [one["Name"] for one in client.volumes().get("Volumes") or []]
        networks = {one["Id"][:12]: one["Name"] for one in client.networks()}
    except (docker.errors.DockerException, OSError):
        volumes, networks = [], {}
    finally:
        client.close()

    def mine(name: str) -> bool:
        return rules.is_own(name, scope.names) or name.startswith("buildx_buildkit_")

    return (
        {
            "engine": [rules.entry(f"Docker engine at {info.host}")],
            "containers": [rules.entry(f"container {one['name']}", not one["own"]) for one in containers],
            "volumes": [rules.entry(f"volume {name}", not mine(name)) for name in volumes],
            # Every engine makes these three by itself.
            "networks": [
                rules.entry(f"network {name}", not mine(name))
                for name in networks.values()
                if name not in ("bridge", "host", "none")
            ],
        },
        containers,
        {short: mine(name) for short, name in networks.items()},
    )


def kubeconfig_entries(scope: Scope) -> list[dict[str, Any]] | None:
    """Return contexts, clusters and users of the user's kubeconfig files."""
    import yaml

    paths = (os.environ.get("KUBECONFIG") or "~/.kube/config").split(os.pathsep)
    found = []
    for path in paths:
        try:
            content = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8")) or {}
        except FileNotFoundError:
            continue
        except (OSError, yaml.YAMLError):
            return None
        for key, word in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for one in content.get(key) or []:
                found.append(
                    rules.entry(f"kubeconfig {word} {one['name']}", not rules.is_own(one["name"], scope.names))
                )
    return found


def process_entries(scope: Scope, containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the engine's and our processes in this process's own pid namespace (a node's are its container's)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        name = host_facts.read(folder / "comm").strip()
        if not name.startswith(PROCESSES) or rules.is_nested(host_facts.read(folder / "status")):
            continue
        arguments = host_facts.read(folder / "cmdline").split("\0")
        if folder.name != str(os.getpid()):
            found.append(
                rules.process_entry(name, arguments, host_facts.link_target(folder / "exe"), scope.paths, containers)
            )
    return found


def firewall_entries(strangers: bool) -> list[dict[str, Any]] | None:
    """Return the firewall's rules; a tool that is not there has none, one that refuses (no root) gives None."""
    found: list[str] = []
    readers: list[tuple[str, list[str], Callable[[str], list[str]]]] = []
    for family, prefix in (("ip", "iptables"), ("ip6", "ip6tables")):
        readers.append(
            (f"{prefix}-save", [f"{prefix}-save"], lambda text, family=family: rules.iptables_rules(text, family))
        )
        # The old backend has rules of its own; asking would load its tables, so ask only where they are loaded.
        if host_facts.read(f"/proc/net/{family}_tables_names").strip():
            legacy = f"{prefix}-legacy-save"
            readers.append((legacy, [legacy], lambda text, family=family: rules.iptables_rules(text, family)))
    readers.append(("nft", ["nft", "list", "ruleset"], rules.nft_rules))
    for name, command, parse in readers:
        path = host_facts.which(name)
        if not path:
            continue
        try:
            run = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if run.returncode:
            return None
        found += parse(run.stdout)
    return [rules.firewall_entry(rule, strangers) for rule in found]


def listener_entries(scope: Scope) -> list[dict[str, Any]]:
    """Return the listening TCP ports; ours are the published ones and those of an engine's processes."""
    sockets = host_facts.listeners()
    owners = host_facts.socket_owners({one["inode"] for one in sockets})
    found = []
    for one in sockets:
        owner = owners.get(one["inode"], {})
        executable = host_facts.link_target(f"/proc/{owner['pid']}/exe") if owner else ""
        ours = one["port"] in scope.ports or executable.startswith(scope.paths)
        engines = owner.get("name", "").startswith(("dockerd", "containerd"))
        # A docker-proxy is told of by its process already, with its container.
        if owner.get("name") != "docker-proxy" or ours:
            text = f"listening port {one['address']}:{one['port']} ({owner.get('name', 'process not readable')})"
            # containerd listens on a random port: its number says nothing, its process is compared.
            found.append(rules.entry(text, other=not ours or engines))
    return found


def sysctl_entries() -> list[dict[str, Any]]:
    """Return the kernel settings an engine changes; the bridge's exist only once its module is loaded."""
    found = []
    for name in SYSCTLS:
        value = host_facts.read(Path("/proc/sys", *name.split("."))).strip()
        if value:
            found.append(rules.entry(f"kernel setting {name}={value}", other=name.startswith("net.bridge.")))
    return found


def file_entries(scope: Scope, home: Path) -> list[dict[str, Any]]:
    """Return which of the files that this project makes are there, and units of its kind."""
    places = [
        Path(scope.state_dir),
        home / ".minikube",
        home / ".docker" / "cli-plugins" / "docker-buildx",
        Path("/var/run/docker.pid"),
        Path("/etc/docker/daemon.json"),
    ]
    for folder in (Path("/etc/systemd/system"), home / ".config" / "systemd" / "user"):
        places += [path for word in UNIT_WORDS for path in folder.glob(f"*{word}*")]
    found = [rules.entry(f"file {path}") for path in dict.fromkeys(places) if path.exists() or path.is_symlink()]
    socket = Path("/var/run/docker.sock")
    # Debian's package keeps the socket's group; a socket without engine is harmless but worth telling.
    return [*found, rules.entry(f"file {socket}", other=True)] if socket.exists() else found


def package_entries(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return which Debian packages are installed: they stay on purpose, so they are only told of."""
    info = Path("/var/lib/dpkg/info")
    installed = [name for name in names if (info / f"{name}.list").exists() or list(info.glob(f"{name}:*.list"))]
    return [rules.entry(f"Debian package {name}", other=True) for name in installed]


def take(scope: Scope) -> dict[str, Any]:
    """Take the inventory."""
    home = Path.home()
    engine, containers, networks = _engine_things(scope)
    strangers = any(one["running"] and not one["own"] for one in containers)
    # Not from /sys: what is mounted there may be another network namespace's.
    interfaces = sorted(name for _number, name in socket.if_nameindex())
    mounts = rules.parse_mounts(host_facts.read("/proc/self/mountinfo"))
    roots = (*ENGINE_ROOTS, *scope.paths)
    categories: dict[str, list | None] = {
        **engine,
        "kubeconfig": kubeconfig_entries(scope),
        "processes": process_entries(scope, containers),
        "mounts": [one for point, kind in mounts if (one := rules.mount_entry(point, kind, roots, strangers))],
        "interfaces": [one for name in interfaces if (one := rules.interface_entry(name, networks, strangers))],
        "firewall": firewall_entries(strangers),
        "sysctls": sysctl_entries(),
        "listeners": listener_entries(scope),
        "files": file_entries(scope, home),
        "packages": package_entries(scope.packages),
    }
    ordered = {
        name: None if found is None else sorted(found, key=lambda one: one["what"])
        for name, found in categories.items()
    }
    return {"taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "categories": ordered}
