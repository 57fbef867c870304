"""Deployments changed through the API, and their pods seen to be gone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ansible_collections.todo.k8s.plugins.module_utils import progress
from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError, list_path
from ansible_collections.todo.k8s.plugins.module_utils.secret_store import server_message

Decide = Callable[[Mapping[str, Any]], dict[str, Any] | None]


def change(kube: Kube, namespace: str, names: Sequence[str], decide: Decide, check_mode: bool) -> list[str]:
    """Patch those that the decision wants changed.

    Returns:
        Their names, also in check mode, in which nothing is sent.

    Raises:
        KubeError: where one does not exist or the server refuses.
    """
    changed = []
    for name in names:
        deployment = kube.get("deployments", namespace, name)
        if deployment is None:
            raise KubeError(
                f"Deployment {name} of {namespace}: found none; needed: the running installation; remedy: `make up`",
                404,
            )
        patch = decide(deployment)
        if patch is None:
            continue
        changed.append(name)
        if check_mode:
            continue
        answer = kube.request(
            "PATCH",
            f"{list_path('deployments', namespace)}/{quote(name, safe='')}",
            headers={"Content-Type": "application/merge-patch+json"},
            body=json.dumps(patch).encode(),
        )
        if answer.status != 200:
            raise KubeError(
                f"Deployment {name} of {namespace}: the API server answers {answer.status} {server_message(answer)};"
                " needed: the right to change it; remedy: use credentials that may",
                answer.status,
            )
    return changed


def wait_until_gone(kube: Kube, namespace: str, names: Sequence[str], timeout: float) -> None:
    """Wait until no pod of these Deployments is left, those included that are shutting down.

    Raises:
        KubeError: where some are left when the time is over.
    """
    deadline = time.monotonic() + timeout
    selectors = []
    for name in names:
        labels = (kube.get("deployments", namespace, name) or {"spec": {}})["spec"].get("selector", {})
        selectors.append(",".join(f"{key}={value}" for key, value in labels.get("matchLabels", {}).items()))
    told: list[str] = []
    while left := [
        pod["metadata"]["name"]
        for selector in selectors
        if selector
        for pod in kube.list("pods", namespace, {"labelSelector": selector})[0]
    ]:
        if time.monotonic() > deadline:
            raise KubeError(
                f"pods {', '.join(left)} of {namespace}: not gone after {timeout:g} s; needed: their end; remedy: see"
                " `kubectl describe pod`"
            )
        if left != told:
            progress.report(f"waiting for the end of {', '.join(left)}")
            told = left
        time.sleep(0.5)
