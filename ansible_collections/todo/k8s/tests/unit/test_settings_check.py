"""Unknown settings and impossible values: the pure parts, and real runs of the action plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.plugin_utils import settings

CHECKOUT = Path(__file__).resolve().parents[5]
KNOWN = ["minikube_cpus", "minikube_memory_mb", "images_base_source"]
ROLES = ["minikube", "images"]


def unknown(**sources):
    return settings.unknown_settings(
        settings.Sources(**{key: set(value) for key, value in sources.items()}), KNOWN, ROLES, ["todo"]
    )


def test_known_and_foreign_names_are_fine():
    assert unknown(extra=["minikube_cpus", "colour"], inventory=["images_base_source", "my_own"]) == []


def test_a_role_s_prefix_must_be_known():
    assert unknown(inventory=["minikube_cpuz"]) == [("minikube_cpuz", "minikube_cpus")]
    assert unknown(extra=["images_xyzzy"]) == [("images_xyzzy", None)]


def test_what_the_playbook_defines_is_known():
    assert unknown(extra=["images_extra"], playbook=["images_extra"]) == []


def test_almost_a_setting_on_the_command_line():
    assert unknown(extra=["minicube_cpus"]) == [("minicube_cpus", "minikube_cpus")]
    assert unknown(inventory=["minicube_cpus"]) == [], "an inventory has other users as well"


def test_settings_of_all_stages_are_defined_by_the_inventory():
    assert unknown(inventory=["todo_frontend_port"]) == []
    assert unknown(inventory=["todo_frontend_port"], extra=["todo_frontend_port"]) == []
    assert unknown(inventory=["todo_frontend_port"], extra=["todo_frontend_prot"]) == [
        ("todo_frontend_prot", "todo_frontend_port")
    ]
    assert unknown(extra=["todo_x"]) == [("todo_x", None)]


def test_a_name_in_both_places_is_told_once():
    assert len(unknown(extra=["minikube_cpuz"], inventory=["minikube_cpuz"])) == 1


@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        ({"type": "int"}, ["4", 4], ["many", [1]]),
        ({"type": "bool"}, [True, "yes"], ["perhaps"]),
        ({"type": "str", "choices": ["a", "b"], "required": True}, ["a", None], ["c"]),
        ({"type": "list", "elements": "int"}, [[1, "2"]], [["x"]]),
        ({"type": "dict"}, [{"a": 1}], ["x"]),
        (
            {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}}},
            [[{"name": "x"}], []],
            [[{"nam": "x"}], [{}]],
        ),
    ],
)
def test_values(spec, good, bad):
    for value in good:
        assert settings.value_error("s", value, spec) is None, value
    for value in bad:
        assert settings.value_error("s", value, spec), value


def test_what_is_needed_in_words():
    assert settings.describe({"choices": ["a", "b"]}) == "one of a, b"
    assert settings.describe({"type": "list", "elements": "int"}) == "a value of type list of int"
    assert settings.describe({}) == "a value of type str"


def test_secrets_at_any_depth():
    assert settings.is_secret({"type": "str", "no_log": True})
    assert settings.is_secret({"options": {"a": {"options": {"b": {"no_log": True}}}}})
    assert not settings.is_secret({"options": {"a": {}}})


def test_specs_of_this_collection():
    options, roles, derived = settings.load_specs(CHECKOUT / "ansible_collections/todo/k8s/roles")
    assert "preflight" in roles
    assert options["preflight_min_cpus"]["type"] == "int"
    assert "preflight_profile" in derived


def run_playbook(tmp_path, *arguments, inventory="", role_vars="", beside=""):
    """Run the action alone, with an inventory of its own; gives the finished process.

    :param beside: The group_vars beside the playbook, which lies in the inventory's folder when there are none.
    """
    folder = tmp_path / "playbooks" if beside else tmp_path
    (folder / "group_vars").mkdir(parents=True, exist_ok=True)
    (folder / "group_vars" / "all.yml").write_text(beside)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")
    (tmp_path / "group_vars").mkdir(exist_ok=True)
    (tmp_path / "group_vars" / "all.yml").write_text(inventory or "{}\n")
    (folder / "play_vars.yml").write_text(role_vars or "{}\n")
    (folder / "play.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  vars_files: [play_vars.yml]\n  tasks:\n"
        "    - ansible.builtin.set_fact:\n        minikube_result_of_a_task: 1\n"
        "    - todo.k8s.settings_check:\n"
    )
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT),
        "LC_ALL": "C.UTF-8",
    }
    ansible = str(Path(sys.executable).parent / "ansible-playbook")
    command = [ansible, "-i", str(tmp_path / "hosts.yml"), str(folder / "play.yml"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_real_run_accepts(tmp_path):
    run = run_playbook(
        tmp_path,
        "-e",
        "todo_colour=red",
        inventory="todo_colour: blue\npreflight_min_cpus: 3\npreflight_ports: '{{ made_later.ports }}'\n",
        role_vars="release_of_this_application: 1\n",
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_group_vars_beside_the_playbook_are_its_own(tmp_path):
    run = run_playbook(tmp_path, beside="release_of_this_application: 1\n")
    assert run.returncode == 0, run.stdout + run.stderr


def test_real_run_names_all_problems_at_once(tmp_path):
    extra = {"preflight_mim_cpus": 2, "preflihgt_ports": [1], "todo_colur": "red", "preflight_check_sources": "perhaps"}
    run = run_playbook(
        tmp_path,
        "-e",
        json.dumps(extra),
        inventory="todo_colour: blue\npreflight_min_memory: 1\npreflight_min_cpus: many\n",
    )
    output = run.stdout + run.stderr
    assert run.returncode == 2, output
    assert "Settings that cannot be used: 6 problems, nothing was changed." in output
    for text in (
        "unknown setting 'preflight_mim_cpus': found a name that no role knows; needed a known setting. "
        "Remedy: did you mean 'preflight_min_cpus'?",
        "did you mean 'preflight_ports'?",
        "did you mean 'todo_colour'?",
        "did you mean 'preflight_min_memory_mb'?",
        "setting 'preflight_check_sources': found 'perhaps'; needed one of auto, always, never.",
        "setting 'preflight_min_cpus': found 'many'; needed a value of type int.",
    ):
        assert text in output, text
    assert "unknown setting 'minikube_result_of_a_task'" not in output
