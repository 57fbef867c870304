"""What a build prints, understood: the step it is at, and the lines of the step that failed.

BuildKit's plain output (`--progress=plain`): `#5 [stage 2/4] RUN …` begins a step, `#5 0.51 text` is what it prints,
`#5 DONE 1.2s`, `#5 CACHED` and `#5 ERROR: …` end it. The classic builder prints `Step 2/4 : RUN …` and then its text.
"""

from __future__ import annotations

import re
from collections import deque

LAST_LINES = 20  # of the failing step, in its error
BUILDKIT_LINE = re.compile(r"^#(\d+) (.*)$")
BUILDKIT_STEP = re.compile(r"^\[(.+)\] (\S.*)$")
BUILDKIT_TEXT = re.compile(r"^\d+\.\d+ (.*)$")
CLASSIC_STEP = re.compile(r"^Step (\d+/\d+) : (.*)$")
# Flags of RUN are of no interest to somebody who waits.
FLAGS = re.compile(r"--(?:mount|network|security|link|from|chown|chmod)(?:=\S+| \S+)\s+")


class Output:
    """Reads a build's output line by line."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lines: dict[str, deque[str]] = {}
        self._classic = ""
        self._rest: deque[str] = deque(maxlen=LAST_LINES)
        self.failed = ""  # the number of the step that failed

    def feed(self, line: str) -> str:
        """Take one line; returns the name of the step that it begins, otherwise nothing."""
        line = line.rstrip()
        found = BUILDKIT_LINE.match(line)
        if found:
            return self._buildkit(*found.groups())
        found = CLASSIC_STEP.match(line)
        if found:
            self._classic = self._begin("classic " + found[1], found[1], found[2])
            return self._classic
        if self._classic and not line.startswith(" --->"):
            self._lines[next(reversed(self._names))].append(line)
        elif line:
            self._rest.append(line)
        return ""

    def _buildkit(self, number: str, text: str) -> str:
        step = BUILDKIT_STEP.match(text)
        if step and number not in self._names:
            name = self._begin(number, step[1], step[2])
            return "" if step[1] == "internal" else name
        if text.startswith("ERROR"):
            self.failed = self.failed or number
            self._lines.setdefault(number, deque(maxlen=LAST_LINES)).append(text)
        elif printed := BUILDKIT_TEXT.match(text):
            self._lines.setdefault(number, deque(maxlen=LAST_LINES)).append(printed[1])
        return ""

    def _begin(self, number: str, place: str, text: str) -> str:
        name = f"[{place}] {' '.join(FLAGS.sub('', text).split())}"
        self._names[number] = name
        self._lines.setdefault(number, deque(maxlen=LAST_LINES))
        return name

    def failure(self) -> str:
        """The step that failed with its last lines; what was printed last where no step did."""
        number = self.failed or (next(reversed(self._names)) if self._classic else "")
        if number and (number in self._names or self._lines.get(number)):
            lines = [line for line in self._lines[number] if line.strip()]
            return "\n".join([f"step {self._names.get(number, number)}", *(f"    {line}" for line in lines)])
        return "\n".join(self._rest)
