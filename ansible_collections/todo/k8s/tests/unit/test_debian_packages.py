"""Which packages are there, and the record of those that came."""

from ansible_collections.todo.k8s.plugins.module_utils import debian_packages as packages


def test_removed_packages_with_configuration_left_are_not_installed():
    assert packages.parse_installed("installed bash\nconfig-files docker.io\ninstalled runc\n") == {"bash", "runc"}


def test_base_files_is_installed_and_a_made_up_one_missing():
    assert packages.missing(["base-files", "no-such-package-todo"]) == ["no-such-package-todo"]


def test_record_keeps_each_name_once(tmp_path):
    record = tmp_path / "folder" / "installed"
    packages.remember(record, ["b", "a"])
    packages.remember(record, ["a", "c"])
    assert record.read_text().split() == ["b", "a", "c"]
