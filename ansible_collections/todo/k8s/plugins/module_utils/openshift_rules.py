"""What is different on OpenShift: decisions on what its API says, no I/O in here.

Facts from OpenShift's public documentation: a namespace there belongs to a project, which users ask for by a
ProjectRequest. The security context constraint restricted-v2 gives pods a user id of the namespace's own range
(annotation openshift.io/sa.scc.uid-range) and group 0, and refuses pods that name another one. DNS pods are in
openshift-dns and listen on 5353. A Route publishes a Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

UID_RANGE = "openshift.io/sa.scc.uid-range"
#: Groups that only OpenShift serves; all of them are used.
GROUPS = frozenset({"route.openshift.io", "project.openshift.io", "security.openshift.io"})


def is_openshift(groups: Iterable[str]) -> bool:
    """Whether a cluster with these API groups is OpenShift."""
    return set(groups) >= GROUPS


def has_routes(groups: Iterable[str]) -> bool:
    """Whether the cluster knows Routes, which others may as well."""
    return "route.openshift.io" in set(groups)


def project_request(name: str, title: str) -> dict[str, Any]:
    """The request for a project, by which its user becomes its administrator."""
    return {
        "apiVersion": "project.openshift.io/v1",
        "kind": "ProjectRequest",
        "metadata": {"name": name},
        "displayName": title,
        "description": "Made by todo.k8s",
    }


def uid_range(project: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """First user id and number of user ids of a project's pods; None where it does not say."""
    text = (((project or {}).get("metadata") or {}).get("annotations") or {}).get(UID_RANGE, "")
    first, slash, size = text.partition("/")
    return (int(first), int(size)) if slash and first.isdigit() and size.isdigit() else None


def chart_values() -> dict[str, Any]:
    """What the chart is told: no user ids, as the cluster deals them out, and where DNS is."""
    return {"arbitraryUid": True, "networkPolicy": {"dns": {"namespace": "openshift-dns", "ports": [5353]}}}
