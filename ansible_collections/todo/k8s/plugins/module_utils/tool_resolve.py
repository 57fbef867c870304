"""Bring a list of tools about: from PATH, from the cache, from their official release, or built.

What needs no network comes first for every tool, so that a run which finds everything asks nobody anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import go_build, tool_links
from ansible_collections.todo.k8s.plugins.module_utils.release_fetch import CutOff, Fetcher, Unavailable, shown
from ansible_collections.todo.k8s.plugins.module_utils.tool_spec import (
    Asset,
    Go,
    Tool,
    ToolError,
    asset,
    cached,
    is_built,
    key,
    load,
    on_path,
)

SOURCES = ("auto", "path", "release", "module")


@dataclass
class Wanted:
    """What to bring about and where.

    `sources` says for single tools, by the tool's or the binary's name, where they may come from instead of `source`.
    `fetcher` downloads releases for `platform` (operating system, architecture); without it there are none.
    `find_go` is called only where something is neither on PATH nor a cached release. `may_build` false leaves a tool
    that has to be built out of what is brought about.
    """

    tools: list[tuple[Tool, list[str]]]
    cache_dir: Path
    find_go: Callable[[], Go]
    source: str = "auto"
    sources: dict[str, str] = field(default_factory=dict)
    fetcher: Fetcher | None = None
    platform: tuple[str, str] = ("", "")
    search: str = ""  # PATH
    bin_dir: Path | None = None
    plugins_dir: Path | None = None
    record: Path | None = None
    may_build: bool = True
    dry: bool = False
    report: Callable[[str], None] = lambda text: None


@dataclass
class Outcome:
    """What came of it; `links` are those that were made or, in check mode, would be.

    `tried` says for each tool that was neither on PATH nor in the cache what was found instead of it, in words.
    `to_build` are tools that have to be built and may not be.
    """

    tools: dict[str, dict] = field(default_factory=dict)
    downloaded: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    to_build: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tried: dict[str, list[str]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, downloaded, built or linked."""
        return bool(self.downloaded or self.built or self.links)


@dataclass
class Search:
    """One tool on its way through the sources."""

    tool: Tool
    binaries: list[str]
    source: str
    assets: list[Asset]
    found: dict[str, dict] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)

    def may_be(self, *sources: str) -> bool:
        """Whether the tool is still to be found and may come from there."""
        return not self.found and self.source in ("auto", *sources)


class Asked:
    """An answer that is being worked out in a thread of its own."""

    def __init__(self, function: Callable, *arguments: object):
        self.answer, self.error = None, None

        def work() -> None:
            try:
                self.answer = function(*arguments)
            except Exception as error:  # handed to whoever wants the answer
                self.error = error

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()

    def get(self):
        """The answer, or the error that came instead."""
        self.thread.join()
        if self.error:
            raise self.error
        return self.answer


def resolve(wanted: Wanted) -> Outcome:
    """Have every tool. Raises ToolError for the first that cannot be had."""
    outcome = Outcome()
    searches = _searches(wanted)
    # Programs on PATH, and Go, take their time to answer: all are asked at once.
    asked = [(one, Asked(_on_path, one, wanted)) for one in searches if one.may_be("path")]
    go = (
        Asked(wanted.find_go)
        if any(one.may_be("module") and not _is_fetched(one, wanted) for one in searches)
        else None
    )
    for one, answer in asked:
        one.found, refused = answer.get()
        one.tried += refused
    for one in searches:
        _from_cache(one, go, wanted)
    _from_release([one for one in searches if one.may_be("release")], wanted, outcome)
    for one in searches:
        _from_module(one, go, wanted, outcome)
        for binary in one.binaries if one.found else []:
            outcome.tools[binary] = {"tool": one.tool.name, **one.found[binary]}
            _link(one.tool, binary, outcome.tools[binary], wanted, outcome)
    return outcome


def _searches(wanted: Wanted) -> list[Search]:
    """The tools with what their sources may be."""
    found = []
    for tool, binaries in wanted.tools:
        if unknown := set(binaries) - set(tool.packages):
            raise ToolError(f"{tool.name}: has no {', '.join(sorted(unknown))}, but {', '.join(tool.packages)}.")
        names = binaries or list(tool.packages)
        own = [wanted.sources[name] for name in (tool.name, *names) if name in wanted.sources]
        assets = [asset(tool, name, *wanted.platform) for name in names] if wanted.fetcher else []
        found.append(Search(tool, names, own[0] if own else wanted.source, [] if None in assets else assets))
    _check_sources(wanted)
    return found


def _check_sources(wanted: Wanted) -> None:
    """Refuse a source for a tool that nobody knows. What lies beside a wanted tool is known, too: another group's."""
    names: set[str] = set()
    for description in (
        {path for tool, _ in wanted.tools for path in tool.directory.parent.glob("*/tool.yml")}
        if wanted.sources
        else ()
    ):
        names |= {description.parent.name, *load(description.parent).packages}
    for name, source in wanted.sources.items():
        if source not in SOURCES:
            raise ToolError(f"toolchain_sources: {name}: found {source}; needed one of {', '.join(SOURCES)}.")
        if name not in names:
            raise ToolError(f"toolchain_sources: found {name}; needed the name of a tool: {', '.join(sorted(names))}.")


def _is_fetched(one: Search, wanted: Wanted) -> bool:
    """Whether the tool may be, and is, in the cache as it was released."""
    return one.may_be("release") and bool(one.assets) and all(each.is_there(wanted.cache_dir) for each in one.assets)


def _on_path(one: Search, wanted: Wanted) -> tuple[dict[str, dict], list[str]]:
    tool, tools = one.tool, wanted.cache_dir / "tools"
    skip = [tools, *([wanted.bin_dir] if wanted.bin_dir else [])]
    plugin = wanted.plugins_dir / tool.docker_plugin if tool.docker_plugin and wanted.plugins_dir else None
    if plugin and tool_links.is_ours(plugin, tools):
        found, refused = {}, [f"{plugin} is this project's own link"]
    else:
        found, refused = on_path(tool, one.binaries, wanted.search, skip)
    if not found and one.source == "path":
        raise ToolError(
            f"{tool.name}: {'; '.join(refused)}. Install it, or let it be downloaded or built: "
            f"toolchain_sources: {{{tool.name}: auto}}."
        )
    return {binary: {**entry, "source": "path", "key": "", "seconds": 0.0} for binary, entry in found.items()}, refused


def _released(one: Search, wanted: Wanted, seconds: dict[str, float]) -> dict[str, dict]:
    """What is known of a tool that is, or would be, downloaded."""
    return {
        each.binary: {
            "path": str(each.place(wanted.cache_dir) / each.binary),
            "version": each.version,
            "source": "release",
            "key": each.key,
            "seconds": round(seconds.get(each.binary, 0.0), 1),
        }
        for each in one.assets
    }


def _built(one: Search, place: Path, digest: str, seconds: float) -> dict[str, dict]:
    return {
        binary: {
            "path": str(place / binary),
            "version": one.tool.version,
            "source": "module",
            "key": digest,
            "seconds": round(seconds, 1),
        }
        for binary in one.binaries
    }


def _from_cache(one: Search, go: Asked | None, wanted: Wanted) -> None:
    if _is_fetched(one, wanted):
        one.found = _released(one, wanted, {})
    if one.may_be("module") and go:
        try:
            digest = key(one.tool, go.get())
        except ToolError as error:
            one.tried.append(str(error))
            return
        place = cached(wanted.cache_dir, one.tool, digest)
        if is_built(one.tool, place, one.binaries):
            one.found = _built(one, place, digest, 0.0)


def _from_release(searches: list[Search], wanted: Wanted, outcome: Outcome) -> None:
    """Download what has a release; the hosts are asked first, so that one that is not there costs little."""
    for one in searches:
        if not one.assets and wanted.fetcher:
            one.tried.append(f"no release of {', '.join(one.binaries)} is pinned for {'/'.join(wanted.platform)}")
    waiting = [each for one in searches for each in one.assets if not each.is_there(wanted.cache_dir)]
    if waiting:
        wanted.fetcher.probe(waiting)
    for one in searches:
        try:
            if one.assets:
                one.found = _fetch(one, wanted, outcome)
        except (Unavailable, CutOff) as error:
            one.tried.append(f"release: {error}")
            wanted.report(f"{one.tool.name}: no release to be had ({error})")
        if one.may_be("release") and one.source == "release":
            raise ToolError(
                f"{one.tool.name}: {'; '.join(one.tried)}. Needed: its release, as its source is set to that. Check "
                "the address, HTTPS_PROXY and NO_PROXY, name a mirror with toolchain_release_mirror, or let it be "
                f"built: toolchain_sources: {{{one.tool.name}: module}}."
            )


def _fetch(one: Search, wanted: Wanted, outcome: Outcome) -> dict[str, dict]:
    seconds = {}
    for each in one.assets:
        if each.is_there(wanted.cache_dir):
            continue
        url = wanted.fetcher.url(each)
        if wanted.dry:
            wanted.fetcher.look(each)
        else:
            try:
                _, seconds[each.binary] = wanted.fetcher.fetch(each)
            except CutOff as error:
                raise CutOff(f"{shown(url)}: {error}, twice") from error
        outcome.downloaded.append(f"{each.binary} {each.version} from {shown(url)}")
    return _released(one, wanted, seconds)


def _from_module(one: Search, go: Asked | None, wanted: Wanted, outcome: Outcome) -> None:
    """Build what was found nowhere."""
    if one.found:
        return
    if one.tried:
        outcome.tried[one.tool.name] = one.tried
    label = f"{one.tool.name} {one.tool.version}"
    if not wanted.may_build:
        outcome.to_build.append(label)
        return
    try:
        found_go = go.get()
        digest = key(one.tool, found_go)
    except ToolError as error:
        others = [said for said in one.tried if said != str(error)]
        looked = f" It was looked for elsewhere: {'; '.join(others)}." if others else ""
        raise ToolError(f"{label} has to be built. {error}{looked}") from error
    place, seconds = cached(wanted.cache_dir, one.tool, digest), 0.0
    outcome.built.append(label)
    if not wanted.dry:
        place, seconds = go_build.build(one.tool, found_go, wanted.cache_dir, wanted.report)
    one.found = _built(one, place, digest, seconds)


def _link(tool: Tool, binary: str, entry: dict, wanted: Wanted, outcome: Outcome) -> None:
    links = []
    if wanted.bin_dir and not tool.path_command:
        links.append(wanted.bin_dir / binary)
    if wanted.plugins_dir and tool.docker_plugin and entry["source"] != "path":
        links.append(wanted.plugins_dir / tool.docker_plugin)
    for link in links:
        if tool_links.points_to(link, entry["path"]):
            continue
        outcome.links.append(str(link))
        if not wanted.dry:
            made = tool_links.make(link, entry["path"])
            if made and wanted.record:
                tool_links.remember(wanted.record, made)
