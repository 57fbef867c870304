"""The chart's own suites pass (helm-unittest), and every snapshot that they take was agreed before."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from chart_checks.model import CHART, Context, Finding, Outcome, call

TESTS = re.compile(r"^Tests: .*?(\d+) passed, (\d+) total", re.MULTILINE)
SNAPSHOTS = re.compile(r"^Snapshot: .*?(\d+) total", re.MULTILINE)


def recorded(chart: Path) -> int:
    """How many snapshots the chart keeps."""
    files = chart.glob("tests/__snapshot__/*.snap")
    return sum(len(taken) for path in files for taken in yaml.safe_load(path.read_text(encoding="utf-8")).values())


def check(context: Context) -> Outcome:
    """Run the suites of `tests/`. The tool records a missing snapshot, and passes: so they are counted before."""
    agreed = recorded(CHART)
    done = call(context.bin_dir / "helm-unittest", CHART)
    tests, snapshots = TESTS.search(done.stdout), SNAPSHOTS.search(done.stdout)
    findings = []
    if done.returncode or tests is None:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line and not line.startswith(" PASS")]
        findings.append(Finding("Chart/todo-app", "suites", "\n".join(said)))
    taken = int(snapshots[1]) if snapshots else 0
    if not taken or taken != agreed:
        message = f"found {taken} taken and {agreed} recorded; run helm-unittest -u, read the diff and commit it"
        findings.append(Finding("Chart/todo-app", "snapshots", message))
    passed, total = map(int, tests.groups()) if tests else (0, 0)
    return Outcome(passed, max(total, 1), f"tests with {taken} snapshots", findings)
