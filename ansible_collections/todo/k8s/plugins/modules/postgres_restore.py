#!/usr/bin/python
"""Ansible module: an archive of postgres_dump put in the place of a database in a pod."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_restore
short_description: Put an archive in the place of a PostgreSQL database that runs in a pod
version_added: "1.0.0"
author: The todo.k8s team
description:
  - Reads the archive to its end first, and refuses a file that is none or a cut-off one.
  - Refuses a database that holds rows already, unless told to replace them.
  - Restores in one transaction into a new database, which then takes the old one's name in another. A restore that
    fails or is interrupted leaves the database as it was.
  - Clients of the database have to be stopped before, see M(todo.k8s.workload_pause).
options:
  path:
    description: The archive, made by M(todo.k8s.postgres_dump) or C(pg_dump --format=custom).
    type: path
    required: true
  replace:
    description: Whether rows that are there may be lost.
    type: bool
    default: false
  content:
    description:
      - Tables whose rows nobody wants to lose, to an SQL condition that tells them, empty for every row.
      - Without any, every row of every table counts. A table that does not exist has none.
    type: dict
    default: {}
extends_documentation_fragment: [todo.k8s.postgres, todo.k8s.cluster]
attributes:
  check_mode:
    description: Reads the archive, looks at the database, refuses as it would, and changes nothing.
    support: full
  diff_mode:
    description: Shows the tables whose rows are replaced, with their number.
    support: full
"""

EXAMPLES = r"""
- name: Restore the database of a fresh installation
  todo.k8s.postgres_restore:
    namespace: todo
    selector: app.kubernetes.io/name=postgresql
    path: ~/backups/todo.dump
"""

RETURN = r"""
msg:
  description: What was restored, and what it replaced.
  returned: always
  type: str
  sample: "~/backups/todo.dump: restored, 22.3 kB; the database was empty before"
replaced:
  description: Tables that held rows before, and how many.
  returned: success
  type: dict
  sample: {todo.users: 12}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.archive_file import size_text
from ansible_collections.todo.k8s.plugins.module_utils.postgres import check_content
from ansible_collections.todo.k8s.plugins.module_utils.postgres_pod import (
    POSTGRES_ARGUMENTS,
    DatabaseError,
    KubeError,
    open_database,
)


def rows(found: dict[str, int]) -> str:
    """Tables and their numbers of rows in words."""
    return ", ".join(f"{table} with {count} row{'' if count == 1 else 's'}" for table, count in sorted(found.items()))


def run(module: AnsibleModule) -> dict:
    """Look, refuse or restore; the module's result."""
    params = module.params
    path = Path(params["path"])
    check_content(params["content"])
    with path.open("rb") as file:
        database = open_database(params)
        database.verify(file)
        found = database.content(params["content"])
        if found and not params["replace"]:
            raise DatabaseError(
                f"found data in the database ({rows(found)}), needed none. Restore into a fresh installation, or say"
                " that these rows may be lost: -e database_restore_replace=true"
            )
        if not module.check_mode:
            database.restore(file)
    size = path.stat().st_size
    done = "would be restored" if module.check_mode else "restored"
    before = f"it replaces {rows(found)}" if found else "the database was empty before"
    result = {"changed": True, "replaced": found, "msg": f"{path}: {done}, {size_text(size)}; {before}"}
    if module._diff:
        result["diff"] = {"before": f"{rows(found) or 'no rows'}\n", "after": f"what {path.name} holds\n"}
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "replace": {"type": "bool", "default": False},
            "content": {"type": "dict", "default": {}},
            **POSTGRES_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**run(module))
    except (DatabaseError, KubeError, ValueError) as error:
        module.fail_json(msg=f"Restore of {module.params['path']}: {error}. Nothing was changed.")
    except OSError as error:
        module.fail_json(
            msg=f"Restore of {module.params['path']}: found {error.strerror}, needed a file that can be read. Name one"
            " of `make backup`: -e database_restore_file=FILE"
        )


if __name__ == "__main__":
    main()
