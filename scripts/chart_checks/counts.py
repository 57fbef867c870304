"""Each rendering has exactly the objects that renderings.yml says, in its namespace, with all their probes."""

from __future__ import annotations

from collections import Counter

from chart_checks.model import NAMESPACE, Context, Finding, Outcome, Rendering, identity, pod_of
from chart_checks.render import Wanted, wanted

#: What each container of a Deployment states.
NEEDED = {"startupProbe", "readinessProbe", "livenessProbe", "resources", "securityContext"}


def review(rendering: Rendering, one: Wanted, namespace: str) -> list[Finding]:
    """What is wrong with one rendering's objects."""
    kinds = dict(Counter(item["kind"] for item in rendering.objects))
    wrong = []
    if kinds != one.objects:
        wrong.append(("Chart/todo-app", "objects", f"found {kinds}, needed {one.objects}"))
    for item in rendering.objects:
        if (found := item["metadata"].get("namespace")) != namespace:
            wrong.append((identity(item), "namespace", f"found {found}, needed {namespace}"))
        if item["kind"] == "Deployment":
            for container in pod_of(item)["containers"]:
                if missing := NEEDED - set(container):
                    wrong.append(
                        (identity(item), "container", f"{container['name']} lacks {', '.join(sorted(missing))}")
                    )
    names = Counter(identity(item) for item in rendering.objects)
    wrong += [(name, "twice", "found two objects of this name") for name, times in names.items() if times > 1]
    return [Finding(*what, rendering.name) for what in wrong]


def check(context: Context) -> Outcome:
    """Review every rendering."""
    asked = {one.name: one for one in wanted()}
    findings = [
        finding for rendering in context.renderings for finding in review(rendering, asked[rendering.name], NAMESPACE)
    ]
    needed = sum(sum(one.objects.values()) for one in asked.values())
    return Outcome(sum(len(rendering.objects) for rendering in context.renderings), needed, "objects", findings)
