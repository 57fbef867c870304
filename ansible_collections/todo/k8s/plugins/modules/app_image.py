#!/usr/bin/python
"""The application's images, built by content."""

DOCUMENTATION = r"""
module: app_image
short_description: Build images whose tag is a hash of what goes into them
description:
  - An image's tag is a hash of everything that goes in - the build context after C(.dockerignore) with its executable
    bits, the Dockerfile, the arguments, the target and the content of the bases. The same input has the same tag and
    is not built again; a tag is never used for other content, so that a new one rolls out by itself.
  - Builds what is missing, several images side by side, and tells the current step of each. A build that fails tells
    the failing step and its last lines; the others are finished all the same.
  - Sources that change during a build are noticed. What was built from them is removed and built once more.
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
  secrets:
    description:
      - Files that the builds get as secrets, V({ID: file}). They are in no layer and in no history.
    type: dict
    default: {}
  network:
    description: Network of C(RUN) instructions; the engine's bridge without it.
    type: str
    default: ''
  builder:
    description:
      - V(buildx) is Docker's plugin, V(buildkit) what is in Docker's client before version 23, V(classic) the engine's
        older builder, which has no caches and no secrets. V(auto) takes the first that is there.
    type: str
    choices: [auto, buildx, buildkit, classic]
    default: auto
  cache:
    description: Whether steps that were built before may be used.
    type: bool
    default: true
  jobs:
    description: How many images are built at the same time; one for each core without it.
    type: int
    default: 0
  timeout:
    description: Seconds that one build may take.
    type: int
    default: 1800
  records:
    description: Folder that remembers which files went into an image, for telling which have changed; none without it.
    type: path
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
    details: Tells what would be built and why.
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Build the images
  todo.k8s.app_image:
    bases: "{{ bases.bases }}"
    secrets: {ca_bundle: /etc/ssl/certs/ca-certificates.crt}
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
    references), C(newest) (the tag of the newest image before), and for a build C(context), C(dockerfile), C(args),
    C(target), C(labels); C(source) for a base used as it is.
  type: dict
  returned: always
missing:
  description: Names of those that do not exist; afterwards only in check mode.
  type: list
  elements: str
  returned: always
bases:
  description: The bases that the images are made with; empty where the engine lacks one of O(wanted_bases).
  type: dict
  returned: always
builder:
  description: The builder that was used; empty when there was nothing to build.
  type: str
  returned: always
seconds:
  description: Seconds of each build.
  type: dict
  returned: always
"""

import os
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import classic_build, image_build, sbom
from ansible_collections.todo.k8s.plugins.module_utils.base_images import Base, BaseImageError, known
from ansible_collections.todo.k8s.plugins.module_utils.base_spec import BASE, SOURCE
from ansible_collections.todo.k8s.plugins.module_utils.build_context import Records
from ansible_collections.todo.k8s.plugins.module_utils.image_build import Build, BuildError
from ansible_collections.todo.k8s.plugins.module_utils.image_plan import App, PlanError, plan_one
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

APP = {
    "name": {"type": "str", "required": True},
    "context": {"type": "path"},
    "dockerfile": {"type": "str", "default": "Dockerfile"},
    "bases": {"type": "dict", "default": {}},
    "args": {"type": "dict", "default": {}},
    "target": {"type": "str", "default": ""},
    "base": {"type": "str", "default": ""},
}
ATTEMPTS = 2  # sources that are edited during a build are built once more


def revision(folder: Path) -> str:
    """The commit that `folder` is at, empty outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


class Work:
    """The wished images, from the plan to the last build."""

    def __init__(self, options: dict, store: ImageStore, bases: dict) -> None:
        self.options, self.store, self.bases = options, store, bases
        self.apps = [
            App(**{**item, "context": Path(item["context"]) if item["context"] else None}) for item in options["apps"]
        ]
        contexts = [app.context for app in self.apps if app.context]
        self.commit = revision(contexts[0]) if contexts else ""
        self.records = Records(Path(options["records"])) if options["records"] else None
        self.builder = ""
        self.seconds: dict[str, float] = {}

    def plan(self) -> dict[str, dict]:
        """What there is and what has to be made."""
        return {
            app.name: plan_one(
                app,
                self.bases,
                self.store.inspect,
                self.store.newest_labels,
                version=self.options["version"],
                revision=self.commit,
                recorded=self.records.of if self.records else None,
            )
            for app in self.apps
        }

    def make(self, planned: dict[str, dict]) -> dict[str, dict]:
        """Make what is missing; returns the plan afterwards. Raises BuildError, PlanError or StoreError."""
        for _attempt in range(ATTEMPTS):
            missing = {name: image for name, image in planned.items() if not image["exists"]}
            if not missing:
                break
            for image in missing.values():
                if image["source"]:
                    self.store.tag(image["source"], image["ref"])
            builds = {name: image for name, image in missing.items() if not image["source"]}
            problem = self._build(builds)
            planned = self.plan()
            self._drop_doubtful(builds, planned)
            if problem:
                raise problem
        left = [name for name, image in planned.items() if not image["exists"]]
        if left:
            raise BuildError(
                f"Images {', '.join(left)}: their sources changed again while they were built a second time. "
                "Needed: sources that stay as they are for the length of a build. Stop what edits them and run again."
            )
        return planned

    def _build(self, images: dict[str, dict]) -> BuildError | None:
        if not images:
            return None
        options = self.options
        self.builder = image_build.choose(options["builder"])
        for name, image in images.items():
            report(f"{name}: building it, {image['reason']}")
        builds = [
            Build(
                name=name,
                reference=image["ref"],
                context=Path(image["context"]),
                dockerfile=image["dockerfile"],
                args=image["args"],
                labels={**image["labels"], **sbom.declared(Path(image["context"]), image["dockerfile"])},
                target=image["target"],
                secrets=options["secrets"],
                network=options["network"],
                cache=options["cache"],
            )
            for name, image in images.items()
        ]
        jobs = options["jobs"] or image_build.cores()
        seconds, problem = image_build.run_all(builds, self._build_one, jobs)
        self.seconds |= seconds
        return problem

    def _build_one(self, build: Build) -> float:
        if self.builder == "classic":
            took = classic_build.run(build, ImageStore(self.store.host, self.options["timeout"]), say=report)
        else:
            host = self.store.host
            environ = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
            took = image_build.run(build, self.builder, environ=environ, say=report, timeout=self.options["timeout"])
        report(f"{build.name}: built in {took:.0f} s")
        return took

    def _drop_doubtful(self, built: dict[str, dict], planned: dict[str, dict]) -> None:
        """Remove images whose sources changed while they were built: nobody knows which content they have."""
        for name, image in built.items():
            if planned[name]["ref"] != image["ref"]:
                report(f"{name}: its sources changed while it was built; removed")
                self.store.remove(image["ref"])
            elif self.records and planned[name]["exists"]:
                self.records.keep(name, image["tag"], image["files"])


def public(planned: dict[str, dict]) -> dict[str, dict]:
    """The plan as it is returned: without the list of all files."""
    return {name: {key: value for key, value in image.items() if key != "files"} for name, image in planned.items()}


def differences(planned: dict[str, dict], missing: list[str]) -> dict:
    """What a build changes, for diff mode."""
    tags = {name: planned[name]["newest"] for name in missing}
    wanted = {
        name: f"{planned[name]['tag'] or '(known when its base is made)'}: {planned[name]['reason']}"
        for name in missing
    }
    return {"before": {name: tag or "none" for name, tag in tags.items()}, "after": wanted}


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "apps": {"type": "list", "elements": "dict", "required": True, "options": APP},
            "bases": {"type": "dict", "default": {}},
            "wanted_bases": {"type": "list", "elements": "dict", "default": [], "options": BASE},
            "source": SOURCE,
            "version": {"type": "str", "default": ""},
            "secrets": {"type": "dict", "default": {}, "no_log": False},
            "network": {"type": "str", "default": ""},
            "builder": {"type": "str", "choices": ["auto", "buildx", "buildkit", "classic"], "default": "auto"},
            "cache": {"type": "bool", "default": True},
            "jobs": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 1800},
            "records": {"type": "path"},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        store, bases = ImageStore(options["docker_host"]), options["bases"]
        if options["wanted_bases"]:
            wishes = [Base.wish(item["name"], item["official"], item["debian"]) for item in options["wanted_bases"]]
            bases = known(wishes, store, options["source"])
            if not bases:
                text = "the engine lacks a base image"
                module.exit_json(changed=False, images={}, missing=[], bases={}, builder="", seconds={}, msg=text)
        work = Work(options, store, bases)
        planned = work.plan()
        missing = [name for name, image in planned.items() if not image["exists"]]
        reasons = "; ".join(f"{name}: {planned[name]['reason']}" for name in missing)
        result = {"changed": bool(missing), "msg": reasons or "every image exists", "bases": bases}
        result["diff"] = differences(planned, missing)
        if missing and not module.check_mode:
            planned, missing = work.make(planned), []
    except (BaseImageError, BuildError, PlanError, sbom.SbomError, StoreError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result, images=public(planned), missing=missing, builder=work.builder, seconds=work.seconds)


if __name__ == "__main__":
    main()
