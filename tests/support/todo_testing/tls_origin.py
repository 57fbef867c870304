"""A server that speaks TLS, for tests of proxies: a page, a package index with one package, a registry with one image.

`python -m todo_testing.tls_origin --listen 127.0.0.1:32291 --name origin.test --folder DIR` writes DIR/ca.pem, the
authority that only a proxy in front of it has to trust.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.server
import io
import json
import os
import signal
import tarfile
import zipfile
from pathlib import Path

from todo_testing.inspecting_proxy import Authority

PACKAGE, WHEEL = "behindproxy", "behindproxy-1.0-py3-none-any.whl"
INDEX, MANIFEST = "text/html", "application/vnd.docker.distribution.manifest.v2+json"
BLOB = "application/octet-stream"


def wheel() -> bytes:
    """An installable package of one line."""
    info = f"{PACKAGE}-1.0.dist-info"
    files = {
        f"{PACKAGE}.py": "CAME = 'through the proxy'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def image(name: str) -> dict[str, tuple[str, bytes]]:
    """Path to type and content of a registry with the image `name`:1, one file in one layer."""
    tree = io.BytesIO()
    with tarfile.open(fileobj=tree, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    layer = gzip.compress(tree.getvalue(), mtime=0)
    rootfs = {"type": "layers", "diff_ids": [digest(tree.getvalue())]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
    kinds = "application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"
    parts = [
        {"mediaType": kind, "size": len(blob), "digest": digest(blob)}
        for kind, blob in zip(kinds, (config, layer), strict=True)
    ]
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
    manifest = json.dumps(document).encode()
    found = {f"/v2/{name}/blobs/{digest(blob)}": (BLOB, blob) for blob in (config, layer)}
    tags = {f"/v2/{name}/manifests/{tag}": (MANIFEST, manifest) for tag in ("1", digest(manifest))}
    return {"/v2/": ("application/json", b"{}"), **found, **tags}


def digest(data: bytes) -> str:
    """A blob's name."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=3600, help="after which it ends by itself")
    options = parser.parse_args()
    signal.alarm(options.seconds)
    options.folder.mkdir(parents=True, exist_ok=True)
    index = f'<!DOCTYPE html><a href="/wheels/{WHEEL}#sha256={hashlib.sha256(wheel()).hexdigest()}">{WHEEL}</a>'
    pages = {
        "/hello": ("text/plain", b"hello from the origin\n"),
        f"/simple/{PACKAGE}/": (INDEX, index.encode()),
        f"/wheels/{WHEEL}": (BLOB, wheel()),
        **image("hello"),
    }

    class Pages(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, body = pages.get(self.path, (None, b""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(body)))
            if kind == MANIFEST:
                self.send_header("Docker-Content-Digest", digest(body))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_details) -> None:
            pass

    host, _, port = options.listen.rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), Pages)
    context = Authority(options.folder, "authority of the origin alone").context(options.name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    (options.folder / "pid").write_text(str(os.getpid()))
    server.serve_forever()


if __name__ == "__main__":
    main()
