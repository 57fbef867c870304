"""What a browser sees of a page's first load: when its largest part is painted, and how much JavaScript it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from playwright.sync_api import Browser

# The last entry is the largest so far (W3C, Largest Contentful Paint).
WATCH = """
window.__largest = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.__largest = entry.startTime; })
    .observe({type: 'largest-contentful-paint', buffered: true});
"""
# The bodies as they were compressed, without what HTTP adds around them (W3C, Resource Timing).
SCRIPTS = """
performance.getEntriesByType('resource').filter(entry => new URL(entry.name).pathname.endsWith('.js'))
    .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
"""
SETTLED_MS = 1000


@dataclass(frozen=True)
class Load:
    """One load: largest contentful paint (ms), and compressed JavaScript (bytes)."""

    paint_ms: float
    script_bytes: int


def first_load(browser: Browser, origin: str, account: dict[str, str] | None = None) -> Load:
    """Load the page as a browser does that never saw it; signed in where there is an `account` {email, password}.

    Exits when the page cannot be had.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        if account:
            answer = context.request.post(
                f"{origin}/api/auth/login", data=json.dumps(account), headers={"Content-Type": "application/json"}
            )
            if not answer.ok:
                raise SystemExit(f"{origin}: {account['email']} cannot sign in: {answer.status} {answer.text()[:200]}")
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(f"{origin}/", wait_until="networkidle")
        page.wait_for_timeout(SETTLED_MS)
        return Load(page.evaluate("window.__largest"), page.evaluate(SCRIPTS))
    finally:
        context.close()
