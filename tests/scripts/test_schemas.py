"""Where the schemas come from and when they are made anew."""

from __future__ import annotations

import json

import pytest
from chart_checks import schemas
from chart_checks.model import CheckError

DOCUMENT = {
    "definitions": {
        "api.Thing": {
            "type": "object",
            "properties": {},
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Thing"}],
        }
    }
}


@pytest.fixture
def cache(tmp_path):
    """A cache with the module that the toolchain unpacked."""
    version, _ = schemas.pinned()
    path = tmp_path / "go/mod" / f"{schemas.MODULE}@{version}" / schemas.DOCUMENT
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return tmp_path


def test_they_are_made_once(cache, monkeypatch):
    folder = schemas.schema_folder(cache)
    assert json.loads((folder / "thing-v1.json").read_text())["properties"]["kind"] == {"enum": ["Thing"]}
    monkeypatch.setattr(schemas, "document", lambda *_: pytest.fail("made twice"))
    assert schemas.schema_folder(cache) == folder


def test_half_a_folder_is_made_anew(cache):
    folder = schemas.schema_folder(cache)
    (folder / schemas.COMPLETE).unlink()
    (folder / "thing-v1.json").unlink()
    assert (schemas.schema_folder(cache) / "thing-v1.json").exists()


def test_another_module_has_another_folder(cache, monkeypatch):
    version, _ = schemas.pinned()
    one = schemas.schema_folder(cache)
    monkeypatch.setattr(schemas, "pinned", lambda: (version, "h1:other"))
    assert schemas.schema_folder(cache) != one


def test_a_module_without_a_hash_is_refused(tmp_path):
    (tmp_path / "go.sum").write_text("k8s.io/kubernetes v1.34.3/go.mod h1:only=\n", encoding="utf-8")
    with pytest.raises(CheckError, match="found no hash of k8s.io/kubernetes"):
        schemas.pinned(tmp_path)
