"""Reads chosen files out of an image as `docker save` writes it, in one pass and without unpacking it.

Layers come in any order, so what was found is put together at the end, with the deletions that upper layers say.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

MOST_BYTES = 32 << 20  # of one chosen file, so that a strange image cannot fill the memory
GZIP = b"\x1f\x8b"


class ContentError(Exception):
    """The stream is no image, or was cut off; the text says what was found."""


@dataclass
class Layer:
    """What one layer says: the chosen files that it has, paths that it replaces or deletes, folders that it empties."""

    files: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)


class _Stream(io.RawIOBase):
    """A binary stream over chunks, or over bytes that were read already and the rest of their stream."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _following(head: bytes, stream: BinaryIO) -> BinaryIO:
    def chunks() -> Iterable[bytes]:
        yield head
        yield from iter(lambda: stream.read(1 << 20), b"")

    return io.BufferedReader(_Stream(chunks()), 1 << 20)


def files(chunks: Iterable[bytes], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The image's files whose path (without a leading slash) is wanted, as a container would see them.

    Understands Docker's own format and OCI layouts, layers plain or compressed with gzip. Raises ContentError.
    """
    layers: dict[str, Layer] = {}
    links: dict[str, str] = {}
    manifest: list[dict] = []
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(chunks), 1 << 20), mode="r|") as tar:
            for member in tar:
                if member.issym():  # Docker's own format: a layer that another image of the archive has too
                    links[member.name] = _resolved(member.name, member.linkname)
                elif member.isreg() and member.name == "manifest.json":
                    manifest = json.loads(tar.extractfile(member).read())
                elif member.isreg() and (member.name.startswith("blobs/") or member.name.endswith("/layer.tar")):
                    content = tar.extractfile(member)
                    head = content.read(2)
                    if head and not head.startswith(b"{"):
                        layers[member.name] = _layer(head, content, wanted)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ContentError(f"what the engine saved cannot be read: {error}") from error
    if not manifest:
        raise ContentError("what the engine saved has no manifest.json")
    order = [links.get(name, name) for name in manifest[0]["Layers"]]
    lacking = [name for name in order if name not in layers]
    if lacking:
        raise ContentError(f"what the engine saved lacks the layer {lacking[0]}")
    return together(layers[name] for name in order)


def _resolved(name: str, target: str) -> str:
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def layer(chunks: Iterable[bytes], wanted: Callable[[str], bool]) -> Layer:
    """What one layer's tar says of the wanted files. Raises ContentError."""
    try:
        return _layer(b"", io.BufferedReader(_Stream(chunks), 1 << 20), wanted)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ContentError(f"a layer cannot be read: {error}") from error


def _layer(head: bytes, content: BinaryIO, wanted: Callable[[str], bool]) -> Layer:
    stream = _following(head, content)
    found = Layer()
    with tarfile.open(fileobj=gzip.open(stream) if head == GZIP else stream, mode="r|") as tar:
        for member in tar:
            path = member.name.removeprefix("./").strip("/")
            folder, _slash, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                found.emptied.add(folder)
            elif name.startswith(".wh."):
                found.gone.add(f"{folder}/{name[4:]}".lstrip("/"))
            elif member.isreg() and wanted(path) and member.size <= MOST_BYTES:
                found.files[path] = tar.extractfile(member).read()
            elif not member.isdir():
                found.gone.add(path)
    return found


def together(layers: Iterable[Layer]) -> dict[str, bytes]:
    """The files of layers on top of each other, the lowest first."""
    found: dict[str, bytes] = {}
    for layer in layers:
        for path in list(found):
            parents = {path[:at] for at, letter in enumerate(path) if letter == "/"}
            if path in layer.gone or parents & layer.gone or parents & layer.emptied or "" in layer.emptied:
                del found[path]
        found |= layer.files
    return found
