"""Pushes tiny images to a registry. Usage: push_images.py [--plain] ADDRESS CONTENT NAME:TAG ...

Each is an index for two platforms, as the official ones are, or with --plain a manifest of this platform alone. CONTENT
makes one push differ from another. Prints {NAME:TAG: digest} and, for each image, the digest of its layer, as JSON.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import platform
import tarfile
import urllib.request

KIND = "application/vnd.docker.distribution.manifest"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def request(method: str, url: str, content: bytes = b"", kind: str = "application/octet-stream") -> str:
    """Send a request; the address that the answer names."""
    asked = urllib.request.Request(url, content, {"Content-Type": kind}, method=method)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
        return answer.headers.get("Location", "")


class Repository:
    """One repository of a registry."""

    def __init__(self, address: str, name: str) -> None:
        self.url = f"{address}/v2/library/{name}"

    def blob(self, content: bytes) -> dict:
        """Upload content; its descriptor."""
        place = request("POST", f"{self.url}/blobs/uploads/")
        joint = "&" if "?" in place else "?"
        request("PUT", f"{place}{joint}digest={digest(content)}", content)
        return {"size": len(content), "digest": digest(content)}

    def manifest(self, content: dict, tag: str = "") -> dict:
        """Upload a manifest or an index, under a tag or its digest; its descriptor."""
        text = json.dumps(content).encode()
        request("PUT", f"{self.url}/manifests/{tag or digest(text)}", text, content["mediaType"])
        return {"mediaType": content["mediaType"], "size": len(text), "digest": digest(text)}

    def image(self, text: str, architecture: str, tag: str = "") -> tuple[dict, str]:
        """Upload an image of one file; its manifest's descriptor and its layer's digest."""
        tree = io.BytesIO()
        with tarfile.open(fileobj=tree, mode="w") as tar:
            member = tarfile.TarInfo("content")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        layer = gzip.compress(tree.getvalue(), mtime=0)
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(tree.getvalue())]},
        }
        parts = {
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                **self.blob(json.dumps(config).encode()),
            },
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **self.blob(layer)}],
        }
        return self.manifest({"schemaVersion": 2, "mediaType": f"{KIND}.v2+json", **parts}, tag), digest(layer)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("address")
    parser.add_argument("content")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    digests, layers = {}, {}
    for name in options.names:
        repository, tag = name.split(":")
        registry, text = Repository(options.address, repository), f"{name} {options.content}\n"
        if options.plain:
            found, layers[name] = registry.image(text, ARCHITECTURE, tag)
        else:
            own, layers[name] = registry.image(text, ARCHITECTURE)
            other = "arm64" if ARCHITECTURE == "amd64" else "amd64"
            foreign, _layer = registry.image(f"{text} {other}", other)
            members = [
                {**own, "platform": {"os": "linux", "architecture": ARCHITECTURE}},
                {**foreign, "platform": {"os": "linux", "architecture": other}},
            ]
            found = registry.manifest(
                {"schemaVersion": 2, "mediaType": f"{KIND}.list.v2+json", "manifests": members}, tag
            )
        digests[name] = found["digest"]
    print(json.dumps({"digests": digests, "layers": layers}))


if __name__ == "__main__":
    main()
