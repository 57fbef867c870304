"""What every module that speaks to a Kubernetes API server has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The cluster's address, as in Kube of module_utils/kube.py."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Path of the kubeconfig, by default E(KUBECONFIG) or C(~/.kube/config).
    type: path
  context:
    description: Context in the kubeconfig, by default the current one.
    type: str
"""
