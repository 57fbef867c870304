"""Messages of one conversation are answered one after the other, whichever replica answers; keys and limits."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from conftest import MODEL, talk
from model_server import calls, text
from test_chatkit import create, more, of, user_input
from todo_testing.service import CHATBOT_BACKEND, eventually


@pytest.fixture
def replicas(postgres, database, todo, chatbot, start, model):
    """Two more chatbot-backends on the same database: they ask the model."""
    environment = MODEL | {"TODO_API_URL": todo.url, "OPENAI_BASE_URL": model.url, "OPENAI_TIMEOUT_SECONDS": "10"}
    services = [start(CHATBOT_BACKEND, postgres.environment(database) | environment) for _ in range(2)]
    return [service.wait_ready() for service in services]


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def in_thread(work):
    """Do something meanwhile; its result by the returned function."""
    result = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()

    def outcome():
        thread.join(30)
        return result[0]

    return outcome


def test_two_replicas_answer_in_order(ada, model, replicas):
    first, second = (ada.client(service.url) for service in replicas)
    model.plan(text("ready"))
    conversation = talk(first)("hello")["conversation_id"]
    model.plan("stall", text("second answer"))

    def say(client, message):
        return client.post("/api/chat", json={"message": message, "conversation_id": conversation}).json()

    slow = in_thread(lambda: say(first, "one"))
    assert model.stalled.wait(30)
    waiting = in_thread(lambda: say(second, "two"))
    time.sleep(1)
    assert len(model.requests) == 1, "the second message waits for the first one's answer"
    model.released.set()
    assert slow()["response"].startswith("I was say")
    assert waiting()["response"] == "second answer"
    contents = [m["content"] for m in first.get(f"/api/conversations/{conversation}").json()["messages"]]
    assert [content.split("\n")[0] for content in contents] == [
        "hello", "ready", "one", "I was say", "two", "second answer",
    ]  # fmt: skip
    assert [m["content"] for m in model.requests[-1]["messages"]][-1] == "two"


def test_many_at_once_stay_pairs(ada, chatbot, client):
    conversation = client.post("/api/chat", json={"message": "hello"}).json()["conversation_id"]

    def add(number):
        body = {"message": f"add number {number}", "conversation_id": conversation}
        return ada.client(chatbot.url).post("/api/chat", json=body).json()["response"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(16)))
    assert all(answer.startswith("Added task") for answer in answers)
    messages = client.get(f"/api/conversations/{conversation}").json()["messages"][2:]
    assert [m["role"] for m in messages] == ["user", "assistant"] * 16
    for asked, answered in zip(messages[::2], messages[1::2], strict=True):
        assert asked["content"].removeprefix("add n") in answered["content"]


def test_a_question_is_answered_at_another_replica(ada, postgres, database, todo, start, chatbot, client, say):
    ada.add("Milk")
    ada.add("Tea")
    conversation = say("delete 1 and 2")["conversation_id"]
    other = start(CHATBOT_BACKEND, postgres.environment(database) | {"TODO_API_URL": todo.url}).wait_ready()
    body = {"message": "yes", "conversation_id": conversation}
    answer = ada.client(other.url).post("/api/chat", json=body).json()
    assert [call["name"] for call in answer["tool_calls"]] == ["delete_task", "delete_task"]
    assert ada.tasks() == []


def test_the_turn_of_a_process_that_died_passes_on(ada, model, replicas, sql):
    first, second = replicas
    model.plan(text("ready"))
    conversation = talk(ada.client(first.url))("hello")["conversation_id"]
    model.plan("stall", text("here"))
    body = {"message": "one", "conversation_id": conversation}
    lost = in_thread(lambda: pytest.raises(httpx2.HTTPError, ada.client(first.url).post, "/api/chat", json=body))
    assert model.stalled.wait(30)
    first.process.kill()
    lost()
    sql.execute("UPDATE chatbot.turns SET expires_at = now() WHERE conversation_id = %s", [conversation])
    body["message"] = "two"
    assert ada.client(second.url).post("/api/chat", json=body).json()["response"] == "here"
    model.released.set()


def test_a_repeated_message_is_answered_once(ada, client, chatbot):
    body, headers = {"message": "add milk"}, key()
    first = client.post("/api/chat", json=body, headers=headers)
    again = client.post("/api/chat", json=body, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert [task["title"] for task in ada.tasks()] == ["Milk"]
    assert len(client.get("/api/conversations").json()) == 1
    other = client.post("/api/chat", json={"message": "add tea"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    for bad in ("", "x" * 201, "ä"):
        response = client.post("/api/chat", json=body, headers={"Idempotency-Key": bad.encode("latin-1")})
        assert response.status_code == 422
    assert len(ada.tasks()) == 1


def test_the_same_key_of_another_person_is_another(ada, bob, chatbot, client):
    headers = key()
    client.post("/api/chat", json={"message": "add milk"}, headers=headers)
    answer = bob.client(chatbot.url).post("/api/chat", json={"message": "add milk"}, headers=headers).json()
    assert answer["tool_calls"][0]["result"]["task_id"] == 1
    assert len(bob.tasks()) == 1


def test_repeats_at_the_same_time_are_answered_once(ada, chatbot):
    headers = key()

    def add(_):
        return ada.client(chatbot.url).post("/api/chat", json={"message": "add milk"}, headers=headers).json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(ada.tasks()) == 1


def test_a_repeat_while_the_model_is_at_work_is_told_to_wait(ada, model, replicas):
    client, headers = ada.client(replicas[0].url), key()
    model.plan("stall")
    first = in_thread(lambda: client.post("/api/chat", json={"message": "hm"}, headers=headers).json())
    assert model.stalled.wait(30)
    repeat = ada.client(replicas[1].url).post("/api/chat", json={"message": "hm"}, headers=headers)
    assert (repeat.status_code, repeat.json()["error"]["code"]) == (409, "request_in_progress")
    assert int(repeat.headers["retry-after"]) >= 1
    model.released.set()
    answer = first()
    assert client.post("/api/chat", json={"message": "hm"}, headers=headers).json() == answer
    assert len(model.requests) == 1


@pytest.mark.parametrize("changing", [False, True])
def test_a_request_whose_process_died(ada, client, sql, changing):
    """Is answered by whoever gets the repeat; but not when tasks may have been changed for it."""
    headers = key()
    body = {"message": "add milk"}
    client.post("/api/chat", json=body, headers=headers)
    sql.execute(
        "UPDATE chatbot.requests SET answer = NULL, changing = %s, held_until = now() WHERE key = %s",
        [changing, headers["Idempotency-Key"]],
    )
    again = client.post("/api/chat", json=body, headers=headers)
    if changing:
        assert (again.status_code, again.json()["error"]["code"]) == (409, "interrupted")
    else:
        assert again.json()["response"].startswith("Added task 2")
    assert len(ada.tasks()) == (1 if changing else 2)


def test_what_changes_tasks_is_noted_before(ada, model, replicas, sql):
    client, headers = ada.client(replicas[0].url), key()
    model.plan(calls(("add_task", {"title": "Milk"})), "stall")
    lost = in_thread(
        lambda: pytest.raises(httpx2.HTTPError, client.post, "/api/chat", json={"message": "milk"}, headers=headers)
    )
    assert model.stalled.wait(30)
    replicas[0].process.kill()
    lost()
    model.released.set()
    sql.execute("UPDATE chatbot.requests SET held_until = now()")
    repeat = ada.client(replicas[1].url).post("/api/chat", json={"message": "milk"}, headers=headers)
    assert (repeat.status_code, repeat.json()["error"]["code"]) == (409, "interrupted")
    assert [task["title"] for task in ada.tasks()] == ["Milk"]


def test_a_repeated_chatkit_message_gives_the_same_events(ada, client):
    headers = key()
    client.headers.update(headers)
    events = create(client, "add milk")
    again = create(client, "add milk")
    assert [e for e in events if e["type"] != "thread.item.updated"] == again
    thread = events[0]["thread"]["id"]
    client.headers.update(key())
    assert of(more(client, thread, "add tea"), "thread.item.done") == of(
        more(client, thread, "add tea"), "thread.item.done"
    )
    del client.headers["Idempotency-Key"]
    assert [task["title"] for task in ada.tasks()] == ["Tea", "Milk"]
    assert len(client.get(f"/api/conversations/{thread}").json()["messages"]) == 4


def test_a_message_that_changed_tasks_is_not_answered_anew(ada, client):
    events = create(client, "add milk")
    params = {"thread_id": events[0]["thread"]["id"], "item_id": events[1]["item"]["id"]}
    response = client.post("/chatkit", json={"type": "threads.retry_after_item", "params": params})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "already_done")
    assert len(ada.tasks()) == 1


def test_a_stopped_answer_is_kept_with_what_was_done(ada, model, replicas):
    client, headers = ada.client(replicas[0].url), key()
    model.plan(calls(("add_task", {"title": "Milk"})), "stall")
    request = {"type": "threads.create", "params": {"input": user_input("milk")}}
    with client.stream("POST", "/chatkit", json=request, headers=headers) as response:
        for line in response.iter_lines():
            if "I was say" in line:
                break
    (conversation,) = client.get("/api/conversations").json()

    def kept():
        messages = client.get(f"/api/conversations/{conversation['id']}").json()["messages"]
        return messages if len(messages) == 2 else None

    answer = eventually(kept)[1]
    model.released.set()
    assert answer["content"] == "I was say\n\n(Stopped. Before that: added task 1 “Milk”.)"
    assert answer["tool_calls"][0]["result"]["status"] == "created"
    client.headers.update(headers)
    again = create(client, "milk")
    del client.headers["Idempotency-Key"]
    assert again[-1]["item"]["content"][0]["text"] == answer["content"]
    assert len(ada.tasks()) == 1
    model.plan(text("next"))
    assert of(more(client, conversation["id"], "go on"), "thread.item.done")[1]["item"]["content"][0]["text"] == "next"


def test_the_rate_of_messages_is_limited_for_each_person(ada, bob, postgres, database, todo, start):
    environment = {"TODO_API_URL": todo.url, "CHAT_MESSAGES_PER_MINUTE": "6"}
    services = [start(CHATBOT_BACKEND, postgres.environment(database) | environment) for _ in range(2)]
    clients = [ada.client(service.wait_ready().url) for service in services]
    headers = key()
    first = clients[0].post("/api/chat", json={"message": "hello"}, headers=headers)
    statuses = [clients[n % 2].post("/api/chat", json={"message": "hello"}).status_code for n in range(12)]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses[5:8]
    refused = clients[0].post("/chatkit", json={"type": "threads.create", "params": {"input": user_input("hi")}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_messages")
    assert 1 <= int(refused.headers["retry-after"]) <= 11
    # A repeat is no message, and others may write.
    assert clients[1].post("/api/chat", json={"message": "hello"}, headers=headers).json() == first.json()
    assert bob.client(services[0].url).post("/api/chat", json={"message": "hello"}).status_code == 200
    assert clients[0].get("/api/conversations").status_code == 200


def test_tomorrow_is_the_persons(ada, client):
    body = {"message": "add milk today"}
    days = {}
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        client.post("/api/chat", json=body, headers={"X-Time-Zone": zone})
        days[zone] = ada.tasks()[0]["due_date"]
    # 26 hours apart, it is never the same day in both.
    assert days["Pacific/Kiritimati"] > days["Etc/GMT+12"]
    for zone in ("Nowhere/At-all", "../../etc/passwd", "x"):
        assert client.post("/api/chat", json=body, headers={"X-Time-Zone": zone}).status_code == 200
