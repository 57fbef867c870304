"""A Minikube profile: what it is, what it should be, and what differs. Pure apart from reading config.json.

Minikube ignores changed CPUs, memory, ports, mounts and images of a profile silently, so the comparison is made here:
with the stored configuration, and with the node's container, because the first may lie about the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MINIMUM_CPUS = 2  # kubeadm's own minimum for a control plane
MINIMUM_MEMORY_MB = 3800  # what is sold as 4 GB; preflight asks for the same
MINIKUBE_PORTS = frozenset({"22", "2376", "5000", "8443", "32443"})  # Minikube publishes them itself
BRIDGE, ROUTED = "bridge", "routed"
COMPONENTS = ("Host", "Kubelet", "APIServer", "Kubeconfig")
# Differences that an existing cluster can take; every other one needs a new cluster.
IN_PLACE = frozenset({"nodes", "extra_config", "addons", "proxy", "ca_bundle"})


class MinikubeError(Exception):
    """The profile cannot be brought to the wanted state; the text names found, needed and the remedy."""

    def __init__(self, text: str, differences: dict | None = None):
        super().__init__(text)
        self.differences = differences or {}


@dataclass(frozen=True)
class Wanted:
    """The wanted profile; memory in MiB, ports as Docker publishes them (`127.0.0.1:30000:30000`)."""

    profile: str
    cpus: int
    memory_mb: int
    kubernetes_version: str
    container_runtime: str
    driver: str = "docker"
    base_image: str = ""
    ports: tuple[str, ...] = ()
    addons: tuple[str, ...] = ()
    addons_exclusive: bool = False
    nodes: int = 1
    cni: str = BRIDGE
    extra_config: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddonChanges:
    """Addons to switch on and off."""

    enable: list[str] = field(default_factory=list)
    disable: list[str] = field(default_factory=list)


def clamp(wanted: int, available: int, minimum: int, subject: str, unit: str) -> tuple[int, str | None]:
    """What to ask of the host: `wanted`, or what there is with a warning. MinikubeError below `minimum`."""
    if available < minimum:
        raise MinikubeError(
            f"{subject}: the Docker engine has {available}{unit}, at least {minimum}{unit} are needed. "
            "Give the machine (or Docker Desktop's virtual machine) more."
        )
    if available < wanted:
        return available, f"{subject}: {wanted}{unit} wanted, the Docker engine has {available}{unit}: taking those."
    return wanted, None


def memory_to_ask(wanted: int, available: int) -> tuple[int, str | None]:
    """Memory for one node in MiB, at most the engine's."""
    return clamp(wanted, available, MINIMUM_MEMORY_MB, "memory", " MiB")


def choose_cni(asked: str, nodes: int) -> str:
    """The pod network: Minikube's bridge for one node, routes between the nodes for more. MinikubeError otherwise."""
    if asked == "auto":
        return ROUTED if nodes > 1 else BRIDGE
    if asked == BRIDGE and nodes > 1:
        raise MinikubeError(
            f"cni: bridge, nodes: {nodes}. Minikube's bridge connects the pods of one node only; "
            "set cni to routed (or auto), or nodes to 1."
        )
    return asked


def check(wanted: Wanted) -> None:
    """MinikubeError for settings that Minikube would refuse late or take silently for something else."""
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9-]*", wanted.profile):
        raise MinikubeError(f"profile: {wanted.profile!r} is no name for a container; use letters, digits and hyphens.")
    if wanted.nodes < 1:
        raise MinikubeError(f"nodes: {wanted.nodes}; at least 1 is needed.")
    if len(wanted.mounts) > 1:
        raise MinikubeError(
            f"mounts: {', '.join(wanted.mounts)}: Minikube's docker driver mounts one folder: one that has them all."
        )
    for option in wanted.extra_config:
        if not re.fullmatch(r"[a-z-]+\.[^=\s]+=.*", option):
            raise MinikubeError(f"extra_config: {option!r}; component.option=value is needed, kubelet.max-pods=50 say.")


def config_path(home: Path, profile: str) -> Path:
    """Where Minikube stores a profile's configuration; `home` is MINIKUBE_HOME."""
    return home / ".minikube" / "profiles" / profile / "config.json"


def read_config(home: Path, profile: str) -> dict | None:
    """The profile's stored configuration; None without one, {} when it is not readable (half written)."""
    try:
        found = json.loads(config_path(home, profile).read_text())
    except FileNotFoundError:
        return None
    except (ValueError, IsADirectoryError):
        return {}
    return found if isinstance(found, dict) and found.get("Name") and found.get("Nodes") else {}


@contextmanager
def without_ports(home: Path, profile: str) -> Iterator[None]:
    """Let Minikube make a node that publishes no ports: it would publish the same ones of this host for every node."""
    kept = (read_config(home, profile) or {}).get("ExposedPorts")
    _write(home, profile, {"ExposedPorts": None})
    try:
        yield
    finally:
        _write(home, profile, {"ExposedPorts": kept})


def forget_extra_options(home: Path, profile: str) -> None:
    """Remove all extra options: Minikube keeps the last ones when a start names none."""
    kubernetes = (read_config(home, profile) or {}).get("KubernetesConfig") or {}
    if kubernetes.get("ExtraOptions"):
        _write(home, profile, {"KubernetesConfig": {**kubernetes, "ExtraOptions": []}})


def _write(home: Path, profile: str, change: dict) -> None:
    path = config_path(home, profile)
    config = json.loads(path.read_text())
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(json.dumps({**config, **change}, indent="\t"))
    partial.replace(path)


def observed(config: dict) -> dict:
    """The stored configuration in the terms of `Wanted`."""
    kubernetes = config.get("KubernetesConfig") or {}
    options = kubernetes.get("ExtraOptions") or []
    return {
        "cpus": config.get("CPUs"),
        "memory_mb": config.get("Memory"),
        "kubernetes_version": kubernetes.get("KubernetesVersion"),
        "container_runtime": kubernetes.get("ContainerRuntime"),
        "driver": config.get("Driver"),
        "base_image": (config.get("KicBaseImage") or "").removeprefix("docker.io/"),
        "ports": tuple(config.get("ExposedPorts") or ()),
        "mounts": tuple(config.get("ContainerVolumeMounts") or ()),
        "cni": ROUTED if kubernetes.get("CNI") == "false" else kubernetes.get("CNI") or "",
        "extra_config": tuple(f"{o['Component']}.{o['Key']}={o['Value']}" for o in options),
        "nodes": len(config.get("Nodes") or []),
    }


def observed_container(inspected: dict) -> dict:
    """The same of a node's container, as far as a container has it."""
    host = inspected.get("HostConfig") or {}
    found = {}
    if host.get("NanoCpus"):
        found["cpus"] = host["NanoCpus"] // 10**9
    if host.get("Memory"):
        found["memory_mb"] = host["Memory"] // 2**20
    ports = []
    for inside, published in (host.get("PortBindings") or {}).items():
        port = inside.removesuffix("/tcp")
        for entry in published or []:
            if port not in MINIKUBE_PORTS or entry.get("HostPort"):
                ports.append(f"{entry.get('HostIp') or '0.0.0.0'}:{entry.get('HostPort')}:{port}")  # noqa: S104
    found["ports"] = tuple(ports)
    if (inspected.get("Config") or {}).get("Image"):
        found["base_image"] = inspected["Config"]["Image"].removeprefix("docker.io/")
    return found


def port_key(port: str) -> tuple[str, str, str]:
    """A published port as (address, host's port, node's port), however it was written."""
    parts = port.removesuffix("/tcp").rsplit(":", 2)
    address = parts[0] if len(parts) == 3 else ""
    outside, inside = (parts[-2] if len(parts) > 1 else ""), parts[-1]
    return address if address not in ("", "[::]", "::") else "0.0.0.0", outside, inside  # noqa: S104


def _equal(name: str, before, after) -> bool:
    if name == "ports":
        return sorted(map(port_key, before)) == sorted(map(port_key, after))
    if name in ("extra_config", "mounts"):
        return sorted(before) == sorted(after)
    return before == after


def _shown(value):
    return list(value) if isinstance(value, tuple) else value


def differences(config: dict, wanted: Wanted, container: dict | None = None) -> dict[str, dict]:
    """What of the profile differs from what is wanted: {setting: {before, after}}, addons left out.

    `container` is the control plane's `docker inspect`; where it says something else than the stored configuration it
    is believed.
    """
    found = observed(config)
    if container:
        found.update(observed_container(container))
    result = {}
    for name, before in found.items():
        after = getattr(wanted, name)
        if name == "base_image" and not after:  # Minikube's own
            continue
        if name == "cni" and wanted.cni == BRIDGE and before == ROUTED:  # one node is served by either
            continue
        if not _equal(name, before, after):
            result[name] = {"before": _shown(before), "after": _shown(after)}
    return result


def needs_new_cluster(different: dict[str, dict]) -> dict[str, dict]:
    """Those of the differences that an existing cluster cannot take."""
    return {name: change for name, change in different.items() if name not in IN_PLACE}


def addon_changes(config: dict, wanted: Wanted) -> AddonChanges:
    """Wanted addons that are off, and with `addons_exclusive` those that are on and not wanted."""
    enabled = {name for name, on in (config.get("Addons") or {}).items() if on}
    return AddonChanges(
        [name for name in wanted.addons if name not in enabled],
        sorted(enabled - set(wanted.addons)) if wanted.addons_exclusive else [],
    )


def describe(different: dict[str, dict]) -> str:
    """Differences in words."""
    return "; ".join(f"{name}: {d['before']} is, {d['after']} is wanted" for name, d in different.items())


def ports_fact(ports: tuple[str, ...]) -> dict[str, int]:
    """{node's port: port of this host}."""
    return {inside: int(outside) for _, outside, inside in map(port_key, ports) if outside}
