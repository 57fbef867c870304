"""A Docker engine on this host: is there one that answers, how to start one without systemd, how to end it.

Everything that talks to a process or a socket is a small function of its own; what decides is pure.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils import engine_api, registry_mirrors, rights, systemd_engine
from ansible_collections.todo.k8s.plugins.module_utils.platforms import architecture

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
SIOCGIFMTU = 0x8921  # linux/sockios.h
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
    arch: str = ""
    system: str = ""
    registry_mirrors: tuple[str, ...] = ()


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

    @property
    def exec_root(self) -> Path:
        """Run-time files of an engine with a socket of its own."""
        return self.state / "run"


def context_host(environ: dict[str, str]) -> str:
    """The address that the Docker CLI's current context names; empty for its default one.

    Docker Desktop, Colima and others make a context of their own, and Minikube follows it too.
    """
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/nonexistent", ".docker"))
    try:
        name = environ.get("DOCKER_CONTEXT") or json.loads((folder / "config.json").read_text()).get("currentContext")
        if not name or name == "default":
            return ""
        meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        return json.loads(meta.read_text())["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def candidate_hosts(environ: dict[str, str]) -> list[str]:
    """The engine addresses to ask, in order: DOCKER_HOST alone when set, otherwise the context's and the usual ones."""
    if environ.get("DOCKER_HOST"):
        return [environ["DOCKER_HOST"]]
    home = environ.get("HOME", "")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    found = [context_host(environ), DEFAULT_SOCKET]
    if home:  # Docker Desktop on macOS and Linux
        found += [f"unix://{home}/.docker/run/docker.sock", f"unix://{home}/.docker/desktop/docker.sock"]
    if runtime:  # rootless
        found.append(f"unix://{runtime}/docker.sock")
    return list(dict.fromkeys(host for host in found if host))


def socket_path(host: str) -> Path | None:
    """The socket's path of a unix:// address."""
    return Path(host.removeprefix("unix://")) if host.startswith("unix://") else None


def denied_socket(environ: dict[str, str]) -> str:
    """The first socket that exists but is closed to this user, empty when there is none."""
    for path in filter(None, map(socket_path, candidate_hosts(environ))):
        try:
            if path.exists() and not os.access(path, os.W_OK):
                return str(path)
        except PermissionError:  # a folder on the way is closed: somebody else's
            continue
    return ""


def probe(host: str, timeout: float = 5.0) -> EngineInfo | None:
    """Ask one engine; None when nothing answers there within `timeout` seconds."""
    path = socket_path(host)
    try:
        if path and not path.exists():
            return None
        info = engine_api.get(host, "/info", timeout)
    except (engine_api.Silent, OSError):
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
        arch=architecture(info.get("Architecture", "")),
        system=info.get("OperatingSystem", ""),
        registry_mirrors=tuple((info.get("RegistryConfig") or {}).get("Mirrors") or ()),
    )


def find(environ: dict[str, str], timeout: float = 5.0) -> EngineInfo | None:
    """The first engine that answers."""
    return next((info for host in candidate_hosts(environ) if (info := probe(host, timeout))), None)


def describe(info: EngineInfo | None, paths: EnginePaths) -> dict:
    """What the stages hand on of an engine (`managed`: this project started it); empty without one."""
    return {**asdict(info), "managed": is_ours(info, paths)} if info else {}


def uplink_mtu(route_table: str, mtu_of) -> int | None:
    """MTU of the default route's interface (bytes); None without a default route.

    A bridge with a larger MTU than the uplink loses large packets where path MTU discovery is filtered.
    """
    for line in route_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000":
            return mtu_of(fields[0])
    return None


def interface_mtu(name: str) -> int:
    """MTU of an interface in bytes. Raises OSError where there is none of that name."""
    # The module is Linux' own, as is this question.
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        answer = fcntl.ioctl(asked, SIOCGIFMTU, struct.pack("16sI", name.encode(), 0) + bytes(12))
    return struct.unpack_from("16sI", answer)[1]


def host_mtu() -> int | None:
    """The uplink's MTU on this host."""
    try:
        return uplink_mtu(Path("/proc/net/route").read_text(), interface_mtu)
    except OSError:
        return None


def daemon_options(*, mtu: int | None, runtime: str | None, cgroup_v1: bool, mirrors: Iterable[str] = ()) -> list[str]:
    """What this host's engine has to be told, whoever starts it."""
    options = []
    if mtu and mtu < 1500:
        options += ["--mtu", str(mtu)]
    if cgroup_v1:  # the kubelet has to see its own cgroup root
        options += ["--default-cgroupns-mode", "private"]
    if runtime:
        options += ["--add-runtime", f"bounded={runtime}", "--default-runtime", "bounded"]
    return options + registry_mirrors.options(mirrors)


def daemon_command(
    dockerd: str, paths: EnginePaths, options: list[str], *, host: str = DEFAULT_SOCKET, group: str = ""
) -> list[str]:
    """The argument list that starts dockerd.

    `host` is the unix:// address where it shall answer, `group` the group that may use it (Debian's `docker` if not
    given).
    """
    command = [dockerd, "--data-root", str(paths.data), "--pidfile", str(paths.daemon_pid), *options]
    if host != DEFAULT_SOCKET:
        command += ["--host", host, "--exec-root", str(paths.exec_root)]
    if group:
        command += ["--group", group]
    return command


def last_command(paths: EnginePaths) -> list[str]:
    """The argument list that this project's engine was last started with; empty without one."""
    try:
        return json.loads(paths.command.read_text())
    except (OSError, ValueError):
        return []


def told_mirrors(paths: EnginePaths) -> list[str]:
    """The mirrors that this project's engine was started with; a daemon.json of the host may name others."""
    return registry_mirrors.told(last_command(paths) or systemd_engine.told(paths.state))


def is_running(pid_file: Path, needle: str) -> int | None:
    """The pid in `pid_file` when that process lives and its command line holds `needle`, else None.

    A pid file can be older than the last boot: what its number stands for now is another process.
    """
    try:
        pid = int(pid_file.read_text().strip())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return None
    return pid if needle in command and state != "Z" else None


def managed_pid(paths: EnginePaths) -> int | None:
    """The supervisor's pid when this project's own engine runs under it."""
    return is_running(paths.supervisor_pid, "engine_supervisor")


def daemon_pid(paths: EnginePaths) -> int | None:
    """The pid of this project's own dockerd, with or without its supervisor."""
    return is_running(paths.daemon_pid, str(paths.data))


def runs(paths: EnginePaths) -> bool:
    """Whether anything of the managed engine runs."""
    return managed_pid(paths) is not None or daemon_pid(paths) is not None


def is_ours(info: EngineInfo | None, paths: EnginePaths) -> bool:
    """Whether the engine that answers is the one this project started."""
    return info is not None and (runs(paths) or systemd_engine.started(paths.state))


def read_sysctl(name: str) -> str | None:
    """Value of a sysctl as text, None when it does not exist."""
    try:
        return Path("/proc/sys", *name.split(".")).read_text().strip()
    except OSError:
        return None


def _run(command: list[str], data: str | None = None) -> subprocess.CompletedProcess:
    """Run a command with root's rights."""
    return subprocess.run(
        rights.as_root(command), input=data, capture_output=True, text=True, check=False, timeout=60, env=ROOTS_PATH
    )


def forward_policies() -> dict[str, str]:
    """The policy of chain FORWARD for each iptables family that is there."""
    found = {}
    for tool in ("iptables", "ip6tables"):
        try:
            answer = _run([tool, "-S", "FORWARD"])
        except FileNotFoundError:
            continue
        # Behind sudo a command that is missing is an exit code: no match then either.
        match = re.search(r"^-P FORWARD (\w+)", answer.stdout, re.M)
        if match:
            found[tool] = match.group(1)
    return found


# The folders of administrators' commands are not on every user's PATH.
ROOTS_PATH = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}
SYSCTLS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.forwarding")


def remember_host(paths: EnginePaths) -> None:
    """Write down what dockerd is about to change on the host, so that the end can put it back."""
    before = {"sysctls": {name: read_sysctl(name) for name in SYSCTLS}, "forward": forward_policies()}
    paths.before.write_text(json.dumps(before, indent=1))


# Deaths of dockerd after which waiting on is no use: what kills it three times in a row kills it again.
DEATHS = 3


def start(
    paths: EnginePaths,
    command: list[str],
    supervisor: Path,
    *,
    timeout: float,
    host: str = DEFAULT_SOCKET,
    settings: str = "",
    say=lambda text: None,
) -> EngineInfo:
    """Start `command` under the supervisor and wait until it answers at `host`.

    `settings` is the file with proxies and authorities for its environment (`network.Store`), empty without.
    Raises EngineError with the daemon's last lines after `timeout` seconds, or earlier when it dies again and again.
    """
    try:
        paths.state.mkdir(parents=True, exist_ok=True)
        paths.data.mkdir(parents=True, exist_ok=True)
        forget_stale_pids(paths)
        if not paths.before.exists():  # a restart after a crash must not take the crash's remains for the host's own
            remember_host(paths)
        paths.command.write_text(json.dumps(command))
        begin = paths.log.stat().st_size if paths.log.exists() else 0
    except OSError as error:
        raise EngineError(
            f"Docker engine: {error.filename}: {error.strerror}. Needed: folders for its state ({paths.state}) and its "
            f"store ({paths.data}) that can be written. Free space there, or name other places with XDG_STATE_HOME and "
            "XDG_CACHE_HOME."
        ) from error
    say(f"starting {command[0]}{rights.how()}")
    watched = [sys.executable, str(supervisor), "--pid-file", str(paths.supervisor_pid), "--log", str(paths.log)]
    watched += ["--settings", settings] if settings else []
    started = subprocess.run(
        rights.as_root([*watched, "--", *command]),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    if started.returncode:
        raise EngineError(
            f"Docker engine: its supervisor could not be started: {started.stderr.strip()[-500:]}. "
            f"Needed: root's rights, and {paths.state} to be written."
        )
    info, told, begun = None, 0.0, time.monotonic()
    while not info and time.monotonic() - begun < timeout and deaths(paths.log, begin) < DEATHS:
        time.sleep(0.1)
        if time.monotonic() - begun > 5 and not runs(paths):  # the supervisor itself is gone
            break
        info = probe(host, timeout=2)
        if time.monotonic() - told > 2:
            told = time.monotonic()
            say(f"waiting for dockerd to answer, {told - begun:.0f} s")
    if info:
        return info
    died = deaths(paths.log, begin)
    how = f"ended {died} times" if died >= DEATHS else f"did not answer within {time.monotonic() - begun:.0f} s"
    stop(paths)
    raise EngineError(
        f"Docker engine: dockerd {how}, needed is one that answers at {host}.{cause(paths.log, begin)}\n"
        "Its last lines:\n"
        + last_lines(paths.log)
        + "\nCure the cause above; an engine of your own that answers (DOCKER_HOST) is used instead of this one."
    )


def forget_stale_pids(paths: EnginePaths) -> None:
    """Remove pid files whose process is gone: dockerd does not start while the number is another process's by now."""
    for path, alive in ((paths.supervisor_pid, managed_pid(paths)), (paths.daemon_pid, daemon_pid(paths))):
        if alive is None:
            path.unlink(missing_ok=True)


def _log_since(log: Path, begin: int) -> str:
    try:
        with log.open("rb") as stream:
            # A log that was begun anew is shorter than it was.
            stream.seek(begin if log.stat().st_size >= begin else 0)
            return stream.read().decode(errors="replace")
    except OSError:
        return ""


def deaths(log: Path, begin: int = 0) -> int:
    """How often the supervisor has noted that the daemon ended, from byte `begin` of the log on."""
    return sum(line.startswith("supervisor: ") for line in _log_since(log, begin).splitlines())


def cause(log: Path, begin: int = 0) -> str:
    """The last line in which dockerd says why it gave up, as a sentence; empty when it does not."""
    for line in reversed(_log_since(log, begin).splitlines()):
        match = re.match(r"failed to start (?:daemon|containerd): (.*)", line) or re.search(
            r'level=fatal msg="(.*?)"', line
        )
        if match:
            return f" It says: {match.group(1).rstrip('.')}."
    return ""


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, or a remark that there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return f"(no log at {log})"


def _end(pid: int, alive, what: str, paths: EnginePaths, timeout: float) -> None:
    """Send SIGTERM and wait until `alive()` says that the process is gone."""
    _run(["kill", f"-{signal.SIGTERM:d}", str(pid)])
    end = time.monotonic() + timeout
    while alive() and time.monotonic() < end:
        time.sleep(0.1)
    if alive():
        raise EngineError(
            f"Docker engine: its {what} (pid {pid}) still runs {timeout:.0f} s after SIGTERM. "
            f"See {paths.log}, end it by hand and run again."
        )


def end(paths: EnginePaths, timeout: float = 60.0) -> list[str]:
    """End the managed engine's processes; returns what was done."""
    done = []
    for what, alive in (("supervisor", managed_pid), ("dockerd", daemon_pid)):
        pid = alive(paths)
        if pid:
            _end(pid, lambda alive=alive: alive(paths), what, paths, timeout)
            done = ["stopped dockerd"]
    return done


def stop(paths: EnginePaths, timeout: float = 60.0) -> list[str]:
    """End the managed engine and put back what it changed on the host; returns what was done."""
    done = end(paths, timeout) + systemd_engine.stop(paths.state)
    if paths.before.exists():
        done += restore_host(paths)
    # Without it a later run would take the engine for one of ours that something else ended.
    for path in (paths.command, paths.daemon_pid, paths.supervisor_pid):
        path.unlink(missing_ok=True)
    return done


def purge(paths: EnginePaths) -> bool:
    """Remove the stopped engine's store, which is root's; True when there was one."""
    if not paths.data.exists():
        return False
    answer = _run(["rm", "-rf", "--one-file-system", str(paths.data)])
    if answer.returncode:
        raise EngineError(f"Docker engine: its store {paths.data} could not be removed: {answer.stderr.strip()[-300:]}")
    return True


def restore_host(paths: EnginePaths) -> list[str]:
    """Remove the bridge, mounts and firewall rules a stopped dockerd leaves, and restore sysctls.

    Where another engine answers by now, bridges, rules and forwarding are its own and stay.
    """
    done = []
    before = json.loads(paths.before.read_text())
    other = probe(DEFAULT_SOCKET, timeout=2)
    if other:
        done.append(f"left network and firewall alone: another engine answers at {other.host}")
    else:
        done += _restore_network(before)
    for target in leftover_mounts(Path("/proc/self/mounts").read_text(), paths.data, paths.exec_root, other is None):
        if _run(["umount", "--lazy", target]).returncode == 0:
            done.append(f"unmounted {target}")
    paths.before.unlink()
    return done


def _restore_network(before: dict) -> list[str]:
    done = []
    for name in docker_bridges():
        if _run(["ip", "link", "delete", name]).returncode == 0:
            done.append(f"removed network interface {name}")
    for tool in ("iptables", "ip6tables"):
        if clean_firewall(tool, before["forward"].get(tool, "ACCEPT")):
            done.append(f"removed Docker's rules from {tool}")
    for name, value in before["sysctls"].items():
        if value is not None and read_sysctl(name) not in (None, value):
            _run(["tee", str(Path("/proc/sys", *name.split(".")))], value)
            done.append(f"restored {name}={value}")
    return done


def docker_bridges() -> list[str]:
    """Bridges that Docker named and that have no member left.

    Not from /sys: what is mounted there may be another network namespace's.
    """
    names = [name for _number, name in socket.if_nameindex() if re.fullmatch(r"docker0|br-[0-9a-f]{12}", name)]
    return sorted(name for name in names if not _run(["ip", "-o", "link", "show", "master", name]).stdout.strip())


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


def leftover_mounts(table: str, data: Path, run: Path | None = None, usual: bool = True) -> list[str]:
    """Mount points below the engine's store or its run directory, innermost first.

    `usual`: whether the usual run directory is ours, too.
    """
    roots = (f"{data}/", *((f"{run}/",) if run else ()), *(("/run/docker/", "/var/run/docker/") if usual else ()))
    points = [line.split()[1] for line in table.splitlines() if len(line.split()) > 1]
    return sorted((p for p in points if f"{p}/".startswith(roots)), key=len, reverse=True)
