"""Which tasks some words mean: literally, or nearly so (rapidfuzz)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process, utils

Task = dict[str, Any]

WORD_LIKE = 78
"""From here on (of 100) a word is taken for a misspelt other one: "grocries" and "groceries" have 94."""
SURE = 84
"""What all words together need to be acted on; below, down to MAYBE, the person is asked."""
MAYBE = 70
SHOWN = 10
FILLERS = frozenset(["a", "an", "the", "my", "to", "for", "of", "at", "in", "on", "with", "and"])


@dataclass(frozen=True)
class Found:
    """The tasks that fit, best first."""

    tasks: list[Task]
    literal: bool
    """The words are in the titles as they were said."""
    sure: bool


def words_of(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return re.findall(r"\w+", text.casefold())


def _literally(wanted: list[str]) -> list[Callable[[list[str]], bool]]:
    """Ways to fit, the strictest first."""
    joined = " ".join(wanted)
    telling = set(wanted) - FILLERS or set(wanted)
    return [
        lambda words: words == wanted,
        lambda words: f" {joined} " in f" {' '.join(words)} ",
        lambda words: telling <= set(words),
    ]


def _likeness(wanted: list[str], title: list[str]) -> float:
    """How well each wanted word has its like in the title, the worst counting most (0 to 100)."""
    if not title:
        return 0
    best = [process.extractOne(word, title, scorer=fuzz.ratio)[1] for word in wanted]
    return min(best) if min(best) < WORD_LIKE else sum(best) / len(best)


def find(tasks: list[Task], text: str) -> Found:
    """The tasks that `text` may mean.

    Either all that fit literally by the strictest rule that any task fits, or those that are nearly like it.
    """
    wanted = words_of(text)
    if not wanted:
        return Found([], False, False)
    for rule in _literally(wanted):
        if fitting := [task for task in tasks if rule(words_of(task["title"]))]:
            return Found(fitting, True, True)
    telling = [word for word in wanted if word not in FILLERS] or wanted
    scored = []
    for task in tasks:
        title = [word for word in words_of(task["title"]) if word not in FILLERS]
        near = max(
            _likeness(telling, title),
            fuzz.token_sort_ratio(text, task["title"], processor=utils.default_process),
        )
        if near >= MAYBE:
            scored.append((near, task))
    scored.sort(key=lambda pair: (-pair[0], pair[1]["id"]))
    sure = [task for score, task in scored if score >= SURE]
    return Found(sure or [task for _, task in scored[:SHOWN]], False, bool(sure))


def find_about(tasks: list[Task], text: str) -> Found:
    """All tasks about something: every word is in the title, as it is, in another number, or misspelt."""
    wanted = [word for word in words_of(text) if word not in FILLERS]
    if not wanted:
        return Found([], False, False)

    def fits(task: Task) -> bool:
        title = words_of(task["title"])
        return bool(title) and all(
            any(word == other or word.rstrip("s") == other.rstrip("s") for other in title) for word in wanted
        )

    if literal := [task for task in tasks if fits(task)]:
        return Found(literal, True, True)
    near = [task for task in tasks if _likeness(wanted, words_of(task["title"])) >= SURE]
    return Found(near, False, bool(near))
