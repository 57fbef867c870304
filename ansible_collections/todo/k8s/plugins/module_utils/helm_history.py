"""What state a Helm release is in and what has to happen before Helm can deploy again: decisions without any I/O.

Helm keeps each revision as a Secret labelled owner=helm, name=RELEASE, version=N and status=… . A helm process that is
killed leaves a revision in `pending-*`, and then refuses every later operation ("another operation is in progress").
"""

from __future__ import annotations

from dataclasses import dataclass

PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
#: Statuses that hold up the next deployment, or hide from it that the last one did not come through.
BROKEN = (*PENDING, "failed", "uninstalling")


@dataclass(frozen=True)
class Revision:
    """One revision of a release."""

    number: int
    status: str


@dataclass(frozen=True)
class Repair:
    """`action` is none, rollback (to revision `to`) or uninstall; `msg` says why."""

    action: str
    msg: str
    to: int | None = None


def revisions(secrets: list[dict]) -> list[Revision]:
    """Revisions in ascending order from the labels of Helm's Secrets (each a dict of its labels)."""
    found = [
        Revision(int(labels["version"]), labels.get("status", "unknown"))
        for labels in secrets
        if labels.get("owner") == "helm" and str(labels.get("version", "")).isdigit()
    ]
    return sorted(found, key=lambda revision: revision.number)


def decide(name: str, history: list[Revision]) -> Repair:
    """What to do so that `helm upgrade --install` works and compares with what is really deployed."""
    if not history:
        return Repair("none", f"Release {name}: there is none")
    last = history[-1]
    if last.status not in BROKEN:
        return Repair("none", f"Release {name}: revision {last.number} is {last.status}")
    found = f"Release {name}: revision {last.number} was left {last.status}"
    deployed = [revision.number for revision in history if revision.status == "deployed"]
    if last.status == "uninstalling":
        return Repair("uninstall", f"{found}; its removal is finished")
    if not deployed:
        return Repair("uninstall", f"{found} and nothing was deployed before it; it is uninstalled to start afresh")
    return Repair("rollback", f"{found}; rolled back to revision {deployed[-1]}, the last one deployed", deployed[-1])


def command(binary: str, repair: Repair, name: str, namespace: str, context: str | None) -> list[str]:
    """Helm's argument list for a repair."""
    where = ["--namespace", namespace, *(["--kube-context", context] if context else [])]
    if repair.action == "rollback":
        return [binary, "rollback", name, str(repair.to), "--history-max", "5", *where]
    return [binary, "uninstall", name, "--ignore-not-found", *where]
