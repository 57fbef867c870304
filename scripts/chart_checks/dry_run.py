"""The renderings as a server that already runs the application can try them: what it serves, on ports that are free."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from chart_checks.model import Rendering, identity
from chart_checks.render import DATA

#: Where a cluster takes its NodePorts from unless told otherwise; the upper end is seldom chosen by hand.
LAST_PORT = 32767


def with_free_ports(item: dict, taken: set[int]) -> dict:
    """The object with other node ports than those taken, which a server refuses even when it only tries."""
    if item["kind"] != "Service":
        return item
    ports = []
    for port in item["spec"]["ports"]:
        number = port.get("nodePort")
        if number in taken:
            number = next(free for free in range(LAST_PORT, 0, -1) if free not in taken)
            taken.add(number)
        ports.append({**port, "nodePort": number} if number else port)
    return {**item, "spec": {**item["spec"], "ports": ports}}


def write(rendering: Rendering, folder: Path, taken: set[int], not_served: dict[str, str]) -> dict:
    """Write what can be sent as one list; says the file, the number of its objects, and what was left out and why."""
    taken = set(taken)
    sent = [with_free_ports(item, taken) for item in rendering.objects if item["kind"] not in not_served]
    left_out = [
        f"{identity(item)}: {not_served[item['kind']]}" for item in rendering.objects if item["kind"] in not_served
    ]
    path = folder / f"{rendering.path.stem}.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": sent}), encoding="utf-8")
    return {"name": rendering.name, "file": str(path), "objects": len(sent), "left_out": left_out}


def write_all(renderings: list[Rendering], folder: Path, taken: set[int]) -> list[dict]:
    """Write every rendering; `not_served` of renderings.yml says which kinds a plain cluster does not have."""
    not_served = yaml.safe_load(DATA.read_text(encoding="utf-8"))["not_served"]
    return [write(one, folder, taken, not_served) for one in renderings]
