#!/usr/bin/python
"""Proxies and trusted authorities for pods."""

DOCUMENTATION = r"""
module: pod_network
short_description: Proxies and trusted authorities for pods
version_added: 1.0.0
description:
  - Makes in a namespace a Secret with proxies (keys C(HTTP_PROXY), C(HTTPS_PROXY), C(NO_PROXY)) and a ConfigMap with a
    bundle of authorities (key C(ca-bundle.pem)), each only where its setting is not empty.
  - A proxy's address may hold a password. It is in the Secret alone, in no output and in no release history.
options:
  state:
    description:
      - V(present) makes and corrects what is wanted. V(pruned) removes what is not wanted any more, for after the
        deployment that stopped using it.
    choices: [present, pruned]
    default: present
    type: str
  namespace:
    description: Namespace of both objects.
    type: str
    required: true
  http_proxy:
    description: Proxy for http addresses.
    type: str
    default: ""
  https_proxy:
    description: Proxy for https addresses.
    type: str
    default: ""
  no_proxy:
    description: Names reached without a proxy; the Services have to be among them.
    type: str
    default: ""
  ca_file:
    description: File with the whole bundle, what is trusted anyway included; empty for none.
    type: path
    default: ""
  secret_name:
    description: Name of the Secret.
    type: str
    required: true
  config_map_name:
    description: Name of the ConfigMap.
    type: str
    required: true
  labels:
    description: Further labels of both.
    type: dict
    default: {}
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    support: full
  diff_mode:
    description: Names of objects and keys, never values.
    support: partial
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Tell pods of the proxy
  todo.k8s.pod_network:
    namespace: todo
    https_proxy: http://proxy.example.com:3128
    no_proxy: "{{ todo_no_proxy | todo.k8s.no_proxy(['todo-backend']) }}"
    secret_name: app-proxy
    config_map_name: app-ca
"""

RETURN = r"""
proxy_secret:
  description: Name of the Secret, empty without a proxy.
  type: str
  returned: success
proxy_revision:
  description: A number that changes when the Secret does, 0 without one.
  type: int
  returned: success
ca_config_map:
  description: Name of the ConfigMap, empty without a bundle.
  type: str
  returned: success
ca_checksum:
  description: SHA-256 of the bundle, empty without one.
  type: str
  returned: success
"""

import json
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import pod_network as rules
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError, list_path


def send(kube: Kube, method: str, namespace: str, kind: str, name: str, body: dict | None = None) -> None:
    """Write or remove one object.

    Raises:
        KubeError: with the HTTP status and the server's message.
    """
    path = list_path(rules.PLURALS[kind], namespace) + ("" if method == "POST" else f"/{name}")
    data = json.dumps(body).encode() if body else None
    answer = kube.request(method, path, headers={"Content-Type": "application/json"} if body else None, body=data)
    if answer.status not in (200, 201, 202) and not (method == "DELETE" and answer.status == 404):
        try:
            said = json.loads(answer.body)["message"]
        except (ValueError, KeyError, TypeError):
            said = answer.text[:300]
        raise KubeError(f"{kind} {namespace}/{name}: the API server answers {answer.status}: {said}", answer.status)


def run(module: AnsibleModule) -> dict:
    """Bring the objects about; the module's result."""
    params = module.params
    namespace = params["namespace"]
    bundle = Path(params["ca_file"]).read_text(encoding="utf-8") if params["ca_file"] else ""
    proxies = {"HTTP_PROXY": params["http_proxy"], "HTTPS_PROXY": params["https_proxy"]}
    wishes = rules.wishes(proxies, params["no_proxy"], bundle, params["secret_name"], params["config_map_name"])
    names = {"Secret": params["secret_name"], "ConfigMap": params["config_map_name"]}
    kube = Kube(params["kubeconfig"], params["context"])
    found = {kind: kube.get(rules.PLURALS[kind], namespace, name) for kind, name in names.items()}
    labels = {str(key): str(value) for key, value in params["labels"].items()}
    revision, done, before, after = rules.revision_of(found["Secret"]), [], [], []
    for kind, name in names.items():
        wish, there = wishes.get(kind), found[kind]
        title = f"{kind} {name}"
        if params["state"] == "present" and wish and not wish.is_met(there):
            if kind == "Secret":
                revision = rules.next_revision(there, time.time())
            if not module.check_mode:
                send(kube, "PUT" if there else "POST", namespace, kind, name, wish.body(labels, revision))
            done.append(f"{title} {'corrected' if there else 'made'}")
            before += [f"{title}: {', '.join(sorted(there.get('data') or {}))}"] if there else []
            after.append(f"{title}: {', '.join(sorted(wish.data))}" + (", with new values" if there else ""))
        if params["state"] == "pruned" and there and not wish:
            if not module.check_mode:
                send(kube, "DELETE", namespace, kind, name)
            done.append(f"{title} removed")
            before.append(title)
    return {
        "changed": bool(done),
        "msg": "; ".join(done) or "as the settings say",
        "proxy_secret": names["Secret"] if "Secret" in wishes else "",
        "proxy_revision": revision if "Secret" in wishes else 0,
        "ca_config_map": names["ConfigMap"] if "ConfigMap" in wishes else "",
        "ca_checksum": rules.checksum(bundle),
        "diff": {"before": "\n".join([*before, ""]), "after": "\n".join([*after, ""])},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "pruned"], "default": "present"},
            "namespace": {"type": "str", "required": True},
            "http_proxy": {"type": "str", "default": "", "no_log": True},
            "https_proxy": {"type": "str", "default": "", "no_log": True},
            "no_proxy": {"type": "str", "default": ""},
            "ca_file": {"type": "path", "default": ""},
            "secret_name": {"type": "str", "required": True, "no_log": False},
            "config_map_name": {"type": "str", "required": True},
            "labels": {"type": "dict", "default": {}},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**run(module))
    except KubeError as error:
        module.fail_json(msg=f"Network of the pods in {module.params['namespace']}: {error}")
    except OSError as error:
        module.fail_json(
            msg=f"Bundle {error.filename}: found {error.strerror}, needed the file that todo.k8s.network_settings "
            "makes. Run the stage preflight again."
        )


if __name__ == "__main__":
    main()
