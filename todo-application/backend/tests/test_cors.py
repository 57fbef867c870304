"""Pages of other origins: none, unless a setting names them, and never with the cookie."""

import pytest
from todo_testing.service import TODO_BACKEND

FRIEND = "https://app.example.com"
ASK = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, if-match"}


@pytest.fixture(scope="module")
def open_todo(postgres, database):
    from todo_testing.service import Service

    service = Service(
        TODO_BACKEND, postgres.environment(database) | {"CORS_ORIGINS": f"{FRIEND}, http://localhost:5173"}
    )
    try:
        yield service.wait_ready()
    finally:
        service.stop()


def allowed(response) -> str | None:
    return response.headers.get("access-control-allow-origin")


def test_closed_by_default(todo, ada):
    asked = todo.client.options("/api/tasks/1", headers={"Origin": FRIEND} | ASK)
    answered = ada.todo.get("/api/tasks", headers={"Origin": FRIEND})
    assert (asked.status_code, allowed(asked), allowed(answered)) == (405, None, None)


def test_open_to_those_named(open_todo, ada):
    asked = open_todo.client.options("/api/tasks/1", headers={"Origin": FRIEND} | ASK)
    assert (asked.status_code, allowed(asked)) == (200, FRIEND)
    for origin, answer in (
        (FRIEND, FRIEND),
        ("http://localhost:5173", "http://localhost:5173"),
        ("https://evil.example", None),
    ):
        response = open_todo.client.get("/api/tasks", headers=ada.headers | {"Origin": origin})
        assert (response.status_code, allowed(response)) == (200, answer)
    exposed = open_todo.client.get("/api/tasks", headers=ada.headers | {"Origin": FRIEND}).headers
    assert {"ETag", "X-Total-Count", "Retry-After"} <= set(exposed["access-control-expose-headers"].split(", "))
    asked = open_todo.client.options("/api/tasks/1", headers={"Origin": "https://evil.example"} | ASK)
    assert (asked.status_code, allowed(asked)) == (400, None)


def test_the_cookie_is_for_the_own_pages_only(open_todo, ada):
    headers = {"Cookie": f"todo_session={ada.token}", "Origin": FRIEND}
    response = open_todo.client.post("/api/tasks", json={"title": "x"}, headers=headers)
    assert response.status_code == 403
    assert "access-control-allow-credentials" not in response.headers
    response = open_todo.client.post("/api/tasks", json={"title": "x"}, headers=ada.headers | {"Origin": FRIEND})
    assert (response.status_code, allowed(response)) == (201, FRIEND)
