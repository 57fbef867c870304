"""What a node of the cluster has to know of the network it is in: proxies, and authorities beside its own.

Minikube hands proxies only to Docker in the node, not to containerd, so the runtime's systemd unit gets them here. Both
can be changed while the cluster runs.
"""

from __future__ import annotations

import hashlib

from ansible_collections.todo.k8s.plugins.module_utils import network, node_routes

# Minikube takes the first free one of these for a profile's network.
NODE_NETWORKS = tuple(f"192.168.{third}.0/24" for third in range(49, 255, 9))
UNITS = {"containerd": "containerd", "docker": "docker", "cri-o": "crio", "crio": "crio"}
CA_FOLDER = "/usr/local/share/ca-certificates"
CA_PREFIX = "extra-ca-"


def proxy_environment(http: str, https: str, own_no_proxy: str, networks: tuple[str, ...] = NODE_NETWORKS) -> dict:
    """The environment variables of the proxies in both spellings; empty without a proxy."""
    if not http and not https:
        return {}
    values = {
        "HTTP_PROXY": http,
        "HTTPS_PROXY": https,
        "NO_PROXY": network.no_proxy(own_no_proxy, network.NEAR, networks),
    }
    found = {name: value for name, value in values.items() if value}
    return {**found, **{name.lower(): value for name, value in found.items()}}


def unit_of(runtime: str) -> str:
    """Name of the container runtime's systemd unit."""
    return UNITS.get(runtime, runtime)


def proxy_path(runtime: str) -> str:
    """The systemd drop-in that gives the container runtime its proxies."""
    return f"/etc/systemd/system/{unit_of(runtime)}.service.d/proxy.conf"


def proxy_file(runtime: str, http: str, https: str, own_no_proxy: str, networks: tuple[str, ...]) -> dict[str, str]:
    """{path: content} of the runtime's systemd drop-in; empty without a proxy that a node could reach."""
    reachable = ["" if proxy and network.is_loopback(proxy) else proxy for proxy in (http, https)]
    values = proxy_environment(*reachable, own_no_proxy, networks)
    if not values:
        return {}
    # systemd takes % for a specifier, and a backslash or a quote for its own.
    escaped = {k: v.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") for k, v in values.items()}
    lines = "".join(f'Environment="{name}={value}"\n' for name, value in escaped.items())
    return {proxy_path(runtime): f"[Service]\n{lines}"}


def ca_files(certificates: list[str]) -> dict[str, str]:
    """{path: content} of authorities, one certificate to a file, as update-ca-certificates wants them."""
    return {
        f"{CA_FOLDER}/{CA_PREFIX}{hashlib.sha256(pem.encode()).hexdigest()[:12]}.crt": pem
        for pem in dict.fromkeys(certificates)
    }


def listing_script(runtime: str) -> str:
    """Shell that prints `sha256  path` of every such file in a node."""
    return (
        f"sha256sum {CA_FOLDER}/{CA_PREFIX}*.crt {proxy_path(runtime)} {node_routes.CONFLIST} {node_routes.UNIT} "
        "2>/dev/null; true"
    )


def parse_listing(text: str) -> dict[str, str]:
    """{path: sha256} of what `listing_script` prints."""
    return {path: digest for digest, _, path in (line.partition("  ") for line in text.splitlines()) if path}


def changes(found: dict[str, str], wanted: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """What to write ({path: content}) and what to remove, given what a node has ({path: sha256})."""
    write = {
        path: content
        for path, content in wanted.items()
        if found.get(path) != hashlib.sha256(content.encode()).hexdigest()
    }
    return write, sorted(set(found) - set(wanted))


def kinds(paths: list[str]) -> list[str]:
    """What the files are for: `ca_bundle`, `pod_routes`, `proxy`."""
    found = {
        "ca_bundle" if path.startswith(CA_FOLDER) else "proxy" if path.endswith("/proxy.conf") else "pod_routes"
        for path in paths
    }
    return sorted(found)


def apply_script(runtime: str, written: list[str], removed: list[str]) -> str:
    """Shell that makes a node use the files that were written and forget those removed."""
    changed = kinds([*written, *removed])
    lines = ["set -e"]
    if node_routes.UNIT in removed:
        lines.append(f"ip route flush proto {node_routes.PROTOCOL} || true; systemctl disable pod-routes.service")
    lines += [f"rm -f {path}" for path in removed]
    if "ca_bundle" in changed:
        # It leaves the links to what was removed; --fresh would take Minikube's own along.
        lines.append("find /etc/ssl/certs -xtype l -delete; update-ca-certificates >/dev/null 2>&1")
    lines.append("systemctl daemon-reload")
    if node_routes.UNIT in written:
        lines.append("systemctl enable pod-routes.service 2>/dev/null; systemctl restart pod-routes.service")
    if "ca_bundle" in changed or "proxy" in changed:
        # It reads both only when it starts; running pods do not notice.
        lines.append(f"systemctl restart {unit_of(runtime)}")
    return "\n".join(lines)
