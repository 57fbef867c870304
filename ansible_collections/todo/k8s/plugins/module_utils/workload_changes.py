"""Small changes to Deployments that an operation needs: decisions without I/O, each a merge patch or None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: On a paused Deployment: the replicas it had, so that also another run can give them back.
PAUSED_ANNOTATION = "todo.k8s/replicas-before-pause"


def _annotations(metadata: Mapping[str, Any] | None) -> Mapping[str, str]:
    return (metadata or {}).get("annotations") or {}


def pause(deployment: Mapping[str, Any]) -> dict[str, Any] | None:
    """The patch that stops a Deployment's pods; None where it is paused already."""
    replicas = deployment["spec"].get("replicas", 1)
    kept = _annotations(deployment["metadata"]).get(PAUSED_ANNOTATION)
    if kept is not None and replicas == 0:
        return None
    # A number kept by an interrupted run is not overwritten.
    note = {"annotations": {PAUSED_ANNOTATION: kept if kept is not None else str(replicas)}}
    return {"metadata": note, "spec": {"replicas": 0}}


def resume(deployment: Mapping[str, Any]) -> dict[str, Any] | None:
    """The patch that gives a paused Deployment its replicas back; None where it is not paused."""
    kept = _annotations(deployment["metadata"]).get(PAUSED_ANNOTATION)
    if kept is None:
        return None
    note = {"annotations": {PAUSED_ANNOTATION: None}}
    return {"metadata": note, "spec": {"replicas": int(kept) if kept.isdigit() else 1}}


def restart(deployment: Mapping[str, Any], revisions: Mapping[str, str], annotation: str) -> dict[str, Any] | None:
    """The patch that brings the marks on a Deployment's pods up to date; None where they are.

    Only marks that the chart has put there are changed: a pod without one does not care for that key. As the chart
    would write the same, the next deployment restarts nothing.

    Args:
        revisions: key of the Secret to its mark.
        annotation: name of the annotation, with {key} for the key.
    """
    found = _annotations(deployment["spec"]["template"].get("metadata"))
    named = {annotation.format(key=key): mark for key, mark in revisions.items()}
    changed = {name: mark for name, mark in named.items() if name in found and found[name] != mark}
    return {"spec": {"template": {"metadata": {"annotations": changed}}}} if changed else None
