"""The folder of JSON schemas, made once from the OpenAPI document in the Go module k8s.io/kubernetes.

The toolchain pins that module by hash (files/go/kubernetes/go.sum) and builds the node's binaries from it; the document
is taken from the same module. Where the module's cache was dropped meanwhile it is fetched again, once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chart_checks import openapi
from chart_checks.model import ROOT, CheckError

LOCK = ROOT / "ansible_collections/todo/k8s/roles/toolchain/files/go/kubernetes"
MODULE = "k8s.io/kubernetes"
DOCUMENT = "api/openapi-spec/swagger.json"
#: Left in a schema folder when it is complete.
COMPLETE = "complete"


def pinned(lock: Path = LOCK) -> tuple[str, str]:
    """Version and hash of the module. Raises CheckError where go.sum does not have it."""
    found = re.search(rf"^{MODULE} (v[^\s/]+) (h1:\S+)$", (lock / "go.sum").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise CheckError(f"{lock / 'go.sum'}: found no hash of {MODULE}; run files/update-locks kubernetes.")
    return found[1], found[2]


def document(cache: Path, version: str) -> dict:
    """The OpenAPI document, from the toolchain's module cache or fetched. Raises CheckError."""
    kept = cache / "go/mod" / f"{MODULE}@{version}" / DOCUMENT
    if kept.is_file():
        return json.loads(kept.read_bytes())
    print(f"schemas: fetching the module {MODULE} {version} for its OpenAPI document (18 MB)", flush=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        done = subprocess.run(
            [Path(sys.executable).parent / "go", "mod", "download", "-json", f"{MODULE}@{version}"],
            cwd=LOCK,  # whose go.sum says what has to come
            env={**os.environ, "GOMODCACHE": folder, "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CheckError(
                f"{MODULE} {version}: could not be fetched ({done.stderr.strip() or done.stdout.strip()}); needed for "
                "its OpenAPI document. Check HTTPS_PROXY and GOPROXY."
            )
        return json.loads((Path(json.loads(done.stdout)["Dir"]) / DOCUMENT).read_bytes())


def schema_folder(cache: Path) -> Path:
    """The folder of the schemas for the pinned Kubernetes, made if it is not there. Raises CheckError."""
    version, digest = pinned()
    key = hashlib.sha256(digest.encode() + Path(openapi.__file__).read_bytes()).hexdigest()[:12]
    folder = cache / "schemas" / f"{version}-{key}"
    if (folder / COMPLETE).is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = openapi.schemas(document(cache, version))
    work = Path(tempfile.mkdtemp(dir=folder.parent))
    for name, schema in made.items():
        (work / name).write_text(json.dumps(schema), encoding="utf-8")
    (work / COMPLETE).touch()
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    return folder
