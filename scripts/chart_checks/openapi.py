"""JSON schemas from Kubernetes' OpenAPI (Swagger 2) document: one file for each kind, in kubeconform's layout.

Stricter than the document: a field that it does not name is refused, and so is a null, which mostly is a value that a
template did not find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

POINTER = "#/definitions/"
#: Types whose form the document gives as that of their Go type, and what the API server really takes.
REAL = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}
#: What of a definition a validator needs.
KEPT = {"type", "required", "enum", "minimum", "maximum", "pattern"}


def file_name(group: str, version: str, kind: str) -> str:
    """kubeconform's name of a kind's schema; of a group it takes the part before the first point."""
    words = [kind.lower(), *([group.split(".")[0]] if group else []), version]
    return "-".join(words) + ".json"


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A definition, or a part of one, that refuses what it does not name."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    made = {word: value for word, value in schema.items() if word in KEPT}
    if "properties" in schema:
        made["properties"] = {name: strict(part) for name, part in schema["properties"].items()}
        made["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        made["items"] = strict(schema["items"])
    return made


def references(schema: Any) -> Iterator[str]:
    """Names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        for word, value in schema.items():
            if word == "$ref" and isinstance(value, str):
                yield value.removeprefix(POINTER)
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def reachable(name: str, definitions: dict[str, dict]) -> dict[str, dict]:
    """The definitions that one needs, directly or through others."""
    found: dict[str, dict] = {}
    waiting = list(references(definitions[name]))
    while waiting:
        if (one := waiting.pop()) not in found:
            found[one] = definitions[one]
            waiting += references(definitions[one])
    return found


def schemas(document: dict[str, Any]) -> dict[str, dict]:
    """Every kind's schema by file name. Raises ValueError for a document without kinds."""
    definitions = {name: REAL.get(name) or strict(part) for name, part in document.get("definitions", {}).items()}
    made = {}
    for name, part in document.get("definitions", {}).items():
        kinds = part.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1:  # options of a request, which serve every group and are no objects
            continue
        group, version, kind = (kinds[0][word] for word in ("group", "version", "kind"))
        schema = {**definitions[name], "definitions": reachable(name, definitions)}
        schema["properties"] = {
            **schema.get("properties", {}),
            "apiVersion": {"enum": [f"{group}/{version}".lstrip("/")]},
            "kind": {"enum": [kind]},
        }
        schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind"})
        made[file_name(group, version, kind)] = schema
    if not made:
        raise ValueError("found no kinds, needed Kubernetes' api/openapi-spec/swagger.json")
    return made
