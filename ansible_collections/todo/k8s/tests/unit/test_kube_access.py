"""The way into a cluster: short for a kubeconfig of plain files, through the Python client for every other."""

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils import kube_access
from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError, is_near


def kubeconfig(folder, cluster=None, user=None):
    """A kubeconfig with two contexts; the files that it names exist."""
    for name in ("ca.crt", "client.crt", "client.key"):
        (folder / name).touch()
    plain = {"server": "https://127.0.0.1:1", "certificate-authority": "ca.crt", **(cluster or {})}
    plain = {name: value for name, value in plain.items() if value is not None}
    content = {
        "current-context": "todo",
        "contexts": [
            {"name": "other", "context": {"cluster": "other", "user": "todo"}},
            {"name": "todo", "context": {"cluster": "todo", "user": "todo", "namespace": "x"}},
        ],
        "clusters": [
            {"name": "other", "cluster": {**plain, "server": "https://127.0.0.1:2"}},
            {"name": "todo", "cluster": plain},
        ],
        "users": [{"name": "todo", "user": user or {"client-certificate": "client.crt", "client-key": "client.key"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.fixture
def no_client(monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("the Python client was asked")

    monkeypatch.setattr(kube_access, "_through_client", refuse)


@pytest.mark.parametrize(("context", "host"), [(None, "https://127.0.0.1:1"), ("other", "https://127.0.0.1:2")])
def test_files_of_a_certificate_need_no_client(tmp_path, no_client, context, host):
    access = kube_access.open_access(kubeconfig(tmp_path), context, lambda url: True)
    assert access.host == host
    assert access.pool.connection_pool_kw["ca_certs"] == str(tmp_path / "ca.crt")
    assert access.pool.connection_pool_kw["cert_reqs"] == "CERT_REQUIRED"


def test_kubeconfig_of_the_environment(tmp_path, no_client, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path))
    assert kube_access.open_access(None, None, lambda url: True).host == "https://127.0.0.1:1"


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        (None, {"token": "t"}),
        ({"insecure-skip-tls-verify": True}, None),
        ({"certificate-authority": "missing.crt"}, None),
        ({"tls-server-name": "kube"}, None),
    ],
)
def test_everything_else_goes_through_the_client(tmp_path, no_client, cluster, user):
    with pytest.raises(AssertionError, match="client was asked"):
        kube_access.open_access(kubeconfig(tmp_path, cluster, user), None, lambda url: True)


def test_a_proxy_on_the_way_goes_through_the_client(tmp_path, no_client, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    path = kubeconfig(tmp_path)
    with pytest.raises(AssertionError, match="client was asked"):
        kube_access.open_access(path, None, lambda url: False)
    assert kube_access.open_access(path, None, lambda url: True).host


def test_the_client_signs_with_a_token(tmp_path):
    path = kubeconfig(tmp_path, {"insecure-skip-tls-verify": True, "certificate-authority": None}, {"token": "abc"})
    headers = {}
    kube_access.open_access(path, None, lambda url: True).headers(headers, "GET", "/")
    assert headers["authorization"] == "Bearer abc"


def test_a_missing_context_is_named(tmp_path):
    with pytest.raises(
        KubeError, match=r"context nowhere: .*needed: a kubeconfig with this context; remedy: .*make up"
    ):
        Kube(kubeconfig(tmp_path), "nowhere")


def test_near_is_this_machine_and_private_networks():
    assert is_near("127.0.0.1") and is_near("localhost") and is_near("192.168.49.2")
    assert not is_near("example.com") and not is_near("8.8.8.8")
