#!/usr/bin/python
"""Images on the nodes of a Minikube cluster."""

DOCUMENTATION = r"""
module: minikube_image
short_description: Load images into the nodes of a Minikube cluster, by difference
description:
  - Compares image IDs on every node and sends what is missing straight to the node's containerd, without a registry and
    without a temporary file. Where the engine's store can be read only the layers that a node lacks are sent, otherwise
    the whole image.
  - Afterwards every node is asked again; the module fails when one has not got exactly the wanted image.
options:
  images:
    description: Names with tags of images in the engine.
    type: list
    elements: str
    required: true
  nodes:
    description: Names of the nodes' containers.
    type: list
    elements: str
    required: true
  docker_host:
    description: The engine's address; otherwise DOCKER_HOST or the usual socket.
    type: str
    default: ''
  delta:
    description: Whether to read the engine's store for sending missing layers alone.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Load the images
  todo.k8s.minikube_image:
    images: ["todo-k8s/backend:0123456789ab"]
    nodes: [minikube]
"""

RETURN = r"""
images:
  description: For each image and node C(loaded), C(bytes), C(layers), C(method) and C(seconds).
  type: dict
  returned: always
seconds:
  description: Time of everything.
  type: float
  returned: always
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.node_images import Node, NodeError, Wanted, missing, send, verify
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def wish(store: ImageStore, references: list[str]) -> list[Wanted]:
    """The images with their IDs in the engine. Raises StoreError for one that is not there."""
    found = []
    for reference in references:
        inspected = store.inspect(reference)
        if inspected is None:
            raise StoreError(f"Image {reference}: the engine has no such image; build it first.")
        found.append(Wanted(reference, inspected["Id"]))
    return found


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "nodes": {"type": "list", "elements": "str", "required": True},
            "docker_host": {"type": "str", "default": ""},
            "delta": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    begun = time.monotonic()
    host = module.params["docker_host"]
    kept = {"loaded": False, "bytes": 0, "layers": 0, "method": "", "seconds": 0}
    results = {image: dict.fromkeys(module.params["nodes"], kept) for image in module.params["images"]}
    lacking = {}
    try:
        store = ImageStore(host)
        wanted = wish(store, module.params["images"])
        root = store.root() if module.params["delta"] else None
        for node in (Node(name, host) for name in module.params["nodes"]):
            todo = missing(node.listing(), wanted)
            lacking[node.name] = [image.reference for image in todo]
            if not todo or module.check_mode:
                continue
            for image in todo:
                results[image.reference][node.name] = {"loaded": True, **send(node, image, store, root, report)}
            verify(node, wanted)
    except (StoreError, NodeError) as error:
        module.fail_json(msg=str(error), images=results)
    names = sorted({image for images in lacking.values() for image in images})
    sent = sum(result["bytes"] for nodes in results.values() for result in nodes.values())
    seconds = round(time.monotonic() - begun, 2)
    diff = {"before": {n: sorted(set(module.params["images"]) - set(i)) for n, i in lacking.items()}}
    diff["after"] = {n: sorted(module.params["images"]) for n in lacking}
    what = f"{', '.join(names)}: a node lacked them"
    if not module.check_mode:
        what += f"; {sent / 1e6:.1f} MB sent in {seconds} s"
    module.exit_json(
        changed=bool(names), images=results, seconds=seconds, diff=diff, msg=what if names else "every node has them"
    )


if __name__ == "__main__":
    main()
