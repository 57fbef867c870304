"""Builds images: which builder there is, one build with its progress, and several side by side."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.build_output import Output
from ansible_collections.todo.k8s.plugins.module_utils.redact import redact

REPEAT_SECONDS = 10  # a step that takes long is named again after so many
SHOWN = 100  # characters of a step's name in the progress


class BuildError(Exception):
    """An image could not be built; the text names it, the failing step, its last lines and the remedy."""


@dataclass(frozen=True)
class Build:
    """One image to build."""

    name: str
    reference: str
    context: Path
    dockerfile: str = "Dockerfile"
    args: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    target: str = ""
    secrets: dict[str, str] = field(default_factory=dict)  # ID: file
    network: str = ""
    cache: bool = True


def choose(wanted: str = "auto", docker: str = "docker") -> str:
    """The builder to use: `buildx`, `buildkit` (in Docker's client before version 23), or `classic` as the last resort.

    Raises BuildError when a wanted one is not there.
    """
    buildx = _says(docker, "buildx", "version")
    version = re.search(r"version (\d+)\.", _says(docker, "--version"))
    inside = bool(version) and int(version[1]) < 23
    if wanted == "auto":
        return "buildx" if buildx else "buildkit" if inside else "classic"
    there = {"buildx": bool(buildx), "buildkit": inside, "classic": True}
    if not there[wanted]:
        have = ", ".join(name for name, here in there.items() if here)
        raise BuildError(
            f"Builder {wanted}: {docker} has none. There is {have}. Install Docker's plugin buildx "
            "(the role toolchain does), or set `builder` to auto."
        )
    return wanted


def _says(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def command(build: Build, builder: str, docker: str = "docker") -> list[str]:
    """Docker's command line for BuildKit. Nothing secret is on it: secrets are names of files."""
    words = [docker, "buildx", "build", "--load", "--provenance=false"] if builder == "buildx" else [docker, "build"]
    words += ["--progress=plain", f"--tag={build.reference}", f"--file={build.context / build.dockerfile}"]
    words += [f"--build-arg={name}={value}" for name, value in sorted(build.args.items())]
    words += [f"--label={name}={value}" for name, value in sorted(build.labels.items())]
    words += [f"--secret=id={name},src={path}" for name, path in sorted(build.secrets.items())]
    words += [] if build.cache else ["--no-cache"]
    words += [f"--target={build.target}"] if build.target else []
    words += [f"--network={build.network}"] if build.network else []
    return [*words, str(build.context)]


class Teller:
    """Names the step that a build is at, when it takes a second and again while it takes long.

    Steps that were built before pass in no time, and are not named.
    """

    def __init__(self, name: str, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._say, self._clock = name, say, clock
        self._begun = self._step_begun = clock()
        self._said: float | None = None
        self._step = ""

    def step(self, step: str) -> None:
        """A step begins."""
        self._step, self._step_begun, self._said = step, self._clock(), None

    def tick(self) -> None:
        """Some time has passed."""
        now = self._clock()
        if not self._step or now - self._step_begun < 1:
            return
        if self._said is None or now - self._said >= REPEAT_SECONDS:
            self._said = now
            step = self._step if len(self._step) <= SHOWN else self._step[: SHOWN - 1] + "…"
            self._say(redact(f"{self._name} {now - self._begun:.0f} s: {step}, for {now - self._step_begun:.0f} s"))


def run(build: Build, builder: str, *, environ: dict[str, str], say=lambda text: None, timeout: float = 1800) -> float:
    """Build one image with BuildKit; returns the seconds. Raises BuildError."""
    begun = time.monotonic()
    words = command(build, builder)
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**environ, "DOCKER_BUILDKIT": "1"},
    )
    output, teller = Output(), Teller(build.name, say)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            teller.tick()
            if time.monotonic() - begun > timeout:
                process.kill()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with process:
            for line in process.stdout:
                if step := output.feed(line):
                    teller.step(step)
    finally:
        over.set()
        watcher.join()
    took = time.monotonic() - begun
    if process.returncode:
        raise BuildError(failed(build, output.failure(), took, too_long=took > timeout))
    return round(took, 2)


def failed(build: Build, found: str, seconds: float, *, too_long: bool = False) -> str:
    """The text for a build that failed."""
    what = f"was given up after {seconds:.0f} s" if too_long else f"could not be built ({seconds:.0f} s)"
    return redact(
        f"Image {build.name}: {what} from {build.context / build.dockerfile}:\n{found}\n"
        "Needed: a Dockerfile whose steps all end well. Mend that step, or its network, and run again; steps before it "
        "are kept."
    )


def run_all(
    builds: list[Build], build_one: Callable[[Build], float], jobs: int
) -> tuple[dict[str, float], BuildError | None]:
    """Build several images, so many at a time; returns their seconds by name, and what went wrong.

    All are tried, so that one run tells every failure.
    """
    seconds, problems = {}, []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        running = [(build, pool.submit(build_one, build)) for build in builds]
        for build, future in running:
            try:
                seconds[build.name] = future.result()
            except BuildError as error:
                problems.append(str(error))
    return seconds, BuildError("\n".join(problems)) if problems else None


def cores() -> int:
    """How many builds may run at a time where nobody says: one for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
