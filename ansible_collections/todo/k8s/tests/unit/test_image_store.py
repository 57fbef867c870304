"""The engine's image store, against a small server that answers as an engine does."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import image_store

DIGEST = f"sha256:{'1' * 64}"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    """`server.script(path, query)` gives status and pieces of the answer; a number is a pause in seconds."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.server.asked.append((address.path, query))
        version = {"ApiVersion": "1.41"}
        status, *pieces = [200, version] if address.path == "/version" else self.server.script(address.path, query)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            if isinstance(piece, (int, float)):
                time.sleep(piece)
                continue
            line = json.dumps(piece).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with Server(str(tmp_path / "s"), Handler) as server:
        server.asked = []
        server.store = image_store.ImageStore(f"unix://{tmp_path}/s")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_pull_asks_for_the_digest_and_nothing_else(engine):
    engine.script = lambda _path, _query: (200, {"status": "Pulling"}, {"status": "Download complete"})
    engine.store.pull(f"python@{DIGEST}")
    assert engine.asked[-1] == ("/images/create", {"fromImage": "python", "tag": DIGEST})
    engine.store.pull("localhost:5000/python:3.11")
    assert engine.asked[-1] == ("/images/create", {"fromImage": "localhost:5000/python", "tag": "3.11"})


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ((200, {"status": "Pulling"}, {"error": "unknown blob"}), "could not be pulled: unknown blob"),
        ((404, {"message": "manifest unknown"}), "could not be pulled: manifest unknown"),
        ((200, {"status": "Pulling"}, 5), "could not be pulled: no answer in time"),
    ],
)
def test_a_pull_that_fails_says_why(engine, monkeypatch, script, said):
    monkeypatch.setattr(image_store, "PULL_SILENCE", 0.3)
    engine.script = lambda _path, _query: script
    with pytest.raises(image_store.StoreError, match=said):
        engine.store.pull("python:3.11")


def test_a_registry_s_answer(engine):
    engine.script = lambda path, _query: (200, {"Descriptor": {"digest": DIGEST}, "Platforms": [path]})
    assert engine.store.ask("python:3.11", 5) == image_store.Answer(digest=DIGEST)
    assert engine.asked[-1][0].endswith("/distribution/python:3.11/json")
    engine.script = lambda _path, _query: (404, {"message": "manifest unknown"})
    assert engine.store.ask("python:3.11", 5) == image_store.Answer(problem="manifest unknown")


def test_mirrors_that_were_asked_too_are_named(engine):
    info = {"RegistryConfig": {"Mirrors": ["http://mirror.example/"]}}
    engine.script = lambda path, _query: (200, info) if path == "/info" else (500, {"message": "unreachable"})
    note = " (its mirrors were asked, too, see its log: http://mirror.example/)"
    assert engine.store.ask("python:3.11", 5) == image_store.Answer(problem=f"unreachable{note}")
    assert engine.store.ask("localhost:5000/python:3.11", 5) == image_store.Answer(problem="unreachable")
    with pytest.raises(image_store.StoreError) as caught:
        engine.store.pull(f"python@{DIGEST}")
    assert str(caught.value).endswith(f"unreachable{note}")


def test_a_registry_that_does_not_answer_is_given_up_in_time(engine):
    info = {"RegistryConfig": {"Mirrors": []}}
    engine.script = lambda path, _query: (200, info) if path == "/info" or time.sleep(3) else (200,)
    begun = time.monotonic()
    assert engine.store.ask("python:3.11", 0.5) == image_store.Answer(problem="no answer in time")
    assert time.monotonic() - begun < 1


def test_no_engine(tmp_path):
    with pytest.raises(image_store.NoEngine, match="Needed: a running engine"):
        image_store.ImageStore(f"unix://{tmp_path}/none").ask("python:3.11", 1)
