"""Layers out of the store of an engine with the overlay2 graph driver, byte for byte, without `docker save`.

Such an engine keeps a layer as a directory and, in `tar-split.json.gz`, everything of the layer's tar that is not file
content. Both together give the tar back; its SHA-256 is the layer's diff ID, which proves it. Reading this takes root
on the engine's host; where it can't be read, `open_image` returns None and the caller uses `docker save`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 20
SEGMENT = 2  # tar-split's entry types: 1 is a file, 2 a piece of the tar as it is


class LayerError(Exception):
    """A layer's files no longer give the bytes that its ID stands for."""


@dataclass(frozen=True)
class Layer:
    """One layer of an image: its diff ID (sha256:…) and where the engine keeps it."""

    digest: str
    split: Path
    files: Path

    def _entries(self) -> Iterator[dict]:
        with gzip.open(self.split, "rt") as lines:
            for line in lines:
                yield json.loads(line)

    def size(self) -> int:
        """Length of the layer's tar in bytes."""
        return sum(
            len(base64.b64decode(entry.get("payload") or "")) if entry["type"] == SEGMENT else entry.get("size", 0)
            for entry in self._entries()
        )

    def _path(self, entry: dict) -> Path:
        raw = entry.get("name_raw")
        name = base64.b64decode(raw).decode(errors="surrogateescape") if raw else entry["name"]
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise LayerError(f"Layer {self.digest}: the file name {name!r} leads out of the layer.")
        return self.files.joinpath(*parts)

    def chunks(self) -> Iterator[bytes]:
        """The layer's tar. Raises LayerError at its end when the bytes are not those of the digest."""
        whole = hashlib.sha256()
        for entry in self._entries():
            for piece in self._pieces(entry):
                whole.update(piece)
                yield piece
        if f"sha256:{whole.hexdigest()}" != self.digest:
            raise LayerError(f"Layer {self.digest}: the files in {self.files} were changed since it was made.")

    def _pieces(self, entry: dict) -> Iterator[bytes]:
        if entry["type"] == SEGMENT:
            yield base64.b64decode(entry.get("payload") or "")
        elif entry.get("size"):
            with self._path(entry).open("rb") as stream:
                while piece := stream.read(CHUNK):
                    yield piece


@dataclass(frozen=True)
class EngineImage:
    """An image in the engine's store: its configuration's bytes (whose hash is the image ID) and its layers."""

    reference: str
    identity: str
    config: bytes
    layers: list[Layer]


def chain_ids(diff_ids: list[str]) -> Iterator[str]:
    """The engine's name for each layer on top of those below it (OCI's ChainID)."""
    chain = ""
    for diff_id in diff_ids:
        chain = "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest() if chain else diff_id
        yield chain


def open_image(reference: str, inspected: dict, root: Path) -> EngineImage | None:
    """The image as it lies in the store below `root`; None when it is not there in this form or may not be read."""
    identity = inspected["Id"]
    diff_ids = (inspected.get("RootFS") or {}).get("Layers") or []
    base = root / "image" / "overlay2"
    try:
        config = (base / "imagedb/content/sha256" / identity.removeprefix("sha256:")).read_bytes()
        layers = []
        for diff_id, chain in zip(diff_ids, chain_ids(diff_ids), strict=True):
            entry = base / "layerdb/sha256" / chain.removeprefix("sha256:")
            cache = (entry / "cache-id").read_text().strip()
            split = entry / "tar-split.json.gz"
            split.open("rb").close()
            layers.append(Layer(diff_id, split, root / "overlay2" / cache / "diff"))
    except OSError:
        return None
    if "sha256:" + hashlib.sha256(config).hexdigest() != identity:
        return None
    return EngineImage(reference, identity, config, layers)
