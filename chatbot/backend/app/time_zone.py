"""Which day it is where the person is: "tomorrow" is theirs, not the server's."""

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Header


@lru_cache(maxsize=600)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # None, or one that this machine does not know: a day off for some hours is better than no answer.
        return UTC


def today_in(name: str | None) -> date:
    """Today in the time zone `name`; in UTC without one, or if it is not known."""
    return datetime.now(_zone(name[:64]) if name else UTC).date()


TimeZoneHeader = Annotated[
    str | None,
    Header(
        alias="X-Time-Zone",
        max_length=64,
        description="The person's time zone, as browsers call it; decides which day is today. UTC if left out or not "
        "known.",
        examples=["Europe/Berlin"],
    ),
]
