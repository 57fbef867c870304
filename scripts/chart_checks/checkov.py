"""checkov's rules for Kubernetes, offline, in an environment of its own as it pins dozens of packages hard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from chart_checks.model import ROOT, CheckError, Context, Finding, Outcome, Rendering, call, identity, pod_of

ENVIRONMENT = ROOT / ".venv-checkov"
LOCK = Path(__file__).with_name("requirements-checkov.txt")


def prepare() -> None:
    """Make the environment if it is not there or another one is locked; half a minute. Raises CheckError."""
    command = [ROOT / "scripts/environment", ENVIRONMENT, LOCK.relative_to(ROOT)]
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHON": sys.executable}, check=False).returncode:
        raise CheckError("checkov: its environment could not be made; see above.")


def object_of(resource: str, objects: list[dict]) -> str:
    """Kind/name of checkov's Kind.namespace.name; a workload's pod, which it names with labels, is the workload."""
    kind, _namespace, name = resource.split(".", 2)
    if kind == "Pod" and f"Pod/{name}" not in map(identity, objects):
        for item in objects:
            if pod_of(item) is not None and name.startswith(f"{item['metadata']['name']}."):
                return identity(item)
    return f"{kind}/{name}"


def parse(said: str, renderings: list[Rendering]) -> tuple[int, list[Finding]]:
    """How many resources it looked at, and its findings; a rule that an annotation skips is a finding too."""
    by_file = {one.path.name: one for one in renderings}
    report = json.loads(said)
    if "results" not in report:  # what it says of a folder in which it found nothing
        return 0, []
    findings = []
    for one in report["results"]["failed_checks"] + report["results"]["skipped_checks"]:
        rendering = by_file[Path(one["file_path"]).name]
        message = one["check_name"] if one["check_result"]["result"] == "FAILED" else "skipped by an annotation"
        findings.append(
            Finding(object_of(one["resource"], rendering.objects), one["check_id"], message, rendering.name)
        )
    return report["summary"]["resource_count"], findings


def check(context: Context) -> Outcome:
    """Scan all renderings at once, without its platform, its downloads and its colours. Raises CheckError."""
    folder = context.renderings[0].path.parent
    command = ["-d", folder, "--framework", "kubernetes", "--compact", "--skip-download", "--output", "json"]
    # Compiled modules make the next start four times as fast, whatever the caller's environment says.
    environment = {"LOG_LEVEL": "ERROR", "PYTHONDONTWRITEBYTECODE": "", "ANSI_COLORS_DISABLED": "1"}
    done = call(ENVIRONMENT / "bin/checkov", *command, **environment)
    if not done.stdout.lstrip().startswith("{"):
        raise CheckError(f"checkov: {done.stderr.strip() or done.stdout.strip() or f'status {done.returncode}'}")
    seen, findings = parse(done.stdout, context.renderings)
    objects = [item for one in context.renderings for item in one.objects]
    # It looks at the pod of a workload as a resource beside the workload.
    templates = sum(pod_of(item) is not None and item["kind"] != "Pod" for item in objects)
    return Outcome(seen, len(objects) + templates, "objects and pods", findings)
