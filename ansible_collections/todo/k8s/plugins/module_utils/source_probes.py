"""Do the sources of packages and images answer? Asked by their own clients, so that their configuration (mirrors,
proxies, credentials) counts and no address is written down here. Every question is bounded in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils import network
from ansible_collections.todo.k8s.plugins.module_utils.redact import redact

# One small, old release of each kind: what is asked for is only whether an answer comes.
GO_MODULE = "golang.org/x/sync@v0.10.0"
PYPI_PROJECT = "idna"
NPM_PACKAGE = "isarray"
APT_HELPER = "/usr/lib/apt/apt-helper"
DEFAULT_REGISTRY = "docker.io"


class Unavailable(Exception):
    """A source did not answer; the text says what its client said."""


def patience(timeout: float, load: float, cpus: int) -> float:
    """Return the seconds a client may take: a busy machine is slow before it even asks (four times as long at most)."""
    return timeout * min(4.0, max(1.0, load / max(1, cpus)))


def patience_now(timeout: float) -> float:
    """Return ``patience`` for this machine as it is loaded now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return patience(timeout, load, os.cpu_count() or 1)


def _ask(command: list[str], timeout: float, **environment: str) -> str:
    try:
        run = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"no answer within {timeout:g} s") from None
    except OSError as error:
        raise Unavailable(f"{command[0]}: {error.strerror}") from None
    if run.returncode:
        # A client may name the proxy it used, password and all.
        raise Unavailable(redact(last_line(run.stderr) or last_line(run.stdout)) or f"exit code {run.returncode}")
    return run.stdout


def last_line(text: str) -> str:
    """Return the last line that says something, at most 200 characters."""
    return next((line.strip()[:200] for line in reversed(text.splitlines()) if line.strip()), "")


def apt_release_files(index_targets: str) -> list[str]:
    """Return one release file per archive from lines ``REPO_URI RELEASE`` of ``apt-get indextargets``."""
    archives: dict[str, str] = {}
    for line in index_targets.splitlines():
        uri, _, release = line.strip().partition(" ")
        if uri and release:
            archives.setdefault(uri.rstrip("/"), release)
    return [f"{uri}/dists/{release}/InRelease" for uri, release in archives.items()]


def probe_apt(timeout: float) -> str:
    """Fetch one release file of the first archive with apt's own downloader."""
    listing = _ask(["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE)"], timeout)
    files = apt_release_files(listing)
    if not files:
        raise Unavailable("no package archive is configured")
    with tempfile.TemporaryDirectory(prefix="todo-k8s-preflight-") as folder:
        bounds = ["-o", "Acquire::Retries=0", "-o", f"Acquire::http::Timeout={timeout:.0f}"]
        sandbox = ["-o", "APT::Sandbox::User="]  # else apt's user cannot write to our folder
        with network.apt_arguments() as proxies:
            _ask([APT_HELPER, *proxies, *bounds, *sandbox, "download-file", files[0], f"{folder}/InRelease"], timeout)
    return "answers"


def probe_pypi(timeout: float) -> str:
    """Ask pip which versions of a small project there are."""
    _ask(
        [
            sys.executable,
            "-m",
            "pip",
            "index",
            "versions",
            "--retries",
            "0",
            "--timeout",
            f"{timeout:.0f}",
            PYPI_PROJECT,
        ],
        timeout,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    return "answers"


def probe_go(timeout: float, go: str | None = None) -> str:
    """Ask the go command about a small module, past its cache."""
    go = go or shutil.which("go", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}")
    if not go:
        raise Unavailable("no go command")
    with tempfile.TemporaryDirectory(prefix="todo-k8s-preflight-") as folder:
        (Path(folder) / "go.mod").write_text("module probe\n", encoding="utf-8")
        cache = {"GOMODCACHE": f"{folder}/cache", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "local"}
        _ask([go, "-C", folder, "list", "-m", "-json", GO_MODULE], timeout, **cache)
    return "answers"


def probe_npm(timeout: float) -> str:
    """Ask npm for a small package's version, past its cache."""
    if not shutil.which("npm"):
        return "not asked: npm is used inside image builds only"
    with tempfile.TemporaryDirectory(prefix="todo-k8s-preflight-") as folder:
        bounds = [f"--fetch-timeout={timeout * 1000:.0f}", "--fetch-retries=0", "--cache", folder]
        _ask(["npm", "view", *bounds, "--", NPM_PACKAGE, "version"], timeout)
    return "answers"


def registry_of(image: str) -> str:
    """Return the registry an image reference names, by Docker's own rule."""
    first, slash, _rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return DEFAULT_REGISTRY


def probe_registry(address: str, timeout: float) -> str:
    """Ask a container registry for its API version, through the proxies of the environment.

    :param address: Host with optional port, or a URL (a mirror of the engine's).
    """
    url = address.rstrip("/") if "://" in address else f"https://{address}"
    plain = "://" not in address and address.split(":")[0] in ("localhost", "127.0.0.1")
    if plain:  # Docker's rule: loopback registries may speak plain HTTP
        url = f"http://{address}"
    try:
        with urllib.request.urlopen(f"{url}/v2/", timeout=timeout) as answer:  # noqa: S310
            status, headers = answer.status, answer.headers
    except urllib.error.HTTPError as error:
        status, headers = error.code, error.headers
        error.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(str(reason) or type(error).__name__) from None
    except Exception as error:  # http.client has errors of its own for what is no HTTP
        raise Unavailable(f"{type(error).__name__}: {error}") from None
    # Docker's own address only leads on to its registry: there any answer counts.
    if status not in (200, 401) and "docker-distribution-api-version" not in headers and address != DEFAULT_REGISTRY:
        raise Unavailable(f"HTTP status {status}, no registry")
    return "answers"


PROBES: dict[str, Callable[[float], str]] = {
    "apt": probe_apt,
    "pypi": probe_pypi,
    "go": probe_go,
    "npm": probe_npm,
}


def has_route(tables: str) -> bool:
    """Whether anything but this host itself can be reached, from the text of /proc/net/route and ipv6_route."""
    rows = [line.split() for line in tables.splitlines() if line.strip()]
    names = [fields[0] if fields[-1].isdigit() else fields[-1] for fields in rows]
    return any(name not in ("lo", "Iface", "MTU", "IRTT") for name in names)


def routes() -> str:
    """This host's routes; where there are no such files it has some for all that is known."""
    tables = [Path("/proc/net/route"), Path("/proc/net/ipv6_route")]
    found = [path.read_text() for path in tables if path.exists()]
    return "".join(found) if found else "unknown"


def ask_all(questions: dict[str, Callable[[], str]], timeout: float) -> dict[str, dict[str, Any]]:
    """Ask all at once; a question that fails at once is asked a second time, as networks hiccup, where there is one.

    :param questions: What to call, by name; each raises ``Unavailable`` or returns a text.
    :param timeout: Seconds after which a question that hangs is given up.
    :return: {name: {ok, detail}}
    """
    results = {name: {"ok": False, "detail": f"no answer within {timeout:g} s"} for name in questions}

    def ask(name: str) -> None:
        for attempt in range(attempts, 0, -1):
            try:
                results[name] = {"ok": True, "detail": questions[name]()}
                return
            except Unavailable as error:
                results[name] = {"ok": False, "detail": str(error)}
                if attempt > 1 and pause.wait(0.5):
                    return

    attempts = 2 if has_route(routes()) else 1
    pause = threading.Event()
    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in questions]
    for thread in threads:
        thread.start()
    until = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    pause.set()
    return {name: dict(result) for name, result in results.items()}
