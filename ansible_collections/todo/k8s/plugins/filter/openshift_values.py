"""What a chart is told where the cluster is OpenShift."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils.openshift_rules import chart_values, is_openshift

DOCUMENTATION = r"""
name: openshift_values
short_description: Chart values for OpenShift
version_added: 1.1.0
description:
  - Tells by its API groups whether a cluster is OpenShift, and if so what a chart has to know; nothing otherwise.
positional: []
options:
  _input:
    description: The names of the cluster's API groups.
    type: list
    elements: str
    required: true
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: What the chart is told
  ansible.builtin.debug:
    msg: "{{ cluster.api_groups | todo.k8s.openshift_values }}"
"""

RETURN = r"""
_value:
  description: Values such as C(arbitraryUid); empty on any other cluster.
  type: dict
"""


def openshift_values(groups: Iterable[str]) -> dict[str, Any]:
    """The values; see DOCUMENTATION."""
    return chart_values() if is_openshift(groups) else {}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Any]:
        return {"openshift_values": openshift_values}
