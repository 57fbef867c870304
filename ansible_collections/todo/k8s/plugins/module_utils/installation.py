"""What state an installation is in: the probes, and the plain words for what they found.

The probes read only, each within about two seconds, and none needs the docker, minikube, kubectl or helm commands.
The words are pure functions of what the probes found.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ansible_collections.todo.k8s.plugins.module_utils.kube import Kube, KubeError, is_near, list_path

PROFILE_LABEL = "name.minikube.sigs.k8s.io"
SECONDS = 2.0


def probe_engine(state_dir: str) -> dict[str, Any]:
    """The Docker engine: state running, stopped (there, but silent) or absent; host, version, managed."""
    try:
        import docker  # noqa: F401
    except ImportError:
        return {"state": "unknown", "detail": "the Python package docker is not importable"}
    from ansible_collections.todo.k8s.plugins.module_utils import docker_engine as engines

    paths = engines.EnginePaths(state=Path(state_dir) / "engine", data=Path())
    info = engines.find(dict(os.environ), timeout=SECONDS)
    if info:
        managed = engines.managed_pid(paths) is not None
        return {"state": "running", "host": info.host, "version": info.version, "managed": managed}
    ours = bool(engines.last_command(paths))
    there = ours or shutil.which("dockerd") or shutil.which("docker")
    return {"state": "stopped" if there else "absent", "managed": ours}


def probe_profile(profile: str, minikube_home: str, engine: Mapping[str, Any]) -> dict[str, Any]:
    """The Minikube profile: state running, stopped, partly, absent or unreachable (recorded, no engine to ask)."""
    home = Path(minikube_home)
    recorded = any((folder / "profiles" / profile / "config.json").is_file() for folder in (home / ".minikube", home))
    if engine["state"] != "running":
        return {"state": "unreachable" if recorded else "absent", "nodes": [], "recorded": recorded}
    import docker

    try:
        client = docker.APIClient(base_url=engine["host"], timeout=SECONDS)
        try:
            found = client.containers(all=True, filters={"label": f"{PROFILE_LABEL}={profile}"})
        finally:
            client.close()
    except (docker.errors.DockerException, OSError) as error:
        return {"state": "unreachable", "nodes": [], "recorded": recorded, "detail": str(error)}
    nodes = [{"name": item["Names"][0].lstrip("/"), "state": item["State"]} for item in found]
    nodes.sort(key=lambda item: item["name"])
    running = sum(item["state"] == "running" for item in nodes)
    if not nodes:
        state = "unreachable" if recorded else "absent"
    else:
        state = "running" if running == len(nodes) else "partly" if running else "stopped"
    return {"state": state, "nodes": nodes, "recorded": recorded}


def probe_release(kube: Kube, namespace: str, name: str) -> dict[str, Any]:
    """The newest revision of a Helm release, from Helm's own records: state as Helm names it, or absent."""
    answer = kube.request(
        "GET",
        list_path("secrets", namespace),
        {"labelSelector": f"owner=helm,name={name}"},
        # Labels only: the records themselves are hundreds of kilobytes.
        {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
    )
    if answer.status != 200:
        return {"state": "unknown", "detail": f"the API server answers {answer.status} to the list of releases"}
    records = json.loads(answer.body).get("items") or []
    if not records:
        return {"state": "absent"}
    newest = max(records, key=lambda item: int(item["metadata"]["labels"].get("version", 0)))
    labels = newest["metadata"]["labels"]
    found = {"state": labels.get("status", "unknown"), "revision": int(labels.get("version", 0)), "name": name}
    record = kube.get("secrets", namespace, newest["metadata"]["name"])
    return {**found, **chart_of(((record or {}).get("data") or {}).get("release", ""))}


def chart_of(payload: str) -> dict[str, str]:
    """Chart and version in Helm's record (base64 in base64 around gzip around JSON), empty where unreadable."""
    try:
        meta = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(payload))))["chart"]["metadata"]
        return {"chart": meta["name"], "chart_version": meta["version"]}
    except (ValueError, OSError, KeyError, TypeError):
        return {}


def probe_urls(urls: Sequence[str]) -> list[dict[str, Any]]:
    """Whether each address answers: {url, ok, status, latency_ms, detail}; all are asked at a time."""
    import requests

    from ansible_collections.todo.k8s.plugins.module_utils.check_run import reason_of

    def ask(url: str) -> dict[str, Any]:
        begin = time.monotonic()
        session = requests.Session()
        session.trust_env = not is_near(urlparse(url).hostname or "")
        try:
            status = session.get(url, timeout=SECONDS, allow_redirects=False).status_code
            detail = f"answers {status}"
        except (requests.RequestException, OSError) as error:
            status, detail = 0, f"does not answer ({reason_of(error)})"
        finally:
            session.close()
        took = round((time.monotonic() - begin) * 1000)
        return {"url": url, "ok": 200 <= status < 400, "status": status, "latency_ms": took, "detail": detail}

    with ThreadPoolExecutor(max_workers=max(1, min(8, len(urls)))) as pool:
        return list(pool.map(ask, urls))


def probe_cluster(
    kubeconfig: str | None, context: str, namespace: str, release: str, workloads: Sequence[Any]
) -> dict[str, Any]:
    """What the API server says: version, release and workloads; state silent where it does not answer."""
    from ansible_collections.todo.k8s.plugins.module_utils.workload import judge
    from ansible_collections.todo.k8s.plugins.module_utils.workload_wait import describe, snapshot

    try:
        kube = Kube(kubeconfig, context, SECONDS)
        version = kube.version()
        objects = snapshot(kube, namespace)
        return {
            "state": "answers",
            "version": version,
            "release": probe_release(kube, namespace, release),
            "workloads": describe(workloads, {item.name: judge(item, objects) for item in workloads}),
        }
    except KubeError as error:
        return {"state": "silent", "detail": str(error), "release": {"state": "unknown"}, "workloads": []}


def verdict(facts: Mapping[str, Any]) -> str:
    """running, degraded, stopped or absent, in one word for the whole.

    :param facts: engine, profile, cluster, urls, as the probes return them; cluster is None where not asked.
    """
    profile = facts["profile"]["state"]
    if profile == "absent":
        return "absent"
    if profile in ("stopped", "unreachable"):
        return "stopped"
    cluster = facts.get("cluster") or {}
    healthy = (
        profile == "running"
        and cluster.get("state") == "answers"
        and cluster["release"]["state"] == "deployed"
        and all(item["state"] == "ready" for item in cluster["workloads"])
        and all(item["ok"] for item in facts["urls"])
    )
    return "running" if healthy else "degraded"


HEADLINES = {
    "running": "{name} is up: everything is running and its pages answer.",
    "degraded": "{name} is up in part: see what is marked below.",
    "stopped": "{name} is installed, but stopped. Its data is kept.",
    "absent": "{name} is not installed.",
}
NEXT = {
    "running": "make down takes it away again",
    "degraded": "make up repairs what can be repaired, and names what cannot",
    "stopped": "make up starts it again",
    "absent": "make up installs it",
}


def words(name: str, profile: str, facts: Mapping[str, Any]) -> list[str]:
    """The state for a terminal, a line for each part; what is not as it should be begins with an exclamation mark."""
    state = verdict(facts)
    rows = [HEADLINES[state].format(name=name)]
    rows.append(_row("engine", *_engine_words(facts["engine"], state == "absent")))
    rows.append(_row("cluster", *_profile_words(profile, facts["profile"], state == "absent")))
    cluster = facts.get("cluster")
    if cluster:
        answers = cluster["state"] == "answers"
        text = f"the API server answers, Kubernetes {cluster['version']}" if answers else cluster["detail"]
        rows.append(_row("", answers, text))
        if answers:
            rows.append(_row("release", *_release_words(cluster["release"])))
            # Without a release there are no workloads; five lines that say so would hide the cause.
            if cluster["release"]["state"] != "absent":
                rows += _workload_rows(cluster["workloads"])
    for index, item in enumerate(facts["urls"]):
        text = f"{item['url']} {item['detail']}" + (f" in {item['latency_ms']} ms" if item["ok"] else "")
        rows.append(_row("" if index else "pages", item["ok"], text))
    rows.append(_row("next", True, NEXT[state]))
    return rows


def _row(title: str, good: bool, text: str) -> str:
    return f"{' ' if good else '!'} {title:10}{text}"


def _engine_words(engine: Mapping[str, Any], absent: bool) -> tuple[bool, str]:
    if engine["state"] == "running":
        by = "started by this project" if engine.get("managed") else "not this project's, left as it is"
        return True, f"Docker {engine['version']} answers at {engine['host']} ({by})"
    if engine["state"] == "stopped":
        return absent, "Docker is there, but no engine answers"
    if engine["state"] == "unknown":
        return False, engine["detail"]
    return absent, "no Docker engine"


def _profile_words(profile: str, found: Mapping[str, Any], absent: bool) -> tuple[bool, str]:
    nodes = ", ".join(f"{item['name']} {item['state']}" for item in found["nodes"])
    if found["state"] == "running":
        return True, f"Minikube profile {profile} is running ({len(found['nodes'])} nodes)".replace(
            "(1 nodes", "(1 node"
        )
    if found["state"] in ("stopped", "partly"):
        how = "stopped" if found["state"] == "stopped" else "running in part"
        return False, f"Minikube profile {profile} is {how} (containers: {nodes})"
    if found["state"] == "unreachable":
        return False, f"Minikube profile {profile} is recorded, but no engine has its node"
    return absent, f"no Minikube profile {profile}"


def _release_words(release: Mapping[str, Any]) -> tuple[bool, str]:
    if release["state"] == "absent":
        return False, "no Helm release"
    if release["state"] == "unknown":
        return False, release.get("detail", "unknown")
    chart = f", chart {release['chart']} {release['chart_version']}" if release.get("chart") else ""
    return release[
        "state"
    ] == "deployed", f"{release['name']}, revision {release['revision']}: {release['state']}{chart}"


def _workload_rows(workloads: Iterable[Mapping[str, Any]]) -> list[str]:
    every = list(workloads)
    if not every:
        return []
    unready = [item for item in every if item["state"] != "ready"]
    rows = [_row("workloads", not unready, f"{len(every) - len(unready)} of {len(every)} ready")]
    return rows + [_row("", False, f"{item['name']}: {item['message']}") for item in unready]
