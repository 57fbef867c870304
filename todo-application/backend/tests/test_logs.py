"""Log lines: JSON, with ids, and without anything that a person wrote."""

import psycopg
import pytest
from todo_testing.people import PASSWORD, Person
from todo_testing.service import JWT_KEY, TODO_BACKEND, Service, eventually

TITLE = "visit the clinic"
DESCRIPTION = "first line\nof a private\ndescription"


@pytest.fixture
def service(postgres, database, start) -> Service:
    return start(TODO_BACKEND, postgres.environment(database)).wait_ready()


def line_of(service: Service, request_id: str, has: str = "status") -> dict:
    def find():
        return next((line for line in service.logs() if line.get("request_id") == request_id and has in line), None)

    return eventually(find)


def test_a_line_for_each_request_says_who_and_what(service):
    person = Person(service.url)
    person.todo.get("/api/tasks", params={"q": "words"}, headers={"X-Request-ID": "trace-me"})
    line = line_of(service, "trace-me")
    assert all({"time", "severity", "message", "logger"} <= set(entry) for entry in service.logs())
    assert (line["method"], line["path"], line["status"], line["severity"]) == ("GET", "/api/tasks", 200, "info")
    assert (line["user_id"], line["client"]) == (person.id, "127.0.0.1")
    assert line["duration_ms"] > 0
    service.client.get("/api/tasks", headers={"X-Request-ID": "nobody"})
    assert "user_id" not in line_of(service, "nobody")


def test_nothing_that_a_person_wrote_is_logged(service):
    person = Person(service.url)
    person.add(TITLE, description=DESCRIPTION)
    person.todo.get("/api/tasks", params={"q": "private words"})
    person.todo.patch("/api/tasks/1", json={"title": TITLE + "!", "due_date": "never"})
    person.todo.post("/api/tasks", json={"title": TITLE}, headers={"Idempotency-Key": "private-key"})
    service.client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD + "!"})
    service.client.post("/api/auth/register", json={"email": person.email, "password": PASSWORD})
    person.todo.post("/api/auth/logout", headers={"X-Request-ID": "last"})
    line_of(service, "last")
    assert_private(service, person)


def assert_private(service: Service, person: Person) -> None:
    text = service.text()
    words = (TITLE, "private", "first line", person.email, PASSWORD, person.token, "argon2", JWT_KEY)
    for secret in (*words, service.environment["POSTGRES_PASSWORD"]):
        assert secret not in text


ERRORS = {
    # The database's message goes on with "DETAIL: Failing row contains (…)".
    "check": "ALTER TABLE todo.tasks ADD CHECK (description = '')",
    # 'invalid input syntax for type integer: "…"'
    "values": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM NEW.title::int; END $$; "
    "CREATE TRIGGER f BEFORE INSERT ON todo.tasks FOR EACH ROW EXECUTE FUNCTION f()",
    "gone": "DROP TABLE todo.tasks",
    "e-mail": "ALTER TABLE todo.users DROP CONSTRAINT users_email_key, ADD CONSTRAINT another UNIQUE (email)",
    "name": "ALTER TABLE todo.users ADD CHECK (name <> 'Ada')",
}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_unexpected_error_is_enveloped_and_logged_without_what_was_written(own_postgres, start, kind):
    database = own_postgres.create_database(f"broken_{kind}")
    service = start(TODO_BACKEND, own_postgres.environment(database)).wait_ready()
    person = Person(service.url, "Bob")
    with psycopg.connect(own_postgres.dsn(database)) as connection:
        connection.execute(ERRORS[kind])
    headers = {"X-Request-ID": "boom"}
    if kind in ("e-mail", "name"):
        body = {"email": person.email if kind == "e-mail" else "ada@private.example", "password": PASSWORD}
        response = service.client.post("/api/auth/register", json=body | {"name": "Ada"}, headers=headers)
    else:
        response = person.todo.post("/api/tasks", json={"title": TITLE, "description": DESCRIPTION}, headers=headers)
    assert response.status_code == 500
    message = "Something went wrong on our side."
    assert response.json()["error"] == {"code": "internal_error", "message": message, "request_id": "boom"}
    line = line_of(service, "boom", "exception")
    assert line["severity"] == "error"
    assert "psycopg" in line["exception"]
    if kind == "gone":
        assert 'UndefinedTable: relation "todo.tasks" does not exist' in line["exception"]
    assert_private(service, person)


def test_errors_of_the_database_do_not_name_their_parameters(settings):
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    from backend_common.db import make_engine, make_probe_engine

    for make in (make_engine, make_probe_engine):
        engine = make(settings, "test")
        with engine.connect() as connection, pytest.raises(ProgrammingError) as error:
            connection.execute(text("SELECT :words FROM nowhere"), {"words": TITLE})
        assert TITLE not in str(error.value)
        engine.dispose()
