"""Image plan: the same content has the same tag, other content another, and the reason is told."""

from __future__ import annotations

import os

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import build_context, image_plan

BASES = {
    "python": {"ref": "todo-k8s/base-python:1", "key": "aaaaaaaaaaaa", "id": "sha256:1"},
    "postgres": {"ref": "todo-k8s/base-postgres:1", "key": "bbbbbbbbbbbb", "id": "sha256:2"},
}


@pytest.fixture
def context(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("print()\n")
    (tmp_path / "Dockerfile").write_text("ARG PYTHON_BASE\nFROM ${PYTHON_BASE}\nCOPY app app\n")
    (tmp_path / ".dockerignore").write_text("# caches\n**/__pycache__\nnode_modules\n*.md\n!README.md\n")
    return tmp_path


def app(context, **more):
    return image_plan.App(**{"name": "backend", "context": context, "bases": {"PYTHON_BASE": "python"}, **more})


def keys(bases=None):
    return {name: base["key"] for name, base in (bases or BASES).items()}


def tag(wished, bases=None):
    return image_plan.tag(image_plan.parts(wished, keys(bases))[0])


def plan(wished, bases=None, images=None, newest=None, recorded=None):
    images = images or {}
    return image_plan.plan_one(
        wished,
        bases or BASES,
        images.get,
        lambda repository: newest,
        version="1.0.0",
        revision="abc",
        recorded=recorded,
    )


def test_ignored_files_do_not_count(context):
    before = tag(app(context))
    for name in ("app/__pycache__/main.pyc", "node_modules/x/index.js", "notes.md", ".dockerignore"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text("x\n**/__pycache__\nnode_modules\n*.md\n!README.md\n")
    (context / "x").unlink(missing_ok=True)
    assert tag(app(context)) == before
    (context / "README.md").write_text("an exception to *.md")
    assert tag(app(context)) != before


def test_what_docker_s_patterns_leave_in(context):
    (context / "app" / "__pycache__").mkdir()
    (context / "app" / "__pycache__" / "x.pyc").write_text("")
    (context / "README.md").write_text("")
    (context / "other.md").write_text("")
    assert build_context.files(context, "Dockerfile") == ["README.md", "app", "app/main.py"]


def test_a_dockerfile_s_own_ignore_file_wins_and_can_let_in_a_few_folders(tmp_path):
    for name in ("web/a/page.tsx", "web/b/page.tsx", ".venv/lib/big.py", "package.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "web/a/Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "web/a/Dockerfile.dockerignore").write_text("*\n!package.json\n!web/a\n")
    (tmp_path / ".dockerignore").write_text("package.json\n")
    found = build_context.files(tmp_path, "web/a/Dockerfile")
    assert [name for name in found if not (tmp_path / name).is_dir()] == ["package.json", "web/a/page.tsx"]


@pytest.mark.parametrize(
    "change", ["content", "name", "mode", "dockerfile", "args", "target", "base", "link", "folder"]
)
def test_everything_that_goes_in_counts(context, change):
    before = tag(app(context))
    wished, bases = app(context), BASES
    if change == "content":
        (context / "app/main.py").write_text("print(1)\n")
    elif change == "name":
        (context / "app/main.py").rename(context / "app/other.py")
    elif change == "mode":
        (context / "app/main.py").chmod(0o755)
    elif change == "dockerfile":
        (context / "Dockerfile").write_text("FROM scratch\n")
    elif change == "args":
        wished = app(context, args={"A": "1"})
    elif change == "target":
        wished = app(context, target="dev")
    elif change == "base":
        bases = {**BASES, "python": {**BASES["python"], "key": "cccccccccccc"}}
    elif change == "link":
        (context / "app/link").symlink_to("main.py")
    else:
        (context / "app/empty").mkdir()
    assert tag(wished, bases) != before


def test_times_places_and_names_of_bases_do_not_count(context, tmp_path_factory):
    before = tag(app(context))
    os.utime(context / "app/main.py", (1, 1))
    (context / "app/main.py").chmod(0o600)
    bases = {**BASES, "python": {**BASES["python"], "ref": "elsewhere/python:2", "id": "sha256:9"}}
    elsewhere = tmp_path_factory.mktemp("clone") / "deep"
    context.rename(elsewhere)
    assert tag(app(elsewhere), bases) == before


def test_a_plan_for_the_builder(context):
    got = plan(app(context, args={"A": "1"}))
    assert got["ref"] == f"todo-k8s/backend:{got['tag']}"
    assert got["args"] == {"A": "1", "PYTHON_BASE": "todo-k8s/base-python:1"}
    assert got["labels"]["org.opencontainers.image.title"] == "backend"
    assert got["labels"]["org.opencontainers.image.revision"] == "abc"
    assert (got["exists"], got["reason"]) == (False, "there is no image of this name yet")


def test_an_existing_image_is_found_whatever_the_commit(context):
    first = plan(app(context))
    images = {first["ref"]: {"Id": "sha256:7", "Size": 2_000_000}}
    got = image_plan.plan_one(app(context), BASES, images.get, lambda repository: None, version="2.0.0", revision="def")
    assert (got["exists"], got["id"], got["size_mb"]) == (True, "sha256:7", 2.0)


def test_the_reason_names_what_changed(context):
    labels = plan(app(context))["labels"]
    (context / "app/main.py").write_text("print(1)\n")
    assert plan(app(context), newest=labels)["reason"].endswith("the build context")
    bases = {**BASES, "python": {**BASES["python"], "key": "cccccccccccc"}}
    assert plan(app(context), bases, newest=labels)["reason"].endswith("the build context, the base image")


def test_the_reason_names_the_files_where_somebody_remembers_them(context, tmp_path_factory):
    first = plan(app(context))
    records = build_context.Records(tmp_path_factory.mktemp("records"))
    records.keep("backend", first["tag"], first["files"])
    (context / "app/main.py").write_text("print(1)\n")
    (context / "app/new.py").write_text("")
    got = plan(app(context), newest=first["labels"], recorded=records.of)
    assert got["reason"] == "changed since the newest image: the build context (app/main.py, +app/new.py)"
    assert got["newest"] == first["tag"]
    got = plan(app(context), newest=first["labels"], recorded=build_context.Records(tmp_path_factory.mktemp("none")).of)
    assert got["reason"] == "changed since the newest image: the build context"


def test_many_changes_are_counted_and_old_records_forgotten(tmp_path):
    before = {f"f{n}": "1" for n in range(8)}
    named = build_context.changes(before, {"f0": "1", "f1": "2", "g": "1"}, most=3)
    assert named == ["f1", "+g", "-f2", "5 more"]
    records = build_context.Records(tmp_path)
    for number in range(build_context.KEPT_RECORDS + 2):
        records.keep("a", f"t{number}", {})
    assert records.of("a", "t1") is None
    assert records.of("a", "t2") == {}
    (tmp_path / "a.json").write_text("{half")
    assert records.of("a", "t2") is None


def test_a_base_used_as_it_is():
    wished = image_plan.App(name="postgresql", base="postgres")
    got = plan(wished)
    assert (got["ref"], got["source"], got["exists"]) == (
        "todo-k8s/postgresql:tbbbbbbbbbbb",
        "todo-k8s/base-postgres:1",
        False,
    )
    assert plan(wished, images={got["ref"]: {"Id": "sha256:2", "Size": 1}})["exists"]
    # The name with other content behind it has to be moved.
    assert not plan(wished, images={got["ref"]: {"Id": "sha256:3", "Size": 1}})["exists"]


def test_a_base_that_check_mode_did_not_make_gives_no_tag(context):
    bases = {**BASES, "python": {"ref": "todo-k8s/base-python:1", "key": "", "id": ""}}
    got = plan(app(context), bases)
    assert (got["tag"], got["exists"], got["reason"]) == ("", False, "its base python has to be made first")


def test_mistakes_are_named(context, tmp_path):
    with pytest.raises(image_plan.PlanError, match="base nothing is not known; known are postgres, python"):
        plan(app(context, bases={"A": "nothing"}))
    with pytest.raises(image_plan.PlanError, match="no Dockerfile.web"):
        plan(app(context, dockerfile="Dockerfile.web"))
    with pytest.raises(image_plan.PlanError, match="not a directory"):
        plan(app(tmp_path / "missing"))
    with pytest.raises(image_plan.PlanError, match="base nothing is not known"):
        plan(image_plan.App(name="x", base="nothing"))
