"""Bring a list of tools about: from PATH, from the cache, or built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import go_build, tool_links
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import (
    Go,
    Tool,
    ToolError,
    cached,
    is_built,
    key,
    on_path,
)


@dataclass
class Wanted:
    """What to bring about and where. `find_go` is called only if something is not on PATH."""

    tools: list[tuple[Tool, list[str]]]
    cache_dir: Path
    find_go: Callable[[], Go]
    source: str = "auto"
    search: str = ""  # PATH
    bin_dir: Path | None = None
    plugins_dir: Path | None = None
    record: Path | None = None
    dry: bool = False
    report: Callable[[str], None] = lambda text: None


@dataclass
class Outcome:
    """What came of it; `links` are those that were made or, in check mode, would be."""

    tools: dict[str, dict] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, built or linked."""
        return bool(self.built or self.links)


def resolve(wanted: Wanted) -> Outcome:
    """Have every tool. Raises ToolError for the first that cannot be had."""
    outcome = Outcome()
    go: Go | None = None
    for tool, binaries in wanted.tools:
        if unknown := set(binaries) - set(tool.packages):
            raise ToolError(f"{tool.name}: has no {', '.join(sorted(unknown))}, but {', '.join(tool.packages)}.")
        found = _from_path(tool, binaries, wanted)
        if not found:
            go = go or wanted.find_go()
            found = _from_module(tool, go, wanted, outcome)
        for binary in binaries or tool.packages:
            outcome.tools[binary] = {"tool": tool.name, **found[binary]}
            _link(tool, binary, outcome.tools[binary], wanted, outcome)
    return outcome


def _from_path(tool: Tool, binaries: list[str], wanted: Wanted) -> dict[str, dict]:
    if wanted.source == "module":
        return {}
    tools = wanted.cache_dir / "tools"
    skip = [tools, *([wanted.bin_dir] if wanted.bin_dir else [])]
    plugin = wanted.plugins_dir / tool.docker_plugin if tool.docker_plugin and wanted.plugins_dir else None
    if plugin and tool_links.is_ours(plugin, tools):
        found, refused = {}, [f"{plugin} is this project's own link"]
    else:
        found, refused = on_path(tool, binaries or list(tool.packages), wanted.search, skip)
    if not found and wanted.source == "path":
        raise ToolError(
            f"{tool.name}: {'; '.join(refused)}. Install it, or let it be built with toolchain_source: auto."
        )
    return {binary: {**entry, "source": "path", "key": "", "seconds": 0.0} for binary, entry in found.items()}


def _from_module(tool: Tool, go: Go, wanted: Wanted, outcome: Outcome) -> dict[str, dict]:
    digest = key(tool, go)
    place, seconds = cached(wanted.cache_dir, tool, digest), 0.0
    if not is_built(tool, place):
        outcome.built.append(f"{tool.name} {tool.version}")
        if not wanted.dry:
            place, seconds = go_build.build(tool, go, wanted.cache_dir, wanted.report)
    return {
        binary: {
            "path": str(place / binary),
            "version": tool.version,
            "source": "module",
            "key": digest,
            "seconds": round(seconds, 1),
        }
        for binary in tool.packages
    }


def _link(tool: Tool, binary: str, entry: dict, wanted: Wanted, outcome: Outcome) -> None:
    links = []
    if wanted.bin_dir and not tool.path_command:
        links.append(wanted.bin_dir / binary)
    if wanted.plugins_dir and tool.docker_plugin and entry["source"] == "module":
        links.append(wanted.plugins_dir / tool.docker_plugin)
    for link in links:
        if tool_links.points_to(link, entry["path"]):
            continue
        outcome.links.append(str(link))
        if not wanted.dry:
            made = tool_links.make(link, entry["path"])
            if made and wanted.record:
                tool_links.remember(wanted.record, made)
