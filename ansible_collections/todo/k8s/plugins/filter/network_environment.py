"""Filter `todo.k8s.network_environment`: what the tasks of a play need in their environment to reach the network."""

from __future__ import annotations

DOCUMENTATION = r"""
name: network_environment
short_description: Environment of a play's tasks on a network with a proxy or an authority of its own
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Empty where neither a proxy nor an extra authority is set.
  - Proxies, names not behind them and the bundle of authorities, as the usual variables.
  - An address with a password is never among them, because Ansible puts a task's environment on a command line; the
    variable C(TODO_K8S_NETWORK) names the file from which this collection's modules take it.
options:
  _input:
    description: The settings, C({http_proxy, https_proxy, no_proxy, ca_bundle}).
    type: dict
    required: true
  folder:
    description: Folder of the files that M(todo.k8s.network_settings) makes.
    type: path
    required: true
  names:
    description: Further names that are reached without a proxy.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
environment: "{{ todo_network | todo.k8s.network_environment(todo_state_dir ~ '/network') }}"
"""

RETURN = r"""
_value:
  description: Variables by name.
  type: dict
"""

import os
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import network


def network_environment(settings: dict, folder: str, names: list[str] | None = None) -> dict[str, str]:
    """The variables; files are looked for on the controller, which is the host that is installed."""
    wanted = network.Settings(
        http=settings.get("http_proxy") or "",
        https=settings.get("https_proxy") or "",
        none=settings.get("no_proxy") or "",
        ca=settings.get("ca_bundle") or "",
    )
    store = network.Store(Path(folder))
    found = {**wanted.visible(os.environ), **wanted.without_proxy(names or [])}
    if wanted.ca and store.bundle.is_file():  # not there yet while preflight judges
        found.update(dict.fromkeys(network.CA_VARIABLES, str(store.bundle)))
    if wanted.ca or wanted.has_proxy:
        found[network.FILE_VARIABLE] = str(store.settings)
    return found


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict:
        return {"network_environment": network_environment}
