"""What this host has. Every probe only reads, is bounded in time, and leaves judging to ``preflight_rules``."""

from __future__ import annotations

import errno
import grp
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.todo.k8s.plugins.module_utils import engine_api, rights
from ansible_collections.todo.k8s.plugins.module_utils.platforms import architecture, is_wsl

LISTEN = "0A"
# Linux's capabilities by their bit.
CAPABILITIES = tuple(
    """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
    """.split()  # noqa: SIM905
)


def read(path: str | Path) -> str:
    """Return a file's text, empty where it can't be read (other systems have no /proc)."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def usable_cpus() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parse_meminfo(text: str) -> tuple[int, int]:
    """Return (total, available) in MiB from /proc/meminfo, zeros where unknown."""
    figures = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if len(line.split()) >= 2}
    return int(figures.get("MemTotal", 0)) // 1024, int(figures.get("MemAvailable", 0)) // 1024


def cgroup_folders(table: str, controller: str, root: str = "/sys/fs/cgroup") -> list[Path]:
    """Return the folders of a process's control group and of all above it, for one controller.

    :param table: Text of /proc/self/cgroup.
    :param controller: Name of cgroup v1's controller; version 2 has one tree for all.
    """
    unified, own = "", ""
    for line in table.splitlines():
        _number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if controller in names.split(","):
            own = path
        elif not names:
            unified = path
    top, path = (Path(root, controller), own) if own else (Path(root), unified)
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return [top.joinpath(*parts[:count]) for count in range(len(parts), -1, -1)]


def memory_limit_mb(folders: list[Path]) -> int | None:
    """Return the smallest memory limit (MiB) of these control groups, None without one."""
    limits = []
    for folder in folders:
        for name in ("memory.max", "memory.limit_in_bytes"):
            figure = read(folder / name).strip()
            if figure.isdigit():  # "max" means no limit, and so does the huge figure of cgroup v1: the total is less
                limits.append(int(figure) // 2**20)
    return min(limits, default=None)


def memory_mb(root: str = "/") -> tuple[int, int]:
    """Return the host's (total, available) memory in MiB, as limited by this process's control group."""
    total, available = parse_meminfo(read(Path(root, "proc/meminfo")))
    if not total:  # macOS; what is available cannot be told there without a look at every page
        try:
            total = available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        except (ValueError, OSError, AttributeError):
            total = available = _sysctl_number("hw.memsize") // 2**20
    folders = cgroup_folders(read(Path(root, "proc/self/cgroup")), "memory", str(Path(root, "sys/fs/cgroup")))
    limit = memory_limit_mb(folders)
    if limit is not None and limit < total:
        total, available = limit, min(available, limit)
    return total, available


def _sysctl_number(name: str) -> int:
    try:
        run = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return int(run.stdout) if run.stdout.strip().isdigit() else 0


def existing_parent(path: str | Path) -> Path:
    """Return the path itself or its nearest parent that exists and may be looked at."""
    place = Path(path).expanduser().absolute()
    while place != place.parent:
        try:
            place.stat()
            break
        except OSError:  # not there, or in a folder that is closed to this user
            place = place.parent
    return place


def is_folder(path: str | Path) -> bool:
    """Tell whether there is a folder, also where the way to it is closed to this user (it is somebody's then)."""
    try:
        return Path(path).is_dir()
    except PermissionError:
        return True


def disk(path: str | Path) -> dict[str, Any]:
    """Return {path, free_mb, device} of the file system that would hold a path."""
    place = existing_parent(path)
    return {"path": str(path), "free_mb": shutil.disk_usage(place).free // 2**20, "device": place.stat().st_dev}


def cgroup_version(root: str = "/sys/fs/cgroup") -> int:
    """Return 2 for the unified hierarchy, 1 for the old one (or a mixture), 0 where there is none."""
    if (Path(root) / "cgroup.controllers").exists():
        return 2
    return 1 if (Path(root) / "memory").is_dir() or (Path(root) / "cpu").is_dir() else 0


def missing_capabilities(status: str, last: int) -> list[str]:
    """Return the capabilities that the bounding set lacks.

    :param status: Text of /proc/self/status.
    :param last: The kernel's last capability, from /proc/sys/kernel/cap_last_cap.
    """
    mask = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:")), None)
    if mask is None:
        return []
    return [f"CAP_{name}" for bit, name in enumerate(CAPABILITIES[: last + 1]) if not mask >> bit & 1]


def parse_os_release(text: str, system: str = "Linux") -> dict[str, Any]:
    """Return {id, version, debian_like} of /etc/os-release; `system` names those that have no such file."""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    fields = {key: value.strip().strip("\"'") for key, value in fields.items()}
    family = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    return {
        "id": fields.get("ID", system.lower()),
        "version": fields.get("VERSION_ID", ""),
        "debian_like": bool(family & {"debian", "ubuntu"}),
    }


def parse_address(field: str) -> tuple[str, int]:
    """Return (address, port) of a hexadecimal field of /proc/net/tcp or tcp6 (little-endian 32-bit words)."""
    address, port = field.split(":")
    words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words)), int(port, 16)


def parse_listeners(table: str) -> list[dict[str, Any]]:
    """Return the listening sockets {address, port, uid, inode} of /proc/net/tcp or tcp6."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            address, port = parse_address(fields[1])
            found.append({"address": address, "port": port, "uid": int(fields[7]), "inode": fields[9]})
    return found


def listeners() -> list[dict[str, Any]]:
    """Return this network namespace's listening TCP sockets."""
    return parse_listeners(read("/proc/net/tcp")) + parse_listeners(read("/proc/net/tcp6"))


def link_target(path: str | Path) -> str:
    """Return where a symbolic link leads, empty where it can't be read or is gone by now."""
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def socket_owners(inodes: set[str]) -> dict[str, dict[str, Any]]:
    """Return {inode: {pid, name}} for the processes whose descriptors may be read."""
    owners: dict[str, dict[str, Any]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        if len(owners) == len(inodes):
            break
        try:
            descriptors = list((process / "fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            inode = link_target(descriptor).removeprefix("socket:[").removesuffix("]")
            if inode in inodes:
                owners[inode] = {"pid": int(process.name), "name": read(process / "comm").strip()}
    return owners


def bind_error(port: int, address: str = "127.0.0.1") -> int:
    """Return the errno of binding a port (which is given back at once), 0 when it is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return 0


def reaches_loopback(address: str) -> bool:
    """Tell whether a listener on this address answers for ``localhost``."""
    return address in ("0.0.0.0", "127.0.0.1", "::", "::1") or address.startswith("::ffff:127.")  # noqa: S104


def port_state(port: int, sockets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return {port, errno, holders: [{address, uid, inode, pid, name}]} of one wanted port.

    :param sockets: The result of ``listeners``.
    """
    holders = [dict(entry) for entry in sockets if entry["port"] == port and reaches_loopback(entry["address"])]
    if holders:
        owners = socket_owners({holder["inode"] for holder in holders})
        for holder in holders:
            holder.update(owners.get(holder["inode"], {}))
        return {"port": port, "errno": errno.EADDRINUSE, "holders": holders}
    code = bind_error(port)
    unknown = code == errno.EADDRINUSE and platform.system() != "Linux"
    return {"port": port, "errno": code, "holders": lsof_holders(port) if unknown else []}


def parse_lsof(text: str) -> list[dict[str, Any]]:
    """Return the holders {address, pid, name} from ``lsof -Fpcn`` (macOS has no table of sockets to read)."""
    found, pid, name = [], 0, ""
    for line in text.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("c"):
            name = line[1:]
        elif line.startswith("n"):
            address = line[1:].rpartition(":")[0].strip("[]")
            found.append({"address": "0.0.0.0" if address == "*" else address, "pid": pid, "name": name})  # noqa: S104
    return found


def lsof_holders(port: int) -> list[dict[str, Any]]:
    """Ask lsof who listens on a port; empty where there is no lsof."""
    if not shutil.which("lsof"):
        return []
    command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpcn"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_lsof(run.stdout)


def containers(host: str, timeout: float = 5.0) -> list[dict[str, Any]]:
    """Return an engine's containers {name, running, ports, labels}; ports are those of the host.

    :param host: The engine's address.
    :param timeout: Seconds to wait for the answer.
    """
    try:
        listed = engine_api.get(host, "/containers/json?all=1", timeout)
    except engine_api.Silent:
        return []
    return [
        {
            "id": entry["Id"],
            "name": (entry.get("Names") or ["/?"])[0].lstrip("/"),
            "running": entry.get("State") == "running",
            "ports": sorted({port["PublicPort"] for port in entry.get("Ports") or [] if port.get("PublicPort")}),
            "labels": entry.get("Labels") or {},
        }
        for entry in listed
    ]


def in_group(name: str) -> bool:
    """Tell whether this process belongs to a group of that name."""
    try:
        return grp.getgrnam(name).gr_gid in {os.getegid(), *os.getgroups()}
    except KeyError:
        return False


def which(command: str) -> str | None:
    """Return a command's path; the folders of administrators' commands count, as sudo would search them."""
    return shutil.which(command, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/local/sbin")


def basic(uname: Any = None, root: str = "/") -> dict[str, Any]:
    """Return what needs neither an engine nor the network.

    :param uname: As ``platform.uname()`` gives it; this machine's when not given.
    :param root: Where the machine's files are.
    """
    uname, base = uname or platform.uname(), Path(root)
    total, available = memory_mb(root)
    last = read(base / "proc/sys/kernel/cap_last_cap").strip()
    status = read(base / "proc/self/status")
    missing = missing_capabilities(status, int(last) if last.isdigit() else len(CAPABILITIES) - 1)
    return {
        "system": uname.system,
        "wsl": is_wsl(uname.release),
        "arch": architecture(uname.machine),
        "os": parse_os_release(read(base / "etc/os-release"), uname.system),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "cpus": usable_cpus(),
        "memory_mb": total,
        "memory_available_mb": available,
        "systemd": (base / "run/systemd/system").is_dir(),
        "root": rights.is_root(),
        "cgroup_version": cgroup_version(str(base / "sys/fs/cgroup")),
        "capabilities_missing": missing,
        "capabilities_short": bool(missing),
    }
