"""Other platforms, by facts written down as such hosts give them: what is found, where the engine is, what is said."""

from __future__ import annotations

import hashlib
import json
import platform
import socketserver
import threading
from collections import namedtuple
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from test_preflight_rules import a_host

from ansible_collections.todo.k8s.plugins.module_utils import docker_engine, engine_api, host_facts, platforms
from ansible_collections.todo.k8s.plugins.module_utils import preflight_rules as rules

HOSTS = Path(__file__).parent / "fixtures" / "hosts"
Uname = namedtuple("Uname", "system node release version machine")


class Recorded:
    """One host, as its commands and files would tell."""

    def __init__(self, name: str) -> None:
        self.folder = HOSTS / name
        content = json.loads((self.folder / "host.json").read_text())
        self.uname, self.info, self.socket = Uname(*content["uname"]), content["info"], content["socket"]

    def facts(self, **changes):
        """The facts of its files, judged with whatever else a host has."""
        return a_host(
            **{**host_facts.basic(self.uname, str(self.folder)), "python": "3.11.2", "root": False, **changes}
        )


@contextmanager
def engine_at(path: Path, answers: dict[str, tuple[int, bytes]]):
    """An HTTP server on a Unix socket that gives prepared answers."""

    class Handler(BaseHTTPRequestHandler):
        def address_string(self):
            return "unix"

        def log_message(self, *_arguments):
            pass

        def do_GET(self):
            status, content = answers.get(self.path, (404, b"{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    path.parent.mkdir(parents=True, exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64"), ("RISCV64", "riscv64")]
)
def test_architecture(machine, name):
    assert platforms.architecture(machine) == name


def test_this_machines_own_architecture():
    assert platforms.architecture() == platforms.architecture(platform.machine())


def test_macos_with_docker_desktop(tmp_path):
    mac = Recorded("macos-arm64")
    facts = mac.facts(apt=False, dockerd=False, engine={}, privileged=False, sudo_problem="a password is required")
    assert (facts["arch"], facts["system"], facts["os"]["id"]) == ("arm64", "Darwin", "darwin")
    assert facts["cgroup_version"] == 0
    assert facts["memory_mb"] > 0
    missing = rules.judge(facts, rules.Wants(min_memory_mb=1, want_memory_mb=1, min_cpus=1, want_cpus=1))
    assert [entry["remedy"] for entry in missing] == ["install Docker Desktop and start it"]
    with engine_at(tmp_path / mac.socket, {"/info": (200, json.dumps(mac.info).encode())}):
        environ = {"HOME": str(tmp_path)}
        asked = docker_engine.candidate_hosts(environ)
        assert asked[1] == f"unix://{tmp_path}/.docker/run/docker.sock"
        info = docker_engine.probe(asked[1])
    assert (info.arch, info.cpus, info.memory_mb, info.system) == ("arm64", 8, 7836, "Docker Desktop")
    engine = {"host": info.host, "version": info.version, "cpus": 8, "memory_mb": 7836, "arch": "arm64"}
    small = {"cpus": 1, "memory_mb": 100, "memory_available_mb": 100}  # of no account: the virtual machine's count
    found = rules.judge({**facts, **small, "engine": engine}, rules.Wants(min_memory_mb=3800, want_memory_mb=1))
    assert [entry["subject"] for entry in found if entry["severity"] == rules.ERROR] == []


def test_macos_of_the_old_kind_with_an_engine_of_the_new(tmp_path):
    facts = Recorded("macos-arm64").facts(arch="amd64", engine={**a_host()["engine"], "arch": "arm64"})
    found = rules.judge_platform(facts, rules.Wants())
    assert [(entry["severity"], entry["subject"]) for entry in found] == [
        (rules.INFO, "architecture of the Docker engine")
    ]


def test_wsl2(tmp_path):
    wsl = Recorded("wsl2-amd64")
    facts = wsl.facts(engine={}, dockerd=False, privileged=False, sudo_problem="sudo: a password is required")
    assert facts["wsl"]
    assert (facts["arch"], facts["cgroup_version"], facts["memory_mb"]) == ("amd64", 2, 15899)
    found = rules.judge_engine(facts, rules.Wants())
    assert "start Docker Desktop on Windows and switch on its WSL integration" in found[0]["remedy"]
    denied = rules.judge_engine({**facts, "socket_denied": "/var/run/docker.sock"}, rules.Wants())
    assert "WSL integration" in denied[0]["remedy"]
    # Docker Desktop's virtual machine has control groups of its own: they count, not those of the distribution.
    engine = {**a_host()["engine"], "cgroup_version": wsl.info["CgroupVersion"]}
    old = rules.judge_platform({**facts, "engine": engine}, rules.Wants(kubernetes_version="v1.35.0"))
    assert [entry["found"] for entry in old] == ["version 1"]


def test_linux_on_arm64(tmp_path):
    board = Recorded("linux-arm64")
    with engine_at(tmp_path / "s", {"/info": (200, json.dumps(board.info).encode())}) as host:
        info = docker_engine.probe(host)
    assert (info.arch, info.cgroup_driver, info.cgroup_version) == ("arm64", "systemd", "2")
    facts = board.facts()
    # Limited by a group above its own.
    assert (facts["arch"], facts["memory_mb"], facts["wsl"], facts["systemd"]) == ("arm64", 6144, False, True)
    assert rules.judge_platform(facts, rules.Wants(kubernetes_version="v1.36.0")) == []


def test_the_docker_clis_context_is_followed(tmp_path):
    folder = tmp_path / ".docker"
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest()
    meta.mkdir(parents=True)
    (folder / "config.json").write_text('{"currentContext": "colima"}')
    (meta / "meta.json").write_text('{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///c/docker.sock"}}}')
    environ = {"HOME": str(tmp_path)}
    assert docker_engine.candidate_hosts(environ)[0] == "unix:///c/docker.sock"
    assert docker_engine.candidate_hosts({**environ, "DOCKER_CONTEXT": "default"})[0] == docker_engine.DEFAULT_SOCKET
    assert docker_engine.candidate_hosts({**environ, "DOCKER_HOST": "tcp://h:1"}) == ["tcp://h:1"]
    (folder / "config.json").write_text("[]")
    assert docker_engine.candidate_hosts(environ)[0] == docker_engine.DEFAULT_SOCKET


@pytest.mark.parametrize(
    "answer", [(500, b"{}"), (200, b"not JSON"), (404, b"{}")], ids=["error", "not the engine", "no such path"]
)
def test_what_is_no_engine_is_silent(tmp_path, answer):
    with engine_at(tmp_path / "s", {"/info": answer}) as host:
        with pytest.raises(engine_api.Silent):
            engine_api.get(host, "/info")
        assert docker_engine.probe(host) is None


def test_addresses_that_need_more_than_a_socket_go_through_docker_py(monkeypatch):
    assert engine_api.connection("ssh://someone@host", 1) is None
    assert engine_api.connection("npipe:////./pipe/docker_engine", 1) is None
    assert engine_api.connection("tcp://127.0.0.1:2375", 1) is not None
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert engine_api.connection("tcp://127.0.0.1:2376", 1) is None


def test_lsof_names_who_listens():
    text = "p512\ncControlCenter\nf10\nn*:5000\nf11\nn[::1]:5000\np900\ncnode\nf3\nn127.0.0.1:30000\n"
    assert host_facts.parse_lsof(text) == [
        {"address": "0.0.0.0", "pid": 512, "name": "ControlCenter"},
        {"address": "::1", "pid": 512, "name": "ControlCenter"},
        {"address": "127.0.0.1", "pid": 900, "name": "node"},
    ]
