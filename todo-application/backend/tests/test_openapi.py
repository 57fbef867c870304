"""The description at /docs: complete, and true."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from todo_testing.people import Person
from todo_testing.service import TODO_BACKEND

TESTS = Path(__file__).parent
PHASES = ("examples", "coverage", "fuzzing", "stateful")
SIGNED_IN = {"/api/auth/me", "/api/tasks", "/api/tasks/{task_id}", "/api/tasks/{task_id}/complete"}


@pytest.fixture(scope="module")
def document(todo):
    return todo.client.get("/openapi.json").json()


def operations(document):
    found = [
        (path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()
    ]
    assert len(found) == 13
    return found


def test_every_operation_says_who_may_ask_and_what_can_go_wrong(document):
    assert {name: scheme["type"] for name, scheme in document["components"]["securitySchemes"].items()} == {
        "bearer": "http",
        "cookie": "apiKey",
    }
    for path, method, operation in operations(document):
        answers = operation["responses"]
        where = f"{method} {path}"
        assert operation.get("security") == ([{"bearer": []}, {"cookie": []}] if path in SIGNED_IN else None), where
        assert all("X-Request-ID" in answer["headers"] for answer in answers.values()), where
        assert path == "/health" or "Retry-After" in answers["503"]["headers"], where
        for status in answers if path.startswith("/api") else ():
            if status >= "400":
                content = answers[status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorOut"}, where
                for code, example in content["examples"].items():
                    assert example["value"]["error"]["code"] == code
    assert "Retry-After" in document["paths"]["/api/auth/login"]["post"]["responses"]["429"]["headers"]
    tasks, task = document["paths"]["/api/tasks"], document["paths"]["/api/tasks/{task_id}"]
    assert "X-Total-Count" in tasks["get"]["responses"]["200"]["headers"]
    assert {"Location", "ETag"} <= tasks["post"]["responses"]["201"]["headers"].keys()
    assert "ETag" in task["patch"]["responses"]["412"]["headers"]


def test_every_body_has_an_example_that_is_taken(document, ada):
    ada.add("one")
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for example in document["components"]["schemas"][name]["examples"]:
            response = ada.todo.request(method, path.format(task_id=1), json=example)
            assert response.status_code in (200, 201, 401), f"{method} {path}: {response.text}"
    assert document["components"]["schemas"]["TaskOut"]["examples"][0].keys() == ada.tasks()[0].keys()


def test_swagger_ui_loads_nothing_from_elsewhere(todo):
    page = todo.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert "http" not in policy and "http" not in page.text
    # The policy would stop it.
    assert page.text.count("<script") == page.text.count('<script src="docs/')
    for name, kind in (
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("start.js", "text/javascript"),
    ):
        file = todo.client.get(f"/docs/{name}")
        assert (file.status_code, file.headers["content-type"].partition(";")[0]) == (200, kind)
        assert file.headers["x-content-type-options"] == "nosniff"
        assert f'"docs/{name}"' in page.text
    assert len(todo.client.get("/docs/swagger-ui-bundle.js").content) > 1_000_000
    for name in ("redoc.standalone.js", "..%2fcore.py", "../core.py"):
        assert todo.client.get(f"/docs/{name}").status_code == 404


def schemathesis(url: str, folder: Path, *options: str) -> dict:
    """Try the service at `url` and return the report; whatever isn't as described fails."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(TESTS / "schemathesis.toml"), "run"]
    command += [f"{url}/openapi.json", "--seed", "1", "--max-examples", "15", "--continue-on-failure", *options]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(TESTS), "NO_PROXY": "*"}
    run = subprocess.run(
        [*command, "--report", "json", "--report-json-path", str(report)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr
    return json.loads(report.read_text())


def test_the_service_does_what_it_says(postgres, start, tmp_path):
    # Accounts by the hundred, and more wrong passwords than anybody else may have.
    limits = {"SIGN_IN_FAILURES_PER_ADDRESS": "100000", "SIGN_IN_FAILURES_PER_ACCOUNT": "10000"}
    environment = postgres.environment(postgres.create_database("fuzzed")) | limits | {"LOG_LEVEL": "warning"}
    service = start(TODO_BACKEND, environment).wait_ready()
    token = f"Authorization: Bearer {Person(service.url).token}"
    # Signing out would end the session that the other requests need.
    logout = "/api/auth/logout"
    report = schemathesis(service.url, tmp_path, "--header", token, "--exclude-path", logout)
    assert (report["operations"]["tested"], report["operations"]["errored"]) == (12, 0)
    assert {name: phase["status"] for name, phase in report["phases"].items()} == dict.fromkeys(PHASES, "success")
    assert report["test_cases"]["generated"] > 500
    assert schemathesis(service.url, tmp_path, "--include-path", logout)["operations"]["tested"] == 1
    assert not any("exception" in line for line in service.logs())
