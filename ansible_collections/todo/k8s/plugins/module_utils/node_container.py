"""The containers, volumes and networks of a Minikube profile in the Docker engine."""

from __future__ import annotations

import docker

PROFILE_LABEL = "name.minikube.sigs.k8s.io"


def _client(host: str):
    return docker.DockerClient(base_url=host or "unix:///var/run/docker.sock", timeout=30)


def _containers(client, profile: str) -> list:
    found = client.containers.list(all=True, filters={"label": "created_by.minikube.sigs.k8s.io=true"})
    own = [c for c in found if c.name == profile or c.name.startswith(f"{profile}-m")]
    return sorted(own, key=lambda container: container.name)


def names(host: str, profile: str) -> list[str]:
    """Names of the profile's node containers, the control plane first."""
    client = _client(host)
    try:
        return [container.name for container in _containers(client, profile)]
    finally:
        client.close()


def address(host: str, profile: str) -> str:
    """The control plane's address in the profile's network, empty when it has none."""
    client = _client(host)
    try:
        container = client.containers.get(profile)
        networks = container.attrs["NetworkSettings"]["Networks"]
        return next((network["IPAddress"] for network in networks.values() if network["IPAddress"]), "")
    except docker.errors.NotFound:
        return ""
    finally:
        client.close()


def leftovers(host: str, profile: str) -> list[str]:
    """What of the profile is in the engine; empty when no engine answers."""
    try:
        client = _client(host)
    except docker.errors.DockerException:
        return []
    try:
        client.ping()
        found = [f"container {c.name}" for c in _containers(client, profile)]
        found += [f"volume {v.name}" for v in _volumes(client, profile)]
        return found + [f"network {n.name}" for n in _networks(client, profile)]
    except (docker.errors.DockerException, OSError):
        return []
    finally:
        client.close()


def _volumes(client, profile: str) -> list:
    found = client.volumes.list(filters={"label": "created_by.minikube.sigs.k8s.io=true"})
    return [v for v in found if v.name == profile or v.name.startswith(f"{profile}-m")]


def _networks(client, profile: str) -> list:
    found = client.networks.list(filters={"label": "created_by.minikube.sigs.k8s.io=true"})
    return [n for n in found if n.name == profile]


def remove(host: str, profile: str) -> None:
    """Remove what Minikube left of the profile (after an interrupted start, say)."""
    try:
        client = _client(host)
    except docker.errors.DockerException:
        return
    try:
        client.ping()
        for container in _containers(client, profile):
            container.remove(force=True, v=True)
        for thing in [*_volumes(client, profile), *_networks(client, profile)]:
            thing.remove()
    except (docker.errors.DockerException, OSError):
        return
    finally:
        client.close()
