"""The images of a node whose Kubernetes uses Docker (by cri-dockerd)."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.todo.k8s.plugins.module_utils.engine_layers import EngineImage, Layer, chain_ids
from ansible_collections.todo.k8s.plugins.module_utils.image_store import tar_header, tar_padding
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NodeExec

LIST = ("docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
# Layers that the node's Docker has, by chain ID. Nothing where it keeps them in another way, or has none yet: the
# folder comes with the first image.
LAYERS_SCRIPT = (
    'said=$(docker info --format "{{.Driver}} {{.DockerRootDir}}") && set -- $said && '
    'chains="$2/image/overlay2/layerdb/sha256" && '
    'if [ "$1" = overlay2 ] && [ -d "$chains" ]; then ls "$chains"; fi'
)


def parse_listing(text: str) -> dict[str, set[str]]:
    """For each image name its ID."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: {row[1]} for row in rows if len(row) == 2 and "<none>" not in row[0]}


@dataclass(frozen=True)
class DockerDelta:
    """An archive for `docker load` that leaves out the layers which the receiver has.

    Docker looks for a layer by its chain ID (itself on top of those below it) before it reads the file.
    """

    sent: list[str]
    chains: list[str]
    layer_bytes: int
    layers: list[tuple[Layer, int]]
    head: list[tuple[str, bytes]]

    def stream(self) -> Iterator[bytes]:
        """The archive. Raises LayerError when a layer's files were changed."""
        for layer, size in self.layers:
            yield tar_header(_file(layer.digest), size)
            yield from layer.chunks()
            yield tar_padding(size)
        for name, content in self.head:
            yield tar_header(name, len(content)) + content + tar_padding(len(content))
        yield bytes(2 * tarfile.BLOCKSIZE)


def plan(image: EngineImage, present: set[str], name: str) -> DockerDelta:
    """The archive of `image` for a Docker that has the chains `present` and shall know it as `name`."""
    chains = list(chain_ids([layer.digest for layer in image.layers]))
    missing = {layer.digest: layer for layer, chain in zip(image.layers, chains, strict=True) if chain not in present}
    layers = [(layer, layer.size()) for layer in missing.values()]
    config = hashlib.sha256(image.config).hexdigest() + ".json"
    files = [_file(layer.digest) for layer in image.layers]
    manifest = json.dumps([{"Config": config, "RepoTags": [name], "Layers": files}]).encode()
    return DockerDelta(
        sent=list(missing),
        chains=chains,
        layer_bytes=sum(size for _layer, size in layers),
        layers=layers,
        head=[(config, image.config), ("manifest.json", manifest)],
    )


def _file(digest: str) -> str:
    return digest.removeprefix("sha256:") + ".tar"


class Docker:
    """The images of one node."""

    name = "docker"
    store = "/var/lib/docker"

    def __init__(self, node: NodeExec) -> None:
        self.node = node
        self._chains: set[str] | None = None

    @staticmethod
    def known_as(reference: str) -> str:
        """The name that an image of the engine has on the node."""
        return reference

    def listing(self) -> dict[str, set[str]]:
        """See `parse_listing`."""
        return parse_listing(self.node.run(*LIST))

    def add_manifests(self, listing: dict[str, set[str]]) -> None:
        """Docker names images by their configuration alone."""

    def plan(self, image: EngineImage) -> DockerDelta:
        """What of an image has to be sent."""
        if self._chains is None:
            self._chains = {f"sha256:{chain}" for chain in self.node.run("sh", "-c", LAYERS_SCRIPT).split()}
        return plan(image, self._chains, image.reference)

    def arrived(self, delta: DockerDelta) -> None:
        """Note what has been sent, so that the next image need not ask."""
        if self._chains is not None:
            self._chains |= set(delta.chains)

    def receive(self, archive: Iterable[bytes]) -> tuple[int, dict[str, set[str]]]:
        """Load an archive that is streamed to it; returns the bytes sent and the images that are there then."""
        sent, _said = self.node.feed(archive, "docker", "load", "--quiet")
        return sent, self.listing()

    def remove(self, names: list[str], listing: dict[str, set[str]]) -> None:
        """Remove names, and layers that nothing else refers to."""
        del listing
        self._chains = None
        self.node.run("docker", "rmi", *names)
