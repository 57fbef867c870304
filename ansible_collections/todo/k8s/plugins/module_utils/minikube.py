"""A Minikube profile: what it is, what it should be, and how to get it there.

The profile's own config.json is the source for what it is; Minikube ignores changed CPUs and memory silently, so the
comparison is made here.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

MINIMUM_CPUS = 2  # kubeadm's own minimum for a control plane
MINIMUM_MEMORY_MB = 3800  # what is sold as 4 GB; preflight asks for the same


class MinikubeError(Exception):
    """The profile cannot be brought to the wanted state; the text names found, needed and the remedy."""


@dataclass(frozen=True)
class Wanted:
    """The wanted profile; memory in MiB, ports as Docker publishes them (`127.0.0.1:30000:30000`)."""

    profile: str
    cpus: int
    memory_mb: int
    kubernetes_version: str
    container_runtime: str
    driver: str
    base_image: str
    ports: tuple[str, ...]
    addons: tuple[str, ...]


def clamp(wanted: int, available: int, minimum: int, subject: str, unit: str) -> tuple[int, str | None]:
    """What to ask of the host: `wanted`, or what there is with a warning. MinikubeError below `minimum`."""
    if available < minimum:
        raise MinikubeError(
            f"{subject}: the Docker engine has {available}{unit}, at least {minimum}{unit} are needed. "
            "Give the machine (or Docker Desktop's virtual machine) more."
        )
    if available < wanted:
        return available, f"{subject}: {wanted}{unit} wanted, the Docker engine has {available}{unit}: taking those."
    return wanted, None


def memory_to_ask(wanted: int, available: int) -> tuple[int, str | None]:
    """Memory for the node in MiB: not all of a small engine, Minikube wants some left for the host."""
    return clamp(wanted, available, MINIMUM_MEMORY_MB, "memory", " MiB")


def read_config(home: Path, profile: str) -> dict | None:
    """The profile's stored configuration, None when there is no such profile; `home` is MINIKUBE_HOME."""
    try:
        return json.loads((home / ".minikube" / "profiles" / profile / "config.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError:  # a start that was interrupted while it wrote
        return {}


def observed(config: dict) -> dict:
    """The stored configuration in the terms of `Wanted`."""
    kubernetes = config.get("KubernetesConfig") or {}
    return {
        "cpus": config.get("CPUs"),
        "memory_mb": config.get("Memory"),
        "kubernetes_version": kubernetes.get("KubernetesVersion"),
        "container_runtime": kubernetes.get("ContainerRuntime"),
        "driver": config.get("Driver"),
        "base_image": (config.get("KicBaseImage") or "").removeprefix("docker.io/"),
        "ports": tuple(config.get("ExposedPorts") or ()),
    }


def differences(config: dict, wanted: Wanted) -> dict[str, dict]:
    """What of the profile differs from what is wanted and needs a new cluster: {setting: {before, after}}."""
    found = observed(config)
    result = {}
    for name, before in found.items():
        after = getattr(wanted, name)
        if name == "base_image" and not after:  # Minikube's own
            continue
        if before != after:
            as_list = isinstance(after, tuple)
            result[name] = {"before": list(before) if as_list else before, "after": list(after) if as_list else after}
    return result


def missing_addons(config: dict, wanted: Wanted) -> list[str]:
    """Wanted addons that are not enabled."""
    enabled = config.get("Addons") or {}
    return [name for name in wanted.addons if not enabled.get(name)]


def start_command(binary: str, wanted: Wanted, *, as_root: bool, keep_context: bool) -> list[str]:
    """The argument list of `minikube start`."""
    command = [
        binary,
        "start",
        f"--profile={wanted.profile}",
        "--output=json",
        f"--driver={wanted.driver}",
        f"--container-runtime={wanted.container_runtime}",
        f"--kubernetes-version={wanted.kubernetes_version}",
        f"--cpus={wanted.cpus}",
        f"--memory={wanted.memory_mb}mb",
        "--cni=bridge",
        "--wait=apiserver,system_pods,node_ready",
        "--install-addons=true",
        "--interactive=false",
        "--delete-on-failure=false",
    ]
    if wanted.base_image:
        # Everything is in the node image: no preload to fetch.
        command += [f"--base-image={wanted.base_image}", "--preload=false"]
    command += [f"--ports={port}" for port in wanted.ports]
    if keep_context:
        command.append("--keep-context")
    if as_root:  # Minikube refuses the docker driver to root without
        command.append("--force")
    return command


def describe_event(line: str) -> str | None:
    """One line of Minikube's JSON output as text for people; None when it says nothing."""
    try:
        event = json.loads(line)
    except ValueError:
        return line.strip() or None
    data = event.get("data") or {}
    message = " ".join((data.get("message") or "").split())
    if not message:
        return None
    if data.get("currentstep"):
        return f"minikube: step {data['currentstep']} of {data.get('totalsteps', '?')}: {message}"
    return f"minikube: {message}"


def is_error(line: str) -> bool:
    """Whether a line of Minikube's JSON output is an error event."""
    try:
        return json.loads(line).get("type", "").endswith(".error")
    except ValueError:
        return False


class Minikube:
    """The minikube command for one home; every call has a time limit."""

    def __init__(self, binary: str, home: Path, docker_host: str, say=lambda text: None):
        self.binary = binary
        self.home = home
        self.say = say
        self.environ = {
            **os.environ,
            "MINIKUBE_HOME": str(home),
            "MINIKUBE_IN_STYLE": "false",
            "MINIKUBE_WANTUPDATENOTIFICATION": "false",
            "MINIKUBE_SUPPRESS_DOCKER_PERFORMANCE": "true",
            "DOCKER_HOST": docker_host,
            "DO_NOT_TRACK": "1",
            # Its locks and logs go with its home, and do not stay in /tmp.
            "TMPDIR": str(home / "tmp"),
        }
        if docker_host in ("", "unix:///var/run/docker.sock"):
            self.environ.pop("DOCKER_HOST")

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess:
        """One short command."""
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            [self.binary, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )

    def status(self, profile: str) -> dict:
        """Status of the profile's first node: {Host, Kubelet, APIServer, Kubeconfig}; all `Nonexistent` without one."""
        answer = self.run("status", f"--profile={profile}", "--output=json")
        try:
            found = json.loads(answer.stdout)
        except ValueError:
            return dict.fromkeys(("Host", "Kubelet", "APIServer", "Kubeconfig"), "Nonexistent")
        return found[0] if isinstance(found, list) else found

    def start(self, command: list[str], timeout: float) -> float:
        """Run `minikube start`, telling its steps; returns the seconds it took. MinikubeError with the cause."""
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        tail: deque[str] = deque(maxlen=12)
        errors = []
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environ,
            stdin=subprocess.DEVNULL,
        )
        try:
            for line in process.stdout:
                text = describe_event(line)
                if not text:
                    continue
                tail.append(text)
                if is_error(line):
                    errors.append(text)
                if text.startswith("minikube: step "):  # the rest is for the case that it fails
                    self.say(text)
                if time.monotonic() - begun > timeout:
                    process.terminate()
                    errors.append(f"stopped after {timeout:.0f} s")
                    break
            code = process.wait(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code:
            raise MinikubeError(
                f"Minikube profile: `minikube start` ended with {code}.\n"
                + "\n".join(errors or list(tail))
                + "\nRun again to go on from here, or `make down` to begin anew."
            )
        return time.monotonic() - begun

    def enable_addon(self, profile: str, name: str, images: str, registries: str) -> None:
        """Enable one addon, with images of our own where given. MinikubeError when refused."""
        command = ["addons", "enable", name, f"--profile={profile}"]
        if images:
            command += [f"--images={images}", f"--registries={registries}"]
        answer = self.run(*command, timeout=240)
        if answer.returncode:
            raise MinikubeError(
                f"Minikube addon {name}: could not be enabled:\n{(answer.stdout + answer.stderr).strip()[-1500:]}"
            )

    def delete(self, profile: str) -> None:
        """Delete the profile with its container, volume, network and kubeconfig context."""
        answer = self.run("delete", f"--profile={profile}", timeout=300)
        if answer.returncode:
            raise MinikubeError(
                f"Minikube profile {profile}: delete failed:\n{(answer.stdout + answer.stderr)[-1500:]}"
            )
