"""Is a workload ready, still coming, or unable to come, and why: pure functions of objects as the API returns them.

Nothing here talks to a cluster. `objects` maps a plural kind ("pods", "replicasets", …) to a list of dictionaries.
A verdict of "suspect" is a failure that may still cure itself: the caller decides when its grace is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

READY, WAITING, SUSPECT, FAILED = "ready", "waiting", "suspect", "failed"
# The worst first: what a report about several pods should name.
SEVERITY = (FAILED, SUSPECT, WAITING, READY)
REVISION = "deployment.kubernetes.io/revision"
PLURAL = {"Deployment": "deployments", "StatefulSet": "statefulsets"}
Objects = Mapping[str, Iterable[dict[str, Any]]]


@dataclass(frozen=True)
class Patience:
    """Seconds that each kind of trouble is given to cure itself, and the restarts that make a crash loop."""

    image_seconds: float = 8
    config_seconds: float = 3
    unschedulable_seconds: float = 10
    claim_seconds: float = 20
    mount_seconds: float = 15
    missing_seconds: float = 10
    refused_seconds: float = 3
    endpoints_seconds: float = 15
    crash_restarts: int = 2


@dataclass(frozen=True)
class Workload:
    """One thing to wait for; `needs` names the workloads that it cannot work without."""

    kind: str
    name: str
    service: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What the objects say of one workload, in a word (`reason`) and in words.

    `trouble` groups reasons that alternate (ErrImagePull, ImagePullBackOff) so that grace counts across them.
    `own_fault` is False where a missing dependency may be the cause: a crash is, a wrong image name is not.
    """

    state: str
    reason: str
    message: str
    trouble: str = ""
    grace: float = 0
    found: str = ""
    needed: str = ""
    remedy: str = ""
    pod: str = ""
    container: str = ""
    own_fault: bool = True
    replicas: int = 0
    ready_replicas: int = 0


# container waiting reason → (trouble, which patience, needed, remedy)
IMAGE_NEEDED = "the image, under exactly this name and tag, in the node's image store or in a registry that answers"
WAITING_REASONS: dict[str, tuple[str, str | None, str, str]] = {
    "ErrImageNeverPull": (
        "image",
        None,
        "the image, under exactly this name and tag, in the node's image store (imagePullPolicy is Never)",
        "correct the image's name or tag, or load the image into the node, then deploy again",
    ),
    "InvalidImageName": (
        "image",
        None,
        "a valid image reference",
        "correct the image's name or tag, then deploy again",
    ),
    "ErrImagePull": ("image", "image_seconds", IMAGE_NEEDED, "correct the image's name or tag, or load the image"),
    "ImagePullBackOff": ("image", "image_seconds", IMAGE_NEEDED, "correct the image's name or tag, or load the image"),
    "ImageInspectError": ("image", "image_seconds", "an image that is whole", "load the image into the node again"),
    "RegistryUnavailable": ("image", "image_seconds", IMAGE_NEEDED, "load the image into the node"),
    "CreateContainerConfigError": (
        "config",
        "config_seconds",
        "every Secret, ConfigMap and key that the container refers to, and a user the security context allows",
        "create what is named as missing, in the same namespace, or correct the reference",
    ),
    "CreateContainerError": (
        "config",
        "config_seconds",
        "a container that the runtime can create",
        "correct the command, mounts or security context that the message names",
    ),
    "RunContainerError": (
        "config",
        "config_seconds",
        "a container that the runtime can start",
        "correct the command, mounts or security context that the message names",
    ),
}


def _status(obj: Mapping[str, Any]) -> dict[str, Any]:
    return obj.get("status") or {}


def _name(obj: Mapping[str, Any]) -> str:
    return obj["metadata"]["name"]


def _condition(obj: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return next((item for item in _status(obj).get("conditions") or [] if item.get("type") == kind), {})


def _find(objects: Objects, plural: str, name: str) -> dict[str, Any] | None:
    return next((item for item in objects.get(plural, ()) if _name(item) == name), None)


def owned_by(owner: Mapping[str, Any], candidates: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those candidates whose controller is `owner`, those being deleted left out."""
    uid = owner["metadata"].get("uid")
    return [
        item
        for item in candidates
        if not item["metadata"].get("deletionTimestamp")
        and any(ref.get("uid") == uid for ref in item["metadata"].get("ownerReferences") or [])
    ]


def newest_replicaset(deployment: Mapping[str, Any], objects: Objects) -> dict[str, Any] | None:
    """The ReplicaSet that the Deployment is rolling out to; None until its controller has made one."""
    sets = owned_by(deployment, objects.get("replicasets", ()))
    wanted = (deployment["metadata"].get("annotations") or {}).get(REVISION)

    def revision(item: Mapping[str, Any]) -> int:
        return int((item["metadata"].get("annotations") or {}).get(REVISION) or 0)

    # With a revision named, an older set is never the answer, even while the new one has not been seen yet.
    return max((item for item in sets if not wanted or str(revision(item)) == wanted), key=revision, default=None)


def events_of(objects: Objects, *subjects: Mapping[str, Any], warnings_only: bool = True) -> list[dict[str, Any]]:
    """The events about the given objects, oldest first."""
    uids = {item["metadata"].get("uid") for item in subjects}
    found = [
        item
        for item in objects.get("events", ())
        if (item.get("involvedObject") or {}).get("uid") in uids
        and (item.get("type") == "Warning" or not warnings_only)
    ]
    return sorted(found, key=event_time)


def event_time(event: Mapping[str, Any]) -> str:
    """When the event happened last; RFC 3339 in UTC sorts as text."""
    series = event.get("series") or {}
    meta = event.get("metadata") or {}
    return (
        event.get("lastTimestamp")
        or series.get("lastObservedTime")
        or event.get("eventTime")
        or meta.get("creationTimestamp")
        or ""
    )


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's condition Ready is true."""
    return _condition(pod, "Ready").get("status") == "True"


def _image_of(pod: Mapping[str, Any], container: str) -> str:
    spec = pod.get("spec") or {}
    every = (spec.get("initContainers") or []) + (spec.get("containers") or [])
    return next((item.get("image", "") for item in every if item.get("name") == container), "")


def _requests(pod: Mapping[str, Any]) -> str:
    wanted = []
    for item in (pod.get("spec") or {}).get("containers") or []:
        asked = (item.get("resources") or {}).get("requests") or {}
        text = ", ".join(f"{key} {value}" for key, value in sorted(asked.items()))
        wanted.append(f"{item.get('name')}: {text or 'no requests'}")
    return "; ".join(wanted)


def _container_verdict(pod: Mapping[str, Any], status: Mapping[str, Any], patience: Patience) -> Verdict | None:
    """What one container's status says, or None where it says nothing worth reporting."""
    state = status.get("state") or {}
    waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
    container, pod_name = status.get("name", ""), _name(pod)
    reason = waiting.get("reason", "")
    base = Verdict(WAITING, reason, f"pod {pod_name} is in {reason}", pod=pod_name, container=container)
    if reason in WAITING_REASONS:
        trouble, grace, needed, remedy = WAITING_REASONS[reason]
        image = _image_of(pod, container)
        found = waiting.get("message") or reason
        if trouble == "image" and image and image not in found:
            found += f" (image {image})"
        return replace(
            base,
            state=SUSPECT if grace else FAILED,
            trouble=trouble,
            grace=getattr(patience, grace) if grace else 0,
            found=found,
            needed=needed,
            remedy=remedy,
        )
    ended = terminated or (status.get("lastState") or {}).get("terminated") or {}
    restarts = int(status.get("restartCount") or 0)
    crashed = reason == "CrashLoopBackOff" or (bool(terminated) and terminated.get("exitCode") != 0)
    if not crashed:
        return None
    code, why = ended.get("exitCode"), ended.get("reason") or "Error"
    found = f"container {container} ended with exit code {code} ({why}), {restarts} restarts"
    if ended.get("message"):
        found += f": {ended['message'].strip()}"
    enough = restarts >= patience.crash_restarts
    remedy = "read the log lines below; correct the setting or the program, then deploy again"
    if why == "OOMKilled":
        remedy = "raise the container's memory limit, or let the program use less"
    return replace(
        base,
        state=FAILED if enough else WAITING,
        reason="CrashLoopBackOff" if enough else "Crashed",
        message=f"pod {pod_name}: {found}",
        trouble="crash",
        found=found,
        needed="a process that keeps running",
        remedy=remedy,
        own_fault=why == "OOMKilled",
    )


def _claims_verdict(pod: Mapping[str, Any], objects: Objects, patience: Patience) -> Verdict | None:
    """The first claim of the pod that is not bound, where it is what holds the pod up."""
    for volume in (pod.get("spec") or {}).get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        claim = _find(objects, "persistentvolumeclaims", name) if name else None
        if not claim:
            continue
        phase = _status(claim).get("phase", "Pending")
        if phase == "Bound":
            continue
        events = events_of(objects, claim, warnings_only=False)
        if events and events[-1].get("reason") == "WaitForFirstConsumer":
            continue
        spec = claim.get("spec") or {}
        size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "?")
        detail = events[-1].get("message", "") if events else "no event says why"
        storage_class = spec.get("storageClassName") or "the default one"
        return Verdict(
            FAILED if phase == "Lost" else SUSPECT,
            f"Claim{phase}",
            f"claim {name} is not bound",
            trouble="claim",
            grace=0 if phase == "Lost" else patience.claim_seconds,
            found=f"claim {name} ({size}, storage class {storage_class}) is {phase}: {detail}",
            needed="a volume for the claim, made by a provisioner of that storage class",
            remedy="check `kubectl get storageclass`, enable the addons storage-provisioner and default-storageclass",
            pod=_name(pod),
        )
    return None


def pod_verdict(pod: Mapping[str, Any], objects: Objects, patience: Patience) -> Verdict:
    """Whether this pod serves, is coming, or cannot come."""
    name, status = _name(pod), _status(pod)
    if is_ready(pod):
        return Verdict(READY, "Ready", f"pod {name} is ready", pod=name)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        claim = _claims_verdict(pod, objects, patience)
        if claim:
            return claim
        reason = scheduled.get("reason") or "Unschedulable"
        return Verdict(
            SUSPECT,
            reason,
            f"pod {name} cannot be scheduled",
            trouble="unschedulable",
            grace=patience.unschedulable_seconds,
            found=scheduled.get("message") or reason,
            needed=f"a node with room for it (requests of {_requests(pod)}) that its constraints allow",
            remedy="lower the requests, free or add capacity, or correct the node selector, taints or claims named",
            pod=name,
        )
    if status.get("phase") == "Failed":
        detail = status.get("message") or "the pod ended"
        reason = status.get("reason") or "PodFailed"
        return Verdict(WAITING, reason, f"pod {name} failed: {detail}", found=detail, pod=name)
    containers = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    found = [item for item in (_container_verdict(pod, each, patience) for each in containers) if item]
    if found:
        return min(found, key=lambda item: SEVERITY.index(item.state))
    claim = _claims_verdict(pod, objects, patience)
    if claim:
        return claim
    return _starting_verdict(pod, containers, objects, patience)


def _starting_verdict(
    pod: Mapping[str, Any], containers: list[dict[str, Any]], objects: Objects, patience: Patience
) -> Verdict:
    """A pod without an error of its own: waiting for mounts, for its start or for its readiness probe."""
    name = _name(pod)
    warnings = events_of(objects, pod)
    running = [item for item in containers if "running" in (item.get("state") or {})]
    main = _status(pod).get("containerStatuses") or []
    mounts = [item for item in warnings if item.get("reason") in ("FailedMount", "FailedAttachVolume")]
    if mounts and not running:
        missing = "not found" in mounts[-1].get("message", "")
        return Verdict(
            SUSPECT if missing else WAITING,
            mounts[-1]["reason"],
            f"pod {name} cannot mount a volume",
            trouble="mount",
            grace=patience.mount_seconds,
            found=mounts[-1].get("message", ""),
            needed="every Secret, ConfigMap and claim that the pod mounts, in the same namespace",
            remedy="create what is named as missing, or correct the volume's reference",
            pod=name,
        )
    started = [item for item in main if "running" in (item.get("state") or {})]
    if started and len(started) == len(main):
        unready = next((item for item in main if not item.get("ready")), main[0])
        probe = next((item.get("message", "") for item in reversed(warnings) if item.get("reason") == "Unhealthy"), "")
        text = "running, not ready" + (f": {' '.join(probe.split())}" if probe else "")
        return Verdict(
            WAITING,
            "NotReady",
            f"pod {name} is {text}",
            found=probe or "the container runs, its readiness probe has not succeeded yet",
            needed="a readiness probe that succeeds",
            remedy="read the log lines below; check what the service itself depends on",
            pod=name,
            container=unready.get("name", ""),
            own_fault=False,
        )
    init = next((item for item in running if item not in main), None)
    reasons = [((item.get("state") or {}).get("waiting") or {}).get("reason") for item in containers]
    if init:
        reason, text = "Initializing", f"init container {init.get('name')} is running"
    else:
        reason = next((item for item in reasons if item), "Pending")
        text = {"ContainerCreating": "container starting", "PodInitializing": "container starting"}.get(reason, reason)
    if warnings and not running:
        text += f": {' '.join(warnings[-1].get('message', '').split())}"
    return Verdict(WAITING, reason, f"pod {name}: {text}", found=text, pod=name)


def _refused(owner: Mapping[str, Any], message: str, patience: Patience) -> Verdict:
    quota = "exceeded quota" in message
    return Verdict(
        SUSPECT,
        "QuotaExceeded" if quota else "PodsRefused",
        f"the API server refuses pods of {_name(owner)}",
        trouble="refused",
        grace=patience.refused_seconds,
        found=message,
        needed="a pod that the namespace's quota, Pod Security level and admission webhooks accept",
        remedy="raise the ResourceQuota or lower the requests and limits"
        if quota
        else "correct the field that the message names, or the policy that refuses it",
    )


def _worst_pod(pods: list[dict[str, Any]], objects: Objects, patience: Patience) -> Verdict | None:
    found = [pod_verdict(item, objects, patience) for item in pods]
    return min(found, key=lambda item: SEVERITY.index(item.state), default=None)


def _deployment_verdict(deployment: dict[str, Any], objects: Objects, patience: Patience) -> Verdict:
    spec, status, name = deployment.get("spec") or {}, _status(deployment), _name(deployment)
    wanted = spec.get("replicas", 1)
    updated, available = status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0
    if (status.get("observedGeneration") or 0) < (deployment["metadata"].get("generation") or 0):
        return Verdict(WAITING, "NotObserved", f"the controller has not acted on the latest change of {name} yet")
    if updated >= wanted and available >= wanted and (status.get("replicas") or 0) <= updated:
        return Verdict(READY, "Ready", f"{available} of {wanted} pods available")
    if spec.get("paused"):
        return Verdict(
            FAILED,
            "Paused",
            f"Deployment {name} is paused",
            found="spec.paused is true and the rollout is not complete",
            needed="a rollout that goes on",
            remedy=f"kubectl rollout resume deployment/{name}",
        )
    newest = newest_replicaset(deployment, objects)
    pods = owned_by(newest, objects.get("pods", ())) if newest else []
    worst = _worst_pod(pods, objects, patience)
    if worst and worst.state in (FAILED, SUSPECT):
        return worst
    refusal = _condition(deployment, "ReplicaFailure")
    if refusal.get("status") == "True" and len(pods) < wanted:
        return _refused(deployment, refusal.get("message") or refusal.get("reason", ""), patience)
    progress = _condition(deployment, "Progressing")
    if progress.get("status") == "False" and progress.get("reason") == "ProgressDeadlineExceeded":
        late = worst or Verdict(FAILED, "", "")
        return replace(
            late,
            state=FAILED,
            reason="ProgressDeadlineExceeded",
            message=f"Deployment {name} made no progress for {spec.get('progressDeadlineSeconds', 600)} s",
            found=late.found or progress.get("message", ""),
            needed=late.needed or f"{wanted} available pods",
            remedy=late.remedy or "read the events and log lines below",
            own_fault=False,
        )
    if worst and worst.state == WAITING:
        return worst
    if not pods:
        return Verdict(WAITING, "NoPods", "its pods are being made")
    old = (status.get("replicas") or 0) - updated
    if old > 0 and updated >= wanted:
        return Verdict(WAITING, "OldPods", f"{old} old pods still run")
    return Verdict(WAITING, "Progressing", f"{available} of {wanted} pods available")


def _statefulset_verdict(statefulset: dict[str, Any], objects: Objects, patience: Patience) -> Verdict:
    spec, status, name = statefulset.get("spec") or {}, _status(statefulset), _name(statefulset)
    wanted = spec.get("replicas", 1)
    if (status.get("observedGeneration") or 0) < (statefulset["metadata"].get("generation") or 0):
        return Verdict(WAITING, "NotObserved", f"the controller has not acted on the latest change of {name} yet")
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    # OnDelete leaves old pods until somebody deletes them: they are as ready as this set gets.
    to_update = 0 if strategy.get("type") == "OnDelete" else max(wanted - partition, 0)
    updated = status.get("updatedReplicas") or 0
    if status.get("updateRevision") and status.get("updateRevision") == status.get("currentRevision"):
        updated = max(updated, status.get("readyReplicas") or 0)
    ready = min(status.get("readyReplicas") or 0, status.get("availableReplicas", wanted))
    if ready >= wanted and updated >= to_update:
        return Verdict(READY, "Ready", f"{ready} of {wanted} pods available")
    worst = _worst_pod(owned_by(statefulset, objects.get("pods", ())), objects, patience)
    if worst and worst.state != READY:
        return worst
    refused = [item for item in events_of(objects, statefulset) if item.get("reason") == "FailedCreate"]
    if refused and (status.get("replicas") or 0) < wanted:
        return _refused(statefulset, refused[-1].get("message", ""), patience)
    return Verdict(WAITING, "Progressing", f"{ready} of {wanted} pods available")


def _service_verdict(name: str, workload: Mapping[str, Any], objects: Objects, patience: Patience) -> Verdict | None:
    """None when the Service has an endpoint that is ready, else what it lacks."""
    service = _find(objects, "services", name)
    slices = [
        item
        for item in objects.get("endpointslices", ())
        if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
    ]
    for item in slices:
        for endpoint in item.get("endpoints") or []:
            if endpoint.get("addresses") and (endpoint.get("conditions") or {}).get("ready") is not False:
                return None
    labels = (((workload.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels") or {}
    base = Verdict(SUSPECT, "NoService", f"Service {name} does not exist", "endpoints", patience.endpoints_seconds)
    if not service:
        return replace(
            base, found="no such Service", needed="the Service", remedy="deploy the Service, or correct its name"
        )
    selector = (service.get("spec") or {}).get("selector") or {}
    base = replace(
        base,
        reason="NoEndpoints",
        message=f"Service {name} has no ready endpoint",
        found=f"its selector is {selector}, the pods' labels are {labels}",
    )
    if selector and selector.items() <= labels.items():
        return replace(
            base,
            needed="endpoints made from the pods that the selector matches",
            remedy="read kube-controller-manager's log: it makes them",
        )
    return replace(
        base,
        needed="a Service whose selector matches the pods' labels",
        remedy="correct the Service's selector or the pods' labels",
    )


def judge(workload: Workload, objects: Objects, patience: Patience | None = None) -> Verdict:
    """What the given objects say of the workload; states are ready, waiting, suspect and failed."""
    patience = patience or Patience()
    found = _find(objects, PLURAL[workload.kind], workload.name)
    if not found:
        return Verdict(
            SUSPECT,
            "Missing",
            f"{workload.kind} {workload.name} does not exist",
            trouble="missing",
            grace=patience.missing_seconds,
            found=f"no {workload.kind} of this name in the namespace",
            needed="the release that brings it",
            remedy="deploy the release, or correct the workload's name",
        )
    rule = _deployment_verdict if workload.kind == "Deployment" else _statefulset_verdict
    verdict = rule(found, objects, patience)
    if verdict.state == READY and workload.service:
        verdict = _service_verdict(workload.service, found, objects, patience) or verdict
    ready = _status(found).get("readyReplicas") or 0
    return replace(verdict, replicas=(found.get("spec") or {}).get("replicas", 1), ready_replicas=ready)
