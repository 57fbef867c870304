"""Mirrors of the default registry, as dockerd takes them: checked before an engine is stopped for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

OPTION = "--registry-mirror"
NEEDED = "http://HOST[:PORT] or https://HOST[:PORT]"


class MirrorError(Exception):
    """A mirror's address cannot be used; the text says what is wrong with it, without a password."""


def checked(urls: Iterable[str]) -> list[str]:
    """The mirrors as dockerd writes them, with a slash at the end, each once.

    Raises MirrorError for the first that dockerd would refuse, or that could not be written into a systemd unit.
    """
    return list(dict.fromkeys(_checked(str(url)) for url in urls))


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, user, _port = parts.hostname, parts.username or parts.password, parts.port
    except ValueError:
        raise _error("an address whose host or port cannot be read") from None
    if user:
        raise _error("an address with a user or a password", "sign in with `docker login` instead")
    if parts.scheme not in ("http", "https") or not host:
        raise _error(url)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _error(
            url, "dockerd before version 25 takes no path; have the mirror answer at a name or port of its own"
        )
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc):
        raise _error(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _error(found: str, remedy: str = "") -> MirrorError:
    return MirrorError(
        f"engine_registry_mirrors: found {found}; needed {NEEDED}. Remedy: {remedy or 'correct the address'}."
    )


def options(mirrors: Iterable[str]) -> list[str]:
    """What dockerd has to be told."""
    return [word for mirror in mirrors for word in (OPTION, mirror)]


def told(command: list[str]) -> list[str]:
    """The mirrors in an argument list."""
    return [value for option, value in zip(command, command[1:], strict=False) if option == OPTION]


def difference(before: list[str], after: list[str]) -> str:
    """A change in words."""
    return f"registry mirrors {', '.join(before) or 'none'} → {', '.join(after) or 'none'}"
