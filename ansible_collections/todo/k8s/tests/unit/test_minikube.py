"""What a profile is, what it should be, and how it is started."""

import json

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import minikube

WANTED = minikube.Wanted(
    profile="todo",
    cpus=2,
    memory_mb=8192,
    kubernetes_version="v1.34.3",
    container_runtime="containerd",
    driver="docker",
    base_image="todo-k8s/node:abc",
    ports=("127.0.0.1:30000:30000",),
    addons=("metrics-server",),
)
CONFIG = {
    "CPUs": 2,
    "Memory": 8192,
    "Driver": "docker",
    "KicBaseImage": "todo-k8s/node:abc",
    "ExposedPorts": ["127.0.0.1:30000:30000"],
    "KubernetesConfig": {"KubernetesVersion": "v1.34.3", "ContainerRuntime": "containerd"},
    "Addons": {"metrics-server": True},
}


def test_equal_profile_has_no_difference():
    assert minikube.differences(CONFIG, WANTED) == {}
    assert minikube.missing_addons(CONFIG, WANTED) == []


def test_changed_memory_is_seen():
    assert minikube.differences({**CONFIG, "Memory": 4096}, WANTED) == {"memory_mb": {"before": 4096, "after": 8192}}


def test_minikubes_own_image_is_not_compared():
    wanted = minikube.Wanted(**{**WANTED.__dict__, "base_image": ""})
    assert minikube.differences(CONFIG, wanted) == {}


def test_missing_addon():
    assert minikube.missing_addons({**CONFIG, "Addons": {}}, WANTED) == ["metrics-server"]


def test_clamped_with_a_warning():
    value, warning = minikube.clamp(4, 2, 2, "CPUs", "")
    assert value == 2
    assert "4 wanted" in warning
    assert "has 2" in warning


def test_too_little_is_refused_with_found_and_needed():
    with pytest.raises(minikube.MinikubeError, match="has 1024 MiB, at least 3800 MiB"):
        minikube.memory_to_ask(8192, 1024)


def test_start_command_as_root_with_an_image_made_here():
    command = minikube.start_command("mk", WANTED, as_root=True, keep_context=False)
    assert "--force" in command
    assert "--base-image=todo-k8s/node:abc" in command
    assert "--ports=127.0.0.1:30000:30000" in command


def test_start_command_as_a_user_with_minikubes_image():
    wanted = minikube.Wanted(**{**WANTED.__dict__, "base_image": ""})
    command = minikube.start_command("mk", wanted, as_root=False, keep_context=True)
    assert "--force" not in command
    assert "--keep-context" in command
    assert not [argument for argument in command if "base-image" in argument]


def test_events_as_text():
    line = json.dumps(
        {"type": "io.k8s.sigs.minikube.step", "data": {"currentstep": "3", "totalsteps": "19", "message": "Pulling\n"}}
    )
    assert minikube.describe_event(line) == "minikube: step 3 of 19: Pulling"
    assert minikube.is_error('{"type": "io.k8s.sigs.minikube.error"}')
    assert minikube.describe_event("plain text") == "plain text"


def test_half_written_configuration_is_a_profile_to_start_again(tmp_path):
    folder = tmp_path / ".minikube" / "profiles" / "todo"
    folder.mkdir(parents=True)
    assert minikube.read_config(tmp_path, "other") is None
    (folder / "config.json").write_text('{"CPUs": ')
    assert minikube.read_config(tmp_path, "todo") == {}
