"""A bundle comes out as it went in, and every fault that a copy or a stranger can put into it is named."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from ansible_collections.todo.k8s.plugins.module_utils import bundle_archive as archives
from ansible_collections.todo.k8s.plugins.module_utils import bundle_host as hosts

ROLES = Path(__file__).resolve().parents[2] / "roles"
COMMIT = "a" * 40
FACTS = {
    "arch": "amd64",
    "commit": COMMIT,
    "images": [],
    "packages": ["docker.io"],
    "python": "3.11",
    "release": "debian bookworm",
    "system": "linux",
}
HOST = hosts.Host("linux", "amd64", "debian bookworm", {"3.11": "/usr/bin/python3.11"}, COMMIT)
TOOL = b"#!/bin/sh\n" + bytes(range(256)) * 5000


@pytest.fixture
def sources(tmp_path):
    """Files of every kind that a bundle has."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name, content in (("images.tar.gz", b"images" * 9000), ("a.whl", b"wheel"), ("b.deb", b"package")):
        (folder / name).write_bytes(content)
    with (folder / "helm.gz").open("wb") as out:
        size = archives.compress(io.BytesIO(TOOL), out)
    return [
        archives.Source("wheels/a-1.0-py3-none-any.whl", folder / "a.whl"),
        archives.Source("tools/helm-v3.18.6-0123/helm.gz", folder / "helm.gz", 0o755, size),
        archives.Source("images.tar.gz", folder / "images.tar.gz"),
        archives.Source("debs/b_2-1+b1_all.deb", folder / "b.deb"),
    ]


@pytest.fixture
def bundle(tmp_path, sources):
    """A sound bundle."""
    path = tmp_path / "bundle.tar"
    archives.write(path, FACTS, sources)
    return path


def unpack(bundle, target):
    """Verify and unpack."""
    with archives.Reader(bundle) as reader:
        archives.unpack(reader, target)


def refused(bundle, target) -> str:
    """The error's text; nothing may be raised but a BundleError."""
    with pytest.raises(archives.BundleError) as caught:
        unpack(bundle, target)
    return str(caught.value)


def forge(path, members, *, content=None, text=None):
    """A bundle written by hand: `members` are (name, bytes, tar type); `content` replaces parts of the manifest."""
    files = [
        {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data, _type in members
    ]
    manifest = {"kind": archives.KIND, "format": archives.FORMAT, **FACTS, "files": files, **(content or {})}
    text = text or json.dumps(manifest).encode()
    head = [("manifest.json", text), ("manifest.json.sha256", hashlib.sha256(text).hexdigest().encode())]
    with tarfile.open(path, "w") as tar:
        for name, data, kind in [(name, data, tarfile.REGTYPE) for name, data in head] + members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd" if kind != tarfile.REGTYPE else ""
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(data))
    return path


def test_what_went_in_comes_out(bundle, tmp_path):
    unpack(bundle, tmp_path / "out")
    tool = tmp_path / "out/tools/helm-v3.18.6-0123/helm"
    assert tool.read_bytes() == TOOL
    assert tool.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/wheels/a-1.0-py3-none-any.whl").read_bytes() == b"wheel"
    assert (tmp_path / "out/debs/b_2-1+b1_all.deb").stat().st_mode & 0o777 == 0o644
    assert not (tmp_path / "out/images.tar.gz").exists(), "images go from the archive into the engine"


def test_images_are_read_alone(bundle):
    with archives.Reader(bundle) as reader:
        assert b"".join(reader.only("images.tar.gz")) == b"images" * 9000


def test_same_files_give_the_same_archive(tmp_path, sources):
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    archives.write(one, FACTS, sources)
    shutil.copy(sources[0].file, tmp_path / "later.whl")
    later = [archives.Source(sources[0].path, tmp_path / "later.whl"), *sources[1:]]
    archives.write(two, FACTS, reversed(later))
    assert one.read_bytes() == two.read_bytes()


def test_an_interrupted_write_leaves_the_old_bundle(bundle, sources):
    before = bundle.read_bytes()

    def interrupt(_text):
        raise KeyboardInterrupt

    big = archives.Source("images.tar.gz", sources[2].file.with_name("big"))
    with big.file.open("wb") as out:
        out.truncate(101 << 20)
    with pytest.raises(KeyboardInterrupt):
        archives.write(bundle, FACTS, [big], interrupt)
    assert bundle.read_bytes() == before
    assert not list(bundle.parent.glob("*.partial"))


@pytest.mark.parametrize(
    ("where", "said"),
    [(b"images" * 9, "images.tar.gz has SHA-256"), (b"package\0", "b1_all.deb has SHA-256"), (b'"commit"', "manifest")],
)
def test_a_flipped_byte_is_found(bundle, tmp_path, where, said):
    data = bytearray(bundle.read_bytes())
    data[data.index(where) + 1] ^= 1
    bundle.write_bytes(data)
    text = refused(bundle, tmp_path / "out")
    assert said in text
    assert "needed" in text
    assert "copy it again" in text


def test_a_flipped_byte_in_a_header_is_found(bundle, tmp_path):
    data = bytearray(bundle.read_bytes())
    data[data.index(b"wheels/a-1.0-py3-none-any.whl\0")] ^= 1
    bundle.write_bytes(data)
    assert "wheels/a-1.0-py3-none-any.whl" in refused(bundle, tmp_path / "out")


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.01, 0.3, 0.5, 0.7])
def test_a_cut_off_archive_is_found(bundle, tmp_path, share):
    data = bundle.read_bytes()
    bundle.write_bytes(data[: int(len(data) * share)])
    text = refused(bundle, tmp_path / "out")
    assert str(bundle) in text
    assert "make bundle" in text


def test_something_else_is_no_bundle(tmp_path):
    path = tmp_path / "something.tar"
    path.write_bytes(b"not an archive" * 1000)
    assert "no tar archive" in refused(path, tmp_path / "out")
    assert "cannot be opened" in refused(tmp_path / "missing.tar", tmp_path / "out")
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("hello"))
    assert "found 'hello' where manifest.json is needed" in refused(path, tmp_path / "out")


def test_an_unknown_format_is_refused(tmp_path):
    path = forge(tmp_path / "new.tar", [], content={"format": 2})
    text = refused(path, tmp_path / "out")
    assert "found format 2, needed format 1" in text
    assert COMMIT in text


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "tools/../../evil",
        "wheels/../evil",
        "tools/a/b/c",
        "tools/./x",
        "debs/-o",
        "wheels/.hidden",
        "elsewhere/x",
        "wheels/a\nb",
        "tools//x",
        "debs/a%2fb",
    ],
)
def test_a_path_that_leaves_its_folder_is_refused(tmp_path, name):
    path = forge(tmp_path / "evil.tar", [(name, b"x", tarfile.REGTYPE)])
    assert "needed paths below" in refused(path, tmp_path / "out/in")
    assert not (tmp_path / "out").exists()


def test_a_member_that_the_manifest_does_not_list_is_refused(tmp_path):
    wheel = ("wheels/a.whl", b"x", tarfile.REGTYPE)
    path = forge(tmp_path / "more.tar", [wheel, ("../../evil", b"x", tarfile.REGTYPE)], content={"files": []})
    assert "found 'wheels/a.whl'" in refused(path, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_in_place_of_a_file_is_refused(tmp_path, kind):
    path = forge(tmp_path / "link.tar", [("wheels/a.whl", b"", kind)])
    assert "which is no plain file" in refused(path, tmp_path / "out")
    assert not (tmp_path / "out/wheels").exists()


def test_a_file_that_unpacks_to_more_than_it_says_is_refused(tmp_path):
    data = gzip.compress(bytes(10_000_000))
    entry = {"path": "tools/t/x.gz", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "unpacked_size": 10}
    path = forge(tmp_path / "bomb.tar", [("tools/t/x.gz", data, tarfile.REGTYPE)], content={"files": [entry]})
    assert "needed 10" in refused(path, tmp_path / "out")
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*") if file.is_file()) < 2 << 20


def test_parts_of_gzip_are_one_file_for_everybody(tmp_path):
    data = bytes(range(256)) * 70_000  # three parts
    with (tmp_path / "x.gz").open("wb") as out:
        assert archives.compress(io.BytesIO(data), out) == len(data)
    packed = (tmp_path / "x.gz").read_bytes()
    assert packed.count(b"\x1f\x8b\x08") >= 3
    assert gzip.decompress(packed) == data
    assert b"".join(archives.gunzip(packed[at : at + 1000] for at in range(0, len(packed), 1000))) == data


def test_a_fitting_host_has_nothing_to_complain_about(bundle):
    with archives.Reader(bundle) as reader:
        assert hosts.misfits(reader.manifest, HOST) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arch": "arm64"}, ["found a machine of linux/arm64", "needed linux/amd64"]),
        ({"system": "darwin"}, ["found a machine of darwin/amd64"]),
        ({"release": "debian trixie"}, ["found debian trixie, needed debian bookworm", "docker.io", "bundle_packages"]),
        ({"pythons": {"3.13": "/x"}}, ["found 3.13 on PATH, needed 3.11"]),
        ({"commit": "b" * 40}, ["found commit bbbbbbbbbbbb, needed aaaaaaaaaaaa", f"git checkout {COMMIT}"]),
        ({"changed": ("README.md",)}, ["found 1 changed files (README.md)"]),
        ({"git_said": "dubious ownership"}, ["dubious ownership"]),
    ],
)
def test_a_host_that_does_not_fit_is_told_why(bundle, change, words):
    with archives.Reader(bundle) as reader:
        (reason,) = hosts.misfits(reader.manifest, hosts.Host(**{**HOST.__dict__, **change}))
    assert [word for word in words if word not in reason] == []


def test_every_reason_is_told_at_once(bundle):
    with archives.Reader(bundle) as reader:
        assert len(hosts.misfits(reader.manifest, hosts.Host("linux", "arm64", "ubuntu noble", {}, "c" * 40))) == 4


def test_a_bundle_without_packages_does_not_ask_for_the_release(tmp_path, sources):
    archives.write(tmp_path / "b.tar", {**FACTS, "release": "", "packages": []}, sources)
    with archives.Reader(tmp_path / "b.tar") as reader:
        assert hosts.misfits(reader.manifest, hosts.Host(**{**HOST.__dict__, "release": "fedora"})) == []


def test_release_of_an_os_release_file():
    assert hosts.release('PRETTY_NAME="x"\nID=debian\nVERSION_CODENAME="bookworm"\n') == "debian bookworm"
    assert hosts.release("ID=arch\n") == "arch"


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit, and a bundle of it."""
    root = tmp_path / "checkout"
    root.mkdir()
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", root, *command], check=True)
    return root


def defaults(role: str) -> dict:
    """A role's defaults."""
    return yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())


def facts_here(root: Path) -> dict:
    """Facts that fit this machine."""
    import platform  # the machine that the tests run on

    python = ".".join(platform.python_version_tuple()[:2])
    host = hosts.this_host(root, python)
    fields = {"system": host.system, "arch": host.arch, "release": host.release, "commit": host.commit}
    return {**FACTS, **fields, "python": python}


def test_a_bundle_is_applied_once_and_nothing_is_done_the_second_time(checkout, sources, tmp_path):
    path, cache, said = tmp_path / "b.tar", tmp_path / "cache", []
    archives.write(path, facts_here(checkout), sources)
    values = hosts.apply(path, checkout, cache, said.append)
    assert (cache / "tools/helm-v3.18.6-0123/helm").read_bytes() == TOOL
    assert (cache / "bundle/current/wheels/a-1.0-py3-none-any.whl").is_file()
    assert json.loads((cache / "bundle/settings.json").read_text()) == values
    assert Path(values["bundle_repository"], "b_2-1+b1_all.deb").is_file()
    before = sorted((str(file), file.lstat().st_mtime_ns) for file in (cache / "bundle/current/").rglob("*"))
    hosts.apply(path, checkout, cache, said.append)
    assert said[-1] == "b.tar was unpacked before: nothing to do"
    assert before == sorted((str(file), file.lstat().st_mtime_ns) for file in (cache / "bundle/current/").rglob("*"))


def test_the_settings_of_a_bundle_are_known_to_the_roles(checkout, sources, tmp_path):
    archives.write(tmp_path / "b.tar", facts_here(checkout), sources)
    values = hosts.apply(tmp_path / "b.tar", checkout, tmp_path / "cache")
    known = set()
    for spec in ROLES.glob("*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(spec.read_text())["argument_specs"].values():
            known |= set(entry["options"])
    assert set(values) - known == set()


def test_a_bundle_has_every_package_that_the_stages_install():
    packed = set(defaults("bundle")["bundle_package_names"])
    assert set(defaults("engine")["engine_packages"]) <= packed
    assert set(defaults("verify")["verify_browser_packages"] + defaults("verify")["verify_driver_packages"]) <= packed


def test_a_removed_tool_comes_back(checkout, sources, tmp_path):
    path, cache = tmp_path / "b.tar", tmp_path / "cache"
    archives.write(path, facts_here(checkout), sources)
    hosts.apply(path, checkout, cache)
    (cache / "tools/helm-v3.18.6-0123/helm").unlink()
    hosts.apply(path, checkout, cache)
    assert (cache / "tools/helm-v3.18.6-0123/helm").read_bytes() == TOOL


def test_a_damaged_bundle_leaves_the_cache_as_it_was(checkout, sources, tmp_path):
    path, cache = tmp_path / "b.tar", tmp_path / "cache"
    archives.write(path, facts_here(checkout), sources)
    hosts.apply(path, checkout, cache)
    newer = tmp_path / "newer.tar"
    sources[0].file.write_bytes(b"another wheel")
    archives.write(newer, facts_here(checkout), sources)
    data = newer.read_bytes()
    newer.write_bytes(data.replace(b"another wheel", b"another Wheel"))
    before = sorted(str(file) for file in cache.rglob("*"))
    with pytest.raises(archives.BundleError):
        hosts.apply(newer, checkout, cache)
    assert sorted(str(file) for file in cache.rglob("*")) == before
    newer.write_bytes(data)
    hosts.apply(newer, checkout, cache)
    assert (cache / "bundle/current/wheels/a-1.0-py3-none-any.whl").read_bytes() == b"another wheel"
    assert len([folder for folder in (cache / "bundle").iterdir() if folder.is_dir() and not folder.is_symlink()]) == 1


def test_too_small_a_disk_is_named(checkout, sources, tmp_path):
    path = tmp_path / "b.tar"
    archives.write(path, {**facts_here(checkout), "images_size": 1 << 60}, sources)
    with pytest.raises(archives.BundleError, match="MiB free, needed 1099511"):
        hosts.apply(path, checkout, tmp_path / "cache")


def test_an_edited_checkout_is_refused(checkout, sources, tmp_path):
    path = tmp_path / "b.tar"
    archives.write(path, facts_here(checkout), sources)
    (checkout / "new.py").write_text("")
    with pytest.raises(archives.BundleError, match="found 1 changed files \\(new.py\\)"):
        hosts.apply(path, checkout, tmp_path / "cache")
    assert not (tmp_path / "cache/bundle").exists()
