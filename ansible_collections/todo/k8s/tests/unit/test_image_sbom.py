"""What is in an image: read from a saved one, as labels, and as a CycloneDX document."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import debootstrap, image_content, image_sbom, sbom

CHECKOUT = Path(__file__).resolve().parents[5]
ID = "sha256:" + "1" * 64
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+b1
Description: a library
 Version: no field, as it is indented

Package: gone
Status: deinstall ok config-files
Version: 1
"""
METADATA = "Metadata-Version: 2.4\nName: Foo_Bar\nVersion: 1.2\nLicense-Expression: MIT OR Apache-2.0\n\nName: text\n"
FILES = {
    "var/lib/dpkg/status": STATUS,
    "usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "opt/venv/lib/python3.11/site-packages/foo_bar-1.2.dist-info/METADATA": METADATA,
    "app/node_modules/@swc/helpers/package.json": '{"name": "@swc/helpers", "version": "0.5", "license": "Apache-2.0"}',
    "app/node_modules/@swc/helpers/_/a/package.json": '{"main": "a"}',
    "app/node_modules/react/package.json": '{"name": "react", "version": "19"}',
    "app/bundled-packages.json": (
        '[{"name": "axios", "version": "1.0", "license": "MIT"}, {"name": "react", "version": "19"}]'
    ),
    "usr/lib/python3/dist-packages/yaml-6.dist-info/METADATA": "Name: yaml\nVersion: 6\n",
    "app/main.cjs": "not wanted",
}


def tar(members: dict[str, bytes | str], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


def saved(*layers: bytes) -> list[bytes]:
    """What `docker save` gives, the upper layers first, in pieces that fit nothing."""
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    members = dict(reversed(list(zip(names, layers, strict=True))))
    manifest = json.dumps([{"Config": "c.json", "Layers": names}])
    whole = tar({**members, "c.json": "{}", "manifest.json": manifest})
    return [whole[at : at + 1000] for at in range(0, len(whole), 1000)]


def everything(path: str) -> bool:
    return True


def test_layers_are_put_together_as_a_container_sees_them():
    below = tar({"./a": "1", "b/c": "1", "b/d": "1", "e/f": "1", "g": "1"})
    above = tar({"a": "2", "b/.wh.c": "", "e/.wh..wh..opq": "", "e/h": "2"}, links={"g": "a"})
    assert image_content.files(saved(below, above), everything) == {"a": b"2", "b/d": b"1", "e/h": b"2"}


def test_only_wanted_files_are_kept():
    found = image_content.files(saved(tar({"a": "1", "b": "2"})), "b".__eq__)
    assert found == {"b": b"2"}


def test_an_oci_layout_with_compressed_layers():
    manifest = [{"Config": "blobs/sha256/c", "Layers": ["blobs/sha256/l"]}]
    layer = gzip.compress(tar({"a": "1"}))
    whole = tar({"blobs/sha256/c": '{"os": "linux"}', "blobs/sha256/l": layer, "manifest.json": json.dumps(manifest)})
    assert image_content.files([whole], everything) == {"a": b"1"}


def test_a_layer_that_two_images_share_is_a_link():
    manifest = json.dumps([{"Config": "c.json", "Layers": ["2/layer.tar"]}])
    whole = tar({"1/layer.tar": tar({"a": "1"}), "manifest.json": manifest}, links={"2/layer.tar": "../1/layer.tar"})
    assert image_content.files([whole], everything) == {"a": b"1"}


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([b"no tar"], "cannot be read"),
        ([tar({"a": ""})], "no manifest"),
        (saved(tar({"a": "1"}))[:2], "cannot be read|no manifest"),
        ([tar({"manifest.json": '[{"Layers": ["x/layer.tar"]}]'})], "lacks the layer x"),
    ],
)
def test_what_is_no_image_is_an_error(chunks, words):
    with pytest.raises(image_content.ContentError, match=words):
        image_content.files(chunks, everything)


@pytest.fixture
def packages():
    files = image_content.files(saved(tar(FILES)), sbom.wanted)
    assert "app/main.cjs" not in files
    return sbom.packages(files)


def test_packages_of_all_kinds_are_found_and_debian_s_own_counted_once(packages):
    assert packages == [
        sbom.Package("deb", "libc6", "2.36-9+b1", "amd64", "glibc=2.36-9"),
        sbom.Package("npm", "@swc/helpers", "0.5", licence="Apache-2.0"),
        sbom.Package("npm", "axios", "1.0", licence="MIT"),
        sbom.Package("npm", "react", "19"),
        sbom.Package("pypi", "foo-bar", "1.2", licence="MIT OR Apache-2.0"),
    ]


def test_labels_are_sorted_and_only_of_kinds_that_are_there(packages):
    assert sbom.labels(packages) == {
        "todo.k8s/sbom.debian": "libc6=2.36-9+b1",
        "todo.k8s/sbom.npm": "@swc/helpers=0.5 axios=1.0 react=19",
        "todo.k8s/sbom.pip": "foo-bar=1.2",
    }
    assert sbom.labels([]) == {}


def test_the_document_names_packages_as_package_urls_and_is_always_the_same(packages):
    def made(reference="todo-k8s/web:t1"):
        return sbom.document(reference, ID, packages, FILES["usr/lib/os-release"], "2026-11-23T15:00:00.123456789Z")

    read = json.loads(made())
    assert (read["bomFormat"], read["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["purl"] for part in read["components"]} == {
        "pkg:deb/debian/libc6@2.36-9%2Bb1?arch=amd64&distro=debian-12&upstream=glibc%402.36-9",
        "pkg:npm/%40swc/helpers@0.5",
        "pkg:npm/axios@1.0",
        "pkg:npm/react@19",
        "pkg:pypi/foo-bar@1.2",
    }
    image = read["metadata"]["component"]
    assert (image["name"], image["version"], image["type"]) == ("web", "t1", "container")
    assert made() == made()


def test_the_document_keeps_to_its_schema(packages):
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from cyclonedx.validation import make_schemabased_validator

    validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)
    text = sbom.document("todo-k8s/web:t1", ID, packages)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"lib"')) is not None


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("todo-k8s/chatbot-backend:t1", "chatbot-backend.cdx.json"),
        ("python:3.11-slim-bookworm", "python.cdx.json"),
        ("localhost:5000/a/web", "web.cdx.json"),
        ("a/web:1@sha256:ff", "web.cdx.json"),
    ],
)
def test_a_document_is_named_after_the_repository(reference, name):
    assert sbom.file_name(reference) == name


class Store:
    """An engine with one image."""

    def __init__(self, identity=ID):
        self.identity, self.reads, self.api = identity, 0, self

    def inspect(self, reference):
        return {"Id": self.identity, "Created": "2025-01-01T00:00:00Z"} if reference == "todo-k8s/web:t1" else None

    def root(self):
        return None

    def get_image(self, _identity, chunk_size):
        self.reads += 1
        return saved(tar(FILES))


def test_a_document_is_written_once_for_each_image_id(tmp_path):
    def run(store, **more):
        return image_sbom.provide(["todo-k8s/web:t1"], tmp_path / "sbom", store, **more)["todo-k8s/web:t1"]

    store = Store()
    assert run(store, check=True) == {
        "path": str(tmp_path / "sbom/web.cdx.json"),
        "id": ID,
        "changed": True,
        "packages": {},
        "wrong_labels": {},
    }
    assert not (tmp_path / "sbom").exists()
    first, second = run(store), run(store)
    assert (first["changed"], second["changed"], store.reads) == (True, False, 1)
    assert first["packages"] == second["packages"] == {"deb": 1, "npm": 3, "pypi": 1}
    assert run(Store("sha256:" + "2" * 64))["changed"]
    Path(first["path"]).write_text("{}")
    assert run(store)["changed"]


def test_labels_that_do_not_fit_are_named(packages):
    right = sbom.labels(packages)
    assert sbom.wrong_labels(right, packages) == {}
    assert sbom.wrong_labels({}, packages) == {}
    wrong = {**right, "todo.k8s/sbom.npm": "@swc/helpers=0.5 axios=0.9 react=19"}
    assert sbom.wrong_labels(wrong, packages) == {"todo.k8s/sbom.npm": ["+axios=1.0", "-axios=0.9"]}


def test_a_document_gives_its_packages_back(packages):
    text = sbom.document("todo-k8s/web:t1", ID, packages)
    assert sbom.labels(sbom.packages_of(text)) == sbom.labels(packages)


def test_an_image_that_is_not_there_and_two_of_one_name_are_errors(tmp_path):
    with pytest.raises(image_sbom.SbomError, match="nothing:1.*Build or pull"):
        image_sbom.provide(["nothing:1"], tmp_path, Store())
    with pytest.raises(image_sbom.SbomError, match=r"web.cdx.json: two images"):
        image_sbom.provide(["a/web:1", "b/web:1"], tmp_path, Store())


def test_declared_are_the_pinned_python_packages(tmp_path):
    hashed = " \\\n    --hash=sha256:00\n"
    lock = f"# a comment\nPyJWT==2.1{hashed}pywin32==1 ; sys_platform == 'win32'{hashed}"
    (tmp_path / "requirements.txt").write_text(lock)
    assert sbom.declared(tmp_path) == {"todo.k8s/sbom.pip": "pyjwt=2.1"}
    # One image's list is not that of another with the same context.
    assert sbom.declared(tmp_path, "web/Dockerfile") == {}


def test_declared_are_the_listed_npm_packages_with_the_lock_s_versions(tmp_path):
    (tmp_path / "web").mkdir()
    entries = {"node_modules/a": {"version": "1"}, "node_modules/b/node_modules/@c/d": {"version": "2"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": entries}))
    (tmp_path / "web/packages.txt").write_text("node_modules/a\nnode_modules/b/node_modules/@c/d\n")
    assert sbom.declared(tmp_path, "web/Dockerfile") == {"todo.k8s/sbom.npm": "@c/d=2 a=1"}
    (tmp_path / "web/packages.txt").write_text("node_modules/z\n")
    with pytest.raises(sbom.SbomError, match="names node_modules/z.*npm run build"):
        sbom.declared(tmp_path, "web/Dockerfile")


@pytest.mark.parametrize(
    ("folder", "kind", "known"),
    [
        ("todo-application/backend", "pip", "sqlmodel="),
        ("chatbot/backend", "pip", "openai="),
        ("todo-application/frontend", "npm", "axios="),
        ("chatbot/frontend", "npm", "@openai/chatkit-react="),
    ],
)
def test_each_image_of_this_application_declares_its_packages(folder, kind, known):
    found = sbom.declared(CHECKOUT, f"{folder}/Dockerfile")
    assert list(found) == [f"todo.k8s/sbom.{kind}"]
    assert f" {known}" in f" {found[f'todo.k8s/sbom.{kind}']}"


def test_the_library_is_not_imported_where_only_labels_are_wanted():
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); "
        "sys.exit(any(name.startswith(('cyclonedx', 'packageurl')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code, sbom.__file__], check=False).returncode == 0


def test_a_tree_s_dpkg_status_is_read_out_of_its_tar(tmp_path):
    archive = tmp_path / "base.tar.gz"
    archive.write_bytes(gzip.compress(tar({"./usr/a": "1", "./var/lib/dpkg/status": STATUS})))
    assert debootstrap.dpkg_status(archive) == STATUS
    archive.write_text("no tar")
    assert debootstrap.dpkg_status(archive) == ""
