"""Images on a Minikube node with containerd: which ones it has, and sending it those it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import delta_load
from ansible_collections.todo.k8s.plugins.module_utils.engine_layers import LayerError, open_image
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore

SEPARATOR = "--todo.k8s--"
# One exec for all images: kubelet's view has the config digests, containerd's the manifests' digests.
LIST_SCRIPT = f"crictl images -o json && echo {SEPARATOR} && ctr -n k8s.io images ls"


class NodeError(Exception):
    """A node has not got what it should; the text names node, image, what was found and what to do."""


@dataclass(frozen=True)
class Wanted:
    """An image that nodes shall have: its name in the engine and its ID there."""

    reference: str
    identity: str

    @property
    def node_name(self) -> str:
        """The name it has on a node."""
        return self.reference if "." in self.reference.split("/")[0] else f"docker.io/{self.reference}"


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


def missing(listing: dict[str, set[str]], wanted: list[Wanted]) -> list[Wanted]:
    """Those that a node lacks, or has with other content under the same name."""
    return [image for image in wanted if image.identity not in listing.get(image.node_name, set())]


class Node:
    """A node's container, reached with the docker CLI through the engine at `host`."""

    def __init__(self, name: str, host: str = "", docker: str = "docker") -> None:
        self.name = name
        self._docker = docker
        self._environ = {**os.environ, **({"DOCKER_HOST": host} if host else {})}

    def _run(self, *command: str, timeout: float = 60) -> str:
        answer = subprocess.run(
            [self._docker, "exec", self.name, *command],
            capture_output=True,
            text=True,
            check=False,
            env=self._environ,
            timeout=timeout,
        )
        if answer.returncode:
            raise NodeError(
                f"Node {self.name}: `{command[0]}` ended with {answer.returncode}: {answer.stderr.strip()[-300:]}. "
                "Needed: a running node with containerd. See `docker ps` and `minikube status`."
            )
        return answer.stdout

    def listing(self) -> dict[str, set[str]]:
        """See `parse_listing`."""
        return parse_listing(self._run("sh", "-c", LIST_SCRIPT))

    def blobs(self) -> set[str]:
        """Digests of everything in the node's content store."""
        return set(self._run("ctr", "-n", "k8s.io", "content", "ls", "-q").split())

    def save(self, reference: str) -> Iterator[bytes]:
        """The whole image as `docker save` writes it."""
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [self._docker, "save", "--", reference], stdout=subprocess.PIPE, stderr=errors, env=self._environ
            )
            with process:
                while piece := process.stdout.read(1 << 20):
                    yield piece
            if process.returncode:
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                raise NodeError(f"Image {reference}: docker save ended with {process.returncode}: {text[-300:]}.")

    def receive(self, reference: str, archive: Iterable[bytes]) -> int:
        """Let containerd import an archive that is streamed to it; returns the bytes sent."""
        sent = 0
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self._docker, "exec", "-i", self.name, "ctr", "-n", "k8s.io", "images", "import", "-"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environ,
            )
            try:
                for piece in archive:
                    process.stdin.write(piece)
                    sent += len(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # its exit code and words say more
            except BaseException:
                process.kill()
                process.wait()
                raise
            code = process.wait(timeout=600)
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if code:
            raise NodeError(
                f"Node {self.name}, image {reference}: containerd did not import it (exit code {code}): {text[-400:]}. "
                "See the node's free disk space (`docker exec NODE df -h /var`) and `journalctl -u containerd` there."
            )
        return sent


def send(node: Node, image: Wanted, store: ImageStore, root: Path | None, say=lambda text: None) -> dict:
    """Send one image: the missing layers alone where the engine's store can be read, otherwise all of it.

    Returns {bytes, layers, method, seconds}.
    """
    begun = time.monotonic()
    inspected = store.inspect(image.reference)
    opened = open_image(image.reference, inspected, root) if root and inspected else None
    result = None
    if opened:
        delta = delta_load.plan(opened, node.blobs(), image.node_name)
        say(
            f"{image.reference} to {node.name}: {len(delta.sent)} of {len(opened.layers)} layers, "
            f"{delta.layer_bytes / 1e6:.1f} MB"
        )
        try:
            sent = node.receive(image.reference, delta.stream())
            result = {"bytes": sent, "layers": len(delta.sent), "method": "missing layers"}
        except (LayerError, OSError, NodeError) as error:
            # A blob may be collected between looking and importing, a layer's files may be changed by hand.
            say(f"{image.reference}: sending all of it, because {error}")
    if result is None:
        say(f"{image.reference} to {node.name}: the whole image")
        sent = node.receive(image.reference, node.save(image.reference))
        result = {
            "bytes": sent,
            "layers": len(inspected["RootFS"]["Layers"]) if inspected else 0,
            "method": "docker save",
        }
    return {**result, "seconds": round(time.monotonic() - begun, 2)}


def verify(node: Node, wanted: list[Wanted], patience: float = 10.0) -> None:
    """Make sure that the node has the wanted images. Raises NodeError naming what it has instead.

    kubelet's view follows containerd's by events, hence `patience` (s).
    """
    end = time.monotonic() + patience
    while True:
        listing = node.listing()
        lacking = missing(listing, wanted)
        if not lacking:
            return
        if time.monotonic() > end:
            break
        time.sleep(0.2)
    image = lacking[0]
    has = ", ".join(sorted(listing.get(image.node_name, set()))) or "no image of this name"
    raise NodeError(
        f"Node {node.name}, image {image.node_name}: it has {has} after loading, needed is {image.identity}. "
        "See `crictl images` and `journalctl -u containerd` on the node."
    )
