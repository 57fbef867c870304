"""Wait by watching until workloads are ready, and gather the evidence when one cannot become ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError
from ansible_collections.todo.k8s.plugins.module_utils.redact import redact
from ansible_collections.todo.k8s.plugins.module_utils.workload import (
    FAILED,
    PLURAL,
    READY,
    SUSPECT,
    Objects,
    Patience,
    Verdict,
    Workload,
    event_time,
    events_of,
    judge,
    newest_replicaset,
    owned_by,
)
from ansible_collections.todo.k8s.plugins.module_utils.workload_chain import (
    broken_link,
    chain_text,
    deepest_unready,
    summary_text,
)

WATCHED = (
    "deployments",
    "statefulsets",
    "replicasets",
    "pods",
    "services",
    "endpointslices",
    "persistentvolumeclaims",
    "events",
)
# One watch lasts this long before it is renewed.
WATCH_SECONDS = 240


class NotReady(Exception):
    """A workload cannot become ready, or did not in time; `failure` is what is known of it."""

    def __init__(self, failure: dict[str, Any], workloads: list[dict[str, Any]]) -> None:
        super().__init__(failure_text(failure))
        self.failure = failure
        self.workloads = workloads


@dataclass
class Grace:
    """Since when each trouble has lasted; turns a suspect into a failure once its grace is over."""

    since: dict[str, tuple[str, float]] = field(default_factory=dict)

    def settle(self, name: str, verdict: Verdict, now: float) -> Verdict:
        """The verdict with its grace applied. `now` is in seconds of any steady clock."""
        if verdict.state != SUSPECT:
            self.since.pop(name, None)
            return verdict
        trouble, start = self.since.get(name, ("", now))
        if trouble != verdict.trouble:
            start = now
        self.since[name] = (verdict.trouble, start)
        return replace(verdict, state=FAILED) if now - start >= verdict.grace else verdict


class Mirror:
    """A copy of a namespace's objects that watches keep up to date, one thread for each kind."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube, self._namespace = kube, namespace
        self._lock = threading.Lock()
        self._objects: dict[str, dict[str, dict[str, Any]]] = {}
        self._errors: dict[str, tuple[float, KubeError]] = {}
        self._stop = threading.Event()
        self.changed = threading.Event()

    def start(self) -> None:
        for plural in WATCHED:
            # Daemons: a blocked read must not keep the process when the wait is over.
            threading.Thread(target=self._follow, args=(plural,), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def complete(self) -> bool:
        """Whether every kind has been listed once."""
        with self._lock:
            return len(self._objects) == len(WATCHED)

    def objects(self) -> Objects:
        with self._lock:
            return {plural: list(items.values()) for plural, items in self._objects.items()}

    def trouble(self, seconds: float) -> KubeError | None:
        """The API's refusal at once, its silence once it has lasted for `seconds`."""
        with self._lock:
            for since, error in self._errors.values():
                if error.status in (401, 403) or time.monotonic() - since >= seconds:
                    return error
        return None

    def _follow(self, plural: str) -> None:
        version = ""
        while not self._stop.is_set():
            try:
                if not version:
                    items, version = self._kube.list(plural, self._namespace)
                    with self._lock:
                        self._objects[plural] = {item["metadata"]["uid"]: item for item in items}
                        self._errors.pop(plural, None)
                    self.changed.set()
                for kind, item in self._kube.watch(plural, self._namespace, version, WATCH_SECONDS):
                    if self._stop.is_set():
                        return
                    version = item["metadata"]["resourceVersion"]
                    if kind == "BOOKMARK":
                        continue
                    with self._lock:
                        if kind == "DELETED":
                            self._objects[plural].pop(item["metadata"]["uid"], None)
                        else:
                            self._objects[plural][item["metadata"]["uid"]] = item
                    self.changed.set()
            except KubeError as error:
                version = ""
                if error.status == 410:
                    continue
                with self._lock:
                    self._errors.setdefault(plural, (time.monotonic(), error))
                self.changed.set()
                self._stop.wait(0.5)


def wait_ready(
    kube: Kube,
    namespace: str,
    workloads: Sequence[Workload],
    timeout: float,
    patience: Patience | None = None,
    fail_fast: bool = True,
    api_seconds: float = 15,
    report: Callable[[str], None] = lambda text: None,
) -> list[dict[str, Any]]:
    """Return as soon as all workloads are ready, with the seconds that each took.

    :param timeout: Seconds in all.
    :param fail_fast: End early when a workload cannot become ready.
    :param api_seconds: How long the API server may be silent.
    :raises NotReady: naming the first broken link.
    :raises KubeError: where the API cannot be used.
    """
    patience, grace, mirror = patience or Patience(), Grace(), Mirror(kube, namespace)
    begin, took, said = time.monotonic(), {}, ""
    mirror.start()
    try:
        while True:
            now = time.monotonic()
            silence = mirror.trouble(api_seconds)
            if silence:
                raise silence
            left = timeout - (now - begin)
            if mirror.complete():
                objects = mirror.objects()
                verdicts = {
                    item.name: grace.settle(item.name, judge(item, objects, patience), now) for item in workloads
                }
                for name, verdict in verdicts.items():
                    if verdict.state == READY:
                        took.setdefault(name, round(now - begin, 2))
                text = summary_text(workloads, verdicts)
                if text != said:
                    report(text)
                    said = text
                if all(verdict.state == READY for verdict in verdicts.values()):
                    return describe(workloads, verdicts, took)
                guilty = broken_link(workloads, verdicts) if fail_fast else None
                if not guilty and left <= 0:
                    guilty = deepest_unready(workloads, verdicts) or next(
                        name for name, verdict in verdicts.items() if verdict.state != READY
                    )
                if guilty:
                    failure = evidence(kube, namespace, guilty, workloads, verdicts, objects)
                    failure["after_seconds"] = round(now - begin, 1)
                    failure["timed_out"] = left <= 0 and verdicts[guilty].state != FAILED
                    raise NotReady(failure, describe(workloads, verdicts, took))
            elif left <= 0:
                raise KubeError(
                    f"API server at {kube.host}: no full answer within {timeout} s; needed: a running cluster;"
                    " remedy: `make status` tells its state"
                )
            # Changes wake the loop at once; the half second is only for graces that run out.
            mirror.changed.wait(max(0.05, min(0.5, left)))
            mirror.changed.clear()
    finally:
        mirror.stop()


def snapshot(kube: Kube, namespace: str) -> Objects:
    """The namespace's objects as they are now."""
    return {plural: kube.list(plural, namespace)[0] for plural in WATCHED}


def describe(
    workloads: Sequence[Workload], verdicts: dict[str, Verdict], took: dict[str, float] | None = None
) -> list[dict[str, Any]]:
    """What a module returns of each workload."""
    rows = []
    for item in workloads:
        verdict = verdicts[item.name]
        rows.append(
            {
                "kind": item.kind,
                "name": item.name,
                "state": verdict.state,
                "reason": verdict.reason,
                "message": verdict.message,
                "replicas": verdict.replicas,
                "ready_replicas": verdict.ready_replicas,
                "seconds": (took or {}).get(item.name),
            }
        )
    return rows


def evidence(
    kube: Kube,
    namespace: str,
    name: str,
    workloads: Sequence[Workload],
    verdicts: dict[str, Verdict],
    objects: Objects,
) -> dict[str, Any]:
    """Everything that a reader needs of the broken link: its verdict, the chain, events and log lines."""
    workload = next(item for item in workloads if item.name == name)
    verdict = verdicts[name]
    lines: list[str] = []
    if verdict.pod and verdict.container:
        try:
            text = kube.logs(namespace, verdict.pod, verdict.container) or kube.logs(
                namespace, verdict.pod, verdict.container, previous=True
            )
            lines = [redact(line) for line in text.splitlines()]
        except KubeError as error:
            lines = [f"(the log cannot be read: {error})"]
    return {
        **{key: value for key, value in asdict(verdict).items() if key not in ("state", "trouble", "grace")},
        "workload": f"{workload.kind}/{name}",
        "namespace": namespace,
        "image": _image(objects, verdict),
        "chain": chain_text(name, workloads, verdicts),
        "events": recent_events(objects, workload, verdict),
        "logs": lines,
        "summary": summary_text(workloads, verdicts),
    }


def _image(objects: Objects, verdict: Verdict) -> str:
    for pod in objects.get("pods", ()):
        if pod["metadata"]["name"] == verdict.pod:
            spec = pod.get("spec") or {}
            for item in (spec.get("containers") or []) + (spec.get("initContainers") or []):
                if item.get("name") == verdict.container:
                    return item.get("image", "")
    return ""


def recent_events(objects: Objects, workload: Workload, verdict: Verdict, limit: int = 6) -> list[str]:
    """The newest warnings about the workload, its newest ReplicaSet, the pod and its claims, one line each."""

    def named(plural: str, names: Iterable[str]) -> list[dict[str, Any]]:
        return [item for item in objects.get(plural, ()) if item["metadata"]["name"] in names]

    subjects = named(PLURAL[workload.kind], [workload.name])
    if workload.kind == "Deployment" and subjects:
        newest = newest_replicaset(subjects[0], objects)
        subjects += [newest] if newest else []
    pods = named("pods", [verdict.pod]) or (owned_by(subjects[-1], objects.get("pods", ())) if subjects else [])
    claims = [
        (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        for pod in pods
        for volume in (pod.get("spec") or {}).get("volumes") or []
    ]
    subjects += pods + named("persistentvolumeclaims", claims)
    rows: dict[str, str] = {}
    for event in sorted(events_of(objects, *subjects), key=event_time):
        count = event.get("count") or (event.get("series") or {}).get("count") or 1
        about = event.get("involvedObject") or {}
        head = f"{event.get('reason')} {about.get('kind')}/{about.get('name')}"
        text = redact(" ".join((event.get("message") or "").split()))
        rows.pop(f"{head}{text}", None)
        rows[f"{head}{text}"] = f"{head}{f' x{count}' if count > 1 else ''}: {text}"
    return list(rows.values())[-limit:]


def failure_text(failure: dict[str, Any]) -> str:
    """The failure for a terminal: the broken link first, then found, needed, remedy, events and log lines."""
    verb = "was not ready in time" if failure.get("timed_out") else "cannot become ready"
    rows = [f"{failure['workload']} {verb}: {failure['message']} ({failure['reason']})"]
    for key in ("chain", "found", "needed", "remedy", "image"):
        if failure.get(key):
            rows.append(f"  {key + ':':9}{redact(str(failure[key]))}")
    where = "/".join(part for part in (failure.get("pod"), failure.get("container")) if part)
    if where:
        rows.append(f"  pod:     {where} in namespace {failure['namespace']}")
    if failure.get("events"):
        rows += ["  events:", *(f"    {line}" for line in failure["events"])]
    if failure.get("logs"):
        rows += ["  last log lines:", *(f"    {line}" for line in failure["logs"])]
    elif where:
        rows.append("  last log lines: none, the container has not run")
    rows.append(f"  after {failure.get('after_seconds', 0)} s: {failure['summary']}")
    return "\n".join(rows)
