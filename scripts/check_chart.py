"""Gate 2: the chart lints without a finding, renders exactly its objects, refuses wrong values and passes its suites.

A validator that rendered nothing passes, so the objects are counted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parent.parent / "k8s/helm-charts/todo-app"
SERVICES = ["todoBackend", "chatbotBackend", "todoFrontend", "chatbotFrontend", "postgresql"]
TAGS = [f"--set-string={service}.image.tag=0e12" for service in SERVICES]
OBJECTS = {"Deployment": 5, "Service": 5, "ConfigMap": 1, "PersistentVolumeClaim": 1}
NEEDED = {"startupProbe", "readinessProbe", "livenessProbe", "resources", "securityContext"}
LOCAL = ["-f", str(CHART / "values-local.yaml")]
#: What has to be refused: arguments of `helm template`, and a part of the message.
REFUSED = {
    "an empty tag": ([*LOCAL, "--set=todoBackend.image.tag="], "todoBackend.image.tag is empty"),
    "the tag latest": ([*LOCAL, "--set=postgresql.image.tag=latest"], "postgresql.image.tag is latest"),
    "an unknown setting": ([*LOCAL, "--set=todoBackend.replica=2"], "replica"),
    "a second database": ([*LOCAL, "--set=postgresql.replicas=2"], "/postgresql/replicas"),
    "a privileged container": ([*LOCAL, "--set=todoFrontend.securityContext.privileged=true"], "privileged"),
    "a Secret without a password": ([*LOCAL, "--set=secret.create=true"], "secret.values.POSTGRES_PASSWORD is empty"),
    "an old Kubernetes": ([*LOCAL, "--kube-version=1.27.0"], "incompatible"),
}


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def lint(helm: Path, name: str, values: list[str]) -> list[str]:
    """Findings of `helm lint --strict`; its tag messages for the bare defaults go to stderr and are wanted."""
    done = call(helm, "lint", "--strict", CHART, *values)
    findings = [line for line in done.stdout.splitlines() if line.startswith(("[INFO]", "[WARNING]", "[ERROR]"))]
    if done.returncode and not findings:
        findings = [done.stderr.strip()]
    return [f"lint with {name}: {finding}" for finding in findings]


def render(helm: Path, name: str, values: list[str]) -> list[str]:
    """What is wrong with the rendered objects."""
    done = call(helm, "template", "todo-app", CHART, "--namespace", "todo", *values)
    if done.returncode:
        return [f"rendering with {name}: {done.stderr.strip()}"]
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    kinds = Counter(item["kind"] for item in objects)
    wrong = [] if kinds == OBJECTS else [f"rendering with {name}: found {dict(kinds)}, needed {OBJECTS}"]
    for item in objects:
        if item["metadata"].get("namespace") != "todo":
            wrong.append(f"rendering with {name}: {item['kind']} {item['metadata']['name']} is not in the namespace")
        if item["kind"] != "Deployment":
            continue
        for container in item["spec"]["template"]["spec"]["containers"]:
            missing = {"startupProbe", "readinessProbe", "livenessProbe", "resources", "securityContext"} - set(
                container
            )
            if missing:
                wrong.append(f"rendering with {name}: {container['name']} lacks {', '.join(sorted(missing))}")
    return wrong


def refusals(helm: Path) -> list[str]:
    """Wrong values that the chart takes, or refuses for another reason."""
    wrong = []
    for name, (arguments, said) in REFUSED.items():
        done = call(helm, "template", "todo-app", CHART, *arguments)
        if done.returncode == 0:
            wrong.append(f"{name}: found it accepted, needed a refusal")
        elif said not in done.stderr:
            wrong.append(f"{name}: refused with {done.stderr.strip()!r}, needed a message with {said!r}")
    return wrong


def suites(unittest: Path) -> list[str]:
    """Run the suites of `tests/`; their output is printed."""
    done = call(unittest, CHART)
    print(done.stdout.rstrip())
    ran = re.search(r"^Tests: +(\d+) passed, (\d+) total", done.stdout, re.MULTILINE)
    if done.returncode == 0 and ran and ran[1] == ran[2] != "0":
        return []
    return [f"helm unittest: {done.stderr.strip() or 'see above'}"]


def main() -> int:
    """Check; the exit code says whether nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=Path, help="folder with helm and helm-unittest")
    tools = parser.parse_args().bin_dir
    environments = {"values-local.yaml": [], "values-ci.yaml": [], "values-production.yaml": TAGS}
    wrong = lint(tools / "helm", "the defaults", [])
    for name, more in environments.items():
        values = ["-f", str(CHART / name), *more]
        wrong += lint(tools / "helm", name, values) + render(tools / "helm", name, values)
    wrong += refusals(tools / "helm") + suites(tools / "helm-unittest")
    for line in wrong:
        print(line)
    print(f"chart: {'nothing wrong' if not wrong else f'{len(wrong)} wrong'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
