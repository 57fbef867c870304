"""The ETag of a list: the same while nothing has changed, another one after every change."""

import pytest


def get(person, tag=None, **params):
    headers = {} if tag is None else {"If-None-Match": tag}
    return person.todo.get("/api/tasks", params=params, headers=headers)


CHANGES = {
    "add": ("POST", "/api/tasks", {"title": "three"}),
    "rename": ("PATCH", "/api/tasks/1", {"title": "uno"}),
    "replace": ("PUT", "/api/tasks/1", {"title": "uno"}),
    "complete": ("PATCH", "/api/tasks/1/complete", None),
    "delete the first": ("DELETE", "/api/tasks/1", None),
    "delete the last": ("DELETE", "/api/tasks/2", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_news_and_only_once(ada, name):
    ada.add("one")
    ada.add("two")
    tag = get(ada).headers["etag"]
    same = get(ada, tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    method, path, body = CHANGES[name]
    assert ada.todo.request(method, path, json=body).is_success
    news = get(ada, tag)
    assert (news.status_code, news.json()) == (200, ada.tasks())
    assert get(ada, news.headers["etag"]).status_code == 304


def test_no_state_comes_twice(ada):
    """Adding after deleting, or deleting what was changed, never leads back to a tag that was there before."""
    tags = [get(ada).headers["etag"]]
    for number in range(1, 5):
        for method, path, body in (
            ("POST", "/api/tasks", {"title": "x"}),
            ("PATCH", f"/api/tasks/{number}", {"completed": True}),
            ("PATCH", f"/api/tasks/{number}", {"completed": False}),
            ("DELETE", f"/api/tasks/{number}", None),
        ):
            ada.todo.request(method, path, json=body)
            tags.append(get(ada).headers["etag"])
    assert len(set(tags)) == len(tags) == 17


def test_a_change_of_a_task_that_others_are_ahead_of_is_news(ada):
    ada.add("one")
    ada.add("two")
    for title in ("b", "c", "d"):
        ada.todo.patch("/api/tasks/1", json={"title": title})
    tag = get(ada).headers["etag"]
    ada.todo.patch("/api/tasks/2", json={"title": "deux"})
    assert get(ada, tag).status_code == 200


def test_a_deletion_and_a_change_do_not_cancel_each_other_out(ada):
    ada.add("one")
    ada.add("two")
    tag = get(ada).headers["etag"]
    ada.todo.delete("/api/tasks/2")
    ada.todo.patch("/api/tasks/1", json={"title": "uno"})
    assert get(ada, tag).status_code == 200


def test_a_change_that_changes_nothing_is_no_news(ada):
    ada.add("one")
    tag = get(ada).headers["etag"]
    ada.todo.patch("/api/tasks/1", json={})
    ada.todo.patch("/api/tasks/1", json={"title": "uno"}, headers={"If-Match": '"9"'})
    ada.todo.post("/api/tasks", json={"title": ""})
    assert get(ada, tag).status_code == 304


def test_other_peoples_changes_are_no_news(ada, bob):
    ada.add("mine")
    tag = get(ada).headers["etag"]
    bob.add("his")
    assert get(ada, tag).status_code == 304
    assert get(bob, get(bob).headers["etag"]).status_code == 304


def test_it_is_the_state_of_all_tasks_whatever_the_query(ada):
    ada.add("one")
    tag = get(ada).headers["etag"]
    for params in ({"status": "completed"}, {"q": "nothing"}, {"limit": 1, "offset": 5}, {"sort": "title"}):
        assert get(ada, **params).headers["etag"] == tag
        assert get(ada, tag, **params).status_code == 304


def test_tags_are_compared_as_http_says(ada):
    tag = get(ada).headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"a", {tag}', f'{tag}  ,  W/"b"', "*"):
        assert get(ada, known).status_code == 304, known
    for other in ('"a"', 'W/""', '"W/"'):
        assert get(ada, other).status_code == 200, other
    for wrong in ("a", '"a', "*, *"):
        assert get(ada, wrong).status_code == 422, wrong


def test_nobody_hears_news_without_signing_in(ada, todo):
    tag = get(ada).headers["etag"]
    assert todo.client.get("/api/tasks", headers={"If-None-Match": tag}).status_code == 401
