"""A Secret read from the API and written back without undoing another writer's work."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from ansible_collections.todo.k8s.plugins.module_utils.kube import Answer, Kube, KubeError, list_path
from ansible_collections.todo.k8s.plugins.module_utils.secret_plan import REVISIONS_ANNOTATION, revisions_of

#: Another writer may be faster; then the decision is taken again on what is there now.
ATTEMPTS = 3


def read(kube: Kube, namespace: str, name: str) -> dict | None:
    """The Secret as the plans want it, with `version` for a safe write; None when there is none."""
    found = kube.get("secrets", namespace, name)
    if found is None:
        return None
    metadata = found["metadata"]
    return {
        "data": {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()},
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        "immutable": bool(found.get("immutable")),
        "version": metadata["resourceVersion"],
    }


def write(
    kube: Kube,
    namespace: str,
    name: str,
    existing: dict | None,
    data: Mapping[str, bytes | None],
    revisions: Mapping[str, str],
    labels: Mapping[str, str],
) -> None:
    """Create or patch; a patch names the version it was decided on.

    Args:
        existing: what `read` gave.
        data: keys to write; None removes one.
        revisions: marks of keys; those of other keys stay.
        labels: labels to set; others stay.

    Raises:
        KubeError: with the HTTP status and the server's message; 409 when another writer was faster.
    """
    metadata: dict = {"name": name, "labels": dict(labels)}
    body: dict = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    if data or existing is None:
        marks = {**revisions_of(existing), **revisions}
        metadata["annotations"] = {REVISIONS_ANNOTATION: json.dumps(marks, sort_keys=True)}
        body["data"] = {key: None if value is None else base64.b64encode(value).decode() for key, value in data.items()}
    path, method, kind = list_path("secrets", namespace), "POST", "application/json"
    if existing is not None:
        metadata["resourceVersion"] = existing["version"]
        path, method, kind = f"{path}/{quote(name, safe='')}", "PATCH", "application/merge-patch+json"
    answer = kube.request(method, path, headers={"Content-Type": kind}, body=json.dumps(body).encode())
    if answer.status not in (200, 201):
        remedy = ". Create the namespace first." if answer.status == 404 else ""
        raise KubeError(f"the API server answers {answer.status}: {server_message(answer)}{remedy}", answer.status)


def server_message(answer: Answer) -> str:
    """What the server says about an error: the message of its Status object, else the text."""
    try:
        return json.loads(answer.body)["message"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
