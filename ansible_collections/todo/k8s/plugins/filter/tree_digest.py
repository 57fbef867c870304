"""Filter `todo.k8s.tree_digest`: one hash for the files of a directory on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tree_digest
short_description: One hash for the files of a directory
version_added: "1.0.0"
author: The todo.k8s team
description:
  - SHA-256 over names and contents of all files below a directory on the controller.
options:
  _input:
    description: The directory.
    type: path
    required: true
  exclude:
    description: Names of entries directly in the directory that do not count, as shell patterns.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
chart_digest: "{{ release_chart | todo.k8s.tree_digest(exclude=['tests', '*.md', 'values-*.yaml']) }}"
"""

RETURN = r"""
_value:
  description: The hash, 64 hexadecimal digits.
  type: str
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.todo.k8s.plugins.module_utils import tree_digest as digest


def tree_digest(directory: str, exclude: list[str] | None = None) -> str:
    """See `module_utils.tree_digest.tree_digest`."""
    try:
        return digest.tree_digest(directory, tuple(exclude or ()))
    except (ValueError, OSError) as error:
        raise AnsibleFilterError(f"tree_digest: {error}") from error


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict:
        return {"tree_digest": tree_digest}
