"""Pods are replaced under people who work: no request of theirs fails, and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path

from conftest import Installation, people

#: The goal is 10000 (requirements.md, B6); the short form is for every run.
REQUESTS = int(os.environ.get("REQUESTS", "2000"))
PEOPLE = 4
SERVICES = ("todo-backend", "chatbot-backend", "todo-frontend", "chatbot-frontend")
#: How long the application may be without its database: the server's end, a new pod, its start.
DATABASE_SECONDS = 90


def test_no_request_fails_while_each_service_rolls(installation: Installation, tmp_path: Path) -> None:
    """Round after round, until enough requests were made while some service rolled."""
    made = 0
    while made < REQUESTS:
        with people(installation, tmp_path, PEOPLE) as seen:
            for service in SERVICES:
                installation.roll(service)
        assert seen["failed"] == 0, seen
        assert seen["requests"] > 0, seen
        made += seen["requests"]
    print(f"{made} requests, 0 failed")


def ask(url: str, token: str = "", content: dict | None = None) -> tuple[int, bytes]:
    """Status and body."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = json.dumps(content).encode() if content else None
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  an installation's address
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_an_acknowledged_task_survives_the_restart_of_the_database(installation: Installation) -> None:
    """Meanwhile the answer is 503 and nothing else; afterwards everything that was answered with 201 is there."""
    account = {"email": f"verify-db-{secrets.token_hex(6)}@example.com", "password": f"Aa1-{secrets.token_urlsafe(16)}"}
    status, body = ask(f"{installation.todo}/api/auth/register", content=account)
    assert status == 201, body
    token = json.loads(body)["access_token"]
    written, refused = [], []
    installation.kubectl("rollout", "restart", "deployment/postgresql")
    deadline = time.monotonic() + DATABASE_SECONDS
    last_refusal = time.monotonic()
    # Until it has been away, and has answered again for five seconds.
    while not refused or time.monotonic() - last_refusal < 5:
        assert time.monotonic() < deadline, f"{len(refused)} refusals, the last ones {refused[-3:]}"
        title = f"kept {len(written)} {secrets.token_hex(4)}"
        status, body = ask(f"{installation.todo}/api/tasks", token, {"title": title})
        if status == 201:
            written.append(title)
        else:
            refused.append((status, body[:200]))
            last_refusal = time.monotonic()
        time.sleep(0.05)
    assert {status for status, _body in refused} == {503}
    found = []
    while len(page := json.loads(ask(f"{installation.todo}/api/tasks?limit=100&offset={len(found)}", token)[1])):
        found += [task["title"] for task in page]
    assert set(written) <= set(found), sorted(set(written) - set(found))
