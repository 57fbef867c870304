"""Names of images, NAME[:TAG][@DIGEST], and the digests that an engine remembers of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """An image's name in parts; `digest` is empty where the name does not pin one."""

    repository: str
    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The parts of NAME[:TAG] (`latest` when there is no tag) or NAME:TAG@sha256:DIGEST.

        Raises ValueError, which says what was found and what is needed.
        """
        named, at, digest = text.partition("@")
        head, colon, tail = named.rpartition(":")
        tagged = bool(colon) and "/" not in tail
        if at and not DIGEST.fullmatch(digest):
            raise ValueError(f"{text}: found the digest {digest or '(none)'}, needed sha256: and 64 hexadecimal digits")
        if at and not tagged:
            raise ValueError(f"{text}: found a digest without a tag, needed NAME:TAG@{digest}: the tag names it here")
        repository, tag = (head, tail) if tagged else (named, "latest")
        if not repository or not tag or text != text.strip():
            raise ValueError(f"{text!r}: is not the name of an image, needed NAME:TAG or NAME:TAG@sha256:DIGEST")
        return cls(repository, tag, digest)

    @property
    def named(self) -> str:
        """NAME:TAG."""
        return f"{self.repository}:{self.tag}"

    def at(self, digest: str) -> str:
        """NAME@DIGEST: this content and no other."""
        return f"{self.repository}@{digest}"

    @property
    def registry(self) -> str:
        """The registry's host, `docker.io` for short names."""
        return registry_of(self.repository)


def registry_of(reference: str) -> str:
    """The registry's host in an image name, `docker.io` for short names."""
    first, slash, _rest = reference.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else "docker.io"


def familiar(repository: str) -> str:
    """A repository as engines write it: without the default registry and its `library/`."""
    return repository.removeprefix("docker.io/").removeprefix("library/")


def digests(inspected: dict | None, repository: str) -> list[str]:
    """The digests under which an image was pulled from `repository`; none where it was built or loaded here.

    Of an image for several platforms it is the index's: the one that the registry tells for the tag.
    """
    pairs = (text.partition("@") for text in (inspected or {}).get("RepoDigests") or [])
    return [digest for name, _at, digest in pairs if familiar(name) == familiar(repository)]
