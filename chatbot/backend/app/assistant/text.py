"""What a message is brought into before it is matched, and how its parts look as they were written."""

from datetime import date

COLON = "ː"
"""Stands for a colon: punctuation is nothing to the matcher, and "edit task 2: call dad" has no other mark. A letter
to the matcher, which looks for words."""
QUOTES = str.maketrans("“”„‘’´`", "\"\"\"''''")


def _iso(word: str) -> str | None:
    """A date such as 2030-01-31 without its dashes, which the matcher takes for words' ends."""
    bare = word.strip(".,;!?\"'")
    if len(bare) != 10:
        return None
    try:
        return word.replace(bare, date.fromisoformat(bare).strftime("%Y%m%d"))
    except ValueError:
        return None


class Text:
    """A message on one line, with straight quotes, colons and dates as the grammars want them."""

    def __init__(self, message: str):
        words = message.replace("\x00", "").replace(COLON, " ").translate(QUOTES).split()
        self._dates = {folded.strip(".,;!?\"'"): word.strip(".,;!?\"'") for word in words if (folded := _iso(word))}
        text = " ".join(_iso(word) or word for word in words)
        self.folded = text.replace(": ", f" {COLON} ")

    def plain(self, part: str) -> str:
        """A part of `folded` as it was written, without quotes around it and stray punctuation at its ends."""
        for folded, written in self._dates.items():
            part = part.replace(folded, written)
        part = part.replace(f" {COLON} ", ": ").replace(COLON, "").strip()
        if len(part) > 1 and part[0] in "\"'" and part[-1] == part[0]:
            return part[1:-1].strip()
        part = part.strip(" ,;:")
        return part if part.endswith("...") else part.rstrip("!.? ") or part
