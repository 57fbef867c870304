"""The sentences in language/, matched by hassil."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hassil import Intents, recognize_all

FOLDER = Path(__file__).parent / "language"
MATCHES_MAX = 200
"""Of one text; there are a handful, unless somebody looks for the worst case."""


@dataclass(frozen=True)
class Match:
    """One way to read a text."""

    intent: str
    slots: dict[str, Any]
    """What stands for {names}: text as it was written, numbers as numbers; and fixed values of the sentence."""
    metadata: dict[str, Any]
    free: int
    """How many characters are in wildcards: the fewer, the more was understood."""


def _wrapped(sentence: str) -> str:
    # No brackets around it: a wildcard at its end would not know that a word has to begin after it.
    return f"[<begin>] {sentence} [<ending>]"


@cache
def _load(name: str) -> Intents:
    words = yaml.safe_load((FOLDER / "words.yaml").read_text())
    grammar = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    for intent in grammar["intents"].values():
        for block in intent["data"]:
            if name == "requests" and not block.get("metadata", {}).get("plain"):
                block["sentences"] = [_wrapped(sentence) for sentence in block["sentences"]]
    return Intents.from_dict(words | grammar)


def _match(text: str, result: Any) -> Match:
    slots: dict[str, Any] = {}
    free = 0
    for name, entity in result.entities.items():
        if entity.is_wildcard:
            start, end = entity.text_span
            slots[name] = text[start:end]
            free += end - start
        else:
            slots[name] = entity.text if isinstance(entity.value, str) and entity.text else entity.value
    return Match(result.intent.name, slots, result.intent_metadata or {}, free)


def read(name: str, text: str) -> list[Match]:
    """All ways to read `text` by the grammar `name`, the one that leaves least to wildcards first."""
    found = []
    for result in recognize_all(text, _load(name)):
        found.append(_match(text, result))
        if len(found) == MATCHES_MAX:
            break
    return sorted(found, key=lambda match: (bool(match.metadata.get("weak")), match.free))


def grammars() -> Iterator[str]:
    """The names of all grammars."""
    return (path.stem for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "words")
