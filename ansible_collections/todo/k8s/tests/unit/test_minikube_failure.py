"""Causes of failed starts, on what Minikube and nodes really wrote."""

import json
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import minikube_failure as failures

RECORDED = json.loads((Path(__file__).parent / "fixtures" / "minikube" / "failures.json").read_text())


@pytest.mark.parametrize("case", RECORDED, ids=[case["cause"] + "/" + case["name"] for case in RECORDED])
def test_recorded_failures(case):
    found = failures.classify(case["said"], case.get("evidence", ""))
    assert (found.name, found.retry) == (case["cause"], case["retry"])
    assert found.detail
    assert found.remedy


def test_a_healthy_start_is_no_failure_that_is_hopeless():
    for name in ("start.jsonl", "container_removed.jsonl"):
        for line in (Path(__file__).parent / "fixtures" / "minikube" / name).read_text().splitlines():
            assert not failures.is_hopeless(json.loads(line)["data"].get("message", ""))


def test_a_reset_is_not_waited_for():
    assert failures.is_hopeless("Unable to restart control-plane node(s), will reset cluster: <no value>")


def test_the_port_is_found_in_either_wording():
    assert failures.port_of("Bind for 127.0.0.1:32000 failed: port is already allocated") == "32000"
    assert failures.port_of("listen tcp4 127.0.0.1:32000: bind: address already in use") == "32000"
    assert failures.port_of("something else") == ""


def test_what_is_not_known_is_tried_once_more_and_shown():
    found = failures.classify("first\nsecond\nthird")
    assert (found.name, found.retry, found.detail) == ("unknown", True, "second third")
