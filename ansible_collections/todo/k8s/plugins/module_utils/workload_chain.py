"""Which of several workloads is the first broken link, and how to say so: pure functions of verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.todo.k8s.plugins.module_utils.workload import FAILED, READY, Verdict, Workload

Verdicts = Mapping[str, Verdict]


def check_needs(workloads: Sequence[Workload]) -> None:
    """Refuse needs that name nothing, and circles.

    :raises ValueError: with the names that are wrong.
    """
    by_name = {item.name: item for item in workloads}
    if len(by_name) != len(workloads):
        raise ValueError("workloads: a name occurs twice; needed: each name once")
    for item in workloads:
        for need in item.needs:
            if need not in by_name:
                raise ValueError(
                    f"workload {item.name} needs {need}, which is not in the list; known are {', '.join(by_name)}"
                )

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"workloads need each other in a circle: {' → '.join((*path, name))}")
        for need in by_name[name].needs:
            walk(need, (*path, name))

    for name in by_name:
        walk(name, ())


def all_needs(name: str, workloads: Sequence[Workload]) -> list[str]:
    """Everything the workload needs, directly or through others, the deepest first."""
    by_name = {item.name: item for item in workloads}
    found: list[str] = []

    def walk(each: str) -> None:
        for need in by_name[each].needs:
            walk(need)
            if need not in found:
                found.append(need)

    walk(name)
    return found


def broken_link(workloads: Sequence[Workload], verdicts: Verdicts) -> str | None:
    """The workload to blame now, or None while everything may still come.

    A failure that a dependency can cause (a crash) is not judged while that dependency is still on its way, and is
    blamed on the dependency when that one has failed too.
    """
    for item in workloads:
        verdict = verdicts[item.name]
        if verdict.state != FAILED:
            continue
        needs = all_needs(item.name, workloads)
        failed = [need for need in needs if verdicts[need].state == FAILED]
        if failed:
            return failed[0]
        if verdict.own_fault or all(verdicts[need].state == READY for need in needs):
            return item.name
    return None


def deepest_unready(workloads: Sequence[Workload], verdicts: Verdicts) -> str | None:
    """At a timeout: the unready workload whose own needs are all ready, failed ones first."""
    candidates = [
        item.name
        for item in workloads
        if verdicts[item.name].state != READY
        and all(verdicts[need].state == READY for need in all_needs(item.name, workloads))
    ]
    return min(candidates, key=lambda name: verdicts[name].state != FAILED, default=None)


def chain_text(name: str, workloads: Sequence[Workload], verdicts: Verdicts) -> str:
    """ "a is waiting on b, which is waiting on c" for the longest row of unready workloads that ends at `name`."""
    unready = [item for item in workloads if verdicts[item.name].state != READY]

    def longest(to: str) -> list[str]:
        rows = [longest(item.name) for item in unready if to in item.needs]
        return [*max(rows, key=len, default=[]), to]

    row = longest(name)
    if len(row) < 2:
        return ""
    return f"{row[0]} is waiting on {row[1]}" + "".join(f", which is waiting on {each}" for each in row[2:])


def summary_text(workloads: Sequence[Workload], verdicts: Verdicts) -> str:
    """ "3 of 5 workloads ready; waiting: todo-backend (container starting)": one line of progress."""
    ready = [item.name for item in workloads if verdicts[item.name].state == READY]
    text = f"{len(ready)} of {len(workloads)} workloads ready"
    rest = [f"{item.name} ({short_text(verdicts[item.name])})" for item in workloads if item.name not in ready]
    return text + (f"; waiting: {', '.join(rest)}" if rest else "")


def short_text(verdict: Verdict) -> str:
    """The verdict's message in a few words, without the pod's generated name (which only the failure needs)."""
    if verdict.reason == "NotReady":
        return "running, not ready yet"
    text = verdict.message
    for prefix in (f"pod {verdict.pod}: ", f"pod {verdict.pod} is ", f"pod {verdict.pod} "):
        if verdict.pod and text.startswith(prefix):
            text = text[len(prefix) :]
            break
    return text if len(text) <= 100 else text[:97] + "..."
