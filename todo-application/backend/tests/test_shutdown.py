"""SIGTERM: unready first, what is under way finishes, and it ends in time."""

import signal
import threading
import time

import httpx2
import psycopg
from todo_testing.people import Person
from todo_testing.service import TODO_BACKEND, eventually


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
    assert response.headers["retry-after"] == "1"
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


def test_what_takes_longer_than_the_grace_period_is_cut_off(own_postgres, start):
    environment = own_postgres.environment(own_postgres.create_database("endless")) | {"SHUTDOWN_GRACE_SECONDS": "1"}
    service = start(TODO_BACKEND, environment).wait_ready()
    person = Person(service.url)
    own_postgres.freeze()
    answers: list[httpx2.Response] = []
    # Nothing would ever end the service's thread for this.
    request = threading.Thread(target=lambda: answers.append(person.todo.get("/api/tasks")))
    request.start()
    eventually(lambda: service.answers("/ready", 503))
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 0
    request.join(10)
    assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (503, "cut_off")
    assert answers[0].headers["retry-after"] == "1"
    assert any("timeout graceful shutdown exceeded" in entry["message"] for entry in service.logs())
    assert not any("exception" in entry for entry in service.logs())
