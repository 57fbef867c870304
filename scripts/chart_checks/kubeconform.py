"""kubeconform: every object has the form that Kubernetes' own OpenAPI document describes, and nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path

from chart_checks.model import CheckError, Context, Finding, Outcome, call
from chart_checks.schemas import schema_folder

LAYOUT = "{{.ResourceKind}}{{.KindSuffix}}.json"
#: Hand-made schemas of kinds that Kubernetes itself does not have.
OTHERS = Path(__file__).with_name("schemas_by_hand")


def parse(said: str, renderings: dict[str, str]) -> tuple[int, list[Finding]]:
    """How many objects were valid or not, and the findings. A skipped object was not seen."""
    seen, findings = 0, []
    for one in json.loads(said)["resources"]:
        seen += one["status"] != "statusSkipped"
        if one["status"] != "statusValid":
            where = renderings[one["filename"]]
            findings.append(Finding(f"{one['kind']}/{one['name']}", "schema", one["msg"] or one["status"], where))
    return seen, findings


def check(context: Context) -> Outcome:
    """Validate all renderings at once. Raises CheckError."""
    schemas = schema_folder(context.cache)
    command = ["-strict", "-verbose", "-output=json", "-n=2"]
    for folder in (schemas, OTHERS):
        command += ["-schema-location", f"{folder}/{LAYOUT}"]
    done = call(context.bin_dir / "kubeconform", *command, *(one.path for one in context.renderings))
    if not done.stdout.lstrip().startswith("{"):
        raise CheckError(f"kubeconform: {done.stderr.strip() or f'status {done.returncode} without a report'}")
    seen, findings = parse(done.stdout, {str(one.path): one.name for one in context.renderings})
    return Outcome(seen, sum(len(one.objects) for one in context.renderings), "objects", findings)
