"""What goes into a bundle: wheels, Debian packages, tools and images, each gathered once and kept for the next time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import local_repository, network
from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import (
    IMAGES,
    BundleError,
    Reader,
    Say,
    Source,
    compress,
)
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, content_key

REPORT_EVERY = 5.0  # seconds
INSTALL = re.compile(r"^Inst (\S+) .*?\((\S+) .*?\[(\w+)\]\)", re.M)


@dataclass
class Gatherer:
    """Where things are kept between two bundles, and how to say what is being done."""

    folder: Path
    say: Say

    def watch(self, step: str, command: list[str], remedy: str, count: Callable[[], int]) -> str:
        """Run a command, telling how many files there are; its output. Raises BundleError with its last lines."""
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        begun = time.monotonic()
        output = ""
        while True:
            try:
                output = process.communicate(timeout=REPORT_EVERY)[0]
                break
            except subprocess.TimeoutExpired:
                self.say(f"{step}: {count()} files, {time.monotonic() - begun:.0f} s")
            except BaseException:
                process.terminate()
                process.wait()
                raise
        if process.returncode:
            tail = "\n".join(output.splitlines()[-8:])
            raise BundleError(f"{step}: {command[0]} ended with {process.returncode}. {remedy} Its last lines:\n{tail}")
        return output

    def wheels(self, lock: Path, python: str = sys.executable) -> list[Source]:
        """Wheels of all that a lock pins, for this platform and the version of `python`."""
        key = hashlib.sha256(f"{sys.version_info[:2]}\0{lock.read_text()}".encode()).hexdigest()[:12]
        place = self.folder / f"wheels-{key}"
        if not place.is_dir():
            for older in self.folder.glob("wheels-*"):
                shutil.rmtree(older)
            part = self.folder / "wheels-part"
            part.mkdir(parents=True)
            self.say(f"Python wheels of {lock.name}")
            self.watch(
                "Python wheels",
                [
                    python,
                    "-m",
                    "pip",
                    "--disable-pip-version-check",
                    "wheel",
                    "-q",
                    "--no-deps",
                    "-w",
                    part,
                    "-r",
                    lock,
                ],
                "Needed: a reachable package index (`pip config list`).",
                lambda: len(list(part.iterdir())),
            )
            part.rename(place)
        return [Source(f"wheels/{wheel.name}", wheel) for wheel in sorted(place.iterdir())]

    def packages(self, names: list[str]) -> tuple[list[Source], int]:
        """Debian packages with all that they depend on, and their index; and the bytes they take once installed.

        The whole closure, as if nothing were installed: a minimal machine has few of them, and perhaps older ones.
        """
        place = self.folder / "debs"
        for folder in (place / "partial", self.folder / "lists" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        status = self.folder / "no-packages"
        status.write_text("")
        settings = {
            "Dir::State::status": status,
            "Dir::Cache::archives": place,
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            # Neither the system's locks nor apt's own user: nothing outside of this folder is written.
            "Debug::NoLocking": "true",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            # Nothing may ever be installed with an empty status: it would go over what this host has.
            "APT::Get::Download-Only": "true",
            "Dir::State::extended_states": self.folder / "no-marks",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        self.say(f"Debian packages with their dependencies: {', '.join(names)}")
        with network.apt_arguments() as proxies:
            base = ["apt-get", *proxies, *options]
            try:
                return self._packages(base, names, place)
            except BundleError:  # the host's lists are missing or old
                own = [*base, "-o", f"Dir::State::Lists={self.folder / 'lists'}"]
                self.watch(
                    "Debian's package lists",
                    [*own, "update"],
                    "Needed: Debian's mirror.",
                    lambda: len(list((self.folder / "lists").iterdir())),
                )
                return self._packages(own, names, place)

    def _packages(self, apt: list[str], names: list[str], place: Path) -> tuple[list[Source], int]:
        remedy = "Needed: a Debian mirror that serves them (`apt-get update`), or bundle_packages=false."
        planned = self.watch("Debian packages", [*apt, "-s", "install", *names], remedy, lambda: 0)
        wanted = sorted(file_name(*found) for found in INSTALL.findall(planned))
        self.watch(
            f"Debian packages, {len(wanted)} files",
            [*apt, "-q", "-y", "--download-only", "install", *names],
            remedy,
            lambda: len(list(place.glob("*.deb"))),
        )
        for file in place.glob("*.deb"):
            if file.name not in wanted:
                file.unlink()
        missing = [name for name in wanted if not (place / name).is_file()]
        if missing or not wanted:
            raise BundleError(f"Debian packages: apt-get brought no {', '.join(missing) or 'package at all'}. {remedy}")
        entries, size = {}, 0
        for name in wanted:
            file = place / name
            control = subprocess.run(["dpkg-deb", "-f", file], capture_output=True, text=True, check=True).stdout
            entries[mirrored(name)] = (control, file.stat().st_size, digest(file))
            size += installed_size(control)
        (place / local_repository.INDEX).write_text(local_repository.index(entries))
        return [Source(f"debs/{mirrored(name)}", place / name) for name in [*wanted, local_repository.INDEX]], size

    def tools(self, paths: list[Path], cache: Path) -> list[Source]:
        """Programs below the cache's folder of tools, compressed."""
        found = []
        for path in sorted(set(paths)):
            if path.parent.parent != cache / "tools":
                raise BundleError(
                    f"Tool {path}: found outside of {cache / 'tools'}, needed one that was built or downloaded by this "
                    "project. Make the bundle with toolchain_source=module."
                )
            packed = self.folder / "tools" / path.parent.name / f"{path.name}.gz"
            if not packed.is_file():
                self.say(f"compressing {path.name}")
                packed.parent.mkdir(parents=True, exist_ok=True)
                part = packed.with_suffix(".part")
                with path.open("rb") as stream, part.open("wb") as out:
                    compress(stream, out)
                part.rename(packed)
            name = f"tools/{path.parent.name}/{packed.name}"
            found.append(Source(name, packed, 0o755, path.stat().st_size))
        kept = {source.file.parent for source in found}
        for folder in (self.folder / "tools").glob("*"):
            if folder not in kept:
                shutil.rmtree(folder)
        return found

    def images(self, docker: str, host: str, references: list[str]) -> tuple[Source, int]:
        """One archive of images, layers that several share but once; and its bytes before compression.

        The file is the caller's to remove: it is as large as the rest together.
        """
        target = self.folder / IMAGES
        command = [docker, *(["--host", host] if host else []), "save", *references]
        said = [time.monotonic()]

        def tell(size: int) -> None:
            if time.monotonic() - said[0] > REPORT_EVERY:
                said[0] = time.monotonic()
                self.say(f"images: saved {size >> 20} MiB")

        self.say(f"saving {len(references)} images")
        with (
            target.open("wb") as out,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process,
        ):
            size = compress(process.stdout, out, tell)
            problem = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            target.unlink()
            raise BundleError(f"Images {', '.join(references)}: docker save ended with {process.returncode}: {problem}")
        return Source(IMAGES, target), size

    def images_of(self, bundle: Path) -> Source:
        """The archive of images of another bundle. Raises BundleError when it is damaged."""
        target = self.folder / IMAGES
        with Reader(bundle) as reader, target.open("wb") as out:
            for chunk in reader.only(IMAGES):
                out.write(chunk)
        return Source(IMAGES, target)


def digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_name(name: str, version: str, architecture: str) -> str:
    """What apt calls the file of a package."""
    return f"{name.partition(':')[0]}_{version.replace(':', '%3a')}_{architecture}.deb"


def mirrored(name: str) -> str:
    """The file's name as mirrors have it, without the epoch: apt takes a % in a name for an escape, more than once."""
    return re.sub(r"_\d+%3a", "_", name)


def installed_size(control: str) -> int:
    """Bytes that a package takes, from its control text; 0 where it does not tell."""
    found = re.search(r"^Installed-Size: *(\d+)", control, re.M)
    return int(found.group(1)) * 1024 if found else 0


def image_facts(store: ImageStore, references: list[str]) -> list[dict[str, object]]:
    """For each image its reference, ID, content key and bytes. Raises BundleError for one that is not there."""
    found = []
    for reference in sorted(set(references)):
        inspected = store.inspect(reference)
        if inspected is None:
            raise BundleError(f"Image {reference}: the engine has none of this name. Run `make up`, then try again.")
        found.append(
            {
                "ref": reference,
                "id": inspected["Id"],
                "content": content_key(inspected),
                "size": inspected["Size"],
            }
        )
    return found


def free_space(folder: Path, needed: int) -> None:
    """Raise BundleError when the disk of `folder` has less than `needed` bytes free."""
    folder.mkdir(parents=True, exist_ok=True)
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if free < needed:
        raise BundleError(
            f"Disk of {folder}: found {free >> 20} MiB free, needed {needed >> 20} MiB to make the bundle. Free some, "
            "or name a file on a larger disk: make bundle BUNDLE=/path/to/file.tar"
        )
