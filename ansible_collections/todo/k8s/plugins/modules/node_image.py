#!/usr/bin/python
"""Minikube's node image, made from Debian packages and binaries built here."""

DOCUMENTATION = r"""
module: node_image
short_description: Minikube's node image, made here
description:
  - Adds the node's tools, the runtime wrapper and Kubernetes' images (unpacked) to a root file system image.
  - The tag is a hash of everything that goes in; an image with that tag is not made again.
options:
  rootfs:
    description: Image of the node's root file system in the engine, see the role's files.
    type: str
    required: true
  tools:
    description: The tools, by name, each with C(path) and C(key), as the toolchain hands them over.
    type: dict
    required: true
  runtime_wrapper:
    description: Path of the OCI runtime wrapper, on hosts that cannot grant every capability.
    type: path
  architecture:
    description: The engine's architecture, which the tools were built for (C(amd64), C(arm64)); this host's when empty.
    type: str
    default: ""
extends_documentation_fragment:
  - todo.k8s.node_image
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Make the node image
  todo.k8s.node_image:
    rootfs: todo-k8s/base-minikube-node:0123456789ab
    tools: "{{ toolchain_node.tools }}"
    image_names: {pause: registry.k8s.io/pause:3.10.1}
    cni: [bridge, loopback]
    kubernetes_version: v1.34.3
"""

RETURN = r"""
image:
  description: Reference of the node image.
  type: str
  returned: always
exists:
  description: Whether the engine had it before.
  type: bool
  returned: always
seconds:
  description: Seconds it took to make.
  type: float
  returned: always
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import node_image as nodes
from ansible_collections.todo.k8s.plugins.module_utils import platforms
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "rootfs": {"type": "str", "required": True},
            "tools": {"type": "dict", "required": True},
            **nodes.OPTIONS,
            "runtime_wrapper": {"type": "path"},
            "architecture": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    options = module.params
    wrapper = Path(options["runtime_wrapper"]) if options["runtime_wrapper"] else None
    reference = nodes.reference(
        options["rootfs"],
        options["tools"],
        names=options["image_names"],
        cni=options["cni"],
        kubernetes_version=options["kubernetes_version"],
        runtime_wrapper=wrapper,
    )
    builder = nodes.Builder(module.get_bin_path("docker", required=True), options["docker_host"], say=report)
    if builder.exists(reference):
        module.exit_json(changed=False, exists=True, image=reference, seconds=0.0, msg="the node image is there")
    if module.check_mode:
        module.exit_json(changed=True, exists=False, image=reference, seconds=0.0, msg=f"{reference} would be made")
    begun = time.monotonic()
    paths = {name: Path(tool["path"]) for name, tool in options["tools"].items()}
    try:
        nodes.build(
            builder,
            reference=reference,
            rootfs=options["rootfs"],
            tools=paths,
            names=options["image_names"],
            kubernetes_version=options["kubernetes_version"],
            architecture=options["architecture"] or platforms.architecture(),
            cni=[paths[name] for name in options["cni"]],
            runtime_wrapper=wrapper,
            labels={"todo.k8s/managed": "true"},
        )
    except nodes.NodeImageError as error:
        module.fail_json(msg=str(error))
    seconds = round(time.monotonic() - begun, 1)
    msg = f"no image {reference} yet: made it"
    module.exit_json(changed=True, exists=False, image=reference, seconds=seconds, msg=msg)


if __name__ == "__main__":
    main()
