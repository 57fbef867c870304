"""The classic builder, where there is no BuildKit: slower, one step after the other, and without cache mounts.

It knows neither `RUN --mount` nor ignore files beside a Dockerfile. Both are done here: mounts are left out (a cache
is only a cache), and the context is sent as it is after the ignore file. Secrets cannot reach it; a Dockerfile that
requires one is refused, because the only other way would leave it in a layer.
"""

from __future__ import annotations

import io
import re
import tarfile
import time

from ansible_collections.todo.k8s.plugins.module_utils import build_context
from ansible_collections.todo.k8s.plugins.module_utils.build_output import Output
from ansible_collections.todo.k8s.plugins.module_utils.image_build import Build, BuildError, Teller, failed
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, explain, refusals

DOCKERFILE = ".todo-k8s.Dockerfile"
MOUNT = re.compile(r"--mount=(\S+)(?:\s*\\\s*\n)?\s*")
RUN = re.compile(r"(?im)^(\s*RUN\s+(?:\\\s*\n\s*)*)((?:--mount=\S+(?:\s*\\\s*\n)?\s*)+)")


def without_mounts(name: str, dockerfile: str) -> str:
    """The Dockerfile without `RUN --mount`. Raises BuildError for one that needs what is mounted."""

    def drop(found: re.Match) -> str:
        for mount in MOUNT.findall(found[2]):
            words = set(mount.split(","))
            if "type=cache" in words or ("type=secret" in words and not words & {"required", "required=true"}):
                continue
            raise BuildError(
                f"Image {name}: its Dockerfile has `--mount={mount}`, which the classic builder cannot do. Needed: "
                "BuildKit. Install Docker's plugin buildx (the role toolchain does)."
            )
        return found[1]

    return RUN.sub(drop, dockerfile)


def archive(build: Build) -> io.BytesIO:
    """The context after the ignore file, with the Dockerfile that the classic builder understands."""
    out = io.BytesIO()
    text = without_mounts(build.name, (build.context / build.dockerfile).read_text()).encode()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in build_context.files(build.context, build.dockerfile):
            tar.add(build.context / path, path, recursive=False)
        member = tarfile.TarInfo(DOCKERFILE)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    out.seek(0)
    return out


def run(build: Build, store: ImageStore, *, say=lambda text: None) -> float:
    """Build one image; returns the seconds. Raises BuildError."""
    begun = time.monotonic()
    output, teller = Output(), Teller(build.name, say)
    try:
        events = store.api.build(
            fileobj=archive(build),
            custom_context=True,
            dockerfile=DOCKERFILE,
            tag=build.reference,
            buildargs={name: str(value) for name, value in build.args.items()},
            labels=build.labels,
            target=build.target or None,
            network_mode=build.network or None,
            nocache=not build.cache,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for event in events:
            for line in (event.get("stream") or "").splitlines():
                if step := output.feed(line):
                    teller.step(step)
                teller.tick()
            if event.get("error"):
                found = f"{output.failure()}\n    {event['error']}"
                raise BuildError(failed(build, found, time.monotonic() - begun))
    except refusals() as error:
        raise BuildError(failed(build, explain(error), time.monotonic() - begun)) from error
    return round(time.monotonic() - begun, 2)
