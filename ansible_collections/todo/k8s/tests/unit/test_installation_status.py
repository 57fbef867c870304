"""The words for a running, a damaged, a stopped and an absent installation, and the probes that need no cluster."""

from __future__ import annotations

import base64
import gzip
import json
import time

import pytest

from ansible_collections.todo.k8s.plugins.module_utils.installation import (
    chart_of,
    probe_engine,
    probe_profile,
    probe_urls,
    verdict,
    words,
)

ENGINE = {"state": "running", "host": "unix:///var/run/docker.sock", "version": "20.10.24", "managed": True}
PROFILE = {"state": "running", "nodes": [{"name": "todo", "state": "running"}], "recorded": True}
READY = {"name": "api", "state": "ready", "message": "1 of 1 pods available"}
RELEASE = {"state": "deployed", "name": "shop", "revision": 2, "chart": "shop", "chart_version": "1.0.0"}
CLUSTER = {"state": "answers", "version": "v1.34.3", "release": RELEASE, "workloads": [READY]}
PAGE = {"url": "http://127.0.0.1:30000", "ok": True, "status": 200, "latency_ms": 12, "detail": "answers 200"}


def facts(**changes):
    return {"engine": ENGINE, "profile": PROFILE, "cluster": CLUSTER, "urls": [PAGE], **changes}


def text(found):
    return "\n".join(words("The shop", "todo", found))


def test_running():
    found = facts()
    assert verdict(found) == "running"
    shown = text(found)
    for piece in ("The shop is up", "Docker 20.10.24", "1 node)", "v1.34.3", "revision 2: deployed", "1 of 1 ready"):
        assert piece in shown
    assert "http://127.0.0.1:30000 answers 200 in 12 ms" in shown and "make down" in shown
    assert not any(line.startswith("!") for line in shown.splitlines())


BAD = {"name": "api", "state": "suspect", "message": "pod api-1 is in ImagePullBackOff"}


@pytest.mark.parametrize(
    ("changes", "piece"),
    [
        ({"cluster": {**CLUSTER, "workloads": [READY, BAD]}}, "!           api: pod api-1 is in ImagePullBackOff"),
        ({"cluster": {**CLUSTER, "release": {"state": "absent"}}}, "! release   no Helm release"),
        ({"cluster": {**CLUSTER, "release": {**RELEASE, "state": "pending-upgrade"}}}, "revision 2: pending-upgrade"),
        (
            {"cluster": {"state": "silent", "detail": "no answer", "release": {}, "workloads": []}},
            "!           no answer",
        ),
        (
            {"urls": [{**PAGE, "ok": False, "detail": "does not answer (refused)"}]},
            "! pages     http://127.0.0.1:30000",
        ),
        ({"profile": {**PROFILE, "state": "partly"}}, "running in part"),
    ],
)
def test_degraded_marks_what_is_wrong(changes, piece):
    found = facts(**changes)
    assert verdict(found) == "degraded"
    assert piece in text(found) and "make up repairs" in text(found)


def test_stopped_node():
    profile = {"state": "stopped", "nodes": [{"name": "todo", "state": "exited"}], "recorded": True}
    found = facts(profile=profile, cluster=None, urls=[])
    assert verdict(found) == "stopped"
    assert "data is kept" in text(found) and "todo exited" in text(found) and "make up starts it again" in text(found)


def test_stopped_engine_with_a_recorded_profile():
    found = facts(
        engine={"state": "stopped", "managed": True},
        profile={"state": "unreachable", "nodes": [], "recorded": True},
        cluster=None,
        urls=[],
    )
    assert verdict(found) == "stopped" and "no engine answers" in text(found)


def test_absent_is_no_fault():
    profile = {"state": "absent", "nodes": [], "recorded": False}
    found = facts(engine={"state": "absent"}, profile=profile, cluster=None, urls=[])
    assert verdict(found) == "absent"
    shown = text(found)
    assert "not installed" in shown and "make up installs it" in shown
    assert not any(line.startswith("!") for line in shown.splitlines())


def test_probes_work_where_nothing_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    begin = time.monotonic()
    engine = probe_engine(str(tmp_path))
    profile = probe_profile("todo", str(tmp_path / "minikube"), engine)
    assert engine["state"] == "absent" and profile["state"] == "absent"
    assert time.monotonic() - begin < 5


def test_a_record_without_an_engine_is_stopped_and_not_absent(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    record = tmp_path / "minikube" / ".minikube" / "profiles" / "todo" / "config.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert probe_profile("todo", str(tmp_path / "minikube"), {"state": "stopped"})["state"] == "unreachable"


def test_nobody_at_an_address_is_said_in_words():
    found = probe_urls(["http://127.0.0.1:9/"])[0]
    assert not found["ok"] and "refused" in found["detail"]


def test_chart_in_helms_record():
    record = json.dumps({"chart": {"metadata": {"name": "shop", "version": "1.2.3"}}}).encode()
    payload = base64.b64encode(base64.b64encode(gzip.compress(record))).decode()
    assert chart_of(payload) == {"chart": "shop", "chart_version": "1.2.3"}
    assert chart_of("") == {} and chart_of("bm90aGluZw==") == {}
