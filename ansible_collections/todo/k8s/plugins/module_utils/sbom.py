"""Which packages an image has: read from its files, as short labels, and as a CycloneDX document.

Three kinds, named as in package URLs: `deb` (dpkg), `pypi` (pip), `npm`. Everything here is pure; the CycloneDX library
is imported when a document is written, as importing it takes longer than the rest.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

LABELS = {"deb": "todo.k8s/sbom.debian", "pypi": "todo.k8s/sbom.pip", "npm": "todo.k8s/sbom.npm"}
ID_PROPERTY = "todo.k8s:image.id"
BUNDLED = "bundled-packages.json"
# What a frontend's build found in its image, as paths in package-lock.json. Written by assemble.mjs in
# todo-application/shared/runtime.
NPM_LIST = "packages.txt"

_METADATA = re.compile(r"\.dist-info/METADATA$")
_NPM = re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/@]+/package\.json$")
# Debian's own packages of Python modules and Node programs: dpkg names them already.
_DEBIANS_OWN = ("usr/lib/python3/dist-packages/", "usr/share/nodejs/", "usr/lib/nodejs/", "usr/share/python-wheels/")


class SbomError(Exception):
    """A list of packages cannot be made; the text names the file, what was found and what is needed."""


@dataclass(frozen=True, order=True)
class Package:
    """One package. `kind` as in package URLs, `source` of a Debian package is NAME or NAME=VERSION where it differs."""

    kind: str
    name: str
    version: str
    architecture: str = ""
    source: str = ""
    licence: str = ""


def wanted(path: str) -> bool:
    """Whether a file of an image tells of packages."""
    if path in ("var/lib/dpkg/status", "usr/lib/os-release", "etc/os-release") or path.endswith(f"/{BUNDLED}"):
        return True
    return bool(_METADATA.search(path) or _NPM.search(path)) and not path.startswith(_DEBIANS_OWN)


def packages(files: dict[str, bytes]) -> list[Package]:
    """The packages that an image's files tell of, sorted, each once."""
    found: set[Package] = set()
    for path, content in files.items():
        text = content.decode(errors="replace")
        if path == "var/lib/dpkg/status":
            found |= set(debian(text))
        elif _METADATA.search(path):
            found |= set(python(text))
        elif path.endswith(f"/{BUNDLED}"):
            found |= {package for entry in _json(path, text) for package in _npm(entry)}
        elif _NPM.search(path):
            found |= set(_npm(_json(path, text)))
    return sorted(found)


def _json(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SbomError(f"{path} in the image: is not JSON ({error}).") from error


def debian(status: str) -> list[Package]:
    """The installed packages of a dpkg status file."""
    found = []
    for block in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", block, re.MULTILINE))
        if fields.get("Status", "").split()[-1:] == ["installed"]:
            source, _space, version = fields.get("Source", "").partition(" ")
            told = f"{source}={version.strip('()')}" if version else source
            found.append(Package("deb", fields["Package"], fields["Version"], fields.get("Architecture", ""), told))
    return found


def python(metadata: str) -> list[Package]:
    """The package of a METADATA file (core metadata); none where it has no name."""
    headers = HeaderParser().parsestr(metadata.partition("\n\n")[0])
    if not headers["Name"] or not headers["Version"]:
        return []
    licence = headers["License-Expression"] or headers["License"] or ""
    return [Package("pypi", canonical(headers["Name"]), headers["Version"], licence=_one_line(licence))]


def canonical(name: str) -> str:
    """A Python package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _npm(entry: dict) -> list[Package]:
    # Folders inside packages have package.json files too, which only say how to load them.
    if not entry.get("name") or not entry.get("version"):
        return []
    licence = entry.get("license") or ""
    licence = licence.get("type", "") if isinstance(licence, dict) else licence
    return [Package("npm", entry["name"], entry["version"], licence=_one_line(licence))]


def _one_line(licence: object) -> str:
    # Some put the licence's whole text there: that is no name.
    return licence if isinstance(licence, str) and "\n" not in licence and len(licence) <= 100 else ""


def label(found: list[Package]) -> str:
    """`name=version` of all, sorted, separated by spaces."""
    return " ".join(sorted({f"{package.name}={package.version}" for package in found}))


def labels(found: list[Package]) -> dict[str, str]:
    """All labels that stand for these packages; none for a kind that there is none of."""
    texts = {name: label([package for package in found if package.kind == kind]) for kind, name in LABELS.items()}
    return {name: text for name, text in texts.items() if text}


def wrong_labels(says: dict[str, str], found: list[Package]) -> dict[str, list[str]]:
    """By label what an image says wrongly of its content: `+name=version` it lacks, `-name=version` is not inside.

    A label that is missing says nothing wrong: official bases have none.
    """
    wrong = {}
    for name, text in labels(found).items():
        told, inside = set(says.get(name, text).split()), set(text.split())
        if told != inside:
            wrong[name] = [f"+{item}" for item in sorted(inside - told)] + [
                f"-{item}" for item in sorted(told - inside)
            ]
    return wrong


def packages_of(document: str) -> list[Package]:
    """Kind, name and version of the packages that a document names."""
    entries = json.loads(document).get("components", [])
    return [Package(entry["purl"][4:].partition("/")[0], entry["name"], entry["version"]) for entry in entries]


def declared(context: Path, dockerfile: str = "Dockerfile") -> dict[str, str]:
    """The labels of an image that can be known before it is built, from the lock files in its build context.

    pip installs what requirements.txt beside the Dockerfile names and nothing else. Of package-lock.json only a part
    ends in an image; which, packages.txt beside the Dockerfile says. Raises SbomError where the two do not fit.
    """
    found = []
    beside = (context / dockerfile).parent
    requirements = beside / "requirements.txt"
    if requirements.is_file():
        found += locked_python(requirements.read_text())
    listed = beside / NPM_LIST
    if listed.is_file():
        found += locked_npm(listed, context / "package-lock.json")
    return labels(found)


def locked_python(text: str) -> list[Package]:
    """The packages of a requirements.txt with pinned versions, those for other systems left out."""
    found = []
    for name, version, marker in re.findall(r"^([\w.-]+)==([^\s;\\]+)[ \t]*(?:;([^\\\n]*))?", text, re.MULTILINE):
        if not marker or _applies(marker):
            found.append(Package("pypi", canonical(name), version))
    return found


def _applies(marker: str) -> bool:
    from packaging.markers import Marker

    return Marker(marker.strip()).evaluate({"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"})


def locked_npm(listed: Path, lock: Path) -> list[Package]:
    """The packages of a list of paths (node_modules/NAME), with the versions of package-lock.json."""
    entries = json.loads(lock.read_text())["packages"]
    found = []
    for path in listed.read_text().split():
        if path not in entries:
            raise SbomError(
                f"{listed}: names {path}, which {lock} does not have. Run `npm run build` in {listed.parent}: "
                f"it writes {NPM_LIST} anew."
            )
        found.append(Package("npm", path.rpartition("node_modules/")[2], entries[path]["version"]))
    return found


def file_name(reference: str) -> str:
    """The document's name for an image: the last part of its repository."""
    repository = reference.partition("@")[0]
    head, colon, tail = repository.rpartition(":")
    return PurePosixPath(head if colon and "/" not in tail else repository).name + ".cdx.json"


def image_id_of(document: Path) -> str:
    """The ID of the image that a document was made of; empty where there is none or it is somebody else's."""
    try:
        properties = json.loads(document.read_text())["metadata"]["properties"]
        return next((item["value"] for item in properties if item["name"] == ID_PROPERTY), "")
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def document(reference: str, image_id: str, found: list[Package], os_release: str = "", created: str = "") -> str:
    """The CycloneDX document (JSON, version 1.6) of an image. The same image gives the same text.

    `os_release` is the text of the image's os-release file, `created` the image's own time (ISO 8601).
    """
    from datetime import datetime

    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    name = file_name(reference).removesuffix(".cdx.json")
    image = Component(
        type=ComponentType.CONTAINER,
        name=name,
        version=reference.rpartition(":")[2] if ":" in reference.rpartition("/")[2] else "",
        bom_ref=image_id,
        purl=PackageURL("oci", None, name, image_id),
    )
    system = dict(re.findall(r'^([A-Z_]+)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    bom = Bom(
        components=[_component(package, system) for package in found],
        # Named after the image, not drawn at random.
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"todo.k8s:{image_id}"),
        metadata=BomMetaData(
            component=image,
            properties=[Property(name=ID_PROPERTY, value=image_id)],
            timestamp=datetime.fromisoformat(created or "1970-01-01T00:00:00Z"),
        ),
    )
    bom.register_dependency(image, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(package: Package, system: dict[str, str]):
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    namespace, name, qualifiers = "", package.name, {}
    if package.kind == "deb":
        namespace = system.get("ID", "debian")
        version = system.get("VERSION_ID", "")
        upstream = package.source.replace("=", "@")
        qualifiers = {"arch": package.architecture, "distro": f"{namespace}-{version}" if version else ""}
        qualifiers |= {"upstream": upstream}
    elif package.name.startswith("@"):
        namespace, _slash, name = package.name.partition("/")
    url = PackageURL(package.kind, namespace or None, name, package.version, {k: v for k, v in qualifiers.items() if v})
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=url,
        bom_ref=url.to_string(),
        licenses=[LicenseFactory().make_from_string(package.licence)] if package.licence else [],
    )
