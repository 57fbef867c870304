#!/usr/bin/python
"""Debian packages, with a record of what came."""

DOCUMENTATION = r"""
module: debian_packages
short_description: Debian packages, with a record of what came
description:
  - Installs the packages that are missing, without recommended ones, and writes down every package that came with
    them, so that the end of a project can name or remove exactly those.
  - Runs as an ordinary user. Only C(apt-get) goes through sudo, only when something is to be done, and only if sudo
    asks for no password; otherwise the error names the packages and the command that installs them.
options:
  names:
    description: The packages; with O(state=absent) those of O(record) if not given.
    type: list
    elements: str
  state:
    description: V(absent) purges.
    choices: [present, absent]
    default: present
    type: str
  why:
    description: What the packages are needed for, told in the error where they may not be installed.
    type: str
    default: ""
  record:
    description: File to which the newly installed packages are added, one a line.
    type: path
    required: true
  repository:
    description: Folder of Debian packages with their index, as a bundle has one; it is then apt's only source, for this
      call and without a change of the host's sources.
    type: path
  start_services:
    description: Whether maintainer scripts may start daemons.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have mmdebstrap
  todo.k8s.debian_packages:
    names: [mmdebstrap]
    record: /var/lib/todo/installed-packages
"""

RETURN = r"""
installed:
  description: Packages that were installed by this call, dependencies included.
  type: list
  elements: str
  returned: always
removed:
  description: Packages that were removed by this call.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import debian_packages as packages
from ansible_collections.todo.k8s.plugins.module_utils import network, rights
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def _lines(names):
    return "".join(f"{name}\n" for name in names)


def _install(module):
    network.apply()
    missing = packages.missing(module.params["names"])
    if not missing:
        module.exit_json(changed=False, installed=[], removed=[], msg="all packages are installed")
    packages.require_rights(missing, module.params["why"])
    came, verb = missing, "would be installed"
    if not module.check_mode:
        verb = "installed"
        came = packages.install(
            missing,
            start_services=module.params["start_services"],
            repository=module.params["repository"] or "",
            say=report,
        )
        packages.remember(Path(module.params["record"]), came)
    module.exit_json(
        changed=True,
        installed=came,
        removed=[],
        diff={"before": "", "after": _lines(came)},
        msg=f"were missing, {verb}{rights.how()}: {', '.join(missing)}",
    )


def _remove(module):
    names, record = module.params["names"], Path(module.params["record"])
    if names is None:
        names = record.read_text().split() if record.exists() else []
    there = sorted(set(names) - set(packages.missing(names)))
    if there and not module.check_mode:
        packages.remove(there, say=report)
    verb = "would be removed" if module.check_mode else "removed"
    module.exit_json(
        changed=bool(there),
        installed=[],
        removed=there,
        diff={"before": _lines(there), "after": ""},
        msg=f"{verb}{rights.how()}: {', '.join(there)}" if there else "none of them is installed",
    )


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "record": {"type": "path", "required": True},
            "why": {"type": "str", "default": ""},
            "repository": {"type": "path"},
            "start_services": {"type": "bool", "default": True},
        },
        required_if=[("state", "present", ["names"])],
        supports_check_mode=True,
    )
    try:
        (_install if module.params["state"] == "present" else _remove)(module)
    except (packages.PackageError, rights.RightsError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
