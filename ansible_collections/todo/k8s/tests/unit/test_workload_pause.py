"""Deployments are paused and get back the replicas that they had."""

import copy
import json
from types import SimpleNamespace

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import deployment_patch
from ansible_collections.todo.k8s.plugins.module_utils.kube import Answer, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.workload_pause import PAUSED_ANNOTATION, pause, resume


def deployment(replicas=2, paused=None):
    annotations = {} if paused is None else {PAUSED_ANNOTATION: paused}
    return {
        "metadata": {"name": "todo-backend", "annotations": annotations},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "todo-backend"}}},
    }


def patched(item, patch):
    """The object after a merge patch."""
    item = copy.deepcopy(item)

    def merge(into, changes):
        for key, value in changes.items():
            if value is None:
                into.pop(key, None)
            elif isinstance(value, dict):
                merge(into.setdefault(key, {}), value)
            else:
                into[key] = value

    merge(item, patch or {})
    return item


def test_a_paused_deployment_gets_its_replicas_back():
    paused = patched(deployment(3), pause(deployment(3)))
    assert paused["spec"]["replicas"] == 0
    assert pause(paused) is None
    assert patched(paused, resume(paused)) == deployment(3)
    assert resume(deployment(3)) is None


def test_an_interrupted_pause_is_not_taken_for_the_wish_of_none():
    # Another run begins where the first one was killed: in between somebody may have started a pod.
    halfway = deployment(1, paused="3")
    assert patched(halfway, pause(halfway))["metadata"]["annotations"] == {PAUSED_ANNOTATION: "3"}
    assert patched(halfway, resume(halfway))["spec"]["replicas"] == 3


def test_a_deployment_that_shall_have_no_pods_stays_so():
    paused = patched(deployment(0), pause(deployment(0)))
    assert patched(paused, resume(paused))["spec"]["replicas"] == 0


class Kube:
    """An API server with Deployments, and a number of answers in which their pods are still there."""

    def __init__(self, *deployments, pods=0, status=200):
        self.deployments = {item["metadata"]["name"]: item for item in deployments}
        self.sent, self.pods, self.status = [], pods, status

    def get(self, plural, namespace, name):
        return self.deployments.get(name)

    def list(self, plural, namespace, query):
        assert query == {"labelSelector": "app=todo-backend"}
        self.pods -= 1
        return ([{"metadata": {"name": "todo-backend-1"}}] if self.pods >= 0 else []), "1"

    def request(self, method, path, headers, body):
        self.sent.append((method, path, headers["Content-Type"], json.loads(body)))
        return Answer(self.status, {}, b'{"message": "deployments is forbidden"}')


def test_a_change_is_sent_once_and_in_check_mode_never():
    kube = Kube(deployment())
    assert deployment_patch.change(kube, "todo", ["todo-backend"], pause, True) == ["todo-backend"]
    assert kube.sent == []
    assert deployment_patch.change(kube, "todo", ["todo-backend"], pause, False) == ["todo-backend"]
    path = "/apis/apps/v1/namespaces/todo/deployments/todo-backend"
    assert kube.sent == [("PATCH", path, "application/merge-patch+json", pause(deployment()))]
    assert deployment_patch.change(kube, "todo", ["todo-backend"], resume, False) == []


def test_a_missing_deployment_and_a_refusal_are_named():
    with pytest.raises(KubeError, match="Deployment other of todo: found none"):
        deployment_patch.change(Kube(), "todo", ["other"], pause, True)
    with pytest.raises(KubeError, match="403 deployments is forbidden"):
        deployment_patch.change(Kube(deployment(), status=403), "todo", ["todo-backend"], pause, False)


def test_pods_that_shut_down_are_waited_for(monkeypatch):
    monkeypatch.setattr(deployment_patch, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda seconds: None))
    kube = Kube(deployment(), pods=3)
    deployment_patch.wait_until_gone(kube, "todo", ["todo-backend"], 5)
    assert kube.pods == -1
    with pytest.raises(KubeError, match="pods todo-backend-1 of todo: not gone after -1 s"):
        deployment_patch.wait_until_gone(Kube(deployment(), pods=9), "todo", ["todo-backend"], -1)
