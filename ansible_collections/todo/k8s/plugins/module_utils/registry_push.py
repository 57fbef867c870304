"""Which images a registry lacks. Tags are hashes of what was built and are never used twice: what is there stays.

Decisions without I/O; the engine asks and pushes (image_store.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference
from ansible_collections.todo.k8s.plugins.module_utils.image_store import Answer

# What registries say of a repository or tag they have not got. Some never tell that from a missing right.
LACKING = re.compile(r"manifest unknown|name unknown|not found|denied|unauthorized|authentication required", re.I)
PREFIX = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")


class PushError(Exception):
    """An image cannot be had in the registry; the text names it, what was found and the remedy."""


@dataclass(frozen=True)
class Decision:
    """Whether an image is pushed, and why in words; `digest` is the registry's where nothing is pushed."""

    push: bool
    reason: str
    digest: str = ""


def checked_prefix(prefix: str) -> str:
    """The prefix without a slash at its end.

    :raises PushError: where it does not begin with a registry's host, or has a scheme.
    """
    bare = prefix.rstrip("/")
    host = bare.partition("/")[0]
    if PREFIX.fullmatch(bare) and ("." in host or ":" in host or host == "localhost"):
        return bare
    raise PushError(
        f"Registry {prefix or '(empty)'}: is not a place for images; needed HOST[:PORT][/PATH] in small letters, "
        "such as registry.example.com/team, without a scheme. Correct the setting cluster_registry."
    )


def target(reference: str, prefix: str) -> Reference:
    """The name of an image below a prefix: the last part of its own name, and its tag."""
    named = Reference.parse(reference)
    return Reference(f"{prefix}/{named.repository.rpartition('/')[2]}", named.tag)


def decide(wanted: Reference, answer: Answer, pushed: list[str]) -> Decision:
    """What to do about one image.

    :param wanted: Its name in the registry.
    :param answer: What the registry says of that name.
    :param pushed: Digests under which this very image is known to be in that repository.
    :raises PushError: where the registry does not answer.
    """
    if answer.digest:
        if pushed and answer.digest not in pushed:
            return Decision(True, f"the registry's {wanted.tag} is another image ({answer.digest[:19]}…)")
        return Decision(False, "the registry has it", answer.digest)
    if LACKING.search(answer.problem):
        return Decision(True, "the registry does not have it")
    raise PushError(
        f"Image {wanted.named}: the registry {wanted.registry} does not answer the engine: {answer.problem}. Needed: a "
        "registry that the Docker engine reaches. Check cluster_registry, and that the engine trusts its certificate."
    )


def refusal(wanted: Reference, said: str) -> str:
    """The message for a push that failed, with what can be done about it."""
    if re.search(r"denied|unauthorized|authentication|no basic auth", said, re.I):
        remedy = (
            "the right to push there: CLUSTER_REGISTRY_USERNAME and CLUSTER_REGISTRY_PASSWORD in the environment, or "
            f"`docker login {wanted.registry}` on this host"
        )
    else:
        remedy = "a registry that takes it; its log tells more"
    return f"Image {wanted.named}: could not be pushed: {said}. Needed: {remedy}."
