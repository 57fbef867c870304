#!/usr/bin/env python3
"""Says whether two images have the same content, as a whole and layer by layer, apart from times.

Usage: compare_images.py IMAGE_A IMAGE_B

Compared are every file's path, kind, mode, owner, content, link target and extended attributes, and the configuration.
Times are normalised: where they alone differ, the images count as equal, and the text says in which layers.
Exit status: 0 equal, 1 different (each differing path named), 2 an image cannot be read.
Needs Python 3.11 and docker on PATH (DOCKER_HOST is honoured), and nothing of this project.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

REVISION = "org.opencontainers.image.revision"
MOST_PATHS = 40
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symbolic link",
    tarfile.LNKTYPE: "hard link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "pipe",
}


class Unreadable(Exception):
    """An image cannot be read; the text names it and the remedy."""


@dataclass(frozen=True)
class Entry:
    """What a layer says of one path, its time aside."""

    kind: str
    mode: str
    owner: str
    content: str  # SHA-256 of a file, target of a link, numbers of a device
    attributes: tuple = ()


@dataclass
class Layer:
    """One layer: the digest of its tar, what is in it, and the times."""

    digest: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)


@dataclass
class Image:
    """An image as `docker save` writes it."""

    identity: str
    config: dict[str, Any]
    layers: list[Layer]


class _Hashing(io.RawIOBase):
    """A stream that hashes what is read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        return len(data)

    def digest(self) -> str:
        """`sha256:…` of everything, the rest included."""
        while self.read(1 << 20):
            pass
        return f"sha256:{self._hash.hexdigest()}"


def entry(member: tarfile.TarInfo, content: BinaryIO | None) -> Entry:
    """Describe a member of a layer."""
    kind = KINDS.get(member.type, f"kind {member.type!r}")
    if content is not None:
        told = hashlib.file_digest(content, "sha256").hexdigest()
    elif member.islnk() or member.issym():
        told = member.linkname
    else:
        told = f"{member.devmajor}:{member.devminor}" if kind == "device" else ""
    # Extended attributes (capabilities, for example) change what a file can do; the rest of these headers are times.
    attributes = tuple(sorted((key, value) for key, value in member.pax_headers.items() if "xattr" in key))
    return Entry(kind, oct(member.mode & 0o7777), f"{member.uid}:{member.gid}", told, attributes)


def read_layer(stream: BinaryIO) -> Layer:
    """Read a layer's tar from a stream that need not seek."""
    head = stream.read(2)
    whole: BinaryIO = io.BufferedReader(_Joined(head, stream), 1 << 20)
    if head == b"\x1f\x8b":
        whole = gzip.GzipFile(fileobj=whole)
    hashing = _Hashing(whole)
    layer = Layer()
    with tarfile.open(fileobj=io.BufferedReader(hashing, 1 << 20), mode="r|") as tar:
        for member in tar:
            path = "/" + member.name.removeprefix("./").strip("/")
            layer.entries[path] = entry(member, tar.extractfile(member) if member.isreg() else None)
            layer.times[path] = member.mtime
    layer.digest = hashing.digest()
    return layer


class _Joined(io.RawIOBase):
    """A few bytes that were read already, then the rest of their stream."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._head[: len(buffer)] or self._stream.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def read_image(stream: BinaryIO) -> Image:
    """Read what `docker save` writes (Docker's own format or an OCI layout)."""
    layers: dict[str, Layer] = {}
    texts: dict[str, bytes] = {}
    same: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            if member.issym() or member.islnk():  # a layer that another one repeats
                folder = member.name.rpartition("/")[0]
                same[member.name] = _resolve(folder, member.linkname) if member.issym() else member.linkname
            elif member.isreg() and (member.name.endswith("/layer.tar") or member.name.startswith("blobs/")):
                content = tar.extractfile(member)
                head = content.read(1)
                if head == b"{":
                    texts[member.name] = head + content.read()
                elif head:
                    layers[member.name] = read_layer(io.BufferedReader(_Joined(head, content)))
            elif member.isreg() and member.name.endswith(".json"):
                texts[member.name] = tar.extractfile(member).read()
    manifest = json.loads(texts["manifest.json"])[0]
    config = texts[manifest["Config"]]
    return Image(
        f"sha256:{hashlib.sha256(config).hexdigest()}",
        json.loads(config),
        [layers[same.get(name, name)] for name in manifest["Layers"]],
    )


def _resolve(folder: str, target: str) -> str:
    parts = folder.split("/")
    for part in target.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def saved(reference: str) -> Image:
    """Read an image of the engine."""
    with subprocess.Popen(
        ["docker", "image", "save", "--", reference], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            image = read_image(process.stdout)
        except (tarfile.TarError, KeyError, ValueError) as error:
            said = process.stderr.read().decode(errors="replace").strip() or str(error)
            raise Unreadable(
                f"Image {reference}: cannot be read ({said}). Needed: an image that is in `docker images`."
            ) from error
        while process.stdout.read(1 << 20):  # a pipe that is closed early would look like a failure
            pass
    return image


def whole(image: Image) -> dict[str, Entry]:
    """What a container sees: the layers on top of each other."""
    found: dict[str, Entry] = {}
    for layer in image.layers:
        for path in layer.entries:
            folder, _slash, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                _drop(found, f"{folder}/")
            elif name.startswith(".wh."):
                found.pop(f"{folder}/{name[4:]}", None)
                _drop(found, f"{folder}/{name[4:]}/")
        for path, told in layer.entries.items():
            if not path.rpartition("/")[2].startswith(".wh."):
                found[path] = told
    return found


def _drop(found: dict[str, Entry], prefix: str) -> None:
    for path in [path for path in found if path.startswith(prefix)]:
        del found[path]


def differences(first: dict[str, Entry], second: dict[str, Entry]) -> list[str]:
    """One line for each path that is not the same in both."""
    lines = []
    for path in sorted(first.keys() | second.keys()):
        one, other = first.get(path), second.get(path)
        if one is None or other is None:
            lines.append(f"{path}: only in {'A' if other is None else 'B'}")
        elif one != other:
            parts = [name for name in Entry.__dataclass_fields__ if getattr(one, name) != getattr(other, name)]
            told = "; ".join(f"{name} {_short(getattr(one, name))} → {_short(getattr(other, name))}" for name in parts)
            lines.append(f"{path}: {told}")
    return lines


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


def settings(image: Image) -> dict[str, Any]:
    """The configuration without times and without what names layers, which are compared by themselves."""
    history = [{k: v for k, v in step.items() if k != "created"} for step in image.config.get("history", [])]
    parts = {k: v for k, v in image.config.items() if k not in ("created", "rootfs", "history", "container", "config")}
    # The build's own container, which old builders record beside the image's settings.
    parts.pop("container_config", None)
    own = dict(image.config.get("config") or {})
    # The commit at which it was first built: an image with the same content is kept when later commits change others.
    own["Labels"] = {name: text for name, text in (own.get("Labels") or {}).items() if name != REVISION}
    return {**parts, **{f"config.{name}": value for name, value in own.items()}, "history": history}


def report(first: Image, second: Image) -> tuple[bool, list[str]]:
    """Whether both are equal apart from times, and what to tell."""
    lines = []
    content = differences(whole(first), whole(second))
    lines.append(f"Files: {len(content)} differ" if content else f"Files: all {len(whole(first))} are equal")
    lines += [f"  {line}" for line in content[:MOST_PATHS]]
    lines += [f"  … and {len(content) - MOST_PATHS} more"] if len(content) > MOST_PATHS else []
    layers_equal = len(first.layers) == len(second.layers)
    if not layers_equal:
        lines.append(f"Layers: {len(first.layers)} in A, {len(second.layers)} in B")
    digests = 0
    for number, (one, other) in enumerate(zip(first.layers, second.layers, strict=False), 1):
        if one.digest == other.digest:
            digests += 1
            continue
        inside = differences(one.entries, other.entries)
        times = [path for path in one.times if path in other.times and one.times[path] != other.times[path]]
        layers_equal = layers_equal and not inside
        what = f"{len(inside)} paths differ" if inside else "the files are equal"
        lines.append(f"Layer {number}: {what}; {len(times)} times differ{': ' if times else ''}{', '.join(times[:5])}")
        lines += [f"  {line}" for line in inside[:MOST_PATHS] if line not in content]
    lines.append(f"Layer digests: {digests} of {max(len(first.layers), len(second.layers))} agree")
    changed = list(_settings_differences(settings(first), settings(second)))
    lines.append(f"Configuration: {'; '.join(changed)}" if changed else "Configuration: equal, times aside")
    same = first.identity == second.identity
    lines.append(
        "Image IDs: agree" if same else f"Image IDs: differ, {first.identity[7:19]} and {second.identity[7:19]}"
    )
    return not content and layers_equal and not changed, lines


def _settings_differences(one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"{name} differs ({json.dumps(one.get(name))[:200]} → {json.dumps(other.get(name))[:200]})"


def main(arguments: list[str]) -> int:
    """Compare the two named images; the exit status says how it went."""
    if len(arguments) != 2:
        print(f"compare_images.py: two image names are needed, {len(arguments)} given.", file=sys.stderr)
        return 2
    try:
        first, second = (saved(reference) for reference in arguments)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    equal, lines = report(first, second)
    print("\n".join([f"A: {arguments[0]}", f"B: {arguments[1]}", *lines, "equal" if equal else "DIFFERENT"]))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
