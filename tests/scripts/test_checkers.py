"""Every checker sees a broken object, by its real tool: what is green because nothing was looked at would pass here."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from chart_checks import checkov, counts, kube_score, kubeconform, lint, pod_security, readme, suites
from chart_checks.model import CheckError
from conftest import BAD


def found(outcome) -> set[tuple[str, str]]:
    """Objects and rules of the findings, where everything was seen."""
    assert outcome.seen == outcome.needed > 0
    return {(one.object, one.rule) for one in outcome.findings}


def test_kubeconform_names_a_misspelt_field(context):
    outcome = kubeconform.check(context(BAD))
    assert found(outcome) == {("Deployment/bad", "schema")}
    assert "replica" in outcome.findings[0].message


def test_kubeconform_refuses_a_null_and_a_wrong_type(context):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "todo"},
        "spec": {"ports": [{"port": 80, "targetPort": "http"}]},
    }
    assert found(kubeconform.check(context(service))) == set()
    for port in (None, "eighty"):
        service["spec"]["ports"][0]["port"] = port
        assert found(kubeconform.check(context(service))) == {("Service/web", "schema")}


def test_kubeconform_does_not_skip_an_unknown_kind(context):
    unknown = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}
    assert found(kubeconform.check(context(unknown))) == {("Thing/x", "schema")}


def test_pod_security_refuses_a_privileged_container(context):
    assert ("Deployment/bad", "privileged") in found(pod_security.check(context(BAD)))


@pytest.mark.parametrize("kind", ["Pod", "CronJob"])
def test_pod_security_finds_the_pod_of_every_kind(context, kind):
    pod = BAD["spec"]["template"]
    spec = pod["spec"] if kind == "Pod" else {"jobTemplate": {"spec": {"template": pod}}}
    item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "other"}, "spec": spec}
    assert (f"{kind}/other", "privileged") in found(pod_security.check(context(item)))


def test_pod_security_says_what_it_cannot_read(context):
    broken = context(BAD)
    broken.renderings[0].path.write_text("kind: [", encoding="utf-8")
    with pytest.raises(CheckError, match="made: pod-security: standard input"):
        pod_security.check(broken)


def test_kube_score_heeds_no_annotation(context):
    quiet = copy.deepcopy(BAD)
    quiet["metadata"]["annotations"] = {"kube-score/ignore": "container-resources"}
    assert ("Deployment/bad", "container-resources") in found(kube_score.check(context(quiet)))


def test_checkov_finds_a_privileged_container_and_a_skipped_rule(context):
    quiet = copy.deepcopy(BAD)
    quiet["metadata"]["annotations"] = {"checkov.io/skip1": "CKV_K8S_14=because"}
    checkov.prepare()
    outcome = checkov.check(context(quiet))
    assert found(outcome) >= {("Deployment/bad", "CKV_K8S_16"), ("Deployment/bad", "CKV_K8S_14")}
    assert "skipped by an annotation" in {one.message for one in outcome.findings if one.rule == "CKV_K8S_14"}


def small_chart(folder: Path, kind: str, asserted: str) -> Path:
    """A chart of one template and one suite."""
    chart = folder / "todo-app"
    (chart / "templates").mkdir(parents=True)
    (chart / "tests").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: todo-app\nversion: 1.0.0\n")
    (chart / "templates/a.yaml").write_text(f"kind: {kind}\n")
    (chart / "tests/a_test.yaml").write_text(
        f"suite: a\ntemplates: [templates/a.yaml]\ntests: [{{it: is so, asserts: [{asserted}]}}]\n"
    )
    return chart


def test_lint_and_suites_find_a_broken_template(context, tmp_path, monkeypatch):
    chart = small_chart(tmp_path, "{{ .Values.none.such }}", "{isKind: {of: x}}")
    for module in (lint, suites):
        monkeypatch.setattr(module, "CHART", chart)
    here = context(BAD)
    here.renderings.clear()
    outcome = lint.check(here)
    assert outcome.findings and "nil pointer" in outcome.findings[-1].message
    outcome = suites.check(here)
    assert outcome.seen == 0 and outcome.needed == 1
    assert {one.rule for one in outcome.findings} == {"suites", "snapshots"}


def test_a_snapshot_that_nobody_recorded_fails_once(context, tmp_path, monkeypatch):
    chart = small_chart(tmp_path, "ConfigMap", "{matchSnapshot: {}}")
    monkeypatch.setattr(suites, "CHART", chart)
    assert suites.check(context(BAD)).findings[0].message.startswith("found 1 taken and 0 recorded")
    assert suites.check(context(BAD)).findings == []
    (chart / "templates/a.yaml").write_text("kind: Secret\n")
    assert {one.rule for one in suites.check(context(BAD)).findings} == {"suites"}


def test_readme_shows_what_changed(context, tmp_path, monkeypatch):
    chart = tmp_path / "todo-app"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: todo-app\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("# -- How many.\nreplicas: 2\n")
    (chart / "README.md").write_text("old\n")
    monkeypatch.setattr(readme, "CHART", chart)
    with pytest.raises(CheckError, match="README.md.gotmpl: missing"):
        readme.check(context(BAD))
    (chart / "README.md.gotmpl").write_text("new\n")
    assert "+new" in readme.check(context(BAD)).findings[0].message
    (chart / "README.md").write_text("new\n")
    assert readme.check(context(BAD)).findings == []


def test_counts_name_what_is_missing_or_elsewhere(rendering):
    one = counts.Wanted("made", "values.yaml", [], {"Deployment": 2})
    elsewhere = copy.deepcopy(BAD)
    elsewhere["metadata"]["namespace"] = "other"
    messages = {finding.rule: finding.message for finding in counts.review(rendering(elsewhere), one, "todo")}
    assert messages["objects"] == "found {'Deployment': 1}, needed {'Deployment': 2}"
    assert messages["namespace"] == "found other, needed todo"
    assert "main lacks livenessProbe" in messages["container"]
    rules = {finding.rule for finding in counts.review(rendering(BAD, BAD), one, "todo")}
    assert rules == {"container", "twice"}
