"""What goes into a bundle, and what an engine lacks of it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import bundle_contents as contents
from ansible_collections.todo.k8s.plugins.module_utils import bundle_images as images
from ansible_collections.todo.k8s.plugins.module_utils import local_repository
from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import BundleError, gunzip

PLANNED = """\
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
Inst libdevmapper1.02.1 (2:1.02.185-2 Debian:12.15/oldstable [amd64]) []
Inst chromium (150.0-1~deb12u1 Debian-Security:12/oldstable-security [amd64]) [chromium-common:amd64 ]
Inst tzdata [2024a-0] (2026a-0+deb12u1 Debian:12.15/oldstable [all])
Conf chromium (150.0-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
"""
IMAGE = {"Id": "sha256:1", "Size": 5, "Os": "linux", "Architecture": "amd64", "RootFS": {"Layers": ["sha256:a"]}}


def gatherer(tmp_path):
    return contents.Gatherer(tmp_path / "contents", lambda text: None)


def test_files_that_apt_plans():
    names = [contents.file_name(*found) for found in contents.INSTALL.findall(PLANNED)]
    assert names == [
        "gcc-12-base_12.2.0-14+deb12u1_amd64.deb",
        "libdevmapper1.02.1_2%3a1.02.185-2_amd64.deb",
        "chromium_150.0-1~deb12u1_amd64.deb",
        "tzdata_2026a-0+deb12u1_all.deb",
    ]
    assert contents.mirrored(names[1]) == "libdevmapper1.02.1_1.02.185-2_amd64.deb"
    assert contents.mirrored(names[0]) == names[0]


def test_installed_size_in_bytes():
    assert contents.installed_size("Package: a\nInstalled-Size: 12\n") == 12288
    assert contents.installed_size("Package: a\n") == 0


def test_programs_are_packed_once(tmp_path):
    tool = tmp_path / "cache/tools/helm-v3-0123/helm"
    tool.parent.mkdir(parents=True)
    tool.write_bytes(b"program" * 1000)
    old = tmp_path / "contents/tools/helm-v2-4567"
    old.mkdir(parents=True)
    (source,) = gatherer(tmp_path).tools([tool, tool], tmp_path / "cache")
    assert (source.path, source.mode, source.unpacked_size) == ("tools/helm-v3-0123/helm.gz", 0o755, 7000)
    assert b"".join(gunzip([source.file.read_bytes()])) == b"program" * 1000
    assert not old.exists()
    before = source.file.stat().st_mtime_ns
    assert gatherer(tmp_path).tools([tool], tmp_path / "cache")[0].file.stat().st_mtime_ns == before


def test_a_program_of_the_host_is_refused(tmp_path):
    with pytest.raises(BundleError, match="/usr/bin/helm: found outside of .* toolchain_source=module"):
        gatherer(tmp_path).tools([tmp_path.__class__("/usr/bin/helm")], tmp_path / "cache")


def test_a_failed_step_tells_its_last_lines(tmp_path):
    with pytest.raises(BundleError, match=r"step: sh ended with 3. Do this. Its last lines:\nhello"):
        gatherer(tmp_path).watch("step", ["sh", "-c", "echo hello; exit 3"], "Do this.", lambda: 0)


def test_a_failed_save_leaves_no_file(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho half; echo no space >&2; exit 1\n")
    docker.chmod(0o755)
    (tmp_path / "contents").mkdir()
    with pytest.raises(BundleError, match="docker save ended with 1: no space"):
        gatherer(tmp_path).images(str(docker), "", ["a:1"])
    assert not list((tmp_path / "contents").iterdir())


def test_too_small_a_disk_is_named(tmp_path):
    with pytest.raises(BundleError, match="MiB free, needed 1099511627776 MiB"):
        contents.free_space(tmp_path / "new", 1 << 60)


def test_only_what_differs_has_to_be_loaded():
    wanted = [
        {"ref": "same:1", "id": "sha256:1", "content": "x"},
        {"ref": "equal:1", "id": "sha256:2", "content": images.content_key(IMAGE)},
        {"ref": "other:1", "id": "sha256:3", "content": "y"},
        {"ref": "missing:1", "id": "sha256:4", "content": "z"},
    ]
    found = images.plan(wanted, lambda reference: None if reference == "missing:1" else IMAGE)
    assert found.lacking == ["other:1", "missing:1"]
    assert found.other == {"other:1": "sha256:1"}


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb, which a machine without Debian lacks")
def test_apt_takes_packages_from_the_folder_alone(tmp_path):
    """A package with an epoch, in a folder with a blank in its name: apt finds it, and nothing else."""
    folder = tmp_path / "my packages"
    control = tmp_path / "tree/DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: todo-k8s-unit\nVersion: 2:1.0-1+b1\nArchitecture: all\nMaintainer: nobody\nDescription: x\n"
    )
    folder.mkdir()
    name = contents.mirrored(contents.file_name("todo-k8s-unit", "2:1.0-1+b1", "all"))
    subprocess.run(["dpkg-deb", "--build", control.parents[1], folder / name], check=True, capture_output=True)
    told = subprocess.run(["dpkg-deb", "-f", folder / name], check=True, capture_output=True, text=True).stdout
    file = folder / name
    index = local_repository.index({name: (told, file.stat().st_size, contents.digest(file))})
    (folder / local_repository.INDEX).write_text(index)
    # What this host has installed is left out of it; nothing is ever installed here.
    (tmp_path / "status").write_text("")
    safe = ["-o", f"Dir::State::status={tmp_path / 'status'}", "-o", "APT::Get::Download-Only=true"]
    with local_repository.apt_options(str(folder)) as folder_options:
        options = [*folder_options, *safe]
        quiet = {"check": True, "capture_output": True, "text": True}
        subprocess.run(["apt-get", *options, "update"], **quiet)
        listed = subprocess.run(["apt-cache", *options, "dumpavail"], **quiet).stdout
        plan = subprocess.run(["apt-get", *options, "--print-uris", "install", "todo-k8s-unit"], **quiet).stdout
    available = [line for line in listed.splitlines() if line.startswith("Package:")]
    assert available == ["Package: todo-k8s-unit"]
    assert "/todo-k8s-unit_1.0-1%2bb1_all.deb" in plan


def test_gathering_packages_can_install_none(tmp_path, monkeypatch):
    """Its status is empty: an installation would go over what the host has."""
    commands = []

    def watch(_self, _step, command, _remedy, _count):
        commands.append(command)
        return PLANNED

    monkeypatch.setattr(contents.Gatherer, "watch", watch)
    with pytest.raises(BundleError, match="apt-get brought no"):
        gatherer(tmp_path).packages(["chromium"])
    assert commands
    assert all("APT::Get::Download-Only=true" in command for command in commands)
    assert all("-s" in command or "--download-only" in command or "update" in command for command in commands)


def test_without_a_folder_apt_keeps_its_sources():
    with local_repository.apt_options("") as options:
        assert options == []
