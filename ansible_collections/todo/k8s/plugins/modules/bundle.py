#!/usr/bin/python
"""A bundle: one archive with everything that a second machine needs."""

DOCUMENTATION = r"""
module: bundle
short_description: One archive with everything that a second machine needs
description:
  - Packs programs, images, Python wheels and Debian packages with their dependencies into one archive with a manifest
    of checksums. C(make up BUNDLE=file) on a machine without any registry works from it alone.
  - The archive fits the commit that it was made of, one platform, one version of Python and (with packages) one release
    of the distribution. A checkout with uncommitted changes is refused.
  - It is written under another name and renamed when it is complete. An archive that holds the same already is left
    alone.
options:
  path:
    description: The archive.
    type: path
    required: true
  root:
    description: The checkout.
    type: path
    required: true
  cache_dir:
    description: The folder whose C(tools) hold the programs; what was gathered is kept in it for the next bundle.
    type: path
    required: true
  tools:
    description: Paths of programs.
    type: list
    elements: path
    default: []
  images:
    description: References of images in the engine.
    type: list
    elements: str
    default: []
  lock:
    description: The file that pins the Python packages.
    type: path
    required: true
  packages:
    description: Debian packages. Left out, with a warning, where there is no C(apt-get).
    type: list
    elements: str
    default: []
extends_documentation_fragment: [todo.k8s.engine]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Pack a bundle
  todo.k8s.bundle:
    path: dist/todo.k8s-1.0.0-linux-amd64.tar
    root: "{{ playbook_dir }}"
    cache_dir: ~/.cache/todo.k8s
    tools: ["{{ toolchain.tools.helm.path }}"]
    images: ["{{ images.frontend.ref }}"]
    lock: requirements.txt
    packages: [docker.io, iptables]
"""

RETURN = r"""
path:
  description: The archive.
  type: str
  returned: always
size_mb:
  description: Its size in megabytes; 0 in check mode.
  type: float
  returned: always
manifest:
  description: SHA-256 of its manifest, empty in check mode.
  type: str
  returned: always
files:
  description: How many files are in it, by folder.
  type: dict
  returned: always
seconds:
  description: Seconds for gathering each part and for writing the archive.
  type: dict
  returned: always
"""

import platform
import shutil
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import bundle_contents as contents
from ansible_collections.todo.k8s.plugins.module_utils import network
from ansible_collections.todo.k8s.plugins.module_utils.bundle_archive import BundleError, Reader, write
from ansible_collections.todo.k8s.plugins.module_utils.bundle_host import architecture, checkout, this_release
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

OPTIONS = {
    "path": {"type": "path", "required": True},
    "root": {"type": "path", "required": True},
    "cache_dir": {"type": "path", "required": True},
    "tools": {"type": "list", "elements": "path", "default": []},
    "images": {"type": "list", "elements": "str", "default": []},
    "lock": {"type": "path", "required": True},
    "packages": {"type": "list", "elements": "str", "default": []},
    "docker_host": {"type": "str", "default": ""},
}


def commit_of(root):
    """The commit of a checkout without changes."""
    commit, changed, said = checkout(root)
    if said:
        raise BundleError(f"Checkout {root}: its commit could not be read ({said}). Needed: a git checkout.")
    if changed:
        shown = ", ".join(changed[:5]) + (" …" if len(changed) > 5 else "")
        raise BundleError(
            f"Checkout {root}: found {len(changed)} changed files ({shown}), needed none: the machine that uses the "
            "bundle has the commit alone, and its images would not fit. Commit or remove them, then run again."
        )
    return commit


def content_of(path):
    """What an existing archive says that it holds, without its images' bytes; None for no archive."""
    try:
        with Reader(path) as reader:
            manifest = reader.manifest
    except BundleError:
        return None
    return manifest.facts, {entry.path: entry.sha256 for entry in manifest.entries if entry.folder}


class Packer:
    """One bundle being made."""

    def __init__(self, module):
        self.module, self.params = module, module.params
        self.path, self.cache = Path(self.params["path"]).absolute(), Path(self.params["cache_dir"])
        self.gatherer = contents.Gatherer(self.cache / "bundle-contents", report)
        self.seconds = {}

    @contextmanager
    def timed(self, name):
        """Remember how long a part takes."""
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 1)

    def facts(self):
        """What the manifest says besides the files."""
        names = self.params["packages"]
        if names and not shutil.which("apt-get"):
            self.module.warn(f"no apt-get here: the bundle has no Debian packages ({', '.join(names)})")
            names = []
        return {
            "commit": commit_of(Path(self.params["root"])),
            "system": platform.system().lower(),
            "arch": architecture(),
            "python": ".".join(platform.python_version_tuple()[:2]),
            "release": this_release() if names else "",
            "packages": sorted(names),
            "images": contents.image_facts(ImageStore(self.params["docker_host"]), self.params["images"]),
        }

    def pack(self):
        """Make the archive; the module's result."""
        facts = self.facts()
        before = content_of(self.path)
        if self.module.check_mode:
            # What was gathered before is not looked at: that takes minutes.
            known = {name: before[0].get(name) for name in facts} if before else None
            return self.result(known != facts, {}, 0, "")
        contents.free_space(self.path.parent, 3 << 30)
        sources = []
        with self.timed("packages"):
            if facts["packages"]:
                found, facts["packages_size"] = self.gatherer.packages(facts["packages"])
                sources += found
        with self.timed("wheels"):
            sources += self.gatherer.wheels(Path(self.params["lock"]))
        with self.timed("tools"):
            sources += self.gatherer.tools([Path(tool) for tool in self.params["tools"]], self.cache)
        if before and self.is_same(before, facts, sources):
            with Reader(self.path) as reader:
                return self.result(False, reader.manifest.entries, self.path.stat().st_size, reader.manifest.identity)
        image_file = None
        try:
            if facts["images"]:
                with self.timed("images"):
                    images, facts["images_size"] = self.images(facts, before)
                    image_file = images.file
                sources.append(images)
            with self.timed("writing"):
                manifest = write(self.path, facts, sources, report)
        finally:
            if image_file:
                image_file.unlink(missing_ok=True)
        return self.result(True, manifest.entries, self.path.stat().st_size, manifest.identity)

    def images(self, facts, before):
        """The archive of the images and its bytes before compression; taken from the bundle before if it has them."""
        if before and before[0]["images"] == facts["images"]:
            with suppress(BundleError):  # it is damaged: they are saved anew
                report("the images are those of the bundle before")
                return self.gatherer.images_of(self.path), before[0]["images_size"]
        docker = self.module.get_bin_path("docker", required=True)
        return self.gatherer.images(docker, self.params["docker_host"], [image["ref"] for image in facts["images"]])

    @staticmethod
    def is_same(before, facts, sources):
        """Whether an archive holds the same: IDs stand for images, checksums for all else."""
        old_facts, old_files = before
        if {name: value for name, value in old_facts.items() if name != "images_size"} != facts:
            return False
        return old_files == {source.path: contents.digest(source.file) for source in sources}

    def result(self, changed, entries, size, identity):
        """The module's result."""
        files = Counter(entry.folder or "images" for entry in entries)
        what = ", ".join(f"{count} {folder}" for folder, count in sorted(files.items()))
        return {
            "changed": changed,
            "path": str(self.path),
            "size_mb": round(size / 1e6, 1),
            "manifest": identity,
            "files": dict(files),
            "seconds": self.seconds,
            "diff": {"before": "", "after": f"{self.path}\n" if changed else ""},
            "msg": f"{self.path}, {size >> 20} MiB: {what}" if entries else f"{self.path} would be written",
        }


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    network.apply()
    try:
        result = Packer(module).pack()
    except (BundleError, StoreError, OSError) as error:
        module.fail_json(msg=str(error))
    if not result["changed"] and module.check_mode:
        result["msg"] = f"{result['path']} holds the same commit and images"
    module.exit_json(**result)


if __name__ == "__main__":
    main()
