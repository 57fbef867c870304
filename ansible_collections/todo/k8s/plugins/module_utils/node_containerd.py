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
BLOBS = f"{STORE}/io.containerd.content.v1.content/blobs/sha256"
# An exec takes longer than what is asked by it, so that one asks everything: kubelet's view of the images, the names of
# the content that containerd has, and its sizes (which `ctr content ls` rounds); their folder comes with the first one.
KUBELETS_VIEW = "crictl images -o json"
LOOK_SCRIPT = (
    f"{KUBELETS_VIEW} && echo {SEPARATOR} && ctr -n k8s.io content ls -q && echo {SEPARATOR} && "
    f"if [ -d {BLOBS} ]; then find {BLOBS} -type f -printf 'sha256:%f %s\\n'; fi"
)


def parse_view(text: str) -> dict[str, set[str]]:
    """For each image name that kubelet sees the digest of its configuration. What it does not see cannot run."""
    found: dict[str, set[str]] = {}
    for image in json.loads(text).get("images") or []:
        for name in image.get("repoTags") or []:
            found.setdefault(name, set()).add(image["id"])
    return found


def add_manifests(found: dict[str, set[str]], table: str) -> None:
    """Add the manifests' digests, by which an engine with containerd's image store names its images."""
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 2 and fields[0] in found and fields[2].startswith("sha256:"):
            found[fields[0]].add(fields[2])


def parse_sizes(names: str, sizes: str) -> dict[str, int]:
    """The bytes of each content that containerd knows."""
    measured = dict(line.split() for line in sizes.splitlines() if line.strip())
    return {name: int(measured[name]) for name in names.split() if name in measured}


class Containerd:
    """The images of one node."""

    name = "containerd"
    store = STORE

    def __init__(self, node: NodeExec) -> None:
        self.node = node
        self._blobs: dict[str, int] | None = None

    @staticmethod
    def known_as(reference: str) -> str:
        """The name that an image of the engine has on the node."""
        return reference if "." in reference.split("/")[0] else f"docker.io/{reference}"

    def listing(self) -> dict[str, set[str]]:
        """For each image name on the node the digests that identify it."""
        view, names, sizes = self.node.run("sh", "-c", LOOK_SCRIPT).split(SEPARATOR)
        self._blobs = parse_sizes(names, sizes)
        return parse_view(view)

    def add_manifests(self, listing: dict[str, set[str]]) -> None:
        """See `add_manifests`; asked only where the configurations' digests do not say enough, for it takes long."""
        add_manifests(listing, self.node.run(*CTR, "images", "ls"))

    def plan(self, image: EngineImage) -> delta_load.Delta:
        """What of an image has to be sent."""
        if self._blobs is None:
            self.listing()
        return delta_load.plan(image, self._blobs, self.known_as(image.reference))

    def arrived(self, delta: delta_load.Delta) -> None:
        """Note what has been sent, so that the next image need not ask."""
        if self._blobs is not None:
            self._blobs |= delta.sizes

    def receive(self, archive: Iterable[bytes]) -> tuple[int, dict[str, set[str]]]:
        """Import an archive that is streamed to it; returns the bytes sent and the images that kubelet sees then."""
        script = f"ctr -n k8s.io images import - && echo {SEPARATOR} && {KUBELETS_VIEW}"
        sent, said = self.node.feed(archive, "sh", "-c", script)
        return sent, parse_view(said.partition(SEPARATOR)[2])

    def remove(self, names: list[str], listing: dict[str, set[str]]) -> None:
        """Remove names, and what nothing else refers to.

        Not by crictl: that removes an image with all its names, also those in use. containerd's plugin for Kubernetes
        has a name of its own for each image (its ID), which goes with the last of the others.
        """
        left = {digest for name, digests in listing.items() if name not in names for digest in digests}
        gone = {digest for name in names for digest in listing.get(name, set())} - left
        self._blobs = None
        self.node.run(*CTR, "images", "rm", "--sync", *names, *sorted(gone))
