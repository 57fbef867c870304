"""Images written without an engine, and what names the node image."""

import io
import json
import tarfile
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import node_image
from ansible_collections.todo.k8s.plugins.module_utils.oci_layout import Image, digest, write_layout


def layout(tmp_path, content=b"binary"):
    binary = tmp_path / "tool"
    binary.write_bytes(content)
    out = io.BytesIO()
    ids = write_layout([Image("registry.k8s.io/tool:1", {"usr/local/bin/tool": binary}, ["/tool"])], out, "amd64")
    return ids, out.getvalue()


def test_equal_input_gives_equal_bytes(tmp_path):
    assert layout(tmp_path) == layout(tmp_path)
    assert layout(tmp_path)[0] != layout(tmp_path, b"other")[0]


def test_every_blob_is_named_by_its_digest_and_reachable(tmp_path):
    ids, data = layout(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    blobs = {name: content for name, content in files.items() if name.startswith("blobs/")}
    assert all(digest(content)[7:] == name.rpartition("/")[2] for name, content in blobs.items())
    entry = json.loads(files["index.json"])["manifests"][0]
    assert entry["annotations"] == {"io.containerd.image.name": "registry.k8s.io/tool:1"}
    manifest = json.loads(files["blobs/sha256/" + entry["digest"][7:]])
    assert manifest["config"]["digest"] == ids["registry.k8s.io/tool:1"]
    layer = files["blobs/sha256/" + manifest["layers"][0]["digest"][7:]]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.extractfile("usr/local/bin/tool").read() == b"binary"
        assert "usr/local/bin" in tar.getnames()


def test_key_follows_what_goes_in():
    parts = {"rootfs": "a", "tools": {"etcd": "1"}}
    assert node_image.content_key(parts) == node_image.content_key(dict(reversed(parts.items())))
    assert node_image.content_key(parts) != node_image.content_key({**parts, "tools": {"etcd": "2"}})


def test_the_tag_follows_every_part(tmp_path):
    wrapper = tmp_path / "wrapper"
    rest = {
        "names": {"pause": "pause:3"},
        "cni": ["bridge"],
        "kubernetes_version": "v1.34.3",
        "runtime_wrapper": wrapper,
    }
    tools = {"etcd": {"key": "1", "path": "/anywhere"}}
    planned = node_image.reference("base:1", tools, **rest)
    assert planned.startswith(f"{node_image.REPOSITORY}:")
    wrapper.write_text("one")
    tags = {
        planned,
        node_image.reference("base:1", tools, **rest),
        node_image.reference("base:2", tools, **rest),
        node_image.reference("base:1", {"etcd": {"key": "2"}}, **rest),
        node_image.reference("base:1", tools, **{**rest, "names": {"pause": "pause:4"}}),
        node_image.reference("base:1", tools, **{**rest, "cni": []}),
        node_image.reference("base:1", tools, **{**rest, "kubernetes_version": "v1.34.4"}),
        node_image.reference("base:1", tools, **{**rest, "runtime_wrapper": None}),
    }
    assert len(tags) == 8
    moved = {"etcd": {"key": "1", "path": "/elsewhere"}}
    assert node_image.reference("base:1", moved, **rest) == node_image.reference("base:1", tools, **rest)


def test_payload_has_files_with_modes_and_links(tmp_path):
    target = tmp_path / "payload.tar"
    node_image.tar_of({"/opt/bin/a": (b"a", 0o755)}, {"var/bin/a": "/opt/bin/a"}, target)
    with tarfile.open(target) as tar:
        assert (tar.getmember("opt/bin/a").mode, tar.extractfile("opt/bin/a").read()) == (0o755, b"a")
        assert (tar.getmember("var/bin/a").issym(), tar.getmember("var/bin/a").linkname) == (True, "/opt/bin/a")


def test_entrypoint_knows_where_the_unpacked_images_are():
    role = Path(__file__).resolve().parents[2] / "roles/minikube/files/node/entrypoint.sh"
    assert f"unpacked={node_image.SNAPSHOTS}\n" in role.read_text()
