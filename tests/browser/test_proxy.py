"""The page's own server between a browser and a backend: the standalone build with a stand-in for the backend."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from stack import Process


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that came, or with a redirect to another host."""

    def do_GET(self) -> None:
        elsewhere = self.path == "/api/tasks/elsewhere"
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(302 if elsewhere else 200)
        if elsewhere:
            self.send_header("Location", "http://elsewhere.invalid/")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests have logs enough."""


@pytest.fixture(scope="module")
def front(stack) -> Iterator[Process]:
    """A Todo page whose backend is the stand-in."""
    backend = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    yield stack.extra("todo-frontend", {"TODO_API_URL": f"http://127.0.0.1:{backend.server_port}"})
    backend.shutdown()
    backend.server_close()


def test_backend_hears_who_really_asked(page, front):
    claims = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7", "X-Real-IP": "203.0.113.7"}
    seen = page.request.get(f"{front.url}/api/tasks", headers=claims).json()
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert "203.0.113.7" not in seen.values()
    assert seen["x-forwarded-host"] == f"127.0.0.1:{front.port}"


def test_redirect_to_another_host_is_neither_followed_nor_passed_on(page, front):
    answer = page.request.get(f"{front.url}/api/tasks/elsewhere", max_redirects=0)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "bad_gateway")
    assert "location" not in answer.headers


def test_page_view_is_logged_with_its_request_id(page, front):
    page.request.get(f"{front.url}/?q=secret-word", headers={"X-Request-ID": "view-1"})
    deadline = time.monotonic() + 5
    while "view-1" not in (text := front.log.read_text()):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    lines = [json.loads(line) for line in text.splitlines()]
    seen = next(line for line in lines if line.get("request_id") == "view-1")
    assert (seen["method"], seen["path"], seen["status"], seen["severity"]) == ("GET", "/", 200, "info")
    assert "secret-word" not in text


def test_settings_that_cannot_be_used_are_refused_with_one_line(stack):
    with pytest.raises(RuntimeError, match='TODO_API_URL is \\\\"nonsense\\\\": needed is an address such as'):
        stack.extra("todo-frontend", {"TODO_API_URL": "nonsense"})
