"""What is in the way on somebody else's cluster is named at once, and what cannot be seen is no finding."""

import json
from pathlib import Path

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils import cluster_rules as rules
from ansible_collections.todo.k8s.plugins.module_utils.kube import Answer, KubeError
from ansible_collections.todo.k8s.plugins.modules import existing_cluster

MINIKUBE = yaml.safe_load((Path(__file__).parent / "fixtures/cluster/minikube.yml").read_text())
RIGHT = ("apps", "deployments", "create")


def wants(**changes):
    return rules.Wants(**{"namespace": "shop", "minimum": "1.28", "rights": (RIGHT,), **changes})


def seen(**changes):
    allowed = {RIGHT: True, rules.NAMESPACE_CREATE: True, rules.PROJECT_REQUEST: False}
    usual = {"version": "v1.34.3", "namespace": True, "allowed": allowed}
    return rules.Seen(**{**usual, "storage_classes": MINIKUBE["storage_classes"], **changes})


def subjects(wanted, found):
    return [entry["subject"] for entry in rules.judge(wanted, found)]


def test_a_cluster_that_has_everything():
    assert rules.judge(wants(), seen()) == []


@pytest.mark.parametrize(
    ("version", "fine"),
    [("v1.28.0", True), ("v1.27.16", False), ("v1.31.7-eks-1", True), ("v2.0.0", True), ("nonsense", False)],
)
def test_the_version(version, fine):
    assert (subjects(wants(), seen(version=version)) == []) is fine


def test_lacking_rights_are_told_together():
    second = ("", "pods/log", "get")
    found = rules.judge(wants(rights=(RIGHT, second)), seen(allowed={RIGHT: False, second: False}))
    assert [entry["found"] for entry in found] == ["no right to create deployments.apps; get pods/log"]


def test_a_namespace_that_is_missing_needs_the_right_to_make_it():
    assert subjects(wants(), seen(namespace=False)) == []
    assert subjects(wants(), seen(namespace=False, allowed={RIGHT: True})) == ["namespace shop"]


def test_who_may_ask_for_a_project_needs_no_other_right_yet():
    found = seen(namespace=False, allowed={RIGHT: False, rules.PROJECT_REQUEST: True})
    assert rules.needs_project(found) and rules.judge(wants(), found) == []
    assert not rules.needs_project(seen(namespace=True, allowed={rules.PROJECT_REQUEST: True}))


def test_the_volume_needs_a_class():
    none = [{"metadata": {"name": "slow"}}]
    assert subjects(wants(), seen(storage_classes=none)) == ["storage class"]
    assert subjects(wants(storage_class="slow"), seen(storage_classes=none)) == []
    assert subjects(wants(storage_class="fast"), seen(storage_classes=none)) == ["storage class fast"]
    assert subjects(wants(storage=False), seen(storage_classes=none)) == []


def test_an_ingress_needs_a_controller():
    other = [{"metadata": {"name": "nginx"}}]
    assert subjects(wants(), seen(ingress_classes=[])) == []
    assert rules.judge(wants(ingress=True), seen(ingress_classes=other))[0]["severity"] == "warning"
    assert subjects(wants(ingress=True, ingress_class="traefik"), seen(ingress_classes=other)) == [
        "ingress class traefik"
    ]


def test_a_node_port_of_another_namespace_is_taken():
    services = [MINIKUBE["service"]]
    found = rules.judge(wants(node_ports=(30000, 30001)), seen(services=services))
    assert [(entry["subject"], entry["found"]) for entry in found] == [
        ("node port 30000", "taken by Service todo/todo-frontend")
    ]
    assert subjects(wants(namespace="todo", node_ports=(30000,)), seen(services=services)) == []


def test_what_cannot_be_seen_is_no_finding():
    hidden = seen(namespace=None, storage_classes=None, ingress_classes=None, services=None, nodes=None)
    assert rules.judge(wants(ingress=True, node_ports=(30000,)), hidden) == []


def test_a_nodes_address():
    assert rules.node_address(MINIKUBE["nodes"]) == "192.168.49.2"
    outer = [{"type": "ExternalIP", "address": "203.0.113.7"}]
    more = [*MINIKUBE["nodes"], {"status": {"conditions": [{"type": "Ready", "status": "True"}], "addresses": outer}}]
    assert rules.node_address(more) == "203.0.113.7"
    assert rules.node_address(None) == ""
    assert rules.node_address([{"status": {"conditions": [], "addresses": outer}}]) == ""


def test_a_review_asks_for_a_part_of_a_resource():
    asked = rules.review(("", "pods/log", "get"), "shop")["spec"]["resourceAttributes"]
    assert asked == {"group": "", "resource": "pods", "subresource": "log", "verb": "get", "namespace": "shop"}


class Cluster:
    """An API server that answers as told: path to status and body."""

    host = "https://cluster.example"

    def __init__(self, answers, allowed):
        self.answers, self.allowed = answers, allowed

    def version(self, timeout):
        return "v1.34.3"

    def request(self, method, path, headers=None, body=None):
        if method == "POST":
            asked = json.loads(body)["spec"]["resourceAttributes"]
            return Answer(*self.allowed(asked))
        status, content = self.answers.get(path, (403, {}))
        return Answer(status, {}, json.dumps(content).encode())


def test_the_module_asks_for_every_right_in_its_scope():
    scopes = []

    def allow(asked):
        scopes.append((asked["resource"], asked.get("namespace")))
        return 201, {}, json.dumps({"status": {"allowed": True}}).encode()

    answers = {
        "/api/v1/namespaces/shop": (404, {}),
        "/apis": (200, {"groups": [{"name": name} for name in MINIKUBE["groups"]]}),
    }
    found = existing_cluster.look(Cluster(answers, allow), wants())
    assert sorted(scopes) == [("deployments", "shop"), ("namespaces", None), ("projectrequests", None)]
    assert found.namespace is False and found.storage_classes is None and "apps" in found.groups


def test_who_is_not_signed_in_is_told():
    with pytest.raises(KubeError, match="answers 401"):
        existing_cluster.look(Cluster({}, lambda _asked: (401, {}, b"")), wants())
