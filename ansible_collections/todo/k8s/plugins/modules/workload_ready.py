#!/usr/bin/python
"""Wait until workloads are ready; end early, and say why, when one cannot become ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_ready
short_description: Wait until Deployments and StatefulSets are ready, or say why they cannot become so
version_added: 1.0.0
description:
  - Watches the namespace and returns at the moment in which every workload is rolled out and available, and its
    service, where one is named, has a ready endpoint.
  - Ends early when a workload cannot become ready, with the first broken link, its pod, reason, events and last log
    lines. Pods of an old ReplicaSet neither hide nor cause a failure.
  - Changes nothing, so check mode does the same.
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    required: true
  workloads:
    description: What to wait for.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet]
        default: Deployment
      name:
        description: Name of the workload, each name once.
        type: str
        required: true
      service:
        description: Service that must have a ready endpoint.
        type: str
      needs:
        description: Names, in this list, of the workloads that this one cannot work without.
        type: list
        elements: str
        default: []
  timeout:
    description: Seconds in all.
    type: float
    default: 180
  fail_fast:
    description: When to give up before the timeout.
    type: dict
    default: {}
    suboptions:
      enabled:
        description: Whether to end early at all.
        type: bool
        default: true
      image_seconds:
        description:
          - Seconds for an image that cannot be pulled. ErrImageNeverPull and InvalidImageName end the wait at once.
        type: float
        default: 8
      config_seconds:
        description: Seconds for a container that cannot be created, such as with a missing Secret key.
        type: float
        default: 3
      unschedulable_seconds:
        description: Seconds for a pod that fits on no node.
        type: float
        default: 10
      claim_seconds:
        description: Seconds for a volume claim that is not bound.
        type: float
        default: 20
      mount_seconds:
        description: Seconds for a volume that refers to something missing.
        type: float
        default: 15
      missing_seconds:
        description: Seconds for a workload that does not exist.
        type: float
        default: 10
      refused_seconds:
        description: Seconds for pods that a quota or an admission rule refuses.
        type: float
        default: 3
      endpoints_seconds:
        description: Seconds for a service without a ready endpoint although its workload is ready.
        type: float
        default: 15
      crash_restarts:
        description: Restarts after which a crashing container counts as a crash loop.
        type: int
        default: 2
      api_seconds:
        description: Seconds in which the API server may be silent.
        type: float
        default: 15
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Can run in check mode without changing anything.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
requirements:
  - kubernetes
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Wait for the shop
  todo.k8s.workload_ready:
    namespace: shop
    context: minikube
    workloads:
      - kind: StatefulSet
        name: database
        service: database
      - name: backend
        service: backend
        needs: [database]
    timeout: 120
    fail_fast:
      claim_seconds: 40
"""

RETURN = r"""
msg:
  description: How many workloads are ready after how long, or what broke.
  type: str
  returned: always
  sample: 5 of 5 workloads ready after 8.4 s
workloads:
  description: State of each workload, with the seconds from the start of the wait until it was ready.
  type: list
  elements: dict
  returned: always
  sample:
    - {kind: Deployment, name: backend, state: ready, reason: Ready, message: 1 of 1 pods available, replicas: 1,
       ready_replicas: 1, seconds: 4.2}
seconds:
  description: Length of the wait.
  type: float
  returned: success
failure:
  description: The first broken link, with C(workload), C(pod), C(container), C(image), C(reason), C(message),
    C(chain), C(found), C(needed), C(remedy), C(events), C(logs), C(after_seconds) and C(timed_out).
  type: dict
  returned: when a workload cannot become ready
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report
from ansible_collections.todo.k8s.plugins.module_utils.workload import Patience, Workload
from ansible_collections.todo.k8s.plugins.module_utils.workload_chain import check_needs
from ansible_collections.todo.k8s.plugins.module_utils.workload_wait import NotReady, wait_ready


def main() -> None:
    defaults = Patience()
    seconds = {
        name: {"type": "float", "default": getattr(defaults, name)}
        for name in defaults.__dataclass_fields__
        if name.endswith("_seconds")
    }
    fail_fast = {
        "enabled": {"type": "bool", "default": True},
        "crash_restarts": {"type": "int", "default": defaults.crash_restarts},
        "api_seconds": {"type": "float", "default": 15},
        **seconds,
    }
    workload = {
        "kind": {"type": "str", "choices": ["Deployment", "StatefulSet"], "default": "Deployment"},
        "name": {"type": "str", "required": True},
        "service": {"type": "str"},
        "needs": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "workloads": {"type": "list", "elements": "dict", "required": True, "options": workload},
            "timeout": {"type": "float", "default": 180},
            "fail_fast": {"type": "dict", "default": {}, "options": fail_fast, "apply_defaults": True},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    wanted = [
        Workload(item["kind"], item["name"], item["service"], tuple(item["needs"]))
        for item in module.params["workloads"]
    ]
    settings = dict(module.params["fail_fast"])
    enabled, api_seconds = settings.pop("enabled"), settings.pop("api_seconds")
    begin = time.monotonic()
    try:
        check_needs(wanted)
        rows = wait_ready(
            Kube(module.params["kubeconfig"], module.params["context"]),
            module.params["namespace"],
            wanted,
            module.params["timeout"],
            Patience(**settings),
            enabled,
            api_seconds,
            report,
        )
    except NotReady as error:
        module.fail_json(msg=str(error), failure=error.failure, workloads=error.workloads)
    except (KubeError, ValueError) as error:
        module.fail_json(msg=str(error), workloads=[])
    took = round(time.monotonic() - begin, 2)
    module.exit_json(
        changed=False,
        msg=f"{len(rows)} of {len(rows)} workloads ready after {took} s",
        workloads=rows,
        seconds=took,
    )


if __name__ == "__main__":
    main()
