"""What a person does on the pages, for the tests to be made of."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request, Route, expect


def sign_in(page: Page, email: str, password: str) -> None:
    """Sign in through the form that is shown."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def add(page: Page, title: str) -> None:
    """Add a task and wait until it has its number."""
    page.get_by_label("New task").fill(title)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(task(page, title)).to_contain_text("#")


def task(page: Page, title: str) -> Locator:
    """The row of the task with exactly this title."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name=title, exact=True))


def titles(page: Page) -> list[str]:
    """The titles in the order in which they are shown."""
    return page.get_by_test_id("task").locator("label").all_inner_texts()


def say(page: Page, text: str, answers: int) -> str:
    """Send a message and give the answer, which has to be the page's `answers`th."""
    write(page, text)
    replies = page.get_by_test_id("assistant-message")
    expect(replies).to_have_count(answers)
    # While more is coming, the button stops it.
    expect(page.get_by_role("button", name="Send")).to_be_attached()
    return replies.last.inner_text()


def write(page: Page, text: str) -> None:
    """Send a message without waiting for its answer."""
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


def on_message(page: Page, *handlers: Callable[[Route], None]) -> list[str]:
    """Give each message that is sent to the next of `handlers`, and those after them to the server.

    Returns:
        The messages' keys, one for each attempt; the list grows with them.
    """
    keys: list[str] = []

    def pick(route: Route) -> None:
        key = route.request.headers.get("idempotency-key")
        if key is None:
            route.fallback()
            return
        keys.append(key)
        if len(keys) <= len(handlers):
            handlers[len(keys) - 1](route)
        else:
            route.fallback()

    page.route("**/chatkit", pick)
    return keys


def protocol(page: Page, origin: str, kind: str, **params: object) -> dict:
    """Ask the ChatKit protocol something that is not streamed."""
    answer = page.request.post(f"{origin}/chatkit", data={"type": kind, "params": params})
    assert answer.ok, answer.text()
    return answer.json()


def is_change(request: Request) -> bool:
    """Whether a request changes tasks."""
    return urlsplit(request.url).path.startswith("/api/tasks") and request.method != "GET"


def is_list(request: Request) -> bool:
    """Whether a request loads the list of tasks; questions for news come by the clock and say what is known."""
    known = "if-none-match" in request.headers
    return urlsplit(request.url).path == "/api/tasks" and request.method == "GET" and not known


def refuse(route: Route) -> None:
    """Answer as the page's proxy does while its backend is away."""
    text = "The todo-backend is not reachable at the moment; try again shortly."
    error = {"code": "backend_unavailable", "message": text, "request_id": "3f2c9a54-6a1e-4b52-9d0e-8d0a4c1f7e21"}
    route.fulfill(status=503, json={"error": error})


def on_changes(page: Page, handle: Callable[[Route], None]) -> None:
    """Give every request that changes tasks to `handle`; the others pass."""

    def pick(route: Route) -> None:
        if is_change(route.request):
            handle(route)
        else:
            route.fallback()

    page.route("**/api/tasks**", pick)
