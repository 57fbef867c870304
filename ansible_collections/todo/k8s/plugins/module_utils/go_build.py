"""Build a tool from its Go module's lock: one at a time, all or nothing, saying how far it is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import Go, Tool, ToolError, cached, is_built, key

REPORT_EVERY = 5.0  # seconds
LOCK_TIMEOUT = 3600.0  # seconds; another run may be building everything
# `go build -v` prints the import path of each package it compiles; whatever looks different is a message.
PACKAGE = re.compile(r"[\w.~-]+(/[\w.~+-]+)*")
FETCH = "go: downloading "

# What a failing build says, and what helps. The first that matches is given.
REMEDIES = [
    (
        r"x509|certificate",
        "Go does not trust the server's certificate: behind a TLS-inspecting proxy name its CA with todo_ca_bundle, or "
        "have it in the system's bundle (SSL_CERT_FILE).",
    ),
    (
        r"missing go\.sum entry|updates to go\.mod needed",
        "The lock does not fit tool.yml: run files/update-locks for this tool.",
    ),
    (
        r"checksum mismatch|SECURITY ERROR",
        "What was served is not what was locked: ask your proxy's keeper, and do not remake the lock unless upstream "
        "explains the change.",
    ),
    (
        r"dial tcp|proxyconnect|no such host|i/o timeout|connection refused|40[0-9] |50[0-9] |unrecognized import path",
        "The module could not be fetched: check HTTPS_PROXY and NO_PROXY, or set GOPROXY to a module proxy that this "
        "host reaches.",
    ),
    (r"C compiler|\bgcc\b|stdlib\.h|stdio\.h", "A C compiler is needed: install gcc and libc6-dev."),
    (r"requires go >= |toolchain not available", "The Go toolchain is too old: `pip install -r requirements.txt`."),
    (r"no space left", "The disk is full: 10 GB are needed while building."),
    (r"signal: killed", "The compiler was killed, most often for want of memory: 4 GB are needed while building."),
]


def find_go(path: str, goos: str = "", goarch: str = "") -> Go:
    """Ask a Go toolchain for its version and platform. Raises ToolError where it does not run."""
    try:
        answer = subprocess.run(
            [path, "env", "GOVERSION", "GOOS", "GOARCH"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "GOTOOLCHAIN": "local", **({"GOOS": goos} if goos else {})},
        )
        version, found_os, found_arch = answer.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ToolError(
            f"Go at {path}: it does not run ({error}). Needed: the toolchain that requirements.txt pins; "
            "`pip install -r requirements.txt`, or name another with toolchain_go."
        ) from error
    return Go(path, version, goos or found_os, goarch or found_arch)


def environment(cache_dir: Path, tool: Tool, go: Go) -> dict[str, str]:
    """The environment of a build: the user's, for proxies and certificates, with everything settled that decides."""
    return {
        **os.environ,
        "CGO_ENABLED": "1" if tool.cgo else "0",
        "GO111MODULE": "on",
        "GOARCH": go.goarch,
        "GOCACHE": str(cache_dir / "go" / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath",
        "GOMODCACHE": str(cache_dir / "go" / "mod"),
        "GOOS": go.goos,
        "GOPATH": str(cache_dir / "go"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def command(tool: Tool, go: Go, target: Path) -> list[str]:
    """The arguments that build all binaries at once. Equal sources give equal bytes: no checkout's history goes in."""
    flags = ["-v", "-buildvcs=false", f"-ldflags={' '.join(['-s', '-w', *tool.ldflags])}"]
    if tool.tags:
        flags.append(f"-tags={','.join(tool.tags)}")
    # Given a directory, Go names each binary after its package; a single one may have another name.
    output = f"{target}/" if len(tool.packages) > 1 else str(target / next(iter(tool.packages)))
    return [go.path, "build", *flags, "-o", output, *tool.packages.values()]


class Build:
    """One tool being built, with what the compiler has said so far."""

    def __init__(self, tool: Tool, go: Go, report: Callable[[str], None]):
        self.tool, self.go, self.report = tool, go, report
        self.packages = self.modules = 0
        self.messages: list[str] = []
        self.started = time.monotonic()

    def progress(self) -> str:
        """One line, e.g. "building kubernetes v1.34.3 (7 binaries): 640 packages, 95 s"."""
        count = len(self.tool.packages)
        binaries = f" ({count} binaries)" if count > 1 else ""
        fetched = f"{self.modules} modules fetched, " if self.modules and not self.packages else ""
        done = f"{fetched}{self.packages} packages, {time.monotonic() - self.started:.0f} s"
        return f"building {self.tool.name} {self.tool.version}{binaries}: {done}"

    def listen(self, lines: Iterator[str]) -> None:
        """Count packages and fetched modules in the compiler's output, keep the rest."""
        for line in lines:
            text = line.rstrip()
            if PACKAGE.fullmatch(text):
                self.packages += 1
            elif text.startswith(FETCH):
                self.modules += 1
            elif text:
                self.messages.append(text)

    def run(self, cache_dir: Path, target: Path) -> None:
        """Build every binary into `target`. Raises ToolError."""
        try:
            process = subprocess.Popen(
                command(self.tool, self.go, target),
                cwd=self.tool.directory,
                env=environment(cache_dir, self.tool, self.go),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ToolError(f"{self.tool.name}: cannot run {self.go.path} ({error}).") from error
        listener = threading.Thread(target=self.listen, args=(process.stdout,), daemon=True)
        listener.start()
        try:
            while not self.ended(process):
                self.report(self.progress())
        finally:
            if process.poll() is None:  # interrupted: Go ends its compilers itself
                process.terminate()
                process.wait()
            listener.join()
        if process.returncode:
            raise ToolError(failure(self.tool, self.go, process.returncode, self.messages))

    @staticmethod
    def ended(process: subprocess.Popen) -> bool:
        """Wait until the process ends or the next report is due; says which."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(REPORT_EVERY)
        return process.poll() is not None


def failure(tool: Tool, go: Go, status: int, messages: list[str]) -> str:
    """The text of a failed build: which, with what, the last lines and what helps."""
    tail = messages[-20:]
    said = "\n".join(tail)
    remedy = next((text for pattern, text in REMEDIES if re.search(pattern, said)), "See the compiler's last lines.")
    return (
        f"{tool.name} {tool.version} ({tool.module or tool.directory}): go build with {go.version} for "
        f"{go.goos}/{go.goarch} ended with status {status}. {remedy}\nIts last lines:\n{said}"
    )


@contextlib.contextmanager
def locked(path: Path, report: Callable[[str], None], timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold the file's lock; the kernel frees it when its holder dies. Raises ToolError after `timeout` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    said = 0.0
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited = time.monotonic() - started
                if waited >= timeout:
                    raise ToolError(
                        f"{path}: another run has held this lock for {waited:.0f} s. Let it end, or end it, and try "
                        "again."
                    ) from None
                if waited >= said:
                    report(f"waiting for another run that is building tools: {waited:.0f} s")
                    said = waited + REPORT_EVERY
                time.sleep(min(0.2, timeout))
        yield


def build(tool: Tool, go: Go, cache_dir: Path, report: Callable[[str], None]) -> tuple[Path, float]:
    """Have the tool's binaries in the cache; returns their directory and the seconds it took (0.0: they were there).

    They are made in a directory of another name that is renamed when all are there, so whatever interrupts it, a
    cached tool is a whole one.
    """
    place = cached(cache_dir, tool, key(tool, go))
    if is_built(tool, place):
        return place, 0.0
    with locked(place.parent / ".lock", report):
        if is_built(tool, place):  # the run that we waited for has built it
            return place, 0.0
        for left_over in place.parent.glob(".building-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        attempt = Build(tool, go, report)
        target = Path(tempfile.mkdtemp(prefix=f".building-{tool.name}-", dir=place.parent))
        try:
            target.chmod(0o755)
            report(attempt.progress())
            attempt.run(cache_dir, target)
            if place.exists():
                shutil.rmtree(place)
            target.rename(place)
        finally:
            shutil.rmtree(target, ignore_errors=True)
        return place, time.monotonic() - attempt.started


def drop_caches(cache_dir: Path) -> None:
    """Remove Go's modules and compiled packages: gigabytes that nobody needs once the binaries are there."""
    tools = cache_dir / "tools"
    with locked(tools / ".lock", lambda text: None):
        shutil.rmtree(cache_dir / "go", ignore_errors=True)
