"""What is wrong with a host, judged from its facts alone: no probe, no clock, no network in here."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils import network

ERROR, WARNING, INFO = "error", "warning", "info"
ARCHITECTURES = ("amd64", "arm64")
PYTHON = (3, 11)
# Kubernetes from this minor version on refuses cgroup v1 unless told otherwise.
CGROUP_V2_FROM = (1, 35)
# Parts of the disk space that go to each place when they are on different file systems.
SHARES = {"cache": 0.4, "engine": 0.6}


@dataclass(frozen=True)
class Wants:
    """What the installation asks of a host. Sizes are MiB."""

    min_cpus: int = 2
    want_cpus: int = 4
    min_memory_mb: int = 3800
    want_memory_mb: int = 8192
    min_disk_mb: int = 20480
    min_disk_installed_mb: int = 2048
    ports: tuple[int, ...] = ()
    own_container: str = ""
    commands: tuple[dict[str, str], ...] = ()
    kubernetes_version: str = ""
    may_install_engine: bool = True
    names: dict[str, str] = field(default_factory=dict)

    def setting(self, name: str) -> str:
        """Return the name under which the user knows an option."""
        return self.names.get(name, name)


def finding(severity: str, subject: str, found: str, needed: str, remedy: str = "") -> dict[str, str]:
    """Return one finding; every part is a plain text."""
    return {"subject": subject, "found": found, "needed": needed, "remedy": remedy, "severity": severity}


def sentence(entry: dict[str, str]) -> str:
    """Return a finding in one line."""
    text = f"{entry['subject']}: found {entry['found']}; needed {entry['needed']}."
    end = "" if entry["remedy"].endswith("?") else "."
    return f"{text} Remedy: {entry['remedy']}{end}" if entry["remedy"] else text


def with_severity(findings: Iterable[dict[str, str]], severity: str) -> list[dict[str, str]]:
    """Return the findings of one severity."""
    return [entry for entry in findings if entry["severity"] == severity]


def failure_message(errors: list[dict[str, str]], lead: str = "This host is not ready") -> str:
    """Return all errors in one readable text."""
    count = f"{len(errors)} problem{'s' if len(errors) > 1 else ''}"
    lines = [f"  {number}. {sentence(entry)}" for number, entry in enumerate(errors, 1)]
    return "\n".join([f"{lead}: {count}, nothing was changed.", *lines])


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version (``v1.34.3`` → (1, 34, 3))."""
    parts = []
    for part in text.lstrip("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def judge_platform(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge architecture, Python, cgroups and capabilities."""
    found = []
    if host["arch"] not in ARCHITECTURES:
        found.append(
            finding(ERROR, "processor architecture", host["arch"], " or ".join(ARCHITECTURES), "use another machine")
        )
    engine_arch = (host["engine"] or {}).get("arch") or host["arch"]
    if engine_arch not in ARCHITECTURES and engine_arch != host["arch"]:
        remedy = "use an engine of one of them (DOCKER_HOST)"
        found.append(
            finding(ERROR, "architecture of the Docker engine", engine_arch, " or ".join(ARCHITECTURES), remedy)
        )
    elif engine_arch != host["arch"]:
        text = f"{engine_arch}, this host {host['arch']}"
        remedy = "none, if a registry serves its images: root file systems are only made for this host's own"
        found.append(finding(INFO, "architecture of the Docker engine", text, "the same, to make images", remedy))
    if version_tuple(host["python"])[:2] < PYTHON:
        needed = ".".join(map(str, PYTHON))
        remedy = f"install Python {needed} or newer and remove the checkout's .venv"
        found.append(finding(ERROR, "Python", host["python"], f"{needed} or newer", remedy))
    if host["system"] == "Linux" and not host["cgroup_version"]:
        remedy = "mount cgroup2 on /sys/fs/cgroup, as systemd does"
        found.append(finding(ERROR, "control groups", "no hierarchy in /sys/fs/cgroup", "version 1 or 2", remedy))
    wanted = version_tuple(wants.kubernetes_version)
    # The node runs where the engine does, which may be a virtual machine with a kernel of its own.
    groups = str((host["engine"] or {}).get("cgroup_version") or host["cgroup_version"])
    if groups == "1" and wanted[:2] >= CGROUP_V2_FROM:
        remedy = f"set {wants.setting('kubernetes_version')} to 1.34.x, or boot the host with cgroup v2"
        needed = f"version 2 for Kubernetes {wants.kubernetes_version}"
        found.append(finding(ERROR, "control groups", "version 1", needed, remedy))
    if host["capabilities_missing"]:
        text = "the bounding set lacks " + ", ".join(host["capabilities_missing"])
        found.append(finding(INFO, "capabilities", text, "none missing", "containers start through a runtime wrapper"))
    return found


def judge_size(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge cores and memory: what the engine has counts where one answers (it may be a smaller virtual machine)."""
    engine = host["engine"]
    whose = "the Docker engine" if engine else "this host"
    cpus, memory = engine.get("cpus") or host["cpus"], engine.get("memory_mb") or host["memory_mb"]
    if engine and host["system"] == "Linux":
        cpus, memory = min(cpus, host["cpus"]), min(memory, host["memory_mb"])
    found = []
    for subject, unit, has, least, wanted, names in (
        ("processor cores", "cores", cpus, wants.min_cpus, wants.want_cpus, ("min_cpus", "want_cpus")),
        ("memory", "MiB", memory, wants.min_memory_mb, wants.want_memory_mb, ("min_memory_mb", "want_memory_mb")),
    ):
        figure = f"{has} {unit} ({whose})"
        if has < least:
            remedy = f"give {whose} more, or lower {wants.setting(names[0])} at your own risk"
            found.append(finding(ERROR, subject, figure, f"at least {least} {unit}", remedy))
        elif has < wanted:
            needed = f"{wanted} {unit} for good speed ({wants.setting(names[1])})"
            found.append(finding(WARNING, subject, figure, needed, f"none needed, {has} {unit} will do"))
    if not host["installed"] and host["memory_available_mb"] < wants.min_memory_mb <= memory:
        figure = f"{host['memory_available_mb']} MiB of it unused"
        found.append(finding(WARNING, "memory", figure, f"{wants.min_memory_mb} MiB", "end what else uses memory"))
    return found


def judge_disk(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge the free space of each file system that takes a share."""
    least = wants.min_disk_installed_mb if host["installed"] else wants.min_disk_mb
    by_device: dict[Any, list[str]] = {}
    for purpose, entry in host["disks"].items():
        by_device.setdefault(entry["device"], []).append(purpose)
    found = []
    for purposes in by_device.values():
        entries = [host["disks"][purpose] for purpose in purposes]
        share = sum(SHARES.get(purpose, 0.0) for purpose in purposes)
        needed, free = round(least * share), min(entry["free_mb"] for entry in entries)
        if free < needed:
            places = " and ".join(
                f"{entry['path']} ({purpose})" for purpose, entry in zip(purposes, entries, strict=True)
            )
            remedy = "free space there, or name a roomier place with XDG_CACHE_HOME"
            found.append(finding(ERROR, f"disk space for {places}", f"{free} MiB free", f"{needed} MiB", remedy))
    return found


def describe_holder(holder: dict[str, Any]) -> str:
    """Return who listens, as far as this user may know."""
    who = f"{holder['name']} (pid {holder['pid']})" if "pid" in holder else f"a process of uid {holder['uid']}"
    return f"{who} on {holder['address']}"


def judge_ports(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge the wanted ports; one that our own running container publishes is fine."""
    running = [container for container in host["containers"] if container["running"]]
    publishers = {port: container["name"] for container in running for port in container["ports"]}
    found = []
    for state in host["ports"]:
        port, publisher = state["port"], publishers.get(state["port"])
        if publisher and publisher == wants.own_container:
            continue
        if not publisher and not state["errno"]:
            continue
        subject = f"port {port} on 127.0.0.1"
        remedy = f"end what listens there, or choose another port with {wants.setting('ports')}"
        if publisher:
            text, remedy = f"published by container {publisher}", f"docker stop {publisher}, or choose another port"
        elif state["holders"]:
            text = "in use by " + ", ".join(dict.fromkeys(describe_holder(holder) for holder in state["holders"]))
        elif state["errno"] == errno.EACCES:
            text, remedy = "not allowed to this user", "choose a port above 1023"
        else:
            text = f"in use ({errno.errorcode.get(state['errno'], state['errno'])})"
        found.append(finding(ERROR, subject, text, "a free port", remedy))
    return found


def desktop_remedy(host: dict[str, Any]) -> str:
    """Return what to do where Docker Desktop is the usual engine, empty elsewhere."""
    if host["system"] == "Darwin":
        return "install Docker Desktop and start it"
    if host["wsl"]:
        return "start Docker Desktop on Windows and switch on its WSL integration for this distribution"
    return ""


def judge_engine(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge the Docker engine: one that answers, or the right to install one."""
    engine = host["engine"]
    if engine:
        if version_tuple(engine["version"])[:1] < (20,):
            remedy = "update Docker"
            return [finding(ERROR, "Docker engine", f"version {engine['version']}", "20.10 or newer", remedy)]
        if version_tuple(engine["version"])[:1] < (24,):
            return [finding(INFO, "Docker engine", f"version {engine['version']}", "24 or newer", "none, it works")]
        return []
    needed = "an engine that answers, or the right to install one"
    if host["docker_host"]:
        remedy = "start that engine, or unset DOCKER_HOST"
        return [finding(ERROR, "Docker engine", f"no answer at DOCKER_HOST={host['docker_host']}", needed, remedy)]
    if host["socket_denied"]:
        if desktop_remedy(host):
            remedy = f"{desktop_remedy(host)}, or add this user to the socket's group and log in again"
            return [finding(ERROR, "Docker engine", f"{host['socket_denied']}: permission denied", needed, remedy)]
        remedy = "add this user to the group docker (sudo usermod -aG docker $USER) and log in again"
        return [finding(ERROR, "Docker engine", f"{host['socket_denied']}: permission denied", needed, remedy)]
    if not wants.may_install_engine:
        remedy = f"start Docker, or set {wants.setting('may_install_engine')} to true"
        return [finding(ERROR, "Docker engine", "none answers, and installing one is switched off", needed, remedy)]
    if host["system"] == "Darwin" or not (host["os"]["debian_like"] and host["apt"]):
        remedy = desktop_remedy(host) or "install Docker and start it"
        return [finding(ERROR, "Docker engine", f"none answers on this {host['os']['id']} system", needed, remedy)]
    if not host["privileged"]:
        text = f"none answers, and neither root nor sudo ({host['sudo_problem']})"
        # What is there already only has to be started.
        if host["dockerd"]:
            hand = "sudo systemctl start docker" if host["systemd"] else "sudo dockerd"
        else:
            hand = "sudo apt-get install docker.io"
        remedy = f"have somebody with the rights run `{hand}` and add this user to the group docker, or run as root"
        if host["wsl"]:
            remedy += f", or {desktop_remedy(host)}"
        return [finding(ERROR, "Docker engine", text, needed, remedy)]
    if host["systemd"] and not host["in_docker_group"]:
        text = "none answers, and this user could not use the one that systemd would start"
        remedy = "run `sudo groupadd -f docker && sudo usermod -aG docker $USER`, log in again"
        return [finding(ERROR, "Docker engine", text, "membership of the group docker", remedy)]
    plan = "started" if host["dockerd"] else "installed and started"
    return [finding(INFO, "Docker engine", "none answers", needed, f"Debian's docker.io gets {plan}")]


def judge_commands(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge the commands that must be there before the first stage."""
    return [
        finding(
            ERROR,
            f"command {command['name']}",
            "not on PATH",
            command.get("why") or "present",
            f"install the package {command.get('package') or command['name']}",
        )
        for command in wants.commands
        if command["name"] in host["commands_missing"]
    ]


def judge_packages(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Judge the Debian packages that later steps install: somebody who may not is told before anything is changed."""
    if host["privileged"] or not host["apt"]:
        return []
    found = []
    for entry in host["packages_lacking"]:
        names = " ".join(entry["names"])
        text = f"not installed, and this user may not install packages ({host['sudo_problem']})"
        hand = f"sudo apt-get install --no-install-recommends {names}"
        remedy = f"have somebody with the rights run `{hand}`"
        severity = ERROR if entry["certain"] else WARNING
        word = "packages" if len(entry["names"]) > 1 else "package"
        found.append(finding(severity, f"Debian {word} {names}", text, entry["why"], remedy))
    return found


def judge_sources(
    answers: dict[str, dict[str, Any]], remedies: dict[str, tuple[str, str]], dispensable: Iterable[str] = ()
) -> list[dict[str, str]]:
    """Judge the sources of packages and images that were asked.

    :param answers: {name: {ok, detail}} of ``source_probes.ask_all``.
    :param remedies: {name: (what is needed, remedy)}.
    :param dispensable: Names whose silence is a warning only, because a cache may do.
    """
    warned = set(dispensable)
    silent = [name for name, answer in answers.items() if not answer["ok"]]
    if len(warned) > 1 and warned <= set(silent):  # offline, not a source's trouble: once is enough
        detail = answers[next(name for name in silent if name in warned)]["detail"]
        needed = "them only for what the caches do not hold"
        remedy = "none with complete caches; otherwise check the network and its proxy (docs/networks.md)"
        offline = [finding(WARNING, "network", f"no source of packages answers ({detail})", needed, remedy)]
        silent = [name for name in silent if name not in warned]
    else:
        offline = []
    return offline + [
        finding(
            WARNING if name in warned else ERROR, name, f"no usable answer ({answers[name]['detail']})", *remedies[name]
        )
        for name in silent
    ]


def judge_proxies(proxies: dict[str, str]) -> list[dict[str, str]]:
    """Judge the addresses of proxies: one on this host's loopback serves this host alone.

    :param proxies: {name of the setting: address}; an address that cannot be read was refused before.
    """
    return [
        finding(
            WARNING,
            f"setting {name}",
            f"{network.shown(url)}, this host's own loopback",
            "an address that builds, the node and pods reach as well, if they shall use the proxy",
            "let the proxy listen on an address of this host and name that one",
        )
        for name, url in proxies.items()
        if network.is_loopback(url)
    ]


def judge(host: dict[str, Any], wants: Wants) -> list[dict[str, str]]:
    """Return all findings about a host, errors first."""
    rules = (judge_platform, judge_engine, judge_size, judge_disk, judge_ports, judge_commands, judge_packages)
    found = [entry for rule in rules for entry in rule(host, wants)]
    return sorted(found, key=lambda entry: (ERROR, WARNING, INFO).index(entry["severity"]))
