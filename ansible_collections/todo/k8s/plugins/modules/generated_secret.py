#!/usr/bin/python
"""Ansible module: a Secret whose random values are made once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: generated_secret
short_description: A Kubernetes Secret whose random values are made once and never again
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Makes a Secret with generated or given values, outside Helm, so that no value is in a release's history.
  - A key that exists keeps its value. PostgreSQL, for one, reads its password only when its data is initialised.
  - A missing key is added; a given, non-empty O(keys) C(value) that differs is written. Keys not named stay.
  - The namespace has to exist.
  - Values are never returned, logged or shown in diff mode; names of keys are.
options:
  namespace:
    description: Namespace of the Secret.
    type: str
    required: true
  name:
    description: Name of the Secret.
    type: str
    required: true
  keys:
    description:
      - Key to how its value comes about.
      - A key with C(generate) gets that many random letters and digits; with C(alphabet), of these characters.
      - A key with C(value) gets that text; empty text adds the key if it is missing and changes nothing otherwise.
    type: dict
    required: true
  labels:
    description: Labels the Secret shall have; others on it are left alone.
    type: dict
    default: {}
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Says what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows names of keys and what happens to them, never a value.
    support: full
"""

EXAMPLES = r"""
- name: Make the application's Secret
  todo.k8s.generated_secret:
    namespace: todo
    name: app-secrets
    context: todo
    keys:
      POSTGRES_PASSWORD: {generate: 32}
      JWT_SECRET_KEY: {generate: 64}
      OPENAI_API_KEY: {value: "{{ lookup('ansible.builtin.env', 'OPENAI_API_KEY') }}"}
"""

RETURN = r"""
msg:
  description: What was done and why.
  returned: always
  type: str
  sample: created, because there was none, with POSTGRES_PASSWORD, JWT_SECRET_KEY
added:
  description: Names of the keys that were added.
  returned: success
  type: list
  elements: str
updated:
  description: Names of the keys whose value was replaced by a given one.
  returned: success
  type: list
  elements: str
key_names:
  description: Names of all keys of the Secret.
  returned: success
  type: list
  elements: str
revision:
  description:
    - Counts the changes of the Secret's data, 1 for a new one and 0 for one that this module never changed.
    - Workloads that read the Secret as environment variables put it into an annotation of their pods.
  returned: success
  type: int
"""

import base64
import json

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import secret_plan
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Answer, Kube, KubeError, list_path

#: Another writer may be faster; then the decision is taken again on what is there now.
ATTEMPTS = 3


def read(kube: Kube, namespace: str, name: str) -> dict | None:
    """The Secret as the plan wants it, with `version` for a safe write; None when there is none."""
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


def write(kube: Kube, namespace: str, name: str, existing: dict | None, plan: secret_plan.SecretPlan) -> None:
    """Create or patch; a patch names the version it was decided on, so that it cannot undo another writer's work.

    Raises:
        KubeError: with the HTTP status and the server's message.
    """
    metadata = {"name": name, "labels": plan.labels}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    if plan.data or existing is None:
        metadata["annotations"] = {secret_plan.REVISION_ANNOTATION: str(plan.revision)}
        body["data"] = {key: base64.b64encode(value).decode() for key, value in plan.data.items()}
    path, method, kind = list_path("secrets", namespace), "POST", "application/json"
    if existing is not None:
        metadata["resourceVersion"] = existing["version"]
        path, method, kind = f"{path}/{name}", "PATCH", "application/merge-patch+json"
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


def ensure(module: AnsibleModule) -> dict:
    """Bring the Secret about; the module's result."""
    params = module.params
    namespace, name = params["namespace"], params["name"]
    labels = {str(key): str(value) for key, value in params["labels"].items()}
    kube = Kube(params["kubeconfig"], params["context"])
    for attempt in range(1, ATTEMPTS + 1):
        existing = read(kube, namespace, name)
        plan = secret_plan.plan_secret(existing, params["keys"], labels)
        module.no_log_values.update(value.decode() for value in plan.data.values() if value)
        if not plan.changed or module.check_mode:
            break
        try:
            write(kube, namespace, name, existing, plan)
            break
        except KubeError as error:
            if error.status != 409 or attempt == ATTEMPTS:
                raise
    result = {
        "changed": plan.changed,
        "msg": f"Secret {name}: {plan.msg}",
        "added": plan.added,
        "updated": plan.updated,
        "key_names": sorted({*((existing or {}).get("data") or {}), *plan.data}),
        "revision": plan.revision,
    }
    if module._diff:
        result["diff"] = secret_plan.redacted_diff(existing, plan)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            # no_log hides the whole option, lengths too.
            "keys": {"type": "dict", "required": True, "no_log": True},
            "labels": {"type": "dict", "default": {}},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    # Of a hidden option Ansible censors every value, "32" of a length too, wherever it occurs in the result.
    specs = [spec for spec in module.params["keys"].values() if isinstance(spec, dict)]
    module.no_log_values = {spec["value"] for spec in specs if isinstance(spec.get("value"), str) and spec["value"]}
    try:
        secret_plan.check_keys(module.params["keys"])
        module.exit_json(**ensure(module))
    except (ValueError, KubeError) as error:
        where = f"Secret {module.params['namespace']}/{module.params['name']}"
        module.fail_json(msg=f"{where}: {error}")


if __name__ == "__main__":
    main()
