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
  rotate:
    description:
      - Keys, out of O(keys), that get another value now. One with C(generate) gets a new random one each time.
      - One with C(value) gets that text, also where it is empty; nothing happens where it has it already.
    type: list
    elements: str
    default: []
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

- name: Replace one key
  todo.k8s.generated_secret:
    namespace: todo
    name: app-secrets
    keys:
      JWT_SECRET_KEY: {generate: 64}
    rotate: [JWT_SECRET_KEY]
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
rotated:
  description: Names of the keys that got a new random value because of O(rotate).
  returned: success
  type: list
  elements: str
emptied:
  description: Names of the keys that were emptied because O(rotate) names them and no value is given.
  returned: success
  type: list
  elements: str
non_empty:
  description: Names of the keys that hold something.
  returned: success
  type: list
  elements: str
revisions:
  description:
    - Each of O(keys) to a mark that changes when, and only when, this module changes the key's value. It is random and
      tells nothing of the value; V(0) for one that this module found and never changed.
    - Workloads that read a key as an environment variable put its mark into an annotation of their pods.
  returned: success
  type: dict
  sample: {JWT_SECRET_KEY: 5f0c2a91}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import secret_plan, secret_store
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError


def ensure(module: AnsibleModule) -> dict:
    """Bring the Secret about; the module's result."""
    params = module.params
    namespace, name = params["namespace"], params["name"]
    labels = {str(key): str(value) for key, value in params["labels"].items()}
    kube = Kube(params["kubeconfig"], params["context"])
    rotate = params["rotate"]
    for attempt in range(1, secret_store.ATTEMPTS + 1):
        existing = secret_store.read(kube, namespace, name)
        plan = secret_plan.plan_secret(existing, params["keys"], labels, rotate)
        module.no_log_values.update(value.decode() for value in plan.data.values() if value)
        if not plan.changed or module.check_mode:
            break
        try:
            secret_store.write(kube, namespace, name, existing, plan.data, plan.revisions, plan.labels)
            break
        except KubeError as error:
            if error.status != 409 or attempt == secret_store.ATTEMPTS:
                raise
    result = {
        "changed": plan.changed,
        "msg": f"Secret {name}: {plan.msg}",
        "added": plan.added,
        "updated": plan.updated,
        "rotated": plan.rotated,
        "emptied": plan.emptied,
        "key_names": sorted({*((existing or {}).get("data") or {}), *plan.data}),
        "non_empty": secret_plan.non_empty(existing, plan.data),
        "revisions": plan.revisions,
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
            "rotate": {"type": "list", "elements": "str", "default": [], "no_log": False},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    # Of a hidden option Ansible censors every value, "32" of a length too, wherever it occurs in the result.
    specs = [spec for spec in module.params["keys"].values() if isinstance(spec, dict)]
    module.no_log_values = {spec["value"] for spec in specs if isinstance(spec.get("value"), str) and spec["value"]}
    try:
        secret_plan.check_keys(module.params["keys"], module.params["rotate"])
        module.exit_json(**ensure(module))
    except (ValueError, KubeError) as error:
        where = f"Secret {module.params['namespace']}/{module.params['name']}"
        module.fail_json(msg=f"{where}: {error}")


if __name__ == "__main__":
    main()
