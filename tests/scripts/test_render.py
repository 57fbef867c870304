"""Which renderings are made, and how a running cluster is given them."""

from __future__ import annotations

import json

import pytest
import yaml
from chart_checks import dry_run, render
from chart_checks.model import CheckError
from conftest import BAD

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80, "nodePort": 30000}, {"port": 81, "nodePort": 32767}, {"port": 82}]},
}
ROUTE = {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "web"}}


def data(tmp_path, **told):
    path = tmp_path / "renderings.yml"
    path.write_text(yaml.safe_dump({"objects": {"Deployment": 1, "Secret": 1}, "files": {}, "variants": [], **told}))
    return path


def test_every_values_file_is_rendered_and_the_variants_after_them(tmp_path):
    for name in ("values.yaml", "values-b.yaml", "values-a.yaml"):
        (tmp_path / name).touch()
    told = data(
        tmp_path,
        files={"values-b.yaml": {"arguments": ["--set=x=1"], "objects": {"Deployment": 2}}},
        variants=[{"name": "plain", "values": "values-a.yaml", "objects": {"Secret": 0}}],
    )
    one, two, three = render.wanted(tmp_path, told)
    assert (one.name, one.arguments, one.objects) == ("values-a.yaml", [], {"Deployment": 1, "Secret": 1})
    assert (two.name, two.arguments, two.objects["Deployment"]) == ("values-b.yaml", ["--set=x=1"], 2)
    assert (three.name, three.values, three.objects) == ("plain", "values-a.yaml", {"Deployment": 1})
    assert three.helm_arguments(tmp_path) == ["-f", str(tmp_path / "values-a.yaml")]


def test_an_entry_for_a_file_that_is_gone_is_refused(tmp_path):
    (tmp_path / "values-a.yaml").touch()
    with pytest.raises(CheckError, match="entries for values-old.yaml, needed .*values-a.yaml"):
        render.wanted(tmp_path, data(tmp_path, files={"values-old.yaml": {}}))
    with pytest.raises(CheckError, match="none"):
        render.wanted(tmp_path / "empty", data(tmp_path))


def test_an_empty_rendering_is_refused(tmp_path, tools):
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: todo-app\nversion: 1.0.0\n")
    (tmp_path / "values-a.yaml").touch()
    one = render.Wanted("values-a.yaml", "values-a.yaml", [], {"Deployment": 1})
    with pytest.raises(CheckError, match="found no object, needed 1"):
        render.render(tools / "helm", one, tmp_path, chart=tmp_path)


def test_taken_node_ports_are_replaced_by_free_ones(tmp_path, rendering):
    written = dry_run.write(rendering(SERVICE, BAD), tmp_path, {30000, 32767}, {})
    sent = json.loads((tmp_path / "made.json").read_text())["items"]
    assert written["objects"] == len(sent) == 2
    assert [port.get("nodePort") for port in sent[0]["spec"]["ports"]] == [32766, 32765, None]
    assert SERVICE["spec"]["ports"][0]["nodePort"] == 30000


def test_node_ports_that_are_free_stay(tmp_path, rendering):
    dry_run.write(rendering(SERVICE), tmp_path, {31000}, {})
    sent = json.loads((tmp_path / "made.json").read_text())["items"]
    assert sent == [SERVICE]


def test_what_a_cluster_does_not_serve_is_left_out_with_the_reason(tmp_path, rendering):
    written = dry_run.write(rendering(ROUTE, BAD), tmp_path, set(), {"Route": "no such API"})
    assert written["objects"] == 1 and written["left_out"] == ["Route/web: no such API"]
