#!/usr/bin/python
"""A project of OpenShift."""

DOCUMENTATION = r"""
module: openshift_project
short_description: Ask OpenShift for a project
version_added: 1.1.0
description:
  - Users of OpenShift may often make no namespace, but ask for a project, whose administrators they then are.
  - A project that is there stays as it is.
options:
  name:
    description: Name of the project, which is the namespace's.
    type: str
    required: true
  title:
    description: What the console shows.
    type: str
    default: ""
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    support: full
  diff_mode:
    description: Shows the project's name where it is made.
    support: full
requirements:
  - openshift
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Have a project
  todo.k8s.openshift_project:
    context: staging
    name: shop
"""

RETURN = r"""
uid_range:
  description: First user id and number of user ids that pods in it get; empty where it is not known yet.
  type: list
  elements: int
  returned: success
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import openshift_rules as rules
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS

PROJECTS = "project.openshift.io/v1"


def have(client, name: str, title: str, *, check: bool) -> tuple[bool, dict | None]:
    """Have a project, by a client of OpenShift's API; whether it had to be asked for, and the project.

    Raises what the client raises, but for a project that is not there.
    """
    from openshift.dynamic.exceptions import ForbiddenError, NotFoundError

    projects = client.resources.get(api_version=PROJECTS, kind="Project")
    try:
        return False, projects.get(name=name).to_dict()
    except (NotFoundError, ForbiddenError):
        # Of a project that is not there, OpenShift says that one may not see it.
        if check:
            return True, None
    requests = client.resources.get(api_version=PROJECTS, kind="ProjectRequest")
    requests.create(body=rules.project_request(name, title))
    return True, projects.get(name=name).to_dict()


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "title": {"type": "str", "default": ""},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        from kubernetes import config
        from openshift.dynamic import DynamicClient
        from openshift.dynamic.exceptions import DynamicApiError
    except ImportError as error:
        module.fail_json(
            msg=f"Python package openshift: not importable ({error}); needed: the project's virtual environment. Run "
            "this with its Python, `make up` makes it."
        )
    try:
        kubeconfig = os.path.expanduser(given["kubeconfig"]) if given["kubeconfig"] else None  # noqa: PTH111
        client = DynamicClient(config.new_client_from_config(config_file=kubeconfig, context=given["context"]))
        changed, project = have(client, given["name"], given["title"], check=module.check_mode)
    except (DynamicApiError, config.ConfigException, OSError) as error:
        module.fail_json(
            msg=f"Project {given['name']}: found {' '.join(str(error).split())[:300]}; needed the right to ask for it. "
            "Have an administrator make it (`oc new-project`), or set release_namespace to one that you have."
        )
    module.exit_json(
        changed=changed,
        msg=f"project {given['name']} {'asked for' if changed else 'is there'}",
        uid_range=list(rules.uid_range(project) or ()),
        diff={"before": "" if changed else f"{given['name']}\n", "after": f"{given['name']}\n"},
    )


if __name__ == "__main__":
    main()
