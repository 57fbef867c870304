"""Official releases: what is pinned, the mirror, and real downloads from a server on loopback with every fault."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils import go_build, release_fetch
from ansible_collections.todo.k8s.plugins.module_utils import tool_spec as tools
from ansible_collections.todo.k8s.plugins.module_utils.release_fetch import CutOff, Fetcher, Unavailable
from ansible_collections.todo.k8s.plugins.module_utils.tool_resolve import Wanted, resolve
from ansible_collections.todo.k8s.tests.support.release_mirror import Mirror

ROLE = Path(__file__).resolve().parents[2] / "roles" / "toolchain" / "files" / "go"
RELEASED = {
    "minikube": "minikube",
    "helm": "helm",
    "kubectl": "kubernetes",
    "buildx": "buildx",
    "kubeconform": "kubeconform",
}
HERE = ("linux", "amd64")
GO = tools.Go("/nonexistent/go", "go1.26.5", *HERE)
PROGRAM = b"\x7fELF" + bytes(range(256)) * 4096  # a mebibyte that begins like a program
HASH = hashlib.sha256(PROGRAM).hexdigest()


def no_go() -> tools.Go:
    """Asks for a Go that is not there."""
    return go_build.find_go("/nonexistent/go")


def archive(members: dict[str, bytes], link: str = "") -> bytes:
    """A .tar.gz with these files, and a symbolic link of that name if one is given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)
    return buffer.getvalue()


def spec_of(content: bytes = PROGRAM, **given) -> dict:
    """A release block for one file of any platform."""
    pinned = {
        "version": "v1.2.3",
        "url": "https://releases.example/hello/{version}/hello-{os}-{arch}",
        "sha256": dict.fromkeys(tools.PLATFORMS, hashlib.sha256(content).hexdigest()),
    }
    return {"hello": {**pinned, **given}}


def make_tool(directory: Path, release: dict | None = None, **spec) -> tools.Tool:
    """A tool's directory with one program that may be built and has a release."""
    directory.mkdir(parents=True, exist_ok=True)
    content = {
        "version": "v1.2.3",
        "packages": {"hello": "."},
        "release": spec_of() if release is None else release,
        **spec,
    }
    (directory / "tool.yml").write_text(yaml.safe_dump(content))
    (directory / "go.mod").write_text("module example.com/hello\n\ngo 1.24\n")
    (directory / "main.go").write_text("package main\n\nfunc main() {}\n")
    return tools.load(directory)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror that has the program as v1.2.3 for Linux on amd64."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "served" / "hello" / "v1.2.3"
    folder.mkdir(parents=True)
    (folder / "hello-linux-amd64").write_bytes(PROGRAM)
    with Mirror(tmp_path / "served").serving() as running:
        yield running


def fetcher(tmp_path: Path, mirror: str, **given) -> Fetcher:
    """One with little patience for a transfer; a busy machine may take its time to answer at all."""
    return Fetcher(tmp_path / "cache", mirror=mirror, **{"probe_timeout": 10.0, "stall_timeout": 3.0, **given})


def wanted(tmp_path: Path, tool: tools.Tool, mirror: str, **given) -> Wanted:
    """From the release if it can be had; Go is not there unless it is given."""
    own = given.pop("fetcher", None) or fetcher(tmp_path, mirror)
    return Wanted(
        **{
            "tools": [(tool, [])],
            "cache_dir": tmp_path / "cache",
            "find_go": no_go,
            "fetcher": own,
            "platform": HERE,
            "search": "",
            "bin_dir": tmp_path / "bin",
            **given,
        }
    )


def left(tmp_path: Path) -> list[str]:
    """What is in the cache's folder of tools, the lock aside."""
    place = tmp_path / "cache/tools"
    return sorted(path.name for path in place.iterdir() if path.name != ".lock") if place.exists() else []


# What is pinned


@pytest.mark.parametrize("binary", RELEASED)
@pytest.mark.parametrize("platform_name", tools.PLATFORMS)
def test_every_released_tool_is_pinned_for_every_platform(binary, platform_name):
    tool = tools.load(ROLE / RELEASED[binary])
    found = tools.asset(tool, binary, *platform_name.split("/"))
    assert found and tools.SHA256.fullmatch(found.sha256) and found.url.startswith("https://")
    assert "{" not in found.url + found.member and found.version in found.url
    assert tools.accepted(tools.parse_version(found.version), tool.accept)


def test_no_two_files_share_a_checksum():
    found = [
        str(value)
        for path in ROLE.glob("*/tool.yml")
        for pinned in tools.load(path.parent).release.values()
        for value in pinned["sha256"].values()
    ]
    assert len(found) == len(set(found)) == 20


def test_a_release_of_a_platform_may_be_another_version():
    buildx = tools.load(ROLE / "buildx")
    assert tools.asset(buildx, "buildx", "linux", "arm64").version == "v0.30.1"
    mac = tools.asset(buildx, "buildx", "darwin", "arm64")
    assert mac.url == "https://github.com/docker/buildx/releases/download/v0.35.0/buildx-v0.35.0.darwin-arm64"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": {"linux/amd64": "abc"}}, "sha256 of linux/amd64 is abc; needed: 64 hexadecimal digits"),
        ({"sha256": {"plan9/amd64": HASH}}, "sha256 of plan9/amd64"),
        ({"version": "v9.0.0"}, "version v9.0.0 is not what the tool accepts"),
        ({"versions": {"linux/amd64": "v0.1.0"}}, "version v0.1.0 is not what the tool accepts"),
        ({"version": "newest"}, "version newest is not"),
        ({"url": "ftp://releases.example/x"}, "url is ftp://releases.example/x"),
        ({"surprise": 1}, "nothing but member, sha256"),
    ],
)
def test_a_wrong_release_is_refused_in_words(tmp_path, change, said):
    with pytest.raises(tools.ToolError) as error:
        make_tool(tmp_path / "hello", spec_of(**change), accept={"min": "1.0.0", "below": "2.0.0"})
    assert said in str(error.value) and "tool.yml: release of hello" in str(error.value)


def test_this_host_is_named_as_release_files_name_it(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert tools.host_platform() == ("darwin", "arm64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert tools.host_platform() == ("linux", "amd64")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert tools.host_platform() == ("linux", "arm64")


# The mirror's address


@pytest.mark.parametrize(
    ("mirror", "url"),
    [
        ("", "https://get.helm.sh/helm-v3.tar.gz"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/helm-v3.tar.gz"),
        ("https://me:pw@mirror.example/pub/", "https://me:pw@mirror.example/pub/helm-v3.tar.gz"),
    ],
)
def test_a_mirror_takes_the_place_of_the_host(mirror, url):
    assert release_fetch.mirrored("https://get.helm.sh/helm-v3.tar.gz", mirror) == url


@pytest.mark.parametrize("mirror", ["mirror.example", "/srv/mirror", "ftp://x", "http://", "http://x/?y=1"])
def test_a_wrong_mirror_is_named(mirror):
    with pytest.raises(tools.ToolError, match="toolchain_release_mirror: found .*needed http"):
        release_fetch.mirrored("https://get.helm.sh/x", mirror)


def test_a_password_in_the_address_is_not_shown(tmp_path, mirror):
    address = mirror.url("missing").replace("//", "//me:hunter22@")
    with pytest.raises(tools.ToolError) as error:
        resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), address, source="release"))
    assert "404" in str(error.value) and "127.0.0.1" in str(error.value)
    assert "hunter22" not in str(error.value)


# Downloads


@pytest.mark.parametrize("how", ["good", "moved", "chunked"])
def test_a_release_is_fetched_once_and_linked(tmp_path, mirror, how):
    tool = make_tool(tmp_path / "hello")
    planned = resolve(wanted(tmp_path, tool, mirror.url(how), dry=True))
    assert planned.changed and len(planned.downloaded) == 1 and not left(tmp_path) and not (tmp_path / "bin").exists()

    first = resolve(wanted(tmp_path, tool, mirror.url(how)))
    entry = first.tools["hello"]
    place = tmp_path / "cache/tools" / f"hello-v1.2.3-{HASH[:12]}"
    assert first.changed and first.downloaded == planned.downloaded and not first.built
    assert first.downloaded == [f"hello v1.2.3 from {mirror.url(how)}/hello/v1.2.3/hello-linux-amd64"]
    assert (entry["path"], entry["source"], entry["key"]) == (str(place / "hello"), "release", HASH[:12])
    assert entry["version"] == "v1.2.3" and planned.tools["hello"]["path"] == entry["path"]
    assert (place / "hello").read_bytes() == PROGRAM and (place / "hello").stat().st_mode & 0o777 == 0o755
    assert place.stat().st_mode & 0o777 == 0o755 and left(tmp_path) == [place.name]
    assert (tmp_path / "bin/hello").readlink() == place / "hello"

    asked = len(mirror.asked)
    again = resolve(wanted(tmp_path, tool, mirror.url(how)))
    assert not again.changed and len(mirror.asked) == asked, "what is in the cache was asked for"


def test_a_plugin_of_docker_is_linked_and_not_put_on_path(tmp_path, mirror):
    spec = {"accept": {"min": "1.0.0"}, "path_command": ["docker", "hello"], "docker_plugin": "docker-hello"}
    plugins = tmp_path / "plugins"
    found = resolve(wanted(tmp_path, make_tool(tmp_path / "hello", **spec), mirror.url("good"), plugins_dir=plugins))
    assert str((plugins / "docker-hello").readlink()) == found.tools["hello"]["path"]
    assert not (tmp_path / "bin").exists()


def test_a_cached_release_needs_neither_network_nor_go(tmp_path, mirror):
    tool = make_tool(tmp_path / "hello")
    resolve(wanted(tmp_path, tool, mirror.url("good")))
    asked = len(mirror.asked)

    def never() -> tools.Go:
        raise AssertionError("Go was asked")

    assert resolve(wanted(tmp_path, tool, mirror.url("good"), find_go=never)).tools["hello"]["source"] == "release"
    assert len(mirror.asked) == asked


def test_a_cached_build_needs_no_network(tmp_path, mirror):
    tool = make_tool(tmp_path / "hello")
    place = tools.cached(tmp_path / "cache", tool, tools.key(tool, GO))
    place.mkdir(parents=True)
    (place / "hello").write_bytes(PROGRAM)
    (place / "hello").chmod(0o755)
    found = resolve(wanted(tmp_path, tool, mirror.url("good"), find_go=lambda: GO))
    assert found.tools["hello"]["source"] == "module" and mirror.asked == []
    for source, comes_from in (("release", "release"), ("auto", "release"), ("module", "module")):
        found = resolve(wanted(tmp_path, tool, mirror.url("good"), find_go=lambda: GO, source=source))
        assert found.tools["hello"]["source"] == comes_from, f"both are in the cache, {source} is wanted"
    assert mirror.count("/good/") == 2


def test_the_program_is_taken_out_of_an_archive(tmp_path, mirror):
    packed = archive({"linux-amd64/README": b"x", "../escape": b"y", "linux-amd64/hello": PROGRAM})
    (mirror.folder / "hello/v1.2.3/hello-linux-amd64").write_bytes(packed)
    tool = make_tool(tmp_path / "hello", spec_of(packed, member="{os}-{arch}/hello"))
    path = Path(resolve(wanted(tmp_path, tool, mirror.url("good"))).tools["hello"]["path"])
    assert path.read_bytes() == PROGRAM and [each.name for each in path.parent.iterdir()] == ["hello"]
    assert not list(tmp_path.rglob("escape"))


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (archive({"other/hello": PROGRAM}), "has no linux-amd64/hello"),
        (archive({}, link="linux-amd64/hello"), "is no regular file"),
        (archive({"linux-amd64/hello": os.urandom(9000)})[:5000], "cannot be read"),
    ],
)
def test_a_strange_archive_is_refused(tmp_path, mirror, packed, said):
    (mirror.folder / "hello/v1.2.3/hello-linux-amd64").write_bytes(packed)
    tool = make_tool(tmp_path / "hello", spec_of(packed, member="{os}-{arch}/hello"))
    with pytest.raises(tools.ToolError, match=said):
        resolve(wanted(tmp_path, tool, mirror.url("good")))
    assert left(tmp_path) == []


# What must not be used


@pytest.mark.parametrize("source", ["auto", "release"])
def test_a_wrong_checksum_ends_the_run_and_leaves_nothing(tmp_path, mirror, source):
    with pytest.raises(tools.ToolError) as error:
        resolve(
            wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("corrupt"), source=source, find_go=lambda: GO)
        )
    for part in (f"{mirror.url('corrupt')}/hello/v1.2.3/hello-linux-amd64", HASH, "1048580 bytes", "{hello: module}"):
        assert part in str(error.value)
    assert left(tmp_path) == [] and not (tmp_path / "bin").exists()


@pytest.mark.parametrize("how", ["cut", "chunkcut", "stalled"])
def test_a_cut_off_download_is_tried_twice_and_leaves_nothing(tmp_path, mirror, how):
    said: list[str] = []
    own = fetcher(tmp_path, mirror.url(how), report=said.append, stall_timeout=0.4)
    with pytest.raises(CutOff, match=r"cut off after \d+ of"):
        own.fetch(tools.asset(make_tool(tmp_path / "hello"), "hello", *HERE))
    assert mirror.count(how) == 2 and left(tmp_path) == []
    assert len(said) == 1 and "cut off after" in said[0] and said[0].endswith("once more")
    with pytest.raises(tools.ToolError, match="cut off after.*twice.*Needed: its release"):
        resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), "", source="release", fetcher=own))


def test_one_cut_is_got_over(tmp_path, mirror):
    found = resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("flaky")))
    assert found.tools["hello"]["source"] == "release" and mirror.count("flaky") == 3
    assert Path(found.tools["hello"]["path"]).read_bytes() == PROGRAM


def test_what_a_killed_download_left_is_cleared(tmp_path, mirror):
    left_over = tmp_path / "cache/tools/.downloading-hello-x"
    left_over.mkdir(parents=True)
    (left_over / "download").write_bytes(b"half")
    resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("good")))
    assert not left_over.exists()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", "the server says 404"),
        ("page", "something else is served there (text/html, beginning with b'<html>"),
        ("hang", "no answer"),
        ("denied", "the proxy wants a name and a password"),
        ("cut", "cut off after"),
    ],
)
def test_what_cannot_be_had_is_built_instead_and_said(tmp_path, mirror, how, said):
    own = fetcher(tmp_path, mirror.url(how), probe_timeout=0.5 if how == "hang" else 10.0)
    given = {"fetcher": own, "find_go": lambda: GO, "may_build": False}
    found = resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), "", **given))
    assert found.to_build == ["hello v1.2.3"] and not found.changed and not found.tools
    assert said in "; ".join(found.tried["hello"])
    assert left(tmp_path) == []


def test_check_mode_tells_a_release_that_is_not_there(tmp_path, mirror):
    planned = resolve(
        wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("missing"), find_go=lambda: GO, dry=True)
    )
    assert planned.built == ["hello v1.2.3"] and not planned.downloaded
    assert planned.tools["hello"]["source"] == "module"


def test_a_platform_without_a_checksum_is_built_and_said(tmp_path, mirror):
    tool = make_tool(tmp_path / "hello", spec_of(sha256={"linux/amd64": HASH}))
    given = {"platform": ("darwin", "arm64"), "find_go": lambda: GO, "may_build": False}
    found = resolve(wanted(tmp_path, tool, mirror.url("good"), **given))
    assert found.tried["hello"][-1] == "no release of hello is pinned for darwin/arm64" and not mirror.asked
    with pytest.raises(tools.ToolError, match="no release of hello is pinned for darwin/arm64.*Needed: its release"):
        resolve(wanted(tmp_path, tool, mirror.url("good"), **given, source="release"))


def test_without_go_the_error_says_what_was_tried(tmp_path, mirror):
    with pytest.raises(tools.ToolError) as error:
        resolve(wanted(tmp_path, make_tool(tmp_path / "hello", accept={"min": "1.0.0"}), mirror.url("missing")))
    for part in (
        "hello v1.2.3 has to be built",
        "Go at /nonexistent/go",
        "requirements.txt",
        "no hello on PATH",
        "404",
    ):
        assert part in str(error.value)


# Hosts that are not there


def three(tmp_path: Path, hosts: list[str]) -> list[tuple[tools.Tool, list[str]]]:
    """A tool for each host."""
    found = []
    for number, host in enumerate(hosts):
        release = spec_of(url=f"http://{host}/good/hello/{{version}}/hello-{{os}}-{{arch}}")
        found.append((make_tool(tmp_path / f"t{number}" / "hello", release), []))
    return found


def test_hosts_that_hang_cost_one_timeout_together_and_are_remembered(tmp_path, mirror):
    listening = []
    for _ in range(3):  # connections are taken by the kernel, and nobody ever answers
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)
    hosts = [f"127.0.0.1:{one.getsockname()[1]}" for one in listening]
    own = fetcher(tmp_path, "", probe_timeout=1.0)
    given = {"fetcher": own, "find_go": lambda: GO, "may_build": False}
    several = wanted(tmp_path, None, "", tools=three(tmp_path, hosts), **given)
    started = time.monotonic()
    outcome = resolve(several)
    assert 0.9 < time.monotonic() - started < 2.7, "the hosts were waited for one after the other"
    assert set(own.silent) == set(hosts) and len(outcome.to_build) == 3

    started = time.monotonic()
    resolve(several)
    assert time.monotonic() - started < 0.9, "a host that is known to hang was asked again"
    for one in listening:
        one.close()


def test_a_name_that_takes_for_ever_to_resolve_costs_no_more(tmp_path, monkeypatch):
    release = threading.Event()
    release_fetch.client()  # it looks at getaddrinfo when it is loaded

    def slow(*arguments, **named):
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    own = fetcher(tmp_path, "", probe_timeout=1.0)
    hosts = ["a.invalid", "b.invalid", "c.invalid"]
    found = [tools.asset(tool, "hello", *HERE) for tool, _ in three(tmp_path, hosts)]
    started = time.monotonic()
    own.probe(found)
    release.set()
    assert time.monotonic() - started < 2.7, "the names were waited for one after the other"
    assert own.silent == dict.fromkeys(hosts, "no answer within 1 s")


def test_a_host_that_refuses_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    own = fetcher(tmp_path, f"http://{host}")
    own.probe([tools.asset(make_tool(tmp_path / "hello"), "hello", *HERE)])
    assert own.silent == {host: "Connection refused"}
    with pytest.raises(Unavailable, match=f"{host}: Connection refused"):
        own.fetch(tools.asset(make_tool(tmp_path / "hello"), "hello", *HERE))


# Proxies and certificates


def test_a_proxy_is_used_and_no_proxy_respected(tmp_path, mirror, monkeypatch):
    monkeypatch.setenv("http_proxy", mirror.url())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    own = fetcher(tmp_path, "http://releases.invalid/good")
    found = resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), "", fetcher=own))
    assert found.tools["hello"]["source"] == "release"
    assert set(mirror.asked) == {"http://releases.invalid/good/hello/v1.2.3/hello-linux-amd64"}

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there
    shutil.rmtree(tmp_path / "cache")
    assert resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("good"))).downloaded


@pytest.fixture
def certificate(tmp_path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody trusts."""
    place = tmp_path / "own.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loopback"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(place), "-out", str(tmp_path / "ca.pem")]
    subprocess.run(command, check=True, capture_output=True)
    place.write_text(place.read_text() + (tmp_path / "ca.pem").read_text())
    return place


def test_an_untrusted_certificate_is_named_and_a_ca_bundle_helps(tmp_path, mirror, certificate, monkeypatch):
    with Mirror(mirror.folder, certificate=certificate).serving() as secure:
        tool = make_tool(tmp_path / "hello")
        found = resolve(wanted(tmp_path, tool, secure.url("good"), find_go=lambda: GO, may_build=False))
        assert "certificate is not trusted" in found.tried["hello"][-1] and "todo_ca_bundle" in found.tried["hello"][-1]
        (tmp_path / "module").mkdir()
        both = release_fetch.trust(tmp_path / "ca.pem", tmp_path / "module")
        assert both.read_text().count("BEGIN CERTIFICATE") > 1, "the system's certificates are gone"
        monkeypatch.setenv("SSL_CERT_FILE", str(both))
        assert resolve(wanted(tmp_path, tool, secure.url("good"))).downloaded


@pytest.mark.parametrize(("content", "said"), [(None, "it cannot be read"), ("hello", "without any certificate")])
def test_a_wrong_ca_bundle_is_named(tmp_path, content, said):
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(tools.ToolError, match=f"todo_ca_bundle: {tmp_path}/ca.pem: found .*{said}.*PEM"):
        release_fetch.trust(tmp_path / "ca.pem", tmp_path)


# Room, progress, two at once, settings


def test_a_full_disk_is_told_before_it_is_full(tmp_path, mirror, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 19))
    with pytest.raises(tools.ToolError, match=r"cache/tools: 0 MiB are free; needed: 1 MiB. Nothing was kept"):
        resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("good"), find_go=lambda: GO))
    assert left(tmp_path) == []


def test_progress_is_told(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(release_fetch, "REPORT_EVERY", 0.0)
    monkeypatch.setattr(release_fetch, "CHUNK", 1 << 19)
    said: list[str] = []
    own = fetcher(tmp_path, mirror.url("good"), report=said.append)
    own.fetch(tools.asset(make_tool(tmp_path / "hello"), "hello", *HERE))
    assert [line.split(",")[0] for line in said] == [
        "downloading hello v1.2.3: 0 of 1 MiB",
        "downloading hello v1.2.3: 1 of 1 MiB",
        "downloading hello v1.2.3: 1 of 1 MiB",
    ]


def test_two_runs_at_once_fetch_once(tmp_path, mirror):
    found = tools.asset(make_tool(tmp_path / "hello"), "hello", *HERE)
    threads = [threading.Thread(target=fetcher(tmp_path, mirror.url("good")).fetch, args=(found,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mirror.count("good") == 1 and left(tmp_path) == [f"hello-v1.2.3-{HASH[:12]}"]


def test_the_source_of_a_single_tool_is_settable_by_either_name(tmp_path, mirror):
    spec = {"packages": {"hello": "."}, "accept": {"min": "1.0.0"}}
    tool = make_tool(tmp_path / "tools" / "greeter", **spec)
    program = tmp_path / "a/hello"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho v1.5.0\n")
    program.chmod(0o755)
    for sources, source in (({}, "path"), ({"greeter": "release"}, "release"), ({"hello": "release"}, "release")):
        given = {"search": str(program.parent), "sources": sources}
        assert resolve(wanted(tmp_path, tool, mirror.url("good"), **given)).tools["hello"]["source"] == source


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"hell": "release"}, "found hell; needed the name of a tool: hello"),
        ({"hello": "web"}, "hello: found web; needed one of"),
    ],
)
def test_a_wrong_source_is_named(tmp_path, mirror, sources, said):
    with pytest.raises(tools.ToolError, match=said):
        resolve(wanted(tmp_path, make_tool(tmp_path / "hello"), mirror.url("good"), sources=sources))
