"""Base images: official ones where a registry answers the engine, otherwise made from Debian packages.

The decision is one for a whole list, so that images fit together, and it is stable: what the engine has already is
used without asking anybody. Official images are pulled by digest, the pinned one or the one that the registry told in
the decision, and named by their tag here, so that nothing takes them for leftovers.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import debootstrap, sbom
from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference, digests
from ansible_collections.todo.k8s.plugins.module_utils.image_store import (
    REPOSITORY_PREFIX,
    Answer,
    ImageStore,
    StoreError,
    content_key,
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
        """A base with its key worked out. Raises BaseImageError without an origin, or with a name that is none."""
        if not official and not debian:
            raise BaseImageError(f"Base image {name}: needs `official` (an image name), `debian` (packages), or both.")
        try:
            Reference.parse(official or "none")
        except ValueError as error:
            raise BaseImageError(f"Base image {name}: official {error}.") from error
        return cls(name, official, debian, debootstrap.key(debian) if debian else "")

    @property
    def made_name(self) -> str:
        """Name and tag of the image made from Debian packages."""
        return f"{REPOSITORY_PREFIX}base-{self.name}:{self.key}"

    @property
    def image(self) -> Reference:
        """The official image's name in parts; only where there is one."""
        return Reference.parse(self.official)

    def archive(self, cache: Path) -> Path:
        """Where its tar is cached."""
        for ending in (".tar.zst", ".tar.gz"):
            path = cache / f"base-{self.name}-{self.key}{ending}"
            if path.exists():
                return path
        return cache / f"base-{self.name}-{self.key}{debootstrap.suffix()}"


@dataclass(frozen=True)
class Decision:
    """Where the bases come from (`official` or `debian`), why, how long that took to find out (s), and the digests that
    the registry told meanwhile: {official image: digest}."""

    source: str
    reason: str
    seconds: float = 0.0
    digests: dict[str, str] = field(default_factory=dict)

    def origin(self, base: Base) -> str:
        """Where one base comes from: a base with only one origin has no choice."""
        if not base.official:
            return "debian"
        return self.source if base.debian else "official"


def decide(source: str, bases: list[Base], present, ask, seconds: float) -> Decision:
    """Choose the origin of all bases.

    `present(reference)` says whether the engine has an image; `ask(reference, seconds)` what its registry tells the
    engine (an Answer). What the engine lacks is asked after, all at once.
    Raises BaseImageError where a registry answers, but has not got a pinned image.
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
    answers = ask_all([base for base in choosable if not present(base.official)], ask, seconds)
    took = round(time.monotonic() - begun, 2)
    for base, answer in answers:
        if answer.problem:
            return Decision("debian", _refused(base, answer), took)
    registries = sorted({base.image.registry for base, _answer in answers})
    found = {base.official: answer.digest for base, answer in answers}
    return Decision("official", f"the registry {' and '.join(registries)} answers the engine", took, found)


def ask_all(bases: list[Base], ask, seconds: float) -> list[tuple[Base, Answer]]:
    """What the registries say of each base's official image within `seconds`, asked all at once."""
    with ThreadPoolExecutor(len(bases)) as pool:
        return list(zip(bases, pool.map(lambda base: _ask(base, ask, seconds), bases), strict=True))


def _ask(base: Base, ask, seconds: float) -> Answer:
    wanted, begun = base.image, time.monotonic()
    if not wanted.digest:
        return ask(wanted.named, seconds)
    answer = ask(wanted.at(wanted.digest), seconds)
    left = seconds - (time.monotonic() - begun)
    # Is there no registry, or is there one that has something else? A wrong pin must not pass for a silent registry.
    tagged = ask(wanted.named, left) if answer.problem and left > 0.1 else Answer()
    if tagged.digest and tagged.digest != wanted.digest:
        raise BaseImageError(
            f"Base image {base.name}: official {wanted.named}: found {tagged.digest} in the registry "
            f"{wanted.registry}, needed {wanted.digest}, which it does not have ({answer.problem}). "
            "Correct the digest, or leave it out to take what the tag names."
        )
    return answer


def _refused(base: Base, answer: Answer) -> str:
    return f"the registry {base.image.registry} does not serve {base.official} to the engine: {answer.problem}"


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

    Returns the decision and {name: {ref, id, key, digest, source, reason, size_mb, changed}}. With `check` nothing is
    done, and what would be made has an empty id. Raises BaseImageError, PackagesMissing,
    DebootstrapError or StoreError.
    """
    decision = decide(source, bases, lambda name: engine_has(store, name), store.ask, seconds)
    missing = [base for base in bases if decision.origin(base) == "official" and not _named(store, base.official)]
    if missing and not check:
        decision = _fetch(decision, missing, store, seconds, fall_back=source == "auto", say=say)
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

    def unsure(reference: str, seconds: float) -> Answer:
        asked.append(reference)
        return Answer(problem="not asked")

    decision = decide(source, bases, lambda name: _named(store, name) is not None, unsure, 0)
    found = {} if asked else {base.name: _result(base, decision, store, []) for base in bases}
    return found if all(base["id"] for base in found.values()) else {}


def _named(store: ImageStore, reference: str) -> dict | None:
    """What the engine says of an image by its tag; None also where the tag names other content than the pinned one."""
    wanted = Reference.parse(reference)
    found = store.inspect(wanted.named)
    return None if wanted.digest and wanted.digest not in digests(found, wanted.repository) else found


def engine_has(store: ImageStore, reference: str) -> bool:
    """Whether the engine has an image, be it without its tag."""
    wanted = Reference.parse(reference)
    untagged = wanted.digest and store.inspect(wanted.at(wanted.digest))
    return bool(untagged or _named(store, reference))


def _fetch(
    decision: Decision, bases: list[Base], store: ImageStore, seconds: float, *, fall_back: bool, say
) -> Decision:
    """Have these official images. A registry that answered and then fails leads to Debian, where that may be."""
    told = dict(decision.digests)
    unknown = [base for base in bases if base.official not in told and not engine_has(store, base.official)]
    for base, answer in ask_all(unknown, store.ask, seconds) if unknown else []:
        if answer.problem:
            raise StoreError(
                f"Base image {base.name}: {_refused(base, answer)}. Needed: a registry that answers. Name a "
                "mirror with engine_registry_mirrors, or have images made here with images_base_source=debian."
            )
        told[base.official] = answer.digest
    for base in bases:
        try:
            _pull(base, base.image.digest or told[base.official], store, say)
        except StoreError as error:
            if not fall_back or not base.debian:
                raise
            return Decision("debian", f"the registry answered, but then: {error}", decision.seconds)
    return decision


def _pull(base: Base, digest: str, store: ImageStore, say) -> None:
    wanted = base.image
    content = wanted.at(digest)
    if store.inspect(content) is None:
        say(f"base image {base.name}: pulling {wanted.named}, which is {digest}")
        store.pull(content)
    # Without a name it would be a leftover, which everybody's `docker image prune` removes.
    store.tag(content, wanted.named)
    if _named(store, f"{wanted.named}@{digest}") is None:
        found = digests(store.inspect(wanted.named), wanted.repository)
        raise StoreError(
            f"Image {wanted.named}: found {', '.join(found) or 'no digest'} after pulling, needed {digest}."
        )


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
        # Inherited on purpose: these packages are in the images on this base too.
        **sbom.labels(sbom.debian(debootstrap.dpkg_status(base.archive(cache)))),
    }
    store.load_tree(base.archive(cache), base.made_name, debootstrap.image_config(base.debian, labels))


def _result(base: Base, decision: Decision, store: ImageStore, fetched: list[Base]) -> dict:
    origin = decision.origin(base)
    reference = base.made_name if origin == "debian" else base.image.named
    found = store.inspect(base.made_name) if origin == "debian" else _named(store, base.official)
    return {
        "ref": reference,
        "id": found["Id"] if found else "",
        "key": content_key(found) if found else "",
        "digest": "" if origin == "debian" else _digest(base, decision, found),
        "source": origin,
        "reason": decision.reason if base.official and base.debian else f"it has only the origin {origin}",
        "size_mb": round(found["Size"] / 1e6, 1) if found else 0,
        "changed": base in fetched,
    }


def _digest(base: Base, decision: Decision, found: dict | None) -> str:
    """The digest of an official image that the engine has; empty for none, and for one that was loaded from a file."""
    known = digests(found, base.image.repository)
    wanted = base.image.digest or decision.digests.get(base.official)
    return wanted if wanted in known else next(iter(known), "")
