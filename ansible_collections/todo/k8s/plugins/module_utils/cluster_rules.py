"""Whether somebody else's cluster can take the application, judged from what its API said: no I/O in here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils.preflight_rules import ERROR, WARNING, finding

DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class"
DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class"
#: Group and resource by which a user of OpenShift asks for a namespace.
PROJECT_REQUEST = ("project.openshift.io", "projectrequests", "create")
NAMESPACE_CREATE = ("", "namespaces", "create")

Right = tuple[str, str, str]


@dataclass(frozen=True)
class Wants:
    """What is asked of the cluster. `rights` are (API group, resource, verb); `node_ports` are to be free."""

    namespace: str
    minimum: str
    rights: tuple[Right, ...] = ()
    storage: bool = True
    storage_class: str = ""
    ingress: bool = False
    ingress_class: str = ""
    node_ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the API said. None is what this user may not see; it is then no finding."""

    version: str
    namespace: bool | None
    allowed: Mapping[Right, bool] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    storage_classes: Sequence[Mapping[str, Any]] | None = None
    ingress_classes: Sequence[Mapping[str, Any]] | None = None
    services: Sequence[Mapping[str, Any]] | None = None
    nodes: Sequence[Mapping[str, Any]] | None = None


def rights_of(needs: Iterable[Mapping[str, Any]]) -> tuple[Right, ...]:
    """Each (group, resource, verb) of a list of {group, resources, verbs}."""
    return tuple(
        (need.get("group") or "", resource, verb)
        for need in needs
        for resource in need["resources"]
        for verb in need["verbs"]
    )


def review(right: Right, namespace: str) -> dict[str, Any]:
    """The SelfSubjectAccessReview that asks for one right; without a namespace for the whole cluster."""
    group, resource, verb = right
    kind, _slash, part = resource.partition("/")
    asked = {"group": group, "resource": kind, "subresource": part, "verb": verb, "namespace": namespace}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value or key == "group"}},
    }


def number(version: str) -> tuple[int, int]:
    """Major and minor number of v1.34.3, 1.28 or v1.31.7-eks-1; (0, 0) for anything else."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def needs_project(seen: Seen) -> bool:
    """Whether the namespace has to be asked for as a project: it is missing, and this user may only do that."""
    may = seen.allowed
    return seen.namespace is False and not may.get(NAMESPACE_CREATE) and bool(may.get(PROJECT_REQUEST))


def node_address(nodes: Sequence[Mapping[str, Any]] | None) -> str:
    """An address of a ready node, the outer one where there is one; empty where none is known."""
    for kind in ("ExternalIP", "InternalIP"):
        for node in nodes or []:
            ready = any(
                item["type"] == "Ready" and item["status"] == "True" for item in node["status"].get("conditions") or []
            )
            found = [item["address"] for item in node["status"].get("addresses") or [] if item["type"] == kind]
            if ready and found:
                return found[0]
    return ""


def judge(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    """Every finding at once: errors for what makes the deployment impossible, warnings for what is doubtful."""
    return [
        *_version(wants, seen),
        *_namespace(wants, seen),
        *_rights(wants, seen),
        *_storage(wants, seen),
        *_ingress(wants, seen),
        *_node_ports(wants, seen),
    ]


def _version(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    if number(seen.version) >= number(wants.minimum):
        return []
    remedy = "upgrade the cluster, or name another one with cluster_context"
    return [finding(ERROR, "Kubernetes", seen.version, f"{wants.minimum} or later", remedy)]


def _namespace(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    if seen.namespace is not False or seen.allowed.get(NAMESPACE_CREATE) or needs_project(seen):
        return []
    remedy = "have an administrator make it, or set release_namespace to one that you may use"
    found = "no such namespace, and this user may not make one"
    return [finding(ERROR, f"namespace {wants.namespace}", found, "the namespace or the right to make it", remedy)]


def _rights(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    if needs_project(seen):
        return []  # who asks for a project becomes its administrator
    lacking: dict[str, list[str]] = {}
    for group, resource, verb in wants.rights:
        if seen.allowed.get((group, resource, verb)) is False:
            lacking.setdefault(f"{resource}.{group}".rstrip("."), []).append(verb)
    if not lacking:
        return []
    found = "no right to " + "; ".join(f"{', '.join(verbs)} {name}" for name, verbs in lacking.items())
    remedy = f"have an administrator bind the ClusterRole `admin` to this user in {wants.namespace}"
    return [finding(ERROR, f"rights in namespace {wants.namespace}", found, "all of these", remedy)]


def _storage(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    if not wants.storage:
        return []
    lacking = ERROR, "storage class", "one for the database's volume"
    return _class(seen.storage_classes, wants.storage_class, DEFAULT_STORAGE, "cluster_storage_class", lacking)


def _ingress(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    if not wants.ingress:
        return []
    lacking = WARNING, "ingress class", "a controller that serves the ingress"
    return _class(seen.ingress_classes, wants.ingress_class, DEFAULT_INGRESS, "cluster_ingress_class", lacking)


def _class(
    found: Sequence[Mapping[str, Any]] | None, name: str, default: str, setting: str, lacking: tuple[str, str, str]
) -> list[dict[str, str]]:
    """A class that is named has to be there, otherwise there has to be a default one.

    Args:
        found: the classes; None where the user may not see them.
        name: the class that is wanted; empty for the default.
        default: annotation of the default one.
        setting: what people set to name one.
        lacking: severity without a default, subject, and what it is needed for.
    """
    severity, subject, needed = lacking
    if found is None:
        return []
    names = _names(found)
    if name and name not in names:
        text = f"not among {', '.join(names) or 'none'}"
        return [finding(ERROR, f"{subject} {name}", text, "one of the cluster", f"set {setting} to one of them")]
    if not name and not _default(found, default):
        text = f"none that is the default ({', '.join(names) or 'there is none at all'})"
        return [finding(severity, subject, text, needed, f"set {setting}")]
    return []


def _node_ports(wants: Wants, seen: Seen) -> list[dict[str, str]]:
    found = []
    for service in seen.services or []:
        meta = service["metadata"]
        ports = {port.get("nodePort") for port in service["spec"].get("ports") or []} & set(wants.node_ports)
        if meta["namespace"] == wants.namespace:
            continue
        for port in sorted(ports):
            taken = f"taken by Service {meta['namespace']}/{meta['name']}"
            remedy = "set cluster_todo_node_port and cluster_chatbot_node_port to free ones, or 0 to be given one"
            found.append(finding(ERROR, f"node port {port}", taken, "a free one", remedy))
    return found


def _names(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(item["metadata"]["name"] for item in objects)


def _default(objects: Sequence[Mapping[str, Any]], annotation: str) -> bool:
    return any((item["metadata"].get("annotations") or {}).get(annotation) == "true" for item in objects)
