"""The engine under systemd: what is written, and that only what was started is stopped."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import systemd_engine as engine


def test_drop_in_speaks_to_debians_unit():
    text = engine.drop_in(["--mtu", "1400", "--default-cgroupns-mode", "private"])
    assert text.splitlines()[1:] == [
        "[Service]",
        'Environment="DOCKER_OPTS=--mtu 1400 --default-cgroupns-mode private"',
    ]


def test_no_drop_in_without_options():
    assert engine.drop_in([]) == ""


def test_options_are_known_again():
    options = ["--mtu", "1400", "--registry-mirror", "http://mirror.example/"]
    assert engine.options_in(engine.drop_in(options, "/s/engine.env")) == options
    assert engine.options_in(engine.drop_in([], "/s/engine.env")) == engine.options_in("") == []


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A drop-in's path in a folder of its own, and what systemctl was asked for."""
    asked = []

    def systemctl(*arguments):
        asked.append(" ".join(arguments))
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(engine, "DROP_IN", tmp_path / "unit.d" / "todo-k8s.conf")
    monkeypatch.setattr(engine, "_systemctl", systemctl)
    monkeypatch.setattr(engine, "states", dict)
    monkeypatch.setattr(engine.rights, "is_root", lambda: True)
    (tmp_path / "state").mkdir()
    return asked


def test_the_drop_in_follows_the_options_and_the_service_starts_anew(tmp_path, systemd):
    state = tmp_path / "state"
    engine.start(state, ["--registry-mirror", "http://a/"])
    assert engine.told(state) == ["--registry-mirror", "http://a/"]
    engine.start(state, ["--registry-mirror", "http://a/"])
    engine.start(state, ["--registry-mirror", "http://b/"])
    assert engine.told(state) == ["--registry-mirror", "http://b/"]
    engine.start(state, None)  # as it was
    assert engine.told(state) == ["--registry-mirror", "http://b/"]
    engine.start(state, [])
    assert not engine.DROP_IN.exists()
    assert [line.split()[0] for line in systemd if "docker.service" in line] == [
        "restart",
        "start",
        "restart",
        "start",
        "restart",
    ]


def test_somebody_else_s_drop_in_stays(tmp_path, systemd):
    engine.DROP_IN.parent.mkdir()
    engine.DROP_IN.write_text(engine.drop_in(["--mtu", "1400"]))
    engine.start(tmp_path / "state", ["--registry-mirror", "http://a/"])
    assert engine.told(tmp_path / "state") == []
    assert "1400" in engine.DROP_IN.read_text()
    assert systemd == ["start docker.service"]


def test_only_what_did_not_run_before_is_ours_and_the_socket_goes_first():
    before = {"docker.socket": "inactive", "docker.service": "inactive", "containerd.service": "active"}
    after = dict.fromkeys(engine.UNITS, "active")
    assert engine.started_units(before, after) == ["docker.socket", "docker.service"]
    assert engine.started_units(before, {**after, "docker.service": "activating"})[1:] == ["docker.service"]
    assert engine.started_units({}, {**after, "docker.socket": "unknown"}) == ["docker.service", "containerd.service"]


def test_record_of_the_first_look_stays(tmp_path):
    state = tmp_path / "state"
    assert not engine.started(state)
    engine.remember(state, {"docker.service": "inactive"})
    engine.remember(state, {"docker.service": "active"})  # installing has started it meanwhile
    assert engine.read_record(state)["before"] == {"docker.service": "inactive"}
    assert engine.started(state)


def test_nothing_is_stopped_without_a_record(tmp_path):
    assert engine.stop(tmp_path) == []
