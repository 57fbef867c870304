"""The end of a run for a terminal: what is up, where, in which versions, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: report_lines
short_description: What the stages handed over, as lines for a terminal
version_added: 1.0.0
description:
  - Turns the facts of the stages into a short readable report. Facts that are missing are left out.
positional: []
options:
  _input:
    description: Dictionary of the facts C(engine), C(toolchain), C(cluster), C(images), C(release), C(verification).
    type: dict
    required: true
  title:
    description: What the installation is called.
    type: str
    default: The application
  pages:
    description: What people open, a list of C({name, url}).
    type: list
    elements: dict
    default: []
  next_steps:
    description: What to do next, a line each.
    type: list
    elements: str
    default: []
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Report
  ansible.builtin.debug:
    msg: "{{ {'cluster': cluster} | todo.k8s.report_lines(pages=[{'name': 'Shop', 'url': 'http://localhost:30000'}]) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

TOOLS = {"minikube": "Minikube", "helm": "Helm"}


def report_lines(
    facts: Mapping[str, Any],
    title: str = "The application",
    pages: Sequence[Mapping[str, str]] = (),
    next_steps: Sequence[str] = (),
) -> list[str]:
    """The report; see DOCUMENTATION."""

    def fact(name: str) -> Mapping[str, Any]:
        return facts.get(name) or {}

    rows = [f"{title} is up{_verified(fact('verification'))}."]
    width = max((len(page["name"]) for page in pages), default=0)
    rows += _block("pages", [f"{page['name']:{width}}  {page['url']}" for page in pages])
    rows += _block("versions", _versions(fact("cluster"), fact("engine"), fact("toolchain")))
    rows += _block("release", _release(fact("release")))
    rows += _block("images", [_image(name, found) for name, found in sorted(fact("images").items())])
    checks = [item for item in fact("verification").get("checks") or [] if not item.get("skipped")]
    slow = sorted(checks, key=lambda item: item["latency_ms"], reverse=True)[:3]
    rows += _block("slowest", [f"{item['latency_ms']} ms  {item['name']}" for item in slow])
    return rows + _block("next", list(next_steps))


def _verified(found: Mapping[str, Any]) -> str:
    workloads, checks = found.get("workloads") or [], found.get("checks") or []
    if not workloads and not checks:
        return ""
    ready = sum(item["state"] == "ready" for item in workloads)
    skipped = sum(bool(item.get("skipped")) for item in checks)
    passed = sum(bool(item["ok"]) and not item.get("skipped") for item in checks)
    text = f" and verified: {ready} of {len(workloads)} workloads ready, {passed} of {len(checks)} checks passed"
    return text + (f", {skipped} left out" if skipped else "")


def _versions(cluster: Mapping[str, Any], engine: Mapping[str, Any], toolchain: Mapping[str, Any]) -> list[str]:
    found = [("Kubernetes", cluster.get("kubernetes_version")), ("Docker", engine.get("version"))]
    tools = toolchain.get("tools") or {}
    found += [(label, (tools.get(name) or {}).get("version")) for name, label in TOOLS.items()]
    text = ", ".join(f"{label} {version}" for label, version in found if version)
    return [text] if text else []


def _release(release: Mapping[str, Any]) -> list[str]:
    if not release:
        return []
    chart = f"{str(release.get('chart', '')).rsplit('/', 1)[-1]} {release.get('chart_version', '')}".strip()
    return [
        f"{release.get('name')} revision {release.get('revision')}, chart {chart}, namespace {release.get('namespace')}"
    ]


def _image(name: str, found: Mapping[str, Any]) -> str:
    size = f"  {found['size_mb']} MB" if found.get("size_mb") else ""
    return f"{found.get('ref') or name}{size}"


def _block(label: str, lines: Sequence[str]) -> list[str]:
    return [f"{label if index == 0 else '':10}{line}" for index, line in enumerate(lines)]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Any]:
        return {"report_lines": report_lines}
