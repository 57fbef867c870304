"""Every page in every state, light, dark and on a phone: without a finding of axe, and with pictures for a person.

PICTURES=folder pytest tests/browser/test_looks.py
"""

from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect
from slow_model import Reply, calls
from steps import add, on_changes, on_message, refuse, say, write

LOOKS = {
    "desktop": ("light", 1280, 800),
    "dark": ("dark", 1280, 800),
    "phone": ("light", 390, 844),
}


@pytest.fixture(params=LOOKS)
def seen(request, page, look):
    """A page as it looks here, and what looks at it."""
    scheme, width, height = LOOKS[request.param]
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": height})
    return page, lambda name: look(page, f"{name}-{request.param}")


def fill(page: Page) -> None:
    """A list as people have it."""
    today = date.today()
    page.get_by_role("button", name="Add a description").click()
    page.get_by_label("Description").fill("Semi-skimmed, two bottles")
    page.get_by_label("Due date").fill((today + timedelta(days=1)).isoformat())
    add(page, "Buy milk")
    for title, days in (("Send the tax return", -3), ("Water the plants", 0), ("Book the train to Berlin", 12)):
        page.get_by_label("Due date").fill((today + timedelta(days=days)).isoformat())
        add(page, title)
    add(page, "Call Bob about the garden")
    page.get_by_role("checkbox", name="Water the plants").check()
    expect(page.get_by_text("Water the plants is completed.")).to_be_attached()


def test_todo_page(seen, site, sign_up, account, watch):
    page, look = seen
    watch.allow("40[14]|503")
    page.goto(f"{site.todo}/nothing")
    look("not-found")
    page.goto(site.todo)
    look("sign-in")
    page.get_by_label("Email").fill(account.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    look("sign-in-refused")
    page.get_by_role("tab", name="Create account").click()
    look("sign-up")

    sign_up(page, site.todo)
    expect(page.get_by_text("Nothing to do yet")).to_be_visible()
    look("empty")
    fill(page)
    look("list")
    page.get_by_label("Sort by").select_option(label="Due date")
    expect(page.get_by_test_id("task").first).to_contain_text("Send the tax return")
    page.get_by_role("button", name="Pending", exact=True).click()
    expect(page.get_by_test_id("task")).to_have_count(4)
    look("overdue")
    page.get_by_role("button", name="Edit Send the tax return").click()
    expect(page.get_by_label("Title")).to_be_focused()
    look("edit")
    page.get_by_label("Title").fill("")
    page.get_by_role("button", name="Save").click()
    look("edit-without-a-title")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete Buy milk").click()
    page.get_by_role("button", name="Delete Book the train to Berlin").click()
    look("undo")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")

    on_changes(page, refuse)
    page.get_by_label("New task").fill("Order new glasses")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    look("error")
    page.get_by_label("Search tasks").fill("zebra")
    expect(page.get_by_text("No task matches")).to_be_visible()
    look("no-match")
    page.route("**/api/auth/me", refuse)
    page.reload()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    look("backend-away")


def show_conversations(page: Page) -> None:
    """On a narrow screen they are behind a button."""
    button = page.get_by_role("button", name="Conversations", exact=True)
    if button.is_visible():
        button.click()
    expect(page.get_by_test_id("conversation").first).to_be_visible()


def test_chat_page(seen, site, sign_up, watch):
    page, look = seen
    watch.allow("503|429")
    page.goto(site.chatbot)
    look("chat-sign-in")
    sign_up(page, site.chatbot)
    expect(page.get_by_text("What should happen with your tasks?")).to_be_visible()
    look("chat-empty")
    say(page, "Add buy milk tomorrow", 1)
    say(page, "What is still open?", 2)
    say(page, "Delete task 7", 3)
    look("chat")
    show_conversations(page)
    look("chat-conversations")
    page.get_by_role("button", name="Rename conversation Add buy milk tomorrow").click()
    look("chat-rename")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete conversation Add buy milk tomorrow").click()
    look("chat-delete")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    error = {"code": "too_many_messages", "message": "Please try again in 30 seconds.", "request_id": "r-1"}
    on_message(
        page, refuse, lambda route: route.fulfill(status=429, headers={"Retry-After": "30"}, json={"error": error})
    )
    write(page, "Add order new glasses")
    expect(page.get_by_role("alert").filter(has_text="not reachable")).to_be_visible()
    look("chat-error")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="many messages in a short time")).to_be_visible()
    look("chat-too-many")


def test_chat_while_it_answers(seen, model, model_chat, sign_up):
    page, look = seen
    sign_up(page, model_chat.url)
    reply = Reply()
    model.plan(calls(("add_task", {"title": "Buy milk"}), ("complete_task", {"task_id": 99})), reply)
    write(page, "Milk, please, and tick off the ninety-ninth")
    expect(page.get_by_test_id("chip")).to_have_count(2)
    look("chat-at-work")
    reply.say("The milk is on your list.\n\nThere is no task 99, though: ")
    expect(page.get_by_test_id("assistant-message")).to_contain_text("no task 99")
    look("chat-answering")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    reply.end()
    look("chat-stopped")


def test_chat_in_the_place_of_chatkit(seen, context, chatkit_url, sign_up, watch):
    page, look = seen
    watch.allow("Failed to load resource")
    context.route("https://cdn.platform.openai.com/**", lambda route: route.abort())
    sign_up(page, chatkit_url)
    expect(page.get_by_text("ChatKit can't be loaded")).to_be_visible()
    look("chat-instead-of-chatkit")
    watch.foreign.clear()
