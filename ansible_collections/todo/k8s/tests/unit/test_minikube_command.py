"""How minikube is called, and what its output says."""

import json
from dataclasses import replace
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import minikube_command as commands
from ansible_collections.todo.k8s.plugins.module_utils import minikube_events as events
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import ROUTED, Wanted

FIXTURES = Path(__file__).parent / "fixtures" / "minikube"
WANTED = Wanted(
    profile="todo",
    cpus=2,
    memory_mb=8192,
    kubernetes_version="v1.34.3",
    container_runtime="containerd",
    base_image="todo-k8s/node:abc",
    ports=("127.0.0.1:30000:30000",),
    extra_config=("kubelet.max-pods=50",),
    mounts=("/data:/data:ro",),
)


def start(wanted, **options):
    return commands.start_command("mk", wanted, **{"as_root": False, "keep_context": False, **options})


def test_start_as_root_with_an_image_made_here():
    command = start(WANTED, as_root=True)
    assert "--force" in command
    for argument in (
        "--base-image=todo-k8s/node:abc",
        "--ports=127.0.0.1:30000:30000",
        "--extra-config=kubelet.max-pods=50",
        "--mount-string=/data:/data:ro",
        "--cni=bridge",
    ):
        assert argument in command


def test_start_as_a_user_with_minikubes_image():
    command = start(replace(WANTED, base_image=""), keep_context=True)
    assert "--force" not in command
    assert "--keep-context" in command
    assert not [argument for argument in command if "base-image" in argument]


def test_with_routes_minikube_neither_makes_a_network_nor_waits_for_one():
    command = start(replace(WANTED, cni=ROUTED))
    assert "--cni=false" in command
    assert not [argument for argument in command if "node_ready" in argument]


def test_environment_has_the_proxies_and_leaves_nothing_outside_its_home():
    found = commands.environment(Path("/h"), "", {"HTTP_PROXY": "http://p:1"}, {"PATH": "/bin", "DOCKER_HOST": "x"})
    assert found["HTTP_PROXY"] == "http://p:1"
    assert found["MINIKUBE_HOME"] == "/h"
    assert found["TMPDIR"] == "/h/tmp"
    assert "DOCKER_HOST" not in found
    assert commands.environment(Path("/h"), "tcp://a:1", {}, {})["DOCKER_HOST"] == "tcp://a:1"


def recorded(name):
    return [events.parse(line) for line in (FIXTURES / name).read_text().splitlines()]


def test_a_recorded_start_is_told_in_steps():
    steps = [event for event in recorded("start.jsonl") if events.is_step(event)]
    assert (
        events.words(steps[4], 3.4)
        == "minikube: step 8 of 19, 3 s: Creating docker container (CPUs=2, Memory=4096MB) ..."
    )
    assert steps[-1]["name"] == "Done"


def test_a_recorded_start_in_phases():
    names = [event["name"] for event in recorded("start.jsonl") if events.is_step(event)]
    moments = [(float(second), name) for second, name in enumerate(names)]
    phases = events.phase_seconds(moments, end=20)
    assert list(phases) == ["setup", "node_container", "kubernetes", "readiness", "default_addons"]
    assert sum(phases.values()) == 20


def test_errors_and_text_are_told_apart():
    line = json.dumps({"type": "io.k8s.sigs.minikube.error", "data": {"message": "no\nway"}})
    assert events.parse(line)["type"] == "error"
    assert events.parse(line)["message"] == "no way"
    assert events.parse(" plain  text\n") == {"type": "text", "message": "plain text"}
    assert not events.is_step(events.parse("plain"))
