"""Whether a bundle fits a machine and a checkout, and where its files go. Standard library only, as bundle_archive."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import BundleError, Manifest, Reader, Say, unpack
from ansible_collections.todo.k8s.plugins.module_utils.platforms import architecture


@dataclass(frozen=True)
class Host:
    """What decides whether a bundle fits. `pythons` maps a version to its path, `changed` lists the edited files."""

    system: str
    arch: str
    release: str = ""
    pythons: dict[str, str] = field(default_factory=dict)
    commit: str = ""
    changed: tuple[str, ...] = ()
    git_said: str = ""


def release(text: str) -> str:
    """Distribution and codename of an os-release file, e.g. `debian bookworm`."""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    words = (fields.get(name, "").strip("\"'") for name in ("ID", "VERSION_CODENAME"))
    return " ".join(word for word in words if word)


def this_release() -> str:
    """This machine's distribution and codename, empty where it does not say."""
    with contextlib.suppress(OSError):
        return release(Path("/etc/os-release").read_text(encoding="utf-8"))
    return ""


def pythons(wanted: str) -> dict[str, str]:
    """The interpreters on PATH that may be meant by a version, asked what they are."""
    found: dict[str, str] = {}
    for name in (f"python{wanted}", "python3", sys.executable):
        path = shutil.which(name)
        if not path:
            continue
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            script = "import sys; print('%d.%d' % sys.version_info[:2])"
            version = subprocess.run([path, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
            found.setdefault(version, path)
    return found


def checkout(root: Path) -> tuple[str, tuple[str, ...], str]:
    """Commit and edited files of a checkout, and what git said where it could not tell."""
    try:
        commit = _git(root, "rev-parse", "HEAD").strip()
        lines = _git(root, "status", "--porcelain", "--untracked-files=normal").splitlines()
    except FileNotFoundError:
        return "", (), "git is not installed"
    except subprocess.CalledProcessError as error:
        return "", (), " ".join(error.stderr.split())
    return commit, tuple(line[3:] for line in lines), ""


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def this_host(root: Path, python: str) -> Host:
    """Look at this machine and a checkout."""
    commit, changed, said = checkout(root)
    return Host(platform.system().lower(), architecture(), this_release(), pythons(python), commit, changed, said)


def misfits(manifest: Manifest, host: Host) -> list[str]:
    """Why a bundle cannot be used here: for each reason what was found, what is needed and the remedy."""
    facts, found = manifest.facts, []
    made_for, here = f"{facts['system']}/{facts['arch']}", f"{host.system}/{host.arch}"
    if made_for != here:
        found.append(
            f"platform: found a machine of {here}, needed {made_for}, for which the bundle was made. "
            f"Make one on a machine of {here}."
        )
    if facts.get("release") and facts["release"] != host.release:
        found.append(
            f"Debian packages: found {host.release or 'an unknown distribution'}, needed {facts['release']}, of which "
            f"the packages in the bundle are. Make one on {host.release or 'the same distribution'}, or one without "
            "packages (make bundle ARGS='-e bundle_packages=false') and install them here by hand: "
            f"{', '.join(facts.get('packages', []))}."
        )
    if facts["python"] not in host.pythons:
        found.append(
            f"Python: found {', '.join(sorted(host.pythons)) or 'none'} on PATH, needed {facts['python']}, for which "
            f"the bundle's wheels were made. Install python{facts['python']}, or make the bundle with the version "
            "that this machine has."
        )
    if host.git_said:
        found.append(f"checkout: its commit could not be read ({host.git_said}), needed {facts['commit']}.")
    elif facts["commit"] != host.commit:
        found.append(
            f"checkout: found commit {host.commit[:12]}, needed {facts['commit'][:12]}, whose images are in the bundle."
            f" Run `git checkout {facts['commit']}`, or make a bundle with {host.commit[:12]}."
        )
    elif host.changed:
        shown = ", ".join(host.changed[:5]) + (" …" if len(host.changed) > 5 else "")
        found.append(
            f"checkout: found {len(host.changed)} changed files ({shown}), needed commit {facts['commit'][:12]} as it "
            "is: the images in the bundle were made of it. Commit or remove the changes, or make a bundle of them."
        )
    return found


def settings(archive: Path, cache: Path, manifest: Manifest) -> dict[str, object]:
    """The variables with which the playbook runs from the bundle alone."""
    debs = cache / "bundle" / manifest.identity[:12] / "debs"
    return {
        "bundle_file": str(archive),
        "bundle_cache_dir": str(cache),
        "bundle_repository": str(debs) if manifest.facts["release"] else "",
        "images_base_source": "debian",
        "minikube_node_image_source": "debian",
        "preflight_check_sources": "never",
    }


@contextlib.contextmanager
def _locked(path: Path, say: Say) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that unpacks a bundle")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def room(manifest: Manifest, cache: Path) -> None:
    """Raise BundleError when the disk has no room for what is unpacked here and loaded into the engine."""
    files = sum(entry.unpacked_size or entry.size for entry in manifest.entries if entry.folder)
    needed = files + sum(manifest.facts.get(name, 0) for name in ("images_size", "packages_size"))
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise BundleError(
            f"Disk of {cache}: found {free >> 20} MiB free, needed {needed >> 20} MiB for the bundle's files, packages "
            "and images. Free some, or set XDG_CACHE_HOME to a folder on a larger disk."
        )


def apply(archive: Path, root: Path, cache: Path, say: Say = lambda text: None) -> dict[str, object]:
    """Verify a bundle and unpack it into the cache: all of it or nothing. Returns the playbook's settings.

    A bundle that was unpacked before from the same file is not read again.
    """
    archive = archive.absolute()
    with Reader(archive) as reader:
        manifest = reader.manifest
        host = this_host(root, manifest.facts["python"])
        if reasons := misfits(manifest, host):
            lines = "\n".join(f"  - {reason}" for reason in reasons)
            raise BundleError(f"Bundle {archive}: it does not fit.\n{lines}")
        folder = cache / "bundle"
        with _locked(folder / ".lock", say):
            place = folder / manifest.identity[:12]
            if _source(place) == _stamp(archive, manifest) and _tools_there(manifest, cache):
                say(f"{archive.name} was unpacked before: nothing to do")
            else:
                _unpack(reader, place, cache, say)
            _point(folder / "current", place.name)
            _replace(folder / "python", host.pythons[manifest.facts["python"]] + "\n")
            values = settings(archive, cache, manifest)
            _replace(folder / "settings.json", json.dumps(values, indent=1) + "\n")
    return values


def _stamp(archive: Path, manifest: Manifest) -> dict[str, object]:
    status = archive.stat()
    return {
        "file": str(archive),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "inode": status.st_ino,
        "manifest": manifest.identity,
    }


def _source(place: Path) -> object:
    try:
        return json.loads((place / "source.json").read_text())
    except (OSError, ValueError):
        return None


def _tools_there(manifest: Manifest, cache: Path) -> bool:
    return all(os.access(cache / entry.target, os.X_OK) for entry in manifest.entries if entry.folder == "tools")


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


def _point(link: Path, target: str) -> None:
    new = link.with_name(link.name + ".new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _unpack(reader: Reader, place: Path, cache: Path, say: Say) -> None:
    manifest = reader.manifest
    for left_over in place.parent.glob(".unpacking-*"):
        shutil.rmtree(left_over)
    room(manifest, cache)
    say(f"verifying and unpacking {reader.archive.name}")
    work = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=place.parent))
    try:
        work.chmod(0o755)
        unpack(reader, work, say)
        # From here on everything is known to be whole.
        for entry in manifest.entries:
            if entry.folder == "tools" and not os.access(cache / entry.target, os.X_OK):
                (cache / entry.target).parent.mkdir(parents=True, exist_ok=True)
                (work / entry.target).replace(cache / entry.target)
        shutil.rmtree(work / "tools", ignore_errors=True)
        (work / "manifest.json").write_bytes(manifest.text())
        (work / "source.json").write_text(json.dumps(_stamp(reader.archive, manifest)))
        for older in place.parent.iterdir():
            if older.is_dir() and not older.is_symlink() and older != work:
                shutil.rmtree(older)
        work.rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
