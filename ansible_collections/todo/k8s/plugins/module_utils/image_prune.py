"""Which images may go: those that no workload uses, beyond the newest few of each repository."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference, familiar
from ansible_collections.todo.k8s.plugins.module_utils.node_exec import NodeError, NodeExec

# Old ReplicaSets are left out: a Deployment keeps ten, whose images nothing runs.
KINDS = "pods,deployments,statefulsets,daemonsets,jobs,cronjobs"
TEMPLATE = (
    r'{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\t"}{..containers[*].image}{" "}'
    r'{..initContainers[*].image}{" "}{..ephemeralContainers[*].image}{"\n"}{end}'
)
USES_SCRIPT = (
    "kubectl=$(ls -d /var/lib/minikube/binaries/*/kubectl | tail -n 1); "
    f'"$kubectl" --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=10s get {KINDS} --all-namespaces '
    f"--output=jsonpath='{TEMPLATE}'"
)


@dataclass(frozen=True)
class Choice:
    """What goes, and what stays although it was to go: {name: who uses it}."""

    remove: list[str]
    used: dict[str, str]


def parse_uses(text: str) -> dict[str, str]:
    """{image name: the first workload that uses it}."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        who, _tab, images = line.partition("\t")
        for image in images.split():
            found.setdefault(familiar(image), who)
    return found


def uses(control_plane: NodeExec) -> dict[str, str]:
    """See `parse_uses`; asks the cluster's API server. Raises NodeError: without an answer nothing may be removed."""
    try:
        return parse_uses(control_plane.run("sh", "-c", USES_SCRIPT))
    except NodeError as error:
        raise NodeError(f"Which images are used cannot be told, so none is removed. {error}") from error


def candidates(names: set[str], repositories: set[str], age: dict[str, str], keep: int) -> list[str]:
    """Of each repository all tags but the newest ones, oldest first.

    :param names: Short names of images.
    :param age: A time that sorts for each name that one is known of; those without are the oldest.
    :param keep: How many tags stay.
    """
    found = []
    for repository in sorted(repositories):
        own = [name for name in names if Reference.parse(name).repository == repository]
        own.sort(key=lambda name: (age.get(name, ""), name))
        found += own[: max(0, len(own) - keep)]
    return found


def choose(wanted: list[str], used: dict[str, str], spared: set[str]) -> Choice:
    """Of what is to go, what may go. `spared` are names that are needed whatever uses them now."""
    stays = {name: used[name] for name in wanted if name in used}
    return Choice([name for name in wanted if name not in used and name not in spared], stays)
