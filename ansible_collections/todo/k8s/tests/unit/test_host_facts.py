"""Reading what a host has: parsers with recorded texts, and probes of this very machine."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import host_facts

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:7530 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000 100 0 0 10 0
   1: 0100007F:7531 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000 100 0 0 10 0
"""
TCP6 = """  sl  local_address remote_address st tx rx tr tm uid timeout inode
   0: 00000000000000000000000001000000:7530 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 99 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 98 1 0 100 0 0 10 0
"""


def test_listeners():
    assert host_facts.parse_listeners(TCP) == [{"address": "127.0.0.1", "port": 30000, "uid": 1000, "inode": "4711"}]
    assert [(one["address"], one["port"]) for one in host_facts.parse_listeners(TCP6)] == [
        ("::1", 30000),
        ("::ffff:127.0.0.1", 80),
    ]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("0.0.0.0", True),
        ("::", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("127.0.0.2", False),
        ("10.1.2.3", False),
    ],
)
def test_reaches_loopback(address, expected):
    assert host_facts.reaches_loopback(address) is expected


def test_a_real_listener_is_found_with_its_process():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        state = host_facts.port_state(port, host_facts.listeners())
        assert state["errno"] == errno.EADDRINUSE
        assert state["holders"][0]["pid"] == os.getpid()
        # Even where the kernel's table says nothing, the port is found to be taken.
        assert host_facts.port_state(port, [])["errno"] == errno.EADDRINUSE
    assert host_facts.port_state(port, host_facts.listeners()) == {"port": port, "errno": 0, "holders": []}


def test_missing_capabilities():
    assert host_facts.missing_capabilities("CapBnd:\t000001ffffffffff\n", 40) == []
    assert host_facts.missing_capabilities("CapBnd:\t000001fffeffffff\n", 40) == ["CAP_SYS_RESOURCE"]
    assert host_facts.missing_capabilities("CapBnd:\t0000003fffffffff\n", 37) == []
    assert host_facts.missing_capabilities("", 40) == []


def test_meminfo():
    assert host_facts.parse_meminfo("MemTotal: 4096000 kB\nMemFree: 1 kB\nMemAvailable: 2048000 kB\n") == (4000, 2000)
    assert host_facts.parse_meminfo("") == (0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID=debian\nVERSION_ID="12"\n', {"id": "debian", "version": "12", "debian_like": True}),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', {"id": "linuxmint", "version": "", "debian_like": True}),
        ("ID=fedora\nVERSION_ID=41\n", {"id": "fedora", "version": "41", "debian_like": False}),
    ],
)
def test_os_release(text, expected):
    assert host_facts.parse_os_release(text) == expected


def test_cgroup_version(tmp_path):
    assert host_facts.cgroup_version(str(tmp_path)) == 0
    (tmp_path / "memory").mkdir()
    assert host_facts.cgroup_version(str(tmp_path)) == 1
    (tmp_path / "cgroup.controllers").touch()
    assert host_facts.cgroup_version(str(tmp_path)) == 2


def test_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    entry = host_facts.disk(tmp_path / "not" / "yet")
    assert entry["device"] == tmp_path.stat().st_dev
    assert entry["free_mb"] > 0
    assert host_facts.existing_parent(tmp_path / "not" / "yet") == tmp_path


@pytest.mark.parametrize(
    ("table", "controller", "folders"),
    [
        ("0::/user.slice/a\n", "memory", ["user.slice/a", "user.slice", "."]),
        ("4:memory:/box\n1:name=systemd:/x\n0::/y\n", "memory", ["memory/box", "memory"]),
        ("5:cpu,cpuacct:/\n", "cpu", ["cpu"]),
        ("", "memory", ["."]),
    ],
)
def test_control_groups_up_to_the_root(table, controller, folders):
    found = host_facts.cgroup_folders(table, controller, "/g")
    assert [str(path.relative_to("/g")) for path in found] == folders


def test_the_smallest_limit_counts(tmp_path):
    for name, limit in (("a", "max"), ("a/b", "1073741824"), ("a/b/c", "2147483648")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "memory.max").write_text(f"{limit}\n")
    assert host_facts.memory_limit_mb([tmp_path / "a/b/c", tmp_path / "a/b", tmp_path / "a"]) == 1024
    assert host_facts.memory_limit_mb([tmp_path / "a"]) is None


def test_basic_facts_of_this_machine():
    host = host_facts.basic()
    assert host["cpus"] >= 1
    assert host["memory_mb"] >= host["memory_available_mb"] > 100
    assert host["capabilities_short"] == bool(host["capabilities_missing"])
