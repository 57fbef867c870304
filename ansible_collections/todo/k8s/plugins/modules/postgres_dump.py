#!/usr/bin/python
"""Ansible module: a PostgreSQL database in a pod, saved into a file of this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_dump
short_description: Save a PostgreSQL database that runs in a pod into a file
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Runs C(pg_dump --format=custom) inside the pod, while clients go on working, and writes its output to a file of this
    host that only its owner can read.
  - The archive is read again to its end before the file gets its name. A dump that broke off leaves no file.
  - No password is needed or shown.
options:
  path:
    description: The file to make; there must be none of that name. Its folder is made.
    type: path
    required: true
extends_documentation_fragment: [todo.k8s.postgres, todo.k8s.cluster]
attributes:
  check_mode:
    description: Looks for the pod, says what would be saved where, and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare with, a backup is always a new file.
    support: none
"""

EXAMPLES = r"""
- name: Save the database
  todo.k8s.postgres_dump:
    namespace: todo
    selector: app.kubernetes.io/name=postgresql
    path: ~/backups/todo.dump
"""

RETURN = r"""
msg:
  description: What was saved.
  returned: always
  type: str
  sample: "/home/ann/backups/todo.dump: 22.3 kB, read again to its end"
path:
  description: The file.
  returned: success
  type: str
size:
  description: Its size in bytes; 0 in check mode.
  returned: success
  type: int
sha256:
  description: Its hash; empty in check mode.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import archive_file
from ansible_collections.todo.k8s.plugins.module_utils.postgres_pod import (
    POSTGRES_ARGUMENTS,
    DatabaseError,
    KubeError,
    open_database,
)


def run(module: AnsibleModule) -> dict:
    """Save; the module's result."""
    path = Path(module.params["path"])
    if path.exists():
        raise DatabaseError("found a file of that name, needed a free one. Choose another name")
    database = open_database(module.params)
    result = {"changed": True, "path": str(path), "size": 0, "sha256": ""}
    if module.check_mode:
        return result | {"msg": f"{path}: the database would be saved into this file"}
    with archive_file.new_file(path) as file:
        database.dump(file)
        database.verify(file)
        result |= {"size": file.seek(0, 2), "sha256": archive_file.sha256(file)}
    return result | {"msg": f"{path}: {archive_file.size_text(result['size'])}, read again to its end"}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, **POSTGRES_ARGUMENTS}, supports_check_mode=True
    )
    try:
        module.exit_json(**run(module))
    except (DatabaseError, KubeError) as error:
        module.fail_json(msg=f"Backup {module.params['path']}: {error}. No file was made.")
    except OSError as error:
        module.fail_json(
            msg=f"Backup {module.params['path']}: found {error.strerror} ({error.filename}), needed a folder that can"
            " be written. Correct its rights, or choose another one. No file was made."
        )


if __name__ == "__main__":
    main()
