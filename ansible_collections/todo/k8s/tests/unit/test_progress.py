"""What modules write for the live progress, and what must never happen: an error."""

from __future__ import annotations

import json

from ansible_collections.todo.k8s.plugins.module_utils import progress


def test_report_appends_one_json_line(tmp_path, monkeypatch):
    target = tmp_path / "progress"
    target.touch()
    monkeypatch.setenv(progress.ENVIRONMENT_VARIABLE, str(target))
    progress.report("building\nkubernetes  v1.34.3")
    progress.report("done")
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["text"] for line in lines] == ["building kubernetes v1.34.3", "done"]
    assert lines[0]["time"] > 1_600_000_000


def test_report_never_raises(tmp_path, monkeypatch):
    monkeypatch.delenv(progress.ENVIRONMENT_VARIABLE, raising=False)
    progress.report("nobody listens")
    monkeypatch.setenv(progress.ENVIRONMENT_VARIABLE, str(tmp_path / "missing" / "file"))
    progress.report("nowhere to write")
    monkeypatch.setenv(progress.ENVIRONMENT_VARIABLE, str(tmp_path))
    progress.report("a directory")


def test_report_does_not_make_a_file(tmp_path, monkeypatch):
    target = tmp_path / "gone"
    monkeypatch.setenv(progress.ENVIRONMENT_VARIABLE, str(target))
    progress.report("too late")
    assert not target.exists()
