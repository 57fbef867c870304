#!/usr/bin/python
"""Base images, official or made from Debian packages."""

DOCUMENTATION = r"""
module: base_image
short_description: Have base images, official or made from Debian packages
description:
  - Sees to it that the engine has a list of base images. Where a registry answers the engine these are the official
    ones; elsewhere they are made with C(mmdebstrap) from Debian packages, trimmed, and imported.
  - The decision is one for the whole list, takes at most O(registry_timeout) seconds and is not taken again while the
    engine has the images.
  - An image made here is tagged with a hash of its description; the same description is made once. Its root filesystem
    stays in O(cache_dir), so that a new engine's store does not need the packages again.
options:
  bases:
    description: The wished images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Short name; the image made here is C(todo-k8s/base-NAME:KEY).
        type: str
        required: true
      official:
        description:
          - The official image, C(NAME:TAG) or C(NAME:TAG@sha256:DIGEST). Without it the image is always made here.
          - With a digest no other content is taken, whatever the tag names. Without one the digest that the registry
            tells for the tag is pulled. Both are named C(NAME:TAG) in the engine, which uses what it has from then on.
          - The digest of an image for several platforms is its index'.
        type: str
      debian:
        description: What it is made of where no registry answers.
        type: dict
        suboptions:
          suite:
            description: Debian's release.
            type: str
            default: bookworm
          variant:
            description: mmdebstrap's variant; C(essential) has no apt inside.
            type: str
            default: essential
          packages:
            description: Debian packages beside the variant's.
            type: list
            elements: str
            default: []
          users:
            description: Users made before the packages, so that their numbers are fixed.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: User and group name.
                type: str
                required: true
              uid:
                description: User number.
                type: int
                required: true
              gid:
                description: Group number; the user's by default.
                type: int
              home:
                description: Home directory; it is not created.
                type: str
              shell:
                description: Login shell.
                type: str
          files:
            description: Files placed in the image.
            type: list
            elements: dict
            default: []
            suboptions:
              path:
                description: Absolute path in the image.
                type: str
                required: true
              content:
                description: The file's text.
                type: str
              src:
                description: A file or a folder on this host, instead of O(bases[].debian.files[].content).
                type: path
              mode:
                description: Octal mode in quotes; not for folders.
                type: str
              early:
                description: Place it before the packages are installed.
                type: bool
          customize:
            description: Shell commands run inside the tree, last; each ends the making when it fails.
            type: list
            elements: str
            default: []
          hooks:
            description: mmdebstrap customize hooks as they are; C($1) is the tree.
            type: list
            elements: str
            default: []
          exclude:
            description: dpkg path patterns left out beside documentation, manuals and translations.
            type: list
            elements: str
            default: []
          include:
            description: dpkg path patterns kept although excluded.
            type: list
            elements: str
            default: []
          trim:
            description: Whether documentation, manuals and translations are left out.
            type: bool
            default: true
          env:
            description: Environment of the image; PATH is added.
            type: dict
            default: {}
          entrypoint:
            description: Entry point, an argument list.
            type: list
            elements: str
          cmd:
            description: Default command, an argument list.
            type: list
            elements: str
          workdir:
            description: Working directory.
            type: str
          user:
            description: User of the containers.
            type: str
          stopsignal:
            description: Signal that ends a container, for example SIGINT.
            type: str
          expose:
            description: Ports, for example 5432/tcp.
            type: list
            elements: str
          volumes:
            description: Paths that are volumes.
            type: list
            elements: str
  source:
    description: Where the images come from; C(auto) asks whether a registry answers.
    type: str
    choices: [auto, official, debian]
    default: auto
  registry_timeout:
    description: Seconds the decision may take.
    type: float
    default: 5.0
  cache_dir:
    description: Directory of the cached root filesystems.
    type: path
    required: true
  jobs:
    description: How many are made at the same time.
    type: int
    default: 2
  packages_missing:
    description: What to do when packages are missing on the host that making images needs; C(report) returns their
      names as C(missing_packages) and does nothing.
    type: str
    choices: [fail, report]
    default: fail
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have a Python base
  todo.k8s.base_image:
    cache_dir: ~/.cache/todo.k8s/images
    bases:
      - name: python
        official: python:3.11-slim-bookworm
        debian:
          packages: [python3, python3-venv, ca-certificates]
          customize: [ln -s python3 /usr/bin/python]
          cmd: [python3]
"""

RETURN = r"""
bases:
  description: For each name its C(ref), C(id), C(key) (hash of its content), C(digest) (an official image's in its
    registry, empty for one made here), C(source), C(reason), C(size_mb) and whether it C(changed). In check mode C(id),
    C(key) and C(digest) are empty for what would be made.
  type: dict
  returned: always
missing_packages:
  description: Debian packages that are needed first, with O(packages_missing=report).
  type: list
  elements: str
  returned: always
decision:
  description: The C(source) of those that have two, the C(reason) and the C(seconds) it took to find out.
  type: dict
  returned: when no packages are missing
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import network
from ansible_collections.todo.k8s.plugins.module_utils.base_images import Base, BaseImageError, PackagesMissing, provide
from ansible_collections.todo.k8s.plugins.module_utils.base_spec import BASE, SOURCE
from ansible_collections.todo.k8s.plugins.module_utils.debootstrap import DebootstrapError
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "bases": {"type": "list", "elements": "dict", "required": True, "options": BASE},
            "source": SOURCE,
            "registry_timeout": {"type": "float", "default": 5.0},
            "cache_dir": {"type": "path", "required": True},
            "jobs": {"type": "int", "default": 2},
            "packages_missing": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    network.apply()
    wanted = module.params
    try:
        bases = [Base.wish(item["name"], item["official"], item["debian"]) for item in wanted["bases"]]
        decision, found = provide(
            bases,
            store=ImageStore(wanted["docker_host"]),
            cache=Path(wanted["cache_dir"]),
            source=wanted["source"],
            seconds=wanted["registry_timeout"],
            jobs=wanted["jobs"],
            check=module.check_mode,
            say=report,
        )
    except PackagesMissing as error:
        if wanted["packages_missing"] == "report":
            module.exit_json(changed=False, bases={}, missing_packages=error.packages, msg=str(error))
        module.fail_json(msg=str(error), missing_packages=error.packages)
    except (BaseImageError, DebootstrapError, StoreError) as error:
        module.fail_json(msg=str(error))
    made = [name for name, base in found.items() if base["changed"]]
    taken = sorted({f"{base['ref']} is {base['digest']}" for base in found.values() if base["digest"]})
    origin = "; ".join([f"{decision.source}, because {decision.reason}", *taken])
    module.exit_json(
        changed=bool(made),
        bases=found,
        missing_packages=[],
        decision={"source": decision.source, "reason": decision.reason, "seconds": decision.seconds},
        msg=f"made {', '.join(made)} ({origin})" if made else f"nothing to make ({origin})",
    )


if __name__ == "__main__":
    main()
