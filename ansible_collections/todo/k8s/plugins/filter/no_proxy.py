"""Filter `todo.k8s.no_proxy`: the names that no proxy has to do with."""

from __future__ import annotations

DOCUMENTATION = r"""
name: no_proxy
short_description: The names that are reached without a proxy
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Joins a user's own list with what is never behind a proxy - this host, Minikube's networks, Kubernetes' services and
    pods - and with further names, each once.
options:
  _input:
    description: The user's own list, separated by commas or blanks.
    type: str
    required: true
  names:
    description: Further names, such as those of services.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
NO_PROXY: "{{ todo_no_proxy | todo.k8s.no_proxy(['todo-backend']) }}"
"""

RETURN = r"""
_value:
  description: The names, separated by commas.
  type: str
"""

from ansible_collections.todo.k8s.plugins.module_utils import network


def no_proxy(own: str, names: list[str] | None = None) -> str:
    """See `module_utils.network.no_proxy`."""
    return network.no_proxy(own or "", network.NEAR, names or [])


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict:
        return {"no_proxy": no_proxy}
