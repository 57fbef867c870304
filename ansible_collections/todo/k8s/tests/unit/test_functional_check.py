"""Functional checks against a real HTTP server on loopback, and in a real browser where there is one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse

import pytest

from ansible_collections.todo.k8s.plugins.module_utils.check_browser import Browser, find_browser
from ansible_collections.todo.k8s.plugins.module_utils.check_run import Runner
from ansible_collections.todo.k8s.plugins.module_utils.checks import (
    NOTHING,
    Missing,
    Unmet,
    account,
    dig,
    lanes,
    match,
    mistakes,
    render,
    verify_answer,
)

PAGE = """<!doctype html><title>Shop</title><main><h1>Shop</h1>
<form><label>Article <input name=a></label> <button>Add</button></form><ul></ul></main>
<script>
document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const item = document.createElement("li");
  const name = document.querySelector("input").value;
  item.innerHTML = `<label><input type=checkbox> ${name}</label>`;
  document.querySelector("ul").append(item);
});
</script>"""


class Shop(BaseHTTPRequestHandler):
    """A tiny service with sign-in and articles; it counts what it was asked."""

    articles: dict[int, str] = {}
    calls: list[str] = []
    fail_first = 0

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_all(self):
        path = urlparse(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).calls.append(f"{self.command} {path}")
        match_by = {
            ("GET", "/"): lambda: self.answer(200, PAGE.encode(), "text/html"),
            ("GET", "/broken"): lambda: self.answer(200, b"<script>nothere()</script>", "text/html"),
            ("GET", "/moved"): lambda: (self.send_response(302), self.send_header("Location", "/"), self.end_headers()),
            ("POST", "/login"): lambda: self.answer(200, {"access_token": "tok-123456789", "user": {"id": 7}}),
            ("GET", "/echo"): lambda: self.answer(500, {"you sent": self.headers.get("Authorization")}),
            ("GET", "/late"): self.late,
        }
        if (self.command, path) in match_by:
            match_by[(self.command, path)]()
        elif path.startswith("/articles") and self.command == "POST":
            number = len(self.articles) + 1
            self.articles[number] = json.loads(body)["title"]
            self.answer(201, {"id": number, "title": self.articles[number]})
        elif path.startswith("/articles/") and self.command == "DELETE":
            self.articles.pop(int(path.rsplit("/", 1)[1]))
            self.answer(204)
        elif path == "/articles":
            self.answer(200, [{"id": key, "title": value} for key, value in self.articles.items()])
        elif path == "/favicon.ico":
            self.answer(204)
        else:
            self.answer(404, {"error": "no such path"})

    def late(self):
        type(self).fail_first -= 1
        self.answer(200 if type(self).fail_first < 0 else 503, {})

    do_GET = do_POST = do_DELETE = handle_all  # noqa: N815


@pytest.fixture
def shop():
    Shop.articles, Shop.calls, Shop.fail_first = {}, [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(shop, checks, browser=None, **variables):
    runner = Runner({"shop": shop, **variables}, "default", lambda: None, browser, timeout=3)
    assert mistakes(checks) == []
    return runner.run(checks, 60), runner


MAKE = {
    "name": "make",
    "method": "POST",
    "url": "{shop}/articles",
    "json": {"title": "A {unique}"},
    "expect": {"status": 201, "json": {"title": "A {unique}"}},
    "capture": {"article": "id"},
}
REMOVE = {"name": "remove", "method": "DELETE", "url": "{shop}/articles/{article}", "expect": {"status": 204}}


def test_a_check_makes_finds_and_removes(shop):
    look = {
        "name": "look",
        "url": "{shop}/articles",
        "expect": {"status": 200, "json": {"[title=A {unique}].id": 1, "$": {"length": 1}}, "max_seconds": 2},
    }
    results, runner = run(shop, [{"name": "article", "steps": [MAKE, look], "finally": [REMOVE]}])
    assert results[0]["ok"], results
    assert Shop.articles == {}
    assert "make" in results[0]["detail"] and results[0]["latency_ms"] >= 0
    assert runner.variables["article"] == 1, "a captured placeholder keeps its type"


def test_what_was_made_is_removed_although_the_check_failed(shop):
    wrong = {"name": "look", "url": "{shop}/articles", "expect": {"json": {"[0].title": "another"}}}
    results, _ = run(shop, [{"name": "article", "steps": [MAKE, wrong], "finally": [REMOVE]}])
    assert not results[0]["ok"]
    assert "step 'look'" in results[0]["detail"] and "expected another" in results[0]["detail"]
    assert Shop.articles == {}


def test_what_was_never_made_is_not_removed(shop):
    broken = {**MAKE, "url": "{shop}/nowhere"}
    results, _ = run(shop, [{"name": "article", "steps": [broken], "finally": [REMOVE]}])
    assert "status 404, expected 201" in results[0]["detail"]
    assert not any(call.startswith("DELETE") for call in Shop.calls)


def test_a_failed_clean_up_fails_the_check(shop):
    wrong = {**REMOVE, "expect": {"status": 200}}
    results, _ = run(shop, [{"name": "article", "steps": [MAKE], "finally": [wrong]}])
    assert not results[0]["ok"] and "cleaning up" in results[0]["detail"]


def test_a_later_check_says_which_earlier_one_it_lacks(shop):
    login = {"name": "in", "method": "POST", "url": "{shop}/nologin", "capture": {"token": "access_token"}}
    use = {"name": "use", "url": "{shop}/articles", "headers": {"Authorization": "Bearer {token}"}}
    results, _ = run(shop, [{"name": "sign-in", "steps": [login]}, {"name": "use it", "steps": [use]}])
    assert "needs token, which 'sign-in' should have brought" in results[1]["detail"]


def test_tokens_and_passwords_are_in_no_detail(shop):
    login = {"name": "in", "method": "POST", "url": "{shop}/login", "capture": {"token": "access_token"}}
    use = {"name": "use", "url": "{shop}/echo", "headers": {"Authorization": "{token}"}}
    results, _ = run(shop, [{"name": "sign-in", "steps": [login, use]}], account_password="Aa1-very-secret")
    assert "status 500" in results[0]["detail"]
    assert "tok-123456789" not in json.dumps(results)


def test_nobody_there_is_said_in_words():
    results, _ = run("http://127.0.0.1:9", [{"name": "x", "steps": [{"name": "get", "url": "{shop}/"}]}])
    assert "no answer" in results[0]["detail"] and "refused" in results[0]["detail"], results


def test_a_step_is_repeated_until_it_holds(shop):
    Shop.fail_first = 2
    results, _ = run(shop, [{"name": "x", "steps": [{"name": "late", "url": "{shop}/late", "retry_seconds": 5}]}])
    assert results[0]["ok"] and Shop.calls == ["GET /late"] * 3


def test_when_leaves_a_step_out(shop):
    steps = [
        {"name": "probe", "url": "{shop}/articles", "capture": {"found": "$status"}},
        {"name": "never", "url": "{shop}/nowhere", "when": {"found": [401, 403]}},
        {"name": "redirect", "url": "{shop}/moved", "when": {"found": 200}, "expect": {"status": 302}},
    ]
    results, _ = run(shop, [{"name": "x", "steps": steps}])
    assert results[0]["ok"] and Shop.calls == ["GET /articles", "GET /moved"]


def test_an_optional_capture_forgets_the_old_value(shop):
    steps = [
        {"name": "one", "method": "POST", "url": "{shop}/articles", "json": {"title": "x"}, "capture": {"thing": "id"}},
        {"name": "two", "url": "{shop}/articles", "capture": {"thing": "[5].id?"}},
    ]
    remove = {"name": "remove", "method": "DELETE", "url": "{shop}/articles/{thing}"}
    results, runner = run(shop, [{"name": "x", "steps": steps, "finally": [remove]}])
    assert results[0]["ok"] and "thing" not in runner.variables
    assert not any(call.startswith("DELETE") for call in Shop.calls)


def test_the_account_is_stable_for_an_installation_and_different_for_another():
    one, again, other = account(b"a" * 32), account(b"a" * 32), account(b"b" * 32)
    assert one == again and one["account_id"] != other["account_id"]
    assert one["account_password"] != other["account_password"] and len(one["account_password"]) >= 20


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", {"a": [{"n": "x", "v": {"w": 1}}]}),
        ("a[0].v.w", 1),
        ("a[n=x].v.w", 1),
        ("a[n=y]", NOTHING),
        ("a[3]", NOTHING),
        ("a.b", NOTHING),
    ],
)
def test_paths(path, expected):
    assert dig({"a": [{"n": "x", "v": {"w": 1}}]}, path) == expected


@pytest.mark.parametrize(
    ("value", "wanted", "ok"),
    [
        (1, 1, True),
        (1, 2, False),
        ("abc", {"matches": "^a.c$"}, True),
        ("abc", {"contains": "x"}, False),
        ([1, 2], {"min_length": 2}, True),
        (NOTHING, {"exists": False}, True),
        (NOTHING, {"exists": True}, False),
        (NOTHING, {"matches": ""}, False),
        ("b", {"one_of": ["a", "b"]}, True),
        ({"x": 1}, {"x": 1}, True),
        (5, {"length": 1}, False),
    ],
)
def test_matchers(value, wanted, ok):
    if ok:
        match(value, wanted, "it")
    else:
        with pytest.raises(Unmet, match="it is"):
            match(value, wanted, "it")


def test_placeholders_keep_types_and_name_what_is_missing():
    assert render({"{a}": ["{n}", "x{n}"]}, {"a": "k", "n": 3}) == {"k": [3, "x3"]}
    with pytest.raises(Missing, match="nope"):
        render("{nope}", {})


def test_an_answer_without_expectation_must_be_2xx_and_in_time():
    verify_answer({}, 204, {}, "", NOTHING, 0.1)
    with pytest.raises(Unmet, match="expected 2xx"):
        verify_answer({}, 500, {}, "oops", NOTHING, 0.1)
    with pytest.raises(Unmet, match="at most 1 s"):
        verify_answer({"max_seconds": 1}, 200, {}, "", NOTHING, 1.5)
    with pytest.raises(Unmet, match="header X-Total"):
        verify_answer({"headers": {"X-Total": "1"}}, 200, {"x-total": "0"}, "", NOTHING, 0)


def test_mistakes_in_the_data_are_named():
    found = mistakes(
        [
            {"name": "a", "steps": [{"name": "s", "url": "x", "expct": {}}]},
            {"name": "a", "steps": [{"name": "s", "url": "x", "service": "y"}]},
            {"steps": []},
            {"name": "b", "steps": [{"browser": [{"clik": {}}]}, {"service": "x"}]},
        ]
    )
    text = "\n".join(found)
    for piece in ("unknown expct", "the name occurs twice", "exactly one", "needed are a name", "names no action"):
        assert piece in text, text
    assert "port is missing" in text


needs_browser = pytest.mark.skipif(not find_browser(None), reason="no chromium on PATH")


@pytest.fixture
def browser(tmp_path):
    opened = Browser(find_browser(None), tmp_path / "pictures", timeout=3)
    yield opened
    opened.close()


@needs_browser
def test_a_page_is_used_in_a_browser(shop, browser, tmp_path):
    box = {"role": "checkbox", "name": "Bread {unique}"}
    actions = [
        {"goto": "{shop}/", "max_seconds": 5},
        {"expect_title": "Shop"},
        {"fill": {"label": "Article", "value": "Bread {unique}"}},
        {"click": {"role": "button", "name": "Add"}},
        {"expect_visible": box},
        {"tick": box},
        {"expect_ticked": box},
        {"expect_text": "Bread"},
        {"expect_hidden": {"text": "Milk"}},
        {"screenshot": "used"},
    ]
    results, _ = run(shop, [{"name": "page", "steps": [{"name": "use", "browser": actions}]}], browser)
    assert results[0]["ok"], results
    assert (tmp_path / "pictures" / "used.png").stat().st_size > 1000


@needs_browser
def test_a_browser_failure_names_action_expectation_and_picture(shop, browser):
    login = {"name": "in", "method": "POST", "url": "{shop}/login", "capture": {"token": "access_token"}}
    actions = [{"goto": "{shop}/"}, {"fill": {"label": "Article", "value": "{token}"}}, {"expect_title": "Mart"}]
    console = [{"goto": "{shop}/broken"}, {"expect_title": ""}]
    results, _ = run(
        shop,
        [
            {"name": "page", "steps": [login, {"name": "use", "browser": actions}]},
            {"name": "broken", "steps": [{"name": "use", "browser": console}]},
            {"name": "allowed", "steps": [{"name": "use", "browser": console, "allow_console": ["nothere"]}]},
        ],
        browser,
    )
    assert not results[0]["ok"]
    assert "action 3, expect_title" in results[0]["detail"] and "is 'Shop', expected 'Mart'" in results[0]["detail"]
    assert results[0]["screenshot"].endswith("failed-page.png")
    assert "tok-123456789" not in json.dumps(results)
    assert "console has 1 errors" in results[1]["detail"] and "nothere" in results[1]["detail"]
    assert results[2]["ok"], results[2]


def test_browser_checks_are_left_out_when_switched_off(shop):
    results, _ = run(shop, [{"name": "page", "steps": [{"name": "use", "browser": [{"goto": "{shop}/"}]}]}])
    assert results[0]["ok"] and results[0]["skipped"] and "left out" in results[0]["detail"]


LOOK = {"name": "page", "steps": [{"browser": [{"goto": "{shop}/"}]}]}


def test_browser_checks_have_a_lane_of_their_own():
    plain = {"name": "plain", "steps": [MAKE], "finally": [REMOVE]}
    assert lanes([plain, LOOK, plain]) == [[0, 2], [1]]
    assert lanes([plain]) == [[0]]
    assert lanes([]) == []


@pytest.mark.parametrize(
    "page",
    [
        {"name": "needs it", "steps": [{"browser": [{"goto": "{shop}/articles/{article}"}]}]},
        {"name": "asks for it", "steps": [{"browser": [{"goto": "{shop}/", "when": {"article": 1}}]}]},
    ],
)
def test_one_lane_where_the_browser_needs_what_a_request_captured(page):
    plain = {"name": "plain", "steps": [MAKE], "finally": [REMOVE]}
    assert lanes([page, plain]) == [[0, 1]]


def test_lanes_run_side_by_side_and_keep_the_order(shop, monkeypatch):
    """Each lane waits until the other has begun: one after the other this would end in a broken barrier."""
    meet, begun = threading.Barrier(2, timeout=10), []
    monkeypatch.setattr(
        Runner, "_check", lambda self, check: begun.append(meet.wait()) or self._result(check, True, 0, "")
    )

    class Closable:
        closed_by = None

        def close(self):
            Closable.closed_by = threading.current_thread()

    runner = Runner({"shop": shop}, "default", kube=None, browser=Closable())
    results = runner.run([{"name": "plain", "steps": [MAKE]}, LOOK], 10)
    assert [item["name"] for item in results] == ["plain", "page"] and len(begun) == 2
    assert Closable.closed_by is not threading.main_thread(), "Playwright ends in the thread that started it"
