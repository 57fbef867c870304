"""Times how images come to a node, side by side, on a cluster of its own: this collection, `docker save | ctr import`,
`minikube image load`. Then from a changed line of the todo-backend to the pod serving it.

Takes the application's cluster as it is (`make up` first) for the last step, and for the loads a second, empty profile,
which it removes. Needs root where the engine's store is root's.
Usage: make bench-images ARGS='--rounds 3 --write docs/speed.md'
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from table import machine, write

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ansible_collections.todo.k8s.plugins.module_utils import base_images  # noqa: E402
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore  # noqa: E402
from ansible_collections.todo.k8s.plugins.modules import app_image, minikube_image  # noqa: E402

STATE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
NAMESPACE, SERVICE = "todo", "todo-backend"
PROFILE, APP_PROFILE = "todo-bench", "todo"
PLAYBOOK = [str(ROOT / ".venv/bin/ansible-playbook"), "--extra-vars"]
OWN = {
    "minikube_profile": PROFILE,
    "todo_state_dir": str(STATE / "todo.k8s-bench"),
    "todo_frontend_port": 32040,
    "todo_chatbot_port": 32041,
    "minikube_memory_mb": 3000,
    "minikube_addons": [],
}


@dataclass
class Row:
    """One line of the table: what was done, by what, and its seconds."""

    title: str
    goal: float | None = None
    seconds: list[float] = field(default_factory=list)
    note: str = ""


def run(*command: str, **more) -> str:
    """A command's output; exits with its words when it fails."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if answer.returncode:
        sys.exit(
            f"{' '.join(command)[:200]} ended with {answer.returncode}:\n{answer.stdout[-2000:]}{answer.stderr[-2000:]}"
        )
    return answer.stdout


def timed(action: Callable[[], object]) -> float:
    """An action's wall seconds."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def clear(node: str, references: list[str]) -> None:
    """Take images from a node, with their content, so that a load begins from nothing."""
    names = " ".join(f"docker.io/{reference}" for reference in references)
    script = f"crictl rmi {names} >/dev/null 2>&1; ctr -n k8s.io content prune references >/dev/null 2>&1; sync; true"
    run("docker", "exec", node, "sh", "-c", script)
    left = run("docker", "exec", node, "sh", "-c", "ctr -n k8s.io images ls -q")
    if any(reference in left for reference in references):
        sys.exit(f"{node}: the images could not be removed before the next measurement:\n{left}")


# The ways in which images come to a node


def by_difference(node: str, references: list[str]) -> None:
    """This collection's module, without Ansible around it."""
    options = {
        "images": references,
        "nodes": [node],
        "keep": None,
        "runtime": "containerd",
        "docker_host": "",
        "delta": True,
    }
    minikube_image.Work(options, check=False).present()


def by_pipe(node: str, references: list[str]) -> None:
    """What a person would do who knows containerd."""
    run("sh", "-c", f"docker save {' '.join(references)} | docker exec -i {node} ctr -n k8s.io images import -")


def by_minikube(node: str, references: list[str]) -> None:
    """Minikube's own command."""
    tool = Path(OWN["todo_state_dir"]) / "bin/minikube"
    environ = {**os.environ, "MINIKUBE_HOME": str(Path(OWN["todo_state_dir"]) / "minikube")}
    run(str(tool), "image", "load", f"--profile={node}", *references, env=environ)


WAYS = {
    "this collection": by_difference,
    "`docker save` to `ctr import`": by_pipe,
    "`minikube image load`": by_minikube,
}


# The application's image after a changed line


class Sources:
    """A copy of the todo-backend's sources, of which lines are changed."""

    def __init__(self, folder: Path) -> None:
        self.context = folder / "checkout"
        for name in ("backend", "backend-common"):
            shutil.copytree(
                ROOT / "todo-application" / name,
                self.context / "todo-application" / name,
                ignore=shutil.ignore_patterns(".venv*", "__pycache__"),
            )
        self._file = self.context / "todo-application/backend/app/api/health.py"
        self._original = self._file.read_text()
        if '"ok"' not in self._original:
            sys.exit(f'{self._file}: has no answer "ok" that could be changed; tell bench/images.py the new one.')

    def change(self, mark: str) -> None:
        """Change the line that answers /health."""
        self._file.write_text(self._original.replace('"ok"', f'"{mark}"', 1))

    def build(self, bases: dict) -> str:
        """Build what has changed; returns the image's name."""
        options = {
            "apps": [
                {
                    "name": SERVICE,
                    "context": str(self.context),
                    "dockerfile": "todo-application/backend/Dockerfile",
                    "bases": {"PYTHON_BASE": "python"},
                    "args": {},
                    "target": "",
                    "base": "",
                }
            ],
            "version": "bench",
            "secrets": {},
            "network": "",
            "builder": "auto",
            "cache": True,
            "jobs": 1,
            "timeout": 600,
            "records": None,
        }
        authorities = "/etc/ssl/certs/ca-certificates.crt"
        if Path(authorities).exists():
            options["secrets"] = {"ca_bundle": authorities}
        work = app_image.Work(options, ImageStore(), bases)
        return work.make(work.plan())[SERVICE]["ref"]


def python_base(reference: str) -> dict:
    """The base that the running todo-backend was built on, as base_image returns it."""
    store = ImageStore()
    base = (store.inspect(reference) or {}).get("Config", {}).get("Labels", {}).get("todo.k8s/base", "")
    name, _colon, key = base.partition(":")
    made = f"todo-k8s/base-{name}:{key}"
    found = store.inspect(made)
    if not found:
        sys.exit(f"{reference}: its base {made} is not in the engine; run `make up` first.")
    return {"python": {"ref": made, "key": base_images.content_key(found), "id": found["Id"]}}


def kubectl(*words: str) -> str:
    """kubectl in the application's cluster."""
    tool = STATE / "todo.k8s/bin/kubectl"
    return run(str(tool), "--context", APP_PROFILE, "--namespace", NAMESPACE, *words)


def wait_served(mark: str, address: str, seconds: float = 60) -> None:
    """Until the service answers with the changed line, from every pod that it has."""
    end = time.monotonic() + seconds
    ask = ["docker", "exec", APP_PROFILE, "curl", "-s", "-m", "1", f"http://{address}:8000/health"]
    while time.monotonic() < end:
        if mark in subprocess.run(ask, capture_output=True, text=True, check=False).stdout:
            return
        time.sleep(0.05)
    sys.exit(f"{SERVICE}: the changed line was not served within {seconds} s.")


def change_to_serving(sources: Sources, bases: dict, mark: str, rows: dict[str, Row]) -> None:
    """From a changed line to the pod that serves it, in its parts."""
    address = kubectl("get", "service", SERVICE, "--output=jsonpath={.spec.clusterIP}")
    sources.change(mark)
    begun = time.monotonic()
    image = sources.build(bases)
    built = time.monotonic()
    by_difference(APP_PROFILE, [image])
    loaded = time.monotonic()
    container = kubectl("get", "deployment", SERVICE, "--output=jsonpath={.spec.template.spec.containers[0].name}")
    kubectl("set", "image", f"deployment/{SERVICE}", f"{container}={image}")
    wait_served(mark, address)
    served = time.monotonic()
    for name, value in {
        "build": built - begun,
        "load": loaded - built,
        "roll": served - loaded,
        "all": served - begun,
    }.items():
        rows[name].seconds.append(value)


def table(groups: list[tuple[str, list[Row]]], rounds: int) -> str:
    """All rows, in Markdown."""
    lines = [
        f"{rounds} rounds, wall seconds; {machine()}.",
        "",
        "| step | by | min | median | max | goal | |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, rows in groups:
        for row in rows:
            if not row.seconds:
                continue
            median = statistics.median(row.seconds)
            verdict = "" if row.goal is None else ("met" if median <= row.goal else "**not met**")
            goal = "" if row.goal is None else f"{row.goal:.2g}"
            figures = f"{min(row.seconds):.2f} | {median:.2f} | {max(row.seconds):.2f}"
            lines.append(
                f"| {title} | {row.title} | {figures} | {goal} | {' '.join(filter(None, [verdict, row.note]))} |"
            )
    return "\n".join(lines)


def measure(rounds: int) -> str:
    """Everything; returns the table."""
    deployed = json.loads(kubectl("get", "deployments", "--output=json"))["items"]
    images = [item["spec"]["template"]["spec"]["containers"][0]["image"] for item in deployed]
    backend = next(image for image in images if image.startswith(f"todo-k8s/{SERVICE}:"))
    bases = python_base(backend)
    first, unchanged, changed = ([Row(way) for way in WAYS] for _ in range(3))
    parts = {
        name: Row(title)
        for name, title in {"build": "build", "load": "load", "roll": "new pod, until it serves", "all": "all"}.items()
    }
    parts["all"].goal, parts["build"].goal, parts["load"].goal, parts["roll"].goal = 8, 1, 0.5, 5
    unchanged[0].goal, changed[0].goal = 0.5, 0.5
    with tempfile.TemporaryDirectory() as name:
        sources = Sources(Path(name))
        for number in range(1, rounds + 1):
            ways = list(enumerate(WAYS.items()))
            # Whoever is first in a round reads the layers from the disk: each in its turn.
            for at, (way, load) in ways[number % len(ways) :] + ways[: number % len(ways)]:
                clear(PROFILE, images)
                first[at].seconds.append(timed(lambda load=load: load(PROFILE, images)))
                unchanged[at].seconds.append(timed(lambda load=load: load(PROFILE, images)))
                sources.change(f"{number}.{at}.{time.time():.0f}")
                image = sources.build(bases)
                changed[at].seconds.append(timed(lambda load=load, image=image: load(PROFILE, [image])))
                clear(PROFILE, [image])
                print(
                    f"round {number}: {way}: {first[at].seconds[-1]:.2f} {unchanged[at].seconds[-1]:.2f} "
                    f"{changed[at].seconds[-1]:.2f} s",
                    flush=True,
                )
            change_to_serving(sources, bases, f"{number}.serving.{time.time():.0f}", parts)
            print(f"round {number}: changed line to serving pod: {parts['all'].seconds[-1]:.2f} s", flush=True)
    container = kubectl("get", "deployment", SERVICE, "--output=jsonpath={.spec.template.spec.containers[0].name}")
    kubectl("set", "image", f"deployment/{SERVICE}", f"{container}={backend}")
    first[0].goal = statistics.median(first[1].seconds)
    times = statistics.median(changed[2].seconds) / statistics.median(changed[0].seconds)
    changed[0].note = f"{times:.0f} times faster than Minikube"
    return table(
        [
            ("first load of the five images", first),
            ("load with nothing changed", unchanged),
            ("load after one changed line", changed),
            ("changed line to serving pod", list(parts.values())),
        ],
        rounds,
    )


def main() -> None:
    """Run all rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    options = parser.parse_args()
    print("a second, empty profile: coming up", flush=True)
    run(*PLAYBOOK, json.dumps(OWN), "playbooks/provision.yml", cwd=ROOT)
    try:
        text = measure(options.rounds)
    finally:
        gone = {
            "state": "absent",
            "profile": PROFILE,
            "home": f"{OWN['todo_state_dir']}/minikube",
            "binary": f"{OWN['todo_state_dir']}/bin/minikube",
        }
        environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT)}
        ansible = str(ROOT / ".venv/bin/ansible")
        run(ansible, "localhost", "-m", "todo.k8s.minikube", "-a", json.dumps(gone), cwd=ROOT, env=environ)
        shutil.rmtree(OWN["todo_state_dir"], ignore_errors=True)
    print(f"\n{text}")
    if options.write:
        write(options.write, text, "images")


if __name__ == "__main__":
    main()
