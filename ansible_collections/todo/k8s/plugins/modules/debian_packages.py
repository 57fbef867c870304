#!/usr/bin/python
"""Debian packages, with a record of what came."""

DOCUMENTATION = r"""
module: debian_packages
short_description: Debian packages, with a record of what came
description:
  - Installs the packages that are missing, without recommended ones, and writes down every package that came with
    them, so that the end of a project can name or remove exactly those.
options:
  names:
    description: Packages that must be installed.
    type: list
    elements: str
    required: true
  record:
    description: File to which the newly installed packages are added, one a line.
    type: path
    required: true
  start_services:
    description: Whether maintainer scripts may start daemons.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have mmdebstrap
  todo.k8s.debian_packages:
    names: [mmdebstrap]
    record: /var/lib/todo/installed-packages
  become: true
"""

RETURN = r"""
installed:
  description: Packages that were installed by this call, dependencies included.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import debian_packages as packages
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "record": {"type": "path", "required": True},
            "start_services": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    missing = packages.missing(module.params["names"])
    if not missing:
        module.exit_json(changed=False, installed=[], msg="all packages are installed")
    if module.check_mode:
        module.exit_json(changed=True, installed=missing, msg=f"missing: {', '.join(missing)}")
    try:
        came = packages.install(missing, start_services=module.params["start_services"], say=report)
    except packages.PackageError as error:
        module.fail_json(msg=str(error))
    packages.remember(Path(module.params["record"]), came)
    module.exit_json(changed=True, installed=came, msg=f"were missing: {', '.join(missing)}")


if __name__ == "__main__":
    main()
