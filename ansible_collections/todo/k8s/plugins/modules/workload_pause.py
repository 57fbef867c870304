#!/usr/bin/python
"""Ansible module: Deployments without pods for a while, and back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_pause
short_description: Stop the pods of Deployments for a while, and start them again
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Scales Deployments to 0, waits until their pods are gone, and later gives them the replicas back that they had.
  - The number is kept in an annotation of the Deployment, so that a later run can do what an interrupted one did not.
options:
  namespace:
    description: Namespace of the Deployments.
    type: str
    required: true
  names:
    description: Names of the Deployments.
    type: list
    elements: str
    required: true
  state:
    description: Whether they shall be paused or run.
    type: str
    choices: [paused, running]
    required: true
  timeout:
    description: Seconds until the pods have to be gone.
    type: int
    default: 120
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Says what would be done and changes nothing.
    support: full
  diff_mode:
    description: Shows the state before and after.
    support: full
"""

EXAMPLES = r"""
- name: Nobody writes into the database now
  todo.k8s.workload_pause:
    namespace: todo
    names: [todo-backend, chatbot-backend]
    state: paused
"""

RETURN = r"""
msg:
  description: What was done.
  returned: always
  type: str
  sample: "paused: todo-backend, chatbot-backend"
names:
  description: The Deployments that were changed.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import deployment_patch, workload_pause
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError


def run(module: AnsibleModule) -> dict:
    """Pause or resume; the module's result."""
    params = module.params
    kube = Kube(params["kubeconfig"], params["context"])
    paused = params["state"] == "paused"
    decide = workload_pause.pause if paused else workload_pause.resume
    changed = deployment_patch.change(kube, params["namespace"], params["names"], decide, module.check_mode)
    if paused and not module.check_mode:
        deployment_patch.wait_until_gone(kube, params["namespace"], params["names"], params["timeout"])
    done = f"{params['state']}: {', '.join(changed)}" if changed else f"all {params['state']} already"
    result = {"changed": bool(changed), "names": changed, "msg": done}
    if module._diff and changed:
        before, after = ("running", "paused") if paused else ("paused", "running")
        result["diff"] = {"before": dict.fromkeys(changed, before), "after": dict.fromkeys(changed, after)}
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["paused", "running"], "required": True},
            "timeout": {"type": "int", "default": 120},
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
