"""kube-score: good practice for workloads, and what they need of the objects beside them."""

from __future__ import annotations

import json

from chart_checks.model import CheckError, Context, Finding, Outcome, Rendering, call

#: The kinds that kube-score has checks for; it leaves the others out without a word.
KINDS = {
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "Service",
    "StatefulSet",
}
#: Optional checks. Those that ask for requests as large as the limits would take most of a laptop's memory.
OPTIONAL = ["container-seccomp-profile", "container-ports-check"]
GOOD = 10
#: Its exit status where it looked at everything and found something.
FOUND = 1


def parse(said: str, rendering: Rendering) -> tuple[int, list[Finding]]:
    """How many objects it saw, and its findings."""
    entries = json.loads(said)
    findings = []
    for entry in entries:
        name = f"{entry['type_meta']['kind']}/{entry['object_meta']['name']}"
        for check_ in entry["checks"] or []:
            if check_["skipped"] or check_["grade"] >= GOOD:
                continue
            comments = [f"{note['path']}: {note['summary']}".lstrip(": ") for note in check_["comments"] or []]
            findings.append(Finding(name, check_["check"]["id"], "; ".join(comments), rendering.name))
    return len(entries), findings


def check(context: Context) -> Outcome:
    """Score each rendering as a whole. Annotations that switch checks off are not heeded. Raises CheckError."""
    seen = needed = 0
    findings = []
    enabled = [word for name in OPTIONAL for word in ("--enable-optional-test", name)]
    for rendering in context.renderings:
        command = ["score", "--output-format=json", "--disable-ignore-checks-annotations", "--kubernetes-version=v1.34"]
        done = call(context.bin_dir / "kube-score", *command, *enabled, rendering.path)
        if done.returncode not in (0, FOUND) or not done.stdout:
            raise CheckError(f"kube-score on {rendering.name}: {done.stderr.strip() or f'status {done.returncode}'}")
        number, found = parse(done.stdout, rendering)
        seen += number
        needed += sum(item["kind"] in KINDS for item in rendering.objects)
        findings += found
    return Outcome(seen, needed, "objects", findings)
