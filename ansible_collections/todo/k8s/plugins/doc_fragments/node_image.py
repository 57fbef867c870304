"""What the modules that look for a node image and that make it have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of node_image and node_image_plan."""

    DOCUMENTATION = r"""
options:
  image_names:
    description: The image name that kubeadm and the addons expect, by tool.
    type: dict
    required: true
  cni:
    description: Names of the tools that are CNI plugins.
    type: list
    elements: str
    required: true
  kubernetes_version:
    description: Version of Kubernetes, with a leading v.
    type: str
    required: true
  docker_host:
    description: Address of the Docker engine.
    type: str
    default: unix:///var/run/docker.sock
"""
