"""The images of a node whose Kubernetes uses containerd."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ansible_collections.todo.k8s.plugins.module_utils import delta_load
from ansible_collections.todo.k8s.plugins.module_utils.engine_layers import EngineImage
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NodeExec

SEPARATOR = "--todo.k8s--"
STORE = "/var/lib/containerd"
CTR = ("ctr", "-n", "k8s.io")
# One exec for all images: kubelet's view has the config digests, containerd's the manifests' digests.
LIST_SCRIPT = f"crictl images -o json && echo {SEPARATOR} && ctr -n k8s.io images ls"


def parse_listing(text: str) -> dict[str, set[str]]:
    """For each image name on a node the digests that identify it: its configuration's and its manifest's."""
    view, _separator, table = text.partition(SEPARATOR)
    found: dict[str, set[str]] = {}
    for image in json.loads(view).get("images") or []:
        for name in image.get("repoTags") or []:
            found.setdefault(name, set()).add(image["id"])
    for line in table.splitlines():
        fields = line.split()
        # An image that kubelet does not see cannot run, whatever containerd has.
        if len(fields) > 2 and fields[0] in found and fields[2].startswith("sha256:"):
            found[fields[0]].add(fields[2])
    return found


class Containerd:
    """The images of one node."""

    name = "containerd"
    store = STORE

    def __init__(self, node: NodeExec) -> None:
        self.node = node
        self._blobs: set[str] | None = None

    @staticmethod
    def known_as(reference: str) -> str:
        """The name that an image of the engine has on the node."""
        return reference if "." in reference.split("/")[0] else f"docker.io/{reference}"

    def listing(self) -> dict[str, set[str]]:
        """See `parse_listing`."""
        return parse_listing(self.node.run("sh", "-c", LIST_SCRIPT))

    def plan(self, image: EngineImage) -> delta_load.Delta:
        """What of an image has to be sent."""
        if self._blobs is None:
            self._blobs = set(self.node.run(*CTR, "content", "ls", "-q").split())
        return delta_load.plan(image, self._blobs, self.known_as(image.reference))

    def arrived(self, delta: delta_load.Delta) -> None:
        """Note what has been sent, so that the next image need not ask."""
        if self._blobs is not None:
            self._blobs |= set(delta.sent)

    def receive(self, archive: Iterable[bytes]) -> int:
        """Import an archive that is streamed to it; returns the bytes sent."""
        return self.node.feed(archive, *CTR, "images", "import", "-")

    def remove(self, names: list[str], listing: dict[str, set[str]]) -> None:
        """Remove names, and what nothing else refers to.

        Not by crictl: that removes an image with all its names, also those in use. containerd's plugin for Kubernetes
        has a name of its own for each image (its ID), which goes with the last of the others.
        """
        left = {digest for name, digests in listing.items() if name not in names for digest in digests}
        gone = {digest for name in names for digest in listing.get(name, set())} - left
        self._blobs = None
        self.node.run(*CTR, "images", "rm", "--sync", *names, *sorted(gone))
