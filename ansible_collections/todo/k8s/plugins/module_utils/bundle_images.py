"""Bring a bundle's images into an engine: those that it lacks, proved by their content."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import requests

from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import IMAGES, BundleError, Reader, Say
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, content_key, explain

REPORT_EVERY = 5.0  # seconds
LOAD_TIMEOUT = 900.0  # seconds without a word from the engine


@dataclass
class Plan:
    """Images of a bundle by what the engine has: `lacking`, and `other`, the IDs that their names stand for there."""

    lacking: list[str] = field(default_factory=list)
    other: dict[str, str] = field(default_factory=dict)


def same(wanted: dict, inspected: dict | None) -> bool:
    """Whether the engine's image is the bundle's: by ID, or by content where another kind of store counts other IDs."""
    return bool(inspected) and (inspected["Id"] == wanted["id"] or content_key(inspected) == wanted["content"])


def plan(images: list[dict], inspect: Callable[[str], dict | None]) -> Plan:
    """What has to be loaded."""
    found = Plan()
    for image in images:
        inspected = inspect(image["ref"])
        if same(image, inspected):
            continue
        found.lacking.append(image["ref"])
        if inspected:
            found.other[image["ref"]] = inspected["Id"]
    return found


def load(reader: Reader, store: ImageStore, say: Say = lambda text: None) -> None:
    """Load all images of a bundle and look whether they are what its manifest says. Raises BundleError."""
    patient = ImageStore(store.host, timeout=LOAD_TIMEOUT)
    try:
        for event in patient.api.load_image(_told(reader, say)):
            if event.get("error"):
                raise BundleError(f"Bundle {reader.archive}: the engine did not load its images: {event['error']}")
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise BundleError(
            f"Bundle {reader.archive}: the engine did not load its images: {explain(error)}. Needed: an engine that "
            "answers, with room for them. See its log, and run again."
        ) from error
    for image in reader.manifest.facts["images"]:
        inspected = store.inspect(image["ref"])
        if not same(image, inspected):
            found = inspected["Id"] if inspected else "no image"
            raise BundleError(
                f"Image {image['ref']}: found {found} after loading, needed {image['id']}, as the manifest of "
                f"{reader.archive} says. Make the bundle again."
            )


def _told(reader: Reader, say: Say) -> Iterator[bytes]:
    total = next(entry.size for entry in reader.manifest.entries if entry.path == IMAGES)
    done, said = 0, time.monotonic()
    for chunk in reader.only(IMAGES):
        yield chunk
        done += len(chunk)
        if time.monotonic() - said > REPORT_EVERY:
            said = time.monotonic()
            say(f"loading the bundle's images: {done >> 20} of {total >> 20} MiB")
    say("loading the bundle's images: all handed over, the engine is unpacking")


def loaded(archive: Path, store: ImageStore, *, dry: bool, say: Say) -> tuple[list[dict], Plan]:
    """Have a bundle's images in an engine; they, and what had to be done for it or, with `dry`, would have to be."""
    with Reader(archive) as reader:
        images = reader.manifest.facts["images"]
        found = plan(images, store.inspect)
        if found.lacking and not dry:
            say(f"loading the bundle's images: {len(found.lacking)} of {len(images)} are not in the engine")
            load(reader, store, say)
    return images, found
