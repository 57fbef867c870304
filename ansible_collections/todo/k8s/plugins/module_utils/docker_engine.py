"""A Docker engine on this host: is there one that answers, how to start one without systemd, how to end it.

Everything that talks to a process or a socket is a small function of its own; what decides is pure.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import docker

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
# Names of the chains and interfaces that dockerd makes (libnetwork, moby 20.10 to 28).
DOCKER_RULE = re.compile(r"DOCKER|docker0|\bbr-[0-9a-f]{12}\b")


class EngineError(Exception):
    """The engine cannot be had; the text names what was found, what is needed and the remedy."""


@dataclass(frozen=True)
class EngineInfo:
    """What an answering engine says of itself."""

    host: str
    version: str
    root_dir: str
    cpus: int
    memory_mb: int
    runtime: str
    cgroup_driver: str
    cgroup_version: str
    storage_driver: str


@dataclass(frozen=True)
class EnginePaths:
    """Where a managed engine keeps its files: `state` for this run, `data` for its store (a cache)."""

    state: Path
    data: Path

    @property
    def supervisor_pid(self) -> Path:
        return self.state / "supervisor.pid"

    @property
    def daemon_pid(self) -> Path:
        return self.state / "dockerd.pid"

    @property
    def log(self) -> Path:
        return self.state / "dockerd.log"

    @property
    def command(self) -> Path:
        return self.state / "command.json"

    @property
    def before(self) -> Path:
        return self.state / "before.json"


def candidate_hosts(environ: dict[str, str]) -> list[str]:
    """The engine addresses to ask, in order: DOCKER_HOST alone when set, otherwise the usual sockets."""
    if environ.get("DOCKER_HOST"):
        return [environ["DOCKER_HOST"]]
    home = environ.get("HOME", "")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    found = [DEFAULT_SOCKET]
    if home:  # Docker Desktop on macOS and Linux
        found += [f"unix://{home}/.docker/run/docker.sock", f"unix://{home}/.docker/desktop/docker.sock"]
    if runtime:  # rootless
        found.append(f"unix://{runtime}/docker.sock")
    return found


def probe(host: str, timeout: float = 5.0) -> EngineInfo | None:
    """Ask one engine; None when nothing answers there within `timeout` seconds."""
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).exists():
        return None
    try:
        client = docker.DockerClient(base_url=host, timeout=timeout)
        try:
            info = client.info()
        finally:
            client.close()
    except (docker.errors.DockerException, OSError):
        return None
    return EngineInfo(
        host=host,
        version=info.get("ServerVersion", ""),
        root_dir=info.get("DockerRootDir", ""),
        cpus=info.get("NCPU", 0),
        memory_mb=info.get("MemTotal", 0) // 2**20,
        runtime=info.get("DefaultRuntime", ""),
        cgroup_driver=info.get("CgroupDriver", ""),
        cgroup_version=str(info.get("CgroupVersion", "")),
        storage_driver=info.get("Driver", ""),
    )


def find(environ: dict[str, str], timeout: float = 5.0) -> EngineInfo | None:
    """The first engine that answers."""
    return next((info for host in candidate_hosts(environ) if (info := probe(host, timeout))), None)


def uplink_mtu(route_table: str, mtu_of) -> int | None:
    """MTU of the default route's interface (bytes); None without a default route.

    A bridge with a larger MTU than the uplink loses large packets where path MTU discovery is filtered.
    """
    for line in route_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000":
            return mtu_of(fields[0])
    return None


def host_mtu() -> int | None:
    """The uplink's MTU on this host."""
    try:
        table = Path("/proc/net/route").read_text()
        return uplink_mtu(table, lambda name: int(Path(f"/sys/class/net/{name}/mtu").read_text()))
    except OSError:
        return None


def daemon_command(
    dockerd: str, paths: EnginePaths, *, mtu: int | None, runtime: str | None, cgroup_v1: bool
) -> list[str]:
    """The argument list that starts dockerd."""
    command = [dockerd, "--data-root", str(paths.data), "--pidfile", str(paths.daemon_pid)]
    if mtu and mtu < 1500:
        command += ["--mtu", str(mtu)]
    if cgroup_v1:  # the kubelet has to see its own cgroup root
        command += ["--default-cgroupns-mode", "private"]
    if runtime:
        command += ["--add-runtime", f"bounded={runtime}", "--default-runtime", "bounded"]
    return command


def last_command(paths: EnginePaths) -> list[str]:
    """The argument list that this project's engine was last started with; empty without one."""
    try:
        return json.loads(paths.command.read_text())
    except (OSError, ValueError):
        return []


def is_running(pid_file: Path, needle: str) -> int | None:
    """The pid in `pid_file` when that process lives and its command line holds `needle`, else None."""
    try:
        pid = int(pid_file.read_text().strip())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return None
    return pid if needle in command and state != "Z" else None


def managed_pid(paths: EnginePaths) -> int | None:
    """The supervisor's pid when this project's own engine runs."""
    return is_running(paths.supervisor_pid, "engine_supervisor")


def read_sysctl(name: str) -> str | None:
    """Value of a sysctl as text, None when it does not exist."""
    try:
        return Path("/proc/sys", *name.split(".")).read_text().strip()
    except OSError:
        return None


def _run(command: list[str], data: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command, input=data, capture_output=True, text=True, check=False, timeout=60)


def forward_policies() -> dict[str, str]:
    """The policy of chain FORWARD for each iptables family that is there."""
    found = {}
    for tool in ("iptables", "ip6tables"):
        try:
            answer = _run([tool, "-S", "FORWARD"])
        except FileNotFoundError:
            continue
        match = re.search(r"^-P FORWARD (\w+)", answer.stdout, re.M)
        if match:
            found[tool] = match.group(1)
    return found


SYSCTLS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.forwarding")


def remember_host(paths: EnginePaths) -> None:
    """Write down what dockerd is about to change on the host, so that the end can put it back."""
    before = {"sysctls": {name: read_sysctl(name) for name in SYSCTLS}, "forward": forward_policies()}
    paths.before.write_text(json.dumps(before, indent=1))


def start(paths: EnginePaths, command: list[str], supervisor: Path, *, timeout: float, say=lambda text: None):
    """Start `command` under the supervisor and wait until it answers.

    Returns the engine's EngineInfo. Raises EngineError with the daemon's last lines after `timeout` seconds.
    """
    paths.state.mkdir(parents=True, exist_ok=True)
    paths.data.mkdir(parents=True, exist_ok=True)
    if not paths.before.exists():  # a restart after a crash must not take the crash's remains for the host's own
        remember_host(paths)
    paths.command.write_text(json.dumps(command))
    subprocess.run(
        [sys.executable, str(supervisor), "--pid-file", paths.supervisor_pid, "--log", paths.log, "--", *command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=10,
    )
    begun = time.monotonic()
    while time.monotonic() - begun < timeout:
        info = probe(DEFAULT_SOCKET, timeout=2)
        if info:
            return info
        say(f"waiting for dockerd to answer, {time.monotonic() - begun:.0f} s")
        time.sleep(0.2)
    stop(paths)
    raise EngineError(
        f"Docker engine: dockerd did not answer on {DEFAULT_SOCKET} within {timeout:.0f} s. Its last lines:\n"
        + last_lines(paths.log)
        + "\nSee the cause above; an engine of your own that answers (DOCKER_HOST) is used instead of this one."
    )


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, or a remark that there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return f"(no log at {log})"


def stop(paths: EnginePaths, timeout: float = 60.0) -> list[str]:
    """End the managed engine and put back what it changed on the host; returns what was done."""
    done = []
    pid = managed_pid(paths)
    if pid:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + timeout
        while managed_pid(paths) and time.monotonic() < end:
            time.sleep(0.1)
        if managed_pid(paths):
            raise EngineError(
                f"Docker engine: its supervisor (pid {pid}) still runs {timeout:.0f} s after SIGTERM. "
                f"See {paths.log}, end it by hand and run again."
            )
        done.append("stopped dockerd")
    if paths.before.exists():
        done += restore_host(paths)
    return done


def restore_host(paths: EnginePaths) -> list[str]:
    """Remove the bridge, mounts and firewall rules a stopped dockerd leaves, and restore sysctls."""
    done = []
    before = json.loads(paths.before.read_text())
    for name in docker_bridges():
        if _run(["ip", "link", "delete", name]).returncode == 0:
            done.append(f"removed network interface {name}")
    for tool in ("iptables", "ip6tables"):
        if clean_firewall(tool, before["forward"].get(tool, "ACCEPT")):
            done.append(f"removed Docker's rules from {tool}")
    for name, value in before["sysctls"].items():
        if value is not None and read_sysctl(name) not in (None, value):
            Path("/proc/sys", *name.split(".")).write_text(value)
            done.append(f"restored {name}={value}")
    for target in leftover_mounts(Path("/proc/self/mounts").read_text(), paths.data):
        if _run(["umount", "--lazy", target]).returncode == 0:
            done.append(f"unmounted {target}")
    paths.before.unlink()
    return done


def docker_bridges() -> list[str]:
    """Bridges that Docker named and that have no member left."""
    found = []
    for path in Path("/sys/class/net").iterdir():
        if re.fullmatch(r"docker0|br-[0-9a-f]{12}", path.name) and not list(path.glob("brif/*")):
            found.append(path.name)
    return sorted(found)


def without_docker_rules(saved: str, forward_policy: str) -> str:
    """An iptables-save text less every chain and rule that dockerd made, FORWARD's policy put back."""
    kept = []
    for line in saved.splitlines():
        if line.startswith(":FORWARD "):
            line = re.sub(r"^:FORWARD \w+", f":FORWARD {forward_policy}", line)
        elif line[:1] in ":-" and DOCKER_RULE.search(line):
            continue
        kept.append(line)
    return "\n".join(kept) + "\n"


def clean_firewall(tool: str, forward_policy: str) -> bool:
    """Take Docker's chains and rules out of one family's tables; True when something was removed."""
    try:
        saved = _run([f"{tool}-save"])
    except FileNotFoundError:
        return False
    if saved.returncode or not DOCKER_RULE.search(saved.stdout):
        return False
    wanted = without_docker_rules(saved.stdout, forward_policy)
    answer = _run([f"{tool}-restore"], wanted)
    if answer.returncode:
        raise EngineError(f"Docker engine: {tool}-restore refused the rules without Docker's: {answer.stderr.strip()}")
    return True


def leftover_mounts(table: str, data: Path) -> list[str]:
    """Mount points below the engine's store or its run directory, innermost first."""
    roots = (f"{data}/", "/run/docker/", "/var/run/docker/")
    points = [line.split()[1] for line in table.splitlines() if len(line.split()) > 1]
    return sorted((p for p in points if f"{p}/".startswith(roots)), key=len, reverse=True)
