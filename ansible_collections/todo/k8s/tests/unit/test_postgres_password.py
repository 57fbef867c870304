"""A password's replacement loses nothing, wherever it is interrupted."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import password_rotation
from ansible_collections.todo.k8s.plugins.module_utils.kube import Answer, KubeError
from ansible_collections.todo.k8s.plugins.modules.postgres_password import rotate

KEY, NEXT = "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_NEXT"


class Interrupted(Exception):
    """What a killed process looks like to this test."""


class Cluster:
    """A Secret and a server; `left` is the number of writes until the process is killed, before or after one."""

    def __init__(self, left=99, after=False):
        self.secret, self.version = {KEY: "old-password"}, 1
        self.annotations = {"todo.k8s/revisions": '{"JWT_SECRET_KEY": "j1", "POSTGRES_PASSWORD": "p1"}'}
        self.server, self.left, self.after = "old-password", left, after

    def _write(self, change):
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Interrupted
        change()
        if self.left < 0:
            raise Interrupted

    def get(self, plural, namespace, name):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in self.secret.items()}
        metadata = {"resourceVersion": str(self.version), "annotations": self.annotations}
        return {"metadata": metadata, "data": data}

    def request(self, method, path, headers, body):
        patch = json.loads(body)
        if patch["metadata"]["resourceVersion"] != str(self.version):
            return Answer(409, {}, b'{"message": "the object has been modified"}')

        def change():
            for key, value in patch["data"].items():
                self.secret.pop(key, None)
                if value is not None:
                    self.secret[key] = base64.b64decode(value).decode()
            self.annotations = {**self.annotations, **patch["metadata"]["annotations"]}
            self.version += 1

        self._write(change)
        return Answer(200, {}, b"{}")

    def set_password(self, password):
        self._write(lambda: setattr(self, "server", password))


def module(check_mode=False):
    params = {"namespace": "todo", "secret_name": "app-secrets", "key": KEY, "length": 32}
    return SimpleNamespace(params=params, check_mode=check_mode, no_log_values=set(), _diff=True)


def test_database_and_secret_get_the_same_new_password_and_only_its_mark_changes():
    cluster = Cluster()
    told = module()
    result = rotate(told, cluster, cluster)
    assert cluster.secret == {KEY: cluster.server} and cluster.server != "old-password" and len(cluster.server) == 32
    marks = json.loads(cluster.annotations["todo.k8s/revisions"])
    assert marks["JWT_SECRET_KEY"] == "j1" and marks[KEY] != "p1"
    assert cluster.server in told.no_log_values and cluster.server not in json.dumps(result)


def test_prepared_it_is_beside_the_old_one_and_the_rest_does_not_change_the_mark():
    cluster = Cluster()
    assert rotate(module(), cluster, None)["changed"]
    assert cluster.secret[KEY] == cluster.server == "old-password"
    prepared, marks = cluster.secret[NEXT], dict(cluster.annotations)
    again = rotate(module(), cluster, None)
    assert not again["changed"] and "an earlier run" in again["msg"] and cluster.secret[NEXT] == prepared
    rotate(module(), cluster, cluster)
    assert cluster.secret == {KEY: prepared} and cluster.server == prepared
    # Who started after the first step has both; who has the mark need not start again.
    assert cluster.annotations == marks


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", [0, 1, 2])
def test_an_interruption_anywhere_loses_nothing_and_the_next_run_finishes(writes, after):
    cluster = Cluster(writes, after)
    with pytest.raises(Interrupted):
        rotate(module(), cluster, cluster)
    # Whoever needs the password the server has finds it in the Secret.
    assert cluster.server in cluster.secret.values()
    on_its_way = cluster.secret.get(NEXT)
    cluster.left = 99
    result = rotate(module(), cluster, cluster)
    assert cluster.secret == {KEY: cluster.server} and cluster.server != "old-password"
    assert result["resumed"] == (on_its_way is not None)
    assert on_its_way in (None, cluster.server)


def test_check_mode_changes_nothing():
    cluster = Cluster(0)
    result = rotate(module(check_mode=True), cluster, cluster)
    assert result["changed"] and cluster.secret == {KEY: "old-password"} and cluster.server == "old-password"


def test_another_writer_is_noticed_before_anything_is_lost():
    cluster = Cluster()
    read = cluster.get
    cluster.get = lambda *names: {**read(*names), "metadata": {"resourceVersion": "0", "annotations": {}}}
    with pytest.raises(KubeError) as caught:
        rotate(module(), cluster, cluster)
    assert caught.value.status == 409
    assert cluster.secret == {KEY: "old-password"} and cluster.server == "old-password"


@pytest.mark.parametrize(("data", "said"), [(None, f"found no {KEY}"), ({}, "make up"), ({KEY: b""}, "found no")])
def test_without_a_password_there_is_nothing_to_replace(data, said):
    with pytest.raises(ValueError, match=said):
        password_rotation.decide(data, KEY, "fresh")


def test_a_password_by_hand_that_cannot_be_used_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        password_rotation.decide({KEY: b"x", NEXT: "pässword".encode()}, KEY, "fresh")
    assert "ssword" not in str(caught.value).replace(NEXT, "").replace(KEY, "")
