"""Which settings exist, which of the given ones do not, and which have an impossible value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Ansible's own validator: what it accepts here, the roles accept later. Its loader is the one in C.
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

# How alike a name must be to be suggested, and to be suspected of being meant when nothing else claims it.
SUGGEST, SUSPECT = 0.6, 0.8
# Words that argument_specs allow and that say nothing about a value; `required` is for the role's own turn.
_NOT_FOR_VALUES = ("description", "version_added", "default", "required", "no_log")


def load_specs(roles: Path) -> tuple[dict[str, dict[str, Any]], set[str], set[str]]:
    """Read what the roles of a collection take.

    :param roles: Folder of the roles.
    :return: (options by name, role names, further names that the roles' own defaults and vars define).
    """
    options: dict[str, dict[str, Any]] = {}
    names, derived = set(), set()
    for role in sorted(path for path in roles.iterdir() if path.is_dir()):
        for spec in (role / "meta").glob("argument_specs.y*ml"):
            names.add(role.name)
            entries = (yaml_load(spec.read_text(encoding="utf-8")) or {}).get("argument_specs") or {}
            for entry in entries.values():
                options.update((entry or {}).get("options") or {})
        for folder in ("defaults", "vars"):
            for path in (role / folder).glob("*.y*ml"):
                derived.update(yaml_load(path.read_text(encoding="utf-8")) or {})
    return options, names, derived


def closest(name: str, known: Iterable[str], cutoff: float = SUGGEST) -> str | None:
    """Return the known name most like this one, None when none is alike enough."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return matches[0] if matches else None


@dataclass(frozen=True)
class Sources:
    """Names of variables by where they were set.

    `extra`: the command line; `inventory`: the inventory's files; `playbook`: the playbook, its files and its roles;
    `results`: tasks, by `register` or `set_fact`.
    """

    extra: set[str] = field(default_factory=set)
    inventory: set[str] = field(default_factory=set)
    playbook: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)


def unknown_settings(
    sources: Sources, known: Iterable[str], roles: Iterable[str], families: Iterable[str] = ()
) -> list[tuple[str, str | None]]:
    """Find names that users set and nobody reads.

    What a playbook defines is part of the program and hence known. A name with a role's prefix, set in the inventory
    or on the command line, has to be known. A name with the prefix of a family (settings of all stages, defined by the
    inventory itself) has to be known when it comes from the command line. Any other name on the command line is an
    error when it is almost a setting.

    :param sources: The names that are set.
    :param known: Names of all settings.
    :param roles: Prefixes, without underscore, whose names belong to the roles.
    :param families: Prefixes, without underscore, whose names belong to the inventory.
    :return: (unknown name, the setting that was probably meant or None), sorted.
    """
    known = set(known) | sources.playbook
    role_prefixes = tuple(f"{name}_" for name in roles)
    family_prefixes = tuple(f"{name}_" for name in families)
    defined = known | {name for name in sources.inventory if not name.startswith(role_prefixes)}
    found = []
    for name in sorted((sources.inventory | sources.extra) - known):
        if name.startswith(role_prefixes):
            found.append((name, closest(name, defined)))
        elif name in sources.extra and name not in defined:
            meant = closest(name, defined, SUGGEST if name.startswith(family_prefixes) else SUSPECT)
            if meant or name.startswith(family_prefixes):
                found.append((name, meant))
    return found


def for_values(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return one option's spec with only what constrains its value, at every level."""
    kept = {key: value for key, value in spec.items() if key not in _NOT_FOR_VALUES}
    if "options" in kept:
        nested = {name: dict(inner) for name, inner in kept["options"].items()}
        kept["options"] = {
            name: {**for_values(inner), **({"required": True} if inner.get("required") else {})}
            for name, inner in nested.items()
        }
    return kept


def describe(spec: Mapping[str, Any]) -> str:
    """Return what values an option takes, in words."""
    if spec.get("choices"):
        return "one of " + ", ".join(str(choice) for choice in spec["choices"])
    kind = spec.get("type", "str")
    return f"a value of type {kind}" + (f" of {spec['elements']}" if spec.get("elements") else "")


def value_error(name: str, value: Any, spec: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a setting's value in Ansible's words, None when nothing is.

    :param name: The setting.
    :param value: Its value, templates resolved.
    :param spec: Its entry in argument_specs.
    """
    if value is None:  # the same as not set
        return None
    result = ArgumentSpecValidator({name: for_values(spec)}).validate({name: value}, validate_role_argument_spec=True)
    return "; ".join(result.error_messages) or None


def is_secret(spec: Mapping[str, Any]) -> bool:
    """Tell whether an option, or anything inside of it, must not be shown."""
    return bool(spec.get("no_log")) or any(is_secret(inner) for inner in (spec.get("options") or {}).values())
