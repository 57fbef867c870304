"""Run functional checks: HTTP, Services behind the API server's proxy, and the browser."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlparse

import requests

from ansible_collections.todo.k8s.plugins.module_utils.check_browser import Browser
from ansible_collections.todo.k8s.plugins.module_utils.checks import (
    NOTHING,
    Missing,
    Unmet,
    applies,
    captured,
    is_browser,
    is_secret,
    kind_of,
    lanes,
    render,
    verify_answer,
)
from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError, is_near
from ansible_collections.todo.k8s.plugins.module_utils.redact import redact

MAX_BODY = 1_000_000


@dataclass
class Runner:
    """Runs checks; variables that one step takes are there for all that follow in its lane.

    The browser's checks run beside the others where neither needs what the other finds.

    :param kube: Gives the API for steps of type service; called at the first of them.
    :param browser: None where browser steps are switched off: a check that needs one is then left out, and says so.
    """

    variables: dict[str, Any]
    namespace: str
    kube: Callable[[], Kube]
    browser: Browser | None
    timeout: float = 10
    report: Callable[[str], None] = lambda text: None
    _lost: dict[str, str] = field(default_factory=dict)
    _kube: Kube | None = None

    def run(self, checks: Sequence[Mapping[str, Any]], total_seconds: float) -> list[dict[str, Any]]:
        """All checks in their order, each with name, ok, latency_ms, detail, and the screenshot where there is one."""
        end = time.monotonic() + total_seconds
        self.variables.setdefault("unique", secrets.token_hex(4))
        results: dict[int, dict[str, Any]] = {}
        found = lanes(checks)
        if len(found) < 2:
            self._lane(checks, found[0] if found else [], end, total_seconds, results)
        else:
            with ThreadPoolExecutor(max_workers=len(found)) as pool:
                # Variables of its own for each: what one takes must not appear in the middle of the other.
                runners = [replace(self, variables=dict(self.variables), _lost={}) for _lane in found]
                running = [
                    pool.submit(runner._lane, checks, lane, end, total_seconds, results)
                    for runner, lane in zip(runners, found, strict=True)
                ]
            for lane in running:
                lane.result()
        return [results[number] for number in range(len(checks))]

    def _lane(
        self,
        checks: Sequence[Mapping[str, Any]],
        lane: Sequence[int],
        end: float,
        total_seconds: float,
        results: dict[int, dict[str, Any]],
    ) -> None:
        """The checks of one lane, one after the other. A browser is used by the one thread that started it."""
        try:
            for number in lane:
                results[number] = self._one(checks[number], end, total_seconds)
        finally:
            if self.browser and any(is_browser(checks[number]) for number in lane):
                self.browser.close()

    def _one(self, check: Mapping[str, Any], end: float, total_seconds: float) -> dict[str, Any]:
        if time.monotonic() > end:
            result = self._result(check, False, 0, f"not run: the {total_seconds:g} s for all are over")
        elif not self.browser and is_browser(check):
            result = {**self._result(check, True, 0, "left out: verify_browser is off"), "skipped": True}
        else:
            result = self._check(check)
        self.report(f"{'ok' if result['ok'] else 'FAILED'}: {result['name']} ({result['latency_ms']} ms)")
        return result

    def hide(self, text: str) -> str:
        """The text without tokens, passwords and what looks like one."""
        return redact(text, [str(value) for name, value in self.variables.items() if is_secret(name)])

    def _result(self, check: Mapping[str, Any], ok: bool, seconds: float, detail: str) -> dict[str, Any]:
        return {
            "name": check["name"],
            "ok": ok,
            "latency_ms": round(seconds * 1000),
            "detail": self.hide(detail),
            "skipped": False,
        }

    def _check(self, check: Mapping[str, Any]) -> dict[str, Any]:
        session = requests.Session()
        if self.browser and is_browser(check):
            self.browser.forget(f"failed {check['name']}")
        begin, failed, done, picture = time.monotonic(), "", [], ""
        for step in check["steps"]:
            started = time.monotonic()
            name = step.get("name") or kind_of(step)
            try:
                if not self._step(session, step):
                    continue
            except Missing as error:
                by = self._lost.get(error.name)
                reason = f"which {by!r} should have brought" if by else "which nothing brings"
                failed = f"step {name!r} not run: it needs {error.name}, {reason}"
            except (Unmet, KubeError) as error:
                failed = f"step {name!r}: {error}"
                if "browser" in step and self.browser:
                    picture = self.browser.screenshot(f"failed {check['name']}")
            if failed:
                break
            done.append(f"{name} {round((time.monotonic() - started) * 1000)} ms")
        seconds = time.monotonic() - begin
        if failed:
            for step in check["steps"]:
                for variable in step.get("capture") or {}:
                    if variable not in self.variables:
                        self._lost[variable] = check["name"]
        left = self._clean(session, check)
        session.close()
        if self.browser and is_browser(check):
            self.browser.end_check()
        detail = "; ".join(part for part in (failed or ", ".join(done), *left) if part)
        result = self._result(check, not failed and not left, seconds, detail)
        if picture:
            result["screenshot"] = picture
        return result

    def _clean(self, session: requests.Session, check: Mapping[str, Any]) -> list[str]:
        """Undo what the check made, all of it, whatever happened; what is left over is said."""
        left = []
        for step in check.get("finally") or []:
            try:
                self._step(session, step)
            except Missing:
                continue  # it was never made
            except (Unmet, KubeError) as error:
                left.append(f"cleaning up, step {step.get('name', '')!r}: {error}")
        return left

    def _step(self, session: requests.Session, step: Mapping[str, Any]) -> bool:
        """Do one step; False where its `when` leaves it out. With `retry_seconds`, again until it holds."""
        if not applies(step.get("when"), self.variables):
            return False
        end = time.monotonic() + float(step.get("retry_seconds") or 0)
        while True:
            try:
                self._once(session, step)
                return True
            except (Unmet, KubeError):
                if time.monotonic() >= end:
                    raise
                time.sleep(0.25)

    def _once(self, session: requests.Session, step: Mapping[str, Any]) -> None:
        kind = kind_of(step)
        if kind == "browser":
            assert self.browser is not None
            self.browser.run(step["browser"], self.variables, step.get("allow_console") or [])
            return
        wanted = {
            key: render(step[key], self.variables) for key in step if key not in ("name", "when", "expect", "capture")
        }
        expect = render(step.get("expect") or {}, self.variables)
        begin = time.monotonic()
        status, headers, body = (self._url if kind == "url" else self._service)(session, wanted)
        seconds = time.monotonic() - begin
        text = body.decode("utf-8", "replace")
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = NOTHING
        subject = f"{wanted.get('method', 'GET')} {_address(kind, wanted)}"
        try:
            verify_answer(expect, status, headers, text, parsed, seconds)
            for name, value in captured(step.get("capture") or {}, status, headers, parsed).items():
                # An old value must not stand in for one that is not there: it would clean up something else.
                if value is NOTHING:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value
        except Unmet as error:
            raise Unmet(f"{subject}: {error}") from None

    def _url(self, session: requests.Session, wanted: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        url = str(wanted["url"])
        # A proxy set for the outside world has no business with this machine.
        session.trust_env = not is_near(urlparse(url).hostname or "")
        try:
            answer = session.request(
                wanted.get("method", "GET"),
                url,
                headers={"Accept": "application/json, */*;q=0.5", **(wanted.get("headers") or {})},
                json=wanted.get("json"),
                timeout=float(wanted.get("timeout") or self.timeout),
                allow_redirects=False,
                stream=True,
            )
            body = answer.raw.read(MAX_BODY, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise Unmet(
                f"{wanted.get('method', 'GET')} {url}: no answer ({reason_of(error)}); expected one within"
                f" {wanted.get('timeout') or self.timeout:g} s"
            ) from error
        return answer.status_code, answer.headers, body

    def _service(self, session: requests.Session, wanted: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        self._kube = self._kube or self.kube()
        headers, body = dict(wanted.get("headers") or {}), None
        if "json" in wanted:
            body, headers["Content-Type"] = json.dumps(wanted["json"]).encode(), "application/json"
        answer = self._kube.service(
            self.namespace,
            wanted["service"],
            wanted["port"],
            wanted["path"],
            wanted.get("method", "GET"),
            headers,
            body,
            float(wanted.get("timeout") or self.timeout),
        )
        return answer.status, answer.headers, answer.body


def _address(kind: str, wanted: Mapping[str, Any]) -> str:
    if kind == "url":
        return str(wanted["url"])
    return f"{wanted['service']}:{wanted['port']}/{str(wanted['path']).lstrip('/')} in the cluster"


def reason_of(error: BaseException) -> str:
    """The innermost cause, which is the one that says something: "Connection refused"."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current and current not in seen:
        seen.append(current)
        inner = getattr(current, "reason", None)
        args = [item for item in current.args if isinstance(item, BaseException)]
        current = inner if isinstance(inner, BaseException) else (args[0] if args else current.__cause__)
    text = str(seen[-1]) or type(seen[-1]).__name__
    return text.rsplit(": ", 1)[-1] if "Errno" in text else text
