#!/usr/bin/python
"""Ansible module: the workloads that read a changed key of a Secret start anew, and no other."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_rollout
short_description: Restart the Deployments whose pods read a changed key of a Secret
version_added: "1.1.0"
author: The todo.k8s team
description:
  - Environment variables do not follow a changed Secret. A chart therefore puts the mark of each key that a pod reads
    (RV(todo.k8s.generated_secret#module:revisions)) into an annotation of the pod.
  - Brings these annotations up to date, which replaces the pods by the Deployment's own strategy. Pods that do not have
    a key's annotation are left alone.
  - The chart would write the same, so that the next deployment restarts nothing.
options:
  namespace:
    description: Namespace of the Deployments.
    type: str
    required: true
  revisions:
    description: Keys of the Secret to their marks.
    type: dict
    required: true
  annotation:
    description: Name of the annotation, with C({key}) for the key.
    type: str
    required: true
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Says which would be restarted and restarts nothing.
    support: full
  diff_mode:
    description: Shows the Deployments that are restarted.
    support: full
"""

EXAMPLES = r"""
- name: Restart what reads the new key
  todo.k8s.secret_rollout:
    namespace: todo
    revisions: {JWT_SECRET_KEY: 5f0c2a91}
    annotation: todo.k8s/secret-{key}
"""

RETURN = r"""
msg:
  description: What is restarted.
  returned: always
  type: str
  sample: "restarted: chatbot-backend, todo-backend"
names:
  description: The Deployments that are restarted.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import deployment_patch, workload_changes
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError


def run(module: AnsibleModule) -> dict:
    """Restart what has to be; the module's result."""
    params = module.params
    kube = Kube(params["kubeconfig"], params["context"])
    revisions = {str(key): str(mark) for key, mark in params["revisions"].items()}
    deployments, _version = kube.list("deployments", params["namespace"])
    changed = deployment_patch.change(
        kube,
        params["namespace"],
        sorted(deployment["metadata"]["name"] for deployment in deployments),
        lambda deployment: workload_changes.restart(deployment, revisions, params["annotation"]),
        module.check_mode,
    )
    done = f"restarted: {', '.join(changed)}" if changed else "nothing to restart, all pods have these keys"
    result = {"changed": bool(changed), "names": changed, "msg": done}
    if module._diff and changed:
        result["diff"] = {"before": dict.fromkeys(changed, "running"), "after": dict.fromkeys(changed, "restarted")}
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "revisions": {"type": "dict", "required": True},
            "annotation": {"type": "str", "required": True},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**run(module))
    except KubeError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
