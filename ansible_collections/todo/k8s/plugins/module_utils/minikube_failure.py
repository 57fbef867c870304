"""Why a start failed, from what Minikube and the node wrote, and whether once more may help. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A kind of failure: `retry` says whether the same start can succeed a moment later."""

    name: str
    retry: bool
    remedy: str
    detail: str = ""

    def public(self) -> dict:
        """The same for a module's result."""
        return {"cause": self.name, "detail": self.detail, "retry": self.retry, "remedy": self.remedy}


@dataclass(frozen=True)
class Rule:
    """Texts that mean a cause; `strong` ones count in the node's own logs as well, where weak ones occur in health."""

    cause: Cause
    pattern: str
    strong: bool = False


RULES = (
    Rule(
        Cause("port_taken", False, "End what listens there, or set another port."),
        r"port is already allocated|address already in use|Ports are not available|bind for .* failed",
    ),
    Rule(
        Cause("name_taken", False, "Remove or rename that container, or choose another profile name."),
        r"user has a conflicting container name",
    ),
    Rule(
        Cause("no_engine", False, "Start the Docker engine and see that this user may use it (group docker)."),
        r"cannot connect to the docker daemon|is the docker daemon running|PROVIDER_DOCKER_NOT_RUNNING"
        r"|permission denied while trying to connect to the docker",
    ),
    Rule(
        Cause("disk_full", False, "Free space where the Docker engine keeps its data, then run again."),
        r"no space left on device|RSRC_DOCKER_STORAGE"
        r"|docker is (nearly )?out of disk space|insufficient docker storage",
        strong=True,
    ),
    Rule(
        Cause("too_few_cpus", False, "Set cpus to what the Docker engine has, at least 2, or give the engine more."),
        r"not enough CPUs|RSRC_INSUFFICIENT\w*CORES|range of CPUs is from|has less than \d+ CPUs available",
    ),
    Rule(
        Cause("out_of_memory", False, "Give the node, or the machine, more memory."),
        r"RSRC_INSUFFICIENT\w*MEMORY|cannot allocate memory|oom-?kill|OOMKilled|out of memory: killed",
        strong=True,
    ),
    Rule(
        Cause(
            "image_missing", False, "See that the image is in the engine, or that a registry serving it is reachable."
        ),
        r"unable to find image|no such image|manifest unknown|pull access denied|repository does not exist"
        r"|ErrImageNeverPull|ErrImagePull|ImagePullBackOff|failed to pull image",
        strong=True,
    ),
    Rule(
        Cause("kubernetes_version", False, "Set a version at least as new as the cluster's, or recreate: true."),
        r"K8S_DOWNGRADE_UNSUPPORTED|unable to safely downgrade|NO_SUCH_KUBERNETES_VERSION|OLD_K8S"
        r"|kubelet is configured to not run on a host using cgroup v1",
        strong=True,
    ),
    Rule(
        Cause("certificate", True, "Its certificates are made anew with the next start."),
        r"certificate has expired|certificate is not yet valid|x509: certificate signed by unknown authority",
        strong=True,
    ),
    Rule(
        Cause("bad_option", False, "Correct the option that is named."),
        r"MK_USAGE|invalid value .* for flag|unknown flag|invalid argument"
        r"|failed to parse kubelet flag|unknown shorthand",
        strong=True,
    ),
    Rule(
        Cause("container_exited", True, "Look at `docker logs` of the node's container."),
        r"container exited unexpectedly|GUEST_PROVISION_CONTAINER_EXITED|is not running|OCI runtime create failed",
    ),
    Rule(
        Cause("apiserver_unhealthy", True, "Look at the API server's log in the node: minikube logs."),
        r"apiserver (process )?never appeared|wait for healthy api server|apiserver health|apiserver not healthy"
        r"|GUEST_START|unable to restart control-plane",
    ),
    Rule(
        Cause("network", True, "See that the network or its proxy answers."),
        r"TLS handshake timeout|i/o timeout|connection reset by peer|no such host|temporary failure in name resolution",
    ),
    Rule(
        Cause("timeout", True, "Give it more time (timeout), or the machine less to do."),
        r"timed out|deadline exceeded|wait \S+ for node",
    ),
)
UNKNOWN = Cause("unknown", True, "See `minikube logs` for more.")
VAGUE = frozenset({"apiserver_unhealthy", "container_exited", "timeout", "network", "unknown"})
# What a node is asked for when its API server stays away.
EVIDENCE_SCRIPT = (
    "systemctl is-active kubelet containerd 2>/dev/null; "
    "journalctl --unit=kubelet --since=-180s --lines=25 --no-pager --output=cat 2>/dev/null; "
    "for f in $(find /var/log/pods -mmin -3 -path '*kube-system_[ek]*/[ek]*/*.log' 2>/dev/null | head -n 6); do "
    "tail -n 10 $f; done; "
    "df -P /var | tail -n 1 | awk '$5+0 >= 99 {print \"no space left on device: \" $0}'"
)


def _match(text: str, *, strong_only: bool) -> Cause | None:
    for rule in RULES:
        if strong_only and not rule.strong:
            continue
        match = re.search(rule.pattern, text, re.IGNORECASE)
        if match:
            start = text.rfind("\n", 0, match.start()) + 1
            end = text.find("\n", match.end())
            line = " ".join(text[start : end if end >= 0 else len(text)].split())
            near = max(0, match.start() - start - 120)
            return Cause(rule.cause.name, rule.cause.retry, rule.cause.remedy, line[near : near + 300])
    return None


def classify(said: str, evidence: str = "") -> Cause:
    """The cause of a failed start.

    `said` is what Minikube wrote of it, `evidence` the node's own logs: these decide where Minikube only says that
    something did not get healthy in time.
    """
    cause = _match(said, strong_only=False)
    if cause is None or cause.name in VAGUE:
        deeper = _match(evidence, strong_only=True)
        if deeper:
            return deeper
    if cause is not None:
        return cause
    lines = [line for line in said.splitlines() if line.strip()]
    return Cause(UNKNOWN.name, UNKNOWN.retry, UNKNOWN.remedy, " ".join(" ".join(lines[-2:]).split())[:400])


def is_hopeless(message: str) -> bool:
    """Whether an error of Minikube's must not, or need not, be followed by its own next attempt."""
    if "will reset cluster" in message:  # and lose all that is in it
        return True
    cause = _match(message, strong_only=False)
    return cause is not None and cause.name in ("port_taken", "name_taken", "disk_full", "no_engine")


def port_of(detail: str) -> str:
    """The port that a `port_taken` names, empty when it names none."""
    match = re.search(r"(?:bind for|listen \w+) \S*?:(\d+)\b", detail, re.IGNORECASE)
    return match.group(1) if match else ""
