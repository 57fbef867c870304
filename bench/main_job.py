"""Times the main job on this machine, side by side: up without a cluster, up again, status, down, down again.

Every round does all of them in turn. Prints a row for each with minimum, median and maximum in wall seconds, its goal
and the stages of the median round, and one for Kubernetes' own start inside the first. Needs the caches of an earlier
`make up`; begins and ends with nothing running. Usage: make bench ARGS='--rounds 3 --write docs/speed.md'
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from table import machine, write

ROOT = Path(__file__).resolve().parent.parent
PLAYBOOK = ROOT / ".venv" / "bin" / "ansible-playbook"


@dataclass
class Step:
    """One command: its playbook, the goal in seconds, and what was measured."""

    title: str
    playbook: str
    goal: float | None = None
    seconds: list[float] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)


STEPS = [
    Step("`make up`, no cluster, warm caches", "site.yml", 90),
    Step("`make up` with nothing to do", "site.yml", 15),
    Step("`make status`", "playbooks/status.yml"),
    Step("`make down`", "teardown.yml", 15),
    Step("`make down` with nothing to do", "teardown.yml"),
]
# The phases of `minikube start` as the module todo.k8s.minikube tells them.
START_PHASES = ("setup", "node_container", "kubernetes", "readiness", "default_addons")
START = Step("of that: `minikube start` to a ready node", "", 12)


def run(playbook: str, folder: Path) -> tuple[float, dict]:
    """Run one playbook: its wall seconds and its record of timings. Exits with the output when it fails."""
    timings = folder / "timings.json"
    timings.unlink(missing_ok=True)
    begun = time.monotonic()
    answer = subprocess.run(
        [PLAYBOOK, playbook],
        cwd=ROOT,
        env={**os.environ, "TODO_K8S_TIMINGS": str(timings)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - begun
    if answer.returncode:
        sys.exit(f"{playbook} ended with {answer.returncode}:\n{answer.stdout[-4000:]}\n{answer.stderr[-1000:]}")
    return seconds, json.loads(timings.read_text().splitlines()[-1]) if timings.exists() else {}


def row(step: Step) -> str:
    """One line of the table."""
    if not step.seconds:
        return f"| {step.title} | not measured | | | | | |"
    median = statistics.median_low(step.seconds)
    shown = ""
    if step.stages:
        stages = step.stages[step.seconds.index(median)]
        shown = ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages.items() if spent >= 0.1)
    verdict = "" if step.goal is None else ("met" if median <= step.goal else "**not met**")
    goal = "" if step.goal is None else f"{step.goal:g}"
    figures = f"{min(step.seconds):.1f} | {median:.1f} | {max(step.seconds):.1f}"
    return f"| {step.title} | {figures} | {goal} | {verdict} | {shown} |"


def table(steps: list[Step], rounds: int) -> str:
    """The whole table, in Markdown."""
    head = "| step | min | median | max | goal | | stages of the median round |\n|---|---|---|---|---|---|---|"
    return f"{rounds} rounds, wall seconds; {machine()}.\n\n{head}\n" + "\n".join(row(step) for step in steps)


def main() -> None:
    """Run all rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("teardown.yml", folder)
        for number in range(1, options.rounds + 1):
            for step in STEPS:
                seconds, record = run(step.playbook, folder)
                step.seconds.append(seconds)
                step.stages.append(record.get("stages", {}))
                phases = record.get("phases", {}).get("minikube", {})
                if "node_container" in phases:
                    START.seconds.append(sum(phases.get(name, 0.0) for name in START_PHASES))
                print(f"round {number}: {step.title}: {seconds:.1f} s", flush=True)
    text = table([STEPS[0], START, *STEPS[1:]], options.rounds)
    print(f"\n{text}")
    if options.write:
        write(options.write, text)


if __name__ == "__main__":
    main()
