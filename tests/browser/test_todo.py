"""The Todo page."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect
from steps import add, task, titles


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
    expect(todo.get_by_text("Call Bob is saved.")).to_be_attached()
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


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out_of_a_screen(todo, width):
    todo.set_viewport_size({"width": width, "height": 800})
    add(todo, "Supercalifragilisticexpialidocious" * 3)
    assert todo.evaluate("document.documentElement.scrollWidth") <= width
    expect(todo.get_by_role("link", name="Chatbot").first).to_be_visible()


def test_what_is_late_says_so_and_sorts_first(todo):
    today = date.today()
    for title, days in (("Later", 9), ("Late", -3), ("Yesterday's", -1), ("Today's", 0)):
        todo.get_by_label("Due date").fill((today + timedelta(days=days)).isoformat())
        add(todo, title)
    add(todo, "Some day")
    todo.get_by_label("Sort by").select_option(label="Due date")
    expect(todo.get_by_test_id("task").first).to_contain_text("Late")
    assert titles(todo) == ["Late", "Yesterday's", "Today's", "Later", "Some day"]
    expect(todo.get_by_test_id("overdue")).to_have_count(2)
    expect(task(todo, "Late").get_by_test_id("overdue")).to_contain_text("Overdue: ")
    expect(task(todo, "Late")).to_contain_text("3 days late")
    expect(task(todo, "Today's").get_by_test_id("overdue")).to_have_count(0)
    # What is done is not late any more, and what is new goes where its date puts it.
    todo.get_by_role("checkbox", name="Late", exact=True).check()
    expect(todo.get_by_test_id("overdue")).to_have_count(1)
    todo.get_by_label("Due date").fill((today + timedelta(days=-2)).isoformat())
    add(todo, "Also late")
    assert titles(todo) == ["Late", "Also late", "Yesterday's", "Today's", "Later", "Some day"]


def test_counts_are_shown_and_said(todo):
    def counts() -> list[str]:
        names = ("All", "Pending", "Completed")
        buttons = [todo.get_by_role("button", name=name, exact=True) for name in names]
        for button, name in zip(buttons, names, strict=True):
            shown = todo.get_by_test_id(f"count-{name.lower()}").inner_text()
            expect(button).to_have_accessible_description(f"{shown} task{'' if shown == '1' else 's'}")
        return [todo.get_by_test_id(f"count-{name.lower()}").inner_text() for name in names]

    for title in ("One", "Two", "Three"):
        add(todo, title)
    todo.get_by_role("checkbox", name="Two").check()
    expect(todo.get_by_test_id("count-completed")).to_have_text("1")
    assert counts() == ["3", "2", "1"]
    todo.get_by_role("button", name="Delete One").click()
    expect(todo.get_by_test_id("count-all")).to_have_text("2")
    todo.get_by_role("button", name="Completed", exact=True).click()
    expect(todo.get_by_test_id("task")).to_have_count(1)
    assert counts() == ["2", "1", "1"]
    todo.reload()
    expect(todo.get_by_test_id("count-all")).to_have_text("2")
    assert counts() == ["2", "1", "1"]


def test_search_takes_several_words(todo):
    for title in ("Buy milk", "Buy oats", "Milk"):
        add(todo, title)
    field = todo.get_by_label("Search tasks")
    field.press_sequentially("buy ")
    expect(todo.get_by_test_id("task")).to_have_count(2)
    # The list has come meanwhile; the space stays where it was typed.
    expect(field).to_have_value("buy ")
    field.press_sequentially("milk")
    expect(todo.get_by_test_id("task")).to_have_count(1)
    assert titles(todo) == ["Buy milk"]


def test_more_tasks_than_a_page_holds(todo, site):
    for number in range(1, 131):
        assert todo.request.post(f"{site.todo}/api/tasks", data={"title": f"Number {number}"}).status == 201
    todo.reload()
    expect(todo.get_by_test_id("shown")).to_have_text("100 of 130 tasks")
    todo.get_by_role("button", name="Show more").click()
    expect(todo.get_by_test_id("shown")).to_have_text("130 tasks")
    assert titles(todo) == [f"Number {number}" for number in range(130, 0, -1)]
    expect(todo.get_by_role("checkbox", name="Number 30", exact=True)).to_be_focused()
    expect(todo.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize(
    ("scheme", "condition"), [("light", "ground > 600 && ink < 200"), ("dark", "ground < 200 && ink > 600")]
)
def test_follows_the_scheme_of_the_system(todo, scheme, condition):
    todo.emulate_media(color_scheme=scheme)
    brightness = "colour.match(/[0-9]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"
    todo.wait_for_function(f"""() => {{
      const brightness = (colour) => {brightness};
      const ground = brightness(getComputedStyle(document.documentElement).backgroundColor);
      const ink = brightness(getComputedStyle(document.querySelector("h2")).color);
      return {condition};
    }}""")


def test_two_people_see_their_own_tasks_only(todo, site, new_context, sign_up, other_account, account):
    add(todo, "Ada's own")
    bobs = new_context().new_page()
    sign_up(bobs, site.todo, other_account)
    expect(bobs.get_by_text("Nothing to do yet")).to_be_visible()
    add(bobs, "Bob's own")
    for page, own, strange in ((todo, "Ada's own", "Bob's own"), (bobs, "Bob's own", "Ada's own")):
        page.reload()
        expect(task(page, own)).to_contain_text("#1")
        expect(page.get_by_text(strange)).to_have_count(0)
    # Bob's task 1 is another one than Ada's, and who signs out takes nobody along.
    bobs.get_by_role("checkbox", name="Bob's own").check()
    expect(bobs.get_by_text("Bob's own is completed.")).to_be_attached()
    bobs.get_by_role("button", name="Sign out").click()
    expect(bobs.get_by_role("button", name="Sign in")).to_be_visible()
    todo.reload()
    expect(todo.get_by_test_id("user")).to_have_text(account.name)
    expect(todo.get_by_role("checkbox", name="Ada's own")).not_to_be_checked()
