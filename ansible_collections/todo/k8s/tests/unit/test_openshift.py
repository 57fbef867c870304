"""OpenShift's differences. Its answers here are written by hand after its public documentation, not recorded."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from openshift.dynamic.exceptions import ForbiddenError

from ansible_collections.todo.k8s.plugins.filter.openshift_values import openshift_values
from ansible_collections.todo.k8s.plugins.module_utils import openshift_rules as rules
from ansible_collections.todo.k8s.plugins.modules import openshift_project

FIXTURES = Path(__file__).parent / "fixtures/cluster"
OPENSHIFT = yaml.safe_load((FIXTURES / "openshift.yml").read_text())
MINIKUBE = yaml.safe_load((FIXTURES / "minikube.yml").read_text())


def test_it_is_told_by_its_api_groups():
    assert rules.is_openshift(OPENSHIFT["groups"])
    assert not rules.is_openshift(MINIKUBE["groups"])
    # Somebody who installed Routes alone has no OpenShift.
    assert not rules.is_openshift([*MINIKUBE["groups"], "route.openshift.io"])


def test_the_chart_names_no_user_there():
    assert openshift_values(OPENSHIFT["groups"])["arbitraryUid"] is True
    assert openshift_values(MINIKUBE["groups"]) == {}


def test_the_range_of_user_ids():
    assert rules.uid_range(OPENSHIFT["project"]) == (1000650000, 10000)
    assert rules.uid_range(None) is None
    assert rules.uid_range({"metadata": {"annotations": {rules.UID_RANGE: "odd"}}}) is None


class Client:
    """OpenShift's API as far as projects go: one that is not there may not be seen."""

    def __init__(self, *there):
        self.there, self.requests = set(there), []
        self.resources = self

    def get(self, api_version=None, kind=None, name=None):
        if kind:
            return self
        if name not in self.there:
            raise ForbiddenError(SimpleNamespace(status=403, reason="Forbidden", body=b"", headers={}))
        return SimpleNamespace(to_dict=lambda: OPENSHIFT["project"])

    def create(self, body):
        self.requests.append(body)
        self.there.add(body["metadata"]["name"])


def test_a_project_is_asked_for_once():
    client = Client()
    assert openshift_project.have(client, "todo", "Todo", check=False) == (True, OPENSHIFT["project"])
    assert [body["kind"] for body in client.requests] == ["ProjectRequest"]
    assert openshift_project.have(client, "todo", "Todo", check=False) == (False, OPENSHIFT["project"])
    assert len(client.requests) == 1


def test_check_mode_asks_for_nothing():
    client = Client()
    assert openshift_project.have(client, "todo", "Todo", check=True) == (True, None)
    assert client.requests == []


@pytest.mark.parametrize("group", sorted(rules.GROUPS))
def test_each_group_counts(group):
    assert not rules.is_openshift(set(OPENSHIFT["groups"]) - {group})
