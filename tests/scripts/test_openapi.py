"""Schemas from an OpenAPI document: strict, each with what it refers to, under kubeconform's names."""

from __future__ import annotations

import jsonschema
import pytest
from chart_checks import openapi

DOCUMENT = {
    "definitions": {
        "api.Thing": {
            "type": "object",
            "description": "long",
            "required": ["spec"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "spec": {"$ref": "#/definitions/api.Spec", "default": {}},
            },
            "x-kubernetes-group-version-kind": [{"group": "things.k8s.io", "version": "v1", "kind": "Thing"}],
        },
        "api.Spec": {
            "type": "object",
            "properties": {
                "port": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/api.Spec"}},
            },
        },
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
        "api.Unrelated": {"type": "object"},
        "api.Options": {
            "type": "object",
            "x-kubernetes-group-version-kind": [
                {"group": "", "version": "v1", "kind": "Options"},
                {"group": "apps", "version": "v1", "kind": "Options"},
            ],
        },
    }
}


@pytest.fixture
def thing():
    made = openapi.schemas(DOCUMENT)
    assert list(made) == ["thing-things-v1.json"]
    return made["thing-things-v1.json"]


def accepted(schema: dict, spec: dict, **more: object) -> bool:
    item = {"apiVersion": "things.k8s.io/v1", "kind": "Thing", "spec": spec, **more}
    return jsonschema.Draft7Validator(schema).is_valid(item)


def test_an_object_as_described_is_accepted(thing):
    assert accepted(thing, {"port": 80, "labels": {"a": "b"}, "parts": [{"port": "http"}]})


@pytest.mark.parametrize(
    "spec",
    [
        {"prot": 80},
        {"port": None},
        {"port": 1.5},
        {"labels": {"a": 1}},
        {"parts": [{"parts": [{"prot": 1}]}]},
    ],
)
def test_what_is_not_described_is_refused_at_any_depth(thing, spec):
    assert not accepted(thing, spec)


def test_another_version_or_a_missing_part_is_refused(thing):
    assert not accepted(thing, {}, apiVersion="v1")
    assert not accepted(thing, {}, other=1)
    assert not jsonschema.Draft7Validator(thing).is_valid({"apiVersion": "things.k8s.io/v1", "kind": "Thing"})


def test_only_what_is_referred_to_comes_along(thing):
    assert set(thing["definitions"]) == {"api.Spec", "io.k8s.apimachinery.pkg.util.intstr.IntOrString"}


@pytest.mark.parametrize(
    ("group", "name"),
    [("", "service-v1.json"), ("apps", "service-apps-v1.json"), ("a.b.io", "service-a-v1.json")],
)
def test_names_are_kubeconforms(group, name):
    assert openapi.file_name(group, "v1", "Service") == name


def test_a_document_without_kinds_is_refused():
    with pytest.raises(ValueError, match="found no kinds"):
        openapi.schemas({"openapi": "3.0"})
