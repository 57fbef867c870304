"""A language model that speaks when a test says so: the chatbot-backend's scripted endpoint, with replies that wait."""

import queue
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "chatbot" / "backend" / "tests"))

from model_server import ModelServer, calls, text  # noqa: E402

__all__ = ["ModelServer", "Reply", "calls", "text"]


class Reply:
    """An entry of the script whose words come one by one, as the test hands them over."""

    def __init__(self, *pieces: str):
        self._said: list[dict[str, Any]] = []
        self._whole = False
        self._pieces: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.say(*pieces)

    def say(self, *pieces: str) -> None:
        """Let the model say something."""
        for piece in pieces:
            self._pieces.put({"content": piece})

    def end(self) -> None:
        """Let the reply be whole."""
        self._pieces.put(None)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from list(self._said)
        while not self._whole:
            try:
                piece = self._pieces.get(timeout=30)
            except queue.Empty:
                # The test has ended meanwhile.
                piece = None
            if piece is None:
                self._whole = True
            else:
                self._said.append(piece)
                yield piece
