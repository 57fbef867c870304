"""A database that is there, but slow, stuck or broken off."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from todo_testing.people import Person
from todo_testing.service import TODO_BACKEND, eventually

FAILING = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$;
CREATE TRIGGER fail BEFORE INSERT ON todo.tasks FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.fixture
def made(postgres, start, request):
    """A service on a database of its own, and somebody with a task."""
    database = postgres.create_database(f"slow_{abs(hash(request.node.name))}")

    def make(**variables):
        service = start(TODO_BACKEND, postgres.environment(database) | variables).wait_ready()
        person = Person(service.url)
        person.add("one")
        return service, person, postgres.dsn(database)

    return make


def assert_busy(response):
    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_busy")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("state", ["57014", "55P03", "40P01", "40001"])
def test_a_statement_broken_off_is_busy_and_nothing_is_done(made, state):
    _, person, dsn = made()
    with psycopg.connect(dsn) as connection:
        connection.execute(FAILING.format(body=f"RAISE EXCEPTION 'broken off' USING ERRCODE = '{state}'"))
    assert_busy(person.todo.post("/api/tasks", json={"title": "x"}, headers={"Idempotency-Key": "k"}))
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP TRIGGER fail ON todo.tasks")
    # Neither the number nor the key is used up.
    response = person.todo.post("/api/tasks", json={"title": "y"}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()["id"]) == (201, 2)


def test_statements_and_locks_have_a_time_limit(made):
    service, person, dsn = made()
    with psycopg.connect(dsn) as connection, ThreadPoolExecutor(2) as pool:
        connection.execute(FAILING.format(body="PERFORM pg_sleep(60)"))
        connection.commit()
        connection.execute("SELECT FROM todo.tasks FOR UPDATE")
        change = pool.submit(person.todo.patch, "/api/tasks/1", json={"title": "x"})
        create = pool.submit(person.todo.post, "/api/tasks", json={"title": "x"})
        # Somebody else's lock is still held, and the sleep would go on.
        assert_busy(change.result())
        assert_busy(create.result())
    assert [task["title"] for task in person.tasks()] == ["one"]
    reasons = {line["reason"] for line in service.logs() if line["message"] == "statement broken off"}
    assert reasons == {f"canceling statement due to {limit}" for limit in ("lock timeout", "statement timeout")}


def test_ready_has_a_connection_of_its_own(made):
    service, person, dsn = made(DATABASE_POOL_SIZE="1")
    with psycopg.connect(dsn) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("SELECT FROM todo.tasks FOR UPDATE")
        waiting = pool.submit(person.todo.patch, "/api/tasks/1", json={"title": "x"})
        eventually(lambda: connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0])
        # The pool has no connection left for a request, and the service is ready all the same.
        assert service.answers("/ready")
        assert_busy(person.todo.get("/api/tasks"))
        connection.commit()
        assert waiting.result().status_code == 200


def threads(service) -> int:
    lines = Path(f"/proc/{service.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


def test_a_database_that_hangs_holds_up_nothing_else(own_postgres, start):
    service = start(TODO_BACKEND, own_postgres.environment(own_postgres.create_database("hangs"))).wait_ready()
    person = Person(service.url)
    person.add("kept")
    own_postgres.freeze()
    with ThreadPoolExecutor(60) as pool:
        # `answers` has a time limit of its own, which the service has to keep.
        assert "did not answer within" in service.answers("/ready", 503).json()["reason"]
        before = threads(service)
        probes = [response.result() for response in [pool.submit(service.answers, "/ready", 503) for _ in range(20)]]
        assert {probe.headers["retry-after"] for probe in probes} == {"1"}
        # Probes that found no answer leave nothing behind.
        assert threads(service) == before
        # More requests than the service has threads.
        requests = [pool.submit(person.todo.get, "/api/tasks") for _ in range(50)]
        for _ in range(20):
            assert service.client.get("/health", timeout=2).status_code == 200
        assert service.answers("/ready", 503)
        own_postgres.thaw()
        service.wait_ready()
        answers = [request.result() for request in requests]
    for answer in answers:
        if answer.status_code == 200:
            assert [task["title"] for task in answer.json()] == ["kept"]
        else:
            # No connection became free, or no new one could be made.
            assert answer.json()["error"]["code"] in ("database_busy", "database_unavailable")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert person.tasks()
