"""Answers as they come: seen word by word, stopped, lost in mid-stream, refused, and never given twice."""

import json
import time

import pytest
from playwright.sync_api import Page, expect
from slow_model import Reply, calls, text
from steps import on_message, protocol, say, write


def last(page: Page):
    return page.get_by_test_id("assistant-message").last


@pytest.fixture
def slow(page, model_chat, sign_up) -> Page:
    """The chat page of somebody whom the scripted model answers."""
    sign_up(page, model_chat.url)
    return page


def kept(page: Page, origin: str) -> list[dict]:
    """What the server has of the newest conversation."""
    thread = protocol(page, origin, "threads.list")["data"][0]["id"]
    return protocol(page, origin, "items.list", thread_id=thread, order="asc")["data"]


def texts(items: list[dict]) -> list[tuple[str, str]]:
    return [(item["type"].removesuffix("_message"), item["content"][0]["text"]) for item in items if "content" in item]


def test_an_answer_is_seen_as_it_comes(slow, model):
    reply = Reply("Once ")
    model.plan(reply)
    write(slow, "Tell me a story")
    expect(last(slow)).to_contain_text("Once")
    expect(slow.get_by_role("button", name="Stop")).to_be_visible()
    reply.say("upon ", "a time")
    expect(last(slow)).to_contain_text("Once upon a time")
    # Not read out word by word.
    expect(slow.get_by_test_id("said")).to_have_text("")
    reply.say(".")
    reply.end()
    expect(slow.get_by_role("button", name="Send")).to_be_visible()
    expect(slow.get_by_test_id("said")).to_have_text("Once upon a time.")


def test_what_is_done_is_seen_before_the_answer(slow, model, site):
    reply = Reply()
    model.plan(calls(("add_task", {"title": "Tea"}), ("complete_task", {"task_id": 99})), reply)
    write(slow, "tea, please")
    chips = slow.get_by_test_id("chip")
    expect(chips).to_have_count(2)
    expect(chips.first).to_have_text("Added “Tea”")
    expect(chips.last).to_contain_text("Could not complete task 99: ")
    reply.say("Here you are.")
    reply.end()
    expect(last(slow)).to_contain_text("Here you are.")
    slow.reload()
    expect(chips).to_have_count(2)
    expect(last(slow)).to_contain_text("Here you are.")


def test_stopping_keeps_what_was_said(slow, model, model_chat):
    reply = Reply("Once ", "upon")
    model.plan(reply)
    write(slow, "Tell me a story")
    expect(last(slow)).to_contain_text("Once upon")
    slow.get_by_role("button", name="Stop").click()
    expect(last(slow)).to_contain_text("Stopped")
    expect(slow.get_by_label("Message", exact=True)).to_be_focused()
    expect(slow.get_by_role("button", name="Send")).to_be_visible()
    reply.say(" a time")
    reply.end()
    deadline = time.monotonic() + 10
    while len(found := texts(kept(slow, model_chat.url))) < 2:
        assert time.monotonic() < deadline, found
        slow.wait_for_timeout(100)
    assert found[0] == ("user", "Tell me a story")
    assert found[1][0] == "assistant" and found[1][1].startswith("Once upon") and "a time" not in found[1][1]
    # And it goes on from there.
    model.plan(text("The end."))
    assert "The end." in say(slow, "Go on", 2)
    slow.reload()
    expect(slow.get_by_test_id("assistant-message")).to_have_count(2)


def test_another_conversation_does_not_get_the_answer(slow, model):
    reply = Reply("Once ")
    model.plan(reply)
    write(slow, "Tell me a story")
    expect(last(slow)).to_contain_text("Once")
    slow.get_by_role("button", name="New conversation").click()
    expect(slow.get_by_test_id("assistant-message")).to_have_count(0)
    reply.say("upon a time.")
    slow.get_by_test_id("conversation").get_by_role("button", name="Tell me a story", exact=True).click()
    expect(last(slow)).to_contain_text("Once upon a time.")
    expect(slow.get_by_role("button", name="Stop")).to_be_visible()
    reply.end()
    expect(slow.get_by_role("button", name="Send")).to_be_visible()
    expect(slow.get_by_test_id("user-message")).to_have_count(1)
    expect(slow.get_by_test_id("assistant-message")).to_have_count(1)


def test_a_backend_that_dies_in_mid_stream(slow, model, model_chat, watch):
    """What came stays to be seen; trying again sends the same message."""
    watch.allow("ERR_INCOMPLETE_CHUNKED_ENCODING|409|50[234]")
    model.plan(Reply("Once upon"), text("There was a king."))
    sent: list[tuple[str, str]] = []
    slow.on(
        "request",
        lambda request: (
            "idempotency-key" in request.headers
            and sent.append((request.headers["idempotency-key"], request.post_data))
        ),
    )
    write(slow, "Tell me a story")
    expect(last(slow)).to_contain_text("Once upon")
    model_chat.backend.kill()
    try:
        expect(slow.get_by_role("alert").filter(has_text="connection was lost")).to_be_visible()
        expect(last(slow)).to_contain_text("Once upon")
        expect(slow.get_by_label("Message", exact=True)).to_have_value("")
    finally:
        model_chat.backend.start()
    again = slow.get_by_role("button", name="Try again")
    deadline = time.monotonic() + 40
    # A server may hold the message of a process that died for a while.
    while slow.get_by_text("There was a king.").count() == 0:
        assert time.monotonic() < deadline, sent
        if again.is_visible():
            again.click()
        slow.wait_for_timeout(500)
    expect(slow.get_by_role("button", name="Send")).to_be_visible()
    expect(slow.get_by_role("alert").filter(has_text="lost")).to_have_count(0)
    assert len(sent) > 1 and len(set(sent)) == 1
    expect(slow.get_by_test_id("user-message")).to_have_count(1)


def broken_stream(*events: dict) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def test_a_lost_answer_is_asked_for_again_and_given_once(chat, site):
    """The first attempt's events come from nowhere and break off; the second is the first that the server hears."""
    user = {"type": "user_message", "id": "msg_1", "content": [{"type": "input_text", "text": "Add buy milk"}]}
    thread = {"id": "conv_1", "created_at": "2030-01-01T00:00:00Z"}
    answer = {"type": "assistant_message", "id": "msg_2", "content": [{"text": "Adding it, I am s"}]}
    body = broken_stream(
        {"type": "thread.created", "thread": thread},
        {"type": "thread.item.done", "item": user},
        {"type": "thread.item.added", "item": answer},
    )
    keys = on_message(chat, lambda route: route.fulfill(content_type="text/event-stream", body=body))
    write(chat, "Add buy milk")
    expect(chat.get_by_role("alert").filter(has_text="connection was lost")).to_be_visible()
    expect(last(chat)).to_contain_text("Adding it, I am s")
    chat.get_by_role("button", name="Try again").click()
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])
    expect(chat.get_by_test_id("user-message")).to_have_count(1)
    expect(chat.get_by_test_id("assistant-message")).to_have_count(1)
    assert len(keys) == 2 and keys[0] == keys[1]
    assert len(chat.request.get(f"{site.chatbot}/api/tasks").json()) == 1
    assert [kind for kind, _ in texts(kept(chat, site.chatbot))] == ["user", "assistant"]


def test_an_error_of_the_server_is_said_in_its_words(chat, watch):
    body = broken_stream(
        {"type": "thread.created", "thread": {"id": "conv_1", "created_at": "2030-01-01T00:00:00Z"}},
        {"type": "error", "code": "custom", "message": "The language model is out of order.", "allow_retry": True},
    )
    on_message(chat, lambda route: route.fulfill(content_type="text/event-stream", body=body))
    write(chat, "Add buy milk")
    expect(chat.get_by_role("alert").filter(has_text="The language model is out of order.")).to_be_visible()
    chat.get_by_role("button", name="Try again").click()
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])


def too_many(seconds: int):
    error = {"code": "too_many_messages", "message": "Please try again in 12 seconds.", "request_id": "r-1"}
    return lambda route: route.fulfill(status=429, headers={"Retry-After": str(seconds)}, json={"error": error})


def test_too_many_messages_are_told_with_a_countdown(chat, watch):
    watch.allow("429")
    chat.clock.install()
    say(chat, "Help", 1)
    keys = on_message(chat, too_many(12))
    write(chat, "Add buy milk")
    alert = chat.get_by_role("alert").filter(has_text="You have sent many messages in a short time.")
    countdown = alert.get_by_test_id("countdown")
    expect(countdown).to_have_text("You can try again in 12 seconds.")
    again = alert.get_by_role("button", name="Try again")
    expect(again).to_have_attribute("aria-disabled", "true")
    expect(chat.get_by_label("Message", exact=True)).to_have_value("Add buy milk")
    chat.clock.fast_forward(11_000)
    expect(countdown).to_have_text("You can try again in 1 second.")
    # Playwright's own click would wait.
    again.dispatch_event("click")
    assert len(keys) == 1
    chat.clock.fast_forward(1_500)
    expect(countdown).to_have_text("You can try again now.")
    again.click()
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])
    expect(alert).to_have_count(0)
    assert len(keys) == 2 and keys[0] == keys[1]


def test_a_draft_survives_a_reload_and_a_refusal_in_between(chat, watch):
    watch.allow("503")
    field = chat.get_by_label("Message", exact=True)
    field.fill("Add buy")
    chat.reload()
    expect(field).to_have_value("Add buy")
    on_message(chat, lambda route: route.fulfill(status=503, json={}))
    write(chat, "Add buy milk")
    expect(field).to_have_value("Add buy milk")
    chat.reload()
    expect(field).to_have_value("Add buy milk")
    chat.get_by_role("button", name="Send").click()
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])
    chat.reload()
    expect(chat.get_by_test_id("chip")).to_have_count(1)
    expect(field).to_have_value("")


def test_a_message_whose_answer_a_reload_broke_off_says_so(slow, model):
    model.plan(Reply())
    write(slow, "Tell me a story")
    expect(slow.get_by_role("button", name="Tell me a story", exact=True)).to_be_visible()
    slow.reload()
    offered = slow.get_by_role("alert").filter(has_text="This message has no answer")
    # The server may have kept that it was stopped.
    expect(offered.or_(last(slow).filter(has_text="Stopped"))).to_be_visible()
    expect(slow.get_by_test_id("user-message")).to_have_text(["You: Tell me a story"])


def test_two_replicas_serve_one_conversation(chat, site, model, model_chat):
    """The page's own replica begins it, another one (which a model helps) goes on."""
    say(chat, "Add buy milk", 1)
    model.plan(text("Milk it is."))
    chat.goto(model_chat.url)
    chat.get_by_test_id("conversation").get_by_role("button", name="Add buy milk", exact=True).click()
    assert "Milk it is." in say(chat, "What did I say?", 2)
    asked = model.requests[0]["messages"]
    assert [message["content"] for message in asked if message["role"] == "user"] == ["Add buy milk", "What did I say?"]
    chat.goto(site.chatbot)
    expect(chat.get_by_test_id("user-message")).to_have_count(2)
