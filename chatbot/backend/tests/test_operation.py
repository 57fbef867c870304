"""Life in a cluster, as far as this service differs from the todo-backend, whose suite covers the shared parts."""

import signal
import subprocess
import sys

import psycopg
import pytest
from conftest import talk
from test_chatkit import create
from todo_testing.people import Person
from todo_testing.service import CHATBOT_BACKEND, JWT_KEY, PROCESS, TODO_BACKEND, eventually


def test_starts_in_any_order_and_survives_its_database(own_postgres, start):
    database = own_postgres.create_database("order")
    own_postgres.stop()
    environment = own_postgres.environment(database)
    todo = start(TODO_BACKEND, environment)
    chatbot = start(CHATBOT_BACKEND, environment | {"TODO_API_URL": todo.url})
    eventually(lambda: chatbot.answers("/health"))
    assert "waiting for the database" in eventually(lambda: chatbot.answers("/ready", 503)).json()["reason"]
    own_postgres.start()
    chatbot.wait_ready()
    todo.wait_ready()
    person = Person(todo.url)
    client = person.client(chatbot.url)
    say = talk(client)
    kept = say("add kept")["conversation_id"]

    own_postgres.stop("immediate")
    eventually(lambda: chatbot.answers("/ready", 503))
    response = client.post("/api/chat", json={"message": "hi"})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_unavailable")
    own_postgres.start()
    chatbot.wait_ready()
    todo.wait_ready()
    assert say("list tasks")["response"] == "You have 1 task:\n1. Kept"
    assert len(client.get(f"/api/conversations/{kept}").json()["messages"]) == 4

    chatbot.process.send_signal(signal.SIGTERM)
    assert chatbot.process.wait(15) == 0
    again = start(CHATBOT_BACKEND, environment | {"TODO_API_URL": todo.url}).wait_ready()
    assert len(person.client(again.url).get(f"/api/conversations/{kept}").json()["messages"]) == 4


def test_ready_tells_about_everything_it_needs(chatbot):
    assert chatbot.client.get("/ready").json() == {
        "status": "ready",
        "checks": {"database": "ok", "todo_api": "ok"},
        "assistant": "built-in",
    }


def test_both_services_migrate_one_database_without_touching_each_other(postgres, database, chatbot, todo):
    with psycopg.connect(postgres.dsn(database)) as connection:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1, 2"
        ).fetchall()
    assert rows == [
        ("chatbot", "alembic_version"),
        ("chatbot", "conversations"),
        ("chatbot", "message_allowances"),
        ("chatbot", "messages"),
        ("chatbot", "requests"),
        ("chatbot", "turns"),
        ("todo", "alembic_version"),
        ("todo", "idempotency_keys"),
        ("todo", "revoked_tokens"),
        ("todo", "sign_in_failures"),
        ("todo", "task_counters"),
        ("todo", "tasks"),
        ("todo", "users"),
    ]


def test_models_match_the_migrations(postgres, database, chatbot):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from app.models import SQLModel

    dsn = f"postgresql+psycopg://todo:{chatbot.environment['POSTGRES_PASSWORD']}@127.0.0.1:{postgres.port}/{database}"
    with create_engine(dsn, connect_args={"options": "-c search_path=public"}).connect() as connection:
        options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == "chatbot"}
        context = MigrationContext.configure(connection, opts=options | {"version_table_schema": "chatbot"})
        differences = compare_metadata(context, SQLModel.metadata)
    # Indexes serve reading only and are made by the migrations alone.
    assert [difference for difference in differences if difference[0] != "remove_index"] == []


def test_errors_are_envelopes(chatbot):
    for method, path, status in (("GET", "/nowhere", 404), ("GET", "/api/chat", 405), ("POST", "/api/chat", 401)):
        response = chatbot.client.request(method, path, headers={"X-Request-ID": "abc"})
        assert response.status_code == status
        assert response.json()["error"]["request_id"] == "abc"


def test_logs_hold_no_words_and_no_secrets(chatbot, ada, client, say):
    say("add something very private")
    say("complete something very private")
    create(client, "list private things")
    entries = chatbot.logs()
    assert any(entry.get("path") == "/api/chat" and entry["status"] == 200 for entry in entries)
    for secret in ("private", ada.token, JWT_KEY, chatbot.environment["POSTGRES_PASSWORD"]):
        assert secret not in chatbot.text()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("JWT_SECRET_KEY", "short", "JWT_SECRET_KEY has 5 characters"),
        ("TODO_API_URL", "todo-backend:8000", "TODO_API_URL is"),
        ("CHAT_HISTORY_MESSAGES", "-1", "CHAT_HISTORY_MESSAGES"),
    ],
)
def test_bad_settings_are_refused_in_words(variable, value, says):
    environment = {"JWT_SECRET_KEY": JWT_KEY, "POSTGRES_PASSWORD": "good-enough-1", variable: value}
    run = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=CHATBOT_BACKEND,
        env=PROCESS | environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 78
    assert f'"message": "{says}' in run.stdout
