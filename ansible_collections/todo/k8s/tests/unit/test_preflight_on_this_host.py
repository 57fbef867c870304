"""host_preflight on this very machine, with real obstacles: a taken port, a full disk, a user without rights."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import preflight_rules
from ansible_collections.todo.k8s.plugins.modules import host_preflight

CHECKOUT = Path(__file__).resolve().parents[5]
MODULE = "ansible_collections.todo.k8s.plugins.modules.host_preflight"
# Judged by what this machine happens to have, so switched off except where a test is about it.
MODEST = {"min_cpus": 1, "min_memory_mb": 1, "min_disk_mb": 1, "min_disk_installed_mb": 1, "check_sources": "never"}


def run_module(tmp_path, environment=None, **options):
    """Run the module as Ansible would; gives its result."""
    arguments = tmp_path / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"cache_dir": str(tmp_path), **MODEST, **options}}))
    command = [sys.executable, "-m", MODULE, str(arguments)]
    run = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout, run.stderr
    return json.loads(run.stdout)


def test_a_taken_port_names_the_process(tmp_path):
    """Port 30000, unless it is taken on this machine already."""
    try:
        server = socket.create_server(("127.0.0.1", 30000))
    except OSError:
        server = socket.create_server(("127.0.0.1", 0))
    with server:
        port = server.getsockname()[1]
        result = run_module(tmp_path, ports=[port], setting_names={"ports": "minikube_ports"})
    assert result["failed"]
    name = Path("/proc/self/comm").read_text().strip()
    assert f"port {port} on 127.0.0.1: found in use by {name} (pid {os.getpid()}) on 127.0.0.1" in result["msg"]
    assert "needed a free port. Remedy: " in result["msg"]
    assert "minikube_ports" in result["msg"]


def test_a_small_disk(tmp_path):
    target = tmp_path / "small"
    target.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", target], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting needs root")
    try:
        result = run_module(tmp_path, cache_dir=str(target / "cache"), min_disk_mb=100)
    finally:
        subprocess.run(["umount", target], check=True)
    assert result["failed"]
    assert f"disk space for {target}/cache (cache): found 8 MiB free; needed 40 MiB." in result["msg"]


def test_too_few_cores_and_too_little_memory_at_once(tmp_path):
    result = run_module(tmp_path, min_cpus=1000, min_memory_mb=10**9)
    assert result["msg"].startswith("This host is not ready: 2 problems, nothing was changed.")
    assert "processor cores: found " in result["msg"]
    assert "needed at least 1000 cores" in result["msg"]
    assert "needed at least 1000000000 MiB" in result["msg"]


def as_nobody(work):
    """Call a function in a fork that gave up all rights and its PATH; gives what it returned.

    A fork, because nobody may not even start an interpreter that lives below /root.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.environ.update(PATH="", HOME="/nonexistent")
            os.environ.pop("DOCKER_HOST", None)
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming nobody needs root")
def test_no_engine_and_no_right_to_install_one():
    options = {
        "cache_dir": "/tmp",
        "engine_dir": "/var/lib/docker",
        "ports": [],
        "commands": [],
        "own_container": "todo",
        "packages": [],
        "engine_host": "",
        "engine_state_dir": None,
    }
    host = as_nobody(lambda: host_preflight.look(options))
    assert host["root"] is False
    assert host["privileged"] is False
    message = preflight_rules.failure_message(preflight_rules.judge_engine(host, preflight_rules.Wants()))
    assert "needed an engine that answers, or the right to install one" in message
    if host["socket_denied"]:
        assert "permission denied" in message
    elif host["apt"] and host["os"]["debian_like"]:
        assert "neither root nor sudo" in message
    assert host["engine"] == {}


def test_an_engine_that_does_not_answer(tmp_path):
    environment = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    result = run_module(tmp_path, environment=environment)
    assert f"no answer at DOCKER_HOST=unix://{tmp_path}/no.sock" in result["msg"]


def test_an_unreachable_and_a_hanging_registry(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as hanging, socket.create_server(("127.0.0.1", 0)) as closed:
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in (hanging, closed)]
        closed.close()
        begun = time.monotonic()
        result = run_module(
            tmp_path,
            source_timeout=2,
            registries=[{"image": f"{address}/base:1", "setting": "images_base_source"} for address in addresses],
        )
        assert time.monotonic() - begun < 10
    assert result["msg"].startswith("This host is not ready: 2 problems")
    for address in addresses:
        assert f"container registry {address}: found no usable answer (" in result["msg"]
    assert (
        f"needed an answer, as images_base_source asks for {addresses[0]}/base:1. Remedy: check the network"
        in result["msg"]
    )


def test_a_ready_host_hands_over_its_facts(tmp_path):
    result = run_module(tmp_path)
    if result.get("failed"):
        pytest.skip(f"this machine has a real problem: {result['msg']}")
    host = result["host"]
    assert set(host) >= {
        "arch",
        "cpus",
        "memory_mb",
        "disk_free_mb",
        "systemd",
        "root",
        "capabilities_short",
        "findings",
    }
    assert "containers" not in host
    assert result["changed"] is False
