"""POST /chatkit: the protocol as ChatKit's script speaks it."""

import json
import socket

import pytest
from todo_testing.service import eventually


def user_input(text):
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "quoted_text": None, "inference_options": {}}


def stream(client, request):
    """Send a streaming request and return its events."""
    with client.stream("POST", "/chatkit", json=request) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-cache, no-transform"
        text = "".join(response.iter_text())
    blocks = [block for block in text.split("\n\n") if block]
    assert all(block.startswith("data: ") for block in blocks)
    return [json.loads(block[6:]) for block in blocks]


def ask(client, request, /, **params):
    response = client.post("/chatkit", json={"type": request, "params": params})
    assert response.status_code == 200, response.text
    return response.json()


def create(client, text):
    return stream(client, {"type": "threads.create", "params": {"input": user_input(text)}})


def more(client, thread, text):
    params = {"thread_id": thread, "input": user_input(text)}
    return stream(client, {"type": "threads.add_user_message", "params": params})


def of(events, kind):
    return [event for event in events if event["type"] == kind]


def test_a_thread_from_first_message_to_last_event(ada, client):
    events = create(client, "add buy milk")
    thread = events[0]["thread"]["id"]
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["thread.created", "thread.item.done"]
    assert events[1]["item"]["type"] == "user_message"
    assert events[1]["item"]["content"][0]["text"] == "add buy milk"
    done = of(events, "thread.item.done")[-1]
    assert of(events, "thread.item.added")[-1]["item"]["id"] == done["item"]["id"]
    assert done["item"]["type"] == "assistant_message"
    assert done["item"]["content"][0]["text"] == "Added task 1, “Buy milk”."
    deltas = [e["update"]["delta"] for e in of(events, "thread.item.updated") if "delta" in e["update"]]
    assert "".join(deltas) == "Added task 1, “Buy milk”."
    assert of(events, "thread.updated")[0]["thread"]["title"] == "add buy milk"
    assert not of(events, "error")
    assert [t["title"] for t in ada.tasks()] == ["Buy milk"]

    events = more(client, thread, "complete it")
    second = of(events, "thread.item.done")[-1]["item"]
    assert second["content"][0]["text"] == "Completed task 1, “Buy milk”."
    assert second["id"] != done["item"]["id"]

    # The same conversation, seen through the other interface, with its tool calls.
    messages = client.get(f"/api/conversations/{thread}").json()["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant"] * 2
    assert messages[1]["tool_calls"][0]["name"] == "add_task"
    assert messages[1]["assistant"] == "built-in"
    # And what was said there is seen here.
    client.post("/api/chat", json={"message": "thanks", "conversation_id": thread})
    whole = ask(client, "threads.get_by_id", thread_id=thread)
    turn = ["user_message", "workflow", "assistant_message"]
    assert [item["type"] for item in whole["items"]["data"]] == [*turn, *turn, "user_message", "assistant_message"]


def test_threads_and_items_by_pages(client):
    threads = [create(client, f"hello {number}")[0]["thread"]["id"] for number in range(3)]
    page = ask(client, "threads.list", limit=2)
    assert [t["id"] for t in page["data"]] == [threads[2], threads[1]]
    assert page["has_more"] is True
    rest = ask(client, "threads.list", limit=2, after=page["after"])
    assert ([t["id"] for t in rest["data"]], rest["has_more"]) == ([threads[0]], False)
    oldest = ask(client, "threads.list", limit=1, order="asc")
    assert oldest["data"][0]["id"] == threads[0]

    more(client, threads[0], "help")
    items = ask(client, "items.list", thread_id=threads[0], limit=3)
    assert len(items["data"]) == 3
    assert items["has_more"] is True
    assert items["data"][0]["type"] == "assistant_message"
    last = ask(client, "items.list", thread_id=threads[0], limit=3, after=items["after"])
    assert [item["content"][0]["text"] for item in last["data"]] == ["hello 0"]


def test_rename_retry_feedback_and_delete(client):
    events = create(client, "hello")
    thread = events[0]["thread"]["id"]
    question = events[1]["item"]["id"]
    assert ask(client, "threads.update", thread_id=thread, title="Greetings")["title"] == "Greetings"
    more(client, thread, "help")
    retry = {"type": "threads.retry_after_item", "params": {"thread_id": thread, "item_id": question}}
    events = stream(client, retry)
    assert of(events, "thread.item.done")[0]["item"]["content"][0]["text"].startswith("Hello!")
    whole = ask(client, "threads.get_by_id", thread_id=thread)
    assert whole["title"] == "Greetings"
    assert len(whole["items"]["data"]) == 2
    items = [whole["items"]["data"][1]["id"]]
    assert ask(client, "items.feedback", thread_id=thread, item_ids=items, kind="positive") == {}
    assert ask(client, "threads.delete", thread_id=thread) == {}
    assert client.get(f"/api/conversations/{thread}").status_code == 404


def test_threads_of_others_are_refused_before_a_stream_begins(bob, chatbot, client):
    thread = create(client, "private")[0]["thread"]["id"]
    other = bob.client(chatbot.url)
    requests = [
        ("threads.get_by_id", {}),
        ("threads.add_user_message", {"input": user_input("hi")}),
        ("threads.retry_after_item", {"item_id": "msg_1"}),
        ("items.list", {}),
        ("items.feedback", {"item_ids": [], "kind": "positive"}),
        ("threads.update", {"title": "mine"}),
        ("threads.delete", {}),
    ]
    for kind, params in requests:
        for wanted in (thread, "conv_none"):
            response = other.post("/chatkit", json={"type": kind, "params": params | {"thread_id": wanted}})
            assert response.status_code == 404, kind
            assert response.json()["error"]["code"] == "not_found"
    assert ask(other, "threads.list")["data"] == []
    assert ask(client, "threads.get_by_id", thread_id=thread)["title"] == "private"


@pytest.mark.parametrize(
    "request_body",
    [
        {},
        [],
        {"type": "threads.unknown", "params": {}},
        {"type": "threads.create", "params": {}},
        {"type": "threads.create", "params": {"input": user_input("")}},
        {"type": "threads.create", "params": {"input": user_input("x" * 4001)}},
        {"type": "threads.create", "params": {"input": user_input("x") | {"attachments": ["a1"]}}},
        {"type": "attachments.create", "params": {"name": "a", "size": 1, "mime_type": "text/plain"}},
        {"type": "input.transcribe", "params": {"audio_base64": "", "mime_type": "audio/webm"}},
    ],
)
def test_bad_requests_are_422(client, request_body):
    response = client.post("/chatkit", json=request_body)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_input"
    assert client.get("/api/conversations").json() == []


def test_a_reader_who_leaves_in_mid_request_is_no_error(chatbot, client):
    head = (
        "POST /chatkit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        f"X-Request-ID: left-early\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n{{"
    )
    with socket.create_connection(("127.0.0.1", chatbot.port)) as connection:
        connection.sendall(head.encode())
    line = eventually(lambda: next((one for one in chatbot.logs() if one.get("request_id") == "left-early"), None))
    assert (line["message"], line["severity"]) == ("POST /chatkit aborted", "info")
    assert not any("exception" in one for one in chatbot.logs())
