"""What every module that speaks to a Docker engine has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The engine's address."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description: The engine's address; otherwise DOCKER_HOST or the usual socket.
    type: str
    default: ''
"""
