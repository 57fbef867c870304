"""Which repair a release's history asks for."""

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import helm_history
from ansible_collections.todo.k8s.plugins.module_utils.helm_history import Revision, command, decide, revisions


def history(*statuses):
    return [Revision(number, status) for number, status in enumerate(statuses, 1)]


@pytest.mark.parametrize(
    ("statuses", "action", "to"),
    [
        ([], "none", None),
        (["deployed"], "none", None),
        (["superseded", "deployed"], "none", None),
        (["uninstalled"], "none", None),
        (["pending-install"], "uninstall", None),
        (["failed"], "uninstall", None),
        (["failed", "pending-upgrade"], "uninstall", None),
        (["deployed", "pending-upgrade"], "rollback", 1),
        (["superseded", "deployed", "failed"], "rollback", 2),
        (["deployed", "deployed", "failed"], "rollback", 2),
        (["superseded", "deployed", "failed", "pending-rollback"], "rollback", 2),
        (["superseded", "uninstalling"], "uninstall", None),
    ],
)
def test_repair(statuses, action, to):
    repair = decide("shop", history(*statuses))
    assert (repair.action, repair.to) == (action, to)
    assert repair.msg.startswith("Release shop:")


def test_history_is_read_from_labels_and_in_numerical_order():
    labels = [
        {"owner": "helm", "version": "10", "status": "deployed"},
        {"owner": "helm", "version": "9", "status": "superseded"},
        {"owner": "someone", "version": "11", "status": "failed"},
        {"owner": "helm", "status": "failed"},
    ]
    assert revisions(labels) == [Revision(9, "superseded"), Revision(10, "deployed")]


def test_commands():
    back = decide("shop", history("deployed", "failed"))
    assert command("/bin/helm", back, "shop", "ns", "kube") == [
        "/bin/helm", "rollback", "shop", "1", "--history-max", "5", "--namespace", "ns", "--kube-context", "kube",
    ]  # fmt: skip
    gone = helm_history.Repair("uninstall", "")
    assert command("helm", gone, "shop", "ns", None) == ["helm", "uninstall", "shop", "--ignore-not-found", "--namespace", "ns"]  # fmt: skip # noqa: E501
