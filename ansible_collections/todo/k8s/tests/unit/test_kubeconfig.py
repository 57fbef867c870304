"""Only one context is touched in a user's kubeconfig."""

import yaml

from ansible_collections.todo.k8s.plugins.module_utils import kubeconfig

CONTENT = {
    "contexts": [{"name": "todo"}, {"name": "work"}],
    "clusters": [{"name": "todo"}, {"name": "work"}],
    "users": [{"name": "todo"}, {"name": "work"}],
    "current-context": "todo",
}


def test_other_contexts_stay(tmp_path):
    config = tmp_path / "config"
    config.write_text(yaml.safe_dump(CONTENT))
    assert kubeconfig.remove_context(config, "todo")
    left = yaml.safe_load(config.read_text())
    assert [entry["name"] for entry in left["contexts"]] == ["work"]
    assert left["current-context"] == ""
    assert config.stat().st_mode & 0o777 == 0o600
    assert not kubeconfig.remove_context(config, "todo")


def test_an_empty_file_goes(tmp_path):
    config = tmp_path / ".kube" / "config"
    config.parent.mkdir()
    config.write_text(yaml.safe_dump({"contexts": [{"name": "todo"}], "clusters": None, "users": []}))
    assert kubeconfig.remove_context(config, "todo")
    assert not config.parent.exists()


def test_a_missing_file_is_fine(tmp_path):
    assert kubeconfig.current_context(tmp_path / "none") == ""
    assert not kubeconfig.remove_context(tmp_path / "none", "todo")
