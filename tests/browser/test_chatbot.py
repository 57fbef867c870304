"""The chat page, and what both pages have in common."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from steps import protocol, say


def test_page_loads_with_its_title(page, site):
    page.goto(site.chatbot)
    expect(page).to_have_title("Todo chatbot")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_adds_lists_completes_and_deletes_a_task(chat, site):
    assert "uy milk" in say(chat, "Add buy milk", 1)
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “Buy milk”"])
    assert "uy milk" in say(chat, "List my tasks", 2)
    say(chat, "Complete task 1", 3)
    tasks = chat.request.get(f"{site.chatbot}/api/tasks").json()
    assert [(one["id"], one["title"].lower(), one["completed"]) for one in tasks] == [(1, "buy milk", True)]
    say(chat, "Delete task 1", 4)
    assert chat.request.get(f"{site.chatbot}/api/tasks").json() == []


def test_says_which_assistant_answers(chat):
    expect(chat.get_by_test_id("assistant-kind")).to_contain_text("uilt-in assistant")


def test_what_did_not_work_is_told_by_a_chip(chat):
    say(chat, "Delete task 7", 1)
    expect(chat.get_by_test_id("chip")).to_contain_text("Could not delete task 7: ")


def test_titles_are_text_whatever_they_look_like(chat):
    title = "<img src=x onerror=alert(1)> **bold** [link](javascript:alert(2))"
    answer = say(chat, f'Add "{title}"', 1)
    assert "<img src=x onerror=alert(1)>" in answer
    expect(chat.get_by_test_id("chip")).to_contain_text("<img src=x onerror=alert(1)>")
    chat.reload()
    expect(chat.get_by_test_id("assistant-message")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(chat.get_by_test_id("conversation")).to_contain_text("<img")
    assert chat.locator("main img, main a, nav img, main strong").count() == 0


def test_suggestions_for_a_first_message(chat):
    chat.get_by_role("button", name="Add buy milk tomorrow").click()
    expect(chat.get_by_test_id("chip")).to_contain_text("Added “Buy milk”")
    expect(chat.get_by_label("Message", exact=True)).to_be_focused()


def test_enter_sends_and_shift_enter_does_not(chat):
    field = chat.get_by_label("Message", exact=True)
    field.focus()
    chat.keyboard.type("What is")
    chat.keyboard.press("Shift+Enter")
    chat.keyboard.type("still open?")
    expect(field).to_have_value("What is\nstill open?")
    chat.keyboard.press("Enter")
    expect(chat.get_by_test_id("assistant-message")).to_have_count(1)
    expect(field).to_have_value("")
    expect(field).to_be_focused()


def test_conversations_are_kept_opened_and_deleted(chat):
    expect(chat.get_by_text("No conversation yet.")).to_be_visible()
    say(chat, "Add first thing", 1)
    expect(chat.get_by_test_id("conversation")).to_have_count(1)
    chat.get_by_role("button", name="New conversation").click()
    expect(chat.get_by_test_id("assistant-message")).to_have_count(0)
    say(chat, "Add second thing", 1)
    expect(chat.get_by_test_id("conversation")).to_have_count(2)
    chat.reload()
    # The one that was open is open again.
    expect(chat.get_by_test_id("user-message")).to_have_text("You: Add second thing")
    chat.get_by_test_id("conversation").filter(has_text="first thing").get_by_role("button").first.click()
    expect(chat.get_by_test_id("user-message")).to_have_text("You: Add first thing")
    expect(chat.get_by_test_id("chip")).to_have_text(["Added “First thing”"])
    chat.get_by_role("button", name="Delete conversation Add first thing").click()
    question = chat.get_by_role("group", name="Delete Add first thing?")
    question.get_by_role("button", name="Cancel").click()
    expect(chat.get_by_test_id("conversation")).to_have_count(2)
    chat.get_by_role("button", name="Delete conversation Add first thing").click()
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(chat.get_by_test_id("conversation")).to_have_count(1)
    # It was open.
    expect(chat.get_by_text("What should happen with your tasks?")).to_be_visible()
    chat.reload()
    expect(chat.get_by_test_id("conversation")).to_have_text(["Add second thing"])


def test_conversations_are_renamed(chat):
    say(chat, "Add first thing", 1)
    chat.get_by_role("button", name="Rename conversation Add first thing").click()
    field = chat.get_by_label("Title", exact=True)
    expect(field).to_be_focused()
    field.fill("  Shopping ")
    chat.keyboard.press("Enter")
    row = chat.get_by_test_id("conversation").get_by_role("button", name="Shopping", exact=True)
    expect(row).to_be_visible()
    # What is said afterwards does not change it.
    say(chat, "Help", 2)
    chat.reload()
    expect(row).to_be_visible()


def test_two_people_have_their_own_conversations(chat, site, new_context, sign_up, other_account):
    say(chat, "Add a secret of Ada", 1)
    conversation = protocol(chat, site.chatbot, "threads.list")["data"][0]["id"]
    other = new_context().new_page()
    sign_up(other, site.chatbot, other_account)
    expect(other.get_by_text("No conversation yet.")).to_be_visible()
    assert say(other, "List my tasks", 1) and "secret" not in other.content()
    request = {"type": "items.list", "params": {"thread_id": conversation}}
    assert other.request.post(f"{site.chatbot}/chatkit", data=request).status == 404


def test_one_sign_in_serves_both_pages(chat, site, context):
    say(chat, "Add shared task", 1)
    link = chat.get_by_role("link", name="Todo")
    assert urlsplit(link.get_attribute("href")).port == urlsplit(site.todo).port
    link.click()
    expect(chat).to_have_title("Todo")
    expect(chat.get_by_role("checkbox", name="Shared task")).to_be_visible()
    chat.get_by_role("link", name="Chatbot").first.click()
    expect(chat).to_have_title("Todo chatbot")
    chat.get_by_role("button", name="Sign out").click()
    expect(chat.get_by_role("button", name="Sign in")).to_be_visible()
    chat.goto(site.todo)
    expect(chat.get_by_role("button", name="Sign in")).to_be_visible()


def test_page_opened_by_another_host_keeps_it(page, site, account):
    """A public address on localhost is of no use to who came by another name."""
    todo, chatbot = urlsplit(site.todo).port, urlsplit(site.chatbot).port
    page.request.post(
        f"http://127.0.0.1:{todo}/api/auth/register", data={"email": account.email, "password": account.password}
    )
    html = page.request.get(f"http://127.0.0.1:{todo}/").text()
    assert f"http://127.0.0.1:{chatbot}/" in html
    assert f"http://localhost:{chatbot}" not in html


def test_narrow_screen_has_its_conversations_behind_a_button(chat):
    say(chat, "Add one thing", 1)
    chat.set_viewport_size({"width": 390, "height": 844})
    expect(chat.get_by_test_id("conversation")).not_to_be_visible()
    chat.get_by_role("button", name="Conversations", exact=True).click()
    expect(chat.get_by_test_id("conversation")).to_be_visible()
    expect(chat.get_by_role("button", name="New conversation")).to_be_focused()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("button", name="Conversations", exact=True)).to_be_focused()
    assert chat.evaluate("document.documentElement.scrollWidth") <= 390


def test_backend_away_is_said_and_the_message_stays(chat, stack, watch):
    say(chat, "Add before", 1)
    watch.allow("50[234]")
    backend = stack.services["chatbot-backend"]
    backend.stop()
    try:
        chat.get_by_label("Message", exact=True).fill("Add meanwhile")
        chat.get_by_role("button", name="Send").click()
        expect(chat.get_by_role("alert").filter(has_text="chatbot-backend is not reachable")).to_be_visible()
        expect(chat.get_by_label("Message", exact=True)).to_have_value("Add meanwhile")
        answer = chat.request.get(f"{stack.services['chatbot-frontend'].url}/ready")
        # The page itself serves: it says what is wrong, and keeps what is typed.
        assert answer.status == 200
        assert answer.json()["checks"] == {"todo-backend": "ok", "chatbot-backend": "ECONNREFUSED"}
    finally:
        backend.start()
    chat.get_by_role("button", name="Try again").click()
    expect(chat.get_by_test_id("assistant-message")).to_have_count(2)
    expect(chat.get_by_test_id("chip").last).to_have_text("Added “Meanwhile”")
    expect(chat.get_by_role("alert").filter(has_text="reachable")).to_have_count(0)


@pytest.mark.parametrize("service", ["todo", "chatbot"])
def test_health_ready_and_the_envelope(page, site, service):
    url = getattr(site, service)
    assert page.request.get(f"{url}/health").json() == {"status": "ok"}
    assert page.request.get(f"{url}/ready").status == 200
    answer = page.request.get(f"{url}/api/nothing", headers={"X-Request-ID": "browser-1"})
    assert answer.status == 404
    assert answer.json()["error"]["request_id"] == "browser-1"
    assert answer.headers["x-request-id"] == "browser-1"


@pytest.mark.parametrize("service", ["todo", "chatbot"])
@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nothing/here", 404), ("/api/nothing", 404)])
def test_answers_are_guarded_by_a_policy(page, site, service, path, status):
    answer = page.request.get(getattr(site, service) + path)
    policy = answer.headers["content-security-policy"]
    assert answer.status == status
    assert "unsafe" not in policy
    if path.startswith("/api"):
        assert policy.startswith("default-src 'none'")
    else:
        assert "script-src 'self' 'nonce-" in policy
        assert "style-src 'self' 'nonce-" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert "x-powered-by" not in answer.headers
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("service", ["todo", "chatbot"])
def test_a_page_that_is_not_there_says_so_and_leads_back(page, site, service, watch):
    watch.allow("404")
    page.goto(getattr(site, service) + "/nothing/here")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Back to the start").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
