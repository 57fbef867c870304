"""The scripts as modules, the tests' tools, and manifests to try them on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from chart_checks.model import Context, Rendering

STATE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "todo.k8s-test"
#: A Deployment that breaks something for every checker.
BAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "bad", "namespace": "todo"},
    "spec": {
        "replica": 2,
        "selector": {"matchLabels": {"app": "bad"}},
        "template": {
            "metadata": {"labels": {"app": "bad"}},
            "spec": {"containers": [{"name": "main", "image": "bad:latest", "securityContext": {"privileged": True}}]},
        },
    },
}


@pytest.fixture
def tools() -> Path:
    """The folder of the tests' tools, which `playbooks/prepare_tests.yml` fills."""
    folder = Path(os.environ.get("TODO_TOOLS") or STATE / "bin")
    if not (folder / "kubeconform").exists():
        pytest.fail(f"{folder}: found no kubeconform, needed the tools of playbooks/prepare_tests.yml")
    return folder


@pytest.fixture
def rendering(tmp_path):
    """Makes a rendering of the given objects, as `helm template` would write it."""

    def make(*objects: dict, name: str = "made") -> Rendering:
        path = tmp_path / f"{name}.yaml"
        path.write_text("---\n".join(yaml.safe_dump(item) for item in objects), encoding="utf-8")
        return Rendering(name, [], path, list(objects))

    return make


@pytest.fixture
def context(tools, rendering):
    """Makes a context of one rendering with the given objects."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "todo.k8s"

    def make(*objects: dict) -> Context:
        return Context(tools, [rendering(*objects)], cache)

    return make
