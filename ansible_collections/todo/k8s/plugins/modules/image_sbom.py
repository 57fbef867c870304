#!/usr/bin/python
"""What is in images, as CycloneDX documents."""

DOCUMENTATION = r"""
module: image_sbom
short_description: What is in images, as CycloneDX documents
description:
  - Writes, for each image, C(NAME.cdx.json) in O(path), a software bill of materials in the format CycloneDX (JSON,
    version 1.6). NAME is the last part of the image's repository.
  - Listed is what the image's own files tell, not what was asked for when it was built. Debian packages come from
    dpkg's status, Python packages from the metadata of what pip installed, npm packages from C(node_modules) and from
    C(bundled-packages.json), the list of what a frontend's build put into its bundles.
  - A document holds the ID of its image. While that is the engine's, the image is not read again.
  - The same image gives the same document, on every machine.
  - Where the image's own labels C(todo.k8s/sbom.*) say something else, there is a warning.
options:
  images:
    description: Names of the images.
    type: list
    elements: str
    required: true
  path:
    description: The folder of the documents; it is made.
    type: path
    required: true
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Write down what is in the images
  todo.k8s.image_sbom:
    images: "{{ images.values() | map(attribute='ref') | list }}"
    path: dist/sbom
"""

RETURN = r"""
documents:
  description: By image its C(path), the image's C(id), whether it C(changed), C(packages), how many of each kind
    (C(deb), C(pypi), C(npm)) it names, and C(wrong_labels), by label what it says other than the image's content. In
    check mode the last two are empty for what would be written.
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

from ansible_collections.todo.k8s.plugins.module_utils import sbom
from ansible_collections.todo.k8s.plugins.module_utils.image_content import ContentError
from ansible_collections.todo.k8s.plugins.module_utils.image_sbom import SbomError, provide
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "path": {"type": "path", "required": True},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    begun = time.monotonic()
    try:
        documents = provide(
            module.params["images"],
            Path(module.params["path"]),
            ImageStore(module.params["docker_host"]),
            check=module.check_mode,
            say=report,
        )
    except (ContentError, SbomError, StoreError, sbom.SbomError, OSError) as error:
        module.fail_json(msg=str(error))
    written = [Path(entry["path"]).name for entry in documents.values() if entry["changed"]]
    for reference, entry in documents.items():
        for label, items in entry["wrong_labels"].items():
            module.warn(
                f"Image {reference}: its label {label} does not fit its content ({' '.join(items)}). "
                "Bring the lock file or packages.txt that it is made from up to date, and build again."
            )
    verb = "would write" if module.check_mode else "wrote"
    module.exit_json(
        changed=bool(written),
        documents=documents,
        seconds=round(time.monotonic() - begun, 1),
        msg=f"{verb} {', '.join(written)}" if written else "the documents are those of the images",
    )


if __name__ == "__main__":
    main()
