"""What the checks take and give: renderings, findings and outcomes."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "k8s/helm-charts/todo-app"
NAMESPACE = "todo"


class CheckError(Exception):
    """A check that could not do its work; the text names it, what was found and what is needed."""


@dataclass(frozen=True)
class Rendering:
    """One `helm template`: its name, the arguments that gave it, the file it is in, and its objects."""

    name: str
    arguments: list[str]
    path: Path
    objects: list[dict]


@dataclass(frozen=True)
class Finding:
    """One rule that one object breaks in one rendering; `object` is Kind/name."""

    object: str
    rule: str
    message: str
    rendering: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a check saw and found. `what` says what it counts: objects, pods, suites."""

    seen: int
    needed: int
    what: str
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """Where the tools are, what they check, and the folder of what is kept between runs."""

    bin_dir: Path
    renderings: list[Rendering]
    cache: Path


def identity(item: dict) -> str:
    """Kind/name of an object."""
    return f"{item.get('kind')}/{item.get('metadata', {}).get('name')}"


def pod_of(item: dict) -> dict | None:
    """The specification of an object's pod; None where it has none."""
    spec = item.get("spec") or {}
    if item.get("kind") == "Pod":
        return spec
    template = spec.get("jobTemplate", {}).get("spec", {}).get("template") or spec.get("template") or {}
    return template.get("spec")


def call(*command: str | Path, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says; `environment` is added to ours. Raises CheckError if it cannot be run."""
    try:
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            input=stdin if stdin is not None else "",
            env={**os.environ, **environment},
        )
    except OSError as error:
        raise CheckError(
            f"{command[0]}: cannot be run ({error.strerror}); needed: the tools of `playbooks/prepare_tests.yml`."
        ) from error
