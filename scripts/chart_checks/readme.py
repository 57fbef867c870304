"""The chart's README is the one that helm-docs makes of README.md.gotmpl and the comments in values.yaml."""

from __future__ import annotations

import difflib

from chart_checks.model import CHART, CheckError, Context, Finding, Outcome, call

TEMPLATE = "README.md.gotmpl"
# The values in the order of values.yaml, which puts together what belongs together.
OPTIONS = [f"--template-files={TEMPLATE}", "--sort-values-order=file"]
REMEDY = f"BIN_DIR/helm-docs --chart-search-root={CHART.relative_to(CHART.parents[2])} {' '.join(OPTIONS)}"


def check(context: Context) -> Outcome:
    """Make the README anew and compare. Raises CheckError."""
    if not (CHART / TEMPLATE).is_file():
        raise CheckError(f"{CHART / TEMPLATE}: missing; needed: the README's template, with the values' table in it.")
    arguments = ["--dry-run", "--log-level=error", f"--chart-search-root={CHART}", *OPTIONS]
    done = call(context.bin_dir / "helm-docs", *arguments)
    if done.returncode or done.stderr.strip():
        raise CheckError(f"helm-docs: {done.stderr.strip()}")
    found = (CHART / "README.md").read_text(encoding="utf-8").splitlines()
    needed = done.stdout.splitlines()
    changes = list(
        difflib.unified_diff(found, needed, "README.md as it is", "README.md as it is needed", lineterm="", n=0)
    )
    findings = []
    if changes:
        findings = [Finding("Chart/todo-app", "readme", "\n".join([*changes[:20], f"Make it anew: {REMEDY}"]))]
    return Outcome(int(bool(needed)), 1, "README", findings)
