"""Judging a host from its facts."""

from __future__ import annotations

import errno

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import preflight_rules as rules


def a_host(**changes):
    """Return the facts of a host that lacks nothing, with changes."""
    host = {
        "system": "Linux",
        "wsl": False,
        "arch": "amd64",
        "os": {"id": "debian", "version": "12", "debian_like": True},
        "python": "3.11.2",
        "cpus": 8,
        "memory_mb": 16000,
        "memory_available_mb": 12000,
        "systemd": True,
        "root": False,
        "privileged": True,
        "sudo_problem": "",
        "in_docker_group": True,
        "packages_lacking": [],
        "cgroup_version": 2,
        "capabilities_missing": [],
        "engine": {"host": "unix:///s", "version": "27.1.1", "root_dir": "/d", "cpus": 8, "memory_mb": 16000},
        "docker_host": "",
        "socket_denied": "",
        "dockerd": True,
        "apt": True,
        "containers": [],
        "installed": False,
        "disks": {
            "cache": {"path": "/c", "free_mb": 50000, "device": 1},
            "engine": {"path": "/d", "free_mb": 50000, "device": 1},
        },
        "ports": [],
        "commands_missing": [],
    }
    return {**host, **changes}


def only(findings):
    assert len(findings) == 1, findings
    return findings[0]


def test_a_good_host_has_no_findings():
    assert rules.judge(a_host(), rules.Wants(ports=(30000,), own_container="todo")) == []


@pytest.mark.parametrize(
    ("changes", "subject", "found", "remedy"),
    [
        ({"arch": "riscv64"}, "processor architecture", "riscv64", "use another machine"),
        ({"python": "3.9.2"}, "Python", "3.9.2", "install Python 3.11"),
        ({"cgroup_version": 0}, "control groups", "no hierarchy", "mount cgroup2"),
        ({"cpus": 1}, "processor cores", "1 cores", "lower preflight_min_cpus"),
        ({"memory_mb": 3000}, "memory", "3000 MiB", "more"),
        ({"engine": {}, "privileged": False}, "Docker engine", "neither root nor sudo", "run as root"),
        ({"engine": {}, "socket_denied": "/run/s"}, "Docker engine", "permission denied", "group docker"),
        ({"engine": {}, "docker_host": "tcp://x"}, "Docker engine", "DOCKER_HOST=tcp://x", "unset DOCKER_HOST"),
        ({"engine": {}, "apt": False}, "Docker engine", "none answers on this debian", "install Docker"),
        ({"engine": {"version": "19.3"}}, "Docker engine", "version 19.3", "update Docker"),
    ],
)
def test_errors_name_subject_found_needed_remedy(changes, subject, found, remedy):
    wants = rules.Wants(names={"min_cpus": "preflight_min_cpus"})
    entry = only(rules.with_severity(rules.judge(a_host(**changes), wants), rules.ERROR))
    assert entry["subject"] == subject
    assert found in entry["found"]
    assert remedy in entry["remedy"]
    assert entry["needed"]


def test_engine_may_be_forbidden():
    entry = only(rules.judge(a_host(engine={}), rules.Wants(may_install_engine=False)))
    assert entry["severity"] == rules.ERROR
    assert "switched off" in entry["found"]
    plan = only(rules.judge(a_host(engine={}, dockerd=False), rules.Wants()))
    assert (plan["severity"], plan["remedy"]) == (rules.INFO, "Debian's docker.io gets installed and started")


def test_less_than_wanted_is_a_warning():
    findings = rules.judge(a_host(cpus=2, memory_mb=4096), rules.Wants())
    assert [(entry["severity"], entry["subject"]) for entry in findings] == [
        (rules.WARNING, "processor cores"),
        (rules.WARNING, "memory"),
    ]


def test_a_remote_engines_size_counts_on_other_systems():
    engine = {"version": "27.1", "cpus": 2, "memory_mb": 2000}
    entry = only(rules.with_severity(rules.judge(a_host(system="Darwin", engine=engine), rules.Wants()), rules.ERROR))
    assert entry["found"] == "2000 MiB (the Docker engine)"


def test_little_free_memory_is_told_before_the_installation_only():
    assert only(rules.judge(a_host(memory_available_mb=100), rules.Wants()))["found"] == "100 MiB of it unused"
    assert rules.judge(a_host(memory_available_mb=100, installed=True), rules.Wants()) == []


@pytest.mark.parametrize(
    ("cache", "engine", "same", "installed", "wrong"),
    [
        (20480, 20480, True, False, []),
        (20479, 20479, True, False, ["/c (cache) and /d (engine)"]),
        (8192, 12288, False, False, []),
        (8191, 12288, False, False, ["/c (cache)"]),
        (8192, 12287, False, False, ["/d (engine)"]),
        (2048, 2048, True, True, []),
        (2047, 2047, True, True, ["/c (cache) and /d (engine)"]),
    ],
)
def test_disk(cache, engine, same, installed, wrong):
    disks = {
        "cache": {"path": "/c", "free_mb": cache, "device": 1},
        "engine": {"path": "/d", "free_mb": engine, "device": 1 if same else 2},
    }
    findings = rules.judge(a_host(disks=disks, installed=installed), rules.Wants())
    assert [entry["subject"] for entry in findings] == [f"disk space for {places}" for places in wrong]


def a_port(number=30000, code=errno.EADDRINUSE, **holder):
    holders = [{"address": "127.0.0.1", "uid": 1000, "inode": "1", **holder}] if holder else []
    return {"port": number, "errno": code, "holders": holders}


def test_ports():
    wants = rules.Wants(own_container="todo", names={"ports": "minikube_ports"})

    def judge(port, containers=()):
        return rules.judge(a_host(ports=[port], containers=list(containers)), wants)

    assert judge(a_port(code=0)) == []
    taken = only(judge(a_port(pid=77, name="nginx")))
    assert taken["subject"] == "port 30000 on 127.0.0.1"
    assert taken["found"] == "in use by nginx (pid 77) on 127.0.0.1"
    assert "minikube_ports" in taken["remedy"]
    assert "a process of uid 33" in only(judge(a_port(uid=33)))["found"]
    assert only(judge(a_port(80, errno.EACCES)))["remedy"] == "choose a port above 1023"
    assert "EADDRINUSE" in only(judge(a_port()))["found"]
    ours = {"name": "todo", "running": True, "ports": [30000]}
    assert judge(a_port(pid=1, name="docker-proxy"), [ours]) == []
    stopped = {**ours, "running": False, "ports": []}
    assert only(judge(a_port(pid=1, name="nginx"), [stopped]))
    foreign = {"name": "web", "running": True, "ports": [30000]}
    # Without a userland proxy nobody listens, and the port is taken all the same.
    assert only(judge(a_port(code=0), [foreign]))["found"] == "published by container web"


def test_cgroup_v1_and_kubernetes():
    host = a_host(cgroup_version=1)
    assert rules.judge(host, rules.Wants(kubernetes_version="v1.34.3")) == []
    entry = only(rules.judge(host, rules.Wants(kubernetes_version="v1.35.0")))
    assert entry["needed"] == "version 2 for Kubernetes v1.35.0"


def test_commands():
    wants = rules.Wants(commands=({"name": "git", "package": "git", "why": "to clone"}, {"name": "tar"}))
    entry = only(rules.judge(a_host(commands_missing=["git"]), wants))
    assert (entry["subject"], entry["needed"], entry["remedy"]) == (
        "command git",
        "to clone",
        "install the package git",
    )


def test_sources():
    answers = {"a": {"ok": True, "detail": ""}, "b": {"ok": False, "detail": "no route"}}
    remedies = {"a": ("", ""), "b": ("packages", "check the network")}
    entry = only(rules.judge_sources(answers, remedies))
    assert rules.sentence(entry) == (
        "b: found no usable answer (no route); needed packages. Remedy: check the network."
    )
    assert entry["severity"] == rules.ERROR
    assert only(rules.judge_sources(answers, remedies, {"b"}))["severity"] == rules.WARNING


def test_without_a_network_one_warning_is_enough():
    answers = {name: {"ok": False, "detail": f"{name} is unreachable"} for name in ("apt", "go", "registry")}
    remedies = dict.fromkeys(answers, ("n", "r"))
    offline, registry = rules.judge_sources(answers, remedies, {"apt", "go"})
    assert (offline["severity"], offline["subject"]) == (rules.WARNING, "network")
    assert "apt is unreachable" in offline["found"]
    assert (registry["severity"], registry["subject"]) == (rules.ERROR, "registry")
    answers["apt"]["ok"] = True
    assert [entry["subject"] for entry in rules.judge_sources(answers, remedies, {"apt", "go"})] == ["go", "registry"]


def test_errors_come_first_and_all_at_once():
    host = a_host(cpus=1, arch="s390x", memory_mb=4000, capabilities_missing=["CAP_SYS_RESOURCE"])
    findings = rules.judge(host, rules.Wants())
    assert [entry["severity"] for entry in findings] == ["error", "error", "warning", "info"]
    message = rules.failure_message(rules.with_severity(findings, rules.ERROR))
    assert message.splitlines()[0] == "This host is not ready: 2 problems, nothing was changed."
    assert message.splitlines()[1].startswith("  1. processor architecture: found s390x; needed amd64 or arm64.")
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("v1.34.3", (1, 34, 3)), ("20.10.24+dfsg1", (20, 10, 24)), ("", ()), ("3.11.2rc", (3, 11, 2))],
)
def test_version_tuple(text, numbers):
    assert rules.version_tuple(text) == numbers


def lacking(**changes):
    entry = {"names": ["mmdebstrap", "uidmap"], "why": "to make base images", "certain": True}
    return a_host(packages_lacking=[{**entry, **changes}], privileged=False, sudo_problem="sudo is not installed")


def test_packages_that_this_user_may_not_install():
    entry = only(rules.judge_packages(lacking(), rules.Wants()))
    assert entry["severity"] == rules.ERROR
    assert rules.sentence(entry) == (
        "Debian packages mmdebstrap uidmap: found not installed, and this user may not install packages (sudo is not "
        "installed); needed to make base images. Remedy: have somebody with the rights run "
        "`sudo apt-get install --no-install-recommends mmdebstrap uidmap`."
    )


def test_packages_that_may_not_be_needed_are_a_warning():
    assert only(rules.judge_packages(lacking(certain=False), rules.Wants()))["severity"] == rules.WARNING


def test_packages_are_no_problem_of_somebody_who_may_install_them_or_of_a_host_without_apt():
    assert rules.judge_packages({**lacking(), "privileged": True}, rules.Wants()) == []
    assert rules.judge_packages({**lacking(), "apt": False}, rules.Wants()) == []


def test_an_engine_that_this_user_could_not_use_is_not_installed():
    host = a_host(engine={}, in_docker_group=False)
    assert "usermod -aG docker" in only(rules.judge_engine(host, rules.Wants()))["remedy"]
    # Without systemd the engine is this user's own: its socket goes to their group.
    assert only(rules.judge_engine({**host, "systemd": False}, rules.Wants()))["severity"] == rules.INFO
