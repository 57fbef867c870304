"""What nodes are told of the network, how their pods reach each other, and what is read off a profile."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import certificates, minikube_rescue, node_routes, node_settings
from ansible_collections.todo.k8s.plugins.module_utils import minikube_observation as observations
from ansible_collections.todo.k8s.plugins.module_utils.minikube_lock import FirstStart, ProfileLock
from ansible_collections.todo.k8s.plugins.module_utils.minikube_nodes import addresses
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import MinikubeError

FIXTURES = Path(__file__).parent / "fixtures" / "minikube"
CONTAINER = json.loads((FIXTURES / "container.json").read_text())
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A certificate of two days."""
    path = tmp_path_factory.mktemp("pem") / "a.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-days", "2"]
        + ["-subj", "/CN=a", "-out", str(path)],
        check=True,
        capture_output=True,
    )
    return path.read_text()


def test_proxies_reach_the_runtime_with_a_password_that_systemd_does_not_expand():
    found = node_settings.proxy_file("containerd", "http://u:p%40x@proxy:3128", "", "intern", ("192.168.49.0/24",))
    (path, content), *rest = found.items()
    assert rest == []
    assert path == "/etc/systemd/system/containerd.service.d/proxy.conf"
    assert 'Environment="HTTP_PROXY=http://u:p%%40x@proxy:3128"' in content
    assert "HTTPS_PROXY" not in content
    for near in ("intern", "127.0.0.1", "192.168.49.0/24", "10.96.0.0/12", "10.244.0.0/16", ".svc", ".cluster.local"):
        assert near in content.split("NO_PROXY=")[1].split('"')[0].split(",")
    assert "control-plane.minikube.internal" in content


def test_a_proxy_on_loopback_is_of_no_use_in_a_node():
    assert node_settings.proxy_file("containerd", "http://127.0.0.1:3128", "http://localhost:1", "", ()) == {}
    assert node_settings.proxy_environment("http://127.0.0.1:3128", "", "")["http_proxy"] == "http://127.0.0.1:3128"
    assert node_settings.proxy_environment("", "", "a") == {}


def test_only_what_differs_is_written_and_what_is_not_wanted_removed():
    wanted = node_settings.ca_files(["one\n", "two\n", "one\n"])
    assert len(wanted) == 2
    write, remove = node_settings.changes({}, wanted)
    assert (write, remove) == (wanted, [])
    import hashlib

    have = {path: hashlib.sha256(content.encode()).hexdigest() for path, content in wanted.items()}
    assert node_settings.changes(have, wanted) == ({}, [])
    assert node_settings.changes(have, {}) == ({}, sorted(have))
    assert node_settings.changes({**have, min(have): "0"}, wanted)[0].keys() == {min(have)}


def test_the_listing_is_read_back(tmp_path):
    text = "abc  /usr/local/share/ca-certificates/extra-ca-1.crt\n"
    assert node_settings.parse_listing(text) == {"/usr/local/share/ca-certificates/extra-ca-1.crt": "abc"}
    assert node_settings.parse_listing("") == {}


def test_the_runtime_restarts_for_proxies_and_authorities_but_not_for_routes():
    routes = node_settings.apply_script("containerd", [node_routes.CONFLIST, node_routes.UNIT], [])
    assert "restart pod-routes" in routes
    assert "restart containerd" not in routes
    assert "restart containerd" in node_settings.apply_script("containerd", list(node_settings.ca_files(["a"])), [])


def test_each_node_has_a_route_to_every_other():
    nodes = [("a", "192.168.49.2", "10.244.0.0/24"), ("b", "192.168.49.3", "10.244.1.0/24")]
    found = node_routes.files("a", nodes)
    assert '"subnet": "10.244.0.0/24"' in found[node_routes.CONFLIST]
    assert "replace 10.244.1.0/24 via 192.168.49.3" in found[node_routes.UNIT]
    assert "10.244.0.0/24 via" not in found[node_routes.UNIT]
    assert json.loads(found[node_routes.CONFLIST])["plugins"][0]["ipMasq"] is False


def test_a_node_whose_subnet_is_not_known_yet_gets_nothing():
    assert node_routes.files("b", [("a", "192.168.49.2", "10.244.0.0/24"), ("b", "192.168.49.3", "")]) == {}


def test_end_of_a_certificate(pem):
    assert timedelta(days=1, hours=23) < certificates.not_after(pem) - NOW < timedelta(days=2, hours=1)
    assert not observations.expired(pem, NOW)
    assert observations.expired(pem, NOW + timedelta(days=3))


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "nothing"])
def test_what_is_no_certificate_counts_as_ended(text):
    with pytest.raises(certificates.CertificateError):
        certificates.not_after(text)
    assert observations.expired(text, NOW)


def test_a_nodes_answer(pem):
    state = observations.NodeState("n")
    text = f"active\nfailed\n==files\nabc  /x\n==manifests\netcd.yaml\n==certificates\n# /certs/a.crt\n{pem}"
    observations.parse_node(text, state, NOW + timedelta(days=3))
    assert (state.kubelet, state.runtime, state.files) == ("Running", "Stopped", {"/x": "abc"})
    assert not state.manifests
    assert state.expired == ["/certs/a.crt"]
    observations.parse_node("", state, NOW)
    assert (state.kubelet, state.runtime) == ("Stopped", "Stopped")


def test_addresses_of_the_api_server_here_and_at_a_remote_engine():
    port = CONTAINER["NetworkSettings"]["Ports"]["8443/tcp"][0]["HostPort"]
    own = next(iter(CONTAINER["NetworkSettings"]["Networks"].values()))["IPAddress"]
    assert addresses(CONTAINER) == [f"https://{own}:8443", f"https://127.0.0.1:{port}"]
    assert addresses(CONTAINER, "tcp://far:2375")[-1] == f"https://far:{port}"
    assert addresses(CONTAINER, "unix:///var/run/docker.sock")[-1] == f"https://127.0.0.1:{port}"


def test_container_states():
    state = lambda **s: observations.host_state({"State": s})  # noqa: E731
    assert observations.host_state(None) == "Nonexistent"
    assert state(Status="running", Running=True) == "Running"
    assert state(Status="paused", Running=True, Paused=True) == "Paused"
    assert state(Status="exited", Running=False) == "Stopped"
    assert state(Status="created", Running=False) == "Nonexistent"


def test_what_a_reset_takes_away_comes_back(tmp_path):
    data, kept = tmp_path / "etcd", tmp_path / "etcd.kept"
    script = minikube_rescue.keep_data().replace(minikube_rescue.DATA, str(data))
    (data / "member").mkdir(parents=True)
    (data / "member" / "db").write_text("all of it")
    subprocess.run(["sh", "-c", script], check=True)
    assert (kept / "member" / "db").read_text() == "all of it"
    subprocess.run(["rm", "-r", str(data / "member")], check=True)
    subprocess.run(["sh", "-c", script], check=True)
    assert (data / "member" / "db").read_text() == "all of it"


def test_expired_certificates_go_with_their_keys_and_keys_without_certificate_too(tmp_path):
    for name in ("a.crt", "a.key", "b.crt", "b.key", "orphan.key", "sa.key", "sa.pub"):
        (tmp_path / name).touch()
    script = minikube_rescue.configure_anew([f"{tmp_path}/a.crt"]).replace(minikube_rescue.CERTIFICATES, str(tmp_path))
    script = script.replace(minikube_rescue.SETTINGS, str(tmp_path / "kubeadm.yaml"))
    script = script.replace("/etc/kubernetes", str(tmp_path / "none")).replace(
        "/var/lib/kubelet", str(tmp_path / "none")
    )
    subprocess.run(["sh", "-c", script], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.crt", "b.key", "sa.key", "sa.pub"]


def test_the_lock_is_held_by_what_was_started_with_it(tmp_path):
    lock, said = ProfileLock(tmp_path, "p"), []
    lock.acquire(1, said.append)
    orphan = subprocess.Popen(["sleep", "30"], close_fds=False)
    lock.release()
    second = ProfileLock(tmp_path, "p")
    try:
        with pytest.raises(MinikubeError, match="something else has been working on it"):
            second.acquire(0.5, said.append)
    finally:
        second.release()
        orphan.kill()
        orphan.wait()
    assert said == ["another minikube works on profile p: waiting for it"]
    second.acquire(1, said.append)
    second.release()


def test_the_mark_of_a_first_start(tmp_path):
    mark = FirstStart(tmp_path, "p")
    assert not mark.unfinished()
    mark.begin()
    assert FirstStart(tmp_path, "p").unfinished()
    mark.end()
    mark.end()
    assert not mark.unfinished()
