"""What a profile is, what it should be, and what of the difference an existing cluster can take."""

import copy
import json
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import minikube_profile as profiles

FIXTURES = Path(__file__).parent / "fixtures" / "minikube"
CONFIG = json.loads((FIXTURES / "config.json").read_text())
CONTAINER = json.loads((FIXTURES / "container.json").read_text())


def wanted(**changes):
    return profiles.Wanted(
        **{
            "profile": "minikube",
            "cpus": 2,
            "memory_mb": 4096,
            "kubernetes_version": "v1.34.3",
            "container_runtime": "containerd",
            "base_image": CONFIG["KicBaseImage"],
            "ports": ("127.0.0.1:32000:30000",),
            "addons": ("metrics-server", "storage-provisioner", "default-storageclass"),
            **changes,
        }
    )


def test_a_recorded_profile_equals_what_it_was_made_from():
    assert profiles.differences(CONFIG, wanted(), CONTAINER) == {}
    assert profiles.addon_changes(CONFIG, wanted()) == profiles.AddonChanges()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_mb", 8192),
        ("cpus", 4),
        ("kubernetes_version", "v1.33.0"),
        ("container_runtime", "docker"),
        ("base_image", "other:1"),
        ("ports", ("127.0.0.1:1:30000",)),
        ("mounts", ("/data:/data",)),
        ("cni", profiles.ROUTED),
    ],
)
def test_each_of_these_needs_a_new_cluster(name, value):
    different = profiles.differences(CONFIG, wanted(**{name: value}), CONTAINER)
    assert list(different) == [name]
    assert profiles.needs_new_cluster(different) == different


@pytest.mark.parametrize(("name", "value"), [("nodes", 2), ("extra_config", ("kubelet.max-pods=50",))])
def test_these_do_not(name, value):
    different = profiles.differences(CONFIG, wanted(**{name: value}), CONTAINER)
    assert list(different) == [name]
    assert profiles.needs_new_cluster(different) == {}


def test_the_container_is_believed_where_the_stored_configuration_lies():
    container = copy.deepcopy(CONTAINER)
    container["HostConfig"]["Memory"] = 2**31
    assert profiles.differences(CONFIG, wanted(), container) == {"memory_mb": {"before": 2048, "after": 4096}}


def test_ports_are_equal_however_they_are_written():
    config = {**CONFIG, "ExposedPorts": ["32000:30000", "127.0.0.1:1:2/tcp"]}
    ports = ("127.0.0.1:1:2", "0.0.0.0:32000:30000")
    assert profiles.differences(config, wanted(ports=ports)) == {}
    assert profiles.ports_fact(ports) == {"2": 1, "30000": 32000}


def test_minikubes_own_image_is_not_compared():
    assert profiles.differences(CONFIG, wanted(base_image="")) == {}


def test_one_node_is_served_by_routes_as_well():
    routed = copy.deepcopy(CONFIG)
    routed["KubernetesConfig"]["CNI"] = "false"
    assert profiles.differences(routed, wanted()) == {}


def test_addons_are_switched_on_and_only_exclusively_off():
    changes = profiles.addon_changes(CONFIG, wanted(addons=("ingress",)))
    assert changes == profiles.AddonChanges(["ingress"], [])
    changes = profiles.addon_changes(CONFIG, wanted(addons=("ingress",), addons_exclusive=True))
    assert changes.disable == ["default-storageclass", "metrics-server", "storage-provisioner"]


def test_clamped_with_a_warning():
    value, warning = profiles.clamp(4, 2, 2, "CPUs", "")
    assert value == 2
    assert "4 wanted" in warning
    assert "has 2" in warning


def test_too_little_is_refused_with_found_and_needed():
    with pytest.raises(profiles.MinikubeError, match="has 1024 MiB, at least 3800 MiB"):
        profiles.memory_to_ask(8192, 1024)


def test_the_bridge_is_refused_to_more_than_one_node():
    assert profiles.choose_cni("auto", 1) == "bridge"
    assert profiles.choose_cni("auto", 2) == "routed"
    with pytest.raises(profiles.MinikubeError, match="set cni to routed"):
        profiles.choose_cni("bridge", 2)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"profile": "a b"}, "no name for a container"),
        ({"nodes": 0}, "at least 1"),
        ({"mounts": ("/a:/a", "/b:/b")}, "one folder"),
        ({"extra_config": ("max-pods=5",)}, "kubelet.max-pods=50"),
    ],
)
def test_what_minikube_would_refuse_late_is_refused_at_once(change, text):
    with pytest.raises(profiles.MinikubeError, match=text):
        profiles.check(wanted(**change))


def test_half_written_configuration_is_a_profile_to_start_again(tmp_path):
    path = profiles.config_path(tmp_path, "todo")
    path.parent.mkdir(parents=True)
    assert profiles.read_config(tmp_path, "other") is None
    for content in ("", '{"CPUs": ', "[]", '{"Name": "todo", "Nodes": []}'):
        path.write_text(content)
        assert profiles.read_config(tmp_path, "todo") == {}
    path.write_text(json.dumps(CONFIG))
    assert profiles.read_config(tmp_path, "todo") == CONFIG


def test_ports_come_back_whatever_happens(tmp_path):
    path = profiles.config_path(tmp_path, "todo")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(CONFIG))
    with pytest.raises(RuntimeError), profiles.without_ports(tmp_path, "todo"):
        assert json.loads(path.read_text())["ExposedPorts"] is None
        raise RuntimeError
    assert json.loads(path.read_text()) == CONFIG


def test_extra_options_that_are_no_longer_wanted_are_forgotten(tmp_path):
    path = profiles.config_path(tmp_path, "todo")
    path.parent.mkdir(parents=True)
    options = [{"Component": "kubelet", "Key": "max-pods", "Value": "60"}]
    kubernetes = {**CONFIG["KubernetesConfig"], "ExtraOptions": options}
    path.write_text(json.dumps({**CONFIG, "KubernetesConfig": kubernetes}))
    profiles.forget_extra_options(tmp_path, "todo")
    found = json.loads(path.read_text())
    assert profiles.observed(found)["extra_config"] == ()
    assert found["KubernetesConfig"]["KubernetesVersion"] == CONFIG["KubernetesConfig"]["KubernetesVersion"]
