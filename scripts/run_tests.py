"""Runs the project's tests stage by stage, tells each one's duration and verdict, and ends with `N passed, N failed`.

Stages run in order; a failed one does not keep the others from running. Whatever was started is ended at the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
INVENTORIES = ["-i", "inventories/local", "-i", "inventories/ci"]
STATE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "todo.k8s-test"
LEFT_OUT = 77  # exit status of a check that does not fit this host, as Automake's
PREPARATION = "what the tests need"


@dataclass(frozen=True)
class Stage:
    """One step: `gate` is the plan's gate that it proves, `junit` whether the command takes --junitxml."""

    name: str
    gate: str
    command: list[str]
    cwd: Path = ROOT
    junit: bool = False
    group: str = "main"


def pytest(name: str, gate: str, *paths: str, env: str = ".venv") -> Stage:
    """A stage that is a pytest run."""
    return Stage(name, gate, [str(ROOT / env / "bin/pytest"), "-q", *paths], junit=True)


def play(name: str, gate: str, playbook: str, *arguments: str, group: str = "main") -> Stage:
    """A stage that is a playbook run with the tests' inventory."""
    return Stage(name, gate, [str(BIN / "ansible-playbook"), *INVENTORIES, playbook, *arguments], group=group)


def stages() -> list[Stage]:
    """All stages, in the order in which they run."""
    python_files = ["ansible_collections", "todo-application", "chatbot", "scripts", "tests", "bench"]
    return [
        Stage("ruff", "5 documentation", [str(BIN / "ruff"), "check", *python_files], group="lint"),
        Stage("ruff format", "5 documentation", [str(BIN / "ruff"), "format", "--check", *python_files], group="lint"),
        Stage("yamllint", "5 documentation", [str(BIN / "yamllint"), "--strict", "."], group="lint"),
        Stage("ansible-lint", "5 documentation", [str(BIN / "ansible-lint"), "--offline"], group="lint"),
        Stage("secrets in git", "5 documentation", [str(BIN / "python"), "scripts/check_secrets.py"], group="lint"),
        Stage("environment of the applications", "4 function", ["tests/support/app-venv.sh"]),
        play(PREPARATION, "3 deployment", "playbooks/prepare_tests.yml"),
        pytest("collection, unit", "4 function", "ansible_collections/todo/k8s/tests/unit"),
        pytest("backends, common", "4 function", "todo-application/backend-common/tests", env=".venv-app"),
        pytest("todo-backend, API", "4 function", "todo-application/backend/tests", env=".venv-app"),
        pytest("chatbot-backend, API", "4 function", "chatbot/backend/tests", env=".venv-app"),
        # All of them: on the cluster, in molecule/default, those that stop services are skipped.
        pytest("pages, own stack", "4 function", "tests/browser"),
        pytest("checks, unit", "2 chart", "tests/scripts"),
        Stage("chart", "2 chart", [str(BIN / "python"), "scripts/check_chart.py", str(STATE / "bin")]),
        *(molecule(name) for name in scenarios()),
        # After the whole path, which fills the caches and takes its engine away: the store is free then.
        Stage("offline", "3 deployment", ["scripts/check_offline", *INVENTORIES]),
    ]


def molecule(name: str) -> Stage:
    """A stage that is a Molecule scenario."""
    return Stage(f"molecule {name}", "3 deployment", [str(BIN / "molecule"), "test", "-s", name])


def scenarios(*, faults: bool = False) -> list[str]:
    """The Molecule scenarios: the roles' own, then the whole path, which takes the engine away; or the slow faults."""
    found = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
    chosen = [name for name in found if name.endswith("-faults") is faults]
    return sorted(chosen, key="default".__eq__)


@dataclass(frozen=True)
class Result:
    """What came of a stage."""

    passed: int
    failed: int
    skipped: int
    seconds: float


def junit_counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a JUnit file."""
    passed = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314  made by pytest a moment ago
        total, bad = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        left = int(suite.get("skipped", 0))
        failed += bad
        skipped += left
        passed += total - bad - left
    return passed, failed, skipped


def environment() -> dict[str, str]:
    """The stages' environment: the tools first on PATH, Ansible and Molecule pointed at this checkout."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
        "ANSIBLE_NOCOLOR": "1" if os.environ.get("CI") else "0",
        "PY_COLORS": "0" if os.environ.get("CI") else "1",
        "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", ""),
    }


def run(stage: Stage) -> Result:
    """Run one stage."""
    print(f"\n=== {stage.name} ===", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [*stage.command, f"--junitxml={report}"] if stage.junit else stage.command
        code = subprocess.run(
            command, cwd=stage.cwd, env=environment(), check=False, stdin=subprocess.DEVNULL
        ).returncode
        counted = stage.junit and report.exists()
        passed, failed, skipped = junit_counts(report) if counted else (int(code == 0), int(code != 0), 0)
    if code == LEFT_OUT:  # a check that this host cannot have, and that has said why
        return Result(0, 0, 0, time.monotonic() - begun)
    if code and not failed:  # a runner that died of something else than a failed test
        failed = 1
    return Result(passed, failed, skipped, time.monotonic() - begun)


def leave_nothing() -> bool:
    """Undo what the tests set up; True when nothing was left behind."""
    if not STATE.exists():
        return True
    print("\n=== clean-up ===", flush=True)
    command = [BIN / "ansible-playbook", *INVENTORIES, "teardown.yml"]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False, stdin=subprocess.DEVNULL).returncode == 0


def main() -> int:
    """Run the chosen stages; the exit code says whether all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="TEXT", help="stages whose name or group has this text")
    parser.add_argument("--faults", action="store_true", help="the slow fault scenarios instead")
    options = parser.parse_args()
    chosen = stages()
    if options.faults:
        needed = [stage for stage in chosen if stage.name == PREPARATION]
        chosen = [*needed, *(molecule(name) for name in scenarios(faults=True))]
    elif options.only:
        chosen = [stage for stage in chosen if options.only in stage.name or options.only == stage.group]
    if not chosen:
        print(
            f"no stage matches {options.only or 'the fault scenarios'}; there are: {', '.join(s.name for s in stages())}"  # noqa: E501
        )
        return 2
    results = []
    try:
        # What kubectl keeps of a cluster's API, in the home folder unless told otherwise.
        with tempfile.TemporaryDirectory(prefix="todo-k8s-kubectl-") as os.environ["KUBECACHEDIR"]:
            results = [(stage, run(stage)) for stage in chosen]
    finally:
        begun = time.monotonic()
        # Linters set nothing up, and a cluster that is being worked with survives them.
        clean = all(stage.group == "lint" for stage in chosen) or leave_nothing()
        last = time.monotonic() - begun
    print("\nStage                                 verdict   passed  failed  skipped  seconds")
    for stage, one in results:
        verdict = "FAILED" if one.failed else "ok" if one.passed else "left out"
        print(f"{stage.name:<38}{verdict:<10}{one.passed:>6}{one.failed:>8}{one.skipped:>9}{one.seconds:>9.1f}")
    print(f"{'clean-up':<38}{'ok' if clean else 'FAILED':<8}{'':>25}{last:>9.1f}")
    for gate in sorted({stage.gate for stage, _ in results}):
        bad = sum(one.failed for stage, one in results if stage.gate == gate)
        print(f"Gate {gate}: {'not passed' if bad else 'passed'}")
    passed = sum(one.passed for _, one in results)
    failed = sum(one.failed for _, one in results) + (not clean)
    if skipped := sum(one.skipped for _, one in results):
        print(f"{skipped} skipped, which counts as neither")
    print(f"Total {sum(one.seconds for _, one in results) + last:.0f} s")
    print(f"{passed} passed, {failed} failed", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
