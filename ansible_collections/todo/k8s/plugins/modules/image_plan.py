#!/usr/bin/python
"""Which application images have to be built."""

DOCUMENTATION = r"""
module: image_plan
short_description: Tell which images have to be built, and their content tags
description:
  - Works out each image's tag as a hash of everything that goes in - the build context after C(.dockerignore) with its
    executable bits, the Dockerfile, the arguments, the target and the content of the bases - and says which the engine
    has. The same input has the same tag, and a tag is never used for other content.
  - Changes nothing.
options:
  apps:
    description: The wished images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Short name; the repository is C(todo-k8s/NAME).
        type: str
        required: true
      context:
        description: Directory of the build context.
        type: path
      dockerfile:
        description: The Dockerfile's path in it.
        type: str
        default: Dockerfile
      bases:
        description: For each build argument that names a base image the short name of that base.
        type: dict
        default: {}
      args:
        description: Other build arguments.
        type: dict
        default: {}
      target:
        description: Stage to build.
        type: str
        default: ''
      base:
        description: Short name of a base that is used as it is, instead of a build.
        type: str
        default: ''
  bases:
    description: What M(todo.k8s.base_image) returned as C(bases).
    type: dict
    default: {}
  wanted_bases:
    description:
      - Instead of O(bases), the bases as M(todo.k8s.base_image) takes them. Where the engine has all of them nothing
        else needs to look for them; otherwise there is no plan, and RV(bases) is empty.
    type: list
    elements: dict
    default: []
  source:
    description: Where O(wanted_bases) come from, as for M(todo.k8s.base_image).
    type: str
    choices: [auto, official, debian]
    default: auto
  version:
    description: Version written into the label org.opencontainers.image.version; not part of the tag.
    type: str
    default: ''
  docker_host:
    description: The engine's address; otherwise DOCKER_HOST or the usual socket.
    type: str
    default: ''
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Plan the images
  todo.k8s.image_plan:
    bases: "{{ bases.bases }}"
    apps:
      - name: backend
        context: backend
        bases: {PYTHON_BASE: python}
      - name: postgresql
        base: postgres
"""

RETURN = r"""
images:
  description: For each name C(repository), C(tag), C(ref), C(exists), C(id), C(size_mb), C(reason), C(base) (its bases'
    references), and for a build C(context), C(dockerfile), C(args), C(target), C(labels); C(source) for a
    base used as it is.
  type: dict
  returned: always
missing:
  description: Names of those that do not exist.
  type: list
  elements: str
  returned: always
bases:
  description: The bases that the plan is made with; empty where the engine lacks one of O(wanted_bases).
  type: dict
  returned: always
"""

import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.base_images import Base, BaseImageError, known
from ansible_collections.todo.k8s.plugins.module_utils.base_spec import BASE, SOURCE
from ansible_collections.todo.k8s.plugins.module_utils.image_plan import App, PlanError, plan_one
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError


def revision(folder: Path) -> str:
    """The commit that `folder` is at, empty outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def main():
    """Entry point."""
    app_options = {
        "name": {"type": "str", "required": True},
        "context": {"type": "path"},
        "dockerfile": {"type": "str", "default": "Dockerfile"},
        "bases": {"type": "dict", "default": {}},
        "args": {"type": "dict", "default": {}},
        "target": {"type": "str", "default": ""},
        "base": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "apps": {"type": "list", "elements": "dict", "required": True, "options": app_options},
            "bases": {"type": "dict", "default": {}},
            "wanted_bases": {"type": "list", "elements": "dict", "default": [], "options": BASE},
            "source": SOURCE,
            "version": {"type": "str", "default": ""},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    apps = [App(**{**item, "context": Path(item["context"]) if item["context"] else None}) for item in wanted["apps"]]
    contexts = [app.context for app in apps if app.context]
    try:
        store, bases = ImageStore(wanted["docker_host"]), wanted["bases"]
        if wanted["wanted_bases"]:
            wishes = [Base.wish(item["name"], item["official"], item["debian"]) for item in wanted["wanted_bases"]]
            bases = known(wishes, store, wanted["source"])
            if not bases:
                module.exit_json(changed=False, images={}, missing=[], bases={}, msg="the engine lacks a base image")
        commit = revision(contexts[0]) if contexts else ""
        images = {
            app.name: plan_one(
                app, bases, store.inspect, store.newest_labels, version=wanted["version"], revision=commit
            )
            for app in apps
        }
    except (BaseImageError, PlanError, StoreError) as error:
        module.fail_json(msg=str(error))
    missing = [name for name, image in images.items() if not image["exists"]]
    reasons = "; ".join(f"{name}: {images[name]['reason']}" for name in missing)
    module.exit_json(changed=False, images=images, missing=missing, bases=bases, msg=reasons or "every image exists")


if __name__ == "__main__":
    main()
