#!/usr/bin/python
"""The addresses of an application's pages."""

DOCUMENTATION = r"""
module: page_urls
short_description: Find the addresses under which a cluster publishes pages
version_added: 1.1.0
description:
  - Reads the Services and Routes that publish pages. A load balancer or a router may take a while to give an address;
    O(timeout) is how long that is waited for.
  - Changes nothing.
options:
  namespace:
    description: Where the Services are.
    type: str
    required: true
  pages:
    description: The pages.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the page is called in the result.
        type: str
        required: true
      service:
        description: The Service in front of it, or the Route, which has the same name.
        type: str
        required: true
      host:
        description: Host name, where somebody chose one.
        type: str
        default: ""
      node_port:
        description: Its node port, where somebody chose one.
        type: int
        default: 0
  way:
    description: How pages are published.
    type: str
    choices: [nodeport, loadbalancer, ingress, route]
    required: true
  tls:
    description: Whether an ingress speaks HTTPS.
    type: bool
    default: false
  address:
    description: A node's address, for node ports of pages without a host name.
    type: str
    default: ""
  timeout:
    description: Seconds to wait; 0 takes what is there, and an address that is missing is no failure then.
    type: int
    default: 0
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: It only looks, and does not wait.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Where the shop is
  todo.k8s.page_urls:
    namespace: shop
    way: loadbalancer
    pages: [{name: shop, service: frontend}]
    timeout: 120
"""

RETURN = r"""
urls:
  description: Name of each page to its address; pages without one are left out.
  type: dict
  returned: always
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.page_urls import WAYS, Page, url
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

ROUTES = "/apis/route.openshift.io/v1/namespaces/{}/routes/{}"
PAUSE = 2.0


def published(kube: Kube, namespace: str, page: Page) -> dict | None:
    """What publishes a page: its Service or its Route; None for an ingress, and for what is not there."""
    if page.way == "ingress":
        return None
    if page.way != "route":
        return kube.get("services", namespace, page.service)
    answer = kube.request("GET", ROUTES.format(namespace, page.service))
    return json.loads(answer.body) if answer.status == 200 else None


def find(kube: Kube, namespace: str, pages: list[Page], address: str, seconds: float) -> dict[str, str]:
    """The addresses of the pages, waited for as long as that; raises KubeError where the API does not answer."""
    deadline, told = time.monotonic() + seconds, False
    while True:
        urls = {page.name: url(page, published(kube, namespace, page), address) for page in pages}
        waiting = [name for name, found in urls.items() if not found]
        if not waiting or time.monotonic() >= deadline:
            return {name: found for name, found in urls.items() if found}
        if not told:
            report(f"waiting for an address of {', '.join(waiting)}")
            told = True
        time.sleep(PAUSE)


def main() -> None:
    """Entry point."""
    page = {
        "name": {"type": "str", "required": True},
        "service": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "node_port": {"type": "int", "default": 0},
    }
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "required": True},
            "pages": {"type": "list", "elements": "dict", "options": page, "required": True},
            "way": {"type": "str", "choices": list(WAYS), "required": True},
            "tls": {"type": "bool", "default": False},
            "address": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 0},
            **CLUSTER_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    pages = [Page(way=given["way"], tls=given["tls"], **item) for item in given["pages"]]
    seconds = 0 if module.check_mode else given["timeout"]
    try:
        urls = find(Kube(given["kubeconfig"], given["context"]), given["namespace"], pages, given["address"], seconds)
    except KubeError as error:
        module.fail_json(msg=str(error), urls={})
    lacking = [item.name for item in pages if item.name not in urls]
    if lacking and seconds:
        module.fail_json(
            msg=f"Pages {', '.join(lacking)} in {given['namespace']}: found no address within {seconds} s by way of "
            f"{given['way']}; needed one that browsers reach. Look at `kubectl describe service` there (a cluster "
            "without load balancers never gives one), or choose another cluster_way_in.",
            urls=urls,
        )
    module.exit_json(changed=False, urls=urls)


if __name__ == "__main__":
    main()
