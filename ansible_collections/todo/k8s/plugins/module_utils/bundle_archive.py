"""A bundle: one archive with all that a second machine needs, and a manifest with the checksum of every file in it.

The archive is a plain tar (what gains by it is compressed inside), so that one member can be read without the others.
The first member is the manifest, the second the manifest's own checksum. This file needs Python's standard library
alone: scripts/unbundle runs it where there is no Ansible yet.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

FORMAT = 1
KIND = "todo.k8s bundle"
MANIFEST, MANIFEST_SUM = "manifest.json", "manifest.json.sha256"
IMAGES = "images.tar.gz"
# Where a file may lie: in these folders, or be the images. Names are what wheels, Debian packages and tools are called.
FACTS = ("arch", "commit", "images", "packages", "python", "release", "system")
FOLDERS = ("debs", "tools", "wheels")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~@=-]*")
MANIFEST_LIMIT = 16 << 20  # bytes; a manifest of a thousand files is 200 kB
CHUNK = 1 << 20
DAMAGED = "It was damaged or cut off on its way: copy it again, or make it again with `make bundle`."
Say = Callable[[str], None]


class BundleError(Exception):
    """The bundle cannot be made or used; the text names what was found, what is needed and the remedy."""


@dataclass(frozen=True)
class Entry:
    """One file of a bundle: its path in it, bytes, SHA-256, and for a compressed one how many bytes it unpacks to."""

    path: str
    size: int
    sha256: str
    mode: int = 0o644
    unpacked_size: int | None = None

    @property
    def folder(self) -> str:
        """The folder it lies in, empty for the images."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    @property
    def target(self) -> str:
        """Its path once it is unpacked."""
        return self.path.removesuffix(".gz") if self.unpacked_size is not None else self.path


@dataclass(frozen=True)
class Source:
    """One file on its way into a bundle."""

    path: str
    file: Path
    mode: int = 0o644
    unpacked_size: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself: `facts` (commit, platform, images …) and its files in their order."""

    facts: dict[str, Any]
    entries: tuple[Entry, ...]
    identity: str = ""

    def text(self) -> bytes:
        """The manifest as it is written."""
        files = [{name: value for name, value in asdict(entry).items() if value is not None} for entry in self.entries]
        content = {"kind": KIND, "format": FORMAT, **self.facts, "files": files}
        return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def allowed(path: str) -> bool:
    """Whether a bundle may hold a file of this path: nothing that could leave the folder it is unpacked into."""
    parts = path.split("/")
    named = all(NAME.fullmatch(part) for part in parts)
    depth = {"tools": 3, "debs": 2, "wheels": 2}.get(parts[0])
    return named and (path == IMAGES or len(parts) == depth)


def parse(text: bytes, archive: Path) -> Manifest:
    """Read a manifest. Raises BundleError for one of another format and for files that a bundle must not hold."""
    try:
        content = json.loads(text)
        kind, version = content.pop("kind", None), content.pop("format", None)
    except (ValueError, AttributeError) as error:
        raise BundleError(f"Bundle {archive}: its manifest cannot be read ({error}). {DAMAGED}") from error
    if kind != KIND:
        raise BundleError(f"Bundle {archive}: found a manifest of {kind!r}, needed one of {KIND!r}: name another file.")
    if version != FORMAT:
        raise BundleError(
            f"Bundle {archive}: found format {version!r}, needed format {FORMAT}, which this checkout reads. "
            "Make the bundle with the checkout that will use it, or check out the commit that made it "
            f"({str(content.get('commit', 'not told'))[:40]})."
        )
    try:
        entries = tuple(Entry(**item) for item in content.pop("files"))
        sound = all(isinstance(entry.size, int) and entry.size >= 0 and len(entry.sha256) == 64 for entry in entries)
    except (KeyError, TypeError) as error:
        raise BundleError(f"Bundle {archive}: its list of files cannot be read ({error}). {DAMAGED}") from error
    if lacking := [name for name in FACTS if name not in content]:
        raise BundleError(f"Bundle {archive}: its manifest does not tell {', '.join(lacking)}. {DAMAGED}")
    bad = [entry.path for entry in entries if not (isinstance(entry.path, str) and allowed(entry.path))]
    twice = len({entry.path for entry in entries}) != len(entries)
    if bad or twice or not sound:
        found = f"the path {bad[0]!r}" if bad else "a file twice" if twice else "a file without size or checksum"
        raise BundleError(
            f"Bundle {archive}: found {found} in its manifest, needed paths below {', '.join(FOLDERS)}, each once, "
            "with size and checksum. This is no bundle that `make bundle` made: do not use it."
        )
    return Manifest(content, entries, hashlib.sha256(text).hexdigest())


def write(target: Path, facts: dict[str, Any], sources: Iterable[Source], say: Say = lambda text: None) -> Manifest:
    """Write a bundle. It appears under its name when it is complete; until then it is called NAME.partial.

    Members come in the order of their paths, with neither times nor owners: the same files give the same archive.
    """
    listed = sorted(sources, key=lambda source: source.path)
    for source in listed:
        if not allowed(source.path):
            raise BundleError(f"Bundle {target}: {source.path} is no path for a bundle.")
    entries = []
    for source in listed:
        if source.file.stat().st_size > 100 << 20:
            say(f"checksum of {source.path}")
        with source.file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        entries.append(Entry(source.path, source.file.stat().st_size, digest, source.mode, source.unpacked_size))
    manifest = Manifest(facts, tuple(entries))
    text = manifest.text()
    partial = target.with_name(target.name + ".partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            identity = hashlib.sha256(text).hexdigest()
            for name, content in ((MANIFEST, text), (MANIFEST_SUM, f"{identity}\n".encode())):
                _add(tar, name, len(content), 0o644, BytesIO(content))
            done, total = 0, sum(entry.size for entry in entries)
            for source, entry in zip(listed, entries, strict=True):
                with source.file.open("rb") as stream:
                    _add(tar, entry.path, entry.size, entry.mode, stream)
                done += entry.size
                if entry.size > 50 << 20:
                    say(f"writing {target.name}: {done >> 20} of {total >> 20} MiB")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Manifest(facts, manifest.entries, identity)


def _add(tar: tarfile.TarFile, name: str, size: int, mode: int, stream: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    tar.addfile(member, stream)


class Reader:
    """An archive that is being read, member after member."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        try:
            self._stream = archive.open("rb")
        except OSError as error:
            raise BundleError(
                f"Bundle {archive}: cannot be opened ({error.strerror}). Needed: a file that `make bundle` made."
            ) from error
        try:
            self._tar = tarfile.open(fileobj=self._stream, mode="r:")  # noqa: SIM115  closed by close()
            self.manifest = self._manifest()
        except tarfile.TarError as error:
            self._stream.close()
            raise BundleError(
                f"Bundle {archive}: found no tar archive ({error}), needed a file that `make bundle` made. {DAMAGED}"
            ) from error
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stream.close()

    def _manifest(self) -> Manifest:
        text = self._small(MANIFEST)
        said = self._small(MANIFEST_SUM).decode(errors="replace").strip()
        found = hashlib.sha256(text).hexdigest()
        if said != found:
            raise BundleError(
                f"Bundle {self.archive}: its manifest has SHA-256 {found[:12]}…, needed {said[:12]}…. {DAMAGED}"
            )
        return parse(text, self.archive)

    def _small(self, name: str) -> bytes:
        member = self._tar.next()
        if member is None or member.name != name or not member.isreg() or member.size > MANIFEST_LIMIT:
            found = f"{member.name!r}" if member else "nothing"
            raise BundleError(
                f"Bundle {self.archive}: found {found} where {name} is needed. It is not a bundle, or not a whole one: "
                "name a file that `make bundle` made."
            )
        return self._tar.extractfile(member).read()

    def members(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Each file with its content, in order. The content raises BundleError when it is not what the manifest says.

        Every content has to be read to its end before the next file is asked for.
        """
        for entry in self.manifest.entries:
            yield entry, self._content(self._member(entry), entry)
        extra = self._next("the end")
        if extra is not None:
            raise BundleError(
                f"Bundle {self.archive}: found {extra.name!r}, which its manifest does not list. "
                "This is no bundle that `make bundle` made: do not use it."
            )

    def only(self, path: str) -> Iterator[bytes]:
        """The content of one file."""
        for entry in self.manifest.entries:
            member = self._member(entry)
            if entry.path == path:
                yield from self._content(member, entry)
                return
        raise BundleError(f"Bundle {self.archive}: there is no {path} in it. Make it again with `make bundle`.")

    def _next(self, wanted: str) -> tarfile.TarInfo | None:
        try:
            return self._tar.next()
        except tarfile.TarError as error:
            raise BundleError(
                f"Bundle {self.archive}: it cannot be read on where {wanted} is needed ({error}). {DAMAGED}"
            ) from error

    def _member(self, entry: Entry) -> tarfile.TarInfo:
        member = self._next(entry.path)
        if member is None:
            raise BundleError(f"Bundle {self.archive}: it ends before {entry.path}. {DAMAGED}")
        if member.name != entry.path or not member.isreg() or member.size != entry.size:
            kind = "" if member.isreg() else ", which is no plain file"
            raise BundleError(
                f"Bundle {self.archive}: found {member.name!r} of {member.size} bytes{kind}, needed {entry.path} of "
                f"{entry.size} bytes, as its manifest says. {DAMAGED}"
            )
        return member

    def _content(self, member: tarfile.TarInfo, entry: Entry) -> Iterator[bytes]:
        self._stream.seek(member.offset_data)
        digest, left = hashlib.sha256(), entry.size
        while left:
            chunk = self._stream.read(min(CHUNK, left))
            if not chunk:
                raise BundleError(
                    f"Bundle {self.archive}: it ends within {entry.path}, {left} of {entry.size} bytes are missing. "
                    f"{DAMAGED}"
                )
            left -= len(chunk)
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != entry.sha256:
            raise BundleError(
                f"Bundle {self.archive}: {entry.path} has SHA-256 {digest.hexdigest()[:12]}…, needed "
                f"{entry.sha256[:12]}…. {DAMAGED}"
            )


def unpack(reader: Reader, target: Path, say: Say = lambda text: None) -> None:
    """Verify every file of a bundle and write all but the images below `target`, a folder of one's own."""
    total = sum(entry.size for entry in reader.manifest.entries)
    done = said = 0
    for entry, content in reader.members():
        if entry.path == IMAGES:
            for chunk in content:
                done += len(chunk)
                if done - said > 256 << 20:
                    said = done
                    say(f"verified {done >> 20} of {total >> 20} MiB")
            continue
        done += entry.size
        _place(target / entry.target, entry, content, reader.archive)
    say(f"verified {total >> 20} MiB, {len(reader.manifest.entries)} files")


def _place(path: Path, entry: Entry, content: Iterator[bytes], archive: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        if entry.unpacked_size is None:
            for chunk in content:
                out.write(chunk)
        else:
            try:
                for chunk in gunzip(content):
                    out.write(chunk)
                    if out.tell() > entry.unpacked_size:
                        break
            except zlib.error as error:
                raise BundleError(f"Bundle {archive}: {entry.path} cannot be unpacked ({error}). {DAMAGED}") from error
            if out.tell() != entry.unpacked_size:
                raise BundleError(
                    f"Bundle {archive}: {entry.path} unpacks to {out.tell()} bytes or more, needed "
                    f"{entry.unpacked_size}. {DAMAGED}"
                )
    path.chmod(entry.mode & 0o755)


def gunzip(content: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip data of one or more parts."""
    unpacker = zlib.decompressobj(wbits=31)
    for piece in content:
        chunk = piece
        while chunk:
            # At most so much at once: a few bytes can unpack to any number.
            yield unpacker.decompress(chunk, CHUNK)
            chunk = unpacker.unconsumed_tail
            if unpacker.eof:
                chunk = unpacker.unused_data
                unpacker = zlib.decompressobj(wbits=31)


def compress(stream: BinaryIO, out: BinaryIO, say: Callable[[int], None] = lambda size: None, level: int = 1) -> int:
    """Write `stream` as gzip data, made on all cores; returns the number of bytes read.

    It consists of parts of 8 MiB that are compressed for themselves, which every reader of gzip takes for one file,
    and is the same for the same input.
    """
    workers = os.cpu_count() or 1
    size = 0
    with ThreadPoolExecutor(workers) as pool:
        waiting: list[Any] = []
        while part := stream.read(8 << 20):
            size += len(part)
            say(size)
            waiting.append(pool.submit(gzip.compress, part, level, mtime=0))
            if len(waiting) > workers:
                out.write(waiting.pop(0).result())
        for future in waiting:
            out.write(future.result())
    return size
