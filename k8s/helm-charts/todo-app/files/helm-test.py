"""What `helm test` asks in the cluster: connection, readiness, and a task's whole life. Ends at the first failure."""

import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request

TIMEOUT = 10.0  # seconds, for a connection and for an answer
ADDRESSES = {
    name.removesuffix("_ADDRESS").lower().replace("_", "-"): address
    for name, address in os.environ.items()
    if name.endswith("_ADDRESS")
}
#: What the network policies let nobody but the backends reach; the todo-backend's readiness speaks for it.
NOT_CALLED = "postgresql"


def step(name, wanted, ask):
    """Do one step; a failure names it, what was expected and what was found."""
    begun = time.monotonic()
    try:
        found, result = ask()
    except OSError as error:
        found, result = str(error), None
    if found != wanted:
        sys.exit(f"FAILED {name}: expected {wanted}, found {found}")
    print(f"ok {name} ({(time.monotonic() - begun) * 1000:.0f} ms)", flush=True)
    return result


def connect(address):
    """Open a connection and close it."""
    host, port = address.rsplit(":", 1)
    socket.create_connection((host, int(port)), TIMEOUT).close()
    return "a connection", None


def call(method, url, body=None, token=""):
    """An HTTP request: its status and what was answered (JSON where it is)."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    try:
        return status, json.loads(text or "null")
    except ValueError:
        return status, text.decode(errors="replace")


def task_journey(origin):
    """An account of its own signs in, makes a task, reads, completes and deletes it, as a browser's page does."""
    account = {"email": f"helm-test-{secrets.token_hex(8)}@example.com", "password": f"Aa1-{secrets.token_urlsafe(24)}"}
    title = f"helm test {secrets.token_hex(4)}"
    step("sign up", 201, lambda: call("POST", f"{origin}/api/auth/register", account))
    token = step("sign in", 200, lambda: call("POST", f"{origin}/api/auth/login", account))["access_token"]
    task = step("create a task", 201, lambda: call("POST", f"{origin}/api/tasks", {"title": title}, token))
    one = f"{origin}/api/tasks/{task['id']}"
    read = step("read it", 200, lambda: call("GET", one, token=token))
    step("it is the same", title, lambda: (read["title"], None))
    done = step("complete it", 200, lambda: call("PATCH", f"{one}/complete", token=token))
    step("it is completed", True, lambda: (done["completed"], None))
    step("delete it", 204, lambda: call("DELETE", one, token=token))
    step("it is gone", 404, lambda: call("GET", one, token=token))


for name, address in ADDRESSES.items():
    if name != NOT_CALLED:
        step(f"connect to {name} at {address}", "a connection", lambda: connect(address))
        step(f"{name} is ready", 200, lambda: call("GET", f"http://{address}/ready"))
task_journey(f"http://{ADDRESSES['todo-frontend']}")
print("all passed")
