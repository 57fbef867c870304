"""Headers whose form is checked here and described in /docs."""

import re

from pydantic import AfterValidator


def matching(pattern: str, needs: str) -> AfterValidator:
    """Refuse a value that is not of this form; pydantic's own message would show the pattern to people.

    Args:
        pattern: A regular expression for the whole value.
        needs: What to send, as it goes on after "needs".
    """

    def check(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value):
            raise ValueError(f"needs {needs}")
        return value

    return AfterValidator(check)
