#!/usr/bin/env python3
"""Searches images for secrets: every file of every layer, the configuration and the history.

Usage: search_image.py NEEDLES IMAGE [IMAGE ...]. NEEDLES is a file with a secret on each line. Beside those, what looks
like one is found: private keys, tokens, passwords in package managers' settings. Prints where, and exits with 1.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PATTERNS = {
    "a private key": re.compile(rb"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"),
    "an OpenAI key": re.compile(rb"\bsk-(?:proj-)?[A-Za-z0-9]{20,}"),
    "an npm token": re.compile(rb"(?m)^//\S+:_(?:authToken|password|auth)\s*=\s*[^\s$]"),
    "a JSON Web Token": re.compile(rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
}
# Files in which a pattern is no secret: libraries' own examples, and what they test themselves with.
HARMLESS = re.compile(r"/(?:site-packages|dist-packages|node_modules|python3(?:\.\d+)?)/|\.(?:md|pyc|so[.\d]*)$")


def findings(content: bytes, needles: list[bytes], *, patterns: bool) -> Iterator[str]:
    """What of a content is secret."""
    for number, needle in enumerate(needles, 1):
        if needle in content:
            yield f"the secret in line {number}"
    for name, pattern in PATTERNS.items() if patterns else ():
        if pattern.search(content):
            yield name


def search_layer(stream: IO[bytes], needles: list[bytes]) -> Iterator[str]:
    """`PATH: what` for each finding in a layer's tar; names and link targets are searched, too."""
    with tarfile.open(fileobj=stream, mode="r|*") as layer:
        for member in layer:
            text = f"{member.name}\0{member.linkname}".encode(errors="surrogateescape")
            body = layer.extractfile(member).read() if member.isreg() else b""
            for found in findings(text + b"\0" + body, needles, patterns=not HARMLESS.search("/" + member.name)):
                yield f"{member.name}: {found}"


def search(image: str, needles: list[bytes]) -> Iterator[str]:
    """Every finding in an image."""
    process = subprocess.Popen(["docker", "save", "--", image], stdout=subprocess.PIPE)
    layers = files = 0
    with process, tarfile.open(fileobj=process.stdout, mode="r|") as archive:
        for member in archive:
            if not member.isreg():
                continue
            stream = archive.extractfile(member)
            if member.name.endswith("layer.tar") or (member.name.startswith("blobs/") and member.size > 1 << 20):
                layers += 1
                yield from (f"{image}, {found}" for found in search_layer(stream, needles))
            else:  # the configuration with its history, environment and labels; the manifests
                files += 1
                yield from (f"{image}, {member.name}: {f}" for f in findings(stream.read(), needles, patterns=True))
    if process.returncode or not layers or not files:
        raise SystemExit(f"{image}: could not be searched (docker save ended with {process.returncode})")


def main() -> int:
    """Entry point."""
    needles = [line.encode() for line in Path(sys.argv[1]).read_text().splitlines() if len(line) >= 6]
    found = [place for image in sys.argv[2:] for place in search(image, needles)]
    print(json.dumps({"images": len(sys.argv) - 2, "needles": len(needles), "found": found}, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
