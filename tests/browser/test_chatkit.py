"""ChatKit in place of the own chat page. Its script comes from a CDN that tests don't ask: a stand-in answers."""

from playwright.sync_api import expect

CDN = "https://cdn.platform.openai.com/**"
SCRIPT = """customElements.define("openai-chatkit", class extends HTMLElement {
  setOptions(options) { this.textContent = `stand-in speaks to ${options.api.url} as ${options.api.domainKey}`; }
});"""


def test_component_is_loaded_and_speaks_to_this_origin(page, context, chatkit_url, sign_up, watch):
    context.route(CDN, lambda route: route.fulfill(content_type="text/javascript", body=SCRIPT))
    sign_up(page, chatkit_url)
    expect(page.locator("openai-chatkit")).to_have_text("stand-in speaks to /chatkit as domain_pk_1a2b")
    # Longer than the page waits for the script.
    page.wait_for_timeout(3_500)
    expect(page.locator("openai-chatkit")).to_be_visible()
    assert all(url.startswith("https://cdn.platform.openai.com/") for url in watch.foreign)
    watch.foreign.clear()


def test_own_page_takes_over_where_the_script_cannot_be_had(page, context, chatkit_url, sign_up, watch):
    watch.allow("Failed to load resource")
    context.route(CDN, lambda route: route.abort())
    sign_up(page, chatkit_url)
    expect(page.get_by_text("ChatKit can't be loaded")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("Add buy milk")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("assistant-message")).to_have_count(1)
    watch.foreign.clear()


def test_own_page_takes_over_where_the_script_hangs(page, context, chatkit_url, sign_up, watch):
    held = []
    context.route(CDN, lambda route: held.append(route))
    sign_up(page, chatkit_url)
    expect(page.locator("openai-chatkit")).to_be_attached()
    expect(page.get_by_text("ChatKit can't be loaded")).to_be_visible(timeout=4_500)
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    assert held
    for route in held:
        route.abort()
    watch.allow("Failed to load resource")
    watch.foreign.clear()


def test_the_policy_lets_the_cdn_in_by_setting_only(page, site, chatkit_url):
    policies = [page.request.get(url).headers["content-security-policy"] for url in (chatkit_url, site.chatbot)]
    assert ["cdn.platform.openai.com" in policy for policy in policies] == [True, False]


def test_nothing_is_asked_of_the_cdn_without_the_setting(page, site, sign_up):
    """The watch of every page would see it."""
    sign_up(page, site.chatbot)
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.locator("openai-chatkit")).to_have_count(0)
