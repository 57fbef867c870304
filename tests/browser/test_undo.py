"""Deleting with undo: nothing is asked of the backend until it is final."""

from playwright.sync_api import Page, expect
from steps import add, is_change, task, titles

UNDO_SECONDS = 8


def delete(page: Page, title: str) -> None:
    page.get_by_role("button", name=f"Delete {title}", exact=True).click()
    expect(task(page, title)).to_have_count(0)


def on_server(page: Page, site) -> list[str]:
    return [one["title"] for one in page.request.get(f"{site.todo}/api/tasks").json()]


def wait_for_server(page: Page, site, expected: list[str]) -> None:
    """Wait until the backend has these titles and no others: the page shows what it has asked for already."""
    for _ in range(100):
        if on_server(page, site) == expected:
            return
        page.wait_for_timeout(100)
    assert on_server(page, site) == expected


def test_undo_brings_a_task_back_as_it_was(todo, site):
    add(todo, "Water the plants")
    add(todo, "Second")
    before = todo.request.get(f"{site.todo}/api/tasks").json()
    delete(todo, "Water the plants")
    todo.get_by_role("button", name="Undo").click()
    expect(task(todo, "Water the plants")).to_contain_text("#1")
    assert titles(todo) == ["Second", "Water the plants"]
    todo.reload()
    expect(todo.get_by_test_id("task")).to_have_count(2)
    assert todo.request.get(f"{site.todo}/api/tasks").json() == before


def test_undo_works_without_a_network(todo, context):
    add(todo, "Water the plants")
    context.set_offline(True)
    delete(todo, "Water the plants")
    todo.get_by_role("button", name="Undo").click()
    expect(task(todo, "Water the plants")).to_be_visible()
    context.set_offline(False)
    todo.reload()
    expect(task(todo, "Water the plants")).to_be_visible()


def test_several_are_undone_each_on_its_own_and_the_others_go(page, site, sign_up):
    page.clock.install()
    sign_up(page, site.todo)
    for title in ("One", "Two", "Three"):
        add(page, title)
    for title in ("One", "Two", "Three"):
        delete(page, title)
    expect(page.get_by_role("button", name="Undo")).to_have_count(3)
    page.get_by_role("button", name="Undo deleting Two").click()
    expect(task(page, "Two")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(2)
    assert len(on_server(page, site)) == 3
    page.get_by_label("New task").hover()
    page.clock.fast_forward(UNDO_SECONDS * 1000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_test_id("shown")).to_have_text("1 task")
    wait_for_server(page, site, ["Two"])
    page.reload()
    expect(page.get_by_test_id("task")).to_have_count(1)


def test_the_offer_waits_while_it_is_looked_at(page, site, sign_up):
    page.clock.install()
    sign_up(page, site.todo)
    add(page, "One")
    delete(page, "One")
    undo = page.get_by_role("button", name="Undo")
    undo.hover()
    page.clock.fast_forward(10 * UNDO_SECONDS * 1000)
    expect(undo).to_be_visible()
    page.get_by_label("New task").hover()
    undo.focus()
    page.clock.fast_forward(10 * UNDO_SECONDS * 1000)
    expect(undo).to_be_visible()
    assert on_server(page, site) == ["One"]
    with page.expect_response(lambda response: is_change(response.request)):
        page.get_by_label("New task").focus()
        page.clock.fast_forward(UNDO_SECONDS * 1000)
    expect(undo).to_have_count(0)
    assert on_server(page, site) == []


def test_a_page_that_is_closed_deletes_at_once(todo, context, site):
    add(todo, "One")
    delete(todo, "One")
    other = context.new_page()
    todo.close(run_before_unload=True)
    other.goto(site.todo)
    wait_for_server(other, site, [])


def test_a_sign_out_deletes_at_once(todo, account):
    add(todo, "One")
    delete(todo, "One")
    todo.get_by_role("button", name="Sign out").click()
    todo.get_by_label("Email").fill(account.email)
    todo.get_by_label("Password").fill(account.password)
    todo.get_by_role("button", name="Sign in").click()
    expect(todo.get_by_text("Nothing to do yet")).to_be_visible()
