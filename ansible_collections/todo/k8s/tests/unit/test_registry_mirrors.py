"""Mirrors' addresses: what dockerd takes, and what it would refuse to start with."""

from __future__ import annotations

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import registry_mirrors


def test_as_the_engine_writes_them_each_once():
    assert registry_mirrors.checked(["http://127.0.0.1:5000", "https://mirror.example/", "http://127.0.0.1:5000/"]) == [
        "http://127.0.0.1:5000/",
        "https://mirror.example/",
    ]
    assert registry_mirrors.checked(["http://[::1]:5000"]) == ["http://[::1]:5000/"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mirror.example:5000", "found mirror.example:5000; needed http://HOST"),
        ("ftp://mirror.example", "found ftp://mirror.example; needed"),
        ("http://", "found http://; needed"),
        ("https://mirror.example/docker", "takes no path"),
        ("https://mirror.example/?a=b", "found https://mirror.example/"),
        ("http://mirror.example:port", "host or port cannot be read"),
        ("http://mirror example", "needed http://HOST"),
        ("http://mirror.example%h", "needed http://HOST"),
        ("", "needed http://HOST"),
    ],
)
def test_what_is_refused(url, said):
    with pytest.raises(registry_mirrors.MirrorError, match="engine_registry_mirrors: ") as caught:
        registry_mirrors.checked([url])
    assert said in str(caught.value)


def test_a_password_is_not_shown():
    with pytest.raises(registry_mirrors.MirrorError) as caught:
        registry_mirrors.checked(["https://alice:secret@mirror.example"])
    assert "secret" not in str(caught.value)
    assert "docker login" in str(caught.value)


def test_options_and_back():
    mirrors = ["http://a/", "http://b/"]
    assert registry_mirrors.told(["dockerd", *registry_mirrors.options(mirrors), "--mtu", "1400"]) == mirrors
    assert registry_mirrors.difference([], ["http://a/"]) == "registry mirrors none → http://a/"
