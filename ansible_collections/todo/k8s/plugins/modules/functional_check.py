#!/usr/bin/python
"""Functional checks of a running application, described as data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: functional_check
short_description: Check a running application over HTTP, inside the cluster and in a real browser
version_added: 1.0.0
description:
  - Runs checks that are given as data and returns a verdict, a latency and a detail for each. They run one after the
    other, those of the browser beside the rest unless one needs what the other captures.
  - A check is a row of steps. A step is an HTTP request, a request to a Service that is published nowhere (through the
    API server's proxy) or a row of actions in a real browser. What one step captures, all later steps may use.
  - What a check made it removes in its C(finally) steps, whatever happened. Tokens and passwords are in no output.
  - Never reports a change. In check mode nothing is run, because checks write test data.
options:
  checks:
    description:
      - List of C({name, steps, finally}). Every step has a C(name), and may have C(when) (variable to value or list of
        values), C(expect), C(capture), C(retry_seconds), C(method), C(headers), C(json) and C(timeout).
      - C(url) makes it an HTTP request; C(service), C(port) and C(path) one to a Service; C(browser) a list of actions.
      - C(expect) takes C(status) (number or list), C(headers) (name to pattern), C(text), C(max_seconds) and C(json), a
        mapping of paths such as C(user.email), C([0].title) or C(calls[name=add].result) to a value or to one of
        C(matches), C(contains), C(exists), C(length), C(min_length) and C(one_of).
      - C(capture) maps a variable to a JSON path, C($status) or C($header:NAME); with a C(?) at its end it need not be
        there, and the variable is then unset.
      - Actions are C(goto), C(fill), C(click), C(press), C(tick), C(expect_visible), C(expect_hidden), C(expect_text),
        C(expect_ticked), C(expect_title) and C(screenshot); elements are named by C(role) and C(name), C(label),
        C(placeholder), C(testid), C(text) or C(css), and C(within). Errors on the console fail the step except those
        that match C(allow_console).
      - C({name}) anywhere stands for a variable. C({unique}) is another one in each run.
    type: list
    elements: dict
    required: true
  variables:
    description: Variables for the checks, such as base addresses.
    type: dict
    default: {}
  account_secret:
    description:
      - Secret of the installation from which the checks' account is derived, as C({account_id}) and
        C({account_password}). The same Secret gives the same account in every run, so runs leave no accounts behind.
      - Without it the account is another one in each run.
    type: dict
    suboptions:
      name:
        description: Name of the Secret, in O(namespace).
        type: str
        required: true
      key:
        description: Key in it.
        type: str
        required: true
  namespace:
    description: Namespace of the Services and of the Secret.
    type: str
    default: default
  browser:
    description: Whether to run checks with browser steps; they are left out, and marked so, otherwise.
    type: bool
    default: true
  browser_executable:
    description: Chromium or a relative of it; by default the first of the usual names on PATH.
    type: str
  screenshots:
    description: Folder for pictures, those of failures among them.
    type: path
    required: true
  step_timeout:
    description: Seconds for one request or browser action.
    type: float
    default: 10
  timeout:
    description: Seconds for all checks; what has not begun by then is not run, and fails.
    type: float
    default: 180
extends_documentation_fragment: [todo.k8s.cluster]
attributes:
  check_mode:
    description: Can run in check mode without changing anything.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
requirements:
  - requests
  - kubernetes, for Services and for O(account_secret)
  - playwright, for browser steps
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Check the shop
  todo.k8s.functional_check:
    screenshots: /tmp/pictures
    variables:
      shop: http://127.0.0.1:30080
    namespace: shop
    checks:
      - name: the database's door is open
        steps:
          - {name: ready, service: backend, port: 8000, path: /ready, expect: {status: 200, max_seconds: 1}}
      - name: an article can be made
        steps:
          - name: make
            method: POST
            url: "{shop}/api/articles"
            json: {title: "Check {unique}"}
            expect: {status: 201, json: {title: "Check {unique}"}}
            capture: {article: id}
        finally:
          - {name: remove, method: DELETE, url: "{shop}/api/articles/{article}", expect: {status: [204, 404]}}
      - name: the page shows it
        steps:
          - name: look
            browser:
              - {goto: "{shop}/", max_seconds: 3}
              - {expect_title: Shop}
"""

RETURN = r"""
msg:
  description: How many checks passed, or what failed, with step, expectation and what was found.
  type: str
  returned: always
checks:
  description: Verdict of each check.
  type: list
  elements: dict
  returned: always
  sample: [{name: an article can be made, ok: true, latency_ms: 41, detail: make 41 ms, skipped: false}]
"""

import base64
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.check_browser import Browser, find_browser
from ansible_collections.todo.k8s.plugins.module_utils.check_run import Runner
from ansible_collections.todo.k8s.plugins.module_utils.checks import account, mistakes
from ansible_collections.todo.k8s.plugins.module_utils.kube import CLUSTER_ARGUMENTS, Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def main() -> None:
    secret = {"name": {"type": "str", "required": True}, "key": {"type": "str", "required": True, "no_log": False}}
    module = AnsibleModule(
        argument_spec={
            "checks": {"type": "list", "elements": "dict", "required": True},
            "variables": {"type": "dict", "default": {}},
            "account_secret": {"type": "dict", "options": secret, "no_log": False},
            "namespace": {"type": "str", "default": "default"},
            **CLUSTER_ARGUMENTS,
            "browser": {"type": "bool", "default": True},
            "browser_executable": {"type": "str"},
            "screenshots": {"type": "path", "required": True},
            "step_timeout": {"type": "float", "default": 10},
            "timeout": {"type": "float", "default": 180},
        },
        supports_check_mode=True,
    )
    given = module.params
    found = mistakes(given["checks"])
    if found:
        module.fail_json(msg="the checks are not valid:\n  " + "\n  ".join(found), checks=[])
    if module.check_mode:
        module.exit_json(changed=False, msg="not run in check mode: the checks write test data", checks=[])

    opened: list[Kube] = []

    def kube() -> Kube:
        if not opened:
            opened.append(Kube(given["kubeconfig"], given["context"], given["step_timeout"]))
        return opened[0]

    try:
        seed = secret_value(kube(), given["namespace"], **given["account_secret"]) if given["account_secret"] else None
    except KubeError as error:
        module.fail_json(msg=str(error), checks=[])
    browser = None
    if given["browser"] and any("browser" in step for check in given["checks"] for step in check["steps"]):
        executable = find_browser(given["browser_executable"])
        if not executable:
            module.fail_json(
                msg=f"browser: found no {given['browser_executable'] or 'chromium on PATH'}; needed one"
                " for the browser checks; remedy: `apt-get install chromium`, or set verify_browser to false",
                checks=[],
            )
        browser = Browser(executable, Path(given["screenshots"]), given["step_timeout"])
    runner = Runner(
        variables={**account(seed or os.urandom(32)), **given["variables"]},
        namespace=given["namespace"],
        kube=kube,
        browser=browser,
        timeout=given["step_timeout"],
        report=report,
    )
    finish(module, runner.run(given["checks"], given["timeout"]))


def secret_value(kube: Kube, namespace: str, name: str, key: str) -> bytes:
    """The value of a Secret's key.

    :raises KubeError: where there is no such Secret or key.
    """
    found = kube.get("secrets", namespace, name)
    value = ((found or {}).get("data") or {}).get(key)
    if not value:
        keys = ", ".join(sorted((found or {}).get("data") or {})) if found else "no such Secret"
        raise KubeError(
            f"Secret {namespace}/{name}, key {key}: found {keys}; needed to derive the checks' account; remedy: deploy"
            " the release, or correct verify_account_secret"
        )
    return base64.b64decode(value)


def finish(module: AnsibleModule, checks: list[dict]) -> None:
    """End the module with the verdict in words."""
    failed = [item for item in checks if not item["ok"]]
    skipped = sum(item["skipped"] for item in checks)
    passed = len(checks) - len(failed) - skipped
    text = f"{passed} of {len(checks)} checks passed" + (f", {skipped} left out" if skipped else "")
    if not failed:
        module.exit_json(changed=False, msg=text, checks=checks)
    rows = []
    for item in failed:
        rows.append(f"  {item['name']}: {item['detail']}")
        if item.get("screenshot"):
            rows.append(f"    screenshot: {item['screenshot']}")
    module.fail_json(msg="\n".join([f"{text}, {len(failed)} failed:", *rows]), checks=checks)


if __name__ == "__main__":
    main()
