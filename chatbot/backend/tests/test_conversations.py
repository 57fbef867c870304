"""Conversations are kept, listed, deleted, and nobody else's business."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from conftest import talk


def test_conversation_is_stored_in_order(client, say):
    first = say("add buy milk")
    say("list tasks")
    url = f"/api/conversations/{first['conversation_id']}"
    conversation = client.get(url).json()
    assert conversation["title"] == "add buy milk"
    assert [m["role"] for m in conversation["messages"]] == ["user", "assistant"] * 2
    assert conversation["messages"][0]["content"] == "add buy milk"
    assert conversation["messages"][0]["assistant"] is None
    answer = conversation["messages"][1]
    assert (answer["content"], answer["assistant"]) == (first["response"], "built-in")
    assert answer["tool_calls"] == first["tool_calls"]
    assert len({m["id"] for m in conversation["messages"]}) == 4


def test_list_has_the_last_used_first_and_pages(client):
    ids = [talk(client)(f"hello {number}")["conversation_id"] for number in range(3)]
    client.post("/api/chat", json={"message": "again", "conversation_id": ids[0]})
    response = client.get("/api/conversations")
    assert [c["id"] for c in response.json()] == [ids[0], ids[2], ids[1]]
    assert response.headers["x-total-count"] == "3"
    assert set(response.json()[0]) == {"id", "title", "created_at", "updated_at"}
    page = client.get("/api/conversations", params={"limit": 1, "offset": 1}).json()
    assert [c["id"] for c in page] == [ids[2]]
    assert client.get("/api/conversations", params={"limit": 0}).status_code == 422


def test_delete(client, say):
    url = f"/api/conversations/{say('hi')['conversation_id']}"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.delete(url).status_code == 404


def test_conversations_of_others_do_not_exist(bob, chatbot, client, say):
    mine = say("add private matter")["conversation_id"]
    other = bob.client(chatbot.url)
    for conversation in (mine, "conv_nothing", "1", "%00", "x" * 500):
        answers = [
            other.get(f"/api/conversations/{conversation}"),
            other.delete(f"/api/conversations/{conversation}"),
        ]
        if len(conversation) <= 64:
            answers.append(other.post("/api/chat", json={"message": "hi", "conversation_id": conversation}))
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert {answer.json()["error"]["message"] for answer in answers} == {"You have no such conversation."}
    assert other.get("/api/conversations").json() == []
    assert len(client.get(f"/api/conversations/{mine}").json()["messages"]) == 2


@pytest.mark.parametrize("title", ["x" * 100, "line one\nline two", "a\x00b"])
def test_titles_are_short_and_on_one_line(client, title):
    talk(client)(title)
    (conversation,) = client.get("/api/conversations").json()
    assert len(conversation["title"]) <= 60
    assert "\n" not in conversation["title"]


def test_rename(bob, chatbot, client, say):
    first = say("hi")["conversation_id"]
    url = f"/api/conversations/{first}"
    say("hello", new=True)
    renamed = client.patch(url, json={"title": "  Groceries\nand more "})
    assert (renamed.status_code, renamed.json()["title"]) == (200, "Groceries and more")
    assert set(renamed.json()) == {"id", "title", "created_at", "updated_at"}
    # A new title is no use of it.
    assert [c["id"] for c in client.get("/api/conversations").json()][1] == first
    client.post("/api/chat", json={"message": "help", "conversation_id": first})
    assert client.get(url).json()["title"] == "Groceries and more"
    for body in ({}, {"title": ""}, {"title": " \n"}, {"title": "x" * 201}, {"title": None}, {"title": 5}):
        response = client.patch(url, json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")
    assert bob.client(chatbot.url).patch(url, json={"title": "mine"}).status_code == 404
    assert client.patch(url, json={"title": "x" * 200}).status_code == 200


CHANGES = {
    "rename": lambda client, conversation: client.patch(f"/api/conversations/{conversation}", json={"title": "x"}),
    "rename by ChatKit": lambda client, conversation: client.post(
        "/chatkit", json={"type": "threads.update", "params": {"thread_id": conversation, "title": "x"}}
    ),
    "message": lambda client, conversation: client.post(
        "/api/chat", json={"message": "hi", "conversation_id": conversation}
    ),
    "deletion": lambda client, conversation: client.delete(f"/api/conversations/{conversation}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_meets_a_deletion_finds_no_conversation(client, say, postgres, database, change):
    conversation = say("hi")["conversation_id"]
    with psycopg.connect(postgres.dsn(database)) as deleting, ThreadPoolExecutor() as pool:
        deleting.execute("DELETE FROM chatbot.conversations WHERE id = %s", [conversation])
        answer = pool.submit(change, client, conversation)
        # It waits for the row that is being deleted.
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(postgres.dsn(database), autocommit=True) as looking:
            while not looking.execute(waiting).fetchone()[0]:
                assert not answer.done(), answer.result().text
        deleting.commit()
        assert (answer.result().status_code, answer.result().json()["error"]["code"]) == (404, "not_found")
    assert client.get("/api/conversations").json() == []
