"""What is done about each state in which a profile can be found."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import minikube_plan as plans
from ansible_collections.todo.k8s.plugins.module_utils.minikube_observation import NodeState, Observation
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import ROUTED, MinikubeError, Wanted

FIXTURES = Path(__file__).parent / "fixtures" / "minikube"
CONFIG = json.loads((FIXTURES / "config.json").read_text())
CONTAINER = json.loads((FIXTURES / "container.json").read_text())
WANTED = Wanted(
    profile="minikube",
    cpus=2,
    memory_mb=4096,
    kubernetes_version="v1.34.3",
    container_runtime="containerd",
    base_image=CONFIG["KicBaseImage"],
    ports=("127.0.0.1:32000:30000",),
    addons=("metrics-server",),
)


def observation(node=None, **changes):
    state = NodeState("minikube", host="Running", kubelet="Running", runtime="Running", ready=True, ip="192.168.49.2")
    for name, value in (node or {}).items():
        setattr(state, name, value)
    container = copy.deepcopy(CONTAINER)
    container["State"]["StartedAt"] = "2020-01-01T00:00:00.5Z"
    found = Observation(
        "minikube",
        config=copy.deepcopy(CONFIG),
        containers=[container],
        nodes=[state],
        apiserver="Running",
        context="Configured",
        server="https://192.168.49.2:8443",
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def plan(observed, wanted=WANTED, *, recreate=False):
    return plans.present(observed, wanted, recreate=recreate)


def repairs(found):
    return [repair["name"] for repair in found.repairs]


def test_nothing_to_do_where_everything_is_well():
    assert plan(observation()) == plans.Plan()


def test_no_profile_is_started():
    found = plan(Observation("minikube"))
    assert found.start
    assert found.first_start
    assert not found.delete
    assert found.repairs == []


def test_an_unfinished_first_start_begins_anew_whatever_is_there():
    for config in (None, {}, CONFIG):
        found = plan(observation(unfinished=True, config=config))
        assert found.delete
        assert found.first_start
        assert repairs(found) == ["start_interrupted"]


@pytest.mark.parametrize(
    ("observed", "name", "reconfigure"),
    [
        (observation(node={"host": "Stopped"}), "container_stopped", False),
        (observation(node={"host": "Nonexistent"}, containers=[]), "container_removed", True),
        (observation(node={"kubelet": "Stopped"}), "kubelet_stopped", False),
        (observation(node={"kubelet": "Stopped"}, apiserver="Stopped"), "kubelet_stopped", True),
        (observation(node={"kubelet": "Stopped", "manifests": False}), "kubelet_stopped", True),
        (observation(node={"runtime": "Stopped"}), "runtime_stopped", False),
        (observation(apiserver="Stopped", apiserver_detail="refused"), "apiserver_unhealthy", True),
        (observation(node={"ready": False}), "node_not_ready", False),
        (observation(expired=["minikube:/var/lib/minikube/certs/apiserver.crt"]), "certificates_expired", True),
        (observation(config={}), "config_unreadable", False),
    ],
)
def test_each_fault_is_named_and_started_again_without_losing_anything(observed, name, reconfigure):
    found = plan(observed)
    assert repairs(found) == [name]
    assert found.start
    assert found.reconfigure == reconfigure
    assert not found.delete
    assert not found.first_start


def test_a_paused_container_is_only_continued():
    found = plan(observation(node={"host": "Paused"}, apiserver="Stopped"))
    assert repairs(found) == ["container_paused"]
    assert found.unpause == ["minikube"]
    assert not found.start


@pytest.mark.parametrize(
    ("context", "name"), [("Nonexistent", "context_missing"), ("Misconfigured", "context_elsewhere")]
)
def test_a_wrong_context_is_written_without_a_start(context, name):
    found = plan(observation(context=context))
    assert repairs(found) == [name]
    assert found.context
    assert not found.start


def test_a_difference_for_a_new_cluster_fails_with_the_list_or_recreates():
    wanted = replace(WANTED, memory_mb=8192, cpus=4)
    with pytest.raises(MinikubeError, match="cpus: 2 is, 4 is wanted; memory_mb: 4096 is, 8192 is wanted") as caught:
        plan(observation(), wanted)
    assert sorted(caught.value.differences) == ["cpus", "memory_mb"]
    found = plan(observation(), wanted, recreate=True)
    assert found.delete
    assert found.first_start


def test_changed_options_reach_components_only_by_configuring_anew():
    found = plan(observation(), replace(WANTED, extra_config=("kubelet.max-pods=50",)))
    assert found.start
    assert found.reconfigure
    assert found.repairs == []


def two_nodes():
    observed = observation()
    observed.config["KubernetesConfig"]["CNI"] = "false"
    observed.config["Nodes"].append({"Name": "m02", "ControlPlane": False, "Worker": True})
    worker = NodeState("minikube-m02", host="Running", kubelet="Running", runtime="Running", ready=True)
    observed.nodes.append(worker)
    return observed, replace(WANTED, cni=ROUTED, nodes=2)


def test_workers_come_and_go_in_place():
    observed, wanted = two_nodes()
    assert plan(observed, wanted) == plans.Plan()
    assert plan(observed, replace(wanted, nodes=4)).add_nodes == 2
    assert plan(observed, replace(wanted, nodes=1)).delete_nodes == ["minikube-m02"]


def test_a_removed_worker_leaves_the_control_plane_as_it_is():
    observed, wanted = two_nodes()
    observed.nodes[1].host = "Nonexistent"
    found = plan(observed, wanted)
    assert found.removed == ["minikube-m02"]
    assert found.start
    assert not found.reconfigure


def test_a_bridge_cluster_does_not_grow():
    with pytest.raises(MinikubeError, match="cni: bridge is, routed is wanted"):
        plan(observation(), replace(WANTED, cni=ROUTED, nodes=2))


def test_stopping():
    assert plans.stopped(observation()).reasons == ["stopped minikube"]
    assert plans.stopped(observation(node={"host": "Stopped"})).reasons == []
    assert plans.stopped(observation(node={"host": "Paused"})).unpause == ["minikube"]


def test_only_what_was_started_a_moment_ago_is_waited_for():
    young = observation(apiserver="Stopped")
    assert not young.coming_up
    young.containers[0]["State"]["StartedAt"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")
    assert young.coming_up
    assert not observation(containers=young.containers).coming_up
    for node in ({"kubelet": "Stopped"}, {"host": "Paused"}):
        assert not observation(node=node, apiserver="Stopped", containers=young.containers).coming_up
