"""The containers, volumes and networks of one Minikube profile, through the Docker engine's API alone."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import docker

CREATED_BY = "created_by.minikube.sigs.k8s.io=true"
SIDECAR = "-preload-sidecar"
SECONDS = 60
DOCKER_ERRORS = (docker.errors.DockerException, OSError)


def addresses(container: dict, engine_host: str = "") -> list[str]:
    """Where the API server of a control plane's container may be reached: its own address, then the published port."""
    settings = container.get("NetworkSettings") or {}
    own = [n["IPAddress"] for n in (settings.get("Networks") or {}).values() if n.get("IPAddress")]
    published = (settings.get("Ports") or {}).get("8443/tcp") or []
    remote = urlsplit(engine_host).hostname or ""
    found = [f"https://{ip}:8443" for ip in own]
    for entry in published:
        host = remote or ("127.0.0.1" if entry["HostIp"] in ("", "0.0.0.0", "::") else entry["HostIp"])  # noqa: S104
        found.append(f"https://{host}:{entry['HostPort']}")
    return found


class NodeError(Exception):
    """A node cannot be reached or refuses a command; the text names it."""


class Nodes:
    """The profile's part of an engine. Everything that reads is cheap: one request each."""

    def __init__(self, host: str, profile: str):
        self.profile = profile
        try:
            self._api = docker.APIClient(base_url=host or "unix:///var/run/docker.sock", timeout=SECONDS)
            self._api.ping()
        except DOCKER_ERRORS as error:
            raise NodeError(
                f"Docker engine {host or 'at the usual socket'}: does not answer ({error}). Start it and run again."
            ) from error

    def _belongs(self, name: str) -> bool:
        return name == self.profile or (
            name.startswith(f"{self.profile}-m") and name[len(self.profile) + 2 :].isdigit()
        )

    def inspect(self) -> list[dict]:
        """What the engine knows of each node container, the control plane first."""
        listed = self._api.containers(all=True, filters={"label": CREATED_BY})
        names = sorted(
            name for entry in listed for name in (n.strip("/") for n in entry["Names"]) if self._belongs(name)
        )
        found = []
        for name in names:
            try:
                found.append(self._api.inspect_container(name))
            except docker.errors.NotFound:  # gone in the meantime
                continue
        return found

    def foreign(self) -> str:
        """Name of a container that is called like the profile and was not made by Minikube, empty without one."""
        try:
            labels = self._api.inspect_container(self.profile)["Config"]["Labels"] or {}
        except docker.errors.NotFound:
            return ""
        return "" if labels.get(CREATED_BY.partition("=")[0]) == "true" else self.profile

    def holders(self, port: str) -> list[str]:
        """Names of containers that publish a port of this host."""
        try:
            listed = self._api.containers(filters={"publish": port})
        except DOCKER_ERRORS:
            return []
        return sorted(
            entry["Names"][0].strip("/")
            for entry in listed
            if any(str(p.get("PublicPort")) == port for p in entry["Ports"])
        )

    def networks(self, names: list[str]) -> list[str]:
        """Address blocks of Docker networks."""
        found = []
        for name in names:
            try:
                blocks = self._api.inspect_network(name)["IPAM"]["Config"] or []
            except docker.errors.NotFound:
                continue
            found += [block["Subnet"] for block in blocks if block.get("Subnet")]
        return found

    def run(self, node: str, script: str) -> tuple[int, str]:
        """Run a shell script as root in a node: exit code and output."""
        try:
            made = self._api.exec_create(node, ["sh", "-c", script], user="root")
            output = self._api.exec_start(made["Id"])
            return self._api.exec_inspect(made["Id"])["ExitCode"], output.decode(errors="replace")
        except DOCKER_ERRORS as error:
            raise NodeError(f"Node {node}: a command could not be run in it: {error}") from error

    def write(self, node: str, files: dict[str, str]) -> None:
        """Write files with their folders into a node; they stay over a stop and a start."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, content in files.items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                data = content.encode()
                entry.size, entry.mtime = len(data), int(time.time())
                entry.mode = 0o600 if path.endswith("/proxy.conf") else 0o644  # a proxy's address may hold a password
                archive.addfile(entry, io.BytesIO(data))
        folders = " ".join(sorted({str(PurePosixPath(path).parent) for path in files}))
        self.run(node, f"mkdir -p {folders}")
        try:
            self._api.put_archive(node, "/", buffer.getvalue())
        except DOCKER_ERRORS as error:
            raise NodeError(f"Node {node}: files could not be written into it: {error}") from error

    def unpause(self, node: str) -> None:
        """Thaw a container that was paused by hand."""
        self._api.unpause(node)

    def start(self, node: str) -> None:
        """Start a container that was stopped."""
        self._api.start(node)

    def kill(self) -> None:
        """End all node containers at once: for those that are deleted next, an orderly shutdown is wasted time.

        With them goes the helper that fills a new volume, which a killed start leaves behind.
        """
        for entry in self._api.containers(all=True, filters={"label": CREATED_BY}):
            name = entry["Names"][0].strip("/") if entry["Names"] else ""
            if not self._belongs(name.removesuffix(SIDECAR)):
                continue
            try:
                if entry["State"] == "paused":
                    self._api.unpause(entry["Id"])
                self._api.remove_container(entry["Id"], force=True, v=True)
            except docker.errors.NotFound:
                continue

    def run_on_volume(self, node: str, image: str, script: str) -> None:
        """Run a shell script in a node, or on its volume while it does not run; nothing without a volume."""
        found = next((c for c in self.inspect() if c["Name"].strip("/") == node), None)
        if found and found["State"].get("Running"):
            self.run(node, script)
            return
        image = (found or {}).get("Image") or image
        if node not in self._volumes() or not image:
            return
        try:
            made = self._api.create_container(
                image,
                entrypoint=["/bin/sh", "-c", script],
                labels={"todo.k8s/purpose": "prepare-start"},
                host_config=self._api.create_host_config(binds=[f"{node}:/var"], network_mode="none"),
            )
            try:
                self._api.start(made["Id"])
                self._api.wait(made["Id"], timeout=SECONDS)
            finally:
                self._api.remove_container(made["Id"], force=True, v=True)
        except DOCKER_ERRORS as error:
            raise NodeError(f"Node {node}: its volume could not be prepared for a start: {error}") from error

    def server_address(self, control_plane: dict, engine_host: str) -> str:
        """Where this host reaches the API server: the node itself on Linux, otherwise the published port."""
        found = addresses(control_plane, engine_host)
        remote = bool(urlsplit(engine_host).hostname)
        desktop = (
            sys.platform != "linux" or "microsoft" in os.uname().release.lower() or "WSL_DISTRO_NAME" in os.environ
        )
        if not (remote or desktop):
            system = self._api.info()
            desktop = system.get("OperatingSystem") == "Docker Desktop" or any(
                "rootless" in option for option in system.get("SecurityOptions") or []
            )
        return found[-1] if remote or desktop else found[0]

    def leftovers(self) -> list[str]:
        """What of the profile is in the engine, as `kind name`."""
        found = [f"container {container['Name'].strip('/')}" for container in self.inspect()]
        found += [f"volume {name}" for name in self._volumes()]
        return found + [f"network {name}" for name in self._networks()]

    def _volumes(self) -> list[str]:
        listed = self._api.volumes(filters={"label": CREATED_BY}).get("Volumes") or []
        return sorted(volume["Name"] for volume in listed if self._belongs(volume["Name"]))

    def _networks(self) -> list[str]:
        listed = self._api.networks(filters={"label": CREATED_BY})
        return sorted(network["Name"] for network in listed if network["Name"] == self.profile)

    def remove(self) -> None:
        """Remove every container, volume and network of the profile. NodeError names what cannot be removed.

        What a killed start had asked of the engine may still be under way: it is waited for.
        """
        for attempt in range(20):
            try:
                self.kill()
                for name in self._volumes():
                    self._api.remove_volume(name, force=True)
                for name in self._networks():
                    self._api.remove_network(name)
                return
            except DOCKER_ERRORS as error:
                if attempt == 19:
                    raise NodeError(
                        f"Profile {self.profile}: its containers, volume or network could not be removed: {error}"
                    ) from error
                time.sleep(0.5)

    def close(self) -> None:
        """Give up the connection."""
        self._api.close()
