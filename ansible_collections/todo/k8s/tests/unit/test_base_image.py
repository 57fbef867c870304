"""Base images: the wish and its key, mmdebstrap's arguments, and who decides where they come from."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import base_images, debootstrap, image_store

SLEEPY = 'import os, sys; print("I: installing one"); print("E: no such package"); sys.exit(3)'


def arguments(debian, **more):
    options = {"mirrors": [], "apt_options": [], "mode": "root", **more}
    return debootstrap.command(debian, "out.tar", **options)


def test_a_key_is_the_same_for_the_same_wish_and_another_for_another():
    wish = {"packages": ["python3"], "cmd": None, "users": []}
    assert debootstrap.key(wish) == debootstrap.key({"packages": ["python3"]})
    assert len(debootstrap.key(wish)) == 12
    assert debootstrap.key(wish) != debootstrap.key({"packages": ["python3"], "cmd": ["python3"]})
    assert debootstrap.key(wish, "x86_64") != debootstrap.key(wish, "aarch64")


def test_an_option_left_out_is_one_that_is_empty():
    plain = {"users": [{"name": "a", "uid": 7}], "files": [{"path": "/a", "content": "b"}]}
    filled = {
        "users": [{"name": "a", "uid": 7, "gid": None, "home": None}],
        "files": [{"path": "/a", "content": "b", "mode": None}],
        "workdir": None,
        "hooks": [],
    }
    assert debootstrap.key(plain) == debootstrap.key(filled)


def test_a_key_follows_the_content_of_placed_files_and_folders(tmp_path):
    script, folder = tmp_path / "run.sh", tmp_path / "tree"
    folder.mkdir()
    script.write_text("one")
    (folder / "a").write_text("one")
    wish = {"files": [{"path": "/run.sh", "src": str(script)}, {"path": "/tree", "src": str(folder)}]}
    keys = {debootstrap.key(wish)}
    script.write_text("two")
    keys.add(debootstrap.key(wish))
    (folder / "a").write_text("two")
    keys.add(debootstrap.key(wish))
    (folder / "a").chmod(0o755)
    keys.add(debootstrap.key(wish))
    assert len(keys) == 4


def test_a_key_does_not_follow_where_a_file_lies(tmp_path):
    keys = set()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.sh").write_text("one")
        keys.add(debootstrap.key({"files": [{"path": "/run.sh", "src": str(tmp_path / name / "run.sh")}]}))
    assert len(keys) == 1


def test_mmdebstrap_gets_packages_and_mirrors_but_nothing_of_the_host_stays():
    got = arguments(
        {"packages": ["python3", "tzdata"]},
        mirrors=["deb http://mirror/debian bookworm main"],
        apt_options=['Acquire::http::Proxy "http://proxy:3142"'],
    )
    assert "--include=python3,tzdata" in got
    assert got[-4:] == ["--", "bookworm", "out.tar", "deb http://mirror/debian bookworm main"]
    clean = next(part for part in got if "etc/apt/sources.list" in part)
    for leftover in ("etc/apt/apt.conf.d/99mmdebstrap", "etc/apt/sources.list", "ssl-cert-snakeoil.key", "resolv.conf"):
        assert leftover in clean
    # What the wish makes in /run has to come after the cleaning, and mmdebstrap must not empty it again.
    assert "--skip=cleanup/run" in got


def test_the_wish_s_own_steps_come_after_the_cleaning():
    got = arguments({"customize": ["mkdir /run/it's"], "hooks": ['touch "$1"/x']})
    positions = [
        next(i for i, part in enumerate(got) if text in part) for text in ("99mmdebstrap", "/run/it", 'touch "$1"')
    ]
    assert positions == sorted(positions)


def test_customize_lines_reach_the_shell_unharmed(tmp_path):
    hook = next(part for part in arguments({"customize": ['echo "it\'s" $HOME > /x']}) if "chroot" in part)
    tool = tmp_path / "chroot"
    tool.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    tool.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = hook.removeprefix("--customize-hook=")
    ran = subprocess.run(["sh", "-c", script, "exec", "/tree"], capture_output=True, text=True, env=environ, check=True)
    assert ran.stdout == '/tree|/bin/sh|-euc|echo "it\'s" $HOME > /x|'


@pytest.mark.parametrize("mode", ["0755", None])
def test_file_hooks_write_the_file(tmp_path, mode):
    content = "#!/bin/sh\necho 'a $b `c`'\n"
    for hook in debootstrap.file_hooks({"path": "/usr/local/bin/it", "content": content, "mode": mode}):
        subprocess.run(["sh", "-c", hook, "exec", str(tmp_path)], check=True)
    file = tmp_path / "usr/local/bin/it"
    assert file.read_text() == content
    assert oct(file.stat().st_mode & 0o777) == (f"0o{mode.lstrip('0')}" if mode else "0o644")


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"path": "etc/x", "content": ""}, "absolute path"),
        ({"path": "/etc/../../x", "content": ""}, "absolute path"),
        ({"path": "/x", "content": "", "mode": "rwx"}, "octal"),
    ],
)
def test_file_hooks_refuse_nonsense(item, words):
    with pytest.raises(debootstrap.DebootstrapError, match=words):
        debootstrap.file_hooks(item)


def test_users_have_their_numbers(tmp_path):
    (tmp_path / "etc").mkdir()
    hook = debootstrap.user_hook(
        [{"name": "postgres", "uid": 999, "home": "/var/lib/postgresql", "shell": "/bin/bash"}]
    )
    subprocess.run(["sh", "-c", hook, "exec", str(tmp_path)], check=True)
    assert (tmp_path / "etc/passwd").read_text() == "postgres:x:999:999::/var/lib/postgresql:/bin/bash\n"
    assert (tmp_path / "etc/group").read_text() == "postgres:x:999:\n"
    assert (tmp_path / "etc/shadow").read_text().startswith("postgres:!:")
    with pytest.raises(debootstrap.DebootstrapError, match="not a user name"):
        debootstrap.user_hook([{"name": "a b", "uid": 1}])


def test_only_debian_s_own_archive_is_taken_from_the_host():
    targets = "\n".join(
        [
            "http://mirror/debian/|bookworm|main|Debian",
            "http://mirror/debian/|bookworm-updates|main|Debian",
            "http://mirror/security/|bookworm-security|main|$(ORIGIN)",
            "http://mirror/debian/|bookworm|non-free|Debian",
            "http://vendor/node/|nodistro|main|vendor",
            "http://vendor/debian/|bookworm|main|Vendor",
        ]
    )
    assert debootstrap.sources_from(targets, "bookworm") == [
        "deb http://mirror/debian/ bookworm main",
        "deb http://mirror/debian/ bookworm-updates main",
        "deb http://mirror/security/ bookworm-security main",
    ]
    assert debootstrap.sources_from(targets, "trixie") == []
    assert debootstrap.sources_from("http://mirror/|bookworm-updates|main|Debian", "bookworm") == []


def test_what_is_needed_to_reach_the_archive_is_taken_from_apt():
    dump = """Acquire "";
Acquire::http::Proxy "http://proxy:3142";
Acquire::https::mirror.example::CaInfo "/etc/ca.pem";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::http::Proxy "";
DPkg::Post-Invoke "rm -rf /";
"""
    assert debootstrap.apt_options_from(dump) == [
        'Acquire::http::Proxy "http://proxy:3142"',
        'Acquire::https::mirror.example::CaInfo "/etc/ca.pem"',
        'Acquire::Check-Valid-Until "false"',
    ]


def test_the_configuration_in_the_image():
    config = debootstrap.image_config(
        {"env": {"LANG": "C.UTF-8"}, "entrypoint": ["x"], "stopsignal": "SIGINT", "expose": ["5432/tcp"]}, {"a": "b"}
    )
    assert config["config"] == {
        "Env": [f"PATH={debootstrap.PATH}", "LANG=C.UTF-8"],
        "Labels": {"a": "b"},
        "Entrypoint": ["x"],
        "StopSignal": "SIGINT",
        "ExposedPorts": {"5432/tcp": {}},
    }
    assert config["created"] == "2025-01-01T00:00:00Z"


def test_a_failed_run_shows_where_it_went_wrong():
    lines = [
        "I: running apt-get update...",
        "Get:1 http://mirror",
        "Setting up libc6",
        "dpkg: error processing x",
        "E: y",
    ]
    assert debootstrap.telling(lines) == ["dpkg: error processing x", "E: y"]
    assert debootstrap.telling(["nothing known"]) == ["nothing known"]


def fake_mmdebstrap(folder, monkeypatch, text):
    tool = folder / "mmdebstrap"
    tool.write_text(f"#!{sys.executable}\n{text}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_failed_run_leaves_no_archive(tmp_path, monkeypatch):
    fake_mmdebstrap(tmp_path, monkeypatch, SLEEPY.replace("import os, sys;", "import sys\nopen(sys.argv[-1], 'w');", 1))
    monkeypatch.setattr(debootstrap, "host_sources", lambda suite: [])
    said = []
    with pytest.raises(debootstrap.DebootstrapError, match="no such package"):
        debootstrap.make("python", {}, tmp_path / "cache" / "x.tar.gz", say=said.append)
    assert list((tmp_path / "cache").iterdir()) == []
    assert said == ["base image python: installing one"]


def test_a_good_run_leaves_the_archive(tmp_path, monkeypatch):
    fake_mmdebstrap(tmp_path, monkeypatch, "import sys\nopen(sys.argv[-1], 'w').write('tar')")
    monkeypatch.setattr(debootstrap, "host_sources", lambda suite: [])
    debootstrap.make("python", {}, tmp_path / "cache" / "x.tar.gz")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["x.tar.gz"]


# The decision.

PYTHON = base_images.Base.wish("python", "python:3.11-slim-bookworm", {"packages": ["python3"]})
NODE = base_images.Base.wish("node", "node:18-bookworm-slim", {"packages": ["nodejs"]})
OWN = base_images.Base.wish("own", None, {"packages": ["jq"]})
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
PINNED = base_images.Base.wish("python", f"python:3.11-slim-bookworm@{ONE}", {"packages": ["python3"]})


def decide(source="auto", present=(), problem="", bases=(PYTHON, NODE)):
    asked = []

    def ask(reference, seconds):
        asked.append((reference, seconds))
        return image_store.Answer(problem=problem) if problem else image_store.Answer(digest=ONE)

    return base_images.decide(source, list(bases), lambda name: name in present, ask, 5), asked


def test_every_image_that_is_missing_is_asked_after_once():
    decision, asked = decide()
    assert decision.source == "official"
    assert decision.digests == {PYTHON.official: ONE, NODE.official: ONE}
    assert sorted(asked) == [(NODE.official, 5), (PYTHON.official, 5)]
    assert [name for name, _seconds in decide(present=[PYTHON.official])[1]] == [NODE.official]
    decision, asked = decide(problem="no answer in time")
    assert decision.source == "debian"
    assert "docker.io" in decision.reason
    assert "no answer in time" in decision.reason


def test_all_are_asked_after_at_the_same_time():
    def ask(_reference, _seconds):
        time.sleep(0.3)
        return image_store.Answer(problem="no answer in time")

    assert base_images.decide("auto", [PYTHON, NODE], lambda _name: False, ask, 0.3).seconds < 0.5


def test_what_is_there_is_used_without_asking():
    assert decide(present=[PYTHON.made_name, NODE.made_name])[1] == []
    decision, asked = decide(present=[PYTHON.official, NODE.official])
    assert (decision.source, asked) == ("official", [])
    assert len(decide(present=[PYTHON.made_name])[1]) == 2


def test_a_setting_is_not_questioned():
    decision, asked = decide("debian")
    assert (decision.source, asked) == ("debian", [])


def test_a_base_with_one_origin_has_it():
    assert base_images.Decision("official", "").origin(OWN) == "debian"
    assert decide(bases=[OWN])[0].source == "debian"
    with pytest.raises(base_images.BaseImageError, match="needs `official`"):
        base_images.Base.wish("x", None, None)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(base_images.BaseImageError, match="Base image x: official python@sha256:12: found the digest"):
        base_images.Base.wish("x", "python@sha256:12", None)


class Store:
    """An engine's store that remembers; `registry` is what its registry serves, {name or name@digest: digest}."""

    def __init__(self, pulls=True, registry=None):
        self.images, self.loaded, self.pulls, self.pulled = {}, [], pulls, []
        self.registry = registry or {}

    def inspect(self, reference):
        return self.images.get(reference)

    def _put(self, reference):
        self.images[reference] = {"Id": f"sha256:{reference}", "Size": 1_000_000, "RootFS": {"Layers": [reference]}}

    def ask(self, reference, _seconds):
        if not self.registry:
            return image_store.Answer(digest=reference.partition("@")[2] or ONE)
        digest = self.registry.get(reference, "")
        return image_store.Answer(digest=digest, problem="" if digest else "manifest unknown")

    def pull(self, reference):
        if not self.pulls:
            raise image_store.StoreError("too many requests")
        self.pulled.append(reference)
        self._put(reference)
        self.images[reference]["RepoDigests"] = [reference]

    def tag(self, source, reference):
        self.images[reference] = self.images[source]

    def load_tree(self, _archive, reference, _config):
        self.loaded.append(reference)
        self._put(reference)


@pytest.fixture
def made(monkeypatch):
    names = []

    def make(name, _debian, archive, say):
        names.append(name)
        archive.parent.mkdir(exist_ok=True)
        archive.write_text("tar")

    monkeypatch.setattr(debootstrap, "make", make)
    monkeypatch.setattr(debootstrap, "missing_packages", list)
    return names


def test_official_images_are_pulled_once(tmp_path, made):
    store = Store()
    decision, found = base_images.provide([PYTHON, NODE], store=store, cache=tmp_path)
    assert decision.source == "official"
    assert found["python"]["ref"] == "python:3.11-slim-bookworm"
    assert found["python"]["digest"] == ONE
    assert found["python"]["changed"]
    assert store.pulled == [f"python@{ONE}", f"node@{ONE}"]
    assert not base_images.provide([PYTHON, NODE], store=store, cache=tmp_path)[1]["python"]["changed"]
    assert made == []


def test_what_is_known_is_what_would_be_provided_and_nothing_while_one_is_missing(tmp_path, made):
    store = Store()
    store._put(PYTHON.made_name)
    assert base_images.known([PYTHON, NODE], store) == {}
    assert base_images.known([PYTHON, NODE], store, "debian") == {}
    store._put(NODE.made_name)
    assert base_images.known([PYTHON, NODE], store, "official") == {}
    found = base_images.known([PYTHON, NODE], store)
    assert found == base_images.provide([PYTHON, NODE], store=store, cache=tmp_path)[1]
    assert found["node"]["ref"] == NODE.made_name


def test_a_registry_that_refuses_the_pull_leads_to_debian(tmp_path, made):
    decision, found = base_images.provide([PYTHON, NODE], store=Store(pulls=False), cache=tmp_path)
    assert decision.source == "debian"
    assert "too many requests" in decision.reason
    assert sorted(made) == ["node", "python"]
    assert found["node"]["ref"] == NODE.made_name


def test_a_tag_that_moves_changes_nothing_here(tmp_path, made):
    store = Store(registry={PYTHON.official: ONE})
    base_images.provide([PYTHON], store=store, cache=tmp_path)
    store.registry = {PYTHON.official: TWO}
    found = base_images.provide([PYTHON], store=store, cache=tmp_path)[1]
    assert (found["python"]["digest"], found["python"]["changed"]) == (ONE, False)


def test_a_pinned_digest_is_taken_whatever_the_tag_names(tmp_path, made):
    store = Store(registry={PYTHON.official: TWO, f"python@{ONE}": ONE, f"python@{TWO}": TWO})
    base_images.provide([PYTHON], store=store, cache=tmp_path)
    assert base_images.known([PINNED], store) == {}
    found = base_images.provide([PINNED], store=store, cache=tmp_path)[1]
    assert found["python"] == {**found["python"], "ref": PYTHON.official, "digest": ONE, "changed": True}
    assert store.pulled == [f"python@{TWO}", f"python@{ONE}"]
    assert base_images.known([PINNED], store)["python"]["digest"] == ONE
    assert not base_images.provide([PINNED], store=store, cache=tmp_path)[1]["python"]["changed"]


def test_a_pinned_image_that_lost_its_name_gets_it_back_without_a_registry(tmp_path, made):
    store = Store()
    base_images.provide([PINNED], store=store, cache=tmp_path)
    del store.images[PYTHON.official]
    store.pulls, store.registry = False, {"none": ONE}
    decision, found = base_images.provide([PINNED], store=store, cache=tmp_path)
    assert (decision.source, found["python"]["changed"]) == ("official", True)
    assert store.inspect(PYTHON.official)


@pytest.mark.parametrize("source", ["auto", "official"])
def test_a_wrong_pin_is_an_error_that_says_what_the_registry_has(tmp_path, made, source):
    store = Store(registry={PYTHON.official: TWO})
    with pytest.raises(base_images.BaseImageError) as caught:
        base_images.provide([PINNED], store=store, cache=tmp_path, source=source)
    for word in ("python:3.11-slim-bookworm", f"found {TWO}", f"needed {ONE}", "manifest unknown"):
        assert word in str(caught.value)


def test_a_pin_and_a_registry_that_has_nothing_of_that_name(tmp_path, made):
    store = Store(registry={"other": TWO})
    assert base_images.provide([PINNED], store=store, cache=tmp_path)[0].source == "debian"


def test_official_by_setting_and_a_silent_registry(tmp_path, made):
    with pytest.raises(image_store.StoreError, match="docker.io does not serve python:3.11.*engine_registry_mirrors"):
        base_images.provide([PYTHON], store=Store(registry={"other": TWO}), cache=tmp_path, source="official")


def test_an_official_image_that_was_loaded_from_a_file_has_no_digest(tmp_path, made):
    store = Store()
    store._put(PYTHON.official)
    found = base_images.provide([PYTHON], store=store, cache=tmp_path)[1]
    assert (found["python"]["digest"], found["python"]["changed"]) == ("", False)


def test_official_by_setting_fails_with_the_registry_s_words(tmp_path, made):
    with pytest.raises(image_store.StoreError, match="too many requests"):
        base_images.provide([PYTHON], store=Store(pulls=False), cache=tmp_path, source="official")
    assert made == []


def test_a_cached_archive_is_not_made_again(tmp_path, made):
    PYTHON.archive(tmp_path).write_text("tar")
    store = Store()
    base_images.provide([PYTHON], store=store, cache=tmp_path, source="debian")
    assert made == []
    assert store.loaded == [PYTHON.made_name]


def test_check_mode_makes_nothing(tmp_path, made):
    store = Store()
    found = base_images.provide([PYTHON], store=store, cache=tmp_path, source="debian", check=True)[1]
    assert found["python"]["changed"]
    assert found["python"]["key"] == ""
    assert (made, store.images) == ([], {})


def test_missing_tools_are_named_before_anything_is_made(tmp_path, made, monkeypatch):
    monkeypatch.setattr(debootstrap, "missing_packages", lambda: ["mmdebstrap"])
    with pytest.raises(base_images.PackagesMissing) as caught:
        base_images.provide([PYTHON], store=Store(), cache=tmp_path, source="debian")
    assert caught.value.packages == ["mmdebstrap"]
    assert made == []


def test_old_archives_go(tmp_path, made):
    for number, name in enumerate(["111111111111", "222222222222", "333333333333"]):
        path = tmp_path / f"base-python-{name}.tar.gz"
        path.write_text("")
        os.utime(path, (number, number))
    other = tmp_path / "base-python-other-111111111111.tar.gz"
    other.write_text("")
    base_images.provide([PYTHON], store=Store(), cache=tmp_path, source="debian")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([PYTHON.archive(tmp_path).name, "base-python-333333333333.tar.gz", other.name])


# The engine's store.


def test_a_content_key_does_not_follow_time_or_labels():
    image = {"RootFS": {"Layers": ["a"]}, "Config": {"Cmd": ["x"], "Labels": {}}, "Created": "1", "Id": "1"}
    same = {**image, "Created": "2", "Id": "2", "Config": {"Cmd": ["x"], "Labels": {"a": "b"}}}
    assert image_store.content_key(image) == image_store.content_key(same)
    assert image_store.content_key(image) != image_store.content_key({**image, "Config": {"Cmd": ["y"]}})
    assert image_store.content_key(image) != image_store.content_key({**image, "RootFS": {"Layers": ["b"]}})


@pytest.mark.parametrize("ending", [".tar.gz", ".tar.zst"])
def test_an_archive_for_the_engine(tmp_path, ending):
    tree = tmp_path / "tree.tar"
    with tarfile.open(tree, "w") as tar:
        tar.addfile(tarfile.TarInfo("etc"), None)
    archive = tmp_path / f"x{ending}"
    if ending == ".tar.gz":
        archive.write_bytes(gzip.compress(tree.read_bytes()))
    elif shutil.which("zstd"):
        subprocess.run(["zstd", "-q", str(tree), "-o", str(archive)], check=True)
    else:
        pytest.skip("no zstd on this host")
    stream = b"".join(image_store.image_archive(archive, "todo-k8s/x:1", {"config": {"StopSignal": "SIGINT"}}))
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}
    manifest = json.loads(content["manifest.json"])[0]
    assert manifest["RepoTags"] == ["todo-k8s/x:1"]
    config = content[manifest["Config"]]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    layer = content[manifest["Layers"][0]]
    assert layer == tree.read_bytes()
    assert json.loads(config)["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_a_broken_archive_is_named(tmp_path):
    if not shutil.which("zstd"):
        pytest.skip("no zstd on this host")
    archive = tmp_path / "x.tar.zst"
    archive.write_bytes(b"not zstd")
    with pytest.raises(image_store.StoreError, match=r"x\.tar\.zst"):
        list(image_store.image_archive(archive, "x", {}))


def test_bases_do_not_hand_down_the_label_by_which_images_are_removed(tmp_path, made):
    store, labels = Store(), []
    store.load_tree = lambda _archive, reference, config: (
        labels.append(config["config"]["Labels"]),
        store._put(reference),
    )
    base_images.provide([PYTHON], store=store, cache=tmp_path, source="debian")
    assert image_store.MANAGED_LABEL not in labels[0]


class Listing(image_store.ImageStore):
    """A store whose engine answers with a fixed list."""

    def __init__(self, images):
        self._images = images

    @property
    def api(self):
        class Api:
            images = staticmethod(lambda: self._images)

        return Api


def test_only_this_project_s_images_are_managed():
    ours = {image_store.MANAGED_LABEL: "true"}
    store = Listing(
        [
            {"Id": "1", "RepoTags": ["todo-k8s/base-python:1", "python:mine"], "Labels": None},
            {"Id": "2", "RepoTags": ["todo-k8s/backend:1"], "Labels": ours},
            {"Id": "3", "RepoTags": None, "Labels": ours},
            {"Id": "4", "RepoTags": ["<none>:<none>"], "Labels": {}},
            {"Id": "5", "RepoTags": ["python:3.11-slim-bookworm"], "Labels": {}},
            {"Id": "6", "RepoTags": ["other/todo-k8s/x:1"], "Labels": {}},
        ]
    )
    assert store.managed() == ["3", "todo-k8s/backend:1", "todo-k8s/base-python:1"]
