"""Makes a mirror's folder of tools that were built on this machine, and their descriptions with fitting checksums.

    make_mirror.py DESCRIPTIONS FOLDER NAME=PATH ...

For each binary NAME, whose program is PATH, the file that its tool.yml names as its release is put under FOLDER/served,
packed as the release is; a copy of the tool's description with that file's checksum goes to FOLDER/tools, and a list of
them for the role to FOLDER/groups.json.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile
import urllib.parse
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ansible_collections.todo.k8s.plugins.module_utils import tool_spec  # noqa: E402

# What has no release of its own gets one here.
INVENTED = "https://releases.example/{version}/{os}-{arch}/"


def tool_of(binary: str, descriptions: Path) -> Path:
    """The directory of the tool that has the binary."""
    found = [
        path.parent
        for path in sorted(descriptions.glob("*/tool.yml"))
        if binary in tool_spec.load(path.parent).packages
    ]
    with_release = [path for path in found if binary in tool_spec.load(path).release]
    return (with_release or found)[0]


def publish(binary: str, program: Path, descriptions: Path, folder: Path) -> None:
    """Serve one binary as its release is served."""
    source = tool_of(binary, descriptions)
    target = folder / "tools" / source.name
    shutil.copytree(source, target)
    description = yaml.safe_load((target / "tool.yml").read_text())
    goos, goarch = tool_spec.host_platform()
    pinned = description.setdefault("release", {}).setdefault(
        binary, {"version": description["version"], "url": INVENTED + binary, "sha256": {}}
    )
    pinned["sha256"][f"{goos}/{goarch}"] = "0" * 64  # for a moment: the file's place is asked for before it is made
    (target / "tool.yml").write_text(yaml.safe_dump(description, sort_keys=False))
    asset = tool_spec.asset(tool_spec.load(target), binary, goos, goarch)
    file = folder / "served" / urllib.parse.urlsplit(asset.url).path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    if asset.member:
        with tarfile.open(file, "w:gz", compresslevel=1) as tar:
            tar.add(program, arcname=asset.member)
    else:
        shutil.copyfile(program, file)
    with file.open("rb") as content:
        pinned["sha256"] = {f"{goos}/{goarch}": hashlib.file_digest(content, "sha256").hexdigest()}
    (target / "tool.yml").write_text(yaml.safe_dump(description, sort_keys=False))


def main() -> None:
    """Publish every binary that was named."""
    descriptions, folder = map(Path, sys.argv[1:3])
    groups = []
    for word in sys.argv[3:]:
        binary, _, program = word.partition("=")
        publish(binary, Path(program), descriptions, folder)
        groups.append({"path": str(folder / "tools" / tool_of(binary, descriptions).name), "binaries": [binary]})
    (folder / "groups.json").write_text(json.dumps(groups))


if __name__ == "__main__":
    main()
