"""Works with the application without a pause, until a file appears, and tells what was refused or failed.

A 401 is an answer: the token was replaced, and the client signs in again as a person would. Everything else that is not
a success is a failure. Every request uses a connection of its own, or with --keep-alive one for each page for as long
as the server keeps it. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import threading
import time
from pathlib import Path
from urllib.parse import urlparse

#: So that the client leaves the processor to what it watches.
PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 10


class Client:
    """One person at both pages."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.pages = {"todo": urlparse(options.todo).netloc, "chatbot": urlparse(options.chatbot).netloc}
        self.account = {"email": f"verify-steady-{secrets.token_hex(6)}@example.com", "password": options.password}
        self.requests, self.sign_ins, self.failed = 0, 0, []
        self.token, self.conversation = "", None
        self.kept = {}
        self.keep_alive = options.keep_alive

    def connection(self, page: str) -> http.client.HTTPConnection:
        """A new connection, or the page's own, which opens itself anew when the server has said that it closes."""
        if not self.keep_alive:
            return http.client.HTTPConnection(self.pages[page], timeout=TIMEOUT_SECONDS)
        return self.kept.setdefault(page, http.client.HTTPConnection(self.pages[page], timeout=TIMEOUT_SECONDS))

    def send(self, page: str, method: str, path: str, content: dict | None = None) -> tuple[int, bytes]:
        """Status and body, 0 for no answer."""
        connection = self.connection(page)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        if not self.keep_alive:
            headers["Connection"] = "close"
        self.requests += 1
        try:
            connection.request(method, path, json.dumps(content) if content else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return 0, repr(error).encode()
        finally:
            if not self.keep_alive:
                connection.close()

    def expect(self, allowed: tuple[int, ...], page: str, method: str, path: str, content: dict | None = None) -> bytes:
        """The body of an answer; another status than those allowed, or 401, is noted as failed."""
        status, body = self.send(page, method, path, content)
        if status == 401 and not path.startswith("/api/auth"):
            self.sign_in()
        elif status not in allowed:
            self.failed.append(f"{method} {page}{path}: {status} {body[:200].decode(errors='replace')}")
        return body

    def sign_in(self) -> None:
        """Get a token."""
        self.sign_ins += 1
        body = self.expect((200,), "todo", "POST", "/api/auth/login", self.account)
        self.token = json.loads(body).get("access_token", "") if body.startswith(b"{") else ""

    def talk(self) -> None:
        """Ask the assistant, in one conversation."""
        question = {"message": "List my tasks", **({"conversation_id": self.conversation} if self.conversation else {})}
        body = self.expect((200,), "chatbot", "POST", "/api/chat", question)
        self.conversation = json.loads(body).get("conversation_id") if body.startswith(b"{") else None

    def work(self, stop: Path, deadline: float) -> None:
        """Sign up once, then write, read and delete tasks, talk to the assistant and open the pages."""
        self.expect((201, 409), "todo", "POST", "/api/auth/register", self.account)
        self.sign_in()
        while not stop.exists() and time.monotonic() < deadline:
            body = self.expect((201,), "todo", "POST", "/api/tasks", {"title": "Steady"})
            task = json.loads(body).get("id") if body.startswith(b"{") else None
            self.expect((200,), "todo", "GET", "/api/tasks?limit=5")
            self.expect((200,), "chatbot", "GET", "/api/conversations")
            self.talk()
            self.expect((200,), "todo", "GET", "/")
            self.expect((200,), "chatbot", "GET", "/")
            if task:
                self.expect((204, 404), "todo", "DELETE", f"/api/tasks/{task}")
            time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run the clients side by side and print what they saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--todo", required=True)
    parser.add_argument("--chatbot", required=True)
    parser.add_argument("--password", required=True, help="of accounts that the tests alone have")
    parser.add_argument("--stop", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--keep-alive", action="store_true")
    parser.add_argument("--seconds", type=float, default=300, help="at most")
    options = parser.parse_args()
    clients = [Client(options) for _number in range(options.clients)]
    deadline = time.monotonic() + options.seconds
    threads = [threading.Thread(target=client.work, args=(options.stop, deadline)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [text for client in clients for text in client.failed]
    counts = {"requests": sum(c.requests for c in clients), "sign_ins": sum(c.sign_ins for c in clients)}
    print(json.dumps({**counts, "failed": len(failed), "failures": failed[:20]}))


if __name__ == "__main__":
    main()
