#!/usr/bin/python
"""Whether the engine has the image that Minikube's nodes are to be made of."""

DOCUMENTATION = r"""
module: node_image_plan
short_description: Tell whether the engine has the node image already
description:
  - Works out the tag of the node image that M(todo.k8s.node_image) would make, from the descriptions of its parts
    alone, and asks the engine whether it is there. Otherwise it asks for Minikube's own, if that may be used.
  - Nothing is downloaded, built or asked outside the engine, so that a run which finds its node image is quick.
options:
  rootfs:
    description: The root file system, a base as M(todo.k8s.base_image) takes it; C(official) is Minikube's own image.
    type: dict
    required: true
  source:
    description: Which of the two it may be.
    type: str
    choices: [auto, official, debian]
    default: auto
  tools:
    description: The node's tools, as M(todo.k8s.cli_tool) takes them.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Folder with the tool's tool.yml.
        type: path
        required: true
      binaries:
        description: The binaries that are wanted; all when empty.
        type: list
        elements: str
        default: []
  cache_dir:
    description: Where built tools are kept.
    type: path
    required: true
  go:
    description: The Go toolchain that builds them; its version is part of a tool's key.
    type: path
    required: true
  architecture:
    description: The engine's architecture (C(amd64), C(arm64)); this host's when empty.
    type: str
    default: ""
  runtime_wrapper:
    description: Name of the tool that is the OCI runtime wrapper.
    type: str
extends_documentation_fragment:
  - todo.k8s.node_image
attributes:
  check_mode:
    support: full
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Look for the node image
  todo.k8s.node_image_plan:
    rootfs: {name: minikube-node, debian: {packages: [systemd]}}
    tools: [{path: files/go/kubernetes}]
    cache_dir: ~/.cache/todo.k8s
    go: /usr/local/go/bin/go
    image_names: {pause: registry.k8s.io/pause:3.10.1}
    cni: [bridge, loopback]
    kubernetes_version: v1.34.3
"""

RETURN = r"""
exists:
  description: Whether the engine has one of the two.
  type: bool
  returned: always
image:
  description: The image made here; empty where Minikube's own is used, or where it is not known yet.
  type: str
  returned: always
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import go_build, node_image, platforms
from ansible_collections.todo.k8s.plugins.module_utils.base_images import Base, BaseImageError, engine_has
from ansible_collections.todo.k8s.plugins.module_utils.base_spec import BASE, SOURCE
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.tool_resolve import Wanted, resolve
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import ToolError, load

TOOL = {"path": {"type": "path", "required": True}, "binaries": {"type": "list", "elements": "str", "default": []}}


def made_here(options, rootfs):
    """Name and tag of the image as it would be made here."""
    arch = options["architecture"] or platforms.architecture()
    tools = resolve(
        Wanted(
            tools=[(load(tool["path"]), tool["binaries"]) for tool in options["tools"]],
            cache_dir=Path(options["cache_dir"]),
            find_go=lambda: go_build.find_go(options["go"], "linux", arch),
            source="module",
            dry=True,
        )
    ).tools
    return node_image.reference(
        rootfs.made_name,
        tools,
        names=options["image_names"],
        cni=options["cni"],
        kubernetes_version=options["kubernetes_version"],
        runtime_wrapper=Path(tools[options["runtime_wrapper"]]["path"]) if options["runtime_wrapper"] else None,
    )


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "rootfs": {"type": "dict", "required": True, "options": BASE},
            "source": SOURCE,
            "tools": {"type": "list", "elements": "dict", "required": True, "options": TOOL},
            "cache_dir": {"type": "path", "required": True},
            "go": {"type": "path", "required": True},
            "architecture": {"type": "str", "default": ""},
            **node_image.OPTIONS,
            "runtime_wrapper": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    store = ImageStore(options["docker_host"])
    given = options["rootfs"]
    try:
        rootfs = Base.wish(given["name"], given["official"], given["debian"])
        if options["source"] != "official" and rootfs.debian:
            try:
                image = made_here(options, rootfs)
            except ToolError:  # no Go, for one; whether it is needed is seen when something has to be made
                image = ""
            if image and store.inspect(image):
                module.exit_json(changed=False, exists=True, image=image, msg=f"the engine has {image}")
        if options["source"] != "debian" and rootfs.official and engine_has(store, rootfs.official):
            module.exit_json(changed=False, exists=True, image="", msg=f"the engine has {rootfs.official}")
    except (BaseImageError, StoreError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, exists=False, image="", msg="the engine has no node image of these parts")


if __name__ == "__main__":
    main()
