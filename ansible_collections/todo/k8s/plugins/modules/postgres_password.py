#!/usr/bin/python
"""Ansible module: a new password for a PostgreSQL user, in the server and in a Secret."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_password
short_description: Replace the password of a PostgreSQL user, in the server and in the Secret that clients read
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Stores a new random password in the Secret under the key's name with C(_NEXT), gives it to the server, signs in with
    it, and only then stores it under the key's own name and removes the other one.
  - The first of these steps alone is O(state=prepared). Clients that read both keys are restarted then, and do not
    notice the rest.
  - Interrupted anywhere, the next run goes on with the same password. Data and open connections are not touched, and
    the server does not restart.
  - The server gets a SCRAM verifier and not the password, so that neither its log nor its list of statements has it.
options:
  state:
    description: Whether the new password shall be in the Secret beside the old one, or in its place.
    type: str
    choices: [prepared, replaced]
    default: replaced
  secret_name:
    description: Name of the Secret, in the server's namespace.
    type: str
    required: true
  key:
    description: Key of the password in the Secret.
    type: str
    default: POSTGRES_PASSWORD
  length:
    description: Number of random letters and digits of the new password.
    type: int
    default: 32
extends_documentation_fragment: [todo.k8s.postgres, todo.k8s.cluster]
attributes:
  check_mode:
    description: Says what would be done and changes nothing.
    support: full
  diff_mode:
    description: Shows the key's name, never a value.
    support: full
"""

EXAMPLES = r"""
- name: Replace the database's password
  todo.k8s.postgres_password:
    namespace: todo
    selector: app.kubernetes.io/name=postgresql
    secret_name: app-secrets
"""

RETURN = r"""
msg:
  description: What was done.
  returned: always
  type: str
  sample: POSTGRES_PASSWORD replaced, in the database and in the Secret
resumed:
  description: Whether the new password was in the Secret already, from an earlier run.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import password_rotation, secret_plan, secret_store
from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube
from ansible_collections.todo.k8s.plugins.module_utils.postgres_pod import (
    POSTGRES_ARGUMENTS,
    Database,
    DatabaseError,
    KubeError,
    open_database,
)


def rotate(module: AnsibleModule, kube: Kube, database: Database | None) -> dict:
    """One attempt, from what is there now; the module's result. Without a database the password is prepared only."""
    params = module.params
    namespace, name, key = params["namespace"], params["secret_name"], params["key"]
    waiting_key = key + password_rotation.NEXT_SUFFIX
    existing = secret_store.read(kube, namespace, name)
    fresh = secret_plan.random_text(params["length"])
    rotation = password_rotation.decide((existing or {}).get("data"), key, fresh)
    module.no_log_values.add(rotation.password)
    result = {"changed": database is not None or not rotation.resumed, "resumed": rotation.resumed}
    result["msg"] = f"Secret {name}: {rotation.msg(key, database is not None)}"
    if module._diff and result["changed"]:
        after = {key: "(hidden, changed)"} if database else {key: "(hidden)", waiting_key: "(hidden, new)"}
        result["diff"] = {"before": {key: "(hidden)"}, "after": after}
    if module.check_mode:
        return result
    if not rotation.resumed:
        # The mark changes here and not again at the end: who started in between has read both.
        marks = {key: secret_plan.new_mark()}
        secret_store.write(kube, namespace, name, existing, {waiting_key: rotation.password.encode()}, marks, {})
        existing = secret_store.read(kube, namespace, name)
    if database is not None:
        database.set_password(rotation.password)
        data = {key: rotation.password.encode(), waiting_key: None}
        secret_store.write(kube, namespace, name, existing, data, {}, {})
    return result


def run(module: AnsibleModule) -> dict:
    """Replace the password; begins again where another writer changed the Secret meanwhile."""
    kube = Kube(module.params["kubeconfig"], module.params["context"])
    database = open_database(module.params) if module.params["state"] == "replaced" else None
    for _attempt in range(secret_store.ATTEMPTS - 1):
        try:
            return rotate(module, kube, database)
        except KubeError as error:
            if error.status != 409:
                raise
    return rotate(module, kube, database)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["prepared", "replaced"], "default": "replaced"},
            "secret_name": {"type": "str", "required": True, "no_log": False},
            "key": {"type": "str", "default": "POSTGRES_PASSWORD", "no_log": False},
            "length": {"type": "int", "default": 32},
            **POSTGRES_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    where = f"Password {module.params['key']} in Secret {module.params['namespace']}/{module.params['secret_name']}"
    try:
        module.exit_json(**run(module))
    except (DatabaseError, KubeError, ValueError) as error:
        module.fail_json(msg=f"{where}: {error}. Nothing is lost; run this again to finish.")


if __name__ == "__main__":
    main()
