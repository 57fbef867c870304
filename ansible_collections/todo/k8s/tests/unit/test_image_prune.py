"""Old images: which ones go, and that none goes which is used."""

from __future__ import annotations

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import image_prune
from ansible_collections.todo.k8s.plugins.module_utils.image_store import got_at
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NodeError

USES = (
    "Pod todo/backend-1\ttodo-k8s/backend:t2  \n"
    "Deployment todo/backend\ttodo-k8s/backend:t2 docker.io/todo-k8s/side:t1 todo-k8s/migrate:t1 \n"
    "Pod kube-system/dns\tregistry.k8s.io/coredns/coredns:v1.12.1  \n"
)
NAMES = {f"todo-k8s/backend:t{n}" for n in range(1, 6)} | {"todo-k8s/frontend:t1", "registry.k8s.io/pause:3"}
AGES = {f"todo-k8s/backend:t{n}": f"2026-11-23T10:0{9 - n}:00Z" for n in range(1, 5)}


def test_every_container_of_a_workload_counts():
    assert image_prune.parse_uses(USES) == {
        "todo-k8s/backend:t2": "Pod todo/backend-1",
        "todo-k8s/side:t1": "Deployment todo/backend",
        "todo-k8s/migrate:t1": "Deployment todo/backend",
        "registry.k8s.io/coredns/coredns:v1.12.1": "Pod kube-system/dns",
    }


def test_the_newest_stay_and_what_the_engine_does_not_know_is_oldest():
    repositories = {"todo-k8s/backend", "todo-k8s/frontend"}
    found = image_prune.candidates(NAMES, repositories, AGES, 2)
    assert found == [f"todo-k8s/backend:t{n}" for n in (5, 4, 3)]
    assert image_prune.candidates(NAMES, repositories, AGES, 9) == []


@pytest.mark.parametrize(
    ("created", "named", "at"),
    [
        ("2026-11-23T10:00:00Z", "0001-01-01T00:00:00Z", "2026-11-23T10:00:00Z"),  # BuildKit in Docker 20.10
        ("1970-01-01T00:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),  # a base with a fixed date
        ("2026-11-23T10:00:00Z", None, "2026-11-23T10:00:00Z"),
    ],
)
def test_when_the_engine_got_an_image(created, named, at):
    metadata = {"LastTagTime": named} if named else None
    assert got_at({"Created": created, "Metadata": metadata}) == at
    assert got_at({}) == ""


def test_nothing_that_is_used_or_wanted_goes():
    wanted = [f"todo-k8s/backend:t{n}" for n in (4, 3, 2)]
    choice = image_prune.choose(wanted, image_prune.parse_uses(USES), {"todo-k8s/backend:t4"})
    assert choice.remove == ["todo-k8s/backend:t3"]
    assert choice.used == {"todo-k8s/backend:t2": "Pod todo/backend-1"}


def test_without_an_answer_nothing_may_go():
    class Silent:
        def run(self, *command):
            raise NodeError("Node x: the API server is away.")

    with pytest.raises(NodeError, match="cannot be told, so none is removed. Node x"):
        image_prune.uses(Silent())
