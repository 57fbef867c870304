"""An OCI archive of an image that leaves out the layers which the receiver has.

The layers are uncompressed, so that a layer's digest is its diff ID: whatever brought it to the receiver before, it
has the same name. containerd imports such an archive when its content store has the rest.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.todo.k8s.plugins.module_utils.engine_layers import EngineImage, Layer
from ansible_collections.todo.k8s.plugins.module_utils.image_store import tar_header, tar_padding

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Delta:
    """What is sent: the manifest's digest, the layers among it, and the parts of the archive."""

    manifest_digest: str
    sent: list[str]
    layer_bytes: int
    sizes: dict[str, int]
    head: list[tuple[str, bytes]]
    layers: list[tuple[Layer, int]]

    def stream(self) -> Iterator[bytes]:
        """The archive. Raises LayerError when a layer's files were changed."""
        for layer, size in self.layers:
            yield tar_header(_blob(layer.digest), size)
            yield from layer.chunks()
            yield tar_padding(size)
        for name, content in self.head:
            yield tar_header(name, len(content)) + content + tar_padding(len(content))
        yield bytes(2 * tarfile.BLOCKSIZE)


def plan(image: EngineImage, present: dict[str, int], name: str) -> Delta:
    """The archive of `image` for a receiver that has the blobs `present` and shall know it as `name`.

    :param present: Bytes of each blob by digest.
    """
    sizes = {layer.digest: present.get(layer.digest) or layer.size() for layer in image.layers}
    config_digest = _digest(image.config)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": config_digest, "size": len(image.config)},
            "layers": [
                {"mediaType": LAYER_TYPE, "digest": layer.digest, "size": sizes[layer.digest]} for layer in image.layers
            ],
        }
    )
    manifest_digest = _digest(manifest)
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": MANIFEST_TYPE,
                "digest": manifest_digest,
                "size": len(manifest),
                "annotations": {"io.containerd.image.name": name},
            }
        ],
    }
    missing = {layer.digest: layer for layer in image.layers if layer.digest not in present}
    return Delta(
        manifest_digest=manifest_digest,
        sent=list(missing),
        layer_bytes=sum(sizes[digest] for digest in missing),
        sizes=sizes,
        head=[
            (_blob(config_digest), image.config),
            (_blob(manifest_digest), manifest),
            ("oci-layout", _json({"imageLayoutVersion": "1.0.0"})),
            ("index.json", _json(index)),
        ],
        layers=[(layer, sizes[digest]) for digest, layer in missing.items()],
    )


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")
