"""Which images have to be built: the tag is a hash of everything that goes in, so the same content has the same tag."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import build_context
from ansible_collections.todo.k8s.plugins.module_utils.image_store import MANAGED_LABEL, REPOSITORY_PREFIX

LABEL_PREFIX = "todo.k8s/input."
# How a changed part is called when a person asks why an image is built.
PART_NAMES = {
    "context": "the build context",
    "dockerfile": "the Dockerfile",
    "settings": "the build arguments or the target",
    "bases": "the base image",
}


class PlanError(Exception):
    """The plan cannot be made; the text names the image, what was found and what is needed."""


@dataclass(frozen=True)
class App:
    """One wished image: built from `context`, or (with `base` alone) a base used as it is."""

    name: str
    context: Path | None = None
    dockerfile: str = "Dockerfile"
    bases: dict[str, str] | None = None
    args: dict[str, str] | None = None
    target: str = ""
    base: str = ""

    @property
    def repository(self) -> str:
        """The repository of its images."""
        return REPOSITORY_PREFIX + self.name


def parts(app: App, base_keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """One short hash for each kind of input, and those of the context's files.

    `base_keys` has the content key of each base.
    """
    context = app.context
    if context is None or not context.is_dir():
        raise PlanError(f"Image {app.name}: its build context {context} is not a directory; set `context` to one.")
    file = context / app.dockerfile
    if not file.is_file():
        raise PlanError(
            f"Image {app.name}: there is no {app.dockerfile} in {context}; set `dockerfile` to its path in it."
        )
    bases = app.bases or {}
    unknown = sorted(set(bases.values()) - set(base_keys))
    if unknown:
        raise PlanError(
            f"Image {app.name}: base {', '.join(unknown)} is not known; "
            f"known are {', '.join(sorted(base_keys)) or 'none'}."
        )
    files = build_context.hashes(context, app.dockerfile)
    inputs = {
        "context": _hash(files),
        "dockerfile": hashlib.sha256(file.read_bytes()).hexdigest()[:16],
        "settings": _hash({"args": app.args or {}, "target": app.target}),
        "bases": _hash({argument: base_keys[name] for argument, name in bases.items()}),
    }
    return inputs, files


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def tag(inputs: dict[str, str]) -> str:
    """`t` and 11 hexadecimal digits for all parts: never a number, which Helm would take 1e10 for."""
    return "t" + hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:11]


def inputs_of(labels: dict[str, str]) -> dict[str, str]:
    """The parts that an image was built from, by its labels."""
    return {part: labels.get(LABEL_PREFIX + part, "") for part in PART_NAMES}


def why(inputs: dict[str, str], before: dict[str, str] | None, changed_files: list[str] | None = None) -> str:
    """Why an image has to be built: what differs from the newest image of the same name (its parts)."""
    if before is None:
        return "there is no image of this name yet"
    changed = [PART_NAMES[part] for part, value in inputs.items() if before[part] != value]
    if changed_files and PART_NAMES["context"] in changed:
        changed[changed.index(PART_NAMES["context"])] += f" ({', '.join(changed_files)})"
    return f"changed since the newest image: {', '.join(changed)}" if changed else "the image with this content is gone"


def plan_one(
    app: App, bases: dict[str, dict], inspect, newest_labels, *, version: str, revision: str, recorded=None
) -> dict:
    """The plan for one image.

    `bases` is base_image's result ({name: {ref, key, id}}); `inspect(ref)` and `newest_labels(repository)` ask the
    engine; `recorded(name, tag)` tells the files of an older image ({path: hash}) or None. Returns repository, tag,
    ref, id, size_mb, exists, reason, base (references of its bases), newest (the tag of the newest image), and what
    the builder needs: context, dockerfile, args, target, labels, files, or `source` for a base used as it is.
    """
    if app.base:
        return _plan_alias(app, bases, inspect)
    unmade = sorted({name for name in (app.bases or {}).values() if name in bases and not bases[name]["key"]})
    inputs, files = parts(app, {name: base["key"] for name, base in bases.items()})
    wanted = tag(inputs)
    reference = f"{app.repository}:{wanted}"
    found = None if unmade else inspect(reference)
    newest = wanted
    if unmade:
        reason = f"its base {', '.join(unmade)} has to be made first"
    elif found:
        reason = "an image with this content exists"
    else:
        last = newest_labels(app.repository)
        before = inputs_of(last) if last is not None else None
        newest = tag(before) if before else ""
        known = recorded(app.name, newest) if recorded and newest else None
        reason = why(inputs, before, build_context.changes(known, files) if known else None)
    labels = {
        MANAGED_LABEL: "true",
        "org.opencontainers.image.title": app.name,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
        **{LABEL_PREFIX + part: value for part, value in inputs.items()},
    }
    references = {argument: bases[name]["ref"] for argument, name in (app.bases or {}).items()}
    return {
        **_state(app, "" if unmade else wanted, found, reason),
        "base": sorted(set(references.values())),
        "context": str(app.context),
        "dockerfile": app.dockerfile,
        "args": {**(app.args or {}), **references},
        "target": app.target,
        "labels": {name: value for name, value in labels.items() if value},
        "files": files,
        "newest": "" if unmade else newest,
        "source": "",
    }


def _plan_alias(app: App, bases: dict[str, dict], inspect) -> dict:
    if app.base not in bases:
        raise PlanError(
            f"Image {app.name}: base {app.base} is not known; known are {', '.join(sorted(bases)) or 'none'}."
        )
    base = bases[app.base]
    wanted = f"t{base['key'][:11]}" if base["key"] else ""  # see `tag`
    found = inspect(f"{app.repository}:{wanted}") if wanted else None
    if found and found["Id"] != base["id"]:
        found = None
    reason = f"it is the base {app.base}" if found else f"the base {app.base} does not have this name yet"
    return {**_state(app, wanted, found, reason), "base": [base["ref"]], "newest": "", "source": base["ref"]}


def _state(app: App, wanted: str, found: dict | None, reason: str) -> dict:
    return {
        "repository": app.repository,
        "tag": wanted,
        "ref": f"{app.repository}:{wanted}" if wanted else "",
        "exists": found is not None,
        "id": found["Id"] if found else "",
        "size_mb": round(found["Size"] / 1e6, 1) if found else 0,
        "reason": reason,
    }
