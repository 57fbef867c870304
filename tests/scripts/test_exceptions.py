"""Exceptions: for one object and one rule, with a reason, and none that is no longer needed."""

from __future__ import annotations

import check_chart
import pytest
import yaml
from chart_checks.exceptions import DATA, load
from chart_checks.model import CheckError, Finding, Outcome

GOOD = {"object": "Deployment/web", "tool": "checkov", "rule": "CKV_1", "reason": "Four words of it."}
TOOLS = {"checkov", "kube-score"}
FINDING = Finding("Deployment/web", "CKV_1", "too bad", "values-ci.yaml")


def written(tmp_path, *entries):
    path = tmp_path / "exceptions.yml"
    path.write_text(yaml.safe_dump(list(entries)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"object": "Deployment/*"}, "wildcard"),
        ({"rule": "CKV_?"}, "wildcard"),
        ({"rule": ""}, "needed texts"),
        ({"object": "web"}, "needed Kind/name"),
        ({"object": "Deployment/"}, "needed Kind/name"),
        ({"tool": "lint"}, "needed one of checkov, kube-score"),
        ({"reason": ""}, "needed texts"),
        ({"reason": "because so"}, "needed a sentence"),
        ({"until": "never"}, "needed exactly"),
        ({"reason": None}, "needed texts"),
        ({"rendering": ""}, "needed texts"),
    ],
)
def test_a_wrong_entry_is_refused_by_what_is_wrong(tmp_path, change, said):
    with pytest.raises(CheckError, match="exceptions.yml") as refused:
        load(TOOLS, written(tmp_path, {**GOOD, **change}))
    assert said in str(refused.value)


def test_an_entry_without_a_reason_is_refused(tmp_path):
    entry = {word: text for word, text in GOOD.items() if word != "reason"}
    with pytest.raises(CheckError, match="needed exactly object, tool, rule, reason"):
        load(TOOLS, written(tmp_path, entry))


def test_the_same_exception_twice_is_refused(tmp_path):
    with pytest.raises(CheckError, match="found twice"):
        load(TOOLS, written(tmp_path, GOOD, {**GOOD, "reason": "Another four words here."}))


def test_an_exception_covers_its_finding_and_no_other(tmp_path):
    exemptions = load(TOOLS, written(tmp_path, GOOD))
    others = [Finding("Deployment/api", "CKV_1", "x", "r"), Finding("Deployment/web", "CKV_2", "x", "r")]
    verdict = check_chart.judge("checkov", Outcome(2, 2, "objects", [FINDING, *others]), exemptions, 0.1)
    assert len(verdict.wrong) == 2 and not any("too bad" in line for line in verdict.wrong)
    assert "1 findings excepted" in verdict.line
    assert check_chart.judge("kube-score", Outcome(1, 1, "objects", [FINDING]), exemptions, 0.1).wrong


def test_an_exception_for_one_rendering_holds_in_no_other(tmp_path):
    exemptions = load(TOOLS, written(tmp_path, {**GOOD, "rendering": "values-ci.yaml"}))
    other = Finding(FINDING.object, FINDING.rule, FINDING.message, "values-local.yaml")
    assert check_chart.judge("checkov", Outcome(1, 1, "objects", [FINDING]), exemptions, 0.1).wrong == []
    assert len(check_chart.judge("checkov", Outcome(1, 1, "objects", [FINDING, other]), exemptions, 0.1).wrong) == 1
    assert len(check_chart.judge("checkov", Outcome(1, 1, "objects", [other]), exemptions, 0.1).wrong) == 2


def test_an_exception_that_matches_nothing_fails(tmp_path):
    exemptions = load(TOOLS, written(tmp_path, GOOD))
    assert "matches nothing" in check_chart.judge("checkov", Outcome(1, 1, "objects"), exemptions, 0.1).wrong[0]
    assert check_chart.judge("kube-score", Outcome(1, 1, "objects"), exemptions, 0.1).wrong == []


@pytest.mark.parametrize(("seen", "needed"), [(0, 0), (0, 3), (2, 3), (4, 3)])
def test_objects_that_were_not_seen_fail(seen, needed):
    assert "looked at, needed" in check_chart.judge("checkov", Outcome(seen, needed, "objects"), [], 0.1).wrong[0]


def test_a_finding_of_several_renderings_is_one_line():
    findings = [FINDING, Finding(FINDING.object, FINDING.rule, FINDING.message, "values-local.yaml")]
    assert check_chart.lines_of(findings) == ["Deployment/web: CKV_1: too bad (values-ci.yaml, values-local.yaml)"]


def test_the_projects_own_are_in_order():
    assert isinstance(load(check_chart.EXEMPTIBLE, DATA), list)
