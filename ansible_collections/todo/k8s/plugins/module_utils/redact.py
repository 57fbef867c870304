"""Keep secrets out of what is printed, logged or returned."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "(hidden)"
PATTERNS = (
    # A JSON Web Token, wherever it stands.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]+"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # "password": "x", PASSWORD=x, api_key: x
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api[_-]?key|authorization|cookie)[\w-]*[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s,;&}\"']+)"
        ),
        rf"\1{HIDDEN}",
    ),
    # scheme://user:password@host
    (re.compile(r"(\w+://[^\s:/@]+:)[^\s@/]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\bsk-[\w-]{16,}"), HIDDEN),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without what looks like one.

    :param secrets: Values to hide wherever they stand; those shorter than 4 characters are left alone.
    """
    for value in sorted({item for item in secrets if item and len(item) >= 4}, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    for pattern, by in PATTERNS:
        text = pattern.sub(by, text)
    return text
