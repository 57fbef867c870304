"""How a database's password is replaced without a moment in which the only copy of it is lost: a decision without I/O.

The new password is in the Secret, under a name of its own, before the server knows it, and under the old one's name
only when the server does. Whatever interrupts, both copies are there, and the next run goes on with the same password.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Appended to the key for the password that is on its way.
NEXT_SUFFIX = "_NEXT"


@dataclass(frozen=True)
class Rotation:
    """`password` is the new one; `resumed` tells that an earlier run made it and that it is in the Secret."""

    password: str = field(repr=False)
    resumed: bool

    def msg(self, key: str, replace: bool) -> str:
        """What is done, in words: the new password put in the old one's place, or only beside it."""
        if replace:
            return f"{key} replaced, in the database and in the Secret"
        if self.resumed:
            return f"{key}{NEXT_SUFFIX} is there from an earlier run, which this one finishes"
        return f"{key}{NEXT_SUFFIX} added, to take the place of {key}"


def decide(data: dict[str, bytes] | None, key: str, fresh: str) -> Rotation:
    """What to do with a Secret's data.

    Args:
        data: the Secret's, None where there is no Secret.
        key: key of the password.
        fresh: a new random password, for the case that none is on its way.

    Raises:
        ValueError: where there is no password to replace, or the one on its way cannot be used.
    """
    if not (data or {}).get(key):
        raise ValueError(f"found no {key}, needed the password that the database was made with. Run `make up` first")
    name = key + NEXT_SUFFIX
    waiting = data.get(name)
    if not waiting:
        return Rotation(fresh, False)
    if not waiting.isascii() or not waiting.decode().isprintable():
        raise ValueError(
            f"found characters beside printable ASCII in {name}, needed none. Remove that key from the Secret"
        )
    return Rotation(waiting.decode(), True)
