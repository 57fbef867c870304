#!/usr/bin/python
"""The images of a bundle, in an engine."""

DOCUMENTATION = r"""
module: bundle_images
short_description: The images of a bundle, in an engine
description:
  - Loads the images of a bundle that M(todo.k8s.bundle) made where the engine lacks one of them, and proves by their
    IDs or their content that they are those that the bundle's manifest names.
  - A name that stands for another image in the engine is given to the bundle's, with a warning. The other image stays,
    under its ID.
options:
  path:
    description: The bundle.
    type: path
    required: true
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have the bundle's images
  todo.k8s.bundle_images:
    path: dist/todo.k8s-1.0.0-linux-amd64.tar
"""

RETURN = r"""
images:
  description: The bundle's images, each with C(ref), C(id), C(content) (a hash) and C(size) in bytes.
  type: list
  elements: dict
  returned: always
lacking:
  description: References of those that the engine did not have.
  type: list
  elements: str
  returned: always
replaced:
  description: By reference, the ID of the image that had the name before.
  type: dict
  returned: always
seconds:
  description: Seconds it took.
  type: float
  returned: always
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import BundleError
from ansible_collections.todo.k8s.plugins.module_utils.bundle_images import loaded
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "docker_host": {"type": "str", "default": ""}},
        supports_check_mode=True,
    )
    begun = time.monotonic()
    try:
        store = ImageStore(module.params["docker_host"])
        images, plan = loaded(Path(module.params["path"]), store, dry=module.check_mode, say=report)
    except (BundleError, StoreError) as error:
        module.fail_json(msg=str(error))
    ids = {image["ref"]: image["id"] for image in images}
    for reference, before in plan.other.items():
        module.warn(
            f"Image {reference}: the engine had {before}, the bundle has {ids[reference]}. The name is the bundle's "
            "now; the other image stays under its ID."
        )
    seconds = round(time.monotonic() - begun, 1)
    count = f"{len(plan.lacking)} of {len(images)}"
    module.exit_json(
        changed=bool(plan.lacking),
        images=images,
        lacking=plan.lacking,
        replaced=plan.other,
        seconds=seconds,
        diff={
            "before": "".join(f"{name} {before}\n" for name, before in plan.other.items()),
            "after": "".join(f"{name} {ids[name]}\n" for name in plan.lacking),
        },
        msg=f"{count} images were not in the engine" if plan.lacking else "the engine has all images of the bundle",
    )


if __name__ == "__main__":
    main()
