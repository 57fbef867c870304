"""What Minikube's JSON output says: its steps in words, its errors, and how long each phase took. Pure."""

from __future__ import annotations

import json

from ansible_collections.todo.k8s.plugins.module_utils.redact import redact

# Minikube's step names, and the phase they begin.
PHASES = {
    "Initial Minikube Setup": "setup",
    "Selecting Driver": "setup",
    "Starting Node": "setup",
    "Pulling Base Image": "setup",
    "Creating Container": "node_container",
    "Updating Driver": "node_container",
    "Preparing Kubernetes": "kubernetes",
    "Generating certificates": "kubernetes",
    "Booting up control plane": "kubernetes",
    "Configuring RBAC rules": "kubernetes",
    "Configuring CNI": "kubernetes",
    "Verifying Kubernetes": "readiness",
    "Enabling Addons": "default_addons",
    "Done": "default_addons",
}


def parse(line: str) -> dict:
    """One line of output: {type, step, total, name, message}; plain text is of type `text`.

    Minikube tells the proxies it uses, passwords and all: they are left out.
    """
    line = redact(line)
    try:
        event = json.loads(line)
        data = event["data"]
    except (ValueError, KeyError, TypeError):
        return {"type": "text", "message": " ".join(line.split())}
    return {
        "type": event.get("type", "").rpartition(".")[2],
        "step": data.get("currentstep", ""),
        "total": data.get("totalsteps", ""),
        "name": data.get("name", ""),
        "message": " ".join((data.get("message") or "").split()),
        "advice": " ".join((data.get("advice") or "").split()),
        "exitcode": data.get("exitcode", ""),
    }


NOISE = (
    'The "docker" driver should not be used with root',
    "If you are running minikube within a VM",
    "https://",
    "Tip: ",
    "To pull new external images",
)


def is_noise(event: dict) -> bool:
    """Whether an error event is none: advice that Minikube gives on every start."""
    return event["message"].startswith(NOISE)


def is_step(event: dict) -> bool:
    """Whether the event begins a step."""
    return event["type"] == "step" and bool(event["step"])


def words(event: dict, elapsed: float) -> str:
    """A step for people, with the seconds since the command began."""
    return f"minikube: step {event['step']} of {event['total'] or '?'}, {elapsed:.0f} s: {event['message']}"


def phase_seconds(steps: list[tuple[float, str]], end: float) -> dict[str, float]:
    """Seconds of each phase, from (seconds since the begin, step's name) in order and the seconds at the end.

    A step that is not known belongs to the phase before it.
    """
    found: dict[str, float] = {}
    phase, since = "setup", 0.0
    for moment, name in steps:
        following = PHASES.get(name, phase)
        if following != phase:
            found[phase] = found.get(phase, 0.0) + moment - since
            phase, since = following, moment
    found[phase] = found.get(phase, 0.0) + end - since
    return {name: round(seconds, 1) for name, seconds in found.items()}
