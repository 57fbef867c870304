"""Images on a Minikube node: which ones it has, sending it those it lacks, and removing old ones."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.todo.k8s.plugins.module_utils.engine_layers import LayerError, open_image
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore
from ansible_collections.todo.k8s.plugins.module_utils.node_containerd import Containerd
from ansible_collections.todo.k8s.plugins.module_utils.node_docker import Docker
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NO_SPACE, NodeError, NodeExec, SaveError

Runtime = Containerd | Docker
PATIENCE_SECONDS = 10.0  # kubelet's view follows containerd's by events


@dataclass(frozen=True)
class Wanted:
    """An image that nodes shall have: its name in the engine and its ID there."""

    reference: str
    identity: str


def runtime_of(node: NodeExec, name: str = "") -> Runtime:
    """The container runtime that the node's kubelet uses.

    :param name: It, where somebody knows: V(containerd) or V(docker). Otherwise the node is asked.
    """
    if not name:
        # Minikube writes there what kubelet talks to; a node without the file has crictl's default, containerd.
        endpoint = node.run("sh", "-c", "if [ -e /etc/crictl.yaml ]; then cat /etc/crictl.yaml; fi")
        name = "docker" if "dockerd" in endpoint else "containerd"
    return Docker(node) if name == "docker" else Containerd(node)


def missing(runtime: Runtime, listing: dict[str, set[str]], wanted: list[Wanted]) -> list[Wanted]:
    """Those that a node lacks, or has with other content under the same name. May add to the listing."""

    def lacking() -> list[Wanted]:
        return [i for i in wanted if i.identity not in listing.get(runtime.known_as(i.reference), set())]

    found = lacking()
    if any(runtime.known_as(image.reference) in listing for image in found):
        runtime.add_manifests(listing)
        found = lacking()
    return found


def send(
    runtime: Runtime, image: Wanted, store: ImageStore, root, say=lambda text: None
) -> tuple[dict, dict[str, set[str]]]:
    """Send one image: the missing layers alone where the engine's store can be read, otherwise all of it.

    Returns {bytes, layers, method, seconds}, and the images that the node has then. Raises NodeError.
    """
    begun = time.monotonic()
    node = runtime.node
    inspected = store.inspect(image.reference)
    opened = open_image(image.reference, inspected, root) if root and inspected else None
    result = None
    if opened:
        delta = runtime.plan(opened)
        say(
            f"{image.reference} to {node.name}: {len(delta.sent)} of {len(opened.layers)} layers, "
            f"{delta.layer_bytes / 1e6:.1f} MB"
        )
        try:
            sent, listing = runtime.receive(delta.stream())
            runtime.arrived(delta)
            result = {"bytes": sent, "layers": len(delta.sent), "method": "missing layers"}
        except (LayerError, OSError, NodeError) as error:
            if NO_SPACE in str(error):
                raise _refused(runtime, image, error) from error
            # A blob may be collected between looking and importing, a layer's files may be changed by hand.
            say(f"{image.reference}: sending all of it, because {error}")
    if result is None:
        say(f"{image.reference} to {node.name}: the whole image")
        try:
            sent, listing = runtime.receive(node.save(image.reference))
        except SaveError:
            raise
        except NodeError as error:
            raise _refused(runtime, image, error) from error
        layers = len(inspected["RootFS"]["Layers"]) if inspected else 0
        result = {"bytes": sent, "layers": layers, "method": "docker save"}
    return {**result, "seconds": round(time.monotonic() - begun, 2)}, listing


def _refused(runtime: Runtime, image: Wanted, error: Exception) -> NodeError:
    node = runtime.node
    if NO_SPACE in str(error):
        remedy = (
            f"{node.free_space(runtime.store)}Needed: space for the image. Free some on the engine's disk "
            "(`docker system df`), or remove old images from the node (`state: absent`, `keep`)."
        )
    else:
        remedy = (
            f"{node.condition()}Needed: a node that runs for as long as the image takes. Run again; what it has got by "
            f"then is not sent twice. See also its journal (`docker exec {node.name} journalctl -u {runtime.name}`)."
        )
    return NodeError(f"Node {node.name}, image {image.reference}: {runtime.name} did not take it: {error}. {remedy}")


def verify(
    runtime: Runtime, wanted: list[Wanted], listing: dict[str, set[str]], patience: float = PATIENCE_SECONDS
) -> dict[str, set[str]]:
    """Make sure that the node has the wanted images; returns its listing. Raises NodeError naming what it has instead.

    :param listing: What the node said last.
    :param patience: Seconds until it has to have them.
    """
    end = time.monotonic() + patience
    while True:
        lacking = missing(runtime, listing, wanted)
        if not lacking:
            return listing
        if time.monotonic() > end:
            break
        time.sleep(0.2)
        listing = runtime.listing()
    image = lacking[0]
    name = runtime.known_as(image.reference)
    has = ", ".join(sorted(listing.get(name, set()))) or "no image of this name"
    raise NodeError(
        f"Node {runtime.node.name}, image {name}: it has {has} after loading, needed is {image.identity}. "
        f"See `crictl images` and `journalctl -u {runtime.name}` on the node."
    )
