"""What every module that works with a PostgreSQL server in a pod has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The server's pod, as in open_database of module_utils/postgres_pod.py."""

    DOCUMENTATION = r"""
options:
  namespace:
    description: Namespace of the server's pod.
    type: str
    required: true
  selector:
    description: Label selector of the server's pod.
    type: str
    required: true
  container:
    description:
      - Container of the server. Its environment names the user and the database as the official image does,
        C(POSTGRES_USER) and C(POSTGRES_DB); its socket lets the user in without a password.
    type: str
    default: postgresql
  kubectl:
    description: The kubectl binary.
    type: path
    default: kubectl
  timeout:
    description: Seconds for one command in the pod.
    type: int
    default: 600
"""
