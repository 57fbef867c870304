#!/usr/bin/python
"""A cluster that is there already: whether it can take the application."""

DOCUMENTATION = r"""
module: existing_cluster
short_description: Check that a cluster that is there already can take an application
version_added: 1.1.0
description:
  - Looks at a context of a kubeconfig and says everything that is in the way at once, each with a remedy. The API
    server has to answer in a new enough version, the user needs the rights, a volume needs a storage class, node ports
    have to be free.
  - Changes nothing. What the user may not see is no finding.
options:
  namespace:
    description: Where the application is to live; it need not be there yet.
    type: str
    required: true
  minimum:
    description: The oldest version of Kubernetes.
    type: str
    default: "1.28"
  rights:
    description: What the user must be able to do in O(namespace), asked for by SelfSubjectAccessReview.
    type: list
    elements: dict
    default: []
    suboptions:
      group:
        description: API group, empty for the core.
        type: str
        default: ""
      resources:
        description: Resources, a part as C(pods/log).
        type: list
        elements: str
        required: true
      verbs:
        description: Verbs.
        type: list
        elements: str
        required: true
  storage:
    description: Whether a volume is claimed.
    type: bool
    default: true
  storage_class:
    description: Its storage class; empty for the cluster's default.
    type: str
    default: ""
  ingress:
    description: Whether an ingress is made.
    type: bool
    default: false
  ingress_class:
    description: Its class; empty for the cluster's default.
    type: str
    default: ""
  node_ports:
    description: Node ports that have to be free, or used in O(namespace) alone.
    type: list
    elements: int
    default: []
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: It only looks.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Look at the cluster
  todo.k8s.existing_cluster:
    context: staging
    namespace: shop
    rights:
      - {group: apps, resources: [deployments], verbs: [create, patch, delete]}
"""

RETURN = r"""
cluster:
  description:
    - C(context), C(kubernetes_version), C(ip) (a node's address), C(api_groups), C(namespace_found) and
      C(needs_project) (the namespace has to be asked for as a project of OpenShift).
  type: dict
  returned: success
findings:
  description: What is in the way, or doubtful, each with C(subject), C(found), C(needed), C(remedy) and C(severity).
  type: list
  elements: dict
  returned: always
"""

import json
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import cluster_rules as rules
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.preflight_rules import (
    ERROR,
    failure_message,
    sentence,
    with_severity,
)

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def listed(kube: Kube, path: str) -> list[dict] | None:
    """The objects at a path, None where this user may not list them."""
    answer = kube.request("GET", path)
    return json.loads(answer.body).get("items") or [] if answer.status == 200 else None


def may(kube: Kube, right: rules.Right, namespace: str) -> bool:
    """Whether this user has a right; raises KubeError where the API does not say."""
    body = json.dumps(rules.review(right, namespace)).encode()
    answer = kube.request("POST", REVIEWS, headers={"Content-Type": "application/json"}, body=body)
    if answer.status != 201:
        raise KubeError(
            f"rights: the API server at {kube.host} answers {answer.status} to a SelfSubjectAccessReview; needed: a"
            " user that is signed in; remedy: renew the credentials in the kubeconfig"
        )
    return bool(json.loads(answer.body)["status"].get("allowed"))


def look(kube: Kube, wants: rules.Wants) -> rules.Seen:
    """Ask the API for everything that is judged; raises KubeError where it does not answer."""
    version = kube.version(timeout=10)
    namespace = kube.request("GET", f"/api/v1/namespaces/{wants.namespace}").status
    groups = kube.request("GET", "/apis")
    with ThreadPoolExecutor(max_workers=8) as pool:
        scopes = {**dict.fromkeys(wants.rights, wants.namespace), rules.NAMESPACE_CREATE: "", rules.PROJECT_REQUEST: ""}
        answers = pool.map(lambda item: may(kube, *item), scopes.items())
        allowed = dict(zip(scopes, answers, strict=True))
    return rules.Seen(
        version=version,
        namespace={200: True, 404: False}.get(namespace),
        allowed=allowed,
        groups=frozenset(group["name"] for group in json.loads(groups.body).get("groups") or [])
        if groups.status == 200
        else frozenset(),
        storage_classes=listed(kube, "/apis/storage.k8s.io/v1/storageclasses"),
        ingress_classes=listed(kube, "/apis/networking.k8s.io/v1/ingressclasses") if wants.ingress else None,
        services=listed(kube, "/api/v1/services") if wants.node_ports else None,
        nodes=listed(kube, "/api/v1/nodes"),
    )


def main() -> None:
    """Entry point."""
    right = {
        "group": {"type": "str", "default": ""},
        "resources": {"type": "list", "elements": "str", "required": True},
        "verbs": {"type": "list", "elements": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "minimum": {"type": "str", "default": "1.28"},
            "rights": {"type": "list", "elements": "dict", "options": right, "default": []},
            "storage": {"type": "bool", "default": True},
            "storage_class": {"type": "str", "default": ""},
            "ingress": {"type": "bool", "default": False},
            "ingress_class": {"type": "str", "default": ""},
            "node_ports": {"type": "list", "elements": "int", "default": []},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    wants = rules.Wants(
        namespace=given["namespace"],
        minimum=given["minimum"],
        rights=rules.rights_of(given["rights"]),
        storage=given["storage"],
        storage_class=given["storage_class"],
        ingress=given["ingress"],
        ingress_class=given["ingress_class"],
        node_ports=tuple(port for port in given["node_ports"] if port),
    )
    try:
        seen = look(Kube(given["kubeconfig"], given["context"]), wants)
    except KubeError as error:
        module.fail_json(msg=str(error), findings=[])
    findings = rules.judge(wants, seen)
    errors = with_severity(findings, ERROR)
    if errors:
        lead = f"The cluster of context {given['context'] or '(the current one)'} is not ready"
        module.fail_json(msg=failure_message(errors, lead), findings=findings)
    for entry in findings:
        module.warn(sentence(entry))
    module.exit_json(
        changed=False,
        findings=findings,
        cluster={
            "context": given["context"] or "",
            "kubernetes_version": seen.version,
            "ip": rules.node_address(seen.nodes),
            "api_groups": sorted(seen.groups),
            "namespace_found": seen.namespace is not False,
            "needs_project": rules.needs_project(seen),
        },
    )


if __name__ == "__main__":
    main()
