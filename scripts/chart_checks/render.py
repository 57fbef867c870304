"""The chart's renderings: every values-*.yaml by itself, and the variants of renderings.yml."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from chart_checks.model import CHART, NAMESPACE, CheckError, Rendering, call

DATA = Path(__file__).with_name("renderings.yml")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Wanted:
    """One rendering to make: its values file, further arguments of Helm, and how many objects of each kind it has."""

    name: str
    values: str
    arguments: list[str]
    objects: dict[str, int]

    def helm_arguments(self, chart: Path) -> list[str]:
        """The values file and the rest, as Helm takes them."""
        return ["-f", str(chart / self.values), *self.arguments]


def wanted(chart: Path = CHART, data: Path = DATA) -> list[Wanted]:
    """What has to be rendered. Raises CheckError where the data names a file that is not there."""
    told = yaml.safe_load(data.read_text(encoding="utf-8"))
    found = sorted(path.name for path in chart.glob("values-*.yaml"))
    entries = [{"name": name, **told["files"].pop(name, {})} for name in found]
    if told["files"] or not found:
        raise CheckError(
            f"{data.name}: found entries for {', '.join(told['files']) or 'no file'}, needed the chart's own files "
            f"({', '.join(found) or 'none'}). Correct the name."
        )
    return [
        Wanted(
            name=entry["name"],
            values=entry.get("values", entry["name"]),
            arguments=entry.get("arguments", []),
            objects=count_of({**told["objects"], **entry.get("objects", {})}),
        )
        for entry in [*entries, *told["variants"]]
    ]


def count_of(objects: dict[str, int]) -> dict[str, int]:
    """The kinds that there are; 0 in an entry takes one away that others have."""
    return {kind: number for kind, number in objects.items() if number}


def render(helm: Path, one: Wanted, folder: Path, *, namespace: str = NAMESPACE, chart: Path = CHART) -> Rendering:
    """Render once, into a file of `folder`. Raises CheckError with Helm's words."""
    arguments = one.helm_arguments(chart)
    done = call(helm, "template", "todo-app", chart, "--namespace", namespace, *arguments)
    if done.returncode:
        raise CheckError(f"rendering {one.name}: {done.stderr.strip()}")
    path = folder / f"{one.name.removesuffix('.yaml')}.yaml"
    path.write_text(done.stdout, encoding="utf-8")
    objects = [item for item in yaml.load_all(done.stdout, LOADER) if item]  # noqa: S506  a safe loader
    if not objects:
        raise CheckError(f"rendering {one.name}: found no object, needed {sum(one.objects.values())}.")
    return Rendering(one.name, arguments, path, objects)


def render_all(helm: Path, folder: Path, namespace: str = NAMESPACE) -> list[Rendering]:
    """Make every rendering, two at a time. Raises CheckError."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda one: render(helm, one, folder, namespace=namespace), wanted()))
