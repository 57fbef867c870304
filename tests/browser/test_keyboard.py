"""The pages without a mouse, and where the keyboard goes when what it was on is gone."""

import pytest
from playwright.sync_api import Locator, Page, expect
from slow_model import Reply, text
from steps import add, on_message, refuse, say, task


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.count() == 1 and target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{target} is not reached with Tab")


def test_keyboard_alone_is_enough(page, site, account):
    """From the first key press to a deleted task without a mouse."""
    page.goto(site.todo)
    keys = page.keyboard
    page.get_by_role("tab", name="Sign in").focus()
    keys.press("ArrowRight")
    expect(page.get_by_role("tab", name="Create account")).to_be_focused()
    for typed in (account.name, account.email, account.password):
        keys.press("Tab")
        keys.type(typed)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_label("New task").focus()
    keys.type("By keyboard")
    keys.press("Enter")
    box = page.get_by_role("checkbox", name="By keyboard")
    expect(box).to_be_visible()
    tab_to(page, box)
    keys.press("Space")
    expect(box).to_be_checked()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Edit By keyboard")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(box).to_have_count(0)
    expect(page.get_by_label("New task")).to_be_focused()


def test_edit_and_search(todo):
    add(todo, "Call Bob")
    add(todo, "Water the plants")
    keys = todo.keyboard
    tab_to(todo, todo.get_by_role("button", name="Edit Call Bob"))
    keys.press("Enter")
    expect(todo.get_by_label("Title")).to_be_focused()
    keys.press("End")
    keys.type(" tomorrow")
    keys.press("Enter")
    expect(task(todo, "Call Bob tomorrow")).to_be_visible()
    expect(todo.get_by_role("button", name="Edit Call Bob tomorrow")).to_be_focused()

    todo.get_by_label("New task").focus()
    tab_to(todo, todo.get_by_label("Search tasks"))
    keys.type("plants")
    expect(todo.get_by_test_id("task")).to_have_count(1)
    expect(todo.get_by_label("Search tasks")).to_be_focused()
    keys.type(" nowhere")
    tab_to(todo, todo.get_by_role("button", name="Show all tasks"))
    keys.press("Enter")
    expect(todo.get_by_test_id("task")).to_have_count(2)
    expect(todo.get_by_label("Search tasks")).to_be_focused()


def test_undo_by_its_button_and_by_its_key(todo):
    for title in ("One", "Two", "Three"):
        add(todo, title)
    keys = todo.keyboard
    tab_to(todo, todo.get_by_role("button", name="Delete Two"))
    keys.press("Enter")
    # The task that took its place.
    expect(todo.get_by_role("checkbox", name="One")).to_be_focused()
    keys.press("Control+z")
    expect(todo.get_by_role("checkbox", name="Two")).to_be_focused()
    tab_to(todo, todo.get_by_role("button", name="Delete Two"))
    keys.press("Enter")
    tab_to(todo, todo.get_by_role("button", name="Undo deleting Two"))
    keys.press("Enter")
    expect(todo.get_by_role("checkbox", name="Two")).to_be_focused()
    expect(todo.get_by_test_id("task")).to_have_count(3)


def test_undo_key_leaves_a_text_alone(todo):
    add(todo, "Stays deleted")
    todo.get_by_role("button", name="Delete Stays deleted").click()
    todo.get_by_label("New task").press_sequentially("Typed")
    todo.keyboard.press("Control+z")
    expect(task(todo, "Stays deleted")).to_have_count(0)


def test_focus_stays_in_the_list_when_a_ticked_task_leaves_it(todo):
    for title in ("One", "Two"):
        add(todo, title)
    todo.get_by_role("button", name="Pending", exact=True).click()
    expect(todo.get_by_test_id("shown")).to_have_text("2 tasks")
    todo.get_by_role("checkbox", name="Two").focus()
    todo.keyboard.press("Space")
    expect(todo.get_by_role("checkbox", name="One")).to_be_focused()
    todo.keyboard.press("Space")
    expect(todo.get_by_text("No task matches")).to_be_visible()
    expect(todo.get_by_label("New task")).to_be_focused()


def test_chat_by_keyboard_alone(chat):
    keys = chat.keyboard
    field = chat.get_by_label("Message", exact=True)
    tab_to(chat, chat.get_by_role("button", name="Help", exact=True))
    keys.press("Enter")
    expect(chat.get_by_test_id("assistant-message")).to_have_count(1)
    expect(field).to_be_focused()
    keys.type("Add buy milk")
    keys.press("Enter")
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])
    expect(field).to_be_focused()

    tab_to(chat, chat.get_by_role("button", name="New conversation"))
    keys.press("Enter")
    expect(field).to_be_focused()
    say(chat, "Hello", 1)
    expect(chat.get_by_test_id("conversation")).to_have_count(2)
    tab_to(chat, chat.get_by_role("button", name="Rename conversation Help"))
    keys.press("Enter")
    expect(chat.get_by_label("Title", exact=True)).to_be_focused()
    keys.type("First steps")
    keys.press("Enter")
    expect(chat.get_by_role("button", name="Rename conversation First steps")).to_be_focused()
    keys.press("Tab")
    expect(chat.get_by_role("button", name="Delete conversation First steps")).to_be_focused()
    keys.press("Enter")
    expect(chat.get_by_role("button", name="Cancel")).to_be_focused()
    keys.press("Escape")
    expect(chat.get_by_role("button", name="Delete conversation First steps")).to_be_focused()
    keys.press("Enter")
    keys.press("Shift+Tab")
    expect(chat.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(chat.get_by_test_id("conversation")).to_have_count(1)
    expect(chat.get_by_role("button", name="Hello", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(field).to_be_focused()
    # What was said can be scrolled without a mouse.
    tab_to(chat, chat.get_by_role("region", name="Messages"))


def test_stopping_and_trying_again_keep_the_keyboard_in_the_field(page, model, model_chat, sign_up, watch):
    watch.allow("503")
    sign_up(page, model_chat.url)
    field = page.get_by_label("Message", exact=True)
    reply = Reply("Once")
    model.plan(reply, text("The end."))
    field.focus()
    page.keyboard.type("Tell me a story")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("assistant-message")).to_contain_text("Once")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.keyboard.press("Enter")
    reply.end()
    expect(field).to_be_focused()
    on_message(page, refuse)
    page.keyboard.type("Go on")
    page.keyboard.press("Enter")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(field).to_be_focused()
    again.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("assistant-message").last).to_contain_text("The end.")
    expect(field).to_be_focused()
