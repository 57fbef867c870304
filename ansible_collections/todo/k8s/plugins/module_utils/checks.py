"""Functional checks as data: placeholders, paths into JSON, expectations. Pure functions, no input or output.

A check is ``{name, steps: [...], finally: [...]}``. A step is an HTTP request (``url``), a request to a Service that is
not published (``service``, ``port``, ``path``) or a row of browser actions (``browser``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
SECRET_NAME = re.compile(r"token|password|secret|cookie")
CHECK_KEYS = {"name", "steps", "finally"}
STEP_KEYS = {"name", "when", "expect", "capture", "retry_seconds"}
REQUEST_KEYS = {"method", "headers", "json", "timeout"}
KINDS = {
    "url": {"url"} | REQUEST_KEYS,
    "service": {"service", "port", "path"} | REQUEST_KEYS,
    "browser": {"browser", "allow_console"},
}
EXPECT_KEYS = {"status", "headers", "json", "text", "max_seconds"}
MATCHERS = {"matches", "contains", "exists", "length", "min_length", "one_of"}
ACTIONS = {
    "goto",
    "fill",
    "click",
    "press",
    "tick",
    "expect_visible",
    "expect_hidden",
    "expect_text",
    "expect_ticked",
    "expect_title",
    "screenshot",
}
ACTION_EXTRAS = {"when", "max_seconds"}


class Missing(Exception):
    """A placeholder names a variable that has no value (yet)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Unmet(Exception):
    """An expectation was not met; the text says what was expected and what was found."""


def account(seed: bytes) -> dict[str, str]:
    """The verification account of one installation, derived from a secret that only this installation has.

    The same secret always gives the same account, so that running the checks again leaves nothing behind, and no
    password is stored anywhere; another secret gives another address, so that an old account is never in the way.
    """

    def derive(what: str) -> bytes:
        return hmac.new(seed, f"todo.k8s verification {what}".encode(), hashlib.sha256).digest()

    password = base64.urlsafe_b64encode(derive("password"))[:28].decode()
    return {"account_id": derive("address").hex()[:12], "account_password": f"Aa1-{password}"}


def is_secret(name: str) -> bool:
    """Whether a variable of this name is kept out of everything that is printed."""
    return bool(SECRET_NAME.search(name))


def render(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with every {name} replaced; a string that is one placeholder keeps the variable's type.

    :raises Missing: where a variable has no value.
    """
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole:
            return _lookup(whole[1], variables)
        return PLACEHOLDER.sub(lambda match: str(_lookup(match[1], variables)), value)
    if isinstance(value, Mapping):
        return {render(key, variables): render(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [render(each, variables) for each in value]
    return value


def _lookup(name: str, variables: Mapping[str, Any]) -> Any:
    if name not in variables:
        raise Missing(name)
    return variables[name]


def is_browser(check: Mapping[str, Any]) -> bool:
    """Whether a check has a step that needs a browser."""
    return any("browser" in step for step in check["steps"])


def lanes(checks: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The numbers of the checks that run one after the other, a list for each lane; lanes run side by side.

    The browser's checks are a lane of their own, unless one lane needs a variable that the other one takes: then there
    is a single lane, in the order given.
    """
    apart = [[number for number, check in enumerate(checks) if is_browser(check) is kind] for kind in (False, True)]
    for here, there in (apart, reversed(apart)):
        own, others = _taken(checks, here), _taken(checks, there)
        if _used(checks, here) & (others - own):
            return [list(range(len(checks)))]
    return [lane for lane in apart if lane]


def _steps(checks: Sequence[Mapping[str, Any]], lane: Iterable[int]) -> list[Mapping[str, Any]]:
    return [step for number in lane for step in [*checks[number]["steps"], *(checks[number].get("finally") or [])]]


def _taken(checks: Sequence[Mapping[str, Any]], lane: Iterable[int]) -> set[str]:
    return {name for step in _steps(checks, lane) for name in step.get("capture") or {}}


def _used(checks: Sequence[Mapping[str, Any]], lane: Iterable[int]) -> set[str]:
    steps = _steps(checks, lane)
    conditions = {
        name for step in steps for each in [step, *(step.get("browser") or [])] for name in each.get("when") or {}
    }
    return set(PLACEHOLDER.findall(str(steps))) | conditions


def applies(condition: Mapping[str, Any] | None, variables: Mapping[str, Any]) -> bool:
    """Whether every variable named in `when` has the value, or one of the list of values, that stands there."""
    for name, wanted in (condition or {}).items():
        value = _lookup(name, variables)
        if value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


NOTHING = object()


def dig(value: Any, path: str) -> Any:
    """What is at ``user.email``, ``[0].title`` or ``tool_calls[name=add_task].result``; NOTHING where nothing is.

    ``$`` is the whole. ``[key=text]`` takes the first item of a list whose key, as text, is that.
    """
    if path == "$":
        return value
    for piece in re.findall(r"\[[^\]]*\]|[^.\[\]]+", path):
        value = _into(value, piece)
        if value is NOTHING:
            return NOTHING
    return value


def _into(value: Any, piece: str) -> Any:
    if not piece.startswith("["):
        return value.get(piece, NOTHING) if isinstance(value, Mapping) else NOTHING
    if not isinstance(value, list):
        return NOTHING
    inner = piece[1:-1]
    if "=" in inner:
        key, wanted = inner.split("=", 1)
        return next((item for item in value if isinstance(item, Mapping) and str(item.get(key)) == wanted), NOTHING)
    index = int(inner)
    return value[index] if -len(value) <= index < len(value) else NOTHING


def short(value: Any, limit: int = 300) -> str:
    """The value in one line that is not too long."""
    text = "nothing" if value is NOTHING else " ".join((value if isinstance(value, str) else repr(value)).split())
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def match(value: Any, wanted: Any, subject: str) -> None:
    """Compare one found value with what is wanted: a plain value, or a mapping of one matcher to its argument.

    :raises Unmet: naming the subject, what was found and what was expected.
    """
    if not (isinstance(wanted, Mapping) and wanted and set(wanted) <= MATCHERS):
        if value is NOTHING or value != wanted:
            raise Unmet(f"{subject} is {short(value)}, expected {short(wanted)}")
        return
    for rule, argument in wanted.items():
        if not _matches(rule, argument, value):
            raise Unmet(f"{subject} is {short(value)}, expected {rule} {short(argument)}")


def _matches(rule: str, argument: Any, value: Any) -> bool:
    if rule == "exists":
        return (value is not NOTHING) == bool(argument)
    if value is NOTHING:
        return False
    if rule == "matches":
        return re.search(argument, str(value)) is not None
    if rule == "contains":
        return argument in (value if isinstance(value, (list, Mapping)) else str(value))
    if rule == "one_of":
        return value in argument
    try:
        size = len(value)
    except TypeError:
        return False
    return size == int(argument) if rule == "length" else size >= int(argument)


def verify_answer(
    expect: Mapping[str, Any], status: int, headers: Mapping[str, str], body: str, parsed: Any, seconds: float
) -> None:
    """Compare one HTTP answer with what the step expects. Without a status in `expect`, 2xx is expected.

    :param parsed: The body as JSON, NOTHING where it is none.
    :raises Unmet: for the first thing that differs.
    """
    wanted = expect.get("status")
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if (status not in allowed) if wanted is not None else not 200 <= status < 300:
        expected = " or ".join(map(str, allowed)) if wanted is not None else "2xx"
        raise Unmet(f"status {status}, expected {expected}; the answer: {short(body) or 'empty'}")
    lower = {name.lower(): value for name, value in headers.items()}
    for name, pattern in (expect.get("headers") or {}).items():
        match(lower.get(name.lower(), NOTHING), {"matches": str(pattern)}, f"header {name}")
    texts = expect.get("text") or []
    for text in texts if isinstance(texts, list) else [texts]:
        if text not in body:
            raise Unmet(f"the body lacks the text {text!r}; it begins: {short(body)}")
    for path, value in (expect.get("json") or {}).items():
        if parsed is NOTHING:
            raise Unmet(f"the body is not JSON; it begins: {short(body)}")
        try:
            match(dig(parsed, path), value, f"JSON {path}")
        except Unmet as error:
            raise Unmet(f"{error}; the answer: {short(body)}") from None
    limit = expect.get("max_seconds")
    if limit is not None and seconds > float(limit):
        raise Unmet(f"took {seconds:.2f} s, expected at most {limit} s")


def captured(rules: Mapping[str, str], status: int, headers: Mapping[str, str], parsed: Any) -> dict[str, Any]:
    """The variables that a step takes from its answer: a JSON path, ``$status`` or ``$header:Name``.

    With a ``?`` at its end it need not be there; the variable is then NOTHING.

    :raises Unmet: where the answer does not have it.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        where = rule.removesuffix("?")
        if where == "$status":
            value: Any = status
        elif where.startswith("$header:"):
            value = lower.get(where.removeprefix("$header:").lower(), NOTHING)
        else:
            value = NOTHING if parsed is NOTHING else dig(parsed, where)
        if value is NOTHING and where == rule:
            raise Unmet(f"the answer has no {where}, which is needed as {name}")
        found[name] = value
    return found


def kind_of(step: Mapping[str, Any]) -> str:
    """url, service or browser.

    :raises ValueError: where it is none of them, or more than one.
    """
    kinds = [kind for kind in KINDS if kind in step]
    if len(kinds) != 1:
        raise ValueError(f"found {', '.join(kinds) or 'none'} of url, service and browser; needed: exactly one")
    return kinds[0]


def mistakes(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the checks as data, each with the place, what was found and what is known."""
    found: list[str] = []
    names: set[str] = set()
    for number, check in enumerate(checks, 1):
        where = f"check {number} ({check.get('name', 'no name')})"
        if not check.get("name") or not isinstance(check.get("steps"), list) or not check["steps"]:
            found.append(f"{where}: needed are a name and a list of steps")
            continue
        if check["name"] in names:
            found.append(f"{where}: the name occurs twice")
        names.add(check["name"])
        found += _unknown(where, check, CHECK_KEYS)
        for index, step in enumerate([*check["steps"], *(check.get("finally") or [])], 1):
            found += _step_mistakes(f"{where}, step {index} ({step.get('name', 'no name')})", step)
    return found


def _unknown(where: str, found: Mapping[str, Any], known: set[str]) -> list[str]:
    extra = sorted(set(found) - known)
    return [f"{where}: unknown {', '.join(extra)}; known are {', '.join(sorted(known))}"] if extra else []


def _step_mistakes(where: str, step: Mapping[str, Any]) -> list[str]:
    try:
        kind = kind_of(step)
    except ValueError as error:
        return [f"{where}: {error}"]
    found = _unknown(where, step, STEP_KEYS | KINDS[kind])
    found += _unknown(f"{where}, expect", step.get("expect") or {}, EXPECT_KEYS)
    if kind == "service":
        found += [f"{where}: {key} is missing" for key in ("port", "path") if key not in step]
    for action in step.get("browser") or []:
        if len(set(action) & ACTIONS) != 1:
            found.append(f"{where}: {short(action)} names no action; known are {', '.join(sorted(ACTIONS))}")
        else:
            found += _unknown(f"{where}, action", action, ACTIONS | ACTION_EXTRAS)
    return found
