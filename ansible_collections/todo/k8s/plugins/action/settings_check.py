"""The controller's side of todo.k8s.settings_check: it knows the variables, a module does not."""

from __future__ import annotations

import copy
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible.vars.plugins import get_vars_from_path

from ansible_collections.todo.k8s.plugins.module_utils import network
from ansible_collections.todo.k8s.plugins.module_utils.preflight_rules import ERROR, failure_message, finding
from ansible_collections.todo.k8s.plugins.plugin_utils import settings

ROLES = Path(__file__).resolve().parents[2] / "roles"
# Settings of all stages.
COMMON = ("todo_cache_dir", "todo_state_dir", "todo_root")


class ActionModule(ActionBase):
    """Reads argument_specs and variables; touches neither the host nor any file."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Compare the variables with what the roles take."""
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _unused, arguments = self.validate_argument_spec(
            argument_spec={
                "known": {"type": "list", "elements": "str", "default": []},
                "prefixes": {"type": "list", "elements": "str", "default": ["todo"]},
            }
        )
        options, roles, derived = settings.load_specs(ROLES)
        sources = self._sources(task_vars.get("inventory_hostname"))
        findings = [
            self._unknown(name, meant)
            for name, meant in settings.unknown_settings(
                sources, {*options, *derived, *COMMON, *arguments["known"]}, roles, arguments["prefixes"]
            )
        ]
        findings += self._bad_values(options, task_vars, sources.results)
        findings += self._bad_network(task_vars)
        result.update(changed=False, checked=len(set(options) & set(task_vars)))
        if findings:
            result.update(failed=True, msg=failure_message(findings, "Settings that cannot be used"))
        else:
            # The role preflight checks only where nobody has yet.
            result["ansible_facts"] = {"settings_checked": True}
            result["msg"] = f"{result['checked']} of {len(options)} settings are set, all of them known and usable"
        return result

    @staticmethod
    def _unknown(name, meant):
        remedy = f"did you mean '{meant}'?" if meant else "see the settings in the README, or remove it"
        return finding(ERROR, f"unknown setting '{name}'", "a name that no role knows", "a known setting", remedy)

    def _bad_values(self, options, task_vars, results):
        found = []
        for name in sorted(set(options) & set(task_vars) - results):
            spec = options[name]
            try:
                value = self._templar.template(task_vars[name])
            except Exception:  # noqa: S112 - it needs a fact of a later stage, whose role checks it then
                continue
            if settings.value_error(name, value, spec):
                shown = "a value that is kept secret" if settings.is_secret(spec) else repr(value)[:120]
                needed = settings.describe(spec)
                if not settings.is_secret(spec) and spec.get("options"):
                    needed += f" ({settings.value_error(name, value, spec)})"
                remedy = "correct it where it is set: inventories/*/group_vars, playbooks/group_vars or -e"
                found.append(finding(ERROR, f"setting '{name}'", shown, needed, remedy))
        return found

    def _bad_network(self, task_vars):
        """Proxies and extra authorities, which every stage hands on; a proxy's address is never shown."""
        values = [
            self._templar.template(task_vars.get(name, "")) or ""
            for name in ("todo_http_proxy", "todo_https_proxy", "todo_no_proxy", "todo_ca_bundle")
        ]
        return [
            finding(ERROR, f"setting '{problem.subject}'", problem.found, problem.needed, problem.remedy)
            for problem in network.Settings(*map(str, values)).problems()
        ]

    def _sources(self, host):
        """Tell the names of variables apart by where they were set.

        Ansible offers no public way to ask for that: a copy of its variable manager is asked once without a host and
        once with it, both times without the command line's variables.
        """
        given = set(load_extra_vars(self._loader))
        manager = self._task.get_variable_manager()
        facts = set(getattr(manager, "_nonpersistent_fact_cache", {}).get(host) or {})
        without_extra = copy.copy(manager)
        without_extra._extra_vars = {}
        play = self._task.play
        playbook = set(without_extra.get_vars(play=play, include_hostvars=False, use_cache=False))
        target = manager._inventory.get_host(host)
        # The group_vars beside a playbook are its own, though Ansible counts them among the host's variables. Those
        # beside an inventory are its user's, also where both lie in one folder.
        folder = Path(self._loader.get_basedir()).resolve()
        given_by = [Path(source).resolve() for source in manager._inventory._sources or []]
        if folder not in {path if path.is_dir() else path.parent for path in given_by}:
            entities = [*target.get_groups(), target]
            playbook |= set(get_vars_from_path(self._loader, str(folder), entities, "task"))
        every = set(without_extra.get_vars(play=play, host=target, include_hostvars=False, use_cache=False))
        return settings.Sources(extra=given, playbook=playbook, inventory=every - playbook - facts, results=facts)
