"""The engine's image store: what is in it, importing, pulling, tagging, and whether a registry answers it.

Looking is a plain request; docker-py, which takes longer to import than a look takes, does what changes something.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ansible_collections.todo.k8s.plugins.module_utils import engine_api
from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference, registry_of

if TYPE_CHECKING:
    import docker

DEFAULT_HOST = "unix:///var/run/docker.sock"
REPOSITORY_PREFIX = "todo-k8s/"
MANAGED_LABEL = "todo.k8s/managed"
# Seconds without a word after which a pull is given up: the engine itself waits for a silent registry without end.
PULL_SILENCE = 120.0


class StoreError(Exception):
    """The engine refused or could not be asked; the text names the image and the remedy."""


class NoEngine(StoreError):
    """No engine answers."""


@dataclass(frozen=True)
class Answer:
    """What a registry says of an image: its digest, or (`problem`) why the engine has not got one."""

    digest: str = ""
    problem: str = ""


def content_key(inspected: dict) -> str:
    """12 digits for what an image holds: its layers and the configuration that builds and containers inherit.

    Other than the image ID it does not contain the time of the import, so that another store gives the same.
    """
    config = inspected.get("Config") or {}
    inherited = ("Env", "Entrypoint", "Cmd", "User", "WorkingDir", "StopSignal", "Volumes", "Shell", "OnBuild")
    parts = {
        "layers": (inspected.get("RootFS") or {}).get("Layers"),
        "config": {name: config[name] for name in inherited if config.get(name)},
        "platform": [inspected.get("Os"), inspected.get("Architecture")],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def got_at(inspected: dict) -> str:
    """When the engine got an image, as text that sorts: when it was made, or named if that was later.

    BuildKit in older engines sets no time of naming; an image of fixed dates was made in 1970.
    """
    return max(inspected.get("Created") or "", (inspected.get("Metadata") or {}).get("LastTagTime") or "")


def explain(error: Exception) -> str:
    """One line that tells what a registry or an engine said."""
    text = getattr(error, "explanation", None) or str(error)
    # While an answer is being read, clients wrap their timeout into an error of the connection.
    if "Timeout" in type(error).__name__ or "Read timed out" in str(text):
        return "no answer in time"
    return " ".join(str(text).split())[:200]


@contextmanager
def unpacked(archive: Path) -> Iterator[Iterable[bytes]]:
    """The tar inside a .tar, .tar.gz or .tar.zst file as chunks of bytes."""
    if archive.suffix == ".zst":
        process = subprocess.Popen(["zstd", "-dc", "--", str(archive)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            yield iter(lambda: process.stdout.read(1 << 20), b"")
            problem = process.stderr.read()
        if process.returncode:
            raise StoreError(
                f"{archive}: zstd says {problem.decode(errors='replace').strip()}. Remove it and run again."
            )
        return
    opener = gzip.open if archive.suffix == ".gz" else open
    with opener(archive, "rb") as stream:
        yield iter(lambda: stream.read(1 << 20), b"")


def image_archive(archive: Path, reference: str, config: dict) -> Iterator[bytes]:
    """A `docker load` archive of one layer. The tar is read twice: its hash and length come before it."""
    whole, size = hashlib.sha256(), 0
    with unpacked(archive) as chunks:
        for chunk in chunks:
            whole.update(chunk)
            size += len(chunk)
    layer = whole.hexdigest()
    content = json.dumps({**config, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]}}).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [reference], "Layers": [f"{layer}.tar"]}]).encode()
    for member, data in ((name, content), ("manifest.json", manifest)):
        yield tar_header(member, len(data)) + data + tar_padding(len(data))
    yield tar_header(f"{layer}.tar", size)
    with unpacked(archive) as chunks:
        yield from chunks
    yield tar_padding(size) + bytes(2 * tarfile.BLOCKSIZE)


def tar_header(name: str, size: int) -> bytes:
    """A tar header of a plain file."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def tar_padding(size: int) -> bytes:
    """What follows a file of `size` bytes up to the next block."""
    return bytes(-size % tarfile.BLOCKSIZE)


def refusals() -> tuple[type[Exception], ...]:
    """What docker-py raises, and what it lets through while it reads a stream."""
    import docker
    import requests
    import urllib3

    return docker.errors.DockerException, requests.exceptions.RequestException, urllib3.exceptions.HTTPError


def no_engine(host: str, said: str) -> str:
    """The text for an engine that cannot be asked."""
    return (
        f"Docker engine {host or '(the usual socket)'}: does not answer ({said}). "
        "Needed: a running engine. Start it, or set DOCKER_HOST."
    )


class ImageStore:
    """One engine's images. `host` as in DOCKER_HOST; empty for the environment's or the usual socket."""

    def __init__(self, host: str = "", timeout: float = 60) -> None:
        self.host = host
        self._timeout = timeout
        self._client: docker.DockerClient | None = None

    def _connect(self, timeout: float) -> docker.DockerClient:
        import docker

        try:
            if self.host:
                return docker.DockerClient(base_url=self.host, timeout=timeout)
            return docker.from_env(timeout=timeout)
        except refusals() as error:
            raise NoEngine(no_engine(self.host, explain(error))) from error

    @property
    def api(self) -> docker.APIClient:
        """The low-level client."""
        self._client = self._client or self._connect(self._timeout)
        return self._client.api

    def _look(self, path: str, timeout: float = 0) -> Any:
        """The engine's answer to a GET request; None where it says that there is no such thing."""
        host = self.host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
        try:
            return engine_api.get(host, path, timeout or self._timeout)
        except engine_api.Silent as error:
            if error.status == 404:
                return None
            raise NoEngine(no_engine(self.host, str(error))) from error

    def inspect(self, reference: str) -> dict | None:
        """What the engine says of an image, None when it has none of that name."""
        return self._look(f"/images/{quote(reference)}/json")

    def root(self) -> Path | None:
        """The directory of the engine's own files where it is one of this host's and keeps layers as directories."""
        info = self._look("/info")
        local = (self.host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST).startswith("unix://")
        return Path(info["DockerRootDir"]) if local and info.get("Driver") == "overlay2" else None

    def ask(self, reference: str, seconds: float, account: dict | None = None) -> Answer:
        """What the registry of `reference` tells the engine within `seconds`: a tag's digest, an index' own.

        `account` (username, password) takes the place of what Docker's client knows. The engine asks its mirrors, too.
        Raises NoEngine.
        """
        begun = time.monotonic()
        # A client of its own: its deadline is for this question alone.
        client = self._connect(seconds)
        try:
            # A moment is left for `_mirrors`.
            client.api.timeout = max(0.1, seconds - 0.1 - (time.monotonic() - begun))
            told = client.api.inspect_distribution(reference, auth_config=account)
            return Answer(digest=told["Descriptor"]["digest"])
        except (*refusals(), KeyError, TypeError) as error:
            return Answer(problem=(explain(error) or type(error).__name__) + self._mirrors(reference))
        finally:
            client.close()

    def pull(self, reference: str) -> None:
        """Pull NAME:TAG or NAME@DIGEST, which the engine verifies; raises StoreError with the engine's words."""
        try:
            for event in self._pulling(reference):
                if event.get("error"):
                    raise StoreError(
                        f"Image {reference}: could not be pulled: {event['error']}{self._mirrors(reference)}"
                    )
        except (*refusals(), ValueError) as error:
            raise StoreError(
                f"Image {reference}: could not be pulled: {explain(error)}{self._mirrors(reference)}"
            ) from error

    def _mirrors(self, reference: str) -> str:
        """A remark on the mirrors that an engine asked, too: its own words are about the last address alone."""
        if registry_of(reference) != "docker.io":
            return ""
        try:
            mirrors = (self._look("/info", 0.5).get("RegistryConfig") or {}).get("Mirrors") or []
        except (NoEngine, AttributeError):
            return ""
        return f" (its mirrors were asked, too, see its log: {', '.join(mirrors)})" if mirrors else ""

    def _pulling(self, reference: str) -> Iterator[dict]:
        """The engine's events of a pull. Not docker-py's own: that one waits for a silent registry for ever."""
        from docker import auth

        repository, at, tag = reference.partition("@")
        if not at:
            named = Reference.parse(reference)
            repository, tag = named.repository, named.tag
        credentials = auth.get_config_header(self.api, auth.resolve_repository_name(repository)[0])
        with self.api.post(
            f"{self.api.base_url}/images/create",
            params={"fromImage": repository, "tag": tag},
            headers={"X-Registry-Auth": credentials} if credentials else {},
            stream=True,
            timeout=PULL_SILENCE,
        ) as answer:
            for line in answer.iter_lines():
                event = json.loads(line) if line.strip() else {}
                yield event if answer.ok else {"error": event.get("message", f"status {answer.status_code}")}

    def push(self, wanted: Reference, account: dict | None = None) -> str:
        """Push an image by its tag, and return its digest in the registry.

        `account` (username, password) takes the place of what Docker's client knows. Raises StoreError with the
        registry's words.
        """
        digest = ""
        try:
            for event in self.api.push(
                wanted.repository, tag=wanted.tag, auth_config=account, stream=True, decode=True
            ):
                if event.get("error"):
                    raise StoreError(" ".join(str(event["error"]).split())[:300])
                digest = (event.get("aux") or {}).get("Digest") or digest
        except (*refusals(), ValueError) as error:
            raise StoreError(explain(error)) from error
        return digest

    def load_tree(self, archive: Path, reference: str, config: dict) -> None:
        """Make an image of a root filesystem's tar and an OCI configuration.

        The engine's import would take most of a configuration too, but no stop signal.
        """
        try:
            for event in self.api.load_image(image_archive(archive, reference, config)):
                if event.get("error"):
                    raise StoreError(f"Image {reference}: the engine did not load {archive}: {event['error']}")
        except (*refusals(), OSError) as error:
            raise StoreError(f"Image {reference}: the engine did not load {archive}: {explain(error)}") from error

    def tag(self, source: str, reference: str) -> None:
        """Give an image another name, NAME:TAG."""
        named = Reference.parse(reference)
        repository, tag = named.repository, named.tag
        try:
            self.api.tag(source, repository, tag=tag)
        except refusals() as error:
            raise StoreError(f"Image {source}: could not be named {reference}: {explain(error)}") from error

    def newest_labels(self, repository: str) -> dict[str, str] | None:
        """Labels of the newest image in a repository, None when there is none."""
        wanted = quote(json.dumps({"reference": [repository]}))
        found = self._look(f"/images/json?filters={wanted}")
        return (max(found, key=lambda image: image["Created"]).get("Labels") or {}) if found else None

    def tag_times(self, repositories: list[str]) -> dict[str, str]:
        """All names of these repositories, each with the time at which the engine got it (sortable text)."""
        found: dict[str, str] = {}
        for repository in repositories:
            wanted = quote(json.dumps({"reference": [repository]}))
            for image in self._look(f"/images/json?filters={wanted}") or []:
                names = [name for name in image.get("RepoTags") or [] if name.startswith(f"{repository}:")]
                found |= {name: got_at(self.inspect(name) or {}) for name in names}
        return found

    def drop(self, reference: str) -> bool:
        """Remove a name unless a container uses it; returns whether it is gone."""
        import docker

        try:
            self.api.remove_image(reference)
        except docker.errors.ImageNotFound:
            return True
        except docker.errors.APIError as error:
            if error.status_code == 409:
                return False
            raise StoreError(f"Image {reference}: could not be removed: {explain(error)}") from error
        return True

    def managed(self) -> list[str]:
        """Names of the images that this project made, by label or by repository."""
        found = set()
        for image in self.api.images():
            names = [name for name in image.get("RepoTags") or [] if name != "<none>:<none>"]
            ours = (image.get("Labels") or {}).get(MANAGED_LABEL) == "true"
            found |= {name for name in names if ours or name.startswith(REPOSITORY_PREFIX)}
            if ours and not names:
                found.add(image["Id"])
        return sorted(found)

    def remove(self, reference: str) -> None:
        """Remove a name (and the image with its last name); an image that is gone already is fine."""
        import docker

        try:
            self.api.remove_image(reference, force=True)
        except docker.errors.ImageNotFound:
            return
        except docker.errors.DockerException as error:
            raise StoreError(f"Image {reference}: could not be removed: {explain(error)}") from error
