"""The exceptions of exceptions.yml: each for one object and one rule of one tool, with its reason.

One that only some rendering needs names it, and holds in no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from chart_checks.model import CheckError, Finding

DATA = Path(__file__).with_name("exceptions.yml")
FIELDS = ("object", "tool", "rule", "reason")
NARROWED = (*FIELDS, "rendering")
WILDCARDS = set("*?[]")
#: Shorter ones explain nothing.
WORDS = 4


@dataclass(frozen=True)
class Exemption:
    """One finding of one object that is accepted, and why."""

    object: str
    tool: str
    rule: str
    reason: str
    rendering: str = ""

    def covers(self, tool: str, finding: Finding) -> bool:
        """Whether it is made for this finding."""
        if self.rendering not in ("", finding.rendering):
            return False
        return (self.tool, self.object, self.rule) == (tool, finding.object, finding.rule)


def problem(entry: object, tools: set[str]) -> str:
    """What is wrong with an entry of the file; "" if nothing is."""
    if not isinstance(entry, dict) or set(entry) not in (set(FIELDS), set(NARROWED)):
        return f"needed exactly {', '.join(FIELDS)}, and rendering where it is for one alone"
    if not all(isinstance(value, str) and value for value in entry.values()):
        return "found something else than a text, needed texts"
    kind, _, name = entry["object"].partition("/")
    if not kind or not name or "/" in name:
        return f"found object {entry['object']!r}, needed Kind/name"
    if WILDCARDS & set(entry["object"] + entry["rule"]):
        return "found a wildcard, needed one object and one rule: make an entry for each"
    if entry["tool"] not in tools:
        return f"found tool {entry['tool']!r}, needed one of {', '.join(sorted(tools))}"
    if len(entry["reason"].split()) < WORDS:
        return f"found the reason {entry['reason']!r}, needed a sentence that says why this is right"
    return ""


def load(tools: set[str], path: Path = DATA) -> list[Exemption]:
    """Read the file. Raises CheckError with every entry that is wrong or there twice."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    wrong = [f"{path.name}, {entry}: {text}." for entry in entries if (text := problem(entry, tools))]
    if wrong:
        raise CheckError("\n".join(wrong))
    made = [Exemption(**entry) for entry in entries]
    keys = [(one.tool, one.object, one.rule, one.rendering) for one in made]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise CheckError(f"{path.name}: found twice {sorted(twice)}, needed once.")
    return made


def apply(tool: str, findings: list[Finding], exemptions: list[Exemption]) -> tuple[list[Finding], list[Exemption]]:
    """The findings that no exception covers, and the tool's exceptions that cover none."""
    mine = [one for one in exemptions if one.tool == tool]
    left = [finding for finding in findings if not any(one.covers(tool, finding) for one in mine)]
    unused = [one for one in mine if not any(one.covers(tool, finding) for finding in findings)]
    return left, unused
