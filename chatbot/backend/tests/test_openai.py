"""The OpenAI-compatible assistant against a scripted endpoint, over real HTTP."""

import json

import pytest
from conftest import MODEL_KEY, talk
from model_server import calls, text
from test_chatkit import create, of


@pytest.fixture
def ask(ada, model_chatbot):
    return talk(ada.client(model_chatbot.url))


def test_text_only(ask, model, model_chatbot):
    model.plan(text("Hello", ", ", "Ada."))
    answer = ask("Good morning")
    assert answer["response"] == "Hello, Ada."
    assert (answer["assistant"], answer["tool_calls"]) == ("openai:scripted-1", [])
    (request,) = model.requests
    assert request["model"] == "scripted-1"
    assert request["stream"] is True
    assert [m["role"] for m in request["messages"]] == ["system", "user"]
    assert {tool["function"]["name"] for tool in request["tools"]} == {
        "add_task", "list_tasks", "complete_task", "delete_task", "update_task",
    }  # fmt: skip
    assert model.authorization == [f"Bearer {MODEL_KEY}"]
    assert model_chatbot.client.get("/ready").json()["assistant"] == "openai:scripted-1"


def test_tool_loop(ada, ask, model):
    model.plan(
        calls(("add_task", {"title": "Milk"}), ("add_task", {"title": "Tea", "due_date": "2031-01-01"})),
        text("Let me see. ") + calls(("list_tasks", {})),
        calls(("complete_task", {"task_id": 1})),
        text("Both added; ", "milk is done."),
    )
    answer = ask("Add milk and tea, milk is done already")
    assert answer["response"] == "Let me see.\n\nBoth added; milk is done."
    assert [call["name"] for call in answer["tool_calls"]] == ["add_task", "add_task", "list_tasks", "complete_task"]
    assert answer["tool_calls"][1]["result"]["due_date"] == "2031-01-01"
    assert [(t["title"], t["completed"]) for t in ada.tasks()] == [("Tea", False), ("Milk", True)]
    last = model.requests[-1]["messages"]
    assert [m["role"] for m in last] == [
        "system", "user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "tool",
    ]  # fmt: skip
    assert last[2]["tool_calls"][0]["function"] == {"name": "add_task", "arguments": '{"title": "Milk"}'}
    assert last[3]["tool_call_id"] == "call_0"
    assert json.loads(last[3]["content"])["id"] == 1


def test_history_goes_along_and_is_bounded(ask, model):
    model.plan(*[text(f"answer {number}") for number in range(12)])
    for number in range(12):
        ask(f"question {number}")
    messages = model.requests[-1]["messages"]
    assert [m["content"] for m in messages[1:3]] == ["question 1", "answer 1"]
    assert messages[-1] == {"role": "user", "content": "question 11"}
    assert len(messages) == 1 + 20 + 1


def test_the_models_mistakes_go_back_to_it(ask, model):
    model.plan(
        calls(
            ("no_such_tool", {}),
            ("add_task", '{"title": '),
            ("add_task", "[]"),
            ("add_task", {"title": ""}),
            ("complete_task", {"task_id": 7, "name": "x"}),
        ),
        text("I could not."),
    )
    answer = ask("do odd things")
    assert answer["response"] == "I could not."
    results = [json.loads(m["content"]) for m in model.requests[-1]["messages"] if m["role"] == "tool"]
    assert len(results) == 5
    assert all(set(result) == {"error"} for result in results)
    assert "not a JSON object" in results[1]["error"]


def test_the_loop_is_bounded(ask, model):
    model.plan(*[calls(("list_tasks", {})) for _ in range(20)])
    answer = ask("loop for ever")
    assert "too many steps" in answer["response"]
    assert len(answer["tool_calls"]) == 8
    model.plan(calls(*[("list_tasks", {})] * 30), text("enough"))
    assert len(ask("many at once")["tool_calls"]) == 24


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([401], "it does not accept the API key"),
        ([404], "it does not know the configured model"),
        ([429, 429], "its rate limit or quota is used up"),
        ([500, 500], "it answered with status 500"),
        (["hang", "hang"], "it did not answer in time"),
        (["rubbish"], "its answer can't be understood"),
    ],
)
def test_falls_back_when_the_model_fails(ada, ask, model, model_chatbot, steps, reason):
    model.plan(*steps)
    answer = ask("add buy milk")
    assert answer["assistant"] == "built-in"
    assert answer["response"] == (
        f"(The language model can't answer: {reason}. The built-in assistant answers instead.)\n\n"
        "Added task 1, “Buy milk”."
    )
    assert MODEL_KEY not in model_chatbot.text()
    assert MODEL_KEY not in json.dumps(answer)


def test_does_not_start_over_when_something_was_done(ada, ask, model):
    model.plan(calls(("add_task", {"title": "Once"})), 500, 500)
    answer = ask("add once")
    assert answer["assistant"] == "openai:scripted-1"
    assert "What was done until then" in answer["response"]
    assert [t["title"] for t in ada.tasks()] == ["Once"]
    model.plan("cut")
    assert "What was done until then" in ask("go on")["response"]


def test_streams_through_chatkit(ada, model, model_chatbot):
    model.plan(calls(("add_task", {"title": "Milk"})), text("Milk ", "is ", "on it."))
    events = create(ada.client(model_chatbot.url), "milk!")
    deltas = [e["update"]["delta"] for e in of(events, "thread.item.updated") if "delta" in e["update"]]
    assert deltas == ["Milk ", "is ", "on it."]
    assert of(events, "thread.item.done")[-1]["item"]["content"][0]["text"] == "Milk is on it."


def test_unreachable_endpoint(postgres, database, todo, start, ada):
    from todo_testing.service import CHATBOT_BACKEND

    environment = {"TODO_API_URL": todo.url, "OPENAI_API_KEY": MODEL_KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    service = start(CHATBOT_BACKEND, postgres.environment(database) | environment).wait_ready()
    answer = talk(ada.client(service.url))("list tasks")
    assert answer["response"].startswith("(The language model can't answer: it can't be reached.")
