"""A small OpenAI-compatible server for tests: real HTTP and event streams, replies by script."""

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ids = itertools.count(1)


def text(*pieces: str) -> list[dict[str, Any]]:
    """A reply that speaks."""
    return [{"content": piece} for piece in pieces]


def calls(*wanted: tuple[str, Any], split: bool = True) -> list[dict[str, Any]]:
    """A reply that calls tools; the arguments come in pieces, as models send them. Text goes out as it is."""
    deltas = []
    for index, (name, arguments) in enumerate(wanted):
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        first = {
            "index": index,
            "id": f"call_{next(_ids)}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        deltas.append({"tool_calls": [first]})
        middle = len(raw) // 2 if split else len(raw)
        for piece in (raw[:middle], raw[middle:]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    return deltas


class ModelServer:
    """Answers each request with the next entry of `script`: a list of deltas, a status, or one of the words
    "hang" (no answer), "cut" (an error in mid-stream), "stall" (nothing more comes), "vanish" (the stream just ends),
    "rubbish". Keeps what it was asked in `requests`."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.authorization: list[str | None] = []
        self.stalled = threading.Event()
        """Set once a "stall" has begun; `released` ends it."""
        self.released = threading.Event()
        self.asked_at = self.first_token_at = 0.0
        """When the last request came, and when its first token went out (monotonic)."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_: object) -> None:
                pass

            def _chunk(self, model: str, delta: dict[str, Any], finish_reason: str | None) -> None:
                chunk = {
                    "id": "chatcmpl-1",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": model,
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
                }
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.asked_at = time.monotonic()
                server.requests.append(body)
                server.authorization.append(self.headers["authorization"])
                step = server.script.pop(0)
                if step == "hang":
                    time.sleep(4)
                    return
                if isinstance(step, int):
                    self.send_response(step)
                    self.send_header("content-type", "application/json")
                    self.end_headers()
                    secret = {"error": {"message": f"upstream says: key {self.headers['authorization']}"}}
                    self.wfile.write(json.dumps(secret).encode())
                    return
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                if step == "rubbish":
                    self.wfile.write(b"data: {broken\n\n")
                    return
                server.first_token_at = time.monotonic()
                deltas = text("I was say") if step in ("cut", "stall", "vanish") else step
                for delta in deltas:
                    self._chunk(body["model"], {"role": "assistant", **delta}, None)
                if step == "cut":
                    self.wfile.write(b'data: {"error": {"message": "overloaded"}}\n\n')
                    return
                if step == "stall":
                    server.stalled.set()
                    server.released.wait(20)
                    return
                if step == "vanish":
                    return
                calling = any("tool_calls" in delta for delta in deltas)
                self._chunk(body["model"], {}, "tool_calls" if calling else "stop")
                self.wfile.write(b"data: [DONE]\n\n")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def plan(self, *steps: Any) -> None:
        """Set the script and forget earlier requests."""
        self.script[:] = steps
        self.stalled.clear()
        self.released.clear()
        self.requests.clear()
        self.authorization.clear()

    def __enter__(self) -> "ModelServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
