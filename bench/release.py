"""Times an installation of the chart with the images in place, from `helm install` to all pods ready, in a namespace of
its own; then counts requests that fail while the services of the running application roll (tests/cluster).

Needs a running `make up`. Usage: make bench-release ARGS='--rounds 3 --requests 10000 --write docs/speed.md'
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from table import machine, write

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
CHART = ROOT / "k8s/helm-charts/todo-app"
NAMESPACE, OWN = "todo", "todo-bench-release"
WORKLOADS = ("postgresql", "todo-backend", "chatbot-backend", "todo-frontend", "chatbot-frontend")
READY_SECONDS = 20  # of issue 8: on 2 cores, with the images present
WAIT_SECONDS = 180
#: Beside the installation that is measured the running one has its share of the node.
SMALL = {"resources": {"requests": {"cpu": "10m"}}}


class Cluster:
    """helm and kubectl of one profile."""

    def __init__(self, profile: str, state: Path) -> None:
        self._tools, self._profile = state / "bin", profile

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl says; exits with its words when it fails."""
        return self._run(self._tools / "kubectl", f"--context={self._profile}", *arguments, stdin=stdin)

    def helm(self, *arguments: str, stdin: str | None = None) -> str:
        """What helm says; exits with its words when it fails."""
        return self._run(self._tools / "helm", f"--kube-context={self._profile}", *arguments, stdin=stdin)

    @property
    def kubectl_command(self) -> str:
        """The command for tests/cluster."""
        return f"{self._tools / 'kubectl'} --context={self._profile}"

    @staticmethod
    def _run(*command: str | Path, stdin: str | None) -> str:
        answer = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, input=stdin
        )
        if answer.returncode:
            sys.exit(f"{' '.join(map(str, command))[:200]} ended with {answer.returncode}:\n{answer.stderr[-2000:]}")
        return answer.stdout


def values(cluster: Cluster) -> str:
    """The running release's values, without its node ports, as JSON."""
    found = json.loads(cluster.helm("get", "values", "todo-app", f"--namespace={NAMESPACE}", "--output=json"))
    inside = {"service": {"type": "ClusterIP", "nodePort": None}}
    for key in ("todoBackend", "chatbotBackend", "todoFrontend", "chatbotFrontend", "postgresql"):
        found[key] = {**found.get(key, {}), **SMALL, **(inside if key.endswith("Frontend") else {})}
    return json.dumps(found)


def prepare(cluster: Cluster) -> None:
    """The namespace with its Secret."""
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "app-secrets", "namespace": OWN},
            "stringData": {name: secrets.token_hex(32) for name in ("POSTGRES_PASSWORD", "JWT_SECRET_KEY")},
        },
    ]
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def installed(cluster: Cluster, given: str) -> dict[str, float]:
    """Install once: seconds from the beginning until each workload was ready, and until `helm install` was through."""
    begun = time.monotonic()
    cluster.helm("install", "todo-app", str(CHART), f"--namespace={OWN}", "--values=-", stdin=given)
    seconds = {"helm install": time.monotonic() - begun}

    def ready(name: str) -> float:
        cluster.kubectl(
            "wait",
            f"deployment/{name}",
            "--for=condition=Available",
            f"--namespace={OWN}",
            f"--timeout={WAIT_SECONDS}s",
        )
        return time.monotonic() - begun

    with ThreadPoolExecutor(len(WORKLOADS)) as pool:
        seconds |= dict(zip(WORKLOADS, pool.map(ready, WORKLOADS), strict=True))
    return seconds


def installations(cluster: Cluster, rounds: int) -> list[str]:
    """The first table."""
    given, taken = values(cluster), []
    for number in range(rounds):
        prepare(cluster)
        try:
            taken.append(installed(cluster, given))
        finally:
            cluster.kubectl("delete", "namespace", OWN, "--wait=true", "--ignore-not-found")
        print(f"round {number + 1} of {rounds}: all ready after {max(taken[-1].values()):.1f} s", flush=True)
    lines = ["| from `helm install` until | min | median | max | goal | |", "|---|---|---|---|---|---|"]
    rows = {f"`{name}` is ready": [one[name] for one in taken] for name in WORKLOADS}
    rows = {"it has answered": [one["helm install"] for one in taken], **rows}
    for title, seconds in {**rows, "all pods are ready": [max(one.values()) for one in taken]}.items():
        goal = READY_SECONDS if title.startswith("all") else ""
        verdict = ("met" if statistics.median(seconds) <= READY_SECONDS else "**not met**") if goal else ""
        figures = f"{min(seconds):.1f} | {statistics.median(seconds):.1f} | {max(seconds):.1f}"
        lines.append(f"| {title} | {figures} | {goal} | {verdict} |")
    return lines


def rolling(cluster: Cluster, requests: int, ports: tuple[int, int]) -> list[str]:
    """The second table: tests/cluster, with as many requests as asked for."""
    environment = {
        **os.environ,
        "REQUESTS": str(requests),
        "TODO_URL": f"http://127.0.0.1:{ports[0]}",
        "CHATBOT_URL": f"http://127.0.0.1:{ports[1]}",
        "NAMESPACE": NAMESPACE,
        "KUBECTL": cluster.kubectl_command,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-s", "tests/cluster", "-k", "rolls"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    made = re.search(r"(\d+) requests, (\d+) failed", answer.stdout)
    if answer.returncode or not made:
        sys.exit(f"tests/cluster ended with {answer.returncode}:\n{answer.stdout[-3000:]}")
    print(made[0], flush=True)
    return [
        "| while each service rolls, one after the other | requests | failed | goal | |",
        "|---|---|---|---|---|",
        f"| pages, tasks and chat, four people, kept connections | {made[1]} | {made[2]} | 0 of 10000 | met |",
    ]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--profile", default="todo")
    parser.add_argument("--state", type=Path, default=STATE / "todo.k8s")
    parser.add_argument("--ports", type=int, nargs=2, default=(30000, 30001), help="of the pages on this host")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page")
    options = parser.parse_args()
    cluster = Cluster(options.profile, options.state)
    first = installations(cluster, options.rounds)
    second = rolling(cluster, options.requests, tuple(options.ports))
    text = "\n".join([f"{options.rounds} rounds, wall seconds; {machine()}.", "", *first, "", *second])
    print(text)
    if options.write:
        write(options.write, text, "release")


if __name__ == "__main__":
    main()
