"""POST /api/chat with the built-in assistant: from words to tasks in the todo-backend's database."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from todo_testing.service import CHATBOT_BACKEND


def test_a_whole_conversation(ada, say):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    answer = say("Hello!")
    assert answer["assistant"] == "built-in"
    assert answer["tool_calls"] == []
    assert answer["conversation_id"].startswith("conv_")

    answer = say("add buy milk tomorrow")
    assert answer["response"] == f"Added task 1, “Buy milk”, due {tomorrow}."
    (call,) = answer["tool_calls"]
    assert (call["name"], call["arguments"]) == ("add_task", {"title": "Buy milk", "due_date": tomorrow})
    assert call["result"] == {"task_id": 1, "status": "created", "title": "Buy milk"}
    assert [(t["title"], t["due_date"]) for t in ada.tasks()] == [("Buy milk", tomorrow)]

    say("remind me to call mom")
    assert say("show my tasks")["response"] == f"You have 2 tasks:\n1. Buy milk (due {tomorrow})\n2. Call mom"

    answer = say("mark buy milk as done")
    assert answer["response"] == "Completed task 1, “Buy milk”."
    assert [call["name"] for call in answer["tool_calls"]] == ["list_tasks", "complete_task"]
    assert [t["id"] for t in ada.tasks(status="completed")] == [1]
    assert say("what is pending?")["response"] == "You have 1 pending task:\n2. Call mom"
    assert say("show completed tasks")["response"].endswith(f"1. ✓ Buy milk (due {tomorrow})")

    assert say("rename task 2 to Call dad")["response"] == "Changed task 2, “Call dad”."
    assert say("move it to 2031-05-06")["response"] == "Changed task 2, “Call dad”, due 2031-05-06."
    assert say("remove the due date of task 2")["response"] == "Changed task 2, “Call dad”, without a due date."
    assert say("add a note to task 2: his birthday")["response"] == "Changed task 2, “Call dad”."
    assert ada.todo.get("/api/tasks/2").json()["description"] == "his birthday"

    assert say("toggle task 1")["response"] == "Opened again: task 1, “Buy milk”."
    assert ada.tasks(status="completed") == []
    assert say("complete tasks 1 and 2")["response"].splitlines() == [
        "Completed task 1, “Buy milk”.",
        "Completed task 2, “Call dad”.",
    ]
    assert say("complete task 1")["response"] == "Completed task 1, “Buy milk”."
    assert [t["completed"] for t in ada.tasks()] == [True, True]
    assert say("reopen the milk task")["response"] == "Opened again: task 1, “Buy milk”."
    assert say("delete task 1")["response"] == "Deleted task 1, “Buy milk”."
    assert say("delete the last task")["response"] == "Deleted task 2, “Call dad”."
    assert say("list my tasks")["response"] == "You have no tasks. Say “add …” to make one."
    assert say("add bake bread")["response"].startswith("Added task 3")
    assert say("thanks!")["response"] == "You're welcome!"


def test_asks_when_it_is_not_clear(ada, say):
    for title in ("Call mom", "Call dad", "Call mom again"):
        ada.add(title)
    answer = say("complete call")
    assert answer["response"].startswith("Which of these do you mean?")
    assert all(f"{number}. Call" in answer["response"] for number in (1, 2, 3))
    assert say("complete call mom")["response"] == "Completed task 1, “Call mom”."
    assert say("delete everything")["response"].startswith("Shall I delete these 3 tasks for good?")
    assert len(ada.tasks()) == 3
    assert say("no")["response"] == "All right, I leave everything as it is."
    assert say("delete it", new=True)["response"].startswith("Which task do you mean?")
    assert say("complete the laundry")["response"].startswith("I found no task “laundry”")
    assert say("rename task 2")["response"].startswith("What shall task 2 be called?")
    assert say("add")["response"].startswith("What shall I add?")
    assert say("add " + "x" * 201)["response"].startswith("A title has at most 200 characters")
    assert len(ada.tasks()) == 3


def test_says_what_went_wrong(say):
    answer = say("complete task 99")
    assert answer["response"] == "That did not work: You have no task 99."
    assert answer["tool_calls"][0]["result"] == {"error": "You have no task 99."}
    answer = say("delete tasks 98 and 99")
    assert answer["response"] == "You have no task 98, 99. Nothing was deleted."


def test_due_lists(ada, say):
    today = datetime.now(UTC).date()
    ada.add("Late", due_date=(today - timedelta(days=1)).isoformat())
    ada.add("Now", due_date=today.isoformat())
    ada.add("Later")
    assert "1. Late" in say("show overdue tasks")["response"]
    answer = say("what is due today?")["response"]
    assert answer.startswith("You have 1 pending task due today:")
    assert "2. Now" in answer


def test_does_not_understand_politely(say):
    for message in ("What is the capital of France?", "😀", "Füge Milch hinzu", "\x00\x01x", "a" * 600):
        answer = say(message)
        assert answer["response"].startswith("Sorry, I did not understand that.")
        assert answer["tool_calls"] == []


def test_tasks_of_others_are_out_of_reach(ada, bob, say):
    bob.add("Bob's secret")
    assert say("list tasks")["response"].startswith("You have no tasks.")
    assert say("delete task 1")["response"] == "That did not work: You have no task 1."
    assert len(bob.tasks()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "   "},
        {"message": "x" * 4001},
        {"message": None},
        {"message": 5},
        {"message": "x", "conversation_id": 5},
        {"message": "x", "conversation_id": "y" * 65},
    ],
)
def test_bad_input_is_422(client, body):
    response = client.post("/api/chat", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_input"


def test_without_a_token_401(chatbot):
    for method, path in (
        ("POST", "/api/chat"),
        ("GET", "/api/conversations"),
        ("GET", "/api/conversations/x"),
        ("DELETE", "/api/conversations/x"),
        ("POST", "/chatkit"),
        ("POST", "/mcp"),
    ):
        response = chatbot.client.request(method, path, json={"message": "x"} if method == "POST" else None)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthenticated"), path
        assert response.headers["www-authenticate"] == "Bearer"


def test_cookie_serves_as_well_but_not_from_other_sites(ada, chatbot):
    cookie = {"Cookie": f"todo_session={ada.token}"}
    post = chatbot.client.post
    assert post("/api/chat", json={"message": "add milk"}, headers=cookie).status_code == 200
    assert [t["title"] for t in ada.tasks()] == ["Milk"]
    crossing = cookie | {"Sec-Fetch-Site": "cross-site"}
    for path in ("/api/chat", "/chatkit"):
        assert post(path, json={"message": "add tea"}, headers=crossing).status_code == 403
    assert post("/mcp", json={}, headers=cookie).status_code == 401
    assert len(ada.tasks()) == 1


def test_many_at_once_keep_to_their_own(ada, bob, chatbot):
    def add(index: int) -> str:
        person = (ada, bob)[index % 2]
        name = ("Ada", "Bob")[index % 2]
        response = person.client(chatbot.url).post("/api/chat", json={"message": f"add {name} {index}"})
        return response.json()["response"]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(add, range(48)))
    assert all(answer.startswith("Added task") for answer in answers)
    for person, name in ((ada, "Ada"), (bob, "Bob")):
        tasks = person.tasks()
        assert len(tasks) == 24
        assert all(task["title"].startswith(name) for task in tasks)


def test_the_request_id_reaches_the_todo_backend(ada, client, todo):
    response = client.post("/api/chat", json={"message": "add traced"}, headers={"X-Request-ID": "trace-42"})
    assert response.headers["x-request-id"] == "trace-42"
    time.sleep(0.1)
    assert any(e.get("request_id") == "trace-42" and e.get("path") == "/api/tasks" for e in todo.logs())


def test_todo_backend_away(postgres, database, start, ada):
    environment = postgres.environment(database) | {"TODO_API_URL": "http://127.0.0.1:9"}
    service = start(CHATBOT_BACKEND, environment).wait_ready()
    ready = service.client.get("/ready").json()
    assert ready["checks"]["database"] == "ok"
    assert ready["checks"]["todo_api"].startswith("unreachable")
    answer = ada.client(service.url).post("/api/chat", json={"message": "list tasks"}).json()
    assert answer["response"] == "That did not work: The task service can't be reached at the moment; please try again."
