"""`helm lint --strict` has nothing to say, with the bare defaults and with the arguments of each rendering."""

from __future__ import annotations

from chart_checks.model import CHART, Context, Finding, Outcome, call

LEVELS = ("[INFO]", "[WARNING]", "[ERROR]")
#: What Helm says of a chart that it has looked at.
SEEN = "1 chart(s) linted"


def check(context: Context) -> Outcome:
    """Lint; the tag messages for the bare defaults go to Helm's stderr and are wanted."""
    seen, findings = 0, []
    runs = {"the defaults": [], **{one.name: one.arguments for one in context.renderings}}
    for name, arguments in runs.items():
        done = call(context.bin_dir / "helm", "lint", "--strict", CHART, *arguments)
        said = [line for line in done.stdout.splitlines() if line.startswith(LEVELS)]
        if done.returncode and not said:
            said = [done.stderr.strip()]
        seen += SEEN in done.stdout + done.stderr
        findings += [Finding("Chart/todo-app", "lint", line, name) for line in said]
    return Outcome(seen, len(runs), "sets of values", findings)
