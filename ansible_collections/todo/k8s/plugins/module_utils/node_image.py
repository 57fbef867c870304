"""Minikube's node image made here: a Debian root file system, the node's tools, and Kubernetes' images unpacked.

The images are unpacked by the containerd of the root file system itself and stay in the image's own layer, so that a
start has no image to load and next to nothing to copy.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.oci_layout import Image, write_layout

REPOSITORY = "todo-k8s/node"
RECIPE = 3  # raise when the way of making the image changes
STORE = "/opt/todo-k8s"  # in the image's own layer
SNAPSHOTS = f"{STORE}/snapshots"  # the entrypoint knows this place too
WORK = "/work"  # a volume while the image is made: overlay file systems cannot be unpacked onto one another

# kube-proxy runs in the node's network and needs these tools, with their libraries, beside it.
PROXY_SCRIPT = """
set -e
mkdir -p /out/usr/sbin /out/usr/bin /out/usr/lib /out/usr/lib64 /out/run /out/tmp
ln -s usr/sbin /out/sbin; ln -s usr/bin /out/bin; ln -s usr/lib /out/lib; ln -s usr/lib64 /out/lib64
copy() { mkdir -p "/out$(dirname "$1")"; cp -L "$1" "/out$1"; }
modules=$(dirname "$(find /usr/lib -name libxt_conntrack.so)")
for file in /usr/sbin/xtables-nft-multi /usr/sbin/conntrack /usr/bin/kmod "$modules"/*.so; do
  copy "$file"
  # What a module needs counts too: libxt_statistic wants libm as soon as a service has two endpoints.
  ldd "$file" | grep -o '/[^ ]*' | while read -r library; do
    copy "$(readlink -f "$(dirname "$library")")/$(basename "$library")"
  done
done
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s xtables-nft-multi "/out/usr/sbin/$name"
done
ln -s kmod /out/usr/bin/modprobe; ln -s ../bin/kmod /out/usr/sbin/modprobe
tar -C /out --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - .
"""

# Runs in the container that becomes the image: has its containerd unpack the images on standard input, and leaves them
# so that a new node need not copy them. Docker copies the image's /var into the node's volume: only containerd's notes
# are there; what it unpacked stays in the image's own layer, where links lead to. The packed layers go: nothing reads
# them again, as with containerd's own setting discard_unpacked_layers.
UNPACK_SCRIPT = f"""
set -e
containerd --root {WORK}/containerd --log-level warn >&2 & pid=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || {{ echo "containerd did not start" >&2; exit 1; }}
  sleep 0.1
done
ctr -n k8s.io images import - >&2
layers=$(ctr -n k8s.io content ls -q 'labels."containerd.io/uncompressed"')
[ -n "$layers" ] || {{ echo "containerd lists no layer" >&2; exit 1; }}
for digest in $layers; do ctr -n k8s.io content rm "$digest" >&2; done
# containerd ends by the signal it is sent: its status says nothing here.
kill $pid; wait $pid || [ $? -lt 128 ] || true
cd {WORK}/containerd
for digest in $layers; do rm -f "io.containerd.content.v1.content/blobs/sha256/${{digest#sha256:}}"; done
rm -rf io.containerd.content.v1.content/ingest/* tmpmounts /run/containerd
cd io.containerd.snapshotter.v1.overlayfs/snapshots
mkdir -p {SNAPSHOTS}
for name in *; do
  mv "$name/fs" {SNAPSHOTS}/"$name"
  ln -s {SNAPSHOTS}/"$name" "$name/fs"
done
mkdir -p /var/lib/containerd
cp -a {WORK}/containerd/. /var/lib/containerd/
"""


# Options of the modules that look for the image and that make it.
OPTIONS = {
    "image_names": {"type": "dict", "required": True},
    "cni": {"type": "list", "elements": "str", "required": True},
    "kubernetes_version": {"type": "str", "required": True},
    "docker_host": {"type": "str", "default": "unix:///var/run/docker.sock"},
}


class NodeImageError(Exception):
    """The node image cannot be made; the text says at which step and why."""


def kubernetes_images(tools: dict[str, Path], names: dict[str, str], proxy_layer: Path) -> list[Image]:
    """Kubernetes' own images from the binaries built here; `names` maps a tool to the image name kubeadm expects."""
    plain = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    images = [Image(names[tool], {f"usr/local/bin/{tool}": tools[tool]}) for tool in plain]
    images.append(Image(names["kube-proxy"], {"usr/local/bin/kube-proxy": tools["kube-proxy"]}, layer=proxy_layer))
    for tool in ("coredns", "pause", "storage-provisioner", "metrics-server"):
        images.append(Image(names[tool], {tool: tools[tool]}, entrypoint=[f"/{tool}"]))
    return images


def content_key(parts: dict) -> str:
    """The first 12 hexadecimal digits of the hash over everything that goes into the image."""
    return hashlib.sha256(json.dumps({"recipe": RECIPE, **parts}, sort_keys=True).encode()).hexdigest()[:12]


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def reference(
    rootfs: str,
    tools: dict[str, dict],
    *,
    names: dict[str, str],
    cni: list[str],
    kubernetes_version: str,
    runtime_wrapper: Path | None,
) -> str:
    """Name and tag of the node image that is made of these; the same parts have the same tag.

    :param rootfs: Reference of the root file system's image, which stands for its content.
    :param tools: The tools by name, each with its `key`.
    :param names: The image name that kubeadm and the addons expect, by tool.
    :param runtime_wrapper: The OCI runtime wrapper; one that is only planned, in check mode, is in no image yet.
    """
    wrapper = None
    if runtime_wrapper:
        wrapper = file_hash(runtime_wrapper) if runtime_wrapper.exists() else "not built yet"
    parts = {
        "rootfs": rootfs,
        "tools": {name: tool["key"] for name, tool in tools.items()},
        "names": names,
        "cni": cni,
        "version": kubernetes_version,
        "wrapper": wrapper,
    }
    return f"{REPOSITORY}:{content_key(parts)}"


class Builder:
    """Makes the image with the docker CLI at `docker`, on the engine at `host`."""

    def __init__(self, docker: str, host: str, say=lambda text: None):
        self.docker = [docker, "--host", host]
        self.say = say

    def run(self, step: str, arguments: list[str], **options) -> subprocess.CompletedProcess:
        """One docker command; NodeImageError with its last lines when it fails."""
        options.setdefault("capture_output", "stdout" not in options)
        if not options["capture_output"]:
            options["stderr"] = subprocess.PIPE
        answer = subprocess.run([*self.docker, *arguments], check=False, **options)
        if answer.returncode:
            tail = "\n".join(answer.stderr.decode(errors="replace").splitlines()[-10:])
            raise NodeImageError(f"node image, {step}: docker ended with {answer.returncode}:\n{tail}")
        return answer

    def exists(self, reference: str) -> bool:
        """Whether the engine has this image."""
        return not subprocess.run(
            [*self.docker, "image", "inspect", reference], capture_output=True, check=False
        ).returncode

    def proxy_layer(self, base: str, target: Path) -> None:
        """Write what kube-proxy needs beside its binary, taken from the base, as a tar."""
        with target.open("wb") as out:
            self.run(
                "collecting kube-proxy's tools",
                ["run", "--rm", "--network=none", base, "sh", "-c", PROXY_SCRIPT],
                stdout=out,
            )

    def assemble(self, base: str, reference: str, payload: Path, layout: Path, labels: dict[str, str]) -> None:
        """Make `reference` of `base`, the files of the tar `payload` and the images of the OCI layout `layout`."""
        # `commit --change` of older engines knows no STOPSIGNAL: the container itself carries the configuration.
        settings = ["--interactive", "--privileged", "--network=none", "--stop-signal=SIGRTMIN+3"]
        settings += ["--env=container=docker", f"--mount=type=volume,dst={WORK}", "--entrypoint=bash"]
        settings += [f"--label={name}={value}" for name, value in labels.items()]
        created = self.run("creating the container", ["create", *settings, base, "-c", UNPACK_SCRIPT])
        container = created.stdout.decode().strip()
        try:
            with payload.open("rb") as handle:
                self.run("copying the tools", ["cp", "-", f"{container}:/"], stdin=handle)
            self.say(f"node image: unpacking Kubernetes' images, {layout.stat().st_size // 2**20} MiB")
            with layout.open("rb") as handle:
                self.run(
                    "unpacking Kubernetes' images", ["start", "--attach", "--interactive", container], stdin=handle
                )
            self.say("node image: putting it down")
            changes = ['--change=ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]', "--change=CMD []"]
            self.run("committing", ["commit", *changes, container, reference])
        finally:
            subprocess.run([*self.docker, "rm", "--force", "--volumes", container], capture_output=True, check=False)


def tar_of(files: dict[str, tuple[Path | bytes, int]], links: dict[str, str], target: Path) -> None:
    """Write a tar of `files` (path in the image → file or bytes, and mode) and `links` (path → where to)."""
    with tarfile.open(target, "w") as tar:
        for name, destination in sorted(links.items()):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, destination
            tar.addfile(info)
        for name, (source, mode) in sorted(files.items()):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.mode = mode
            if isinstance(source, bytes):
                info.size = len(source)
                tar.addfile(info, io.BytesIO(source))
                continue
            info.size = source.stat().st_size
            with source.open("rb") as handle:
                tar.addfile(info, handle)


def build(
    builder: Builder,
    *,
    reference: str,
    rootfs: str,
    tools: dict[str, Path],
    names: dict[str, str],
    kubernetes_version: str,
    architecture: str,
    cni: list[Path],
    runtime_wrapper: Path | None,
    labels: dict[str, str],
) -> None:
    """Make the node image `reference` from the engine's image `rootfs` and the tools.

    Raises NodeImageError; the image appears complete or not at all.
    """
    with tempfile.TemporaryDirectory(prefix="node-image-") as folder:
        work = Path(folder)
        builder.proxy_layer(rootfs, work / "proxy.tar")
        with (work / "images.tar").open("wb") as out:
            write_layout(kubernetes_images(tools, names, work / "proxy.tar"), out, architecture)
        payload = {f"opt/cni/bin/{path.name}": (path, 0o755) for path in cni}
        payload["usr/bin/crictl"] = (tools["crictl"], 0o755)
        links = {}
        for tool in ("kubeadm", "kubelet", "kubectl"):
            payload[f"{STORE}/bin/{tool}"] = (tools[tool], 0o755)
            links[f"var/lib/minikube/binaries/{kubernetes_version}/{tool}"] = f"{STORE}/bin/{tool}"
        if runtime_wrapper:
            builder.say("node image: adding the runtime wrapper")
            real = builder.run("reading runc", ["run", "--rm", "--network=none", rootfs, "cat", "/usr/sbin/runc"])
            payload["usr/sbin/runc.real"] = (real.stdout, 0o755)
            payload["usr/sbin/runc"] = (runtime_wrapper, 0o755)
        tar_of(payload, links, work / "payload.tar")
        builder.assemble(rootfs, reference, work / "payload.tar", work / "images.tar", labels)
