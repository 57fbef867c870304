"""The engine's decisions: where to look, how to start, what to take back."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import docker_engine as engines

SUPERVISOR = Path(__file__).parents[2] / "roles/engine/files/engine_supervisor.py"
SAVED = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i br-0123456789ab -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE
COMMIT
"""


@pytest.fixture
def paths(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    return engines.EnginePaths(state, tmp_path / "data")


def test_a_named_engine_is_the_only_one_asked():
    assert engines.candidate_hosts({"DOCKER_HOST": "tcp://127.0.0.1:2375", "HOME": "/root"}) == ["tcp://127.0.0.1:2375"]


def test_usual_sockets_are_asked_otherwise():
    hosts = engines.candidate_hosts({"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1000"})
    assert hosts[0] == "unix:///var/run/docker.sock"
    assert "unix:///run/user/1000/docker.sock" in hosts


def test_no_engine_behind_a_missing_socket(tmp_path):
    assert engines.probe(f"unix://{tmp_path}/none.sock", timeout=1) is None


def test_mtu_of_the_default_route():
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
        "wan1\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n"
    )
    assert engines.uplink_mtu(table, {"eth0": 9000, "wan1": 1400}.get) == 1400


def test_command_for_a_small_mtu_on_cgroup_v1_with_a_wrapper(paths):
    options = engines.daemon_options(mtu=1400, runtime="/x/runc", cgroup_v1=True)
    command = engines.daemon_command("/usr/sbin/dockerd", paths, options)
    assert command[command.index("--mtu") + 1] == "1400"
    assert command[command.index("--default-cgroupns-mode") + 1] == "private"
    assert "bounded=/x/runc" in command


def test_plain_host_gets_a_plain_command(paths):
    options = engines.daemon_options(mtu=1500, runtime=None, cgroup_v1=False)
    command = engines.daemon_command("/usr/sbin/dockerd", paths, options)
    assert command == ["/usr/sbin/dockerd", "--data-root", str(paths.data), "--pidfile", str(paths.daemon_pid)]


def test_mirrors_are_told_and_known_again(paths):
    options = engines.daemon_options(mtu=None, runtime=None, cgroup_v1=False, mirrors=["http://a/", "http://b/"])
    paths.command.write_text(json.dumps(engines.daemon_command("dockerd", paths, options)))
    assert engines.told_mirrors(paths) == ["http://a/", "http://b/"]
    paths.command.unlink()
    assert engines.told_mirrors(paths) == []


def test_only_dockers_rules_go():
    kept = engines.without_docker_rules(SAVED, "ACCEPT")
    assert "DOCKER" not in kept
    assert "docker0" not in kept
    assert "br-0123456789ab" not in kept
    assert "--dport 22" in kept
    assert "10.8.0.0/24" in kept
    assert ":FORWARD ACCEPT" in kept


def test_mounts_below_the_store_innermost_first():
    table = "a / ext4 rw\nb /c/data/overlay2/x overlay rw\nc /c/data/overlay2/x/y tmpfs rw\nd /c/database tmpfs rw\n"
    assert engines.leftover_mounts(table, Path("/c/data")) == ["/c/data/overlay2/x/y", "/c/data/overlay2/x"]


def test_a_recycled_pid_is_not_ours(paths):
    paths.supervisor_pid.write_text(str(os.getpid()))
    assert engines.managed_pid(paths) is None


def supervise(paths, *command):
    arguments = [
        sys.executable,
        str(SUPERVISOR),
        "--pid-file",
        paths.supervisor_pid,
        "--log",
        paths.log,
        "--",
        *command,
    ]
    subprocess.run(arguments, check=True, timeout=10)


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def test_supervisor_restarts_what_dies_and_ends_on_request(paths):
    supervise(paths, "sh", "-c", f"echo started >> {paths.state}/starts; sleep 0.1")
    starts = paths.state / "starts"
    wait_for(lambda: starts.exists() and starts.read_text().count("started") >= 2)
    pid = engines.managed_pid(paths)
    assert pid
    paths.before.write_text(json.dumps({"sysctls": {}, "forward": {}}))
    os.kill(pid, 15)
    wait_for(lambda: engines.managed_pid(paths) is None)
    assert not paths.supervisor_pid.exists()


def test_supervisor_ends_its_child(paths):
    supervise(paths, "sleep", "4711")
    wait_for(lambda: paths.supervisor_pid.exists())
    pid = engines.managed_pid(paths)
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_for(lambda: children.read_text().strip())
    child = int(children.read_text())
    os.kill(pid, 15)
    wait_for(lambda: not Path(f"/proc/{child}").exists())


def test_an_engine_beside_the_usual_one(paths):
    command = engines.daemon_command("dockerd", paths, [], host="unix:///s/docker.sock", group="1001")
    assert command[-6:] == ["--host", "unix:///s/docker.sock", "--exec-root", str(paths.exec_root), "--group", "1001"]


def test_pid_files_of_other_processes_go_and_those_of_ours_stay(paths):
    paths.data.mkdir()
    command = ["sh", "-c", "echo begun; read line", str(paths.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ours:
        ours.stdout.readline()  # Linux shows no command line yet in the moment in which Popen returns
        paths.daemon_pid.write_text(str(ours.pid))
        paths.supervisor_pid.write_text(str(os.getpid()))
        engines.forget_stale_pids(paths)
        assert paths.daemon_pid.exists()
        assert not paths.supervisor_pid.exists()
        ours.communicate(b"\n")


def test_a_daemon_that_dies_is_given_up_with_its_own_words(paths, tmp_path):
    dying = tmp_path / "dockerd"
    dying.write_text("#!/bin/sh\necho 'failed to start daemon: no such luck' >&2\nexit 1\n")
    dying.chmod(0o755)
    begun = time.monotonic()
    with pytest.raises(engines.EngineError) as caught:
        engines.start(paths, [str(dying)], SUPERVISOR, timeout=40, host=f"unix://{tmp_path}/s")
    assert time.monotonic() - begun < 20
    assert "dockerd ended 3 times" in str(caught.value)
    assert "It says: no such luck." in str(caught.value)
    assert engines.managed_pid(paths) is None
    assert not paths.before.exists()


def test_a_folder_that_cannot_be_made_is_named(paths):
    impossible = engines.EnginePaths(paths.state, Path("/dev/null/data"))
    with pytest.raises(engines.EngineError, match="/dev/null/data: Not a directory"):
        engines.start(impossible, ["dockerd"], SUPERVISOR, timeout=1)


def test_deaths_of_an_earlier_start_do_not_count(tmp_path):
    log = tmp_path / "log"
    log.write_text("supervisor: dockerd ended with 1, next start in 2 s\n")
    begin = log.stat().st_size
    with log.open("a") as stream:
        stream.write('time="x" level=fatal msg="bad flag"\nsupervisor: dockerd ended with 1, next start in 4 s\n')
    assert engines.deaths(log) == 2
    assert engines.deaths(log, begin) == 1
    assert engines.cause(log, begin) == " It says: bad flag."
    log.write_text("")  # begun anew
    assert engines.deaths(log, begin) == 0


def test_the_usual_run_directory_is_left_to_an_engine_that_answers():
    table = "a /c/data/x overlay rw\nb /run/docker/netns/1 nsfs rw\nc /s/run/netns/2 nsfs rw\n"
    data, run = Path("/c/data"), Path("/s/run")
    assert engines.leftover_mounts(table, data, run, usual=False) == ["/s/run/netns/2", "/c/data/x"]
    assert "/run/docker/netns/1" in engines.leftover_mounts(table, data, run)


def test_mtu_of_a_real_interface():
    assert engines.interface_mtu("lo") > 0
    with pytest.raises(OSError):
        engines.interface_mtu("no-such-if")


def test_a_closed_socket_is_told_apart_from_none(tmp_path):
    path = tmp_path / "docker.sock"
    environ = {"DOCKER_HOST": f"unix://{path}"}
    assert engines.denied_socket(environ) == ""
    path.touch(mode=0o000)
    assert engines.denied_socket(environ) == ("" if os.geteuid() == 0 else str(path))
