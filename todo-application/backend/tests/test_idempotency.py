"""Idempotency-Key: a create that is sent again makes one task."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def create(person, key, **body):
    return person.todo.post("/api/tasks", json={"title": "once"} | body, headers={"Idempotency-Key": key})


def test_the_same_key_gives_the_same_answer(ada):
    first = create(ada, "key 1", due_date="2031-05-01")
    # Even when the task has changed, or is gone: this is the answer that was lost on its way.
    ada.todo.patch("/api/tasks/1", json={"title": "changed"})
    again = create(ada, "key 1", due_date="2031-05-01")
    ada.todo.delete("/api/tasks/1")
    third = create(ada, "key 1", due_date="2031-05-01")
    for response in (again, third):
        assert (response.status_code, response.json()) == (201, first.json())
        assert response.headers["location"] == first.headers["location"] == "/api/tasks/1"
        assert response.headers["etag"] == first.headers["etag"]
    assert ada.tasks() == []
    assert create(ada, "key 2").json()["id"] == 2


def test_another_body_is_422(ada):
    create(ada, "key")
    response = create(ada, "key", description="more")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_key_reused")
    # What means the same is the same.
    assert create(ada, "key", title=" once ", completed=False).json()["id"] == 1
    assert len(ada.tasks()) == 1


def test_at_the_same_time_makes_one(ada):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: create(ada, "storm"), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(ada.tasks()) == 1
    assert ada.add("next")["id"] == 2


def test_keys_belong_to_one_person(ada, bob):
    assert create(ada, "shared", title="a").json()["title"] == "a"
    assert create(bob, "shared", title="b").json()["title"] == "b"


def test_a_refused_request_leaves_the_key_free(ada):
    assert create(ada, "key", title="").status_code == 422
    assert create(ada, "key").status_code == 201


def test_after_a_day_a_key_is_new(ada, sql):
    create(ada, "old")
    sql.execute("UPDATE todo.idempotency_keys SET expires_at = now() WHERE user_id = %s", [ada.id])
    assert create(ada, "old", title="another").json()["id"] == 2
    assert create(ada, "old", title="another").json()["id"] == 2
    kept = "SELECT expires_at - now() BETWEEN '23:59' AND '24:00' FROM todo.idempotency_keys WHERE user_id = %s"
    assert sql.execute(kept, [ada.id]).fetchall() == [(True,)]


@pytest.mark.parametrize("key", ["x" * 201, "tab\there", "é".encode()])
def test_bad_keys_are_422(ada, key):
    assert create(ada, key).status_code == 422
    assert ada.tasks() == []
