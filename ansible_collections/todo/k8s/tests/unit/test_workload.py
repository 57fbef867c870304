"""Readiness predicates on recorded objects, the chain of needs, graces and the words of a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils.redact import redact
from ansible_collections.todo.k8s.plugins.module_utils.workload import (
    FAILED,
    READY,
    SUSPECT,
    WAITING,
    Patience,
    Verdict,
    Workload,
    judge,
)
from ansible_collections.todo.k8s.plugins.module_utils.workload_chain import (
    broken_link,
    chain_text,
    check_needs,
    deepest_unready,
    summary_text,
)
from ansible_collections.todo.k8s.plugins.module_utils.workload_wait import Grace, failure_text, recent_events

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "workload").glob("*.yml"))


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def test_there_are_fixtures():
    assert len(FIXTURES) >= 20


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_recorded_objects(path):
    case = load(path)
    verdict = judge(Workload(**case["workload"]), case["objects"], Patience())
    for key, value in case["expect"].items():
        if key.endswith("_contains"):
            assert value in getattr(verdict, key.removesuffix("_contains")), verdict
        else:
            assert getattr(verdict, key) == value, verdict
    if verdict.state in (FAILED, SUSPECT):
        assert verdict.found and verdict.needed and verdict.remedy, "a failure names found, needed and remedy"


THREE = [
    Workload("Deployment", "page", needs=("chat", "api")),
    Workload("Deployment", "chat", needs=("api",)),
    Workload("Deployment", "api", needs=("db",)),
    Workload("StatefulSet", "db"),
]


def verdicts(**states: str | Verdict) -> dict[str, Verdict]:
    return {
        name: Verdict(state, state.title(), f"{name} is {state}") if isinstance(state, str) else state
        for name, state in states.items()
    }


CRASH = Verdict(FAILED, "CrashLoopBackOff", "it crashes", own_fault=False)
IMAGE = Verdict(FAILED, "ErrImageNeverPull", "no image")


def test_nothing_is_broken_while_all_wait():
    assert broken_link(THREE, verdicts(page=WAITING, chat=WAITING, api=WAITING, db=WAITING)) is None


def test_a_crash_is_not_judged_while_its_dependency_is_on_its_way():
    assert broken_link(THREE, verdicts(page=WAITING, chat=CRASH, api=WAITING, db=READY)) is None


def test_a_crash_is_judged_when_its_dependencies_are_ready():
    assert broken_link(THREE, verdicts(page=WAITING, chat=CRASH, api=READY, db=READY)) == "chat"


def test_a_wrong_image_is_judged_at_once():
    assert broken_link(THREE, verdicts(page=WAITING, chat=IMAGE, api=WAITING, db=WAITING)) == "chat"


def test_the_deepest_failure_is_blamed():
    assert broken_link(THREE, verdicts(page=IMAGE, chat=CRASH, api=CRASH, db=IMAGE)) == "db"


def test_chain_names_the_longest_row():
    found = verdicts(page=WAITING, chat=WAITING, api=WAITING, db=IMAGE)
    expected = "page is waiting on chat, which is waiting on api, which is waiting on db"
    assert chain_text("db", THREE, found) == expected
    assert chain_text("page", THREE, found) == ""


def test_at_a_timeout_the_first_unready_without_unready_needs_is_named():
    assert deepest_unready(THREE, verdicts(page=WAITING, chat=WAITING, api=WAITING, db=READY)) == "api"


def test_needs_that_name_nothing_or_run_in_a_circle_are_refused():
    with pytest.raises(ValueError, match="needs nobody"):
        check_needs([Workload("Deployment", "a", needs=("nobody",))])
    with pytest.raises(ValueError, match="a → b → a"):
        check_needs([Workload("Deployment", "a", needs=("b",)), Workload("Deployment", "b", needs=("a",))])
    with pytest.raises(ValueError, match="twice"):
        check_needs([Workload("Deployment", "a"), Workload("StatefulSet", "a")])


def test_summary_is_one_line_without_pod_names():
    starting = Verdict(WAITING, "ContainerCreating", "pod api-6d-x: container starting", pod="api-6d-x")
    text = summary_text(THREE, verdicts(page=READY, chat=READY, api=starting, db=READY))
    assert text == "3 of 4 workloads ready; waiting: api (container starting)"


def suspect(trouble: str) -> Verdict:
    return Verdict(SUSPECT, trouble, trouble, trouble=trouble, grace=8)


def test_grace_counts_across_reasons_of_one_trouble_and_starts_anew_for_another():
    grace = Grace()
    assert grace.settle("api", suspect("image"), 100).state == SUSPECT
    assert grace.settle("api", suspect("image"), 107.9).state == SUSPECT
    assert grace.settle("api", suspect("image"), 108).state == FAILED
    assert grace.settle("api", suspect("claim"), 109).state == SUSPECT
    assert grace.settle("api", Verdict(WAITING, "x", "x"), 110).state == WAITING
    assert grace.settle("api", suspect("claim"), 200).state == SUSPECT, "it was better in between"


def test_events_are_of_the_pod_its_set_and_its_claims_newest_last():
    case = load(next(path for path in FIXTURES if path.stem == "claim_pending"))
    workload = Workload(**case["workload"])
    other = {
        "metadata": {"uid": "ev-9"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "somebody else",
        "involvedObject": {"uid": "stranger", "kind": "Pod", "name": "x"},
    }
    case["objects"]["events"].append(other)
    found = recent_events(case["objects"], workload, judge(workload, case["objects"]))
    assert len(found) == 1
    assert found[0].startswith("ProvisioningFailed PersistentVolumeClaim/data-db-0: storageclass")


def test_a_failure_in_words():
    text = failure_text(
        {
            "workload": "Deployment/api",
            "message": "pod api-1 is in ErrImageNeverPull",
            "reason": "ErrImageNeverPull",
            "found": "image shop/api:nope is not present",
            "needed": "the image on the node",
            "remedy": "load it",
            "chain": "page is waiting on api",
            "pod": "api-1",
            "container": "api",
            "namespace": "shop",
            "events": ["Failed Pod/api-1 x3: ErrImageNeverPull"],
            "logs": [],
            "summary": "0 of 2 workloads ready",
            "after_seconds": 2.4,
        }
    )
    for piece in (
        "cannot become ready",
        "page is waiting on api",
        "found:",
        "needed:",
        "remedy:",
        "has not run",
        "2.4 s",
    ):
        assert piece in text, text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl",
        '{"access_token": "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl"}',
        "postgresql://todo:c2lnbmF0dXJl@postgresql/todo",
        "POSTGRES_PASSWORD=c2lnbmF0dXJl",
        "the value c2lnbmF0dXJl alone",
    ],
)
def test_secrets_do_not_get_out(text):
    assert "c2lnbmF0dXJl" not in redact(text, ["c2lnbmF0dXJl"])
    if "alone" not in text:
        assert "c2lnbmF0dXJl" not in redact(text)


def test_redaction_leaves_ordinary_messages_alone():
    for text in ("couldn't find key A in Secret shop/app-secrets", 'secret "tls" not found', "401 Unauthorized"):
        assert redact(text) == text
