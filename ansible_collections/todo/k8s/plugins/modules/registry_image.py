#!/usr/bin/python
"""Images in a registry."""

DOCUMENTATION = r"""
module: registry_image
short_description: Have an engine's images in a registry
version_added: 1.1.0
description:
  - Pushes what the registry lacks. An image's tag is a hash of what was built, so a tag that is there is not pushed
    again, except where it names another image than the one that was pushed from here.
  - The engine asks and pushes, with the given credentials or those of Docker's client (C(docker login)).
options:
  images:
    description: Images of the engine, NAME:TAG.
    type: list
    elements: str
    required: true
  prefix:
    description: Where to, HOST[:PORT][/PATH]. The last part of an image's name and its tag come after it.
    type: str
    required: true
  username:
    description: User of the registry; empty for what Docker's client knows.
    type: str
    default: ""
  password:
    description: Password or token of O(username).
    type: str
    default: ""
  timeout:
    description: Seconds for the registry's answer to a question.
    type: float
    default: 20
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    description: Asks the registry and pushes nothing.
    support: full
  diff_mode:
    description: Shows which images the registry has before and afterwards.
    support: full
requirements:
  - docker
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Push the images
  todo.k8s.registry_image:
    images: [todo-k8s/todo-backend:t0123456789ab]
    prefix: registry.example.com/team
"""

RETURN = r"""
images:
  description:
    - For each given image its C(repository), C(tag), C(ref), C(digest), whether it was C(pushed), and the C(reason).
  type: dict
  returned: success
msg:
  description: What was pushed, and why.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils.image_reference import digests
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report
from ansible_collections.todo.k8s.plugins.module_utils.registry_push import (
    PushError,
    checked_prefix,
    decide,
    refusal,
    target,
)


def bring(store: ImageStore, source: str, prefix: str, account: dict | None, seconds: float, *, check: bool) -> dict:
    """Have one image in the registry; its entry of the result.

    :param account: username and password, None for what Docker's client knows.
    :param seconds: For the registry's answer.
    :raises PushError: where the registry does not answer or refuses.
    :raises StoreError: where the engine does not answer or lacks the image.
    """
    wanted = target(source, prefix)
    inspected = store.inspect(source)
    if inspected is None:
        raise StoreError(f"Image {source}: the engine has no such image; build it first.")
    answer = store.ask(wanted.named, seconds, account)
    decision = decide(wanted, answer, digests(inspected, wanted.repository))
    digest = decision.digest
    if decision.push and not check:
        report(f"{wanted.repository.rpartition('/')[2]}: pushing, as {decision.reason}")
        store.tag(source, wanted.named)
        try:
            digest = store.push(wanted, account)
        except StoreError as error:
            raise PushError(refusal(wanted, str(error))) from error
    return {
        "repository": wanted.repository,
        "tag": wanted.tag,
        "ref": wanted.named,
        "digest": digest,
        "pushed": decision.push,
        "reason": decision.reason,
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "username": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True},
            "timeout": {"type": "float", "default": 20},
            "docker_host": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    given = module.params
    account = {"username": given["username"], "password": given["password"]} if given["username"] else None
    store, found = ImageStore(given["docker_host"]), {}
    try:
        prefix = checked_prefix(given["prefix"])
        for source in given["images"]:
            found[source] = bring(store, source, prefix, account, given["timeout"], check=module.check_mode)
    except (PushError, StoreError) as error:
        module.fail_json(msg=str(error), images=found)
    pushed = [entry for entry in found.values() if entry["pushed"]]
    there = sorted(entry["ref"] for entry in found.values() if not entry["pushed"])
    verb = "would push" if module.check_mode else "pushed"
    module.exit_json(
        changed=bool(pushed),
        images=found,
        msg=f"{verb} " + "; ".join(f"{entry['ref']}: {entry['reason']}" for entry in pushed)
        if pushed
        else "the registry has them all",
        diff={"before": {"images": there}, "after": {"images": sorted(entry["ref"] for entry in found.values())}},
    )


if __name__ == "__main__":
    main()
