"""Commands inside a node's container, with the docker CLI through the engine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator

NO_SPACE = "no space left on device"


class NodeError(Exception):
    """A node has not got what it should; the text names node, image, what was found and what to do."""


class SaveError(NodeError):
    """The engine did not give an image away; the node is not to blame."""


class NodeExec:
    """A node's container, reached through the engine at `host` (as DOCKER_HOST; empty for the usual one)."""

    def __init__(self, name: str, host: str = "", docker: str = "docker") -> None:
        self.name = name
        self._docker = docker
        self._environ = {**os.environ, **({"DOCKER_HOST": host} if host else {})}

    def run(self, *command: str, timeout: float = 60) -> str:
        """What a command prints. Raises NodeError when it fails."""
        answer = subprocess.run(
            [self._docker, "exec", self.name, *command],
            capture_output=True,
            text=True,
            check=False,
            env=self._environ,
            timeout=timeout,
        )
        if answer.returncode:
            raise NodeError(
                f"Node {self.name}: `{command[0]}` ended with {answer.returncode}: {answer.stderr.strip()[-300:]}. "
                f"{self.condition()}Needed: a running node. See `docker ps --all` and `minikube status`."
            )
        return answer.stdout

    def feed(self, archive: Iterable[bytes], *command: str) -> tuple[int, str]:
        """Stream an archive to a command; returns the bytes sent and what it prints. Raises NodeError when it fails."""
        sent = 0
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self._docker, "exec", "-i", self.name, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environ,
            )
            try:
                for piece in archive:
                    process.stdin.write(piece)
                    sent += len(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # its exit code and words say more
            except BaseException:
                process.kill()
                process.wait()
                raise
            code = process.wait(timeout=600)
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if code:
            raise NodeError(f"`{command[0]}` ended with {code} after {sent / 1e6:.1f} MB: {text[-400:]}")
        return sent, text

    def save(self, reference: str) -> Iterator[bytes]:
        """A whole image of the engine as `docker save` writes it."""
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [self._docker, "save", "--", reference], stdout=subprocess.PIPE, stderr=errors, env=self._environ
            )
            with process:
                while piece := process.stdout.read(1 << 20):
                    yield piece
            if process.returncode:
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                raise SaveError(f"Image {reference}: docker save ended with {process.returncode}: {text[-300:]}.")

    def condition(self) -> str:
        """What the engine says of the container, as a sentence; for errors."""
        answer = subprocess.run(
            [self._docker, "inspect", "--format", "{{.State.Status}} since {{.State.StartedAt}}", self.name],
            capture_output=True,
            text=True,
            check=False,
            env=self._environ,
            timeout=20,
        )
        if answer.returncode:
            return "There is no container of this name. "
        return f"Its container is {answer.stdout.strip()}. "

    def free_space(self, path: str) -> str:
        """The free space of a path on the node, as a sentence; for errors."""
        try:
            free = int(self.run("df", "--output=avail", "--block-size=1", path).split()[-1])
        except (NodeError, ValueError, IndexError, subprocess.TimeoutExpired):
            return ""
        return f"{path} has {free / 1e6:.0f} MB free. "
