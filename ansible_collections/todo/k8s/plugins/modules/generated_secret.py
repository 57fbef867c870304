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
      - C({generate: LENGTH}) makes LENGTH random letters and digits; with C(alphabet), of these characters.
      - C({value: TEXT}) gives the value; empty text adds the key if it is missing and changes nothing otherwise.
    type: dict
    required: true
  labels:
    description: Labels the Secret shall have; others on it are left alone.
    type: dict
    default: {}
  kubeconfig:
    description: Kubeconfig file; without it C($KUBECONFIG) or C(~/.kube/config).
    type: path
  context:
    description: Context of the kubeconfig; without it the current one.
    type: str
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import kube_client, secret_plan

#: Another writer may be faster; then the decision is taken again on what is there now.
ATTEMPTS = 3


def read(api, namespace: str, name: str) -> dict | None:
    """The Secret as the plan wants it, with `version` for a safe write; None when there is none."""
    found = kube_client.ask(api.read_namespaced_secret, name, namespace, missing_ok=True)
    if found is None:
        return None
    return {
        "data": {key: base64.b64decode(value) for key, value in (found.data or {}).items()},
        "labels": found.metadata.labels or {},
        "annotations": found.metadata.annotations or {},
        "immutable": bool(found.immutable),
        "version": found.metadata.resource_version,
    }


def write(api, namespace: str, name: str, existing: dict | None, plan: secret_plan.SecretPlan) -> None:
    """Create or patch; a patch names the version it was decided on, so that it cannot undo another writer's work."""
    metadata = {"labels": plan.labels, "annotations": {secret_plan.REVISION_ANNOTATION: str(plan.revision)}}
    body = {"metadata": metadata, "data": {key: base64.b64encode(v).decode() for key, v in plan.data.items()}}
    if existing is None:
        body |= {"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}
        metadata["name"] = name
        kube_client.ask(api.create_namespaced_secret, namespace, body)
        return
    metadata["resourceVersion"] = existing["version"]
    if not plan.data:
        del body["data"], metadata["annotations"]
    kube_client.ask(api.patch_namespaced_secret, name, namespace, body)


def ensure(module: AnsibleModule) -> dict:
    """Bring the Secret about; the module's result."""
    params = module.params
    namespace, name = params["namespace"], params["name"]
    labels = {str(key): str(value) for key, value in params["labels"].items()}
    api = kube_client.core_api(params["kubeconfig"], params["context"])
    for attempt in range(1, ATTEMPTS + 1):
        existing = read(api, namespace, name)
        plan = secret_plan.plan_secret(existing, params["keys"], labels)
        module.no_log_values.update(value.decode() for value in plan.data.values() if value)
        if not plan.changed or module.check_mode:
            break
        try:
            write(api, namespace, name, existing, plan)
            break
        except kube_client.KubeError as error:
            if error.status == 404:
                raise kube_client.KubeError(f"{error}. Create the namespace first.", 404) from error
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
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    # Of a hidden option Ansible censors every value, "32" of a length too, wherever it occurs in the result.
    specs = [spec for spec in module.params["keys"].values() if isinstance(spec, dict)]
    module.no_log_values = {spec["value"] for spec in specs if isinstance(spec.get("value"), str) and spec["value"]}
    try:
        secret_plan.check_keys(module.params["keys"])
        module.exit_json(**ensure(module))
    except (ValueError, kube_client.KubeError) as error:
        where = f"Secret {module.params['namespace']}/{module.params['name']}"
        module.fail_json(msg=f"{where}: {error}")


if __name__ == "__main__":
    main()
