"""Fixtures of the browser tests: the application's two addresses, a browser, and pages that are watched."""

import os
import re
import signal
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from slow_model import ModelServer  # noqa: E402
from stack import Process, Stack  # noqa: E402

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that tests make
TIMEOUT_MS = 10_000
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


@dataclass(frozen=True)
class Site:
    """Where the pages are; `stack` is there when the tests run them themselves."""

    todo: str
    chatbot: str
    stack: Stack | None


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """TODO_URL and CHATBOT_URL from the environment, or a stack of the tests' own."""
    todo, chatbot = os.environ.get("TODO_URL"), os.environ.get("CHATBOT_URL")
    if todo and chatbot:
        yield Site(todo.rstrip("/"), chatbot.rstrip("/"), None)
        return
    assert not todo and not chatbot, "set both TODO_URL and CHATBOT_URL, or neither"
    # A terminated run ends what it started, as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = Stack()
    try:
        stack.start()
        services = stack.services
        yield Site(
            f"http://localhost:{services['todo-frontend'].port}",
            f"http://localhost:{services['chatbot-frontend'].port}",
            stack,
        )
    finally:
        stack.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the services wrote of errors."""
    report = yield
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and site and site.stack:
        report.sections.append(("errors in the services' logs", site.stack.errors()))
    return report


@pytest.fixture(scope="session")
def stack(site: Site) -> Stack:
    """The tests' own stack, for tests that stop parts of it or need a page with other settings."""
    if site.stack is None:
        # Against a cluster. `make test` runs all of them in its stage "pages, own stack", where none is skipped.
        pytest.skip("stops services or changes settings: only on the tests' own stack")
    return site.stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM names."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What a page must not do: write errors, ask other hosts. A test can allow errors that it causes."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Accept console errors that match the regular expression."""
        self.allowed.append(pattern)

    def verdict(self) -> None:
        """Fail when something was seen."""
        unexpected = [text for text in self.errors if not any(re.search(one, text) for one in self.allowed)]
        assert not unexpected, f"errors in the console: {unexpected}"
        assert not self.foreign, f"requests to other hosts: {self.foreign}"


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watches every page of the test and judges at its end."""
    seen = Watch()
    yield seen
    seen.verdict()


@pytest.fixture
def new_context(browser: Browser, site: Site, watch: Watch) -> Iterator[Callable[[], BrowserContext]]:
    """Makes fresh profiles whose pages are watched: each is a person of its own."""
    made: list[BrowserContext] = []
    expect.set_options(timeout=TIMEOUT_MS)
    hosts = {urlsplit(site.todo).hostname, urlsplit(site.chatbot).hostname}

    def note_request(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in hosts:
            watch.foreign.append(url)

    def note_page(page: Page) -> None:
        page.on("console", lambda message: watch.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watch.errors.append(str(error)))

    def make() -> BrowserContext:
        own = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
        made.append(own)
        own.set_default_timeout(TIMEOUT_MS)
        own.on("request", lambda request: note_request(request.url))
        own.on("page", note_page)
        return own

    yield make
    for one in made:
        one.close()


@pytest.fixture
def context(new_context: Callable[[], BrowserContext]) -> BrowserContext:
    """A fresh profile."""
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page."""
    return context.new_page()


@dataclass(frozen=True)
class Account:
    """Somebody who signs up in a test."""

    email: str
    name: str
    password: str = PASSWORD


def somebody(name: str) -> Account:
    """Somebody new."""
    return Account(f"browser-{uuid.uuid4().hex[:12]}@example.org", name)


@pytest.fixture
def account() -> Account:
    """Who uses the page of a test."""
    return somebody("Ada")


@pytest.fixture
def other_account() -> Account:
    """Somebody else."""
    return somebody("Bob")


@pytest.fixture
def sign_up(account: Account) -> Callable[..., None]:
    """Creates the account, or another one, through the form at an address."""

    def run(page: Page, url: str, person: Account = account) -> None:
        page.goto(url)
        page.get_by_role("tab", name="Create account").click()
        page.get_by_label("Name").fill(person.name)
        page.get_by_label("Email").fill(person.email)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    return run


@pytest.fixture
def todo(page: Page, site: Site, sign_up: Callable[..., None]) -> Page:
    """The Todo page of somebody who has just signed up."""
    sign_up(page, site.todo)
    return page


@pytest.fixture
def chat(page: Page, site: Site, sign_up: Callable[..., None]) -> Page:
    """The chat page of somebody who has just signed up."""
    sign_up(page, site.chatbot)
    return page


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """A model's endpoint that answers by script."""
    with ModelServer() as server:
        yield server


@dataclass(frozen=True)
class ModelChat:
    """A chat page of its own whose backend asks the scripted model; conversations are those of the other page, too."""

    url: str
    backend: Process


@pytest.fixture(scope="session")
def model_chat(stack: Stack, model: ModelServer) -> ModelChat:
    """A chat page where the scripted model answers."""
    settings = {"OPENAI_API_KEY": "sk-browser-tests", "OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted-1"}
    backend = stack.extra("chatbot-backend", settings)
    page = stack.extra("chatbot-frontend", {"CHATBOT_API_URL": backend.url})
    return ModelChat(f"http://localhost:{page.port}", backend)


@pytest.fixture(scope="session")
def chatkit_url(stack: Stack) -> str:
    """A chat page with a domain key."""
    page = stack.extra("chatbot-frontend", {"CHATKIT_DOMAIN_KEY": "domain_pk_1a2b"})
    return f"http://localhost:{page.port}"


@pytest.fixture
def look() -> Callable[[Page, str], None]:
    """Asks axe about a page as it is, and keeps a picture of it in the folder that PICTURES names."""

    def run(page: Page, name: str) -> None:
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        assert found.response["passes"], f"{name}: axe looked at nothing"
        assert not found.response["violations"], f"{name}: {found.generate_report()}"
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}.png")

    return run
