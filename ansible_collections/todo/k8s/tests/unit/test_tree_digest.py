"""The digest follows contents and names, and nothing else."""

import os

import pytest

from ansible_collections.todo.k8s.plugins.module_utils.tree_digest import tree_digest


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("a")
    (tmp_path / "templates" / "x.yaml").write_text("b")
    return tmp_path


def test_same_content_same_digest(tree):
    before = tree_digest(tree)
    os.utime(tree / "Chart.yaml", (1, 1))
    assert tree_digest(tree) == before and len(before) == 64


def test_content_and_names_count(tree):
    before = tree_digest(tree)
    (tree / "templates" / "x.yaml").write_text("c")
    changed = tree_digest(tree)
    (tree / "templates" / "x.yaml").rename(tree / "templates" / "y.yaml")
    assert len({before, changed, tree_digest(tree)}) == 3


def test_excluded_entries_do_not_count(tree):
    before = tree_digest(tree, ("tests", "*.md"))
    (tree / "README.md").write_text("r")
    (tree / "tests").mkdir()
    (tree / "tests" / "t.yaml").write_text("t")
    assert tree_digest(tree, ("tests", "*.md")) == before != tree_digest(tree)


def test_an_empty_or_missing_directory_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="found no file"):
        tree_digest(tmp_path / "nowhere")
