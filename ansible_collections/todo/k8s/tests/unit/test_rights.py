"""Root's rights for one command: for root, for somebody with sudo, for somebody without."""

from __future__ import annotations

import os

import pytest
from test_preflight_on_this_host import as_nobody

from ansible_collections.todo.k8s.plugins.module_utils import debian_packages, rights

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming nobody needs root")


@needs_root
def test_root_needs_no_sudo():
    assert rights.as_root(["id"]) == ["id"]
    assert rights.problem() == ""
    assert rights.how() == ""


@needs_root
def test_everybody_else_goes_through_sudo_for_this_command_alone():
    assert as_nobody(lambda: [rights.as_root(["id"]), rights.how()]) == [["sudo", "-n", "id"], " (with sudo)"]


def refusal():
    try:
        debian_packages.install(["uidmap"], start_services=False)
    except (rights.RightsError, debian_packages.PackageError) as error:
        return str(error)
    return ""


@needs_root
def test_without_sudo_the_package_and_the_command_are_named(monkeypatch):
    monkeypatch.setattr(debian_packages.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "apt-get" else None)
    text = as_nobody(refusal)
    assert "uidmap is not installed" in text
    assert "sudo is not installed" in text
    assert "`sudo apt-get install --no-install-recommends uidmap`" in text
    assert "Nothing was changed." in text


@needs_root
def test_a_sudo_that_refuses_is_quoted(tmp_path):
    tmp_path.chmod(0o755)
    for parent in [*tmp_path.parents][:2]:
        parent.chmod(0o755)
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)

    def asked():
        os.environ["PATH"] = f"{tmp_path}:/usr/bin:/bin"
        return rights.problem()

    assert as_nobody(asked) == "sudo: a password is required"
