#!/usr/bin/python
"""Ansible module: a Helm release brought out of a state in which Helm refuses to work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_recover
short_description: Bring a Helm release out of a state that blocks the next deployment
version_added: "1.0.0"
author: The todo.k8s team
description:
  - A helm process that is killed leaves a revision in C(pending-install), C(pending-upgrade) or C(pending-rollback),
    and Helm then refuses every later operation. A C(failed) revision is compared with as if it had been deployed.
  - Rolls back to the last deployed revision; where there is none, uninstalls the broken first one.
  - Helm's history is read from the API, which takes no helm process when there is nothing to repair.
  - Tells about the namespace as well, so that a role need not ask again.
options:
  name:
    description: Name of the release.
    type: str
    required: true
  namespace:
    description: Namespace of the release; it need not exist.
    type: str
    required: true
  repair:
    description: Whether to repair, or only to look.
    type: bool
    default: true
  required:
    description: Whether a cluster that does not answer is an error; otherwise RV(reachable) is false.
    type: bool
    default: true
  settle:
    description: Seconds a pending operation is given to finish, in case another helm process is at work right now.
    type: int
    default: 15
  binary_path:
    description: The helm binary; needed for a repair only.
    type: path
    default: helm
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Says what would be repaired and repairs nothing.
    support: full
  diff_mode:
    description: Shows the status of the last revision before and after.
    support: full
"""

EXAMPLES = r"""
- name: See to it that Helm can deploy
  todo.k8s.helm_recover:
    name: todo-app
    namespace: todo
    context: todo
"""

RETURN = r"""
msg:
  description: What was found, and what was done about it.
  returned: always
  type: str
  sample: "Release todo-app: revision 1 was left pending-install and nothing was deployed before it; it is uninstalled"
action:
  description: none, rollback or uninstall.
  returned: success
  type: str
reachable:
  description: Whether the cluster answered.
  returned: success
  type: bool
namespace_found:
  description: Whether the namespace exists.
  returned: success
  type: bool
namespace_labels:
  description: Its labels.
  returned: success
  type: dict
network_objects:
  description: Names of the objects that M(todo.k8s.pod_network) made in the namespace.
  returned: success
  type: list
  elements: str
revision:
  description: Number of the last revision as it was found, 0 without a release.
  returned: success
  type: int
status:
  description: Status of the last revision as it was found, empty without a release.
  returned: success
  type: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import helm_history
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.pod_network import PART_LABEL, PLURALS


def namespace_labels(kube: Kube, name: str) -> dict | None:
    """The namespace's labels, None where it does not exist."""
    answer = kube.request("GET", f"/api/v1/namespaces/{name}")
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise KubeError(f"namespace {name}: the API server answers {answer.status} {answer.text[:200]}", answer.status)
    return json.loads(answer.body)["metadata"].get("labels") or {}


def read_history(kube: Kube, namespace: str, name: str) -> list[helm_history.Revision]:
    """The release's revisions from the labels of Helm's Secrets."""
    found, _ = kube.list("secrets", namespace, {"labelSelector": f"owner=helm,name={name}"})
    return helm_history.revisions([secret["metadata"].get("labels") or {} for secret in found])


def network_objects(kube: Kube, namespace: str) -> list[str]:
    """Names of what pods were told of a proxy or of authorities: it has to go when the settings are gone."""
    selector = {"labelSelector": ",".join(f"{key}={value}" for key, value in PART_LABEL.items())}
    return [
        item["metadata"]["name"] for plural in PLURALS.values() for item in kube.list(plural, namespace, selector)[0]
    ]


def settled_history(kube: Kube, namespace: str, name: str, seconds: int) -> list[helm_history.Revision]:
    """The history once no operation is pending, or after `seconds` as it is."""
    deadline = time.monotonic() + seconds
    while True:
        history = read_history(kube, namespace, name)
        if not history or history[-1].status not in helm_history.PENDING or time.monotonic() >= deadline:
            return history
        time.sleep(1)


def run(module: AnsibleModule) -> dict:
    """Look and repair; the module's result."""
    params = module.params
    result = {"changed": False, "action": "none", "reachable": False, "namespace_found": False}
    result |= {"namespace_labels": {}, "network_objects": [], "revision": 0, "status": ""}
    try:
        kube = Kube(params["kubeconfig"], params["context"])
        labels = namespace_labels(kube, params["namespace"])
        result["reachable"] = True
    except KubeError as error:
        if params["required"] or error.status:
            raise
        return result | {"msg": str(error)}
    if labels is None:
        return result | {"msg": f"Release {params['name']}: there is no namespace {params['namespace']}"}
    result |= {"namespace_found": True, "namespace_labels": labels}
    result["network_objects"] = network_objects(kube, params["namespace"])
    settle = params["settle"] if params["repair"] and not module.check_mode else 0
    history = settled_history(kube, params["namespace"], params["name"], settle)
    if history:
        result |= {"revision": history[-1].number, "status": history[-1].status}
    repair = helm_history.decide(params["name"], history)
    if not params["repair"]:
        return result | {"msg": f"Release {params['name']}: {result['status'] or 'there is none'}"}
    result |= {"msg": repair.msg, "action": repair.action, "changed": repair.action != "none"}
    if result["changed"] and not module.check_mode:
        helm(module, repair)
    if module._diff and result["changed"]:
        after = f"revision {repair.to} again" if repair.action == "rollback" else "no release"
        result["diff"] = {"before": f"{result['status']}\n", "after": f"{after}\n"}
    return result


def helm(module: AnsibleModule, repair: helm_history.Repair) -> None:
    """Run Helm for a repair; fails the module with Helm's own message."""
    params = module.params
    arguments = helm_history.command(
        params["binary_path"], repair, params["name"], params["namespace"], params["context"]
    )
    environment = {"KUBECONFIG": params["kubeconfig"]} if params["kubeconfig"] else {}
    code, _, errors = module.run_command(arguments, environ_update=environment)
    if code != 0:
        module.fail_json(
            msg=f"{repair.msg}: found that helm {repair.action} failed ({errors.strip()}), needed its success. "
            f"Look at `helm history {params['name']} -n {params['namespace']}`."
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "repair": {"type": "bool", "default": True},
            "required": {"type": "bool", "default": True},
            "settle": {"type": "int", "default": 15},
            "binary_path": {"type": "path", "default": "helm"},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**run(module))
    except KubeError as error:
        module.fail_json(msg=f"Release {module.params['namespace']}/{module.params['name']}: {error}")


if __name__ == "__main__":
    main()
