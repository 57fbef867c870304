#!/usr/bin/python
"""The state of an installation in plain words."""

from __future__ import annotations

DOCUMENTATION = r"""
module: installation_status
short_description: Say in plain words whether an installation is running, stopped or absent
version_added: 1.0.0
description:
  - Looks at the engine, the Minikube profile, the API server, the Helm release, the workloads and the pages, within a
    few seconds, and says what it found. Reads only.
  - Needs none of the commands docker, minikube, kubectl and helm; that they are missing is an answer, not an error.
options:
  name:
    description: What the installation is called in the text.
    type: str
    default: The installation
  profile:
    description: Minikube profile, which is the name of the node's container too.
    type: str
    default: todo
  minikube_home:
    description: MINIKUBE_HOME of the profile.
    type: path
    required: true
  state_dir:
    description: Folder of this project's state, in which a managed engine is recorded.
    type: path
    required: true
  kubeconfig:
    description: Path of the kubeconfig, by default E(KUBECONFIG) or C(~/.kube/config).
    type: path
  context:
    description: Context in the kubeconfig, by default the profile's name.
    type: str
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  release_name:
    description: Name of the Helm release.
    type: str
    required: true
  workloads:
    description: Workloads to report, as M(todo.k8s.workload_ready) takes them.
    type: list
    elements: dict
    default: []
  urls:
    description: Addresses that should answer. Asked only while the cluster runs.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode without changing anything.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
requirements:
  - docker
  - kubernetes
  - requests
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Look
  todo.k8s.installation_status:
    minikube_home: "{{ todo_state_dir }}/minikube"
    state_dir: "{{ todo_state_dir }}"
    namespace: shop
    release_name: shop
    urls: ["http://127.0.0.1:30000"]
  register: looked

- name: Say it
  ansible.builtin.debug:
    msg: "{{ looked.lines }}"
"""

RETURN = r"""
state:
  description: The whole in one word.
  type: str
  returned: always
  sample: running
  choices: [running, degraded, stopped, absent]
lines:
  description: The state for a terminal. What is not as it should be begins with an exclamation mark.
  type: list
  elements: str
  returned: always
engine:
  description: C(state) (running, stopped, absent, unknown), C(host), C(version), C(managed).
  type: dict
  returned: always
profile:
  description: C(state) (running, partly, stopped, unreachable, absent), C(nodes), C(recorded).
  type: dict
  returned: always
cluster:
  description: C(state) (answers, silent), C(version), C(release), C(workloads); none while no node runs.
  type: dict
  returned: always
urls:
  description: C(url), C(ok), C(status), C(latency_ms) and C(detail) of each address.
  type: list
  elements: dict
  returned: always
seconds:
  description: How long the look took.
  type: float
  returned: always
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import installation
from ansible_collections.todo.k8s.plugins.module_utils.workload import Workload


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "The installation"},
            "profile": {"type": "str", "default": "todo"},
            "minikube_home": {"type": "path", "required": True},
            "state_dir": {"type": "path", "required": True},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
            "namespace": {"type": "str", "required": True},
            "release_name": {"type": "str", "required": True},
            "workloads": {"type": "list", "elements": "dict", "default": []},
            "urls": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    given, begin = module.params, time.monotonic()
    workloads = [
        Workload(item.get("kind", "Deployment"), item["name"], item.get("service")) for item in given["workloads"]
    ]
    engine = installation.probe_engine(given["state_dir"])
    profile = installation.probe_profile(given["profile"], given["minikube_home"], engine)
    cluster, urls = None, []
    if profile["state"] in ("running", "partly"):
        context = given["context"] or given["profile"]
        cluster = installation.probe_cluster(
            given["kubeconfig"], context, given["namespace"], given["release_name"], workloads
        )
        urls = installation.probe_urls(given["urls"])
    facts = {"engine": engine, "profile": profile, "cluster": cluster, "urls": urls}
    lines = installation.words(given["name"], given["profile"], facts)
    module.exit_json(
        changed=False,
        msg=lines[0],
        state=installation.verdict(facts),
        lines=lines,
        seconds=round(time.monotonic() - begin, 2),
        **facts,
    )


if __name__ == "__main__":
    main()
