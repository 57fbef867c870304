"""The Todo page while something is away: nothing that was typed is lost, and trying again does the same again."""

import pytest
from playwright.sync_api import Page, Route, expect
from steps import add, is_change, is_list, on_changes, refuse, sign_in, task


def hold(page: Page) -> list[Route]:
    """Keep every change on its way; the list grows with them."""
    held: list[Route] = []
    on_changes(page, held.append)
    return held


def arrived(page: Page, held: list[Route]) -> Route:
    """The change that is on its way."""
    for _ in range(100):
        if held:
            return held.pop(0)
        page.wait_for_timeout(20)
    raise AssertionError("no change was sent")


def let_pass(page: Page) -> None:
    page.unroute_all(behavior="ignoreErrors")


def do_add(page: Page) -> None:
    page.get_by_label("New task").fill("New")
    page.get_by_role("button", name="Add", exact=True).click()


def do_tick(page: Page) -> None:
    page.get_by_role("checkbox", name="Old").click()


def do_edit(page: Page) -> None:
    page.get_by_role("button", name="Edit Old").click()
    form = page.get_by_role("form", name="Edit Old")
    form.get_by_label("Title").fill("Edited")
    form.get_by_label("Description").fill("With care")
    form.get_by_role("button", name="Save").click()


def do_delete(page: Page) -> None:
    page.get_by_role("button", name="Delete Old").click()
    page.clock.fast_forward(8_000)


def added(page: Page) -> None:
    expect(task(page, "New")).to_be_visible()


def not_added(page: Page) -> None:
    expect(task(page, "New")).to_have_count(0)
    expect(page.get_by_label("New task")).to_have_value("New")


def ticked(page: Page) -> None:
    expect(page.get_by_role("checkbox", name="Old")).to_be_checked()


def not_ticked(page: Page) -> None:
    expect(page.get_by_role("checkbox", name="Old")).not_to_be_checked()


def edited(page: Page) -> None:
    expect(task(page, "Edited")).to_contain_text("With care")


def not_edited(page: Page) -> None:
    form = page.get_by_role("form", name="Edit Old")
    expect(form.get_by_label("Title")).to_have_value("Edited")
    expect(form.get_by_label("Description")).to_have_value("With care")


def deleted(page: Page) -> None:
    expect(task(page, "Old")).to_have_count(0)


def not_deleted(page: Page) -> None:
    expect(task(page, "Old")).to_be_visible()


CHANGES = {
    "add": (do_add, added, not_added, "“New” was not added."),
    "tick": (do_tick, ticked, not_ticked, "“Old” was not changed."),
    "edit": (do_edit, edited, not_edited, "“Old” was not saved."),
    "delete": (do_delete, deleted, not_deleted, "“Old” was not deleted."),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_shows_at_once_and_is_taken_back_with_a_message(page, site, sign_up, watch, kind):
    do, done, undone, message = CHANGES[kind]
    watch.allow("503")
    page.clock.install()
    sign_up(page, site.todo)
    add(page, "Old")
    lists: list[str] = []
    page.on("request", lambda one: lists.append(one.url) if is_list(one) else None)
    held = hold(page)
    do(page)
    first = arrived(page, held)
    done(page)
    refuse(first)
    alert = page.get_by_role("alert").filter(has_text=message)
    expect(alert).to_contain_text("not reachable")
    undone(page)

    page.get_by_role("button", name="Try again").click()
    second = arrived(page, held)
    done(page)
    expect(alert).to_have_count(0)
    with page.expect_response(lambda response: is_change(response.request)):
        second.continue_()
    done(page)
    assert lists == [], "the list was loaded again"
    names = ("method", "url", "post_data")
    assert [getattr(first.request, name) for name in names] == [getattr(second.request, name) for name in names]
    assert first.request.headers.get("idempotency-key") == second.request.headers.get("idempotency-key")
    assert (first.request.headers.get("idempotency-key") is not None) == (kind == "add")
    let_pass(page)
    page.reload()
    expect(page.get_by_label("New task")).to_have_value("")
    done(page)


def test_an_answer_that_is_lost_makes_one_task(todo, site, watch):
    """The backend has heard the first attempt; the page cannot know."""
    watch.allow("ERR_FAILED")

    def lose(route: Route) -> None:
        assert route.fetch().status == 201
        route.abort()

    on_changes(todo, lose)
    todo.get_by_label("New task").fill("Once")
    todo.get_by_role("button", name="Add", exact=True).click()
    expect(todo.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
    let_pass(todo)
    todo.get_by_role("button", name="Try again").click()
    expect(task(todo, "Once")).to_contain_text("#1")
    assert len(todo.request.get(f"{site.todo}/api/tasks").json()) == 1


def test_two_quick_tasks_keep_their_own_text(todo, watch):
    """What is typed while the first is on its way belongs to the second, whatever becomes of the first."""
    watch.allow("503")
    held = hold(todo)
    field = todo.get_by_label("New task")
    field.fill("First")
    field.press("Enter")
    expect(field).to_have_value("")
    field.press_sequentially("Second")
    refuse(arrived(todo, held))
    expect(todo.get_by_role("alert").filter(has_text="“First” was not added.")).to_be_visible()
    expect(field).to_have_value("Second")
    let_pass(todo)
    todo.get_by_role("button", name="Try again").click()
    expect(task(todo, "First")).to_contain_text("#1")
    expect(field).to_have_value("Second")


def test_dismissed_text_stays_and_is_changed_into_another_task(todo, watch):
    watch.allow("503")
    held = hold(todo)
    field = todo.get_by_label("New task")
    field.fill("Draft")
    field.press("Enter")
    first = arrived(todo, held)
    refuse(first)
    todo.get_by_role("button", name="Dismiss").click()
    expect(todo.get_by_role("alert").filter(has_text="was not added")).to_have_count(0)
    expect(field).to_have_value("Draft")
    field.fill("Better")
    field.press("Enter")
    second = arrived(todo, held)
    assert first.request.headers["idempotency-key"] != second.request.headers["idempotency-key"]
    second.continue_()
    expect(task(todo, "Better")).to_contain_text("#1")
    let_pass(todo)


def test_what_is_typed_outlives_a_reload_and_not_a_sign_out(todo, account):
    add(todo, "Old")
    todo.get_by_label("New task").fill("Half a th")
    todo.get_by_label("Due date").fill("2030-01-31")
    todo.get_by_role("button", name="Add a description").click()
    todo.get_by_label("Description").fill("More about it")
    todo.get_by_role("button", name="Edit Old").click()
    todo.get_by_label("Title").fill("Older")
    todo.reload()
    expect(todo.get_by_label("New task")).to_have_value("Half a th")
    expect(todo.get_by_role("form", name="Add a task").get_by_label("Due date")).to_have_value("2030-01-31")
    expect(todo.get_by_role("form", name="Add a task").get_by_label("Description")).to_have_value("More about it")
    expect(todo.get_by_label("Title")).to_have_value("Older")
    todo.get_by_role("button", name="Sign out").click()
    sign_in(todo, account.email, account.password)
    expect(task(todo, "Old")).to_be_visible()
    expect(todo.get_by_label("New task")).to_have_value("")
    assert todo.evaluate("sessionStorage.length") == 0


def test_an_edit_outlives_a_filter_that_hides_its_task(todo):
    add(todo, "Old")
    todo.get_by_role("button", name="Edit Old").click()
    todo.get_by_label("Title").fill("Older")
    todo.get_by_role("button", name="Completed", exact=True).click()
    expect(todo.get_by_text("No task matches")).to_be_visible()
    expect(todo.get_by_text("1 edit not saved yet")).to_be_visible()
    todo.get_by_role("button", name="All", exact=True).click()
    expect(todo.get_by_label("Title")).to_have_value("Older")
    todo.get_by_role("button", name="Save").click()
    expect(task(todo, "Older")).to_be_visible()


def test_ended_session_leads_back_to_sign_in_and_then_on(todo, context, site, account, watch):
    watch.allow("401")
    add(todo, "Old")
    todo.get_by_role("button", name="Edit Old").click()
    todo.get_by_label("Title").fill("Older")
    context.clear_cookies()
    todo.get_by_label("New task").fill("In time")
    todo.get_by_role("button", name="Add", exact=True).click()
    expect(todo.get_by_role("status").filter(has_text="session has ended")).to_be_visible()
    sign_in(todo, account.email, account.password)
    expect(task(todo, "In time")).to_contain_text("#2")
    expect(todo.get_by_label("Title")).to_have_value("Older")
    todo.get_by_role("button", name="Save").click()
    expect(task(todo, "Older")).to_be_visible()
    assert len(todo.request.get(f"{site.todo}/api/tasks").json()) == 2


def test_somebody_else_does_not_see_what_was_typed(todo, context, site, other_account, sign_up, watch):
    watch.allow("401")
    todo.get_by_label("New task").fill("Ada's own")
    context.clear_cookies()
    sign_up(todo, site.todo, other_account)
    expect(todo.get_by_label("New task")).to_have_value("")
    expect(todo.get_by_text("Ada's own")).to_have_count(0)


def test_goes_on_by_itself_when_the_network_is_back(todo, context, watch):
    watch.allow("ERR_INTERNET_DISCONNECTED")
    add(todo, "Old")
    context.set_offline(True)
    todo.get_by_role("checkbox", name="Old").click()
    todo.get_by_label("New task").fill("New")
    todo.get_by_label("New task").press("Enter")
    alert = todo.get_by_role("alert").filter(has_text="“New” was not added.")
    expect(alert).to_contain_text("“Old” was not changed.")
    expect(todo.get_by_role("checkbox", name="Old")).not_to_be_checked()
    context.set_offline(False)
    expect(task(todo, "New")).to_contain_text("#2")
    expect(todo.get_by_role("checkbox", name="Old")).to_be_checked()
    expect(alert).to_have_count(0)
    expect(todo.get_by_label("New task")).to_have_value("")


def test_what_somebody_else_changed_is_shown_and_not_overwritten(todo, site, watch):
    watch.allow("412")
    add(todo, "Old")
    todo.get_by_role("button", name="Edit Old").click()
    todo.get_by_label("Title").fill("Mine")
    assert todo.request.patch(f"{site.todo}/api/tasks/1", data={"title": "Theirs"}).status == 200
    todo.get_by_role("button", name="Save").click()
    expect(todo.get_by_role("alert").filter(has_text="changed elsewhere")).to_be_visible()
    form = todo.get_by_role("form", name="Edit Theirs")
    expect(form.get_by_role("status")).to_contain_text("Theirs")
    expect(form.get_by_label("Title")).to_have_value("Mine")
    assert todo.request.get(f"{site.todo}/api/tasks/1").json()["title"] == "Theirs"
    form.get_by_role("button", name="Save").click()
    expect(task(todo, "Mine")).to_be_visible()
    todo.reload()
    expect(task(todo, "Mine")).to_be_visible()


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
        ready = todo.request.get(f"{stack.services['todo-frontend'].url}/ready")
        assert (ready.status, ready.json()["checks"]) == (200, {"todo-backend": "ECONNREFUSED"})
        away = todo.request.get(f"{stack.services['todo-frontend'].url}/api/tasks")
        assert (away.status, away.headers["retry-after"]) == (503, "2")
    finally:
        backend.start()
    todo.get_by_role("button", name="Try again").click()
    expect(task(todo, "Before")).to_be_visible()
    expect(todo.get_by_label("New task")).to_have_value("Meanwhile")
    todo.get_by_role("button", name="Try again").click()
    expect(task(todo, "Meanwhile")).to_contain_text("#2")
    expect(todo.get_by_label("New task")).to_have_value("")
