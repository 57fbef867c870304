"""Official release files: from their host or a mirror, checked while they arrive, all or nothing.

Three kinds of failure are told apart, because they want different answers:
- Unavailable: no such server, no such file, or something else in its place (a captive portal, a proxy's page). The
  next source may be tried.
- CutOff: the transfer stopped half way. It is tried once more.
- ToolError: the right kind of file with the wrong checksum, or no room for it. Nothing else may be tried silently.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import shutil
import ssl
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ansible_collections.todo.k8s.plugins.module_utils.go_build import locked
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import Asset, ToolError

PROBE_TIMEOUT = 5.0  # seconds that a host has to show that it serves releases; all hosts are asked at once
STALL_TIMEOUT = 20.0  # seconds without a byte after which a transfer counts as cut off
REPORT_EVERY = 3.0  # seconds
CHUNK = 1 << 20  # bytes
LARGEST = 1 << 30  # bytes; no tool is that large, and an endless answer must not fill the disk
MIB = 1 << 20
# How a program or an archive of one begins. A page that some box on the way serves instead begins otherwise.
PROGRAMS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
GZIP = (b"\x1f\x8b",)
# What can go wrong between opening a URL and its last byte, beside an HTTP error.
NETWORK = (urllib.error.URLError, http.client.HTTPException, ssl.SSLError, TimeoutError, ConnectionError, OSError)


class Unavailable(Exception):
    """A release cannot be had from where it should be; the text says what was found there."""


class CutOff(Exception):
    """A transfer ended early; the text says after how much."""


def mirrored(url: str, mirror: str) -> str:
    """The URL with the mirror's address in place of its host; the path stays.

    "https://get.helm.sh/x.tar.gz" with "http://10.0.0.1:8080/pub" is "http://10.0.0.1:8080/pub/x.tar.gz".
    """
    if not mirror:
        return url
    base = urllib.parse.urlsplit(mirror)
    if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
        raise ToolError(
            f"toolchain_release_mirror: found {shown(mirror)}; needed http(s)://host[:port][/folder], under which the "
            "releases are kept with their own hosts' paths."
        )
    return urllib.parse.urlunsplit(
        (base.scheme, base.netloc, base.path.rstrip("/") + urllib.parse.urlsplit(url).path, "", "")
    )


def shown(url: str) -> str:
    """A URL without the name and password that may be in it."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def host_of(url: str) -> str:
    """The host and port of a URL: what either answers or not."""
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2]


def reason(error: BaseException) -> str:
    """A network error in a few words."""
    inner = getattr(error, "reason", None)
    inner = inner if isinstance(inner, BaseException) else error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({inner.verify_message}); behind a TLS-inspecting proxy set todo_ca_bundle"
        )
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(text).split())[:200]


def trust(ca_bundle: Path, folder: Path) -> Path:
    """A file with the system's certificates and the given ones, for SSL_CERT_FILE. Raises ToolError."""
    try:
        extra = ca_bundle.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        extra = f"it cannot be read ({error.strerror})"
    if "-----BEGIN CERTIFICATE-----" not in extra:
        found = extra if extra.startswith("it cannot") else "a file without any certificate"
        raise ToolError(f"todo_ca_bundle: {ca_bundle}: found {found}; needed: certificates in PEM form.")
    system = ssl.get_default_verify_paths().cafile
    known = Path(system).read_text(encoding="utf-8", errors="replace") if system else ""
    both = folder / "certificates.pem"
    both.write_text(f"{known}\n{extra}", encoding="utf-8")
    return both


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk, or one's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def full(place: Path, needed: int | None) -> ToolError:
    """The error of a full disk."""
    there = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(there).free
    wants = f"{needed / MIB:.0f} MiB" if needed else "more than that"
    return ToolError(
        f"{place}: {free / MIB:.0f} MiB are free; needed: {wants}. Nothing was kept. Make room there, or name another "
        "place with todo_cache_dir."
    )


def client() -> Callable:
    """Ansible's HTTP client. Loading it costs more than a run that finds everything in the cache, hence only here."""
    from ansible.module_utils.urls import open_url

    return open_url


@dataclass
class Fetcher:
    """Fetches release files into a cache.

    `mirror` takes the place of every release's host, `silent` remembers hosts that do not serve releases and why.
    """

    cache_dir: Path
    mirror: str = ""
    probe_timeout: float = PROBE_TIMEOUT
    stall_timeout: float = STALL_TIMEOUT
    silent: dict[str, str] = field(default_factory=dict)
    report: Callable[[str], None] = lambda text: None

    def probe(self, assets: list[Asset]) -> None:
        """Ask each host once, all at the same time, whether it serves releases; those that do not become `silent`.

        A host that hangs, in its name's resolution too, costs `probe_timeout` and no more: its thread is left behind.
        """
        found: dict[str, str] = {}
        first = {host_of(self.url(asset)): asset for asset in reversed(assets)}
        threads = {
            host: threading.Thread(target=self._ask, args=(host, asset, found), daemon=True)
            for host, asset in first.items()
            if host not in self.silent
        }
        client()  # not at the expense of the hosts' time
        deadline = time.monotonic() + self.probe_timeout
        for thread in threads.values():
            thread.start()
        for host, thread in threads.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            said = found.get(host)
            if said is None:
                said = f"no answer within {self.probe_timeout:g} s"
            if said:
                self.silent[host] = said
                self.report(f"{host} serves no releases here: {said}")

    def url(self, asset: Asset) -> str:
        """Where the file is fetched from."""
        return mirrored(asset.url, self.mirror)

    def fetch(self, asset: Asset) -> tuple[Path, float]:
        """Have the binary in the cache; returns its directory and the seconds it took.

        Raises Unavailable, CutOff (after a second attempt) or ToolError; none leaves a file behind.
        """
        url = self.url(asset)
        self._refuse_silent(url)
        place = asset.place(self.cache_dir)
        started = time.monotonic()
        try:
            with locked(place.parent / ".lock", self.report):
                if asset.is_there(self.cache_dir):  # the run that we waited for has fetched it
                    return place, 0.0
                for left_over in place.parent.glob(".downloading-*"):
                    shutil.rmtree(left_over, ignore_errors=True)
                try:
                    self._attempt(asset, url, place)
                except CutOff as error:
                    self.report(f"{asset.binary} {asset.version}: {error}; once more")
                    self._attempt(asset, url, place)
        except OSError as error:
            if is_full(error):
                raise full(place.parent, None) from error
            raise
        return place, time.monotonic() - started

    def look(self, asset: Asset) -> None:
        """Whether the file could be fetched, without fetching it. Raises Unavailable."""
        url = self.url(asset)
        self._refuse_silent(url)
        with self._answer(url) as answer:
            self._check_start(answer, asset, url)

    def _refuse_silent(self, url: str) -> None:
        if said := self.silent.get(host_of(url)):
            raise Unavailable(f"{host_of(url)}: {said}")

    @staticmethod
    def _check_start(answer: Any, asset: Asset, url: str) -> None:
        try:
            check_kind(answer, asset, answer.read(16))
        except NETWORK as error:
            raise Unavailable(f"{shown(url)}: {reason(error)}") from error

    def _ask(self, host: str, asset: Asset, found: dict[str, str]) -> None:
        """Note "" for a host that serves releases or at least speaks of files, otherwise what it does."""
        said = ""
        try:
            with self._open(self.url(asset), self.probe_timeout) as answer:
                check_kind(answer, asset, answer.read(16))
        except Unavailable as error:
            said = str(error)
        except urllib.error.HTTPError as error:
            if error.code == 407:  # that is the proxy, and it says so of every file
                said = "the proxy wants a name and a password (407); put them into https_proxy"
        except (*NETWORK, ValueError) as error:
            said = reason(error)
        found[host] = said

    @staticmethod
    def _open(url: str, timeout: float) -> Any:
        return client()(
            url,
            timeout=timeout,
            http_agent="todo.k8s",
            headers={"Accept-Encoding": "identity"},  # the checksum is that of the file as it is
            follow_redirects="safe",
            decompress=False,
            use_netrc=False,
        )

    def _attempt(self, asset: Asset, url: str, place: Path) -> None:
        """Download, check and unpack beside the place, then put it there in one step."""
        target = Path(tempfile.mkdtemp(prefix=f".downloading-{asset.binary}-", dir=place.parent))
        try:
            file = target / "download"
            self._download(asset, url, file)
            program = target / asset.binary
            if asset.member:
                extract(file, asset.member, program)
                file.unlink()
            else:
                file.rename(program)
            program.chmod(0o755)
            target.chmod(0o755)
            if place.exists():  # a directory without the binary in it
                shutil.rmtree(place)
            target.rename(place)
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def _download(self, asset: Asset, url: str, file: Path) -> None:
        with self._answer(url) as answer, file.open("wb") as out:
            length = answer.headers.get("Content-Length")
            total = int(length) if length and length.isdigit() else None
            # An archive needs room for what is in it, too.
            room = (total or 0) * (3 if asset.member else 1)
            if total and shutil.disk_usage(file.parent).free < room:
                raise full(file.parent.parent, room)
            digest, size = hashlib.sha256(), 0
            for chunk in self._chunks(asset, answer, total):
                if not size:
                    check_kind(answer, asset, chunk[:16])
                digest.update(chunk)
                out.write(chunk)
                size += len(chunk)
                if size > LARGEST:
                    raise Unavailable(f"{shown(url)}: more than {LARGEST // MIB} MiB, which is no release")
        if digest.hexdigest() != asset.sha256:
            raise ToolError(
                f"{asset.binary} {asset.version}: {shown(url)} served {size} bytes whose SHA-256 is "
                f"{digest.hexdigest()}; needed: {asset.sha256}, which tool.yml pins. Nothing was kept. What was served "
                "is not what was released: tell the keeper of the mirror or proxy. Without it the tool can be built: "
                f"toolchain_sources: {{{asset.tool}: module}}."
            )

    @contextlib.contextmanager
    def _answer(self, url: str) -> Iterator[Any]:
        """Open the URL; what is wrong until the first byte is Unavailable."""
        try:
            answer = self._open(url, self.stall_timeout)
        except urllib.error.HTTPError as error:
            raise Unavailable(f"{shown(url)}: the server says {error.code} {error.reason}") from error
        except (*NETWORK, ValueError) as error:
            raise Unavailable(f"{shown(url)}: {reason(error)}") from error
        with answer:
            yield answer

    def _chunks(self, asset: Asset, answer: BinaryIO, total: int | None) -> Iterator[bytes]:
        """The body, with a report now and then. Raises CutOff where it ends early."""
        size, started, said = 0, time.monotonic(), 0.0
        of = f" of {total / MIB:.0f}" if total else ""
        while True:
            try:
                chunk = answer.read(CHUNK)
            except NETWORK as error:
                raise CutOff(
                    f"cut off after {size} of {total or 'an unknown number of'} bytes ({reason(error)})"
                ) from error
            if not chunk:
                break
            size += len(chunk)
            yield chunk
            spent = time.monotonic() - started
            if spent - said >= REPORT_EVERY:
                self.report(f"downloading {asset.binary} {asset.version}: {size / MIB:.0f}{of} MiB, {spent:.0f} s")
                said = spent
        if total is not None and size != total:
            raise CutOff(f"cut off after {size} of {total} bytes")


def check_kind(answer: Any, asset: Asset, start: bytes) -> None:
    """Raises Unavailable where something begins unlike the file that was asked for: nobody took it for a release."""
    if not start.startswith(GZIP if asset.member else PROGRAMS):
        kind = answer.headers.get("Content-Type") or "no content type"
        raise Unavailable(f"something else is served there ({kind}, beginning with {start[:16]!r})")


def extract(archive: Path, member: str, target: Path) -> None:
    """Take one regular file out of a compressed tar; nothing else in it is looked at, nothing is made by name."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            found = tar.getmember(member)
            content = tar.extractfile(found) if found.isreg() else None
            if content is None:
                raise ToolError(f"{archive.name}: {member} in it is no regular file. Tell upstream; nothing was kept.")
            with content, target.open("wb") as out:
                shutil.copyfileobj(content, out, CHUNK)
    except KeyError as error:
        raise ToolError(
            f"{target.name}: the archive that tool.yml pins has no {member}. Needed: its right name in `member`."
        ) from error
    except (tarfile.TarError, EOFError) as error:
        raise ToolError(f"{target.name}: the archive that tool.yml pins cannot be read ({error}).") from error
