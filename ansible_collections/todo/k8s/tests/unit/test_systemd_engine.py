"""The engine under systemd: what is written, and that only what was started is stopped."""

from __future__ import annotations

from ansible_collections.todo.k8s.plugins.module_utils import systemd_engine as engine


def test_drop_in_speaks_to_debians_unit():
    text = engine.drop_in(["--mtu", "1400", "--default-cgroupns-mode", "private"])
    assert text.splitlines()[1:] == [
        "[Service]",
        'Environment="DOCKER_OPTS=--mtu 1400 --default-cgroupns-mode private"',
    ]


def test_no_drop_in_without_options():
    assert engine.drop_in([]) == ""


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
