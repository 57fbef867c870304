"""What can be seen of a profile without asking minikube: its files, its containers, its API server, the kubeconfig.

One inspection, one command in each node and two requests of the API server: half a second, where `minikube status` and
its like take as long each.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.todo.k8s.plugins.module_utils import certificates, kubeconfig, node_settings
from ansible_collections.todo.k8s.plugins.module_utils.minikube_nodes import NodeError, Nodes, addresses

SECONDS = 5.0
YOUNG = 60  # seconds
NODE_CERTIFICATES = "/var/lib/minikube/certs"


@dataclass
class NodeState:
    """One node: its container, its services, and what the API server says of it."""

    name: str
    host: str = "Nonexistent"
    kubelet: str = "Nonexistent"
    runtime: str = "Nonexistent"
    ready: bool = False
    ip: str = ""
    subnet: str = ""  # of its pods
    version: str = ""
    files: dict[str, str] = field(default_factory=dict)
    expired: list[str] = field(default_factory=list)
    manifests: bool = True

    def public(self) -> dict:
        """The same for a module's result."""
        return {
            "name": self.name,
            "host": self.host,
            "kubelet": self.kubelet,
            "runtime": self.runtime,
            "ready": self.ready,
            "ip": self.ip,
        }


@dataclass
class Observation:
    """A profile as it is."""

    profile: str
    config: dict | None = None
    containers: list[dict] = field(default_factory=list)
    nodes: list[NodeState] = field(default_factory=list)
    apiserver: str = "Nonexistent"
    apiserver_detail: str = ""
    context: str = "Nonexistent"
    server: str = ""
    expired: list[str] = field(default_factory=list)
    unfinished: bool = False  # its first start did not end
    leftovers: list[str] = field(default_factory=list)

    @property
    def there(self) -> bool:
        """Whether anything of the profile exists."""
        return self.config is not None or bool(self.containers)

    @property
    def running(self) -> bool:
        """Whether any of its containers runs."""
        return any(container["State"].get("Running") for container in self.containers)

    @property
    def fresh(self) -> bool:
        """Whether a container began to run less than a minute ago, so that Kubernetes may still be coming up."""
        now = datetime.now(UTC)
        begun = [container["State"].get("StartedAt", "")[:19] for container in self.containers]
        return any((now - datetime.fromisoformat(f"{text}+00:00")).total_seconds() < YOUNG for text in begun if text)

    @property
    def coming_up(self) -> bool:
        """Whether waiting may be all that it takes: everything was started, and not long ago."""
        started = bool(self.nodes) and all(n.host == "Running" and n.kubelet == "Running" for n in self.nodes)
        return started and self.fresh and not self.healthy and not self.expired

    @property
    def healthy(self) -> bool:
        """Whether every configured node and the API server work."""
        return (
            self.apiserver == "Running"
            and bool(self.nodes)
            and all(n.host == "Running" and n.kubelet == "Running" and n.ready for n in self.nodes)
        )

    def expired_in(self, name: str) -> list[str]:
        """Paths of expired certificates in one node."""
        return next((node.expired for node in self.nodes if node.name == name), [])

    def status(self) -> dict:
        """The control plane's components, as Minikube names them, and every node."""
        first = self.nodes[0] if self.nodes else NodeState(self.profile)
        return {
            "Host": first.host,
            "Kubelet": first.kubelet,
            "APIServer": self.apiserver,
            "Kubeconfig": self.context,
            "nodes": [node.public() for node in self.nodes],
        }


def machine_names(config: dict | None, profile: str) -> list[str]:
    """Names of the node containers that a configuration asks for, the control plane first."""
    nodes = (config or {}).get("Nodes") or [{}]
    return [profile if node.get("ControlPlane", True) else f"{profile}-{node['Name']}" for node in nodes]


def host_state(container: dict | None) -> str:
    """A container's state in Minikube's words."""
    if container is None:
        return "Nonexistent"
    state = container["State"]
    if state.get("Status") == "created":  # it could not be started, so what it was made with is wrong
        return "Nonexistent"
    if state.get("Paused"):
        return "Paused"
    return "Running" if state.get("Running") else "Stopped"


def node_script(runtime: str) -> str:
    """Shell for a node: states of its services, the files of ours, its certificates."""
    unit = node_settings.unit_of(runtime)
    return (
        f"systemctl is-active kubelet {unit}; echo ==files; {node_settings.listing_script(runtime)}; "
        "echo ==manifests; ls /etc/kubernetes/manifests/ 2>/dev/null; "
        f"echo ==certificates; for f in {NODE_CERTIFICATES}/*.crt {NODE_CERTIFICATES}/etcd/*.crt "
        "/var/lib/kubelet/pki/kubelet-client-current.pem; do "
        'case $f in *ca.crt) ;; *) [ -f "$f" ] && echo "# $f" && cat "$f";; esac; done; true'
    )


def parse_node(text: str, state: NodeState, now: datetime) -> None:
    """Put what `node_script` printed into a node's state."""
    services, _, rest = text.partition("==files\n")
    files, _, rest = rest.partition("==manifests\n")
    manifests, _, rest = rest.partition("==certificates\n")
    active = ["Running" if word == "active" else "Stopped" for word in services.split()]
    state.kubelet, state.runtime = (active + ["Stopped", "Stopped"])[:2]
    state.files = node_settings.parse_listing(files)
    state.manifests = "kube-apiserver.yaml" in manifests
    for block in rest.split("# ")[1:]:
        path, _, pem = block.partition("\n")
        if expired(pem, now):
            state.expired.append(path)


def expired(pem: str, now: datetime) -> bool:
    """Whether a certificate has ended; one that cannot be read is as good as ended."""
    try:
        return certificates.not_after(pem) <= now
    except certificates.CertificateError:
        return True


def host_certificates(home: Path, profile: str, now: datetime) -> list[str]:
    """Certificates of the profile on this host that have ended."""
    folder = home / ".minikube" / "profiles" / profile
    found = []
    for path in (folder / "client.crt", folder / "apiserver.crt", folder / "proxy-client.crt"):
        try:
            if expired(path.read_text(), now):
                found.append(str(path))
        except FileNotFoundError:
            continue
    return found


class ApiServer:
    """Requests of a profile's API server with the profile's own client certificate."""

    def __init__(self, home: Path, profile: str, servers: list[str]):
        self.servers = servers
        self.folder = home / ".minikube"
        self.profile = profile

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of the first address that answers. OSError of the last one when none does."""
        trouble: Exception = OSError("no address")
        for server in self.servers:
            parts = urlsplit(server)
            try:
                context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
                own = self.folder / "profiles" / self.profile
                context.load_cert_chain(own / "client.crt", own / "client.key")
                link = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=SECONDS)
                try:
                    link.request("GET", path)
                    answer = link.getresponse()
                    return answer.status, answer.read()
                finally:
                    link.close()
            except (OSError, http.client.HTTPException) as error:
                trouble = error
        raise OSError(str(trouble)) from trouble


def read_nodes(body: bytes, states: list[NodeState]) -> None:
    """Put what the API server says of its nodes into their states."""
    known = {item["metadata"]["name"]: item for item in json.loads(body)["items"]}
    for state in states:
        item = known.get(state.name)
        if not item:
            continue
        conditions = {c["type"]: c["status"] for c in item["status"].get("conditions", [])}
        state.ready = conditions.get("Ready") == "True"
        state.subnet = item["spec"].get("podCIDR", "")
        state.version = item["status"]["nodeInfo"]["kubeletVersion"]


def observe(
    nodes: Nodes | None, home: Path, profile: str, config: dict | None, runtime: str, engine_host: str
) -> Observation:
    """Look at everything of the profile."""
    found = Observation(profile, config)
    now = datetime.now(UTC)
    found.expired = host_certificates(home, profile, now)
    found.containers = nodes.inspect() if nodes else []
    by_name = {container["Name"].strip("/"): container for container in found.containers}
    expected = machine_names(config, profile) if config else []
    servers: list[str] = []
    for name in [*expected, *(name for name in by_name if name not in expected)]:
        container = by_name.get(name)
        state = NodeState(name, host_state(container))
        found.nodes.append(state)
        if state.host != "Running":
            state.kubelet = state.runtime = "Stopped" if container else "Nonexistent"
            continue
        networks = container["NetworkSettings"]["Networks"] or {}
        state.ip = next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), "")
        if name == profile:
            servers = addresses(container, engine_host)
        try:
            parse_node(nodes.run(name, node_script(runtime))[1], state, now)
        except NodeError:  # it died while we asked
            state.host = "Stopped"
        found.expired += [f"{name}:{path}" for path in state.expired]
    found.apiserver = "Stopped" if found.containers else "Nonexistent"
    if servers:
        look_at_apiserver(found, ApiServer(home, profile, servers))
    found.context, found.server = kubeconfig.context_state(kubeconfig.load(kubeconfig.path()), profile, servers, home)
    return found


def look_at_apiserver(found: Observation, server: ApiServer) -> None:
    """Ask the API server how it is and what it knows of its nodes."""
    try:
        status, body = server.get("/readyz")
        found.apiserver = "Running" if status == 200 else "Error"
        if status != 200:
            found.apiserver_detail = f"/readyz answers {status}: {body.decode(errors='replace')[-300:]}"
            return
        status, body = server.get("/api/v1/nodes")
        if status == 200:
            read_nodes(body, found.nodes)
        else:
            found.apiserver, found.apiserver_detail = "Error", f"/api/v1/nodes answers {status}"
    except (OSError, ValueError, KeyError) as error:
        found.apiserver, found.apiserver_detail = "Stopped", str(error)
