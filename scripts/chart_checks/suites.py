"""The chart's own suites pass (helm-unittest), their snapshots among them."""

from __future__ import annotations

import re

from chart_checks.model import CHART, Context, Finding, Outcome, call

COUNTS = re.compile(
    r"^Tests: +(?:(?P<failed>\d+) failed, )?(?:\d+ errored, )?(?P<passed>\d+) passed, (?P<total>\d+) total", re.M
)


def check(context: Context) -> Outcome:
    """Run the suites of `tests/`. A failed one is given with all that the tool says of it."""
    done = call(context.bin_dir / "helm-unittest", CHART)
    ran = COUNTS.search(done.stdout)
    findings = []
    if done.returncode or ran is None:
        findings = [Finding("Chart/todo-app", "suites", done.stdout.strip() + done.stderr.strip())]
    total = int(ran["total"]) if ran else 0
    return Outcome(int(ran["passed"]) if ran else 0, max(total, 1), "tests", findings)
