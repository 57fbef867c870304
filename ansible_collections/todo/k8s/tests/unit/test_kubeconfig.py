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


def written(tmp_path, content):
    home = tmp_path / "home"
    return home, kubeconfig.with_context(content, "todo", "https://192.168.49.2:8443", home)


def test_a_context_of_ours_is_known_again(tmp_path):
    home, content = written(tmp_path, {})
    servers = ["https://192.168.49.2:8443", "https://127.0.0.1:32768"]
    assert kubeconfig.context_state(content, "todo", servers, home) == ("Configured", servers[0])
    assert kubeconfig.context_state(content, "other", servers, home) == ("Nonexistent", "")
    assert content["current-context"] == "todo"


def test_a_context_that_leads_elsewhere_is_seen(tmp_path):
    home, content = written(tmp_path, {})
    assert kubeconfig.context_state(content, "todo", ["https://10.0.0.1:8443"], home)[0] == "Misconfigured"
    assert kubeconfig.context_state(content, "todo", [], tmp_path / "elsewhere")[0] == "Misconfigured"
    assert kubeconfig.context_state(content, "todo", [], home)[0] == "Configured"
    content["users"][0]["user"] = {"token": "x"}
    assert kubeconfig.context_state(content, "todo", [], home)[0] == "Misconfigured"


def test_writing_ours_leaves_all_others_and_the_current_one(tmp_path):
    _, content = written(tmp_path, {**CONTENT, "current-context": "work"})
    assert [entry["name"] for entry in content["contexts"]] == ["work", "todo"]
    assert content["current-context"] == "work"
    config = tmp_path / "sub" / "config"
    kubeconfig.write_context(config, "todo", "https://a:1", tmp_path)
    assert config.stat().st_mode & 0o777 == 0o600
