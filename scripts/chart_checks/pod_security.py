"""No pod of the chart would be refused where Pod Security's level "restricted" is enforced."""

from __future__ import annotations

import json

from chart_checks.model import CheckError, Context, Finding, Outcome, call, pod_of


def check(context: Context) -> Outcome:
    """Give each rendering to our pod-security, which applies the API server's own policy. Raises CheckError."""
    seen = needed = 0
    findings = []
    for rendering in context.renderings:
        text = rendering.path.read_text(encoding="utf-8")
        done = call(context.bin_dir / "pod-security", stdin=text)
        if done.returncode not in (0, 1):
            raise CheckError(f"pod-security on {rendering.name}: {done.stderr.strip()}")
        report = json.loads(done.stdout)
        seen += report["pods"]
        needed += sum(pod_of(item) is not None for item in rendering.objects)
        findings += [
            Finding(found["object"], found["rule"], found["message"], rendering.name) for found in report["findings"]
        ]
    return Outcome(seen, needed, "pods", findings)
