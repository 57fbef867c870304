"""Where a page is, by each way in."""

from pathlib import Path

import yaml

from ansible_collections.todo.k8s.plugins.module_utils.page_urls import Page, url
from ansible_collections.todo.k8s.plugins.modules import page_urls

FIXTURES = Path(__file__).parent / "fixtures/cluster"
SERVICE = yaml.safe_load((FIXTURES / "minikube.yml").read_text())["service"]
BY_HAND = yaml.safe_load((FIXTURES / "openshift.yml").read_text())


def page(way, **more):
    return Page("todo", "todo-frontend", way, **more)


def test_a_node_port_is_at_a_nodes_address():
    assert url(page("nodeport"), SERVICE, "192.168.49.2") == "http://192.168.49.2:30000"
    assert url(page("nodeport", host="node.example.com"), SERVICE, "192.168.49.2") == "http://node.example.com:30000"
    assert url(page("nodeport"), SERVICE, "fd00::7") == "http://[fd00::7]:30000"


def test_a_chosen_node_port_is_known_before_the_service_is_there():
    assert url(page("nodeport", node_port=30123), None, "192.168.49.2") == "http://192.168.49.2:30123"
    assert url(page("nodeport"), None, "192.168.49.2") == ""
    assert url(page("nodeport"), SERVICE, "") == ""


def test_a_load_balancer_gives_its_address_later():
    waiting = {**BY_HAND["balanced"], "status": {"loadBalancer": {}}}
    assert url(page("loadbalancer"), waiting) == ""
    assert url(page("loadbalancer"), BY_HAND["balanced"]) == "http://lb-1.example.com:3000"
    assert url(page("loadbalancer", host="todo.example.com"), waiting) == "http://todo.example.com:3000"


def test_an_ingress_has_the_chosen_name():
    assert url(page("ingress", host="todo.example.com"), None) == "http://todo.example.com"
    assert url(page("ingress", host="todo.example.com", tls=True), None) == "https://todo.example.com"


def test_a_route_has_the_name_that_the_router_took():
    assert url(page("route"), BY_HAND["route"]) == "https://todo-frontend-todo.apps.example.com"
    assert url(page("route"), None) == ""


class Cluster:
    """Gives an address at the second question."""

    asked = 0

    def get(self, _plural, _namespace, _name):
        self.asked += 1
        return BY_HAND["balanced"] if self.asked > 1 else {**BY_HAND["balanced"], "status": {}}


def test_an_address_is_waited_for(monkeypatch):
    monkeypatch.setattr(page_urls.time, "sleep", lambda _seconds: None)
    assert page_urls.find(Cluster(), "todo", [page("loadbalancer")], "", 60) == {"todo": "http://lb-1.example.com:3000"}
    assert page_urls.find(Cluster(), "todo", [page("loadbalancer")], "", 0) == {}
