"""Names of images: their parts, and which are none."""

from __future__ import annotations

import pytest

from ansible_collections.todo.k8s.plugins.module_utils.image_reference import Reference, digests

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("text", "registry", "parts"),
    [
        ("python:3.11", "docker.io", ("python", "3.11", "")),
        ("todo-k8s/x", "docker.io", ("todo-k8s/x", "latest", "")),
        ("localhost:5000/x", "localhost:5000", ("localhost:5000/x", "latest", "")),
        ("gcr.io/a/b:v1", "gcr.io", ("gcr.io/a/b", "v1", "")),
        (f"python:3.11@{ONE}", "docker.io", ("python", "3.11", ONE)),
        (f"localhost:5000/x:1@{ONE}", "localhost:5000", ("localhost:5000/x", "1", ONE)),
    ],
)
def test_parts(text, registry, parts):
    name = Reference.parse(text)
    assert (name.repository, name.tag, name.digest) == parts
    assert name.registry == registry
    assert name.named == f"{parts[0]}:{parts[1]}"
    assert name.at(TWO) == f"{parts[0]}@{TWO}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("python:3.11@sha256:12", "found the digest sha256:12, needed sha256: and 64"),
        ("python:3.11@", "found the digest .none."),
        (f"python:3.11@{ONE.upper()}", "needed sha256: and 64"),
        (f"python@{ONE}", "found a digest without a tag"),
        (f"localhost:5000/x@{ONE}", "found a digest without a tag"),
        (":3.11", "is not the name of an image"),
        ("python:", "is not the name of an image"),
        (" python:3.11", "is not the name of an image"),
    ],
)
def test_what_is_no_name(text, said):
    with pytest.raises(ValueError, match=said):
        Reference.parse(text)


def test_digests_of_one_repository_however_it_is_written():
    image = {"RepoDigests": [f"python@{ONE}", f"mirror.example/python@{TWO}"]}
    assert digests(image, "python") == digests(image, "docker.io/library/python") == [ONE]
    assert digests(image, "mirror.example/python") == [TWO]
    assert digests({"RepoDigests": None}, "python") == digests(None, "python") == []
