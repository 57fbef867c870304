"""Life in a cluster: start-up, migrations, the database going away, SIGTERM, logs, settings."""

import os
import signal
import subprocess
import sys
import threading
import time

import httpx2
import psycopg
import pytest
from todo_testing.people import PASSWORD, Person
from todo_testing.service import JWT_KEY, TODO_BACKEND, Service, eventually


def test_serves_before_its_database_does(own_postgres, start):
    database = own_postgres.create_database("late")
    own_postgres.stop()
    service = start(TODO_BACKEND, own_postgres.environment(database))
    eventually(lambda: service.answers("/health"))
    response = eventually(lambda: service.answers("/ready", 503))
    assert "waiting for the database" in response.json()["reason"]
    response = service.client.post("/api/auth/login", json={"email": "a@b.cd", "password": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "starting")
    own_postgres.start()
    service.wait_ready()


def test_database_away_and_back(own_postgres, start):
    service = start(TODO_BACKEND, own_postgres.environment(own_postgres.create_database("away"))).wait_ready()
    person = Person(service.url)
    person.add("kept")
    own_postgres.stop("immediate")
    response = eventually(lambda: service.answers("/ready", 503))
    assert "database" in response.json()["reason"]
    assert service.answers("/health")
    response = person.todo.get("/api/tasks")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_unavailable")
    assert PASSWORD not in response.text
    own_postgres.start()
    service.wait_ready()
    # Not one request may suffer from the connections that died with the old server.
    assert [[task["title"] for task in person.tasks()] for _ in range(20)] == [["kept"]] * 20


def test_restart_of_the_database_between_requests_costs_none(own_postgres, start):
    service = start(TODO_BACKEND, own_postgres.environment(own_postgres.create_database("restart"))).wait_ready()
    person = Person(service.url)
    own_postgres.stop()
    own_postgres.start()
    assert person.add("after")["id"] == 1


def test_unexpected_errors_are_enveloped_and_logged(own_postgres, start):
    database = own_postgres.create_database("broken")
    service = start(TODO_BACKEND, own_postgres.environment(database)).wait_ready()
    person = Person(service.url)
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        connection.execute("DROP TABLE todo.tasks")
    response = person.todo.get("/api/tasks", headers={"X-Request-ID": "boom"})
    assert response.status_code == 500
    assert response.json()["error"] == {
        "code": "internal_error",
        "message": "Something went wrong on our side.",
        "request_id": "boom",
    }
    line = eventually(lambda: next((entry for entry in service.logs() if "exception" in entry), None))
    assert (line["severity"], line["request_id"]) == ("ERROR", "boom")
    assert "todo.tasks" in line["exception"]


def test_migrations_twice_and_at_once(own_postgres):
    environment = own_postgres.environment(own_postgres.create_database("migrated")) | {
        "PATH": os.environ["PATH"],
        "JWT_SECRET_KEY": JWT_KEY,
    }
    command = [sys.executable, "-m", "app.prestart"]
    runs = [subprocess.Popen(command, cwd=TODO_BACKEND, env=environment, stdout=subprocess.PIPE) for _ in range(4)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, outputs
    again = subprocess.run(command, cwd=TODO_BACKEND, env=environment, capture_output=True, timeout=60)
    assert again.returncode == 0
    with psycopg.connect(own_postgres.dsn("migrated")) as connection:
        assert connection.execute("SELECT version_num FROM todo.alembic_version").fetchall() == [("0002",)]
        # Nothing outside the service's own schema.
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables == []


def test_models_match_the_migrations(postgres, database, todo):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from app.models import SQLModel
    from sqlalchemy import create_engine

    dsn = f"postgresql+psycopg://todo:{todo.environment['POSTGRES_PASSWORD']}@127.0.0.1:{postgres.port}/{database}"
    # The user todo's own schema would count as the default one, which has no name.
    with create_engine(dsn, connect_args={"options": "-c search_path=public"}).connect() as connection:
        options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == "todo"}
        context = MigrationContext.configure(connection, opts=options | {"version_table_schema": "todo"})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migration_failure_ends_the_process(own_postgres, start):
    database = own_postgres.create_database("foreign")
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        connection.execute("CREATE SCHEMA todo CREATE TABLE users (id int)")
    service = start(TODO_BACKEND, own_postgres.environment(database))
    assert service.process.wait(30) == 1
    assert any(entry["severity"] == "CRITICAL" and "migration failed" in entry["message"] for entry in service.logs())


def test_sigterm_finishes_what_is_under_way(own_postgres, start):
    database = own_postgres.create_database("slow")
    service = start(TODO_BACKEND, own_postgres.environment(database)).wait_ready()
    person = Person(service.url)
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        # The lock holds the request up for as long as the test wants.
        connection.execute("LOCK TABLE todo.tasks IN ACCESS EXCLUSIVE MODE")
        answers: list[httpx2.Response] = []
        request = threading.Thread(target=lambda: answers.append(person.todo.post("/api/tasks", json={"title": "x"})))
        request.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        eventually(lambda: connection.execute(waiting).fetchone()[0])
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert service.process.poll() is None
        connection.commit()
    request.join(20)
    assert answers[0].status_code == 201
    assert service.process.wait(10) == 0


def test_draining_reports_unready_and_closes_connections(postgres, database, start):
    service = start(TODO_BACKEND, postgres.environment(database) | {"SHUTDOWN_DRAIN_SECONDS": "2"}).wait_ready()
    assert "connection" not in service.client.get("/health").headers
    service.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    response = eventually(lambda: service.answers("/ready", 503))
    assert response.json()["reason"] == "shutting down"
    response = service.client.get("/health")
    assert (response.status_code, response.headers["connection"]) == (200, "close")
    assert service.process.wait(10) == 0
    assert 1.9 < time.monotonic() - began < 5


def test_sigterm_while_waiting_for_the_database(own_postgres, start):
    environment = own_postgres.environment("never")
    own_postgres.stop()
    service = start(TODO_BACKEND, environment)
    eventually(lambda: service.answers("/health"))
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 0


def test_logs_are_json_with_ids_and_without_secrets(postgres, database, start):
    service: Service = start(TODO_BACKEND, postgres.environment(database)).wait_ready()
    person = Person(service.url)
    person.todo.get("/api/tasks", params={"q": "private words"}, headers={"X-Request-ID": "trace-me"})
    service.client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD + "!"})
    line = eventually(lambda: next((e for e in service.logs() if e.get("request_id") == "trace-me"), None))
    assert all({"time", "severity", "message", "logger"} <= set(entry) for entry in service.logs())
    assert (line["method"], line["path"], line["status"], line["severity"]) == ("GET", "/api/tasks", 200, "INFO")
    assert line["duration_ms"] > 0
    text = service.text()
    for secret in (PASSWORD, person.token, JWT_KEY, service.environment["POSTGRES_PASSWORD"], "private words"):
        assert secret not in text


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("JWT_SECRET_KEY", None, "JWT_SECRET_KEY is not set"),
        ("JWT_SECRET_KEY", "", "JWT_SECRET_KEY is not set"),
        ("JWT_SECRET_KEY", "short", "JWT_SECRET_KEY has 5 characters, needs at least 32"),
        ("JWT_SECRET_KEY", "secretsecretsecretsecretsecretsecret", "JWT_SECRET_KEY is a well-known placeholder"),
        ("JWT_SECRET_KEY", "changeme-please-changeme-please-0000", "JWT_SECRET_KEY is a well-known placeholder"),
        ("POSTGRES_PASSWORD", None, "POSTGRES_PASSWORD is not set"),
        ("POSTGRES_PASSWORD", "password", "POSTGRES_PASSWORD is a well-known placeholder"),
        ("POSTGRES_PASSWORD", "aaaaaaaaaaaa", "POSTGRES_PASSWORD is a well-known placeholder"),
        ("PORT", "99999", "PORT"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL"),
    ],
)
def test_bad_settings_are_refused_in_words(variable, value, says):
    environment = {"JWT_SECRET_KEY": JWT_KEY, "POSTGRES_PASSWORD": "good-enough-1", variable: value}
    environment = {key: text for key, text in environment.items() if text is not None}
    command = [sys.executable, "-m", "app"]
    run = subprocess.run(
        command, cwd=TODO_BACKEND, env=environment | {"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert run.returncode == 78
    assert f'"message": "{says}' in run.stdout
    assert run.stderr == ""
    if value and len(value) > 6:
        assert value not in run.stdout.replace("99999", "")
