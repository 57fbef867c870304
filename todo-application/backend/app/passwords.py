"""Which passwords are taken. Length is what counts; kinds of characters are not asked for, as they only lead to
"Password1!". Refused is what is tried first: the most common passwords, and the address itself."""

from pathlib import Path

MIN_LENGTH = 8
MAX_LENGTH = 128
"""Bounds the work of hashing."""

# The front runners of every published list that are long enough to be taken at all. The limit on attempts is what stops
# guessing further down such lists.
COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


def why_weak(password: str, email: str) -> str:
    """The reason to refuse a password, or an empty text. The reason never repeats the password."""
    plain = password.strip().lower()
    if plain in COMMON:
        return "is one of the most common passwords; please choose one that nobody else has"
    if email and plain in (email, email.partition("@")[0]):
        return "is the e-mail address; please choose something that others don't know"
    if len(set(plain)) == 1:
        return "is one character over and over; please choose something longer to guess"
    return ""
