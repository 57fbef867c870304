"""Write container images without an engine: one uncompressed layer each, as one OCI image layout in a tar stream.

Format: OCI image specification v1.1 (image-layout.md, manifest.md, config.md). Equal input gives equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True)
class Image:
    """An image of a few files.

    `files` maps a path in the image to a file on this host (copied with mode 0755); `layer` is a tar file used as
    the bottom of the same layer, or None.
    """

    name: str
    files: dict[str, Path]
    entrypoint: list[str] = field(default_factory=list)
    layer: Path | None = None


def digest(data: bytes) -> str:
    """`sha256:` and the hexadecimal digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _member(name: str, size: int = 0, mode: int = 0o755, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.mtime = size, mode, kind, 0
    return info


def layer_bytes(image: Image) -> bytes:
    """The image's only layer as tar bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        seen = set()
        if image.layer:
            with tarfile.open(image.layer) as base:
                for info in base:
                    info.mtime, info.uname, info.gname = 0, "", ""
                    seen.add(info.name.strip("./"))
                    tar.addfile(info, base.extractfile(info) if info.isreg() else None)
        for target, source in sorted(image.files.items()):
            target = target.lstrip("/")
            for parent in reversed(Path(target).parents[:-1]):
                if str(parent) not in seen:
                    seen.add(str(parent))
                    tar.addfile(_member(str(parent), kind=tarfile.DIRTYPE))
            with source.open("rb") as handle:
                tar.addfile(_member(target, source.stat().st_size), handle)
    return out.getvalue()


def write_layout(images: list[Image], out, architecture: str) -> dict[str, str]:
    """Write `images` as one OCI layout tar to the binary stream `out`.

    Returns the image ID (digest of the config) of each name. `architecture` is Go's name (amd64, arm64).
    """
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        return _write(tar, images, architecture)


def _write(tar: tarfile.TarFile, images: list[Image], architecture: str) -> dict[str, str]:
    manifests, ids, written = [], {}, set()

    def blob(data: bytes) -> dict:
        name = digest(data)
        if name not in written:
            written.add(name)
            tar.addfile(_member("blobs/sha256/" + name[7:], len(data), 0o644), io.BytesIO(data))
        return {"digest": name, "size": len(data)}

    for image in images:
        layer = blob(layer_bytes(image))
        settings = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "WorkingDir": "/"}
        if image.entrypoint:
            settings["Entrypoint"] = image.entrypoint
        config = {
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture,
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "todo.k8s"}],
        }
        config_blob = blob(json.dumps(config, sort_keys=True).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, **config_blob},
            "layers": [{"mediaType": LAYER_TYPE, **layer}],
        }
        entry = blob(json.dumps(manifest, sort_keys=True).encode())
        note = {"io.containerd.image.name": image.name}
        manifests.append({"mediaType": MANIFEST_TYPE, **entry, "annotations": note})
        ids[image.name] = config_blob["digest"]
    for name, content in (
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("index.json", {"schemaVersion": 2, "manifests": manifests}),
    ):
        data = json.dumps(content, sort_keys=True).encode()
        tar.addfile(_member(name, len(data), 0o644), io.BytesIO(data))
    return ids
