#!/usr/bin/python
"""Documentation of todo.k8s.settings_check; the work is done by the action plugin of the same name."""

DOCUMENTATION = r"""
module: settings_check
short_description: Finds unknown settings and impossible values before anything is changed
version_added: 1.0.0
description:
  - Reads C(meta/argument_specs.yml) of all roles of this collection.
  - Fails when a variable of the inventory or of the command line has a role's prefix but is no setting, or when one of
    the command line is almost a setting; names the setting that was probably meant. What the playbook and its files
    define is known.
  - Fails when a setting has a value of the wrong type or none of its choices. A value that refers to the result of a
    later stage is left to that stage. Values of settings with C(no_log) are never shown.
  - Fails when C(todo_http_proxy) or C(todo_https_proxy) is no proxy's address, and when C(todo_ca_bundle) is no
    readable file of certificates. An address is not shown, it may hold a password.
  - All problems are named at once.
options:
  known:
    description: Further names that are no mistake.
    type: list
    elements: str
    default: []
  prefixes:
    description:
      - Prefixes, without underscore, of names that the inventory itself defines. Such a name on the command line must
        be one that the inventory or the playbook defines as well.
    type: list
    elements: str
    default: [todo]
attributes:
  check_mode:
    support: full
    description: Only reads.
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Check the settings
  todo.k8s.settings_check:
    known: [todo_app]
"""

RETURN = r"""
ansible_facts:
  description: C(settings_checked), by which others know that it was done in this play.
  type: dict
  returned: success
checked:
  description: How many settings have a value.
  type: int
  returned: always
"""
