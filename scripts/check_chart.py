"""Gate 2: every rendering of the chart, as every checker sees it. One line for each tool; then what is wrong.

A checker that saw nothing passes, so what each has seen is compared with what was rendered.
docs/decisions/chart-checks.md says how exceptions are made.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from chart_checks import checkov, counts, kube_score, kubeconform, lint, pod_security, readme, refusals, suites
from chart_checks.exceptions import Exemption, apply, load
from chart_checks.model import CheckError, Context, Finding, Outcome
from chart_checks.render import render_all

#: The longest first, so that the others run beside it.
CHECKS: dict[str, Callable[[Context], Outcome]] = {
    "checkov": checkov.check,
    "kube-score": kube_score.check,
    "lint": lint.check,
    "refusals": refusals.check,
    "helm-unittest": suites.check,
    "kubeconform": kubeconform.check,
    "pod-security": pod_security.check,
    "helm-docs": readme.check,
    "counts": counts.check,
}
#: Those whose rules are others' opinions, so that one may be wrong here for a reason.
EXEMPTIBLE = {"checkov", "kube-score", "kubeconform", "pod-security"}


@dataclass(frozen=True)
class Verdict:
    """A check's line and what is wrong by it."""

    line: str
    wrong: list[str]


def lines_of(findings: list[Finding]) -> list[str]:
    """One line for each finding, with the renderings that have it."""
    places: dict[str, list[str]] = {}
    for one in findings:
        places.setdefault(f"{one.object}: {one.rule}: {one.message}", []).append(one.rendering)
    return [f"{text} ({', '.join(dict.fromkeys(names))})" if any(names) else text for text, names in places.items()]


def judge(name: str, outcome: Outcome, exemptions: list[Exemption], seconds: float) -> Verdict:
    """Weigh an outcome: findings without an exception, exceptions without a finding, and objects not seen."""
    left, unused = apply(name, outcome.findings, exemptions)
    wrong = [f"{name}: {line}" for line in lines_of(left)]
    wrong += [
        f"{name}: {one.object}: {one.rule}: the exception matches nothing any more; remove it from exceptions.yml"
        for one in unused
    ]
    if outcome.seen != outcome.needed or not outcome.seen:
        wrong.append(
            f"{name}: found {outcome.seen} {outcome.what} looked at, needed {outcome.needed or 'at least one'}"
        )
    excepted = len(outcome.findings) - len(left)
    tail = f", {excepted} findings excepted" if excepted else ""
    return Verdict(
        f"{name:<14}{outcome.seen:>5} {outcome.what}, {len(wrong) or 'nothing'} wrong{tail}, {seconds:.1f} s", wrong
    )


def perform(name: str, context: Context, exemptions: list[Exemption]) -> Verdict:
    """Run one check; one that could not do its work is wrong."""
    begun = time.monotonic()
    try:
        verdict = judge(name, CHECKS[name](context), exemptions, time.monotonic() - begun)
    except CheckError as error:
        verdict = Verdict(f"{name:<14}failed, {time.monotonic() - begun:.1f} s", [f"{name}: {error}"])
    print(verdict.line, flush=True)
    return verdict


def check(bin_dir: Path) -> list[str]:
    """Render and run every check; what is wrong. Raises CheckError where nothing can be checked."""
    exemptions = load(EXEMPTIBLE)
    checkov.prepare()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "todo.k8s"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="todo-k8s-chart-") as folder, ThreadPoolExecutor(max_workers=2) as pool:
        begun = time.monotonic()
        renderings = render_all(bin_dir / "helm", Path(folder))
        total = sum(len(one.objects) for one in renderings)
        print(f"{'render':<14}{total:>5} objects in {len(renderings)} renderings, {time.monotonic() - begun:.1f} s")
        context = Context(bin_dir, renderings, cache)
        verdicts = list(pool.map(lambda name: perform(name, context, exemptions), CHECKS))
    return [line for verdict in verdicts for line in verdict.wrong]


def main() -> int:
    """Check; the exit code says whether nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=Path, help="folder with helm and the tests' tools")
    begun = time.monotonic()
    try:
        wrong = check(parser.parse_args().bin_dir)
    except CheckError as error:
        wrong = [str(error)]
    for line in wrong:
        print(line)
    print(f"chart: {f'{len(wrong)} wrong' if wrong else 'nothing wrong'}, {time.monotonic() - begun:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
