"""The Todo page shows what was changed elsewhere, such as in the chat, without being asked to."""

from playwright.sync_api import Page, Request, expect
from steps import add, say, task

NEWS_MS = 2_000


def open_chat(page: Page, site) -> Page:
    """The chat page of the same person, in another tab."""
    other = page.context.new_page()
    other.goto(site.chatbot)
    expect(other.get_by_label("Message", exact=True)).to_be_visible()
    return other


def test_a_change_made_in_the_chat_shows_within_two_seconds(todo, site):
    add(todo, "Water the plants")
    other = open_chat(todo, site)
    say(other, "Add buy milk", 1)
    expect(task(todo, "Buy milk")).to_be_visible(timeout=NEWS_MS)
    say(other, "Complete task 1", 2)
    expect(todo.get_by_role("checkbox", name="Water the plants")).to_be_checked(timeout=NEWS_MS)
    say(other, "Rename task 2 to buy oat milk", 3)
    expect(todo.get_by_text("Buy oat milk")).to_be_visible(timeout=NEWS_MS)
    say(other, "Delete task 1", 4)
    expect(task(todo, "Water the plants")).to_have_count(0, timeout=NEWS_MS)
    expect(todo.get_by_test_id("shown")).to_have_text("1 task")


def test_an_edit_in_progress_is_not_disturbed(todo, site):
    add(todo, "Call Bob")
    add(todo, "Buy milk")
    todo.get_by_role("button", name="Edit Call Bob").click()
    title = todo.get_by_label("Title")
    title.fill("Call Bob about")
    todo.get_by_role("button", name="Delete Buy milk").click()
    title.focus()
    other = open_chat(todo, site)
    say(other, "Add water the plants", 1)
    expect(task(todo, "Water the plants")).to_be_visible(timeout=NEWS_MS)
    expect(title).to_have_value("Call Bob about")
    expect(title).to_be_focused()
    # What can still be undone is not back.
    expect(task(todo, "Buy milk")).to_have_count(0)
    say(other, "Complete task 1", 2)
    # Changed below the open form: it says so, and keeps the text.
    expect(todo.get_by_text("changed elsewhere", exact=False).first).to_be_attached(timeout=NEWS_MS)
    expect(title).to_have_value("Call Bob about")


def test_nothing_is_asked_while_the_page_is_hidden(todo):
    add(todo, "Call Bob")
    asked: list[Request] = []
    todo.on("request", lambda request: "if-none-match" in request.headers and asked.append(request))

    def be(state: str) -> None:
        todo.evaluate(
            """state => {
                Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    todo.wait_for_timeout(4_000)
    assert asked and all(request.response().status in (200, 304) for request in asked)
    be("hidden")
    todo.wait_for_timeout(500)
    asked.clear()
    todo.wait_for_timeout(3_000)
    assert asked == []
    be("visible")
    todo.wait_for_timeout(500)
    assert asked


def test_signing_out_elsewhere_is_noticed(todo, site, watch):
    watch.allow("401")
    other = open_chat(todo, site)
    todo.get_by_label("New task").fill("half a thought")
    other.get_by_role("button", name="Sign out").click()
    expect(todo.get_by_role("button", name="Sign in")).to_be_visible(timeout=NEWS_MS)
