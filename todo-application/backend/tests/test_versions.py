"""ETag and If-Match: nobody's change is lost unseen."""

from concurrent.futures import ThreadPoolExecutor

import pytest

CHANGES = [
    ("PUT", "/api/tasks/1", {"title": "mine"}),
    ("PATCH", "/api/tasks/1", {"title": "mine"}),
    ("PATCH", "/api/tasks/1", {}),
    ("PATCH", "/api/tasks/1/complete", None),
    ("DELETE", "/api/tasks/1", None),
]


def test_every_answer_names_the_version(ada):
    response = ada.todo.post("/api/tasks", json={"title": "x"})
    assert (response.headers["etag"], response.json()["version"]) == ('"1"', 1)
    for method, path, body in CHANGES[:2] + CHANGES[3:4]:
        before = ada.todo.get("/api/tasks/1")
        response = ada.todo.request(method, path, json=body)
        assert response.json()["version"] == before.json()["version"] + 1
        assert response.headers["etag"] == f'"{response.json()["version"]}"'
    last = ada.todo.get("/api/tasks/1")
    assert last.headers["etag"] == response.headers["etag"] == '"4"'
    assert ada.todo.patch("/api/tasks/1", json={}).headers["etag"] == '"4"'
    assert ada.tasks() == [last.json()]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_an_old_version_is_412_and_changes_nothing(ada, method, path, body):
    ada.add("first")
    ada.todo.patch("/api/tasks/1", json={"title": "second"})
    for tag in ('"1"', 'W/"2"', '"7", "1"', '"02"', '"99999999999999999999"', '""'):
        response = ada.todo.request(method, path, json=body, headers={"If-Match": tag})
        assert (response.status_code, response.json()["error"]["code"]) == (412, "precondition_failed"), tag
        assert response.headers["etag"] == '"2"'
    assert [(task["title"], task["version"]) for task in ada.tasks()] == [("second", 2)]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("tag", ['"1"', "*", '"5", "1"', 'W/"1","1"'])
def test_the_present_version_passes(ada, method, path, body, tag):
    ada.add("x")
    assert ada.todo.request(method, path, json=body, headers={"If-Match": tag}).status_code in (200, 204)


@pytest.mark.parametrize("tag", ["1", '"1', '"1" "2"', "*, *"])
def test_a_malformed_header_is_422(ada, tag):
    ada.add("x")
    response = ada.todo.patch("/api/tasks/1", json={"title": "y"}, headers={"If-Match": tag})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")
    assert "If-Match" in response.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_missing_task_stays_404(ada, method, path, body):
    assert ada.todo.request(method, path, json=body, headers={"If-Match": '"1"'}).status_code == 404
    assert ada.todo.request(method, path, json=body, headers={"If-Match": "*"}).status_code == 404


def test_of_changes_at_the_same_time_one_wins(ada):
    ada.add("x")

    def rename(index: int) -> int:
        body = {"title": f"by {index}"}
        return ada.todo.patch("/api/tasks/1", json=body, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(rename, range(16))) == [200] + [412] * 15
    assert ada.tasks()[0]["version"] == 2


def test_a_state_can_be_set_repeatably(ada):
    ada.add("x")
    states = [ada.todo.patch("/api/tasks/1", json={"completed": True}).json()["completed"] for _ in range(2)]
    assert states == [True, True]
