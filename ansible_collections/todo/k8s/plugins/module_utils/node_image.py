"""Minikube's node image made here: a Debian root file system, the node's tools, and Kubernetes' images unpacked.

The content store is made by the containerd of the root file system itself, in a throw-away container, and becomes part
of the image's /var. Docker copies that into the new node's volume, so that a start has no image to load.
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
RECIPE = 2  # raise when the way of making the image changes

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

# containerd ends by the signal it is sent: its status says nothing here.
# Fills a content store with the images on standard input and writes it, and nothing else, to standard output.
STORE_SCRIPT = """
set -e
containerd --log-level warn >&2 & pid=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { echo "containerd did not start" >&2; exit 1; }
  sleep 0.1
done
ctr -n k8s.io images import - >&2
ctr -n k8s.io images ls -q >&2
kill $pid; wait $pid || [ $? -lt 128 ] || true
tar -C /var/lib -cf - --exclude=lib/containerd/tmpmounts/* containerd
"""


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

    def content_store(self, base: str, layout: Path, target: Path) -> None:
        """Write /var/lib/containerd, holding the images of `layout` unpacked, as a tar."""
        self.say(f"node image: unpacking Kubernetes' images, {layout.stat().st_size // 2**20} MiB")
        arguments = ["run", "--rm", "-i", "--privileged", "--network=none", "--volume=/var/lib/containerd"]
        with layout.open("rb") as source, target.open("wb") as out:
            self.run(
                "unpacking Kubernetes' images", [*arguments, base, "bash", "-c", STORE_SCRIPT], stdin=source, stdout=out
            )

    def assemble(self, base: str, reference: str, payloads: list[tuple[Path, str]], labels: dict[str, str]) -> None:
        """Put each payload tar at its place in `base` and commit the result as `reference`."""
        self.say("node image: putting the parts together")
        # `commit --change` of older engines knows no STOPSIGNAL: the container itself carries the configuration.
        settings = ["--stop-signal=SIGRTMIN+3", "--entrypoint=/usr/local/bin/entrypoint.sh", "--env=container=docker"]
        settings += [f"--label={name}={value}" for name, value in labels.items()]
        container = self.run("creating the container", ["create", *settings, base]).stdout.decode().strip()
        try:
            for payload, place in payloads:
                with payload.open("rb") as handle:
                    self.run(f"copying to {place}", ["cp", "-", f"{container}:{place}"], stdin=handle)
            self.run("committing", ["commit", container, reference])
        finally:
            subprocess.run([*self.docker, "rm", "--force", "--volumes", container], capture_output=True, check=False)


def tar_of(files: dict[str, tuple[Path | bytes, int]], target: Path) -> None:
    """Write a tar of `files` (path in the image → file or bytes, and mode) to `target`."""
    with tarfile.open(target, "w") as tar:
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
        builder.content_store(rootfs, work / "images.tar", work / "store.tar")
        (work / "images.tar").unlink()
        payload = {f"opt/cni/bin/{path.name}": (path, 0o755) for path in cni}
        payload["usr/bin/crictl"] = (tools["crictl"], 0o755)
        for tool in ("kubeadm", "kubelet", "kubectl"):
            payload[f"var/lib/minikube/binaries/{kubernetes_version}/{tool}"] = (tools[tool], 0o755)
        if runtime_wrapper:
            builder.say("node image: adding the runtime wrapper")
            real = builder.run("reading runc", ["run", "--rm", "--network=none", rootfs, "cat", "/usr/sbin/runc"])
            payload["usr/sbin/runc.real"] = (real.stdout, 0o755)
            payload["usr/sbin/runc"] = (runtime_wrapper, 0o755)
        tar_of(payload, work / "payload.tar")
        builder.assemble(rootfs, reference, [(work / "payload.tar", "/"), (work / "store.tar", "/var/lib")], labels)
