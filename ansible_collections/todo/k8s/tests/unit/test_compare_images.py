"""molecule/images/files/compare_images.py: what counts as equal, and that a difference is named."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[5] / "molecule/images/files/compare_images.py"


@pytest.fixture(scope="module")
def compare():
    spec = importlib.util.spec_from_file_location("compare_images", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["compare_images"] = module
    spec.loader.exec_module(module)
    return module


def add(archive, name, content=b"", **more):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in more.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(content))


def layer(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, more in members:
            add(archive, name, content, **more)
    return out.getvalue()


def image(compare, *layers, created="2025-01-01T00:00:00Z", **settings):
    config = {"created": created, "history": [{"created": created, "created_by": "x"}], "config": settings}
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in zip(names, layers, strict=True):
            add(archive, name, content)
        add(archive, "c.json", json.dumps(config).encode())
        add(archive, "manifest.json", json.dumps([{"Config": "c.json", "Layers": names}]).encode())
    out.seek(0)
    return compare.read_image(out)


ONE = ("app/a", b"one", {"mode": 0o644, "mtime": 1})


def test_the_same_image(compare):
    equal, lines = compare.report(image(compare, layer(ONE)), image(compare, layer(ONE)))
    assert equal
    assert "Layer digests: 1 of 1 agree" in lines
    assert "Image IDs: agree" in lines


def test_times_alone_are_told_and_count_as_equal(compare):
    later = image(compare, layer(("app/a", b"one", {"mode": 0o644, "mtime": 2})), created="2026-01-01T00:00:00Z")
    equal, lines = compare.report(image(compare, layer(ONE)), later)
    assert equal
    text = "\n".join(lines)
    assert "Layer 1: the files are equal; 1 times differ: /app/a" in text
    assert "Layer digests: 0 of 1 agree" in text
    assert "Image IDs: differ" in text


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (("app/a", b"two", {"mode": 0o644, "mtime": 1}), "/app/a: content"),
        (("app/a", b"one", {"mode": 0o600, "mtime": 1}), "/app/a: mode 0o644 → 0o600"),
        (("app/a", b"one", {"mode": 0o644, "uid": 7}), "/app/a: owner 0:0 → 7:0"),
        (("app/a", b"", {"type": tarfile.SYMTYPE, "linkname": "b"}), "/app/a: kind file → symbolic link"),
        (("app/b", b"one", {"mode": 0o644, "mtime": 1}), "/app/b: only in B"),
    ],
)
def test_each_difference_names_its_path(compare, other, words):
    equal, lines = compare.report(image(compare, layer(ONE)), image(compare, layer(other)))
    assert not equal
    assert words in "\n".join(lines)


def test_deletions_of_upper_layers_are_followed(compare):
    gone = layer(("app/.wh.a", b"", {}))
    assert list(compare.whole(image(compare, layer(ONE), gone))) == []
    emptied = layer(("app/.wh..wh..opq", b"", {}), ("app/b", b"", {}))
    assert list(compare.whole(image(compare, layer(ONE), emptied))) == ["/app/b"]


def test_layers_that_differ_although_the_whole_is_equal(compare):
    covered = layer(("app/a", b"covered", {"mode": 0o644, "mtime": 1}))
    equal, lines = compare.report(image(compare, layer(ONE), layer(ONE)), image(compare, covered, layer(ONE)))
    assert not equal
    assert "Files: all 1 are equal" in lines
    assert "Layer 1: 1 paths differ" in "\n".join(lines)


def test_settings_count(compare):
    equal, lines = compare.report(image(compare, Env=["A=1"]), image(compare, Env=["A=2"]))
    assert not equal
    assert "config.Env differs" in "\n".join(lines)


def test_two_names_are_needed(compare, capsys):
    assert compare.main(["one"]) == 2
    assert "two image names" in capsys.readouterr().err
