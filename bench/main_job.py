"""Times the main job on this machine: up (no cluster, warm caches), up again, status, down.

Prints wall seconds and stages of each command. Needs the caches of an earlier `make up`; leaves the application down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAYBOOK = ROOT / ".venv" / "bin" / "ansible-playbook"
STEPS = [
    ("down first", "teardown.yml"),
    ("up, no cluster, warm caches", "site.yml"),
    ("up again, nothing to do", "site.yml"),
    ("status", "playbooks/status.yml"),
    ("down", "teardown.yml"),
]


def timed(playbook: str, folder: Path) -> tuple[float, dict[str, float]]:
    """Run one playbook; its wall seconds and its stages' seconds. Exits with the output when it fails."""
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
    )
    seconds = time.monotonic() - begun
    if answer.returncode:
        sys.exit(f"{playbook} ended with {answer.returncode}:\n{answer.stdout[-4000:]}\n{answer.stderr[-1000:]}")
    return seconds, json.loads(timings.read_text().splitlines()[-1])["stages"] if timings.exists() else {}


def main() -> None:
    """Run all steps and print the table."""
    with tempfile.TemporaryDirectory() as name:
        print("| step | seconds | stages |\n|---|---|---|", flush=True)
        for title, playbook in STEPS:
            seconds, stages = timed(playbook, Path(name))
            shown = ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages.items())
            print(f"| {title} | {seconds:.1f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
