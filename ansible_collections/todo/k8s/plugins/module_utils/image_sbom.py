"""Documents of what is in images: which are up to date, and writing those that are not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import engine_layers, image_content, sbom
from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, explain, refusals
from ansible_collections.todo.k8s.plugins.module_utils.sbom import SbomError


def provide(
    references: list[str], folder: Path, store: ImageStore, *, check: bool = False, say=lambda text: None
) -> dict[str, dict]:
    """Have a document for each image; returns by reference what modules/image_sbom.py returns.

    Raises SbomError, ContentError or StoreError.
    """
    paths = {reference: folder / sbom.file_name(reference) for reference in dict.fromkeys(references)}
    twice = [str(path) for path, count in Counter(paths.values()).items() if count > 1]
    if twice:
        raise SbomError(f"{twice[0]}: two images would have this document. Name one of them at a time.")
    found, layers = {}, {}
    for reference, path in paths.items():
        inspected = store.inspect(reference)
        if inspected is None:
            raise SbomError(
                f"Image {reference}: the engine has none of this name, and one is needed. Build or pull it first."
            )
        changed = sbom.image_id_of(path) != inspected["Id"]
        if changed and not check:
            say(f"reading what is in {reference}")
            _write(path, read(reference, inspected, store, layers))
        packages = [] if changed and check else sbom.packages_of(path.read_text())
        says = (inspected.get("Config") or {}).get("Labels") or {}
        found[reference] = {
            "path": str(path),
            "id": inspected["Id"],
            "changed": changed,
            "packages": dict(sorted(Counter(package.kind for package in packages).items())),
            "wrong_labels": sbom.wrong_labels(says, packages) if packages else {},
        }
    return found


def read(reference: str, inspected: dict, store: ImageStore, layers: dict[str, image_content.Layer]) -> str:
    """The document of one image of the engine. `layers` keeps what was read, as images share their lower ones."""
    try:
        files = _files(inspected, store, layers)
    except refusals() as error:
        raise SbomError(f"Image {reference}: the engine did not save it: {explain(error)}") from error
    except (image_content.ContentError, engine_layers.LayerError) as error:
        raise SbomError(
            f"Image {reference}: {error}. Needed: an engine that answers `docker save {reference}`."
        ) from error
    release = files.get("usr/lib/os-release") or files.get("etc/os-release") or b""
    packages = sbom.packages(files)
    return sbom.document(
        reference, inspected["Id"], packages, release.decode(errors="replace"), inspected.get("Created") or ""
    )


def _files(inspected: dict, store: ImageStore, layers: dict[str, image_content.Layer]) -> dict[str, bytes]:
    root = store.root()
    image = engine_layers.open_image(inspected["Id"], inspected, root) if root else None
    if image is None:  # a remote engine, or another storage driver
        return image_content.files(store.api.get_image(inspected["Id"], chunk_size=1 << 20), sbom.wanted)
    for layer in image.layers:
        if layer.digest not in layers:
            layers[layer.digest] = image_content.layer(layer.chunks(), sbom.wanted)
    return image_content.together(layers[layer.digest] for layer in image.layers)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)
