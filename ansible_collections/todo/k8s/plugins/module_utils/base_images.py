"""Base images: official ones where a registry answers the engine, otherwise made from Debian packages.

The decision is one for a whole list, so that images fit together, and it is stable: what the engine has already is
used without asking anybody.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import debootstrap
from ansible_collections.todo.k8s.plugins.module_utils.image_store import (
    REPOSITORY_PREFIX,
    ImageStore,
    StoreError,
    content_key,
    registry_of,
)

KEPT_ARCHIVES = 2


class PackagesMissing(Exception):
    """Debian packages that the host needs first; `packages` has their names."""

    def __init__(self, packages: list[str]) -> None:
        super().__init__(
            f"Making base images from Debian packages needs {', '.join(packages)} on this host. "
            f"Install with `apt-get install {' '.join(packages)}`, or make an image registry reachable for the engine."
        )
        self.packages = packages


class BaseImageError(Exception):
    """A base image cannot be had; the text names it, what was found and the remedy."""


@dataclass(frozen=True)
class Base:
    """One wished base: its name, the official image, and what it is made of otherwise."""

    name: str
    official: str | None = None
    debian: dict | None = None
    key: str = field(default="", compare=False)

    @classmethod
    def wish(cls, name: str, official: str | None, debian: dict | None) -> Base:
        """A base with its key worked out. Raises BaseImageError when it has no origin at all."""
        if not official and not debian:
            raise BaseImageError(f"Base image {name}: needs `official` (an image name), `debian` (packages), or both.")
        return cls(name, official, debian, debootstrap.key(debian) if debian else "")

    @property
    def made_name(self) -> str:
        """Name and tag of the image made from Debian packages."""
        return f"{REPOSITORY_PREFIX}base-{self.name}:{self.key}"

    def archive(self, cache: Path) -> Path:
        """Where its tar is cached."""
        for ending in (".tar.zst", ".tar.gz"):
            path = cache / f"base-{self.name}-{self.key}{ending}"
            if path.exists():
                return path
        return cache / f"base-{self.name}-{self.key}{debootstrap.suffix()}"


@dataclass(frozen=True)
class Decision:
    """Where the bases come from (`official` or `debian`), why, and how long that took to find out (s)."""

    source: str
    reason: str
    seconds: float = 0.0

    def origin(self, base: Base) -> str:
        """Where one base comes from: a base with only one origin has no choice."""
        if not base.official:
            return "debian"
        return self.source if base.debian else "official"


def decide(source: str, bases: list[Base], present, registry_problem, seconds: float) -> Decision:
    """Choose the origin of all bases.

    `present(reference)` says whether the engine has an image; `registry_problem(reference, seconds)` why its registry
    does not answer, or an empty text. One image for each registry is asked after, all at once.
    """
    if source != "auto":
        return Decision(source, f"the setting says {source}")
    choosable = [base for base in bases if base.official and base.debian]
    if not choosable:
        return Decision("official" if bases and bases[0].official else "debian", "no base has two origins")
    if all(present(base.made_name) for base in choosable):
        return Decision("debian", "the engine has them, made from Debian packages")
    if all(present(base.official) for base in choosable):
        return Decision("official", "the engine has the official images")
    begun = time.monotonic()
    asked = {registry_of(base.official): base.official for base in choosable}
    with ThreadPoolExecutor(len(asked)) as pool:
        problems = dict(
            zip(asked, pool.map(lambda image: registry_problem(image, seconds), asked.values()), strict=True)
        )
    took = round(time.monotonic() - begun, 2)
    for registry, problem in problems.items():
        if problem:
            return Decision("debian", f"the registry {registry} does not serve the engine: {problem}", took)
    return Decision("official", f"the registry {' and '.join(problems)} answers the engine", took)


def provide(
    bases: list[Base],
    *,
    store: ImageStore,
    cache: Path,
    source: str = "auto",
    seconds: float = 5,
    jobs: int = 2,
    check: bool = False,
    say=lambda text: None,
) -> tuple[Decision, dict[str, dict]]:
    """Have every base in the engine's store.

    Returns the decision and {name: {ref, id, key, source, reason, size_mb, changed}}. With `check` nothing is done,
    and what would be made has an empty id. Raises BaseImageError, PackagesMissing,
    DebootstrapError or StoreError.
    """
    decision = decide(source, bases, lambda name: store.inspect(name) is not None, store.registry_problem, seconds)
    missing = [base for base in bases if decision.origin(base) == "official" and store.inspect(base.official) is None]
    if missing and not check:
        decision = _pull(decision, missing, store, fall_back=source == "auto", say=say)
    made = [base for base in bases if decision.origin(base) == "debian"]
    for base in made:
        if not base.debian:
            raise BaseImageError(f"Base image {base.name}: has no `debian` part, and {decision.reason}.")
    unmade = [base for base in made if store.inspect(base.made_name) is None]
    if unmade and not check:
        lacking = [] if all(base.archive(cache).exists() for base in unmade) else debootstrap.missing_packages()
        if lacking:
            raise PackagesMissing(lacking)
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            list(pool.map(lambda base: _make(base, cache, say), unmade))
        for base in unmade:
            _import(base, cache, store, say)
    return decision, {base.name: _result(base, decision, store, missing + unmade) for base in bases}


def known(bases: list[Base], store: ImageStore, source: str = "auto") -> dict[str, dict]:
    """What `provide` returns where it need not ask a registry or make anything; empty where it would have to."""
    asked = []

    def unsure(reference: str, seconds: float) -> str:
        asked.append(reference)
        return "not asked"

    decision = decide(source, bases, lambda name: store.inspect(name) is not None, unsure, 0)
    found = {} if asked else {base.name: _result(base, decision, store, []) for base in bases}
    return found if all(base["id"] for base in found.values()) else {}


def _pull(decision: Decision, bases: list[Base], store: ImageStore, *, fall_back: bool, say) -> Decision:
    for base in bases:
        try:
            store.pull(base.official, say)
        except StoreError as error:
            if not fall_back or not base.debian:
                raise
            return Decision("debian", f"the registry answered, but then: {error}", decision.seconds)
    return decision


def _make(base: Base, cache: Path, say) -> None:
    archive = base.archive(cache)
    if archive.exists():
        return
    say(f"base image {base.name}: making it from Debian packages")
    debootstrap.make(base.name, base.debian, archive, say=say)
    older = sorted(cache.glob(f"base-{base.name}-????????????.tar.*"), key=lambda path: path.stat().st_mtime)
    for path in older[:-KEPT_ARCHIVES]:
        path.unlink(missing_ok=True)


def _import(base: Base, cache: Path, store: ImageStore, say) -> None:
    say(f"base image {base.name}: loading it into the engine")
    # Not MANAGED_LABEL: images that others build on this base inherit its labels, and are theirs.
    labels = {
        "todo.k8s/base": f"{base.name}:{base.key}",
        "org.opencontainers.image.title": f"base-{base.name}",
        "org.opencontainers.image.version": base.key,
    }
    store.load_tree(base.archive(cache), base.made_name, debootstrap.image_config(base.debian, labels))


def _result(base: Base, decision: Decision, store: ImageStore, fetched: list[Base]) -> dict:
    origin = decision.origin(base)
    reference = base.made_name if origin == "debian" else base.official
    found = store.inspect(reference)
    return {
        "ref": reference,
        "id": found["Id"] if found else "",
        "key": content_key(found) if found else "",
        "source": origin,
        "reason": decision.reason if base.official and base.debian else f"it has only the origin {origin}",
        "size_mb": round(found["Size"] / 1e6, 1) if found else 0,
        "changed": base in fetched,
    }
