"""Browser steps of functional checks: actions as data, done in a real Chromium through Playwright."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils.checks import ACTIONS, Unmet, applies, render, short

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # The pages are on this host; what Chromium tells its maker by itself goes neither to a proxy nor past it.
    "--no-proxy-server",
    "--disable-features=AutofillServerCommunication,OptimizationHints,MediaRouter,Translate",
    "--disable-domain-reliability",
]
WIDTH, HEIGHT = 1280, 800


def find_browser(executable: str | None) -> str | None:
    """The browser's path: the one named, otherwise the first on PATH, None where there is none."""
    if executable:
        return shutil.which(executable)
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


class Browser:
    """One browser process, started at the first use; every check gets a profile of its own.

    :param executable: Path of Chromium or a relative of it.
    :param screenshots: Folder for the pictures.
    :param timeout: Seconds that one action or expectation may take.
    """

    def __init__(self, executable: str, screenshots: Path, timeout: float = 10) -> None:
        self._executable, self._screenshots, self._timeout = executable, screenshots, timeout
        self._playwright: Any = None
        self._browser: Any = None
        self._context: Any = None
        self._page: Any = None
        self._console: list[str] = []

    def _open_page(self) -> Any:
        if self._page:
            return self._page
        try:
            if not self._browser:
                from playwright.sync_api import sync_playwright

                self._playwright = sync_playwright().start()
                self._browser = self._playwright.chromium.launch(executable_path=self._executable, args=FLAGS)
            self._context = self._browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US")
            self._page = self._context.new_page()
        except Exception as error:
            raise Unmet(
                f"browser {self._executable} does not start: {short(str(error), 600)}; needed: Debian's chromium, or"
                " another one named in verify_browser_executable"
            ) from error
        self._page.set_default_timeout(self._timeout * 1000)
        self._page.on("console", self._note)
        self._page.on("pageerror", lambda error: self._console.append(f"uncaught {error}"))
        return self._page

    def _note(self, message: Any) -> None:
        if message.type == "error":
            where = (message.location or {}).get("url", "")
            self._console.append(f"{message.text}{f' ({where})' if where else ''}")

    def run(
        self, actions: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], allow_console: Sequence[str] = ()
    ) -> None:
        """Do the actions in their order in this check's page.

        :param allow_console: Patterns of console errors that belong to what is tested (a refused sign-up).
        :raises Unmet: with the action, what was expected and what was found.
        """
        page = self._open_page()
        self._console.clear()
        for number, raw in enumerate(actions, 1):
            if not applies(raw.get("when"), variables):
                continue
            name = next(key for key in raw if key in ACTIONS)
            begin = time.monotonic()
            argument = render(raw[name], variables)
            try:
                getattr(self, f"_do_{name}")(page, argument)
            except Unmet as error:
                raise Unmet(f"action {number}, {name} {describe(argument)}: {error}{self._where()}") from None
            except Exception as error:  # Playwright's errors are as many as its actions
                raise Unmet(
                    f"action {number}, {name} {describe(argument)}: {first_lines(str(error))}{self._where()}"
                ) from None
            seconds = time.monotonic() - begin
            limit = raw.get("max_seconds")
            if limit is not None and seconds > float(limit):
                raise Unmet(f"action {number}, {name}: took {seconds:.2f} s, expected at most {limit} s")
        errors = [text for text in self._console if not any(re.search(pattern, text) for pattern in allow_console)]
        if errors:
            raise Unmet(f"the browser's console has {len(errors)} errors, expected none: {short('; '.join(errors))}")

    def _where(self) -> str:
        if not self._page:
            return ""
        try:
            # What a person would see; a form's values are not part of it, so no password is.
            text = short(self._page.locator("body").inner_text(timeout=1000), 400)
            shown = f"; at {self._page.url} the page shows: {text or 'nothing'}"
        except Exception:
            shown = f"; at {self._page.url}"
        return shown + (f"; console: {short('; '.join(self._console))}" if self._console else "")

    def screenshot(self, name: str) -> str:
        """Save a picture of the page; returns its path, empty where there is no page."""
        if not self._page:
            return ""
        self._screenshots.mkdir(parents=True, exist_ok=True)
        path = self._picture(name)
        try:
            self._page.screenshot(path=str(path), timeout=5000)
        except Exception:
            return ""
        return str(path)

    def forget(self, name: str) -> None:
        """Remove a picture of an earlier run, so that none is taken for this run's."""
        self._picture(name).unlink(missing_ok=True)

    def _picture(self, name: str) -> Path:
        return self._screenshots / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:80]}.png"

    def end_check(self) -> None:
        """Forget the profile: cookies and storage of one check are not there in the next."""
        if self._context:
            self._context.close()
        self._context = self._page = None

    def close(self) -> None:
        for item, end in ((self._browser, "close"), (self._playwright, "stop")):
            if item:
                getattr(item, end)()
        self._browser = self._playwright = self._context = self._page = None

    def _do_goto(self, page: Any, url: str) -> None:
        answer = page.goto(url, wait_until="load")
        if answer and answer.status >= 400:
            raise Unmet(f"status {answer.status}, expected a page")

    def _do_fill(self, page: Any, argument: Mapping[str, Any]) -> None:
        locate(page, argument).fill(str(argument["value"]))

    def _do_click(self, page: Any, argument: Mapping[str, Any]) -> None:
        locate(page, argument).click()

    def _do_press(self, page: Any, argument: Mapping[str, Any]) -> None:
        locate(page, argument).press(argument["key"])

    def _do_tick(self, page: Any, argument: Mapping[str, Any]) -> None:
        # A click and not check(): the page may set the box only once its server has agreed.
        locate(page, argument).click()

    def _do_expect_visible(self, page: Any, argument: Mapping[str, Any]) -> None:
        locate(page, argument).first.wait_for(state="visible")

    def _do_expect_hidden(self, page: Any, argument: Mapping[str, Any]) -> None:
        locate(page, argument).first.wait_for(state="hidden")

    def _do_expect_ticked(self, page: Any, argument: Mapping[str, Any]) -> None:
        from playwright.sync_api import expect

        expect(locate(page, argument)).to_be_checked(timeout=self._timeout * 1000)

    def _do_expect_text(self, page: Any, argument: Any) -> None:
        from playwright.sync_api import expect

        where = {"css": "body"} if isinstance(argument, str) else argument
        text = argument if isinstance(argument, str) else argument["text"]
        rule = {key: value for key, value in where.items() if key != "text"} or {"css": "body"}
        expect(locate(page, rule)).to_contain_text(text, timeout=self._timeout * 1000)

    def _do_expect_title(self, page: Any, title: str) -> None:
        from playwright.sync_api import expect

        try:
            expect(page).to_have_title(title, timeout=self._timeout * 1000)
        except AssertionError:
            raise Unmet(f"the title is {page.title()!r}, expected {title!r}") from None

    def _do_screenshot(self, page: Any, name: str) -> None:
        self.screenshot(name)


def locate(page: Any, rule: Mapping[str, Any]) -> Any:
    """The element of a rule: `role` with `name`, `label`, `placeholder`, `testid`, `text` or `css`; `within` narrows.

    :raises Unmet: where the rule names none of them.
    """
    scope = locate(page, rule["within"]) if "within" in rule else page
    exact = bool(rule.get("exact", True))
    if "role" in rule:
        found = scope.get_by_role(rule["role"], **({"name": rule["name"], "exact": exact} if "name" in rule else {}))
    elif "label" in rule:
        found = scope.get_by_label(rule["label"], exact=exact)
    elif "placeholder" in rule:
        found = scope.get_by_placeholder(rule["placeholder"], exact=exact)
    elif "testid" in rule:
        found = scope.get_by_test_id(rule["testid"])
    elif "text" in rule:
        found = scope.get_by_text(rule["text"], exact=bool(rule.get("exact", False)))
    elif "css" in rule:
        found = scope.locator(rule["css"])
    else:
        raise Unmet(f"{short(dict(rule))} names no role, label, placeholder, testid, text or css")
    if "has_text" in rule:
        found = found.filter(has_text=rule["has_text"])
    return found.last if rule.get("last") else found


def describe(argument: Any) -> str:
    """The action's argument without the value that is typed in."""
    if isinstance(argument, Mapping):
        return ", ".join(f"{key} {short(value)}" for key, value in argument.items() if key != "value")
    return short(argument)


def first_lines(text: str, count: int = 4) -> str:
    """The beginning of Playwright's message; its call log repeats the locator many times."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Call log" not in line]
    return short("; ".join(lines[:count]), 500)
