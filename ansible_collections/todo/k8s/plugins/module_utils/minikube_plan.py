"""What has to be done to a profile, decided from what was observed. Pure: check mode is this and no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.todo.k8s.plugins.module_utils import minikube_profile as profiles
from ansible_collections.todo.k8s.plugins.module_utils.minikube_observation import Observation, machine_names
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import MinikubeError, Wanted


@dataclass
class Plan:
    """The steps to take, and in words why. `repairs` are things that were broken, `reasons` all that changes."""

    unpause: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    delete: bool = False
    drop_config: bool = False
    reconfigure: bool = False
    start: bool = False
    first_start: bool = False
    add_nodes: int = 0
    delete_nodes: list[str] = field(default_factory=list)
    context: bool = False
    addons: profiles.AddonChanges = field(default_factory=profiles.AddonChanges)
    differences: dict[str, dict] = field(default_factory=dict)
    repairs: list[dict] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def repair(self, name: str, found: str, remedy: str) -> None:
        """Note something broken and how it is mended."""
        self.repairs.append({"name": name, "found": found, "remedy": remedy})
        self.reasons.append(f"{found}: {remedy}")


def present(observed: Observation, wanted: Wanted, *, recreate: bool) -> Plan:
    """The plan for a running profile. MinikubeError when only a new cluster would do and none is allowed."""
    plan = Plan()
    config = observed.config
    if observed.unfinished:
        plan.delete = plan.start = plan.first_start = True
        plan.repair("start_interrupted", "its first start never ended", "begun anew")
        plan.addons = profiles.AddonChanges(list(wanted.addons))
        return plan
    if config is None and not observed.containers:
        plan.start = plan.first_start = True
        plan.reasons.append("there was no such profile")
        plan.addons = profiles.AddonChanges(list(wanted.addons))
        return plan
    control_plane = next((c for c in observed.containers if c["Name"].strip("/") == wanted.profile), None)
    plan.differences = profiles.differences(config, wanted, control_plane) if config else {}
    anew = profiles.needs_new_cluster(plan.differences)
    if anew:
        _new_cluster(plan, wanted, anew, recreate)
        return plan
    _mend(plan, observed, wanted)
    _grow_or_shrink(plan, observed, wanted)
    if "extra_config" in plan.differences:
        # Without it Minikube writes the kubelet's new options and leaves it running with the old ones.
        plan.start = plan.reconfigure = True
        plan.reasons.append("extra_config changed: components restarted with it")
    if not plan.start and observed.context != "Configured":
        plan.context = True
        found = "the kubeconfig has no such context"
        if observed.context == "Misconfigured":
            found = f"the kubeconfig's context leads elsewhere ({observed.server or 'to another user or authority'})"
        name = "context_missing" if observed.context == "Nonexistent" else "context_elsewhere"
        plan.repair(name, found, "written anew, all others stay")
    plan.addons = profiles.addon_changes(config or {}, wanted)
    if plan.addons.enable:
        plan.reasons.append(f"enabled {', '.join(plan.addons.enable)}")
    if plan.addons.disable:
        plan.reasons.append(f"disabled {', '.join(plan.addons.disable)}")
    return plan


def _new_cluster(plan: Plan, wanted: Wanted, anew: dict, recreate: bool) -> None:
    if not recreate:
        raise MinikubeError(
            f"Minikube profile {wanted.profile} differs from its settings in what only a new cluster can change: "
            f"{profiles.describe(anew)}. Set minikube_recreate=true (the module's recreate) to make it anew, which "
            "loses all data in it, or put the setting back.",
            plan.differences,
        )
    plan.delete = plan.start = plan.first_start = True
    plan.reasons.append(f"made anew for {', '.join(anew)}")
    plan.addons = profiles.AddonChanges(list(wanted.addons))


def _mend(plan: Plan, observed: Observation, wanted: Wanted) -> None:
    """Plan the repair of whatever keeps the profile from running."""
    if not observed.config:
        plan.drop_config = plan.start = True
        plan.repair("config_unreadable", "its stored configuration was missing or half written", "written anew")
    states = {node.name: node for node in observed.nodes}
    plan.unpause = [node.name for node in observed.nodes if node.host == "Paused"]
    for name in plan.unpause:
        plan.repair("container_paused", f"container {name} was paused", "continued")
    for name in _machines(observed, wanted):
        state = states.get(name)
        if state is None or state.host == "Nonexistent":
            plan.start = True
            plan.removed.append(name)
            plan.reconfigure = plan.reconfigure or name == wanted.profile
            plan.repair("container_removed", f"container {name} was gone", "made anew, its volume kept")
        elif state.host == "Stopped":
            plan.start = True
            plan.repair("container_stopped", f"container {name} was stopped", "started")
    if observed.expired:
        plan.start = plan.reconfigure = True
        names = ", ".join(path.rpartition("/")[2] for path in observed.expired)
        plan.repair("certificates_expired", f"certificates had expired ({names})", "made anew")
    if plan.start or plan.unpause:
        return
    staying = [node for node in observed.nodes if node.name in _machines(observed, wanted)]
    for node in staying:
        if node.kubelet != "Running":
            plan.start = True
            # With the API server down as well, an interrupted reconfiguration may be behind it: begun once more.
            lost = node.name == wanted.profile and observed.apiserver != "Running" and not observed.fresh
            plan.reconfigure = plan.reconfigure or lost or not node.manifests
            plan.repair("kubelet_stopped", f"the kubelet of {node.name} was not running", "started")
        if node.runtime != "Running":
            plan.start = True
            plan.repair("runtime_stopped", f"the container runtime of {node.name} was not running", "started")
    if plan.start:
        return
    if observed.apiserver != "Running":
        plan.start = plan.reconfigure = True
        plan.repair("apiserver_unhealthy", f"the API server did not answer ({observed.apiserver_detail})", "restarted")
        return
    unready = [node.name for node in staying if not node.ready]
    if unready:
        plan.start = True
        plan.repair("node_not_ready", f"not ready: {', '.join(unready)}", "started again")


def _machines(observed: Observation, wanted: Wanted) -> list[str]:
    """The containers that the stored configuration asks for, but not workers that are to go."""
    names = machine_names(observed.config, wanted.profile)
    return names[: max(wanted.nodes, 1)]


def _grow_or_shrink(plan: Plan, observed: Observation, wanted: Wanted) -> None:
    names = machine_names(observed.config, wanted.profile) if observed.config else [wanted.profile]
    plan.add_nodes = max(wanted.nodes - len(names), 0)
    plan.delete_nodes = list(reversed(names[wanted.nodes :]))
    if plan.add_nodes:
        plan.reasons.append(f"{plan.add_nodes} node(s) added")
    if plan.delete_nodes:
        plan.reasons.append(f"nodes removed: {', '.join(plan.delete_nodes)}")


def stopped(observed: Observation) -> Plan:
    """The plan for a stopped profile."""
    plan = Plan()
    running = [node.name for node in observed.nodes if node.host in ("Running", "Paused")]
    if running:
        plan.unpause = [node.name for node in observed.nodes if node.host == "Paused"]
        plan.reasons.append(f"stopped {', '.join(running)}")
    return plan
