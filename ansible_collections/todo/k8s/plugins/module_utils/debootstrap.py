"""A root filesystem from Debian packages with mmdebstrap, trimmed for use as a container image.

What goes in is one dictionary (see `normalise`); its hash names the result, so the same wish is made once.
Almost everything is pure: only the functions `host_…` and `make` look at the host or run something.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import network
from ansible_collections.todo.k8s.plugins.module_utils.platforms import architecture

# Part of every key: raise it when the way of making changes, so that old results are made anew.
RECIPE = "2"
# Newer time stamps are clamped to this (2025-01-01): the same packages then give the same bytes.
EPOCH = "1735689600"
MERGED_USR = Path("/usr/share/mmdebstrap/hooks/merged-usr")

TRIMMED = (
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/groff/*",
    "/usr/share/lintian/*",
    "/usr/share/linda/*",
    "/usr/share/bug/*",
    "/usr/share/locale/*",
    "/usr/share/doc/*",
    "/usr/share/doc-base/*",
    "/usr/lib/*/gconv/*",
)
# Of the C library's conversions (8 MB) those stay that it itself calls its core; Debian 13 packs the others apart.
# Python, Node and PostgreSQL bring their own.
CONVERSIONS = ("ANSI_X3.110", "CP1252", "ISO8859-1", "ISO8859-15", "UNICODE", "UTF-16", "UTF-32", "UTF-7")
# Licences stay: the images hold other people's work.
KEPT = (
    "/usr/share/doc/*/copyright",
    "/usr/share/locale/locale.alias",
    "/usr/lib/*/gconv/gconv-modules",
    *(f"/usr/lib/*/gconv/{name}.so" for name in CONVERSIONS),
)

# Host-specific or variable things that must not end in an image. `$1` is the tree. Debian's ssl-cert makes a private
# key while it is installed: a key that everybody has is worse than none.
CLEAN = """set -eu
cd "$1"
rm -f etc/apt/apt.conf.d/99mmdebstrap etc/apt/sources.list etc/apt/sources.list.d/* etc/dpkg/dpkg.cfg.d/99mmdebstrap
rm -f etc/ssl/private/ssl-cert-snakeoil.key etc/ssl/certs/ssl-cert-snakeoil.pem etc/resolv.conf
rm -f var/lib/dpkg/*-old var/cache/debconf/*-old var/cache/ldconfig/aux-cache etc/passwd- etc/group- etc/shadow-
rm -rf var/cache/apt var/lib/apt/lists var/cache/man
find var/log -type f -delete
find run -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
: > etc/hostname
if [ -e etc/machine-id ]; then : > etc/machine-id; fi
"""

# The lines of mmdebstrap's log that tell a person where it is.
STEPS = ("I: running apt-get update", "I: downloading", "I: installing", "I: creating tarball", "I: success")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class DebootstrapError(Exception):
    """The tree could not be made; the text says what mmdebstrap said and what to do."""


def normalise(debian: dict) -> dict:
    """The wish with its defaults filled in and nothing empty.

    `debian`: suite, variant (mmdebstrap's), packages, users [{name, uid, gid, home, shell}], files [{path, content or
    src (a file or a folder on this host), mode (octal text), early (before the packages)}], customize (shell commands
    run inside the tree), hooks (raw mmdebstrap customize hooks, `$1` is the tree), exclude / include (dpkg path
    patterns), trim (bool), and the image's configuration: env, entrypoint, cmd, workdir, user, stopsignal, expose,
    volumes.
    """
    wish = {name: value for name, value in debian.items() if value not in (None, [], {}, "")}
    wish.setdefault("suite", "bookworm")
    wish.setdefault("variant", "essential")
    wish.setdefault("trim", True)
    wish["env"] = {"PATH": PATH, **wish.get("env", {})}
    # An option that was left out and one that is empty are the same wish.
    for name in ("files", "users"):
        if name in wish:
            wish[name] = [{key: value for key, value in item.items() if value is not None} for item in wish[name]]
    return wish


def key(debian: dict, machine: str | None = None) -> str:
    """12 hexadecimal digits that stand for this wish, the recipe and the machine's architecture."""
    wish = normalise(debian)
    wish["files"] = [
        {**item, "src": source_hash(Path(item["src"]))} if item.get("src") else item for item in wish.get("files", [])
    ]
    parts = {"recipe": RECIPE, "machine": machine or platform.machine(), "wish": wish}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def source_hash(source: Path) -> str:
    """Hash of a file, or of a folder's names, executable bits and contents."""
    whole = hashlib.sha256()
    paths = [source] if source.is_file() else sorted(path for path in source.rglob("*") if not path.is_dir())
    for path in paths:
        name = "" if path == source else str(path.relative_to(source))
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        whole.update(f"{name}\0{os.access(path, os.X_OK):d}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def user_hook(users: list[dict]) -> str:
    """A hook that adds users before any package does, so that their numbers are ours."""
    lines = ["set -eu"]
    for user in users:
        name, uid, gid = user["name"], int(user["uid"]), int(user.get("gid") or user["uid"])
        if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,30}", name):
            raise DebootstrapError(
                f"User {name!r}: not a user name Debian accepts (lower case letters, digits, _ and -)."
            )
        home, shell = user.get("home") or "/nonexistent", user.get("shell") or "/usr/sbin/nologin"
        entries = {
            "passwd": f"{name}:x:{uid}:{gid}::{home}:{shell}",
            "group": f"{name}:x:{gid}:",
            "shadow": f"{name}:!:20000::::::",
        }
        lines += [f'echo {shlex.quote(line)} >> "$1"/etc/{file}' for file, line in entries.items()]
    return "\n".join(lines)


def file_hooks(item: dict) -> list[str]:
    """The hooks that place one file or folder in the tree."""
    path = item["path"]
    if not path.startswith("/") or ".." in path.split("/"):
        raise DebootstrapError(f"File {path!r}: needs an absolute path inside the tree.")
    inside, parent = shlex.quote(path.lstrip("/")), shlex.quote(str(Path(path).parent).lstrip("/"))
    mode = item.get("mode") or "0644"
    if not re.fullmatch(r"[0-7]{3,4}", mode):
        raise DebootstrapError(f"File {path}: mode {mode!r} is not octal; write it in quotes, as '0755'.")
    make_parent = f'mkdir -p "$1"/{parent}'
    if not item.get("src"):
        text = base64.b64encode(item.get("content", "").encode()).decode()
        return [f'{make_parent} && echo {text} | base64 -d > "$1"/{inside} && chmod {mode} "$1"/{inside}']
    source = Path(item["src"])
    if source.is_dir():
        return [f'mkdir -p "$1"/{inside}', f"sync-in {shlex.quote(str(source))} {shlex.quote(path)}"]
    upload = f"upload {shlex.quote(str(source))} {shlex.quote(path)}"
    return [make_parent, upload, f'chmod {mode} "$1"/{inside}']


def command(debian: dict, output: str, *, mirrors: list[str], apt_options: list[str], mode: str) -> list[str]:
    """mmdebstrap's argument list. `mirrors` are one-line apt sources; empty for mmdebstrap's own choice."""
    wish = normalise(debian)
    # Recommended packages never come with mmdebstrap; a configuration file that is already there is ours: keep it.
    arguments = ["mmdebstrap", f"--mode={mode}", f"--variant={wish['variant']}", "--dpkgopt=force-confold"]
    # mmdebstrap would empty /run at the very end, and with it what was made there on purpose.
    arguments.append("--skip=cleanup/run")
    if MERGED_USR.is_dir():  # otherwise bookworm's usrmerge brings the whole of Perl, 50 MB
        arguments.append(f"--hook-dir={MERGED_USR}")
    excluded = [*(TRIMMED if wish["trim"] else ()), *wish.get("exclude", [])]
    arguments += [f"--dpkgopt=path-exclude={pattern}" for pattern in excluded]
    arguments += [f"--dpkgopt=path-include={p}" for p in [*(KEPT if wish["trim"] else ()), *wish.get("include", [])]]
    arguments += [f"--aptopt={option}" for option in apt_options]
    if wish.get("packages"):
        arguments.append(f"--include={','.join(wish['packages'])}")
    if wish.get("users"):
        arguments.append(f"--essential-hook={user_hook(wish['users'])}")
    arguments.append(f"--customize-hook={CLEAN}")
    for item in wish.get("files", []):
        stage = "essential" if item.get("early") else "customize"
        arguments += [f"--{stage}-hook={hook}" for hook in file_hooks(item)]
    for line in wish.get("customize", []):
        arguments.append(f'--customize-hook=chroot "$1" /bin/sh -euc {shlex.quote(line)}')
    arguments += [f"--customize-hook={hook}" for hook in wish.get("hooks", [])]
    return [*arguments, "--", wish["suite"], output, *mirrors]


def image_config(debian: dict, labels: dict[str, str]) -> dict:
    """The image's configuration as OCI names it, without its layer."""
    wish = normalise(debian)
    config: dict = {"Env": [f"{name}={value}" for name, value in wish["env"].items()], "Labels": labels}
    for field, name in (("entrypoint", "Entrypoint"), ("cmd", "Cmd"), ("workdir", "WorkingDir"), ("user", "User")):
        if wish.get(field):
            config[name] = wish[field]
    if wish.get("stopsignal"):
        config["StopSignal"] = wish["stopsignal"]
    for field, name in (("expose", "ExposedPorts"), ("volumes", "Volumes")):
        if wish.get(field):
            config[name] = {item: {} for item in wish[field]}
    created = datetime.fromtimestamp(int(EPOCH), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": architecture(),
        "os": "linux",
        # Not the time of the making: the same content then has the same image ID on every machine.
        "created": created,
        "config": config,
        "history": [{"created": created, "created_by": f"mmdebstrap {wish['suite']}"}],
    }


def sources_from(targets: str, suite: str) -> list[str]:
    """One-line sources of Debian's own archive for `suite` from `apt-get indextargets` (see `host_sources`).

    Other vendors' archives on the host are left out: their packages would replace Debian's versions.
    """
    wanted = (suite, f"{suite}-updates", f"{suite}-security")
    lines = []
    for row in targets.splitlines():
        uri, release, component, origin = (row.split("|") + [""] * 4)[:4]
        if release in wanted and component == "main" and origin in ("", "$(ORIGIN)", "Debian"):
            lines.append(f"deb {uri} {release} main")
    return list(dict.fromkeys(lines)) if any(f" {suite} " in line for line in lines) else []


def apt_options_from(dump: str) -> list[str]:
    """What of the host's apt settings is needed to reach its archive: proxies, certificates, clock checks."""
    needed = re.compile(
        r"^(Acquire::(?:https?::(?:.*::)?(?:Proxy|Proxy-Auto-Detect|CaInfo|CAInfo|Verify-Peer|Verify-Host|SslCert|SslKey)"
        r'|Check-Valid-Until|Check-Date|Retries) ".+");$'
    )
    return [match.group(1) for line in dump.splitlines() if (match := needed.match(line))]


def _read(arguments: list[str]) -> str:
    if not shutil.which(arguments[0]):
        return ""
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60).stdout


def host_sources(suite: str) -> list[str]:
    """The host's own Debian mirrors for `suite`; empty when it has none (another distribution or release)."""
    layout = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    return sources_from(_read(["apt-get", "indextargets", "--format", layout, "Created-By: Packages"]), suite)


def host_apt_options() -> list[str]:
    """See `apt_options_from`; empty where there is no apt."""
    return apt_options_from(_read(["apt-config", "dump", "Acquire"]))


def missing_packages() -> list[str]:
    """Debian packages that making a tree needs and this host lacks."""
    needed = {"mmdebstrap": "mmdebstrap"}
    if os.geteuid() != 0:
        needed["newuidmap"] = "uidmap"
    missing = [package for tool, package in needed.items() if not shutil.which(tool)]
    # mmdebstrap only recommends the keys of Debian's archive; other distributions do not have them.
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return [*missing, *([] if keyring.exists() else ["debian-archive-keyring"])]


def suffix() -> str:
    """Suffix of the tar files: zstd where its tool is there, otherwise gzip."""
    return ".tar.zst" if shutil.which("zstd") else ".tar.gz"


def make(name: str, debian: dict, target: Path, *, say=lambda text: None, timeout: float = 1800) -> None:
    """Make the tree and leave it as the compressed tar `target`, which appears complete or not at all.

    Raises DebootstrapError with mmdebstrap's last lines.
    """
    if not shutil.which("mmdebstrap"):
        raise DebootstrapError(
            f"Base image {name}: mmdebstrap is not on PATH and is needed to make it from Debian packages. "
            "Install Debian's package mmdebstrap, or make an image registry reachable for the engine."
        )
    wish = normalise(debian)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without root, user namespaces do the same (Debian's package uidmap).
    mode = "root" if os.geteuid() == 0 else "unshare"
    partial = target.with_name(f"partial-{os.getpid()}-{target.name}")
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        # Proxies come with the environment, which mmdebstrap hands to apt.
        with network.public_bundle() as bundle:
            options = [*host_apt_options(), *([f'Acquire::https::CaInfo "{bundle}"'] if bundle else [])]
            arguments = command(wish, str(partial), mirrors=host_sources(wish["suite"]), apt_options=options, mode=mode)
            lines = _follow(name, arguments, environ, say, timeout)
        if lines:
            raise DebootstrapError(
                f"Base image {name}: mmdebstrap could not make it from {wish['suite']}'s packages. It says:\n"
                + "\n".join(telling(lines))
                + "\nNeeded: a reachable Debian mirror (`apt-get update` must work) and existing package names."
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def dpkg_status(archive: Path) -> str:
    """The dpkg status file of a tree that `make` made; empty where it cannot be read: loading the tree tells why."""
    answer = subprocess.run(
        ["tar", "--extract", "--to-stdout", "--occurrence=1", "--file", archive, "./var/lib/dpkg/status"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return answer.stdout if answer.returncode == 0 else ""


def telling(lines: list[str], most: int = 15) -> list[str]:
    """The part of a failed run's output that says why: from the first error on, the noise left out."""
    noise = ("Get:", "Selecting", "Preparing", "Unpacking", "Setting up", "Processing triggers", "(Reading", "I: ")
    kept = [line for line in lines if line.strip() and not line.startswith(noise)]
    first = next((at for at, line in enumerate(kept) if re.search(r"\berror\b|^E: |^Err:", line, re.I)), len(kept))
    return kept[max(0, first - 1) :][:most] or kept[-most:]


def _follow(name: str, arguments: list[str], environ: dict[str, str], say, timeout: float) -> list[str]:
    """Run mmdebstrap, telling its steps; returns its output when it failed, nothing when it did well."""
    process = subprocess.Popen(
        ["timeout", "--foreground", "--kill-after=10", str(int(timeout)), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
        cwd="/",
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(STEPS):
            say(f"base image {name}: {line[3:].strip().rstrip('.')}")
    if process.wait() == 0:
        return []
    return [*lines, f"exit code {process.returncode}"]
