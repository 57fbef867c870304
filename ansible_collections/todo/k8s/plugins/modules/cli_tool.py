#!/usr/bin/python
"""Pinned command line tools, from PATH or built from Go modules."""

DOCUMENTATION = r"""
module: cli_tool
short_description: Pinned command line tools, from PATH or built from Go modules
description:
  - Has a list of tools. Each is a directory with C(tool.yml) (version, packages, how to build), C(go.mod), C(go.sum).
  - A tool that is on PATH in an accepted version is used. Otherwise it is built once from its lock and kept in the
    cache under a key made of everything that decides its bytes.
  - An interrupted build leaves nothing behind that counts as built. Two runs at once build one after the other.
options:
  tools:
    description: The tools.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The tool's directory.
        type: path
        required: true
      binaries:
        description: Those of its binaries that are wanted; all without it.
        type: list
        elements: str
        default: []
  state:
    description: V(absent) removes links and the directories made for them. The cache stays.
    type: str
    choices: [present, absent]
    default: present
  source:
    description: V(path) builds nothing, V(module) looks at no PATH, V(auto) prefers PATH.
    type: str
    choices: [auto, path, module]
    default: auto
  cache_dir:
    description: Where tools are kept and Go works.
    type: path
    required: true
  go:
    description: The Go toolchain; by default the one beside the Python that runs this module.
    type: path
  goos:
    description: Operating system to build for; by default Go's own.
    type: str
    default: ""
  goarch:
    description: Architecture to build for; by default Go's own.
    type: str
    default: ""
  bin_dir:
    description: Directory of links to the tools; none without it.
    type: path
  docker_plugins_dir:
    description: Where the Docker CLI looks for plugins; a tool that is one and had to be built is linked there.
    type: path
  record:
    description: File in which directories made for links are written down.
    type: path
  drop_caches:
    description: Whether to remove Go's modules and compiled packages, which are gigabytes, after building.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have Helm
  todo.k8s.cli_tool:
    tools: [{path: "{{ role_path }}/files/go/helm"}]
    cache_dir: ~/.cache/todo.k8s
    bin_dir: ~/.local/state/todo.k8s/bin
"""

RETURN = r"""
tools:
  description: >-
    For each binary its C(path), C(version), C(source) (V(path) or V(module)), C(key), the C(tool) it belongs to and
    the C(seconds) that building it took.
  type: dict
  returned: with O(state=present)
go:
  description: Path of the Go toolchain.
  type: str
  returned: always
built:
  description: The tools that were built or, in check mode, would be.
  type: list
  elements: str
  returned: always
links:
  description: The links that were made or removed or, in check mode, would be.
  type: list
  elements: str
  returned: always
"""

import os
import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import go_build, tool_links
from ansible_collections.todo.k8s.plugins.module_utils.progress import report
from ansible_collections.todo.k8s.plugins.module_utils.tool_resolve import Wanted, resolve
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import ToolError, load


def optional(module: AnsibleModule, name: str) -> Path | None:
    """A path option that may be left out."""
    return Path(module.params[name]) if module.params[name] else None


def diff_of(built: list[str], links: list[str], word: str) -> dict:
    """What changes, for --diff."""
    lines = [f"built {tool}" for tool in built] + [f"link {word} {link}" for link in links]
    return {"before": "", "after": "".join(f"{line}\n" for line in lines)}


def present(module: AnsibleModule, go: str) -> dict:
    """Have the tools."""
    params = module.params
    cache_dir = Path(params["cache_dir"])
    wanted = Wanted(
        tools=[(load(tool["path"]), tool["binaries"]) for tool in params["tools"]],
        cache_dir=cache_dir,
        find_go=lambda: go_build.find_go(go, params["goos"], params["goarch"]),
        source=params["source"],
        search=os.environ.get("PATH", os.defpath),
        bin_dir=optional(module, "bin_dir"),
        plugins_dir=optional(module, "docker_plugins_dir"),
        record=optional(module, "record"),
        dry=module.check_mode,
        report=report,
    )
    outcome = resolve(wanted)
    if outcome.built and params["drop_caches"] and not module.check_mode:
        go_build.drop_caches(cache_dir)
    words = [f"not in the cache: {', '.join(outcome.built)}"] if outcome.built else []
    words += [f"linked: {', '.join(outcome.links)}"] if outcome.links else []
    return {
        "changed": outcome.changed,
        "tools": outcome.tools,
        "built": outcome.built,
        "links": outcome.links,
        "diff": diff_of(outcome.built, outcome.links, "made"),
        "msg": "; ".join(words) or "every tool is on PATH or in the cache",
    }


def absent(module: AnsibleModule) -> dict:
    """Remove the links."""
    bin_dir, plugins, record = (optional(module, name) for name in ("bin_dir", "docker_plugins_dir", "record"))
    found = tool_links.ours(bin_dir, plugins, Path(module.params["cache_dir"]) / "tools", record)
    if not module.check_mode:
        tool_links.remove(found, bin_dir, record)
    links = [str(path) for path in found if path != record]
    return {
        "changed": bool(found),
        "built": [],
        "links": links,
        "diff": diff_of([], links, "removed"),
        "msg": f"links of this project: {', '.join(links)}" if links else "no link of this project is left",
    }


def main():
    """Entry point."""
    tool = {"path": {"type": "path", "required": True}, "binaries": {"type": "list", "elements": "str", "default": []}}
    module = AnsibleModule(
        argument_spec={
            "tools": {"type": "list", "elements": "dict", "options": tool, "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "source": {"type": "str", "choices": ["auto", "path", "module"], "default": "auto"},
            "cache_dir": {"type": "path", "required": True},
            "go": {"type": "path"},
            "goos": {"type": "str", "default": ""},
            "goarch": {"type": "str", "default": ""},
            "bin_dir": {"type": "path"},
            "docker_plugins_dir": {"type": "path"},
            "record": {"type": "path"},
            "drop_caches": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    go = module.params["go"] or str(Path(sys.executable).with_name("go"))
    try:
        result = absent(module) if module.params["state"] == "absent" else present(module, go)
    except (ToolError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(go=go, **result)


if __name__ == "__main__":
    main()
