"""What the assistant does, as ChatKit's workflow items: worded, streamed, and kept with the conversation."""

import json
import time

import pytest
from chatkit.types import AssistantMessageContent, AssistantMessageItem, Workflow, WorkflowItem
from model_server import calls, text
from test_chatkit import ask, create, more, of, user_input

from app.chatkit_progress import Narrator, doing, done, stopped
from app.models import now
from app.toolbox import ToolCall

TASK = {"id": 7, "title": "Buy milk", "description": "", "due_date": None, "completed": False}
SHORT = {"task_id": 7, "status": "pending", "title": "Buy milk"}


@pytest.mark.parametrize("result", [TASK, SHORT])
@pytest.mark.parametrize(
    ("name", "arguments", "title"),
    [
        ("add_task", {"title": "buy milk"}, "Added “Buy milk”"),
        ("complete_task", {"task_id": 7}, "Completed “Buy milk”"),
        ("complete_task", {"task_id": 7, "completed": False}, "Opened “Buy milk” again"),
        ("delete_task", {"task_id": 7}, "Deleted “Buy milk”"),
        ("update_task", {"task_id": 7, "title": "Buy milk"}, "Changed “Buy milk”"),
    ],
)
def test_words_for_what_was_done(name, arguments, title, result):
    task = done(ToolCall(name, arguments, result))
    assert (task.title, task.status_indicator) == (title, "complete")


@pytest.mark.parametrize(
    ("result", "title"),
    [
        ({"tasks": [TASK], "total": 1}, "Found 1 task"),
        ({"tasks": [TASK], "total": 30}, "Found 30 tasks"),
        ([TASK, TASK], "Found 2 tasks"),
        ({"result": []}, "Found no task"),
        ("rubbish", "Looked through your tasks"),
    ],
)
def test_words_for_lists(result, title):
    assert done(ToolCall("list_tasks", {}, result)).title == title


@pytest.mark.parametrize(
    ("name", "arguments", "why", "title"),
    [
        ("delete_task", {"task_id": 7}, "There is no task 7.", "Could not delete task 7: there is no task 7"),
        ("update_task", {"task_id": 7, "title": "New"}, "Gone.", "Could not change task 7: gone"),
        ("add_task", {"title": "Tea"}, "HTTP is away.", "Could not add “Tea”: HTTP is away"),
        ("complete_task", {"task_id": 1, "completed": False}, "I can't.", "Could not open task 1 again: I can't"),
        ("other", {}, "No.", "other failed: no"),
    ],
)
def test_words_for_what_failed(name, arguments, why, title):
    task = done(ToolCall(name, arguments, {"error": why}))
    assert (task.title, task.status_indicator) == (title, "none")


@pytest.mark.parametrize("result", [None, "text", 3, [], {}])
def test_results_that_nobody_knows_have_words_too(result):
    for name in ("add_task", "delete_task", "unknown"):
        assert done(ToolCall(name, {}, result)).title
        assert doing(ToolCall(name, {})).status_indicator == "loading"


def workflow():
    return WorkflowItem(id="w", thread_id="t", created_at=now(), workflow=Workflow(type="custom", tasks=[]))


def narrator():
    content = [AssistantMessageContent(text="")]
    return Narrator(AssistantMessageItem(id="a", thread_id="t", created_at=now(), content=content), workflow)


def test_parallel_calls_are_tasks_of_one_workflow_and_may_end_in_any_order():
    told, one, two = narrator(), ToolCall("add_task", {"title": "One"}), ToolCall("add_task", {"title": "Two"})
    events = [*told.called(one), *told.called(two)]
    two.result, one.result = {"title": "Two"}, {"error": "No."}
    events += [*told.called(two), *told.called(one), *told.ended("Done.")]
    assert [event.type for event in events[:4]] == ["thread.item.added", *["thread.item.updated"] * 3]
    assert [task.title for task in events[0].item.workflow.tasks] == ["Adding a task…"]
    assert [(e.update.type, e.update.task_index) for e in events[1:4]] == [
        ("workflow.task.added", 1),
        ("workflow.task.updated", 1),
        ("workflow.task.updated", 0),
    ]
    kept = events[4].item.workflow.tasks
    assert [task.title for task in kept] == ["Could not add “One”: no", "Added “Two”"]
    assert [event.type for event in events[4:]] == [
        "thread.item.done",
        "thread.item.added",
        "thread.item.updated",
        "thread.item.done",
    ]


def test_calls_after_some_text_are_a_workflow_of_their_own():
    told, first, second = narrator(), ToolCall("list_tasks", {}), ToolCall("add_task", {"title": "Tea"})
    events = [*told.called(first)]
    first.result = []
    events += [*told.called(first), *told.said("Let me see."), *told.called(second)]
    second.result = {"title": "Tea"}
    events += [*told.called(second), *told.ended("Let me see. Done.")]
    done_items = [event.item for event in events if event.type == "thread.item.done"]
    assert [item.type for item in done_items] == ["workflow", "workflow", "assistant_message"]
    assert [item.workflow.tasks[0].title for item in done_items[:2]] == ["Found no task", "Added “Tea”"]


def test_calls_that_were_broken_off_say_so():
    item = workflow()
    item.workflow.tasks += [doing(ToolCall("add_task", {})), done(ToolCall("add_task", {}, {"title": "Tea"}))]
    tasks = stopped(item).workflow.tasks
    assert [(task.title, task.status_indicator) for task in tasks] == [
        ("Adding a task: stopped", "none"),
        ("Added “Tea”", "complete"),
    ]


def chips(items):
    return [task["title"] for item in items if item["type"] == "workflow" for task in item["workflow"]["tasks"]]


def test_what_was_done_is_streamed_and_kept_before_the_answer(client):
    events = create(client, "add buy milk")
    thread = events[0]["thread"]["id"]
    (shown,) = [e["item"] for e in of(events, "thread.item.added") if e["item"]["type"] == "workflow"]
    assert shown["workflow"]["type"] == "custom"
    assert shown["workflow"]["tasks"] == [
        {"type": "custom", "title": "Adding a task…", "status_indicator": "loading"},
    ]
    updates = [e["update"] for e in of(events, "thread.item.updated") if e["item_id"] == shown["id"]]
    assert [(u["type"], u["task"]["title"]) for u in updates] == [("workflow.task.updated", "Added “Buy milk”")]

    more(client, thread, "delete task 7")
    items = ask(client, "items.list", thread_id=thread, order="asc")["data"]
    assert [item["type"] for item in items] == ["user_message", "workflow", "assistant_message"] * 2
    assert items[1] == of(events, "thread.item.done")[1]["item"]
    titles = chips(items)
    assert titles[0] == "Added “Buy milk”"
    assert titles[1].startswith("Could not delete task 7: ")
    # The other interface speaks of messages alone.
    assert [m["role"] for m in client.get(f"/api/conversations/{thread}").json()["messages"]] == [
        "user",
        "assistant",
    ] * 2


def test_a_models_calls_are_told_as_they_come(ada, model_chatbot, model):
    client = ada.client(model_chatbot.url)
    wanted = ("add_task", {"title": "Tea"}), ("delete_task", {"task_id": 99})
    model.plan([*text("Let me do "), *text("that."), *calls(*wanted)], text("All ", "done."))
    events = create(client, "tea, please")
    kinds = [e["item"]["type"] for e in of(events, "thread.item.done")]
    assert kinds == ["user_message", "workflow", "assistant_message"]
    items = ask(client, "items.list", thread_id=events[0]["thread"]["id"], order="asc")["data"]
    first, second = chips(items)
    assert first == "Added “Tea”"
    assert second.startswith("Could not delete task 99: ")


def test_what_was_done_stays_when_the_reader_stops(ada, model_chatbot, model):
    client = ada.client(model_chatbot.url)
    model.plan(calls(("add_task", {"title": "Tea"})), "hang")
    request = {"type": "threads.create", "params": {"input": user_input("tea, please")}}
    thread = ""
    with client.stream("POST", "/chatkit", json=request) as response:
        for line in response.iter_lines():
            event = json.loads(line.removeprefix("data: ")) if line else {}
            thread = thread or event.get("thread", {}).get("id", "")
            if event.get("update", {}).get("type") == "workflow.task.updated":
                break
    deadline = time.monotonic() + 10
    while not (items := ask(client, "items.list", thread_id=thread, order="asc")["data"])[1:]:
        assert time.monotonic() < deadline, "nothing was kept"
        time.sleep(0.05)
    assert chips(items) == ["Added “Tea”"]
