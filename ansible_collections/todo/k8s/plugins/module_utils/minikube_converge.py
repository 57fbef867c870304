"""Brings a Minikube profile to what is wanted: looks, plans, acts, and looks again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import (
    kubeconfig,
    minikube_failure,
    minikube_plan,
    minikube_rescue,
    node_routes,
    node_settings,
)
from ansible_collections.todo.k8s.plugins.module_utils import minikube_profile as profiles
from ansible_collections.todo.k8s.plugins.module_utils.minikube_command import Minikube, start_command
from ansible_collections.todo.k8s.plugins.module_utils.minikube_lock import FirstStart
from ansible_collections.todo.k8s.plugins.module_utils.minikube_nodes import NodeError, Nodes
from ansible_collections.todo.k8s.plugins.module_utils.minikube_observation import Observation, observe
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import MinikubeError, Wanted

YOUNG_SECONDS = 20  # how long a cluster that just began to run is waited for before it is mended
SETTLE_SECONDS = 90  # how long a started cluster may take until every node is ready


@dataclass(frozen=True)
class Network:
    """Proxies and authorities for the nodes."""

    http: str = ""
    https: str = ""
    none: str = ""
    certificates: tuple[str, ...] = ()


@dataclass
class Result:
    """What was done, for the module's result."""

    changed: bool = False
    reasons: list[str] = field(default_factory=list)
    repairs: list[dict] = field(default_factory=list)
    differences: dict[str, dict] = field(default_factory=dict)
    attempts: list[dict] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    observed: Observation | None = None

    def took(self, phase: str, seconds: float) -> None:
        """Add to a phase's seconds."""
        self.seconds[phase] = round(self.seconds.get(phase, 0.0) + seconds, 2)


class Converge:
    """One profile on its way to what is wanted."""

    def __init__(
        self,
        tool: Minikube,
        nodes: Nodes | None,
        wanted: Wanted,
        *,
        engine_host: str = "",
        network: Network | None = None,
        addon_images: dict[str, dict[str, str]] | None = None,
        timeout: float = 600,
        say: Callable[[str], None] = lambda text: None,
    ):
        self.tool = tool
        self.nodes = nodes
        self.wanted = wanted
        self.home: Path = tool.home
        self.engine_host = engine_host
        self.network = network or Network()
        self.addon_images = addon_images or {}
        self.timeout = timeout
        self.say = say
        self.result = Result()
        self.mark = FirstStart(self.home, wanted.profile)

    # Looking

    def look(self) -> Observation:
        """The profile as it is now."""
        begun = time.monotonic()
        profile = self.wanted.profile
        config = profiles.read_config(self.home, profile)
        found = observe(self.nodes, self.home, profile, config, self.wanted.container_runtime, self.engine_host)
        found.unfinished = self.mark.unfinished()
        self.result.observed = found
        self.result.took("status", time.monotonic() - begun)
        return found

    def node_files(self, observed: Observation) -> dict[str, tuple[dict[str, str], list[str]]]:
        """For each running node what of our files has to be written ({path: content}) and removed."""
        running = [node for node in observed.nodes if node.host == "Running"]
        if not running:
            return {}
        networks = [n for c in observed.containers for n in (c["NetworkSettings"]["Networks"] or {})]
        blocks = tuple(self.nodes.networks(sorted(set(networks))))
        routed = profiles.observed(observed.config or {})["cni"] == profiles.ROUTED
        known = [(node.name, node.ip, node.subnet) for node in observed.nodes]
        found = {}
        for node in running:
            wish = node_settings.proxy_file(
                self.wanted.container_runtime, self.network.http, self.network.https, self.network.none, blocks
            )
            wish |= node_settings.ca_files(list(self.network.certificates))
            wish |= node_routes.files(node.name, known) if routed else {}
            write, remove = node_settings.changes(node.files, wish)
            if routed and not node.subnet:  # the API server has not told it: leave the routes as they are
                remove = [path for path in remove if path not in (node_routes.CONFLIST, node_routes.UNIT)]
            if write or remove:
                found[node.name] = (write, remove)
        return found

    def _note_node_files(self, changes: dict[str, tuple[dict[str, str], list[str]]], observed: Observation) -> None:
        """Put them among the differences, without any content: a proxy's address may hold a password."""
        for name, (write, remove) in changes.items():
            had = set(next(node.files for node in observed.nodes if node.name == name))
            for kind in node_settings.kinds([*write, *remove]):
                entry = self.result.differences.setdefault(kind, {"before": {}, "after": {}})
                mine = lambda paths, kind=kind: sorted(p for p in paths if node_settings.kinds([p]) == [kind])  # noqa: E731
                entry["before"][name] = mine(had)
                entry["after"][name] = mine((had | set(write)) - set(remove))
                self.result.reasons.append(f"{name}: {kind} changed")

    # Deciding

    def plan(self, observed: Observation, *, recreate: bool) -> minikube_plan.Plan:
        """What has to be done; also put into the result."""
        try:
            found = minikube_plan.present(observed, self.wanted, recreate=recreate)
        except MinikubeError as error:
            self.result.differences = error.differences
            raise
        self.result.repairs += [r for r in found.repairs if r not in self.result.repairs]
        self.result.reasons += [r for r in found.reasons if r not in self.result.reasons]
        self.result.differences.update(found.differences)
        if found.addons.enable or found.addons.disable:
            enabled = sorted(n for n, on in ((observed.config or {}).get("Addons") or {}).items() if on)
            after = sorted((set(enabled) | set(found.addons.enable)) - set(found.addons.disable))
            if after != enabled:  # a new cluster gets them all, which is no difference
                self.result.differences["addons"] = {"before": enabled, "after": after}
        self.result.changed = bool(self.result.reasons)
        return found

    # Acting

    def present(self, *, recreate: bool, check: bool) -> Result:
        """Make the profile run as wanted."""
        self._refuse_foreign()
        observed = self.look()
        if observed.coming_up and not observed.unfinished:
            self.say(f"profile {self.wanted.profile} is still coming up")
            observed = self._settled(YOUNG_SECONDS)
        plan = self.plan(observed, recreate=recreate)
        changes = {} if plan.delete else self.node_files(observed)
        self._note_node_files(changes, observed)
        self.result.changed = bool(self.result.reasons)
        if check or not self.result.changed:
            return self.result
        if plan.unpause and not plan.delete:
            for name in plan.unpause:
                self.nodes.unpause(name)
            observed = self._settled(20)
            plan = self.plan(observed, recreate=recreate)
        self._clear_way(plan)
        if plan.start:
            if plan.removed and self.wanted.profile not in plan.removed:  # workers only, which publish nothing
                with profiles.without_ports(self.home, self.wanted.profile):
                    self._start(replace(self.wanted, ports=()), first=plan.first_start)
            else:
                self._start(self.wanted, first=plan.first_start)
            observed = self.look()
        elif plan.context:
            kubeconfig.write_context(kubeconfig.path(), self.wanted.profile, self._server(observed), self.home)
        self._change_nodes(plan, observed)
        self._write_node_files(self.look())
        observed = self._settled(SETTLE_SECONDS)
        if not observed.healthy:
            raise MinikubeError(self._unhealthy(observed))
        self._addons(observed)
        if plan.first_start:
            self.mark.end()
        if observed.context != "Configured":
            kubeconfig.write_context(kubeconfig.path(), self.wanted.profile, self._server(observed), self.home)
        self.look()
        return self.result

    def stopped(self, *, check: bool) -> Result:
        """Stop the profile; what is in it stays."""
        observed = self.look()
        plan = minikube_plan.stopped(observed)
        self.result.reasons = plan.reasons
        self.result.changed = bool(plan.reasons)
        if check or not self.result.changed:
            return self.result
        begun = time.monotonic()
        for name in plan.unpause:
            self.nodes.unpause(name)
        self.say(f"stopping profile {self.wanted.profile}")
        self.tool.must("stop", f"--profile={self.wanted.profile}", "--keep-context-active", timeout=300)
        self.result.took("stop", time.monotonic() - begun)
        self.look()
        return self.result

    def absent(self, *, check: bool) -> Result:
        """Delete the profile with all that is in it."""
        profile = self.wanted.profile
        left = self.nodes.leftovers() if self.nodes else []
        left += [f"folder {path}" for path in self._folders() if path.exists()]
        config = kubeconfig.path()
        if kubeconfig.has_context(config, profile):
            left.append(f"context {profile}")
        self.result.changed = bool(left)
        self.result.reasons = [f"deleted: {', '.join(left)}"] if left else []
        if left and not check:
            self.delete()
            kubeconfig.remove_context(config, profile)
        if not check:
            self.mark.end()
        return self.result

    def delete(self) -> None:
        """Remove containers, volumes, network and Minikube's folders.

        Not `minikube delete`: that shuts the cluster down in order, which nobody needs of what is deleted, and takes
        four times as long.
        """
        begun = time.monotonic()
        self.say(f"deleting profile {self.wanted.profile}")
        if self.nodes:
            self.nodes.remove()
        for path in self._folders():
            shutil.rmtree(path, ignore_errors=True)
        self.result.took("delete", time.monotonic() - begun)

    def _folders(self) -> list[Path]:
        own = self.home / ".minikube"
        profile = self.wanted.profile
        machines = [own / "machines" / profile, *(own / "machines").glob(f"{profile}-m[0-9]*")]
        return [own / "profiles" / profile, *machines]

    def _refuse_foreign(self) -> None:
        other = self.nodes.foreign()
        if other:
            raise MinikubeError(
                f"Minikube profile {self.wanted.profile}: the engine has a container of that name that Minikube "
                "did not make. Remove or rename it, or choose another profile name."
            )

    def _clear_way(self, plan: minikube_plan.Plan) -> None:
        """Do what Minikube would stumble over."""
        if plan.delete:
            self.delete()
        if plan.drop_config:
            profiles.config_path(self.home, self.wanted.profile).unlink(missing_ok=True)
        for name in plan.removed:
            # Minikube would wait 17 s for a container that is gone to stop.
            shutil.rmtree(self.home / ".minikube" / "machines" / name, ignore_errors=True)
        if plan.start and not plan.first_start:
            self._prepare(self.result.observed, anew=plan.reconfigure)

    def _prepare(self, observed: Observation, *, anew: bool) -> None:
        """Make sure that a start finds the cluster's data, and with `anew` that it writes all settings again."""
        profile = self.wanted.profile
        script = minikube_rescue.keep_data()
        if anew:
            script += "; " + minikube_rescue.configure_anew(observed.expired_in(profile))
        image = self.wanted.base_image or (observed.config or {}).get("KicBaseImage", "")
        self.nodes.run_on_volume(profile, image, script)

    def _start(self, wanted: Wanted, *, first: bool) -> None:
        """Run `minikube start`; once more when it failed of something that may have passed."""
        profile = self.wanted.profile
        if first:
            self.mark.begin()
        elif not wanted.extra_config:
            profiles.forget_extra_options(self.home, profile)
        for number in (1, 2):
            keep = kubeconfig.current_context(kubeconfig.path()) not in ("", profile)
            command = start_command(self.tool.binary, wanted, as_root=_is_root(), keep_context=keep)
            begun = time.monotonic()
            outcome = self.tool.start(command, self.timeout, minikube_failure.is_hopeless)
            for phase, seconds in outcome.seconds.items():
                self.result.took(phase, seconds)
            said = outcome.said
            if outcome.code == 0:
                observed = self._settled(20, need_ready=False)
                if observed.apiserver == "Running":
                    if not first:
                        self.nodes.run(profile, minikube_rescue.drop_copy())
                    return
                said = f"the API server did not answer after the start: {observed.apiserver_detail}"
            cause = minikube_failure.classify(said, self._evidence())
            self.result.attempts.append({**cause.public(), "seconds": round(time.monotonic() - begun, 1)})
            if number == 2 or not cause.retry:
                raise MinikubeError(self._failed(cause, said))
            self.say(f"start failed ({cause.name}): once more")
            self.result.repairs.append(
                {"name": "start_retried", "found": f"the start failed: {cause.name}", "remedy": "started once more"}
            )
            if first:  # nothing in it that could be lost
                self.delete()
                self.mark.begin()
            else:
                self._prepare(self.look(), anew=True)

    def _failed(self, cause: minikube_failure.Cause, said: str) -> str:
        detail, holders = cause.detail, ""
        port = minikube_failure.port_of(said) if cause.name == "port_taken" else ""
        if port:
            names = [name for name in self.nodes.holders(port) if name != self.wanted.profile]
            holders = (
                f"Port {port} of this host is taken" + (f" by container {', '.join(names)}" if names else "") + ". "
            )
        tries = "twice" if len(self.result.attempts) > 1 else "once"
        return (
            f"Minikube profile {self.wanted.profile}: could not be started (tried {tries}), cause: {cause.name}. "
            f"{holders}{cause.remedy}\nFound: {detail}"
            + ("" if detail and detail[:60] in " ".join(said.split()) else f"\nMinikube says: {said.strip()[-800:]}")
        )

    def _evidence(self) -> str:
        """What the control plane's own logs say; empty when it cannot be asked."""
        try:
            return self.nodes.run(self.wanted.profile, minikube_failure.EVIDENCE_SCRIPT)[1]
        except NodeError:
            return ""

    def _settled(self, seconds: float, *, need_ready: bool = True) -> Observation:
        """Look until everything is well, at most so long."""
        deadline = time.monotonic() + seconds
        while True:
            observed = self.look()
            well = observed.healthy if need_ready else observed.apiserver == "Running"
            if well or time.monotonic() > deadline:
                return observed
            time.sleep(0.5)

    def _unhealthy(self, observed: Observation) -> str:
        nodes = [f"{n.name}: host {n.host}, kubelet {n.kubelet}, ready {n.ready}" for n in observed.nodes]
        cause = minikube_failure.classify(observed.apiserver_detail, self._evidence())
        return (
            f"Minikube profile {self.wanted.profile}: not healthy {SETTLE_SECONDS} s after its start. API server "
            f"{observed.apiserver} {observed.apiserver_detail}; {'; '.join(nodes)}. Probable cause: {cause.name}: "
            f"{cause.detail} {cause.remedy}"
        )

    def _server(self, observed: Observation) -> str:
        """The API server's address as it answered, the way Minikube would write it."""
        control_plane = next(c for c in observed.containers if c["Name"].strip("/") == self.wanted.profile)
        return self.nodes.server_address(control_plane, self.engine_host)

    def _change_nodes(self, plan: minikube_plan.Plan, observed: Observation) -> None:
        """Add and remove workers."""
        begun = time.monotonic()
        profile = self.wanted.profile
        for name in plan.delete_nodes:
            self.say(f"removing node {name}")
            self.tool.must("node", "delete", name.removeprefix(f"{profile}-"), f"--profile={profile}", timeout=180)
        missing = self.wanted.nodes - len((profiles.read_config(self.home, profile) or {}).get("Nodes") or [])
        for _ in range(missing):
            # The node's routes come first: it counts as ready only with a pod network.
            self._write_node_files(self.look())
            self.say(f"adding a node to profile {profile}")
            with profiles.without_ports(self.home, profile):
                self._add_node()
        if missing > 0 or plan.delete_nodes:
            self.result.took("nodes", time.monotonic() - begun)

    def _add_node(self) -> None:
        arguments = ("node", "add", f"--profile={self.wanted.profile}", "--worker")
        code, output = self.tool.run(*arguments, timeout=self.timeout)
        if code:
            cause = minikube_failure.classify(output)
            raise MinikubeError(
                f"minikube {' '.join(arguments)}: ended with {code}, cause: {cause.name}. {cause.remedy}\n"
                f"{cause.detail}\n{output.strip()[-1000:]}"
            )

    def _write_node_files(self, observed: Observation) -> None:
        """Make the nodes' files what they should be."""
        begun = time.monotonic()
        for name, (write, remove) in self.node_files(observed).items():
            kinds = ", ".join(node_settings.kinds([*write, *remove]))
            self.say(f"node {name}: {kinds}")
            if write:
                self.nodes.write(name, write)
            script = node_settings.apply_script(self.wanted.container_runtime, list(write), remove)
            code, output = self.nodes.run(name, script)
            if code:
                raise MinikubeError(f"Node {name}: {kinds} could not be set:\n{output.strip()[-600:]}")
            self.result.took("node_settings", time.monotonic() - begun)

    def _addons(self, observed: Observation) -> None:
        """Switch addons on and off. A start switches Minikube's default ones on by itself."""
        begun = time.monotonic()
        changes = profiles.addon_changes(observed.config or {}, self.wanted)
        for name in changes.enable:
            self.say(f"enabling addon {name}")
            self.tool.enable_addon(self.wanted.profile, name, self.addon_images.get(name, {}))
        for name in changes.disable:
            self.say(f"disabling addon {name}")
            self.tool.disable_addon(self.wanted.profile, name)
        if changes.enable or changes.disable:
            self.result.took("addons", time.monotonic() - begun)


def _is_root() -> bool:
    return getattr(os, "geteuid", lambda: 1)() == 0
