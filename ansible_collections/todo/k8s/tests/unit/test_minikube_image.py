"""Loading images: what a node lacks, layers rebuilt byte for byte, and archives that leave out what is there."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile

import pytest

from ansible_collections.todo.k8s.plugins.module_utils import (
    delta_load,
    engine_layers,
    node_containerd,
    node_docker,
    node_exec,
    node_images,
)

CONFIG = "sha256:" + "c" * 64
OTHER = "sha256:" + "d" * 64
MANIFEST = "sha256:" + "e" * 64
VIEW = json.dumps({"images": [{"id": CONFIG, "repoTags": ["docker.io/todo-k8s/a:1"]}, {"id": OTHER, "repoTags": None}]})
MANIFESTS = (
    "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
    f"docker.io/todo-k8s/a:1 application/vnd.oci.image.manifest.v1+json {MANIFEST} 1.0 MiB linux/amd64 -\n"
    f"docker.io/todo-k8s/unseen:1 application/vnd.oci.image.manifest.v1+json {MANIFEST} 1.0 MiB linux/amd64 -\n"
)
LOOK = (
    f"{VIEW}\n{node_containerd.SEPARATOR}\n{CONFIG}\n{MANIFEST}\n{node_containerd.SEPARATOR}\n{CONFIG} 7\n{OTHER} 8\n"
)


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_one_look_tells_images_and_content():
    node = FakeNode(LOOK)
    runtime = node_containerd.Containerd(node)
    listing = runtime.listing()
    assert listing == {"docker.io/todo-k8s/a:1": {CONFIG}}
    node_containerd.add_manifests(listing, MANIFESTS)
    assert listing == {"docker.io/todo-k8s/a:1": {CONFIG, MANIFEST}}
    # What only one of the two knows is not counted on.
    assert node_containerd.parse_sizes(f"{CONFIG}\n{MANIFEST}\n", f"{CONFIG} 7\n{OTHER} 8\n") == {CONFIG: 7}
    assert len(node.commands) == 1


@pytest.mark.parametrize(
    ("reference", "identity", "lacks"),
    [
        ("todo-k8s/a:1", CONFIG, False),
        ("todo-k8s/a:1", MANIFEST, False),  # an engine with the containerd image store names the manifest
        ("todo-k8s/a:1", OTHER, True),  # the tag is there with other content
        ("todo-k8s/b:1", CONFIG, True),
        ("todo-k8s/unseen:1", MANIFEST, True),  # kubelet does not see it
    ],
)
def test_what_a_node_lacks(reference, identity, lacks):
    wanted = [node_images.Wanted(reference, identity)]
    runtime = node_containerd.Containerd(FakeNode(MANIFESTS))
    assert bool(node_images.missing(runtime, node_containerd.parse_view(VIEW), wanted)) is lacks


def test_names_on_a_node():
    assert node_containerd.Containerd.known_as("todo-k8s/a:1") == "docker.io/todo-k8s/a:1"
    assert node_containerd.Containerd.known_as("registry.k8s.io/pause:1") == "registry.k8s.io/pause:1"
    assert node_docker.Docker.known_as("todo-k8s/a:1") == "todo-k8s/a:1"


def test_a_listing_of_docker():
    listing = node_docker.parse_listing(f"todo-k8s/a:1 {CONFIG}\n<none>:<none> {OTHER}\n")
    assert listing == {"todo-k8s/a:1": {CONFIG}}
    assert node_images.missing(node_docker.Docker(None), listing, [node_images.Wanted("todo-k8s/a:1", CONFIG)]) == []


def make_layer(folder, files):
    """A layer as an engine keeps it: the files in a directory, everything else of the tar in tar-split.json.gz."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    whole = stream.getvalue()
    entries, at = [], 0
    stream.seek(0)
    with tarfile.open(fileobj=stream) as tar:
        for member in tar:
            entries.append({"type": 2, "payload": base64.b64encode(whole[at : member.offset_data]).decode()})
            entries.append({"type": 1, "name": member.name, "size": member.size, "payload": ""})
            at = member.offset_data + member.size
    entries.append({"type": 2, "payload": base64.b64encode(whole[at:]).decode()})
    for name, content in files.items():
        path = folder / "diff" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with gzip.open(folder / "tar-split.json.gz", "wt") as split:
        split.writelines(json.dumps(entry) + "\n" for entry in entries)
    return engine_layers.Layer(digest(whole), folder / "tar-split.json.gz", folder / "diff"), whole


@pytest.fixture
def image(tmp_path):
    layers = []
    for name, files in (("base", {"etc/a": b"one", "usr/big": bytes(3_000_000)}), ("app", {"app/main": b"two"})):
        (tmp_path / name).mkdir()
        layers.append(make_layer(tmp_path / name, files))
    config = json.dumps({"rootfs": {"diff_ids": [layer.digest for layer, _ in layers]}}).encode()
    return engine_layers.EngineImage("todo-k8s/a:1", digest(config), config, [layer for layer, _ in layers]), layers


def test_a_layer_comes_back_byte_for_byte(image):
    for layer, whole in image[1]:
        assert b"".join(layer.chunks()) == whole
        assert layer.size() == len(whole)


def test_a_changed_file_is_noticed(image):
    layer = image[1][1][0]
    (layer.files / "app/main").write_bytes(b"TWO")
    with pytest.raises(engine_layers.LayerError, match="were changed"):
        list(layer.chunks())


def test_a_name_that_leads_out_of_the_layer_is_refused(image):
    layer = image[1][1][0]
    with gzip.open(layer.split, "wt") as split:
        split.write(json.dumps({"type": 1, "name": "../../etc/shadow", "size": 3}) + "\n")
    with pytest.raises(engine_layers.LayerError, match="leads out"):
        list(layer.chunks())


def archive_of(delta):
    stream = b"".join(delta.stream())
    assert len(stream) % tarfile.BLOCKSIZE == 0
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_an_archive_holds_what_the_node_lacks_and_names_all(image):
    opened, layers = image
    base, app = (layer.digest for layer, _ in layers)
    content = archive_of(delta_load.plan(opened, {base: len(layers[0][1])}, "docker.io/todo-k8s/a:1"))
    blobs = {name.removeprefix("blobs/sha256/"): data for name, data in content.items() if name.startswith("blobs/")}
    assert app[7:] in blobs
    assert base[7:] not in blobs
    for name, data in blobs.items():
        assert hashlib.sha256(data).hexdigest() == name
    entry = json.loads(content["index.json"])["manifests"][0]
    assert entry["annotations"] == {"io.containerd.image.name": "docker.io/todo-k8s/a:1"}
    manifest = json.loads(blobs[entry["digest"][7:]])
    assert manifest["config"]["digest"] == opened.identity
    assert [(layer["digest"], layer["size"]) for layer in manifest["layers"]] == [
        (layer.digest, len(whole)) for layer, whole in layers
    ]


def test_nothing_missing_sends_no_layer(image):
    opened, layers = image
    delta = delta_load.plan(opened, {layer.digest: len(whole) for layer, whole in layers}, "x")
    assert (delta.sent, delta.layer_bytes) == ([], 0)
    everything = delta_load.plan(opened, {}, "x")
    assert everything.layer_bytes == sum(len(whole) for _, whole in layers)


def test_a_layer_that_occurs_twice_is_sent_once(image):
    opened, layers = image
    twice = engine_layers.EngineImage("x", opened.identity, opened.config, [layers[1][0], layers[1][0]])
    delta = delta_load.plan(twice, {}, "x")
    assert delta.sent == [layers[1][0].digest]
    archive_of(delta)


def test_chain_ids_follow_the_oci_rule():
    first, second = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    assert list(engine_layers.chain_ids([first, second])) == [first, digest(f"{first} {second}".encode())]


def test_a_store_of_another_kind_is_not_opened(tmp_path):
    inspected = {"Id": "sha256:" + "1" * 64, "RootFS": {"Layers": []}}
    assert engine_layers.open_image("x", inspected, tmp_path) is None
    stored = tmp_path / "image/overlay2/imagedb/content/sha256"
    stored.mkdir(parents=True)
    (stored / ("1" * 64)).write_bytes(b"{}")
    assert engine_layers.open_image("x", inspected, tmp_path) is None  # the bytes are not those of the ID


# A node that is a folder: `docker` is a script, so that the real pipes are used.


def fake_docker(folder, script):
    tool = folder / "docker"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return node_containerd.Containerd(node_exec.NodeExec("node", docker=str(tool)))


def test_an_archive_reaches_the_node(tmp_path):
    (tmp_path / "said").write_text(f"unpacking\n{node_containerd.SEPARATOR}\n{VIEW}\n")
    node = fake_docker(tmp_path, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/got; cat {tmp_path}/said')
    assert node.receive(iter([b"one", b"two"])) == (6, {"docker.io/todo-k8s/a:1": {CONFIG}})
    assert (tmp_path / "got").read_bytes() == b"onetwo"
    assert (tmp_path / "arguments").read_text().startswith("exec -i node sh -c ctr -n k8s.io images import - &&")


def test_a_node_that_refuses_is_named_with_its_words(tmp_path):
    node = fake_docker(tmp_path, "echo no space left on device; exit 1")
    with pytest.raises(node_images.NodeError, match=r"`sh` ended with 1 after .* MB: no space left on device"):
        node.receive(iter([b"x" * 1_000_000] * 10))


def test_a_broken_source_ends_the_import(tmp_path):
    def source():
        yield b"x"
        raise engine_layers.LayerError("changed")

    node = fake_docker(tmp_path, "exec cat > /dev/null")
    with pytest.raises(engine_layers.LayerError):
        node.receive(source())


def test_an_image_that_did_not_arrive_fails_loudly(tmp_path):
    (tmp_path / "look").write_text(LOOK)
    node = fake_docker(tmp_path, f"cat {tmp_path}/look")
    node_images.verify(node, [node_images.Wanted("todo-k8s/a:1", CONFIG)], {})
    with pytest.raises(node_images.NodeError, match=f"it has {CONFIG}.*needed is {OTHER}"):
        node_images.verify(node, [node_images.Wanted("todo-k8s/a:1", OTHER)], {}, patience=0.3)


class Store:
    """An engine that knows one image, and only by its name."""

    def inspect(self, _reference):
        return {"Id": CONFIG, "RootFS": {"Layers": ["a", "b"]}}


def test_where_the_store_cannot_be_read_everything_is_sent(tmp_path):
    (tmp_path / "said").write_text(f"{node_containerd.SEPARATOR}\n{VIEW}\n")
    script = f'if [ "$1" = save ]; then printf archive; else cat > {tmp_path}/got; cat {tmp_path}/said; fi'
    node = fake_docker(tmp_path, script)
    result, _listing = node_images.send(node, node_images.Wanted("todo-k8s/a:1", CONFIG), Store(), None)
    assert (result["bytes"], result["method"]) == (7, "docker save")
    assert (tmp_path / "got").read_text() == "archive"


def test_a_save_that_fails_is_not_taken_for_an_image(tmp_path):
    node = fake_docker(tmp_path, 'if [ "$1" = save ]; then echo broken >&2; exit 1; else cat > /dev/null; fi')
    with pytest.raises(node_images.NodeError, match="docker save ended with 1: broken"):
        node_images.send(node, node_images.Wanted("todo-k8s/a:1", CONFIG), Store(), None)


def test_docker_gets_the_layers_whose_chain_it_lacks(image):
    opened, layers = image
    chains = list(engine_layers.chain_ids([layer.digest for layer, _ in layers]))
    delta = node_docker.plan(opened, {chains[0]}, "todo-k8s/a:1")
    content = archive_of(delta)
    manifest = json.loads(content["manifest.json"])[0]
    assert manifest["RepoTags"] == ["todo-k8s/a:1"]
    assert manifest["Layers"] == [f"{layer.digest[7:]}.tar" for layer, _ in layers]
    assert hashlib.sha256(content[manifest["Config"]]).hexdigest() == opened.identity[7:]
    assert manifest["Layers"][0] not in content
    assert content[manifest["Layers"][1]] == layers[1][1]
    assert delta.chains == chains


class FakeNode:
    """Notes what is run on it."""

    name = "node"

    def __init__(self, says=""):
        self.commands, self.says = [], says

    def run(self, *command):
        self.commands.append(command)
        return self.says

    def condition(self):
        return "It runs. "

    def free_space(self, path):
        return f"{path} has 3 MB free. "


def test_a_name_goes_alone_while_another_one_has_the_same_image():
    node = FakeNode()
    listing = {"docker.io/a:1": {CONFIG, MANIFEST}, "docker.io/a:2": {CONFIG, MANIFEST}}
    node_containerd.Containerd(node).remove(["docker.io/a:1"], listing)
    assert node.commands[-1][-1] == "docker.io/a:1"
    node_containerd.Containerd(node).remove(["docker.io/a:1", "docker.io/a:2"], listing)
    assert set(node.commands[-1][-4:]) == {"docker.io/a:1", "docker.io/a:2", CONFIG, MANIFEST}


@pytest.mark.parametrize(
    ("endpoint", "runtime"),
    [
        ("runtime-endpoint: unix:///var/run/cri-dockerd.sock", node_docker.Docker),
        ("runtime-endpoint: unix:///run/containerd/containerd.sock", node_containerd.Containerd),
        ("", node_containerd.Containerd),
    ],
)
def test_the_runtime_is_the_one_that_kubelet_speaks_to(endpoint, runtime):
    assert isinstance(node_images.runtime_of(FakeNode(endpoint)), runtime)
    named = node_images.runtime_of(FakeNode("nobody asks"), "docker")
    assert isinstance(named, node_docker.Docker)


class FakeStore:
    """An engine with one image whose store cannot be read."""

    def inspect(self, reference):
        return {"Id": CONFIG, "RootFS": {"Layers": ["x"]}}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("write /x: no space left on device", r"has 3 MB free.*`keep`"),
        ("unexpected EOF", "It runs.*not sent twice"),
    ],
)
def test_why_a_node_did_not_take_an_image(said, told):
    node = FakeNode()
    node.save = lambda reference: iter([b""])

    def feed(archive, *command):
        raise node_images.NodeError(said)

    node.feed = feed
    with pytest.raises(node_images.NodeError, match=f"Node node, image a:1: containerd did not take it.*{told}"):
        node_images.send(node_containerd.Containerd(node), node_images.Wanted("a:1", CONFIG), FakeStore(), None)
