"""A Deployment without pods for a while, and back: decisions without I/O, each a merge patch or None."""

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
