"""Builds: the builder that is chosen, its command line, what its output means, and the classic builder's Dockerfile."""

from __future__ import annotations

import io
import tarfile
import time
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import build_output, classic_build, image_build
from ansible_collections.todo.k8s.plugins.module_utils.image_build import Build, BuildError

OUTPUTS = Path(__file__).parent / "fixtures" / "build"


def fed(name):
    """A recorded output, and the steps that it began."""
    output = build_output.Output()
    steps = [step for line in (OUTPUTS / name).read_text().splitlines() if (step := output.feed(line))]
    return output, steps


@pytest.mark.parametrize("recorded", ["buildx.txt", "client20.txt"])
def test_a_build_s_steps_are_named_without_their_mounts(recorded):
    _output, steps = fed(recorded)
    assert any("RUN echo this one is well" in step for step in steps)
    assert not any("--mount" in step or "[internal]" in step for step in steps)


@pytest.mark.parametrize("recorded", ["buildx.txt", "client20.txt", "classic.txt"])
def test_a_failure_has_its_step_and_that_step_s_last_lines(recorded):
    output, _steps = fed(recorded)
    failure = output.failure()
    assert failure.startswith("step [")
    assert "RUN echo this is why && exit 3" in failure.splitlines()[0]
    assert any(line.strip() == "this is why" for line in failure.splitlines())
    assert "this one is well" not in failure


def test_a_base_that_is_not_there_is_named():
    output, _steps = fed("no_base.txt")
    assert output.failure().startswith("step [internal] load metadata for docker.io/todo-k8s/no-such-base:1\n")


def test_a_failure_outside_of_every_step_shows_what_was_said():
    output = build_output.Output()
    output.feed("unknown flag: --progress")
    assert output.failure() == "unknown flag: --progress"


def test_of_a_long_step_the_last_lines_are_kept():
    output = build_output.Output()
    output.feed("#5 [build 3/7] RUN npm ci")
    for number in range(500):
        output.feed(f"#5 {number}.0 line {number}")
    output.feed("#5 ERROR: exit code: 1")
    lines = output.failure().splitlines()
    assert len(lines) == 1 + build_output.LAST_LINES
    assert lines[-2].strip() == "line 499"


def tool(folder, script):
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("script", "chosen"),
    [
        ('[ "$1" = buildx ] && echo github.com/docker/buildx v0.30.1', "buildx"),
        ('[ "$1" = --version ] && echo "Docker version 20.10.24+dfsg1, build 297e128" || exit 1', "buildkit"),
        ('[ "$1" = --version ] && echo "Docker version 28.2.2, build e6534b4" || exit 1', "classic"),
    ],
)
def test_the_best_builder_is_chosen(tmp_path, script, chosen):
    docker = str(tool(tmp_path, script))
    assert image_build.choose("auto", docker) == chosen
    assert image_build.choose("classic", docker) == "classic"


def test_without_a_client_the_engine_s_own_builder_is_left(tmp_path):
    assert image_build.choose("auto", str(tmp_path / "docker")) == "classic"
    with pytest.raises(BuildError, match="Builder buildx: .* has none. There is classic"):
        image_build.choose("buildx", str(tmp_path / "docker"))


@pytest.fixture
def build(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return Build("app", "todo-k8s/app:t1", tmp_path, args={"B": "2", "A": "1"}, secrets={"ca_bundle": "/ca.pem"})


def test_a_secret_is_the_name_of_a_file(build):
    words = image_build.command(build, "buildx")
    assert "--secret=id=ca_bundle,src=/ca.pem" in words
    assert words.index("--build-arg=A=1") < words.index("--build-arg=B=2")
    assert "--load" in words
    assert "--load" not in image_build.command(build, "buildkit")
    assert "--no-cache" in image_build.command(Build("a", "a:1", build.context, cache=False), "buildx")


def run(build, folder, script, monkeypatch, **more):
    tool(folder, script)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    said = []
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}
    try:
        return image_build.run(build, "buildx", environ=environ, say=said.append, **more), said
    except BuildError as error:
        return error, said


def test_progress_and_failure_come_from_the_output_and_show_no_password(build, tmp_path, monkeypatch):
    (tmp_path / "said").write_text(
        "#4 [1/2] RUN pip install --index https://user:hidden-word@example.test/\n"
        "#4 0.1 no such host https://user:hidden-word@example.test/\n#4 ERROR: exit code: 1\n"
    )
    error, said = run(build, tmp_path, f"cat {tmp_path}/said; sleep 2; exit 1", monkeypatch)
    assert "Image app: could not be built" in str(error)
    assert "[1/2] RUN pip install" in said[0]
    assert "no such host" in str(error)
    assert "hidden-word" not in str(error) + said[0]


def test_a_build_that_takes_too_long_is_given_up(build, tmp_path, monkeypatch):
    begun = time.monotonic()
    error, _said = run(build, tmp_path, "exec sleep 30", monkeypatch, timeout=0.5)
    assert "was given up after" in str(error)
    assert time.monotonic() - begun < 10


def test_a_long_step_is_named_again_and_a_short_one_never():
    now, said = [0.0], []
    teller = image_build.Teller("app", said.append, lambda: now[0])
    teller.step("[1/3] COPY a b")
    now[0] = 0.4
    teller.tick()
    teller.step("[2/3] RUN make")
    for now[0] in (1.0, 1.5, 9.0, 12.0, 22.0):
        teller.tick()
    assert said == [
        "app 2 s: [2/3] RUN make, for 1 s",
        "app 12 s: [2/3] RUN make, for 12 s",
        "app 22 s: [2/3] RUN make, for 22 s",
    ]


def test_one_failure_does_not_keep_the_others_from_being_built(build):
    builds = [Build(name, f"{name}:1", build.context) for name in "abc"]

    def one(wanted):
        if wanted.name == "b":
            raise BuildError("Image b: no")
        return 1.0

    seconds, problem = image_build.run_all(builds, one, 2)
    assert seconds == {"a": 1.0, "c": 1.0}
    assert str(problem) == "Image b: no"


def test_the_classic_builder_gets_no_mounts():
    text = (
        "FROM x\nRUN --mount=type=cache,target=/c \\\n    --mount=type=secret,id=a,required=false \\\n    make\n"
        "RUN echo --mount=type=bind\n"
    )
    assert classic_build.without_mounts("app", text) == "FROM x\nRUN make\nRUN echo --mount=type=bind\n"


@pytest.mark.parametrize("mount", ["type=secret,id=t,required=true", "type=ssh", "type=bind,from=x"])
def test_what_the_classic_builder_cannot_do_is_refused(mount):
    with pytest.raises(BuildError, match=f"Image app: its Dockerfile has `--mount={mount}`.*BuildKit"):
        classic_build.without_mounts("app", f"FROM x\nRUN --mount={mount} make\n")


def test_the_classic_builder_gets_the_context_after_the_ignore_file(build):
    for name in ("keep.py", "drop.py"):
        (build.context / name).write_text("")
    (build.context / "Dockerfile.dockerignore").write_text("drop.py\n")
    with tarfile.open(fileobj=io.BytesIO(classic_build.archive(build).read())) as tar:
        assert sorted(tar.getnames()) == [classic_build.DOCKERFILE, "keep.py"]
