"""Pinned command line tools: what a tool is, which one on PATH will do, what its release is, where it is kept.

A tool is a directory with `tool.yml`, `go.mod`, `go.sum` and, where it is our own program, its sources. Downloading is
in release_fetch.py, building in go_build.py, choosing in tool_resolve.py, links are in tool_links.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import tempfile
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ansible_collections.todo.k8s.plugins.module_utils.platforms import architecture

VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
VERSION_TIMEOUT = 15  # seconds; a wrapper script on PATH may ask the network
FIELDS = {
    "module",
    "version",
    "packages",
    "ldflags",
    "tags",
    "cgo",
    "accept",
    "version_command",
    "path_command",
    "docker_plugin",
    "release",
    "lock",
}
RELEASE_FIELDS = {"version", "versions", "url", "member", "sha256"}
PLATFORMS = ("linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64")
SHA256 = re.compile(r"[0-9a-f]{64}")
# The C loader is ten times as fast; where libyaml is missing, ours does.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ToolError(Exception):
    """A tool cannot be had; the text names it, what was found, what is needed and the remedy."""


@dataclass(frozen=True)
class Tool:
    """One tool.yml: `packages` maps each binary to its Go package, `accept` says which versions on PATH will do."""

    directory: Path
    version: str
    packages: dict[str, str]
    module: str = ""
    ldflags: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    cgo: bool = False
    accept: dict[str, str] = field(default_factory=dict)
    version_command: list[str] = field(default_factory=list)
    path_command: list[str] = field(default_factory=list)
    docker_plugin: str = ""
    release: dict[str, dict] = field(default_factory=dict)
    lock: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.directory.name


@dataclass(frozen=True)
class Asset:
    """One file of an official release for one platform; `member` names the binary in it if it is an archive."""

    tool: str
    binary: str
    version: str
    url: str
    sha256: str
    member: str = ""

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change with what is downloaded."""
        return self.sha256[:12]

    def place(self, cache_dir: Path) -> Path:
        """The directory that holds the binary once it is downloaded."""
        return cache_dir / "tools" / f"{self.binary}-{self.version}-{self.key}"

    def is_there(self, cache_dir: Path) -> bool:
        """Whether it was downloaded; what is there is whole, as it is put there in one step after its check."""
        return os.access(self.place(cache_dir) / self.binary, os.X_OK)


@dataclass(frozen=True)
class Go:
    """A Go toolchain and the platform it is asked to build for."""

    path: str
    version: str
    goos: str
    goarch: str


def load(directory: str | Path) -> Tool:
    """Read a tool's directory. Raises ToolError where it is not one."""
    directory = Path(directory).resolve()
    source = directory / "tool.yml"
    try:
        spec = yaml.load(source.read_text(encoding="utf-8"), LOADER)  # noqa: S506  a safe loader
        unknown = set(spec) - FIELDS
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise ToolError(f"{source}: not a tool's description ({error}); needed: version and packages.") from error
    if unknown or not spec.get("packages") or not spec.get("version"):
        found = f"unknown fields {sorted(unknown)}" if unknown else "no version or no packages"
        raise ToolError(f"{source}: {found}; needed: version, packages, and nothing but {', '.join(sorted(FIELDS))}.")
    needed = ["go.mod", "go.sum"] if spec.get("module") else ["go.mod"]
    if missing := [name for name in needed if not (directory / name).is_file()]:
        raise ToolError(f"{directory}: {' and '.join(missing)} missing; run files/update-locks {directory.name}.")
    wrong = [name for name, package in spec["packages"].items() if package.rsplit("/", 1)[-1] != name]
    if wrong and len(spec["packages"]) > 1:
        raise ToolError(f"{source}: {', '.join(wrong)}: where there are several, a binary is named after its package.")
    for binary, pinned in (spec.get("release") or {}).items():
        if problem := _release_problem(binary, pinned, spec):
            raise ToolError(f"{source}: release of {binary}: {problem}.")
    return Tool(directory=directory, **spec)


def _release_problem(binary: str, pinned: dict, spec: dict) -> str:
    """What is wrong with a release's description; "" if nothing is."""
    if binary not in spec["packages"]:
        return f"no such binary; the tool has {', '.join(spec['packages'])}"
    if not isinstance(pinned, dict) or set(pinned) - RELEASE_FIELDS or not {"version", "url", "sha256"} <= set(pinned):
        return f"needed: version, url, sha256, and nothing but {', '.join(sorted(RELEASE_FIELDS))}"
    for name, value in pinned["sha256"].items():
        if name not in PLATFORMS or not SHA256.fullmatch(str(value)):
            return f"sha256 of {name} is {value}; needed: 64 hexadecimal digits for one of {', '.join(PLATFORMS)}"
    for version in (pinned["version"], *pinned.get("versions", {}).values()):
        parsed = parse_version(str(version))
        if parsed is None or not accepted(parsed, spec.get("accept") or {}):
            return f"version {version} is not what the tool accepts, which is {spec.get('accept') or 'any x.y.z'}"
    if urllib.parse.urlsplit(str(pinned["url"])).scheme not in ("http", "https"):
        return f"url is {pinned['url']}; needed: https://..."
    return ""


def host_platform() -> tuple[str, str]:
    """Operating system and architecture of this host in release files' words, without asking Go."""
    return platform.system().lower(), architecture()


def asset(tool: Tool, binary: str, goos: str, goarch: str) -> Asset | None:
    """The pinned release file of a binary for a platform; None where none is pinned."""
    pinned = tool.release.get(binary)
    name = f"{goos}/{goarch}"
    if not pinned or name not in pinned["sha256"]:
        return None
    words = {"version": pinned.get("versions", {}).get(name, pinned["version"]), "os": goos, "arch": goarch}
    return Asset(
        tool=tool.name,
        binary=binary,
        version=words["version"],
        url=pinned["url"].format(**words),
        sha256=str(pinned["sha256"][name]),
        member=pinned.get("member", "").format(**words),
    )


def key(tool: Tool, go: Go) -> str:
    """Twelve hexadecimal digits that change with everything that changes the binaries, and with nothing else.

    That is: the lock, our own sources without their tests, how it is built, the compiler and the platform. A comment
    in tool.yml or another range for PATH costs no rebuild.
    """
    digest = hashlib.sha256()
    recipe = [tool.module, tool.version, tool.packages, tool.ldflags, tool.tags, tool.cgo]
    digest.update(json.dumps([recipe, go.version, go.goos, go.goarch], sort_keys=True).encode())
    for path in sorted(tool.directory.rglob("*")):
        locks = path.name in ("go.mod", "go.sum")
        if path.is_file() and (locks or (path.suffix in (".go", ".s") and not path.name.endswith("_test.go"))):
            digest.update(f"\0{path.relative_to(tool.directory)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def cached(cache_dir: Path, tool: Tool, digest: str) -> Path:
    """The directory that holds the tool's binaries once they are built."""
    return cache_dir / "tools" / f"{tool.name}-{tool.version}-{digest}"


def is_built(tool: Tool, place: Path, binaries: list[str] | None = None) -> bool:
    """Whether these binaries of the tool, or all, are in that directory: a bundle brings only what is wanted."""
    return all(os.access(place / binary, os.X_OK) for binary in binaries or tool.packages)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The first version in a program's output, e.g. (1, 34, 3); None without one."""
    found = VERSION.search(text)
    return tuple(int(part) for part in found.groups()) if found else None


def accepted(version: tuple[int, int, int], accept: dict[str, str]) -> bool:
    """Whether `min` <= version < `below`; a bound that is not given does not bind."""
    low, high = parse_version(accept.get("min", "")), parse_version(accept.get("below", ""))
    return (low is None or version >= low) and (high is None or version < high)


def ask_version(command: list[str]) -> tuple[int, int, int] | None:
    """Run a program for its version; None if it fails, says none or takes too long.

    Minikube makes its folders for whatever it is asked: here they are in one that goes again.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            answer = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=VERSION_TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "MINIKUBE_HOME": folder},
            )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return parse_version(answer.stdout) if answer.returncode == 0 else None


def candidates(name: str, search: str, skip: list[Path]) -> list[str]:
    """Executables of that name in the directories of `search` (PATH's form), those inside a `skip` tree left out."""
    found: dict[Path, str] = {}  # /bin and /usr/bin are often one: a program is asked once
    for directory in search.split(os.pathsep):
        path = Path(directory or ".") / name
        if not os.access(path, os.X_OK) or not path.is_file():
            continue
        trees = {path.parent.resolve(), *path.parent.resolve().parents, *path.resolve().parents}
        if not any(tree.resolve() in trees for tree in skip):
            found.setdefault(path.resolve(), str(path))
    return list(found.values())


def on_path(tool: Tool, binaries: list[str], search: str, skip: list[Path]) -> tuple[dict[str, dict], list[str]]:
    """Look for acceptable binaries on PATH.

    Returns what was found as {binary: {path, version}}, complete or empty, and what was refused and why, in words.
    A tool without `accept` is never taken from PATH.
    """
    found: dict[str, dict] = {}
    refused = []
    if not tool.accept:
        return {}, [f"{tool.name} is never taken from PATH"]
    bounds = " and ".join(f"{word} {tool.accept[word]}" for word in ("min", "below") if word in tool.accept)
    for binary in binaries:
        # A plugin is asked through its host command.
        name, *arguments = tool.path_command or [binary, *tool.version_command]
        options = candidates(name, search, skip)
        for path in options:
            version = ask_version([path, *arguments])
            if version and accepted(version, tool.accept):
                found[binary] = {"path": path, "version": "v" + ".".join(map(str, version))}
                break
            said = "v" + ".".join(map(str, version)) if version else "no version"
            refused.append(f"{' '.join([path, *arguments])} says {said}, accepted is {bounds}")
        if not options:
            refused.append(f"no {name} on PATH")
    return (found if len(found) == len(binaries) else {}), refused
