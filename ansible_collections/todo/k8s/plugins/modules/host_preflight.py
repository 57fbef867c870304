#!/usr/bin/python
"""What this host has, and what is missing."""

DOCUMENTATION = r"""
module: host_preflight
short_description: What this host has, what is missing, and how to cure it
version_added: 1.0.0
description:
  - Looks at processor, memory, disk, ports, control groups, capabilities, the Docker engine and, when asked, at the
    sources of packages and images. It only reads.
  - Reports every problem at once, each with its subject, what was found, what is needed and the remedy.
  - Fails when one of them is an error.
options:
  min_cpus:
    description: Below this number of cores it is an error.
    type: int
    default: 2
  want_cpus:
    description: Below this number of cores it is a warning.
    type: int
    default: 4
  min_memory_mb:
    description:
      - Below this much memory, in MiB, it is an error. What the Docker engine has counts where one answers.
      - The default lets pass what is sold as 4 GB.
    type: int
    default: 3800
  want_memory_mb:
    description: Below this much memory, in MiB, it is a warning.
    type: int
    default: 8192
  min_disk_mb:
    description:
      - Free disk space, in MiB, needed for O(cache_dir) and the engine's folder together when nothing is installed yet.
      - On two file systems the cache needs 40 % of it and the engine 60 %.
    type: int
    default: 20480
  min_disk_installed_mb:
    description: The same once O(own_container) exists.
    type: int
    default: 2048
  cache_dir:
    description: Folder of the caches.
    type: path
    required: true
  engine_dir:
    description: Folder of an engine that would be started, used where none answers.
    type: path
    default: /var/lib/docker
  ports:
    description: TCP ports of 127.0.0.1 that must be free, or published by O(own_container).
    type: list
    elements: int
    default: []
  own_container:
    description: Name of the cluster's node container.
    type: str
    default: ""
  commands:
    description: Commands that must be on PATH.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The command.
        type: str
        required: true
      package:
        description: The package that brings it.
        type: str
      why:
        description: What it is needed for.
        type: str
  packages:
    description:
      - Debian packages that later steps install where they are missing. Somebody who may not install them is told here,
        before anything is changed.
    type: list
    elements: dict
    default: []
    suboptions:
      names:
        description: The packages.
        type: list
        elements: str
        required: true
      why:
        description: What they are needed for.
        type: str
        required: true
      commands:
        description: Commands that show, all together, that the packages are there.
        type: list
        elements: str
        default: []
      unless:
        description: Patterns of files (C(*) and C(?)), any one of which makes the packages unnecessary.
        type: list
        elements: str
        default: []
      certain:
        description: Whether they are needed for sure; otherwise their lack is only worth a warning.
        type: bool
        default: true
  engine_host:
    description: Address of the only engine to look at; otherwise DOCKER_HOST, Docker's context and the usual sockets.
    type: str
    default: ""
  engine_state_dir:
    description: Folder of the managed engine's records, by which it is known as this project's own.
    type: path
  kubernetes_version:
    description: The version of Kubernetes that will run; on cgroup v1 it must be older than 1.35.
    type: str
    default: ""
  may_install_engine:
    description: Whether a Docker engine may be installed where none answers.
    type: bool
    default: true
  check_sources:
    description:
      - Whether to ask O(sources); O(registries) are asked in any case.
      - V(auto) asks unless O(own_container) exists. A source that does not answer is then an error when O(cache_dir)
        is empty, and a warning when it holds something that may do.
    type: str
    choices: [auto, always, never]
    default: auto
  sources:
    description: Sources of packages, asked through their own clients as these are configured.
    type: list
    elements: str
    choices: [apt, pypi, go, npm]
    default: [apt, pypi, go, npm]
  registries:
    description: Container registries that were asked for explicitly.
    type: list
    elements: dict
    default: []
    suboptions:
      image:
        description: An image reference; its registry is asked.
        type: str
        required: true
      setting:
        description: The setting that asks for it, named in the remedy.
        type: str
        required: true
  source_timeout:
    description:
      - Seconds after which a source that does not answer is given up. All are asked at the same time.
      - A busy machine gives the clients of packages up to four times as long.
    type: float
    default: 6
  http_proxy:
    description: Proxy for http addresses, for the questions to O(sources) and O(registries).
    type: str
    default: ""
  https_proxy:
    description: Proxy for https addresses.
    type: str
    default: ""
  no_proxy:
    description: Names reached without a proxy.
    type: str
    default: ""
  ca_bundle:
    description: File of certificate authorities (PEM) to trust beside the system's own.
    type: path
    default: ""
  system_bundle:
    description: File of the authorities that are trusted already; the system's own when empty or missing.
    type: path
    default: ""
  setting_names:
    description: Names under which the user knows the options, for the remedies.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Only reads.
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Look at this host
  todo.k8s.host_preflight:
    cache_dir: "{{ todo_cache_dir }}"
    ports: [30000, 30001]
    own_container: todo
  register: preflight_result
"""

RETURN = r"""
host:
  description: What was found, see docs/architecture.md.
  type: dict
  returned: success
findings:
  description: Everything worth saying, errors first; each has subject, found, needed, remedy and severity.
  type: list
  elements: dict
  returned: success
sources:
  description: For each source that was asked, whether it answered and what it said.
  type: dict
  returned: success
"""

import glob
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import docker_engine, host_facts, network, rights, source_probes
from ansible_collections.todo.k8s.plugins.module_utils import preflight_rules as rules

OPTIONS = {
    "min_cpus": {"type": "int", "default": 2},
    "want_cpus": {"type": "int", "default": 4},
    "min_memory_mb": {"type": "int", "default": 3800},
    "want_memory_mb": {"type": "int", "default": 8192},
    "min_disk_mb": {"type": "int", "default": 20480},
    "min_disk_installed_mb": {"type": "int", "default": 2048},
    "cache_dir": {"type": "path", "required": True},
    "engine_dir": {"type": "path", "default": "/var/lib/docker"},
    "ports": {"type": "list", "elements": "int", "default": []},
    "own_container": {"type": "str", "default": ""},
    "commands": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"name": {"type": "str", "required": True}, "package": {"type": "str"}, "why": {"type": "str"}},
    },
    "packages": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "names": {"type": "list", "elements": "str", "required": True},
            "why": {"type": "str", "required": True},
            "commands": {"type": "list", "elements": "str", "default": []},
            "unless": {"type": "list", "elements": "str", "default": []},
            "certain": {"type": "bool", "default": True},
        },
    },
    "engine_host": {"type": "str", "default": ""},
    "engine_state_dir": {"type": "path"},
    "kubernetes_version": {"type": "str", "default": ""},
    "may_install_engine": {"type": "bool", "default": True},
    "check_sources": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "sources": {
        "type": "list",
        "elements": "str",
        "choices": list(source_probes.PROBES),
        "default": list(source_probes.PROBES),
    },
    "registries": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"image": {"type": "str", "required": True}, "setting": {"type": "str", "required": True}},
    },
    "source_timeout": {"type": "float", "default": 6.0},
    "http_proxy": {"type": "str", "default": "", "no_log": True},
    "https_proxy": {"type": "str", "default": "", "no_log": True},
    "no_proxy": {"type": "str", "default": ""},
    "ca_bundle": {"type": "path", "default": ""},
    "system_bundle": {"type": "path", "default": ""},
    "setting_names": {"type": "dict", "default": {}},
}
REMEDIES = {
    "apt": ("Debian packages", "check the network and apt's sources: sudo apt-get update"),
    "pypi": ("Python packages", "check the network and pip's settings: pip config list"),
    "go": ("Go modules for the tools", "check the network and Go's settings: go env GOPROXY"),
    "npm": ("npm packages for the frontends", "check the network and npm's settings: npm config list"),
}
SOURCE_NAMES = {
    "apt": "Debian package archive",
    "pypi": "Python package index",
    "go": "Go module proxy",
    "npm": "npm registry",
}


def lacking_packages(wished):
    """Return those wished packages for which none of their files, commands or caches is there."""
    found = []
    for entry in wished:
        there = any(glob.glob(os.path.expanduser(pattern)) for pattern in entry["unless"])  # noqa: PTH111, PTH207
        if not there and not (entry["commands"] and all(host_facts.which(name) for name in entry["commands"])):
            found.append(entry)
    return found


def look(options):
    """Return the facts that the rules judge."""
    host = host_facts.basic()
    environ = {"DOCKER_HOST": options["engine_host"]} if options["engine_host"] else dict(os.environ)
    info = docker_engine.find(environ)
    state = Path(options["engine_state_dir"] or "/nonexistent")
    engine = docker_engine.describe(info, docker_engine.EnginePaths(state, Path(options["engine_dir"])))
    containers = host_facts.containers(info.host) if info else []
    # The engine's folder is on this host only when it is reached through a socket and exists here.
    local = bool(info) and info.host.startswith("unix://") and host["system"] == "Linux"
    root_dir = engine["root_dir"] if local and host_facts.is_folder(engine["root_dir"] or "/nonexistent") else None
    disks = {"cache": host_facts.disk(options["cache_dir"])}
    if root_dir or not info:
        disks["engine"] = host_facts.disk(root_dir or options["engine_dir"])
    lacking = lacking_packages(options["packages"])
    # Asking sudo takes time and may be logged: only where its answer matters.
    problem = rights.problem() if host["root"] or lacking or not info else "not asked"
    sockets = host_facts.listeners()
    host.update(
        engine=engine,
        docker_host="" if info or options["engine_host"] else os.environ.get("DOCKER_HOST", ""),
        socket_denied="" if info else docker_engine.denied_socket(environ),
        in_docker_group=host["root"] or host_facts.in_group("docker"),
        dockerd=bool(host_facts.which("dockerd")),
        apt=bool(host_facts.which("apt-get")),
        packages_lacking=lacking,
        sudo_problem=problem,
        privileged=not problem,
        containers=containers,
        installed=any(container["name"] == options["own_container"] for container in containers),
        disks=disks,
        disk_free_mb=min(entry["free_mb"] for entry in disks.values()),
        ports=[host_facts.port_state(port, sockets) for port in dict.fromkeys(options["ports"])],
        commands_missing=[entry["name"] for entry in options["commands"] if not host_facts.which(entry["name"])],
    )
    return host


def is_empty(folder):
    """Tell whether a folder is missing or holds nothing."""
    path = Path(folder)
    return not (path.is_dir() and any(path.iterdir()))


def ask_sources(options, installed):
    """Return (answers, remedies, names of package sources), all by the names shown to the user."""
    timeout, questions, remedies = options["source_timeout"], {}, {}
    patient = source_probes.patience_now(timeout)
    asks = options["check_sources"] == "always" or (options["check_sources"] == "auto" and not installed)
    for kind in options["sources"] if asks else []:
        questions[SOURCE_NAMES[kind]] = lambda kind=kind: source_probes.PROBES[kind](patient)
        remedies[SOURCE_NAMES[kind]] = REMEDIES[kind]
    packages = set(questions)
    for entry in options["registries"]:
        address = source_probes.registry_of(entry["image"])
        name = f"container registry {address}"
        questions[name] = lambda address=address: source_probes.probe_registry(address, timeout)
        remedies[name] = (
            f"an answer, as {entry['setting']} asks for {entry['image']}",
            f"check the network, or leave {entry['setting']} at its default: images are then made from Debian packages",
        )
    return source_probes.ask_all(questions, patient if packages else timeout), remedies, packages


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    options = module.params
    host = look(options)
    wants = rules.Wants(
        **{
            name: options[name]
            for name in (
                "min_cpus",
                "want_cpus",
                "min_memory_mb",
                "want_memory_mb",
                "min_disk_mb",
                "min_disk_installed_mb",
                "own_container",
                "kubernetes_version",
                "may_install_engine",
            )
        },
        ports=tuple(options["ports"]),
        commands=tuple(options["commands"]),
        names=options["setting_names"],
    )
    settings = network.Settings(
        options["http_proxy"], options["https_proxy"], options["no_proxy"], options["ca_bundle"]
    )
    try:
        with network.used(settings, options["system_bundle"]):
            answers, remedies, packages = ask_sources(options, host["installed"])
    except network.NetworkError as error:
        module.fail_json(msg=str(error))
    may_miss = options["check_sources"] == "auto" and not is_empty(options["cache_dir"])
    findings = rules.judge_sources(answers, remedies, packages if may_miss else set()) + rules.judge(host, wants)
    findings += rules.judge_proxies({"todo_http_proxy": settings.http, "todo_https_proxy": settings.https})
    errors = rules.with_severity(findings, rules.ERROR)
    # Other people's containers are none of the report's business.
    host.pop("containers")
    result = {"changed": False, "host": {**host, "findings": findings}, "findings": findings, "sources": answers}
    for entry in rules.with_severity(findings, rules.WARNING):
        module.warn(rules.sentence(entry))
    if errors:
        # The message says it all; the facts would only bury it.
        module.fail_json(msg=rules.failure_message(errors))
    module.exit_json(msg=f"This host is ready: {len(findings)} remarks, no error", **result)


if __name__ == "__main__":
    main()
