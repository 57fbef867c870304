"""The minikube command: its arguments, its environment, and running it with its steps told live."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import minikube_events as events
from ansible_collections.todo.k8s.plugins.module_utils.minikube_profile import ROUTED, MinikubeError, Wanted


@dataclass
class Outcome:
    """How a start ended: exit code, what it said, and the seconds of its phases."""

    code: int
    errors: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Its errors, or its last lines when it named none."""
        return "\n".join(self.errors or self.tail)


def start_command(binary: str, wanted: Wanted, *, as_root: bool, keep_context: bool) -> list[str]:
    """The argument list of `minikube start`."""
    routed = wanted.cni == ROUTED
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
        # With routes of our own a node is ready only after Minikube is done, so it must not wait for that.
        f"--cni={'false' if routed else wanted.cni}",
        f"--wait={'apiserver' if routed else 'apiserver,system_pods,node_ready'}",
        "--install-addons=true",
        "--interactive=false",
        "--delete-on-failure=false",
        # Minikube's own is 6 minutes, for each thing that it waits for.
        "--wait-timeout=3m",
    ]
    if wanted.base_image:
        # Everything is in the node image: no preload to fetch.
        command += [f"--base-image={wanted.base_image}", "--preload=false", "--cache-images=false"]
    command += [f"--ports={port}" for port in wanted.ports]
    command += [f"--extra-config={option}" for option in wanted.extra_config]
    command += [f"--mount-string={mount}" for mount in wanted.mounts]
    if keep_context:
        command.append("--keep-context")
    if as_root:  # Minikube refuses the docker driver to root without
        command.append("--force")
    return command


def environment(home: Path, docker_host: str, proxies: dict[str, str], inherited: dict[str, str]) -> dict[str, str]:
    """Minikube's environment: its home, the engine, the proxies; nothing of its own in /tmp or the user's home."""
    found = {
        **inherited,
        **proxies,
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
        found.pop("DOCKER_HOST")
    return found


class Minikube:
    """The minikube command for one home; every call has a time limit."""

    def __init__(
        self,
        binary: str,
        home: Path,
        docker_host: str,
        proxies: dict[str, str] | None = None,
        say: Callable[[str], None] = lambda text: None,
    ):
        self.binary = binary
        self.home = home
        self.say = say
        self.environ = environment(home, docker_host, proxies or {}, dict(os.environ))

    def _spawn(self, command: list[str]) -> subprocess.Popen:
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        # Minikube writes its whole environment into its logs, a proxy's password too, and keys beside them.
        self.home.chmod(0o700)
        try:
            return subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                close_fds=False,  # the profile's lock stays held while an orphan of ours still runs
            )
        except OSError as error:
            raise MinikubeError(f"{self.binary}: cannot be run ({error}). Name minikube's path.") from error

    def run(self, *arguments: str, timeout: float = 120) -> tuple[int, str]:
        """One short command: exit code and output. MinikubeError when it takes too long."""
        process = self._spawn([self.binary, *arguments])
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise MinikubeError(f"minikube {arguments[0]}: not done after {timeout:.0f} s.") from error
        return process.returncode, output

    def must(self, *arguments: str, timeout: float = 120) -> str:
        """Such a command that has to succeed; MinikubeError with what it said."""
        code, output = self.run(*arguments, timeout=timeout)
        if code:
            raise MinikubeError(f"minikube {' '.join(arguments)}: ended with {code}:\n{output.strip()[-1500:]}")
        return output

    def start(
        self, command: list[str], timeout: float, hopeless: Callable[[str], bool] = lambda text: False
    ) -> Outcome:
        """Run `minikube start` (or `node add`), telling its steps.

        It is ended early when `hopeless` says so of an error: Minikube would try the same again.
        """
        begun = time.monotonic()
        tail: deque[str] = deque(maxlen=15)
        outcome = Outcome(0)
        steps: list[tuple[float, str]] = []
        process = self._spawn(command)
        watchdog = threading.Timer(timeout, process.terminate)
        watchdog.start()
        try:
            for line in process.stdout:
                event, elapsed = events.parse(line), time.monotonic() - begun
                if not event["message"]:
                    continue
                tail.append(event["message"])
                if events.is_step(event):
                    steps.append((elapsed, event["name"]))
                    self.say(events.words(event, elapsed))
                elif event["type"] == "error" and not events.is_noise(event):
                    outcome.errors.append(event["message"])
                if event["type"] != "step" and hopeless(event["message"]):
                    outcome.errors.append(event["message"])
                    process.terminate()
            outcome.code = process.wait(timeout=30)
        finally:
            expired = not watchdog.is_alive() and time.monotonic() - begun >= timeout
            watchdog.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        if expired:
            outcome.code = outcome.code or 1
            outcome.errors.append(f"timed out: stopped after {timeout:.0f} s")
        outcome.errors = list(dict.fromkeys(outcome.errors))
        outcome.tail = list(tail)
        outcome.seconds = events.phase_seconds(steps, time.monotonic() - begun)
        return outcome

    def enable_addon(self, profile: str, name: str, images: dict[str, str]) -> None:
        """Enable one addon, with images of our own where given ({Key: image}). MinikubeError when refused."""
        command = ["addons", "enable", name, f"--profile={profile}"]
        if images:
            command.append("--images=" + ",".join(f"{key}={image.partition('/')[2]}" for key, image in images.items()))
            command.append(
                "--registries=" + ",".join(f"{key}={image.partition('/')[0]}" for key, image in images.items())
            )
        self.must(*command, timeout=240)

    def disable_addon(self, profile: str, name: str) -> None:
        """Disable one addon. MinikubeError when refused."""
        self.must("addons", "disable", name, f"--profile={profile}", timeout=240)
