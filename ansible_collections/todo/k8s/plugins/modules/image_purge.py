#!/usr/bin/python
"""Remove this project's images from the engine."""

DOCUMENTATION = r"""
module: image_purge
short_description: Remove this project's images from the engine
description:
  - Removes every image whose repository begins with C(todo-k8s/) or that has the label C(todo.k8s/managed=true). Nobody
    else's images are touched. Where no engine answers there is nothing to remove.
  - With O(repositories) only the older tags of these are removed; one that a container uses stays.
options:
  repositories:
    description: Repositories to tidy up.
    type: list
    elements: str
    default: []
  keep:
    description: How many tags of each of O(repositories) stay, the newest by the time at which the engine got them.
    type: int
    default: 0
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Remove the images
  todo.k8s.image_purge:

- name: Keep three tags of each
  todo.k8s.image_purge:
    repositories: [todo-k8s/backend, todo-k8s/frontend]
    keep: 3
"""

RETURN = r"""
removed:
  description: Names of the images.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.image_prune import candidates
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, NoEngine, StoreError


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "repositories": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "int", "default": 0},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    repositories = module.params["repositories"]
    try:
        store = ImageStore(module.params["docker_host"])
        if repositories:
            times = store.tag_times(repositories)
            names = candidates(set(times), set(repositories), times, module.params["keep"])
            if not module.check_mode:
                names = [name for name in names if store.drop(name)]
        else:
            names = store.managed()
            for name in [] if module.check_mode else names:
                store.remove(name)
    except NoEngine as error:
        module.exit_json(changed=False, removed=[], msg=f"nothing to remove: {error}")
    except StoreError as error:
        module.fail_json(msg=str(error))
    verb = "would remove" if module.check_mode else "removed"
    module.exit_json(
        changed=bool(names), removed=names, msg=f"{verb} {len(names)} images" if names else "there are none"
    )


if __name__ == "__main__":
    main()
