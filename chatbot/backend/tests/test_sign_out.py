"""Who signs out at the todo-backend is signed out here, too."""

import psycopg
import pytest
from todo_testing.people import Person
from todo_testing.service import CHATBOT_BACKEND, TODO_BACKEND

REQUESTS = [
    ("GET", "/api/conversations", None),
    ("POST", "/api/chat", {"message": "list tasks"}),
    ("POST", "/chatkit", {"type": "threads.list", "params": {}}),
    ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_signed_out_token_is_401(ada, chatbot, todo, method, path, body):
    headers = {"Accept": "application/json, text/event-stream"}
    with ada.client(chatbot.url) as client:
        assert client.request(method, path, json=body, headers=headers).status_code == 200
        assert ada.todo.post("/api/auth/logout").status_code == 204
        response = client.request(method, path, json=body, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "signed_out")


def test_before_the_todo_backend_has_migrated_nobody_is_signed_out(own_postgres, start):
    database = own_postgres.create_database("first")
    environment = own_postgres.environment(database)
    todo = start(TODO_BACKEND, environment).wait_ready()
    person = Person(todo.url)
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        connection.execute("DROP TABLE todo.revoked_tokens")
    chatbot = start(CHATBOT_BACKEND, environment | {"TODO_API_URL": todo.url}).wait_ready()
    assert person.client(chatbot.url).get("/api/conversations").json() == []


def test_what_can_not_be_checked_is_not_let_in(own_postgres, start):
    environment = own_postgres.environment(own_postgres.create_database("gone"))
    todo = start(TODO_BACKEND, environment).wait_ready()
    chatbot = start(CHATBOT_BACKEND, environment | {"TODO_API_URL": todo.url}).wait_ready()
    client = Person(todo.url).client(chatbot.url)
    own_postgres.stop("immediate")
    for method, path, body in REQUESTS:
        response = client.request(method, path, json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "database_unavailable")
        assert response.headers["retry-after"] == "1"
