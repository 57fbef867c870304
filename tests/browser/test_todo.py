"""The Todo page."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect


def add(page: Page, title: str) -> None:
    page.get_by_label("New task").fill(title)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(task(page, title)).to_be_visible()


def task(page: Page, title: str):
    return page.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name=title, exact=True))


def titles(page: Page) -> list[str]:
    return page.get_by_test_id("task").locator("label").all_inner_texts()


def test_page_loads_with_its_title(page, site):
    page.goto(site.todo)
    expect(page).to_have_title("Todo")
    expect(page.get_by_role("heading", name="Todo")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_sign_out_and_in_again(todo, account):
    todo.get_by_role("button", name="Sign out").click()
    todo.get_by_label("Email").fill(account.email)
    todo.get_by_label("Password").fill(account.password)
    todo.get_by_role("button", name="Sign in").click()
    expect(todo.get_by_role("heading", name=f"Hello, {account.name}")).to_be_visible()
    todo.reload()
    expect(todo.get_by_test_id("user")).to_have_text(account.name)


def test_wrong_password_is_said_and_nothing_typed_is_lost(todo, account, watch):
    watch.allow("401")
    todo.get_by_role("button", name="Sign out").click()
    todo.get_by_label("Email").fill(account.email)
    todo.get_by_label("Password").fill("not the password")
    todo.get_by_role("button", name="Sign in").click()
    expect(todo.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    expect(todo.get_by_label("Email")).to_have_value(account.email)


def test_taken_address_and_short_password_are_said(todo, account, watch):
    watch.allow("409")
    todo.get_by_role("button", name="Sign out").click()
    todo.get_by_role("tab", name="Create account").click()
    todo.get_by_label("Email").fill(account.email)
    todo.get_by_label("Password").fill("short")
    todo.get_by_role("button", name="Create account").click()
    expect(todo.get_by_text("Use at least 8 characters.")).to_be_visible()
    todo.get_by_label("Password").fill(account.password)
    todo.get_by_role("button", name="Create account").click()
    expect(todo.get_by_role("alert").filter(has_text="exists already")).to_be_visible()


def test_add_with_everything_then_complete_then_delete(todo):
    expect(todo.get_by_text("Nothing to do yet")).to_be_visible()
    todo.get_by_role("button", name="Add a description").click()
    todo.get_by_label("Description").fill("Semi-skimmed\nTwo bottles")
    todo.get_by_label("Due date").fill((date.today() + timedelta(days=1)).isoformat())
    add(todo, "Buy milk")
    row = task(todo, "Buy milk")
    expect(row).to_contain_text("Two bottles")
    expect(row).to_contain_text("Tomorrow")
    expect(row).to_contain_text("#1")
    expect(todo.get_by_label("New task")).to_have_value("")
    expect(todo.get_by_label("New task")).to_be_focused()

    todo.get_by_role("checkbox", name="Buy milk").check()
    todo.reload()
    expect(todo.get_by_role("checkbox", name="Buy milk")).to_be_checked()

    todo.get_by_role("button", name="Delete Buy milk").click()
    expect(row).to_have_count(0)
    todo.reload()
    expect(todo.get_by_text("Nothing to do yet")).to_be_visible()


def test_undo_brings_a_deleted_task_back(todo):
    add(todo, "Water the plants")
    todo.get_by_role("button", name="Delete Water the plants").click()
    todo.get_by_role("button", name="Undo").click()
    expect(task(todo, "Water the plants")).to_be_visible()


def test_edit_changes_a_task_and_escape_does_not(todo):
    add(todo, "Call Bob")
    todo.get_by_role("button", name="Edit Call Bob").click()
    form = todo.get_by_role("form", name="Edit Call Bob")
    form.get_by_label("Title").fill("Nothing")
    form.get_by_label("Title").press("Escape")
    expect(task(todo, "Call Bob")).to_be_visible()
    expect(todo.get_by_role("button", name="Edit Call Bob")).to_be_focused()
    todo.get_by_role("button", name="Edit Call Bob").click()
    form.get_by_label("Title").fill("Call Eve")
    form.get_by_label("Description").fill("About the garden")
    form.get_by_role("button", name="Save").click()
    expect(task(todo, "Call Eve")).to_contain_text("About the garden")
    todo.reload()
    expect(task(todo, "Call Eve")).to_contain_text("About the garden")


def test_filter_search_and_sort(todo):
    for title in ("Banana", "Apple", "Cherry"):
        add(todo, title)
    assert titles(todo) == ["Cherry", "Apple", "Banana"]
    todo.get_by_label("Sort by").select_option(label="Title")
    expect(todo.get_by_test_id("task").first).to_contain_text("Apple")
    assert titles(todo) == ["Apple", "Banana", "Cherry"]

    todo.get_by_role("checkbox", name="Apple").check()
    todo.get_by_role("button", name="Pending", exact=True).click()
    expect(todo.get_by_test_id("task")).to_have_count(2)
    todo.get_by_role("button", name="Completed", exact=True).click()
    expect(todo.get_by_test_id("task")).to_have_count(1)
    todo.get_by_role("button", name="All", exact=True).click()
    expect(todo.get_by_test_id("task")).to_have_count(3)

    todo.get_by_label("Search tasks").fill("an")
    expect(todo.get_by_test_id("task")).to_have_count(1)
    assert titles(todo) == ["Banana"]
    todo.get_by_label("Search tasks").fill("zebra")
    expect(todo.get_by_text("No task matches")).to_be_visible()
    todo.get_by_role("button", name="Show all tasks").click()
    expect(todo.get_by_test_id("task")).to_have_count(3)
    expect(todo.get_by_label("Search tasks")).to_have_value("")


def test_what_is_typed_stays_text(todo):
    title = '<img src=x onerror="alert(1)"> & "quotes"'
    add(todo, title)
    expect(task(todo, title)).to_be_visible()


def test_a_title_is_asked_for(todo):
    todo.get_by_role("button", name="Add", exact=True).click()
    expect(todo.get_by_text("Give the task a title.")).to_be_visible()
    expect(todo.get_by_label("New task")).to_be_focused()


def test_keyboard_alone_is_enough(page, site, account):
    """From the first key press to a deleted task without a mouse."""
    page.goto(site.todo)
    keys = page.keyboard
    page.get_by_role("tab", name="Sign in").focus()
    keys.press("ArrowRight")
    expect(page.get_by_role("tab", name="Create account")).to_be_focused()
    for text in (account.name, account.email, account.password):
        keys.press("Tab")
        keys.type(text)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_label("New task").focus()
    keys.type("By keyboard")
    keys.press("Enter")
    box = page.get_by_role("checkbox", name="By keyboard")
    expect(box).to_be_visible()
    for _ in range(20):
        keys.press("Tab")
        if box.evaluate("element => element === document.activeElement"):
            break
    keys.press("Space")
    expect(box).to_be_checked()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Edit By keyboard")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(box).to_have_count(0)
    expect(page.get_by_label("New task")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out_of_a_screen(todo, width):
    todo.set_viewport_size({"width": width, "height": 800})
    add(todo, "Supercalifragilisticexpialidocious" * 3)
    assert todo.evaluate("document.documentElement.scrollWidth") <= width
    expect(todo.get_by_role("link", name="Chatbot").first).to_be_visible()


def test_backend_away_is_said_and_passes(todo, stack, watch):
    add(todo, "Before")
    watch.allow("50[234]")
    backend = stack.services["todo-backend"]
    backend.stop()
    try:
        todo.get_by_label("New task").fill("Meanwhile")
        todo.get_by_role("button", name="Add", exact=True).click()
        expect(todo.get_by_role("alert").filter(has_text="todo-backend is not reachable")).to_be_visible()
        expect(todo.get_by_label("New task")).to_have_value("Meanwhile")
        expect(task(todo, "Before")).to_be_visible()
        todo.reload()
        expect(todo.get_by_role("button", name="Try again")).to_be_visible()
        assert todo.request.get(f"{stack.services['todo-frontend'].url}/ready").status == 503
        assert todo.request.get(f"{stack.services['todo-frontend'].url}/health").status == 200
    finally:
        backend.start()
    todo.get_by_role("button", name="Try again").click()
    expect(task(todo, "Before")).to_be_visible()


def test_expired_session_leads_back_to_sign_in(todo, context, watch):
    watch.allow("401")
    # A list still on its way would notice the end of the session first and take the form away.
    todo.wait_for_load_state("networkidle")
    context.clear_cookies()
    todo.get_by_label("New task").fill("Too late")
    todo.get_by_role("button", name="Add", exact=True).click()
    expect(todo.get_by_role("status").filter(has_text="session has ended")).to_be_visible()
