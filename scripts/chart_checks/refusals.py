"""Wrong values are refused, each for its own reason."""

from __future__ import annotations

import yaml

from chart_checks.model import CHART, Context, Finding, Outcome, call
from chart_checks.render import DATA


def check(context: Context) -> Outcome:
    """Try every entry under `refused` of renderings.yml with `helm template`."""
    entries = yaml.safe_load(DATA.read_text(encoding="utf-8"))["refused"]
    findings = []
    for entry in entries:
        values = ["-f", CHART / entry["values"], *entry["arguments"]]
        done = call(context.bin_dir / "helm", "template", "todo-app", CHART, *values)
        if done.returncode == 0:
            message = f"{entry['name']}: found it accepted, needed a refusal"
        elif entry["said"] not in done.stderr:
            message = f"{entry['name']}: refused with {done.stderr.strip()!r}, needed a message with {entry['said']!r}"
        else:
            continue
        findings.append(Finding("Chart/todo-app", "refusal", message))
    return Outcome(len(entries), max(len(entries), 1), "refusals", findings)
