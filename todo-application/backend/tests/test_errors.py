"""The envelope, the request id, the headers."""

import pytest


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/tasks/", 404, "not_found"),
        ("DELETE", "/health", 405, "method_not_allowed"),
        ("GET", "/docs/other.js", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("GET", "/api/tasks", 401, "unauthenticated"),
        ("POST", "/api/auth/login", 422, "invalid_input"),
    ],
)
def test_every_error_is_an_envelope(todo, method, path, status, code):
    response = todo.client.request(method, path, headers={"X-Request-ID": "my-id.1"})
    assert response.status_code == status
    error = response.json()["error"]
    assert set(response.json()) == {"error"}
    assert set(error) == {"code", "message", "request_id"}
    assert (error["code"], error["request_id"]) == (code, "my-id.1")
    assert error["message"]
    assert response.headers["x-request-id"] == "my-id.1"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/api/tasks", "GET, POST"), ("/api/tasks/1", "DELETE, GET, PATCH, PUT"), ("/api/auth/login", "POST")],
)
def test_a_wrong_method_is_told_the_right_ones(todo, path, allowed):
    for method in ("OPTIONS", "TRACE"):
        response = todo.client.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)


def test_broken_json_is_422(ada):
    response = ada.todo.post("/api/tasks", content=b'{"title": ', headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_input"


def test_request_id_is_made_when_missing_or_unfit(todo):
    ids = {todo.client.get("/health", headers=h).headers["x-request-id"] for h in ({}, {}, {"X-Request-ID": "a b"})}
    assert len(ids) == 3
    assert all(len(rid) == 32 for rid in ids)


def test_large_bodies_are_refused(ada):
    response = ada.todo.post("/api/tasks", content=b"x" * (1024 * 1024 + 1))
    assert response.status_code == 413

    def chunks():
        for _ in range(20):
            yield b"x" * 100_000

    response = ada.todo.post("/api/tasks", content=chunks(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(("path", "status"), [("/api/tasks", 200), ("/nowhere", 404), ("/health", 200)])
def test_every_answer_has_security_headers(ada, path, status):
    response = ada.todo.get(path)
    assert response.status_code == status
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "server" not in response.headers
