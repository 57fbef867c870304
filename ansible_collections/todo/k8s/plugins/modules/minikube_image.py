#!/usr/bin/python
"""Images on the nodes of a Minikube cluster."""

DOCUMENTATION = r"""
module: minikube_image
short_description: Load images into the nodes of a Minikube cluster by difference, and remove old ones
description:
  - Compares image IDs on every node and sends what is missing straight to the node's containerd or Docker, without a
    registry and without a temporary file. Where the engine's store can be read only the layers that a node lacks are
    sent, uncompressed; otherwise the whole image.
  - Afterwards every node is asked again; the module fails when one has not got exactly the wanted image, also where its
    tag was in use with other content.
  - Images that a workload uses are never removed. Where the cluster cannot be asked which these are, nothing is.
options:
  images:
    description:
      - Names with tags of images in the engine.
      - With O(state=absent) names on the nodes; one without a tag means all tags of that repository.
    type: list
    elements: str
    required: true
  nodes:
    description: Names of the nodes' containers, a control plane first.
    type: list
    elements: str
    required: true
  state:
    description: Whether the nodes shall have the images.
    type: str
    choices: [present, absent]
    default: present
  keep:
    description:
      - How many tags of each repository stay on a node, the newest by the time at which the engine got them. The
        others go where no workload uses them.
      - Without it O(state=present) removes nothing, and O(state=absent) keeps none.
    type: int
  runtime:
    description: What the nodes' kubelet runs containers with; without it the nodes are asked.
    type: str
    choices: [containerd, docker]
  delta:
    description: Whether to read the engine's store for sending missing layers alone.
    type: bool
    default: true
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Load the images, and keep three of each
  todo.k8s.minikube_image:
    images: ["todo-k8s/backend:0123456789ab"]
    nodes: [minikube]
    keep: 3

- name: Remove what nothing uses any more
  todo.k8s.minikube_image:
    images: [todo-k8s/backend]
    nodes: [minikube]
    state: absent
"""

RETURN = r"""
images:
  description: For each wished image and node C(loaded), C(bytes), C(layers), C(method) and C(seconds).
  type: dict
  returned: O(state=present)
removed:
  description: For each node the names that went, or would go in check mode.
  type: dict
  returned: always
used:
  description: Names that were to go and stay, with a workload that uses them.
  type: dict
  returned: always
seconds:
  description: Time of everything.
  type: float
  returned: always
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import image_prune
from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference, familiar
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError, got_at
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NodeError, NodeExec
from ansible_collections.todo.k8s.plugins.module_utils.node_images import (
    Runtime,
    Wanted,
    missing,
    runtime_of,
    send,
    verify,
)
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

NOT_SENT = {"loaded": False, "bytes": 0, "layers": 0, "method": "", "seconds": 0}
Listing = dict[str, set[str]]


class Work:
    """The images of several nodes."""

    def __init__(self, options: dict, *, check: bool) -> None:
        self.options, self.check = options, check
        self.store = ImageStore(options["docker_host"])
        self.runtimes = [
            runtime_of(NodeExec(name, options["docker_host"]), options["runtime"] or "") for name in options["nodes"]
        ]
        self.sent = {image: dict.fromkeys(options["nodes"], NOT_SENT) for image in options["images"]}
        self.lacking: dict[str, list[str]] = {}
        self.listings: dict[str, Listing] = {}
        self.removed: dict[str, list[str]] = {}
        self.used: dict[str, str] = {}

    def present(self) -> None:
        """Send what is missing. Raises NodeError or StoreError."""
        wanted = [Wanted(reference, self._identity(reference)) for reference in self.options["images"]]
        root = self.store.root() if self.options["delta"] else None
        for runtime in self.runtimes:
            node = runtime.node.name
            self.listings[node] = runtime.listing()
            todo = missing(runtime, self.listings[node], wanted)
            self.lacking[node] = [image.reference for image in todo]
            if not todo or self.check:
                continue
            for image in todo:
                result, self.listings[node] = send(runtime, image, self.store, root, report)
                self.sent[image.reference][node] = {"loaded": True, **result}
            self.listings[node] = verify(runtime, wanted, self.listings[node])
        if self.options["keep"] is not None:
            self._remove(
                {Reference.parse(image.reference).repository for image in wanted}, spared=set(self.options["images"])
            )

    def absent(self) -> None:
        """Remove what no workload uses. Raises NodeError."""
        self.listings = {runtime.node.name: runtime.listing() for runtime in self.runtimes}
        named = {image for image in self.options["images"] if _has_tag(image)}
        self._remove(set(self.options["images"]) - named, named=named)

    def _identity(self, reference: str) -> str:
        inspected = self.store.inspect(reference)
        if inspected is None:
            raise StoreError(f"Image {reference}: the engine has no such image; build it first.")
        return inspected["Id"]

    def _remove(self, repositories: set[str], *, named: set[str] = frozenset(), spared: set[str] = frozenset()) -> None:
        keep = self.options["keep"] or 0
        chosen = {}
        for runtime in self.runtimes:
            names = {familiar(name) for name in self.listings[runtime.node.name]}
            many = {name for name in names if Reference.parse(name).repository in repositories}
            ages = self._ages(many) if len(many) > keep else {}
            old = image_prune.candidates(many, repositories, ages, keep)
            chosen[runtime.node.name] = [*sorted(named & names), *old]
        if not any(chosen.values()):
            return
        uses = image_prune.uses(self.runtimes[0].node)
        for runtime in self.runtimes:
            choice = image_prune.choose(chosen[runtime.node.name], uses, spared)
            self.used |= choice.used
            if choice.remove:
                self.removed[runtime.node.name] = choice.remove
                self._remove_from(runtime, choice.remove)

    def _remove_from(self, runtime: Runtime, names: list[str]) -> None:
        if self.check:
            return
        report(f"{runtime.node.name}: removing {', '.join(names)}")
        runtime.remove([runtime.known_as(name) for name in names], self.listings[runtime.node.name])

    def _ages(self, names: set[str]) -> dict[str, str]:
        found = {name: self.store.inspect(name) for name in names}
        return {name: got_at(of) for name, of in found.items() if of}


def _has_tag(reference: str) -> bool:
    return ":" in reference.rpartition("/")[2]


def differences(work: Work) -> dict:
    """What every node has before and afterwards, of the images in question."""
    asked = set(work.options["images"])
    before = {node: sorted(asked - set(names)) for node, names in work.lacking.items()}
    after = {node: sorted(asked) for node in work.lacking}
    for node, names in work.removed.items():
        before[node] = sorted({*before.get(node, []), *names})
        after[node] = sorted(set(after.get(node, [])) - set(names))
    return {"before": before, "after": after}


def message(work: Work, seconds: float) -> str:
    """What was done, in a line."""
    parts = []
    if names := sorted({image for images in work.lacking.values() for image in images}):
        volume = sum(result["bytes"] for nodes in work.sent.values() for result in nodes.values())
        parts.append(f"{', '.join(names)}: a node lacked them")
        if not work.check:
            parts.append(f"{volume / 1e6:.1f} MB sent in {seconds} s")
    if gone := sorted({image for images in work.removed.values() for image in images}):
        parts.append(f"{', '.join(gone)}: no workload uses them")
    if parts:
        return "; ".join(parts)
    return "every node has them" if work.options["state"] == "present" else "no node has any that may go"


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "nodes": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "keep": {"type": "int"},
            "runtime": {"type": "str", "choices": ["containerd", "docker"]},
            "docker_host": {"type": "str", "default": ""},
            "delta": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    begun = time.monotonic()
    keep = module.params["keep"]
    if keep is not None and keep < 0:
        module.fail_json(msg=f"keep: {keep}; a number of tags is needed, 0 or more.")
    results, work = {}, None
    try:
        work = Work(module.params, check=module.check_mode)
        work.present() if module.params["state"] == "present" else work.absent()
    except (StoreError, NodeError) as error:
        module.fail_json(msg=str(error), images=work.sent if work else {}, removed=work.removed if work else {})
    seconds = round(time.monotonic() - begun, 2)
    if module.params["state"] == "present":
        results["images"] = work.sent
    module.exit_json(
        **results,
        changed=any(work.lacking.values()) or any(work.removed.values()),
        removed=work.removed,
        used=work.used,
        seconds=seconds,
        diff=differences(work),
        msg=message(work, seconds),
    )


if __name__ == "__main__":
    main()
