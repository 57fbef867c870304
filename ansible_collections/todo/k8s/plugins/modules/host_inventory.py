#!/usr/bin/python
"""An inventory of what could be left behind on a host."""

DOCUMENTATION = r"""
module: host_inventory
short_description: An inventory of what could be left behind, and its comparison with an earlier one
version_added: 1.0.0
description:
  - Lists the engine, containers, volumes, networks, kubeconfig entries, processes, mounts, network interfaces,
    firewall rules, kernel settings, listening ports, files and Debian packages that this project or an engine could
    leave behind.
  - Images are a cache and not part of it.
  - What evidently belongs to others (their containers, contexts, ports) may come and go, it is told apart.
options:
  path:
    description: A file to keep the inventory in, as JSON. Its folder is made.
    type: path
  force:
    description: Whether to replace a file that exists. Otherwise the older inventory is kept and returned.
    type: bool
    default: false
  compare_with:
    description: A file with an earlier inventory to compare with.
    type: path
  before:
    description: An earlier inventory itself, for when its file is gone by now.
    type: dict
  ignore:
    description: Categories that are not compared.
    type: list
    elements: str
    default: []
  names:
    description: Names of the profile; containers, volumes, networks and contexts of these names are ours.
    type: list
    elements: str
    default: [todo]
  state_dir:
    description: The project's folder of states.
    type: path
    required: true
  cache_dir:
    description: The project's folder of caches.
    type: path
    required: true
  ports:
    description: Published ports.
    type: list
    elements: int
    default: []
  packages:
    description: Debian packages that are told of when they came.
    type: list
    elements: str
    default: [docker.io, containerd, runc, iptables, mmdebstrap, chromium]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Remember what this host looks like
  todo.k8s.host_inventory:
    path: "{{ todo_state_dir }}/inventory-before.json"
    state_dir: "{{ todo_state_dir }}"
    cache_dir: "{{ todo_cache_dir }}"

- name: Compare
  todo.k8s.host_inventory:
    before: "{{ inventory_before }}"
    state_dir: "{{ todo_state_dir }}"
    cache_dir: "{{ todo_cache_dir }}"
  register: left_behind
"""

RETURN = r"""
inventory:
  description: The inventory; with O(path) and without O(force) the kept one, when there is one.
  type: dict
  returned: always
comparison:
  description: >-
    What came and what went: clean, added, removed and tolerated by category, unreadable, and the same in lines of plain
    words.
  type: dict
  returned: with O(compare_with) or O(before)
"""

import json
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import host_inventory, inventory_rules

OPTIONS = {
    "path": {"type": "path"},
    "force": {"type": "bool", "default": False},
    "compare_with": {"type": "path"},
    "before": {"type": "dict"},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "names": {"type": "list", "elements": "str", "default": ["todo"]},
    "state_dir": {"type": "path", "required": True},
    "cache_dir": {"type": "path", "required": True},
    "ports": {"type": "list", "elements": "int", "default": []},
    "packages": {
        "type": "list",
        "elements": "str",
        "default": ["docker.io", "containerd", "runc", "iptables", "mmdebstrap", "chromium"],
    },
}


def load(module, path):
    """Return the inventory of a file; fails the task when it is none."""
    try:
        inventory = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        inventory, reason = None, str(error)
    else:
        reason = "it has no categories"
    if not isinstance(inventory, dict) or not isinstance(inventory.get("categories"), dict):
        module.fail_json(
            msg=f"Inventory {path}: not usable ({reason}). Needed: a file written by todo.k8s.host_inventory."
        )
    return inventory


def write(path, inventory):
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(inventory, indent=1), encoding="utf-8")
    draft.replace(path)


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec=OPTIONS, mutually_exclusive=[("compare_with", "before")], supports_check_mode=True
    )
    options = module.params
    path = Path(options["path"]) if options["path"] else None
    compares = options["compare_with"] or options["before"]
    if path and path.exists() and not options["force"] and not compares:
        module.exit_json(changed=False, inventory=load(module, path), msg=f"{path} keeps the inventory taken before")
    scope = host_inventory.Scope(
        names=tuple(options["names"]),
        state_dir=options["state_dir"],
        cache_dir=options["cache_dir"],
        ports=tuple(options["ports"]),
        packages=tuple(options["packages"]),
    )
    inventory = host_inventory.take(scope)
    result = {"changed": False, "inventory": inventory, "msg": "inventory taken"}
    if compares:
        before = options["before"] or load(module, options["compare_with"])
        if not isinstance(before.get("categories"), dict):
            module.fail_json(msg="Option before: found no categories. Needed: the result of todo.k8s.host_inventory.")
        result["comparison"] = inventory_rules.compare(before, inventory, options["ignore"])
        result["msg"] = result["comparison"]["lines"][0]
    if path and (options["force"] or not path.exists()):
        if not module.check_mode:
            write(path, inventory)
        result.update(changed=True, msg=f"inventory written to {path}, as there was none")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
