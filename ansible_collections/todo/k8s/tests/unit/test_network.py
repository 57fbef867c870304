"""Proxies and extra authorities: what is refused, what is handed on, and real clients behind a TLS-inspecting proxy."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.filter.network_environment import network_environment
from ansible_collections.todo.k8s.plugins.module_utils import minikube_events, network, pod_network
from ansible_collections.todo.k8s.plugins.module_utils.network import NetworkError, Settings, Store

CHECKOUT = Path(__file__).resolve().parents[5]
SUPPORT = CHECKOUT / "tests/support"
SECRET = "s3cr%40t"
PROXY = f"http://alice:{SECRET}@proxy.example:3128"


@pytest.mark.parametrize(
    "url",
    ["http://proxy.example:3128", "http://proxy", "https://p.example:443/", PROXY, "http://[2001:db8::1]:3128"],
)
def test_addresses_of_proxies(url):
    network.check_proxy("todo_https_proxy", url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("proxy.example:3128", "without http://"),
        ("socks5://proxy:1080", "the scheme socks5"),
        ("http://proxy:99999", "cannot be read"),
        ("http://proxy:port", "cannot be read"),
        ("http://:3128", "without a host"),
        ("http://alice:s3cr#t@proxy:3128", "cannot be read"),
        ("http://alice:s3/cr@proxy:3128", "cannot be read"),
        ("http://alice:s3c@r@proxy:3128", "after the host"),
        ("http://proxy:3128/path", "after the host"),
        ("http://alice:s3 cr@proxy:3128", "a blank"),
        ("http://alice:s3'cr@proxy:3128", "a blank, a quote"),
    ],
)
def test_what_is_no_proxys_address_is_refused_and_never_shown(url, said):
    with pytest.raises(NetworkError) as refused:
        network.check_proxy("todo_https_proxy", url)
    assert said in str(refused.value)
    assert "todo_https_proxy" in str(refused.value)
    assert "s3" not in str(refused.value)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority's PEM text."""
    return make_authority(tmp_path_factory.mktemp("authority"))


def make_authority(folder):
    sys.path.insert(0, str(SUPPORT))
    try:
        from todo_testing.inspecting_proxy import Authority
    finally:
        sys.path.remove(str(SUPPORT))
    return Authority(folder).path.read_text()


def test_authorities_are_read_without_remarks_and_once(tmp_path, authority):
    path = tmp_path / "ca.pem"
    path.write_text(f"# our own\r\n{authority}\nsubject=x\n{authority}")
    assert network.read_authorities(str(path)) == [authority.strip()]


def test_files_that_are_no_authorities_are_refused(tmp_path, authority):
    body = authority.splitlines()
    key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    cases = {
        "no such file": None,
        "no certificate": "hello\n",
        "a private key": authority + key,
        "not whole": authority + "\n".join(body[:3]),
        "that cannot be read": "\n".join([body[0], "AAAA" * 16, *body[2:]]),
    }
    for said, text in cases.items():
        path = tmp_path / "ca.pem"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        with pytest.raises(NetworkError, match=said):
            network.read_authorities(str(path))
    with pytest.raises(NetworkError, match="relative path"):
        network.read_authorities("ca.pem")
    with pytest.raises(NetworkError, match="is a directory"):
        network.read_authorities(str(tmp_path))


def test_the_whole_bundle(tmp_path, authority, monkeypatch):
    system = tmp_path / "system.pem"
    other = authority.replace("\n", "\r\n", 1)
    system.write_text(f"remark\n{other}")
    assert network.merge(str(system), [authority.strip()]) == authority, "each once"
    assert network.merge("", [authority.strip()]) == authority
    extra = make_authority(tmp_path)
    assert network.merge(str(system), [extra.strip()]) == authority + extra, "the system's stay trusted"
    monkeypatch.setattr(network, "MAX_BUNDLE", 10)
    with pytest.raises(NetworkError, match="at most 10 bytes"):
        network.merge("", [authority])


def test_names_without_a_proxy_are_joined_once():
    joined = network.no_proxy("intranet.example, localhost\t.corp", network.NEAR, ["todo-backend"]).split(",")
    assert joined[:3] == ["intranet.example", "localhost", ".corp"]
    assert joined.count("localhost") == 1
    assert {"127.0.0.1", "10.96.0.0/12", "10.244.0.0/16", ".svc", ".cluster.local", "todo-backend"} <= set(joined)


def test_nothing_set_is_nothing_at_all(tmp_path):
    assert Settings().environment() == {}
    assert Store(tmp_path).wanted(Settings(none="x"), "", tmp_path) == {}
    empty = {"http_proxy": "", "https_proxy": None, "no_proxy": "intranet", "ca_bundle": ""}
    assert network_environment(empty, str(tmp_path)) == {}


def test_a_password_is_not_in_what_ansible_puts_on_a_command_line(tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://other:1")
    shown = network_environment({"https_proxy": PROXY, "ca_bundle": "/ca.pem"}, str(tmp_path), ["192.0.2.7", ""])
    assert SECRET not in str(shown)
    assert "HTTPS_PROXY" not in shown
    assert shown["HTTP_PROXY"] == "", "inherited, and not wanted"
    assert shown["NO_PROXY"] == shown["no_proxy"]
    assert shown["NO_PROXY"].endswith(",192.0.2.7")
    assert shown[network.FILE_VARIABLE] == f"{tmp_path}/settings.json"
    assert "SSL_CERT_FILE" not in shown, "there is no bundle yet"
    Store(tmp_path).bundle.touch()
    shown = network_environment({"http_proxy": "http://p:1", "ca_bundle": "/ca.pem"}, str(tmp_path))
    assert shown["SSL_CERT_FILE"] == shown["PIP_CERT"] == f"{tmp_path}/ca-bundle.pem"
    assert shown["HTTP_PROXY"] == shown["http_proxy"] == "http://p:1"


def test_the_files_and_their_end(tmp_path, authority):
    given, own = tmp_path / "ca.pem", tmp_path / "docker"
    given.write_text(authority)
    own.mkdir()
    (own / "config.json").write_text(json.dumps({"auths": {"r": {"auth": "x"}}, "currentContext": "desktop"}))
    store = Store(tmp_path / "network")
    wanted = store.wanted(Settings(https=PROXY, ca=str(given)), "", own)
    store.write(wanted)
    assert store.differing(wanted) == []
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in wanted}
    assert modes["ca-bundle.pem"] == 0o644
    holders = [path for path in wanted if SECRET in path.read_text()]
    assert sorted(path.name for path in holders) == ["config.json", "engine.env", "settings.json"]
    assert all(modes[path.name] == 0o600 for path in holders)
    client = json.loads((store.docker_config / "config.json").read_text())
    assert client["auths"] == {"r": {"auth": "x"}}
    assert client["cliPluginsExtraDirs"] == [f"{own}/cli-plugins"]
    assert client["proxies"]["default"]["httpsProxy"] == PROXY
    assert "currentContext" not in client
    (store.settings).chmod(0o644)
    assert store.differing(wanted) == [store.settings]
    less = store.wanted(Settings(ca=str(given)), "", own)
    store.write(less)
    assert not store.docker_config.exists()
    assert SECRET not in store.settings.read_text()
    store.write({})
    assert not store.folder.exists()


def test_modules_take_the_settings_from_the_file(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"environment": Settings(http=PROXY).environment("/b.pem")}))
    environ = {network.FILE_VARIABLE: str(path), "NO_PROXY": "with,the,node"}
    network.apply(environ)
    assert environ["HTTP_PROXY"] == environ["http_proxy"] == PROXY
    assert environ["NO_PROXY"] == "with,the,node"
    assert environ["SSL_CERT_FILE"] == "/b.pem"
    untouched = {network.FILE_VARIABLE: str(tmp_path / "none")}
    network.apply(untouched)
    assert list(untouched) == [network.FILE_VARIABLE]


def test_apt_is_told_by_a_file_that_only_its_owner_reads(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "mirror.corp,.svc,10.96.0.0/12")
    monkeypatch.setenv(network.FILE_VARIABLE, "/somewhere")
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    with network.apt_arguments() as arguments:
        assert arguments[0] == "-c"
        path = Path(arguments[1])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text() == f'Acquire::https::Proxy "{PROXY}";\nAcquire::https::Proxy::mirror.corp "DIRECT";\n'
    assert not path.exists()
    monkeypatch.delenv(network.FILE_VARIABLE)
    with network.apt_arguments() as arguments:
        assert arguments == []


def test_minikube_tells_its_proxies_without_the_password():
    told = {"type": "io.k8s.sigs.minikube.info", "data": {"message": f"Found network options: HTTP_PROXY={PROXY}"}}
    event = minikube_events.parse(json.dumps(told))
    assert event["message"].startswith("Found network options: HTTP_PROXY=http://alice:")
    assert SECRET not in str(event)
    assert SECRET not in str(minikube_events.parse(f"HTTP_PROXY={PROXY}"))


def test_objects_for_pods():
    wishes = pod_network.wishes({"HTTP_PROXY": "", "HTTPS_PROXY": PROXY}, "a,b", "PEM", "app-proxy", "app-ca")
    secret = wishes["Secret"].body({"x": "y"}, 7)
    assert sorted(secret["data"]) == ["HTTPS_PROXY", "NO_PROXY"]
    assert secret["metadata"]["annotations"] == {"todo.k8s/revision": "7"}
    assert wishes["Secret"].is_met(secret)
    secret["data"]["HTTP_PROXY"] = "b2xk"
    assert not wishes["Secret"].is_met(secret), "a proxy that is gone from the settings is gone from the pods"
    assert SECRET not in repr(wishes)
    assert wishes["ConfigMap"].body({}, 0)["data"] == {"ca-bundle.pem": "PEM"}
    assert pod_network.wishes({"HTTP_PROXY": ""}, "a", "", "s", "c") == {}
    assert pod_network.next_revision(None, 1000.5) == 1000
    assert pod_network.next_revision({"metadata": {"annotations": {"todo.k8s/revision": "2000"}}}, 1000) == 2001


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """(settings, proxy's log) of a network whose proxy asks for a password and inspects TLS; the origin is ours."""
    folder = tmp_path_factory.mktemp("network")
    ports = free_port(), free_port()
    programs = [
        ["tls_origin", f"--listen=127.0.0.1:{ports[0]}", "--name=origin.test", f"--folder={folder}/origin"],
        ["inspecting_proxy", f"--listen=127.0.0.1:{ports[1]}", "--user=alice:s3cr@t", f"--folder={folder}/proxy"]
        + [f"--origin=origin.test=127.0.0.1:{ports[0]}", f"--trust={folder}/origin/ca.pem"],
    ]
    running = []
    try:
        for name, *arguments in programs:
            command = [sys.executable, "-m", f"todo_testing.{name}", *arguments]
            running.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SUPPORT)}))
            ready, until = (
                Path(arguments[-1 if name == "tls_origin" else 2].partition("=")[2]) / "pid",
                time.time() + 60,
            )
            while not ready.exists() and time.time() < until:
                time.sleep(0.05)
        address = f"http://alice:{SECRET}@127.0.0.1:{ports[1]}"
        yield Settings(http=address, https=address, ca=f"{folder}/proxy/ca.pem"), folder / "proxy/log"
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def asked(log: Path, line: str) -> bool:
    return f"inside origin.test:443 {line} HTTP/1.1" in log.read_text().splitlines()


def test_clients_on_the_host_reach_an_origin_through_the_inspecting_proxy(behind, tmp_path, monkeypatch):
    settings, log = behind
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with network.used(settings):
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--index-url=https://origin.test/simple"]
        done = subprocess.run(
            [*pip, f"--dest={tmp_path}", "--no-cache-dir", "behindproxy"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert list(tmp_path.glob("behindproxy-*.whl"))
        # Go's modules: the origin has none, and says so; that its answer came is what counts.
        go = Path(sys.executable).with_name("go")
        probe = {
            "GOPROXY": "https://origin.test/go",
            "GONOSUMDB": "*",
            "GOMODCACHE": str(tmp_path / "m"),
            "GOWORK": "off",
        }
        (tmp_path / "go.mod").write_text("module probe\n")
        done = subprocess.run(
            [go, "-C", tmp_path, "list", "-m", "-mod=mod", "example.test/x@v1.0.0"],
            env={**os.environ, **probe, "GOFLAGS": "-modcacherw"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "404 Not Found" in done.stderr
    assert asked(log, "GET /simple/behindproxy/")
    assert asked(log, "GET /go/example.test/x/@v/v1.0.0.info")


@pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").exists(), reason="no apt on this host")
def test_apt_reaches_an_origin_through_the_inspecting_proxy(behind, tmp_path):
    settings, log = behind
    with network.used(settings), network.apt_arguments() as arguments:
        command = ["/usr/lib/apt/apt-helper", *arguments, "-o", "Acquire::Retries=0", "-o", "APT::Sandbox::User="]
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}  # as under sudo
        done = subprocess.run(
            [*command, "download-file", "https://origin.test/hello", f"{tmp_path}/hello"],
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "hello").read_text() == "hello from the origin\n"
    assert asked(log, "GET /hello")


def test_without_the_authority_or_the_password_nothing_comes(behind, tmp_path):
    settings, _log = behind
    clean = {name: value for name, value in os.environ.items() if name not in network.CA_VARIABLES}
    fetch = "import urllib.request as u; u.urlopen('https://origin.test/hello', timeout=10)"
    for variables, said in (
        (settings.proxies(), "CERTIFICATE_VERIFY_FAILED"),
        ({"HTTPS_PROXY": settings.https.replace(f"alice:{SECRET}@", "")}, "407"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", fetch], env={**clean, **variables}, capture_output=True, text=True, check=False
        )
        assert said in done.stderr
