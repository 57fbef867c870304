"""Comparing two inventories of a host, and reading the formats they are made from: no I/O in here.

An inventory is ``{"taken": time, "categories": {name: [entry] or None}}``, an entry ``{"what": text, "other": bool}``.
``None`` says that the category could not be read. ``other`` marks what evidently belongs to somebody else, so that its
coming and going is told but is nobody's fault.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

STANDARD_TABLES = {"filter", "nat", "mangle", "raw", "security"}
# What a container engine or a cluster writes; other rules are the administrator's.
ENGINE_RULE = re.compile(r"DOCKER|docker0|br-[0-9a-f]{12}|KUBE-|CNI-|MASQUERADE|^policy ")
VOLATILE_MOUNTS = ("/run/user/", "/run/credentials/", "/snap/", "/var/snap/", "/var/lib/containers/", "/tmp/")  # noqa: S108


def entry(what: str, other: bool = False) -> dict[str, Any]:
    """Return one entry of an inventory."""
    return {"what": what, "other": other}


def is_own(name: str, own: Iterable[str]) -> bool:
    """Tell whether a container, volume, network or context has one of our names (``todo``, ``todo-m02``)."""
    return any(name == mine or name.startswith(f"{mine}-") for mine in own if mine)


def iptables_rules(saved: str, family: str) -> list[str]:
    """Return the rules of an iptables-save text without counters, comments and what every kernel has anyway.

    :param saved: Output of iptables-save or ip6tables-save.
    :param family: ``ip`` or ``ip6``, part of each line.
    """
    rules, table = [], ""
    for line in saved.splitlines():
        line = re.sub(r"\[\d+:\d+\]\s*", "", line).strip()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            if policy == "-":
                rules.append(f"chain {family} {table} {chain}")
            elif policy != "ACCEPT":
                rules.append(f"policy {family} {table} {chain} {policy}")
        elif line.startswith("-"):
            rules.append(f"{family} {table} {line}")
    return rules


def nft_rules(ruleset: str) -> list[str]:
    """Return the rules of ``nft list ruleset`` that iptables does not show: tables of other names.

    The standard tables are iptables' own and are read through iptables-save.
    """
    rules: list[str] = []
    table, chain, skipped = "", "", False
    for line in ruleset.splitlines():
        text = re.sub(r"\bcounter packets \d+ bytes \d+\b", "counter", line.split("# handle")[0]).strip()
        if text.startswith("table "):
            table = text.removeprefix("table ").removesuffix("{").strip()
            skipped = table.split()[-1] in STANDARD_TABLES
            if not skipped:
                rules.append(f"nft table {table}")
        elif text.startswith("chain ") and text.endswith("{"):
            chain = text.split()[1]
        elif text and text != "}" and not text.startswith("#") and not skipped:
            rules.append(f"nft {table} {chain} {text}")
    return rules


def is_nested(status: str) -> bool:
    """Tell whether a process lives in a pid namespace below this one.

    By /proc/PID/status, which everybody may read, and not by the namespace's link, which only root may.
    """
    line = next((line for line in status.splitlines() if line.startswith("NSpid:")), "")
    return len(line.split()) > 2


def parse_mounts(mountinfo: str) -> list[tuple[str, str]]:
    """Return (mount point, file system type) for each line of /proc/self/mountinfo."""
    found = []
    for line in mountinfo.splitlines():
        left, _dash, right = line.partition(" - ")
        if right and len(left.split()) > 4:
            point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), left.split()[4])
            found.append((point, right.split()[0]))
    return found


def mount_entry(point: str, kind: str, roots: Iterable[str], strangers: bool) -> dict[str, Any] | None:
    """Return the entry of a mount that an engine or this project may have made, None for any other.

    :param roots: Folders of engines and of this project.
    :param strangers: Whether containers of others run: then a container's mount may be theirs.
    """
    inside = any(f"{point}/".startswith(f"{root.rstrip('/')}/") for root in roots)
    if not inside and kind not in ("overlay", "tmpfs", "nsfs"):
        return None
    if not inside and point.startswith(VOLATILE_MOUNTS):
        return None
    of_a_container = strangers and kind in ("overlay", "tmpfs", "nsfs")
    return entry(f"mount {point} ({kind})", other=not inside or of_a_container)


def interface_entry(name: str, networks: Mapping[str, bool], strangers: bool) -> dict[str, Any] | None:
    """Return the entry of a network interface that an engine makes, None for any other.

    :param networks: For the first 12 digits of a Docker network's id, whether it is ours.
    """
    if name.startswith("veth"):
        return entry(f"network interface {name}", other=strangers)
    bridge = re.fullmatch(r"br-([0-9a-f]{12})", name)
    if bridge:
        return entry(f"network interface {name}", other=not networks.get(bridge.group(1), True))
    return entry(f"network interface {name}") if name == "docker0" else None


def firewall_entry(rule: str, strangers: bool) -> dict[str, Any]:
    """Return the entry of a firewall rule."""
    of_a_container = strangers and bool(re.search(r"--dport|-d \d+\.\d+\.\d+\.\d+/32|-s \d+\.\d+\.\d+\.\d+/32", rule))
    return entry(f"firewall rule: {rule}", other=of_a_container or not ENGINE_RULE.search(rule))


def option_value(arguments: list[str], *names: str) -> str | None:
    """Return the value after one of an argument list's options, None when it is not given."""
    return next((value for name, value in zip(arguments, arguments[1:], strict=False) if name in names), None)


def process_entry(
    name: str, arguments: list[str], executable: str, own_paths: Iterable[str], containers: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the entry of a process; arguments are only looked at, never kept, as they may hold secrets.

    :param containers: The engine's containers as {id, own, ports}.
    """
    if name.startswith("containerd-shim"):
        identity = option_value(arguments, "-id", "--id") or ""
        container = next((one for one in containers if identity and one["id"] == identity), None)
        return entry(f"process {name} of container {identity[:12]}", other=bool(container) and not container["own"])
    if name == "docker-proxy":
        port = option_value(arguments, "-host-port") or ""
        container = next((one for one in containers if port.isdigit() and int(port) in one["ports"]), None)
        return entry(f"process docker-proxy for port {port}", other=bool(container) and not container["own"])
    if name in ("dockerd", "containerd"):
        return entry(f"process {name}")
    mine = any(path and (executable.startswith(path) or any(path in part for part in arguments)) for path in own_paths)
    return entry(f"process {name}", other=not mine)


def compare(before: dict[str, Any], after: dict[str, Any], ignore: Iterable[str] = ()) -> dict[str, Any]:
    """Say what came and what went between two inventories.

    :param ignore: Categories that are not compared.
    :return: {clean, added, removed, tolerated, unreadable, lines}; added, removed and tolerated are lists of texts by
        category; clean tells that the first two are empty.
    """
    ignored = set(ignore)
    names = [name for name in {**before["categories"], **after["categories"]} if name not in ignored]
    result: dict[str, Any] = {"added": {}, "removed": {}, "tolerated": {}, "unreadable": []}
    for name in names:
        old, new = before["categories"].get(name, []), after["categories"].get(name, [])
        if old is None or new is None:
            result["unreadable"].append(name)
            continue
        for side, left, right in (("added", new, old), ("removed", old, new)):
            surplus = Counter(one["what"] for one in left) - Counter(one["what"] for one in right)
            others = {one["what"] for one in left if one["other"]}
            for what in sorted(surplus.elements()):
                kind = "tolerated" if what in others else side
                text = f"{what} ({'came' if side == 'added' else 'went'})" if kind == "tolerated" else what
                result[kind].setdefault(name, []).append(text)
    result["clean"] = not result["added"] and not result["removed"]
    result["lines"] = describe(result, len(names) - len(result["unreadable"]))
    return result


def describe(result: dict[str, Any], compared: int) -> list[str]:
    """Return a comparison in plain words, one line each."""
    lines = []
    for key, words in (("added", "left behind"), ("removed", "was there before and is gone")):
        lines += [f"{words}: {what}" for whats in result[key].values() for what in whats]
    if not lines:
        lines.append(f"Nothing was left behind and nothing is missing ({compared} kinds of things compared).")
    lines += [
        f"not this project's, or kept on purpose: {what}" for whats in result["tolerated"].values() for what in whats
    ]
    lines += [f"could not be read, so not compared: {name}" for name in result["unreadable"]]
    return lines
