"""Tasks: every endpoint, every filter, numbers for each person, other people's tasks."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_create_and_read(ada):
    response = ada.todo.post("/api/tasks", json={"title": "  Buy milk ", "due_date": "2030-02-28"})
    assert response.status_code == 201
    assert response.headers["location"] == "/api/tasks/1"
    task = response.json()
    fields = {"id", "title", "description", "due_date", "completed", "version", "created_at", "updated_at"}
    assert set(task) == fields
    assert (task["id"], task["title"], task["description"], task["due_date"]) == (1, "Buy milk", "", "2030-02-28")
    assert task["completed"] is False
    assert ada.todo.get("/api/tasks/1").json() == task


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 201},
        {"title": None},
        {"title": 5},
        {"title": "nul\x00"},
        {"title": "x", "description": "y" * 1001},
        {"title": "x", "due_date": "tomorrow"},
        {"title": "x", "due_date": "2030-02-30"},
        {"title": "x", "due_date": 1234567890},
        {"title": "x", "due_date": "2030-01-01T00:00:00"},
        {"title": "x", "completed": "maybe"},
    ],
)
def test_bad_input_is_422(ada, body):
    assert ada.todo.post("/api/tasks", json=body).status_code == 422
    assert ada.tasks() == []


def test_longest_input_is_accepted(ada):
    task = ada.add("ä" * 200, description="𝄞" * 1000)
    assert ada.todo.get(f"/api/tasks/{task['id']}").json()["description"] == "𝄞" * 1000


def test_put_replaces_but_keeps_the_state(ada):
    ada.add("Old", description="text", due_date="2030-01-01", completed=True)
    task = ada.todo.put("/api/tasks/1", json={"title": "New"}).json()
    assert (task["title"], task["description"], task["due_date"], task["completed"]) == ("New", "", None, True)
    assert task["updated_at"] > task["created_at"]
    assert ada.todo.put("/api/tasks/1", json={"title": "New", "completed": False}).json()["completed"] is False
    assert ada.todo.put("/api/tasks/1", json={"description": "no title"}).status_code == 422
    # A client may send back what it got.
    assert ada.todo.put("/api/tasks/1", json=task).status_code == 200


def test_patch_changes_only_what_is_given(ada):
    ada.add("Title", description="text", due_date="2030-01-01")
    assert ada.todo.patch("/api/tasks/1", json={"title": "Other"}).json()["description"] == "text"
    task = ada.todo.patch("/api/tasks/1", json={"due_date": None, "completed": True}).json()
    assert (task["title"], task["due_date"], task["completed"]) == ("Other", None, True)
    assert ada.todo.patch("/api/tasks/1", json={}).json() == task
    for bad in ({"title": ""}, {"title": None}, {"completed": None}, {"due_date": "x"}):
        assert ada.todo.patch("/api/tasks/1", json=bad).status_code == 422
    assert ada.todo.get("/api/tasks/1").json() == task


def test_complete_toggles(ada):
    ada.add("x")
    assert ada.todo.patch("/api/tasks/1/complete").json()["completed"] is True
    assert ada.todo.patch("/api/tasks/1/complete").json()["completed"] is False


def test_delete(ada):
    ada.add("x")
    response = ada.todo.delete("/api/tasks/1")
    assert (response.status_code, response.content) == (204, b"")
    assert ada.todo.get("/api/tasks/1").status_code == 404
    assert ada.todo.delete("/api/tasks/1").status_code == 404


def test_ids_count_for_each_person_and_are_never_given_again(ada, bob):
    assert [ada.add("a")["id"], ada.add("b")["id"], bob.add("c")["id"]] == [1, 2, 1]
    ada.todo.delete("/api/tasks/2")
    assert ada.add("d")["id"] == 3


def test_fifty_creates_at_once_number_without_gaps(ada):
    with ThreadPoolExecutor(50) as pool:
        ids = list(pool.map(lambda index: ada.add(f"task {index}")["id"], range(50)))
    assert sorted(ids) == list(range(1, 51))
    assert [task["id"] for task in ada.tasks()] == list(range(50, 0, -1))


def test_ids_under_concurrency(ada, bob):
    def add(index: int) -> int:
        return (ada if index % 2 else bob).add(f"task {index}")["id"]

    with ThreadPoolExecutor(32) as pool:
        ids = list(pool.map(add, range(200)))
    assert sorted(ids[0::2]) == list(range(1, 101))
    assert sorted(ids[1::2]) == list(range(1, 101))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/tasks/1", None),
        ("PUT", "/api/tasks/1", {"title": "mine now"}),
        ("PATCH", "/api/tasks/1", {"title": "mine now"}),
        ("PATCH", "/api/tasks/1", {}),
        ("PATCH", "/api/tasks/1/complete", None),
        ("DELETE", "/api/tasks/1", None),
    ],
)
def test_other_peoples_tasks_do_not_exist(ada, bob, method, path, body):
    before = ada.add("private")
    assert bob.todo.request(method, path, json=body).status_code == 404
    assert ada.todo.get("/api/tasks/1").json() == before
    assert bob.tasks() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/tasks"),
        ("POST", "/api/tasks"),
        ("GET", "/api/tasks/1"),
        ("PUT", "/api/tasks/1"),
        ("PATCH", "/api/tasks/1"),
        ("DELETE", "/api/tasks/1"),
        ("PATCH", "/api/tasks/1/complete"),
        ("GET", "/api/auth/me"),
    ],
)
def test_without_a_token_401(todo, method, path):
    body = {"title": "x"} if method in ("POST", "PUT", "PATCH") else None
    response = todo.client.request(method, path, json=body)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"


@pytest.fixture
def many(ada):
    ada.add("Banana", due_date="2030-03-01")
    ada.add("apple", description="with 100% juice", completed=True)
    ada.add("Cherry", due_date="2030-01-01")
    ada.add("100_percent", completed=True, due_date="2030-02-01")
    return ada


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"sort": "created"}, [4, 3, 2, 1]),
        ({"sort": "title"}, [4, 2, 1, 3]),
        ({"sort": "due_date"}, [3, 4, 1, 2]),
        ({"status": "pending"}, [3, 1]),
        ({"status": "completed"}, [4, 2]),
        ({"status": "all"}, [4, 3, 2, 1]),
        ({"q": "APPLE"}, [2]),
        ({"q": "juice"}, [2]),
        ({"q": "%"}, [2]),
        ({"q": "_"}, [4]),
        ({"q": "\\"}, []),
        ({"q": "an", "status": "completed"}, []),
        ({"q": "  "}, [4, 3, 2, 1]),
    ],
)
def test_filter_and_sort(many, query, expected):
    response = many.todo.get("/api/tasks", params=query)
    assert [task["id"] for task in response.json()] == expected
    assert response.headers["x-total-count"] == str(len(expected))


def test_pages_cover_everything_once(many):
    pages = [many.todo.get("/api/tasks", params={"limit": 3, "offset": offset}) for offset in (0, 3, 6)]
    assert [[task["id"] for task in page.json()] for page in pages] == [[4, 3, 2], [1], []]
    assert {page.headers["x-total-count"] for page in pages} == {"4"}


@pytest.mark.parametrize(
    "query",
    [{"status": "x"}, {"sort": "x"}, {"limit": 0}, {"limit": 501}, {"offset": -1}, {"limit": "many"}, {"q": "x" * 201}],
)
def test_bad_query_is_422(ada, query):
    assert ada.todo.get("/api/tasks", params=query).status_code == 422


@pytest.mark.parametrize("task_id", ["0", "-1", "abc", "99999999999999999999"])
def test_impossible_ids_are_422(ada, task_id):
    assert ada.todo.get(f"/api/tasks/{task_id}").status_code == 422
