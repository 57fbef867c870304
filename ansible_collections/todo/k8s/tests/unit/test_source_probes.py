"""Asking sources: bounded in time, whatever they do."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import source_probes as probes


@contextlib.contextmanager
def a_server(status, headers=()):
    """Serve one status on loopback; gives host:port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("python:3.11-slim-bookworm", "docker.io"),
        ("library/python", "docker.io"),
        ("gcr.io/k8s-minikube/kicbase:v0.0.50", "gcr.io"),
        ("localhost/x", "localhost"),
        ("127.0.0.1:5000/x:1", "127.0.0.1:5000"),
    ],
)
def test_registry_of(image, registry):
    assert probes.registry_of(image) == registry


def test_registry_that_answers():
    for status in (200, 401):
        with a_server(status) as address:
            assert probes.probe_registry(address, 5) == "answers"
    with a_server(403, [("Docker-Distribution-Api-Version", "registry/2.0")]) as address:
        assert probes.probe_registry(address, 5) == "answers"


def test_what_is_no_registry():
    with a_server(404) as address, pytest.raises(probes.Unavailable, match="HTTP status 404, no registry"):
        probes.probe_registry(address, 5)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(probes.Unavailable, match="refused"):
        probes.probe_registry(address, 5)


def test_a_hanging_registry_is_given_up():
    """It accepts and says nothing; twice asking would take twice as long, so the bound holds for both."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        answers = probes.ask_all({"r": lambda: probes.probe_registry(address, 1.0)}, 1.0)
        assert time.monotonic() - begun < 3
    assert not answers["r"]["ok"]
    assert "no answer within 1 s" in answers["r"]["detail"] or "timed out" in answers["r"]["detail"]


def test_a_second_attempt_after_a_quick_failure():
    calls = []

    def flaky():
        calls.append(1)
        if len(calls) == 1:
            raise probes.Unavailable("hiccup")
        return "answers"

    assert probes.ask_all({"f": flaky}, 5) == {"f": {"ok": True, "detail": "answers"}}


def test_all_are_asked_at_the_same_time():
    def slow():
        time.sleep(0.5)
        return "answers"

    begun = time.monotonic()
    answers = probes.ask_all({str(number): slow for number in range(6)}, 5)
    assert all(answer["ok"] for answer in answers.values())
    assert time.monotonic() - begun < 2


def test_nothing_to_ask():
    assert probes.ask_all({}, 5) == {}


def test_a_client_that_fails_says_why(tmp_path):
    script = tmp_path / "client"
    script.write_text("#!/bin/sh\necho first\necho 'no such host' >&2\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(probes.Unavailable, match="^no such host$"):
        probes.probe_go(5, go=str(script))
    with pytest.raises(probes.Unavailable, match="No such file"):
        probes.probe_go(5, go=str(tmp_path / "missing"))


def test_apt_release_files():
    listing = "http://m/debian/ bookworm\nhttp://m/debian/ bookworm-updates\n\nhttp://m/sec/ bookworm-s\n"
    assert probes.apt_release_files(listing) == [
        "http://m/debian/dists/bookworm/InRelease",
        "http://m/sec/dists/bookworm-s/InRelease",
    ]


@pytest.mark.parametrize(("load", "expected"), [(0.1, 6), (2, 6), (4, 12), (50, 24)])
def test_patience_grows_with_the_load(load, expected):
    assert probes.patience(6, load, 2) == expected


def test_a_host_with_loopback_alone_has_no_route():
    head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    ipv4 = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    ipv6 = f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       "
    assert not probes.has_route(f"{head}{ipv6}lo\n")
    assert probes.has_route(f"{head}{ipv4}")
    assert probes.has_route(f"{head}{ipv6}eth0\n")
    assert probes.has_route("unknown")


def test_without_a_route_nothing_is_asked_twice(monkeypatch):
    asked = []

    def silent():
        asked.append(1)
        raise probes.Unavailable("unreachable")

    for routes, times in (("", 1), ("unknown", 2)):
        asked.clear()
        monkeypatch.setattr(probes, "routes", lambda routes=routes: routes)
        assert probes.ask_all({"a": silent}, 5)["a"] == {"ok": False, "detail": "unreachable"}
        assert len(asked) == times
