"""Commands inside a running pod's container, through kubectl: the client that ends a command's input properly."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError

POLL_SECONDS = 0.1
TELL_SECONDS = 2.0


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status, the last of its output (empty where it went to a file) and of its errors."""

    status: int
    output: str
    errors: str


def running_pod(pods: Sequence[Mapping[str, Any]], container: str) -> str | None:
    """Name of the first pod that stays and whose container is ready; None where there is none."""
    for pod in pods:
        states = (pod.get("status") or {}).get("containerStatuses") or []
        ready = any(state.get("name") == container and state.get("ready") for state in states)
        if ready and not pod["metadata"].get("deletionTimestamp"):
            return pod["metadata"]["name"]
    return None


def find_pod(kube: Kube, namespace: str, selector: str, container: str) -> str:
    """Name of a pod to run commands in.

    Raises:
        KubeError: where no selected pod is ready.
    """
    pods, _version = kube.list("pods", namespace, {"labelSelector": selector})
    name = running_pod(pods, container)
    if name is None:
        raise KubeError(
            f"pods {selector} of {namespace}: found {len(pods)}, none with a ready container {container}; needed: a"
            " running database; remedy: `make status` tells its state, `make up` brings it up"
        )
    return name


class PodExec:
    """One container of one pod, reached with the kubectl binary at `kubectl`."""

    def __init__(
        self, kubectl: str, kubeconfig: str | None, context: str | None, namespace: str, pod: str, container: str
    ) -> None:
        self.pod = pod
        self._command = [
            kubectl,
            *([f"--kubeconfig={os.path.expanduser(kubeconfig)}"] if kubeconfig else []),  # noqa: PTH111
            *([f"--context={context}"] if context else []),
            *("exec", f"--namespace={namespace}", f"--container={container}"),
        ]

    def run(
        self,
        arguments: Sequence[str],
        stdin: BinaryIO | bytes = b"",
        stdout: BinaryIO | None = None,
        timeout: float = 60,
        tell: Callable[[float], None] = lambda seconds: None,
    ) -> Ended:
        """Run a command to its end.

        Args:
            arguments: the command, which anybody on either machine can read while it runs: no secret in it.
            stdin: what it reads, a file or the bytes themselves.
            stdout: file that takes its output, byte for byte.
            timeout: seconds until it is ended.
            tell: called every few seconds with the seconds that have passed.

        Raises:
            KubeError: where kubectl is missing or the time is over.
        """
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            if isinstance(stdin, bytes):
                given.write(stdin)
                given.seek(0)
                stdin = given
            try:
                process = subprocess.Popen(
                    [*self._command, "--stdin", self.pod, "--", *arguments],
                    stdin=stdin,
                    stdout=stdout or output,
                    stderr=errors,
                )
            except OSError as error:
                raise KubeError(
                    f"kubectl at {self._command[0]}: found {error.strerror}; needed: the binary; remedy: `make up`"
                    " brings it, or set its path"
                ) from error
            try:
                self._wait(process, arguments[0], timeout, tell)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            return Ended(process.returncode, _tail(output), _tail(errors))

    def _wait(self, process: subprocess.Popen, name: str, timeout: float, tell: Callable[[float], None]) -> None:
        begin = told = time.monotonic()
        while process.poll() is None:
            now = time.monotonic()
            if now - begin > timeout:
                raise KubeError(
                    f"pod {self.pod}: {name} has not ended after {timeout:g} s; needed: its end; remedy: raise the"
                    " timeout, or look at the pod's log"
                )
            if now - told > TELL_SECONDS:
                told = now
                tell(now - begin)
            time.sleep(POLL_SECONDS)


def _tail(file: BinaryIO, size: int = 65536) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - size))
    return file.read().decode("utf-8", "replace").strip()
