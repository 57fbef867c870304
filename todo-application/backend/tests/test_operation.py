"""Life in a cluster: start-up, migrations, the database going away, settings."""

import subprocess
import sys
import threading

import psycopg
import pytest
import structlog
from todo_testing.people import PASSWORD, Person
from todo_testing.service import JWT_KEY, PROCESS, TODO_BACKEND, eventually


def test_serves_before_its_database_does(own_postgres, start):
    database = own_postgres.create_database("late")
    own_postgres.stop()
    service = start(TODO_BACKEND, own_postgres.environment(database))
    eventually(lambda: service.answers("/health"))
    response = eventually(lambda: service.answers("/ready", 503))
    assert "waiting for the database" in response.json()["reason"]
    assert response.headers["retry-after"] == "1"
    response = service.client.post("/api/auth/login", json={"email": "a@b.cd", "password": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "starting")
    assert response.headers["retry-after"] == "1"
    own_postgres.start()
    service.wait_ready()


def test_database_away_and_back(own_postgres, start):
    service = start(TODO_BACKEND, own_postgres.environment(own_postgres.create_database("away"))).wait_ready()
    person = Person(service.url)
    person.add("kept")
    own_postgres.stop("immediate")
    response = eventually(lambda: service.answers("/ready", 503))
    assert "database" in response.json()["reason"]
    assert response.headers["retry-after"] == "1"
    assert service.answers("/health")
    response = person.todo.get("/api/tasks")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_unavailable")
    assert response.headers["retry-after"] == "1"
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


def test_migrations_twice_and_at_once(own_postgres):
    settings = own_postgres.environment(own_postgres.create_database("migrated")) | {"JWT_SECRET_KEY": JWT_KEY}
    environment = PROCESS | settings
    command = [sys.executable, "-m", "app", "prestart"]
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


def test_tasks_of_the_version_before_are_taken_over(postgres, start):
    from app.settings import MIGRATIONS, Settings
    from backend_common.db import make_engine

    environment = postgres.environment(postgres.create_database("before"))
    settings = Settings(jwt_secret_key=JWT_KEY, **{name.lower(): value for name, value in environment.items()})
    engine = make_engine(settings, "test")
    MIGRATIONS.upgrade(engine, "0001")
    engine.dispose()
    user = "INSERT INTO todo.users (email, name, password_hash, created_at) VALUES ('{}', '', '', now()) RETURNING id"
    task = (
        "INSERT INTO todo.tasks (user_id, id, title, description, completed, created_at, updated_at) "
        "VALUES ({}, 7, 'old', '', false, now(), now())"
    )
    with psycopg.connect(postgres.dsn("before"), autocommit=True) as connection:
        person = connection.execute(user.format("a@example.org")).fetchone()[0]
        connection.execute(task.format(person))
        start(TODO_BACKEND, environment).wait_ready()
        # During a rolling update the version before still adds tasks.
        connection.execute(task.format(connection.execute(user.format("b@example.org")).fetchone()[0]))
        assert connection.execute("SELECT title, version FROM todo.tasks").fetchall() == [("old", 1)] * 2


def test_models_match_the_migrations(postgres, database, todo):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from app.models import SQLModel

    dsn = f"postgresql+psycopg://todo:{todo.environment['POSTGRES_PASSWORD']}@127.0.0.1:{postgres.port}/{database}"
    # The user todo's own schema would count as the default one, which has no name.
    with create_engine(dsn, connect_args={"options": "-c search_path=public"}).connect() as connection:
        options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == "todo"}
        context = MigrationContext.configure(connection, opts=options | {"version_table_schema": "todo"})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_what_waiting_does_not_cure_ends_the_process(monkeypatch):
    from backend_common import prestart
    from backend_common.lifecycle import Lifecycle

    def surprise(_):
        raise RuntimeError("no such thing\nand more")

    ended = []
    lifecycle = Lifecycle(on_failure=lambda: ended.append(True))
    monkeypatch.setattr(prestart, "ping", surprise)
    with structlog.testing.capture_logs() as lines:
        prestart.prepare(None, None, lifecycle, threading.Event())
    assert (lifecycle.failed, lifecycle.reason, ended) == (True, "start failed: no such thing", [True])
    assert [(line["log_level"], line["event"]) for line in lines] == [("critical", lifecycle.reason)]


def test_migration_failure_ends_the_process(own_postgres, start):
    database = own_postgres.create_database("foreign")
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        connection.execute("CREATE SCHEMA todo CREATE TABLE users (id int)")
    service = start(TODO_BACKEND, own_postgres.environment(database))
    assert service.process.wait(30) == 1
    assert any(entry["severity"] == "critical" and "migration failed" in entry["message"] for entry in service.logs())


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
        ("HOST", "everywhere!", 'HOST is \\"everywhere!\\", needs a host name or an IP address'),
        ("DATABASE_HOST", "postgresql:5432", 'DATABASE_HOST is \\"postgresql:5432\\", needs a host name'),
        ("DATABASE_HOST", "http://postgresql", 'DATABASE_HOST is \\"http://postgresql\\", needs a host name'),
        ("DATABASE_HOST", "-bad.example", 'DATABASE_HOST is \\"-bad.example\\", needs a host name'),
        ("DATABASE_HOST", "two words", 'DATABASE_HOST is \\"two words\\", needs a host name'),
        ("DATABASE_NAME", "x" * 64, 'DATABASE_NAME is \\"xxx'),
        ("DATABASE_NAME", "todo host=evil", 'DATABASE_NAME is \\"todo host=evil\\", needs a name of 1 to 63'),
        ("DATABASE_USER", "o'brien", "DATABASE_USER is"),
        ("CORS_ORIGINS", "*", 'CORS_ORIGINS has \\"*\\", needs origins such as https://app.example.com'),
        ("CORS_ORIGINS", "https://a.example/", 'CORS_ORIGINS has \\"https://a.example/\\"'),
        ("CORS_ORIGINS", "https://a.example,,http://b", 'CORS_ORIGINS has \\"\\"'),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "TRUSTED_PROXIES has 10.0.0.1/8 has host bits set; needs networks"),
        ("TRUSTED_PROXIES", "everyone", "TRUSTED_PROXIES has 'everyone' does not appear to be"),
        ("SIGN_IN_FAILURES_PER_ACCOUNT", "0", "SIGN_IN_FAILURES_PER_ACCOUNT"),
    ],
)
def test_bad_settings_are_refused_in_words(variable, value, says):
    environment = {"JWT_SECRET_KEY": JWT_KEY, "POSTGRES_PASSWORD": "good-enough-1", variable: value}
    environment = {key: text for key, text in environment.items() if text is not None}
    command = [sys.executable, "-m", "app"]
    run = subprocess.run(command, cwd=TODO_BACKEND, env=PROCESS | environment, capture_output=True, text=True)
    assert run.returncode == 78
    assert f'"message": "{says}' in run.stdout
    assert (run.stderr, len(run.stdout.splitlines())) == ("", 1)
    if variable in ("JWT_SECRET_KEY", "POSTGRES_PASSWORD") and value and len(value) > 6:
        assert value not in run.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_HOST", "postgresql.todo.svc.cluster.local"),
        ("DATABASE_HOST", "2001:db8::1"),
        ("DATABASE_NAME", "todo-2.x"),
        ("CORS_ORIGINS", " https://app.example.com , http://localhost:5173, http://[::1]:5173"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1, fc00::/7"),
    ],
)
def test_good_settings_are_taken(monkeypatch, variable, value):
    from app.settings import Settings

    monkeypatch.setenv(variable, value)
    settings = Settings(jwt_secret_key=JWT_KEY, postgres_password="good-enough-1", _env_file=None)
    taken = getattr(settings, variable.lower())
    assert value.replace(" ", "") == taken or len(taken) == 3
