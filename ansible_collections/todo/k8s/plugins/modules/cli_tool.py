#!/usr/bin/python
"""Pinned command line tools: from PATH, from their official release, or built from Go modules."""

DOCUMENTATION = r"""
module: cli_tool
short_description: Pinned command line tools, from PATH, from their release or built from Go modules
description:
  - Has a list of tools. Each is a directory with C(tool.yml) (version, packages, how to build), C(go.mod), C(go.sum).
  - A tool that is on PATH in an accepted version is used. Otherwise one that the cache holds from an earlier run,
    downloaded or built. Otherwise its official release is downloaded and checked against the pinned checksum. Otherwise
    it is built from its lock. Both are kept in the cache under a key made of everything that decides their bytes.
  - Nothing is asked of the network as long as PATH and cache have everything. A host that does not serve releases costs
    O(release_timeout) once.
  - A download with a wrong checksum ends the run. One that is cut off is tried once more. Neither, nor an interrupted
    build, leaves anything behind. Two runs at once work one after the other.
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
    description: Where tools may come from; V(auto) is PATH, then the release, then a build.
    type: str
    choices: [auto, path, release, module]
    default: auto
  sources:
    description: The same for single tools, by the tool's or the binary's name.
    type: dict
    default: {}
  mirror:
    description:
      - Address that takes the place of scheme and host of every release's URL; the path stays. It may have a folder.
      - "V(https://mirror.example/pub) serves kubectl as V(https://mirror.example/pub/release/v1.34.3/bin/...)."
    type: str
    default: ""
  ca_bundle:
    description: PEM file of certificates that are trusted beside the system's, for downloads and Go modules.
    type: path
  release_timeout:
    description: Seconds in which the releases' hosts have to answer, all together.
    type: float
    default: 5.0
  silent_hosts:
    description: Hosts that do not serve releases and why, as an earlier task of this run returned them.
    type: dict
    default: {}
  build:
    description: Whether to build what cannot be had otherwise; if not, it is left out and named in RV(to_build).
    type: bool
    default: true
  cache_dir:
    description: Where tools are kept and Go works.
    type: path
    required: true
  go:
    description: The Go toolchain; by default the one beside the Python that runs this module.
    type: path
  goos:
    description: Operating system that the tools are for; by default this one.
    type: str
    default: ""
  goarch:
    description: Architecture that the tools are for; by default this one.
    type: str
    default: ""
  bin_dir:
    description: Directory of links to the tools; none without it.
    type: path
  docker_plugins_dir:
    description: Where the Docker CLI looks for plugins; a tool that is one and is not on PATH is linked there.
    type: path
  record:
    description:
      - File in which links and the directories made for them are written down.
      - With C(state=absent), a plugin that is not in it stays.
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

- name: Have kubectl as it was released, from the company's mirror
  todo.k8s.cli_tool:
    tools: [{path: "{{ role_path }}/files/go/kubernetes", binaries: [kubectl]}]
    source: release
    mirror: https://mirror.example/releases
    cache_dir: ~/.cache/todo.k8s
"""

RETURN = r"""
tools:
  description: >-
    For each binary its C(path), C(version), C(source) (V(path), V(release) or V(module)), C(key), the C(tool) it
    belongs to and the C(seconds) that downloading or building it took.
  type: dict
  returned: with O(state=present)
go:
  description: Path of the Go toolchain.
  type: str
  returned: always
downloaded:
  description: The binaries that were downloaded and from where or, in check mode, would be.
  type: list
  elements: str
  returned: always
built:
  description: The tools that were built or, in check mode, would be.
  type: list
  elements: str
  returned: always
to_build:
  description: The tools that would have to be built where O(build=false).
  type: list
  elements: str
  returned: always
tried:
  description: For each tool that was, or has to be, built, what was found instead of it on PATH and as a release.
  type: dict
  returned: always
silent_hosts:
  description: Hosts that do not serve releases and why, for O(silent_hosts) of the next task.
  type: dict
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

from ansible_collections.todo.k8s.plugins.module_utils import go_build, network, release_fetch, tool_links
from ansible_collections.todo.k8s.plugins.module_utils.progress import report
from ansible_collections.todo.k8s.plugins.module_utils.tool_resolve import SOURCES, Outcome, Wanted, resolve
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import ToolError, host_platform, load

TOOL = {"path": {"type": "path", "required": True}, "binaries": {"type": "list", "elements": "str", "default": []}}
ARGUMENTS = {
    "tools": {"type": "list", "elements": "dict", "options": TOOL, "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "source": {"type": "str", "choices": list(SOURCES), "default": "auto"},
    "sources": {"type": "dict", "default": {}},
    "mirror": {"type": "str", "default": ""},
    "ca_bundle": {"type": "path"},
    "release_timeout": {"type": "float", "default": release_fetch.PROBE_TIMEOUT},
    "silent_hosts": {"type": "dict", "default": {}},
    "build": {"type": "bool", "default": True},
    "cache_dir": {"type": "path", "required": True},
    "go": {"type": "path"},
    "goos": {"type": "str", "default": ""},
    "goarch": {"type": "str", "default": ""},
    "bin_dir": {"type": "path"},
    "docker_plugins_dir": {"type": "path"},
    "record": {"type": "path"},
    "drop_caches": {"type": "bool", "default": True},
}


def optional(module: AnsibleModule, name: str) -> Path | None:
    """A path option that may be left out or empty."""
    return Path(module.params[name]) if module.params[name] else None


def diff_of(done: list[str], links: list[str], word: str) -> dict:
    """What changes, for --diff."""
    lines = done + [f"link {word} {link}" for link in links]
    return {"before": "", "after": "".join(f"{line}\n" for line in lines)}


def summary(outcome: Outcome) -> str:
    """Why something changed, or that nothing did."""
    words = [f"downloaded: {', '.join(outcome.downloaded)}"] if outcome.downloaded else []
    for label, tools in (("built", outcome.built), ("to be built", outcome.to_build)):
        if tools:
            why = [f"{name}: {'; '.join(said)}" for name, said in outcome.tried.items()]
            words.append(f"{label}: {', '.join(tools)}" + (f" ({' | '.join(why)})" if why else ""))
    words += [f"linked: {', '.join(outcome.links)}"] if outcome.links else []
    return "; ".join(words) or "every tool is on PATH or in the cache"


def present(module: AnsibleModule, go: str) -> dict:
    """Have the tools."""
    params = module.params
    cache_dir = Path(params["cache_dir"])
    network.apply()
    if bundle := optional(module, "ca_bundle"):
        # Both Python's downloads and Go's look there.
        os.environ["SSL_CERT_FILE"] = str(release_fetch.trust(bundle, Path(module.tmpdir)))
    here = host_platform()
    fetcher = release_fetch.Fetcher(
        cache_dir=cache_dir,
        mirror=params["mirror"],
        probe_timeout=params["release_timeout"],
        silent=dict(params["silent_hosts"]),
        report=report,
    )
    outcome = resolve(
        Wanted(
            tools=[(load(tool["path"]), tool["binaries"]) for tool in params["tools"]],
            cache_dir=cache_dir,
            find_go=lambda: go_build.find_go(go, params["goos"], params["goarch"]),
            source=params["source"],
            sources=params["sources"],
            fetcher=fetcher,
            platform=(params["goos"] or here[0], params["goarch"] or here[1]),
            search=os.environ.get("PATH", os.defpath),
            bin_dir=optional(module, "bin_dir"),
            plugins_dir=optional(module, "docker_plugins_dir"),
            record=optional(module, "record"),
            may_build=params["build"],
            dry=module.check_mode,
            report=report,
        )
    )
    if outcome.built and params["drop_caches"] and not module.check_mode:
        go_build.drop_caches(cache_dir)
    done = [f"downloaded {one}" for one in outcome.downloaded] + [f"built {one}" for one in outcome.built]
    return {
        "changed": outcome.changed,
        "tools": outcome.tools,
        "downloaded": outcome.downloaded,
        "built": outcome.built,
        "to_build": outcome.to_build,
        "tried": outcome.tried,
        "silent_hosts": fetcher.silent,
        "links": outcome.links,
        "diff": diff_of(done, outcome.links, "made"),
        "msg": summary(outcome),
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
        "downloaded": [],
        "built": [],
        "to_build": [],
        "tried": {},
        "silent_hosts": {},
        "links": links,
        "diff": diff_of([], links, "removed"),
        "msg": f"links of this project: {', '.join(links)}" if links else "no link of this project is left",
    }


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    go = module.params["go"] or str(Path(sys.executable).with_name("go"))
    try:
        result = absent(module) if module.params["state"] == "absent" else present(module, go)
    except ToolError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        full = release_fetch.full(Path(module.params["cache_dir"]), None) if release_fetch.is_full(error) else error
        module.fail_json(msg=str(full))
    module.exit_json(go=go, **result)


if __name__ == "__main__":
    main()
