#!/usr/bin/python
"""A Docker engine that answers, or none of ours."""

DOCUMENTATION = r"""
module: docker_engine
short_description: A Docker engine that answers
description:
  - Finds the Docker engine of this host. Where none answers, installs one (O(packages)) and starts it, with systemd
    where systemd runs and as a supervised background process elsewhere, and puts the host back at the end.
  - An engine that was there before is used and never touched.
  - Runs as an ordinary user. Only the commands that install, start, stop or put back something go through sudo, and
    only if sudo asks for no password; otherwise the error names the command that somebody with the rights can run.
options:
  state:
    description:
      - V(found) only looks, V(present) starts one where none answers, V(absent) ends the one this module started.
    choices: [found, present, absent]
    default: present
    type: str
  host:
    description:
      - Address (C(unix://)) of an engine beside the usual one. Only it is asked, and only there is one started.
      - Two engines need a network namespace each, as both make the bridge C(docker0).
    type: str
  state_dir:
    description: Folder for the pid files, the log and the record of what the host was like before.
    type: path
    required: true
  data_root:
    description: Folder for the managed engine's store.
    type: path
    required: true
  supervisor:
    description: Path of the supervisor's script. Needed with O(state=present).
    type: path
  runtime:
    description: An OCI runtime to put in front of runc, see the role's README.
    type: path
  registry_mirrors:
    description:
      - Addresses of mirrors of the default registry for the engine that this module starts or has started; that one is
        started anew when they change, which stops the containers in it. Left as they are when not given.
      - An engine of somebody else's keeps its own; a warning says so where it lacks one of these.
    type: list
    elements: str
  packages:
    description: Debian packages to install where there is no C(dockerd); none are installed when empty.
    type: list
    elements: str
    default: []
  repository:
    description: Folder from which alone the packages are installed, see M(todo.k8s.debian_packages).
    type: path
  record:
    description: File to which newly installed packages are added, one a line. Needed with O(packages).
    type: path
  purge:
    description: With O(state=absent), also remove the managed engine's store.
    type: bool
    default: false
  mtu:
    description: The bridge's MTU in bytes; the uplink's own when not set.
    type: int
  restart_only:
    description: Start an engine only if this module had started one before, and as it was then.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for the started engine to answer.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Have a Docker engine
  todo.k8s.docker_engine:
    state_dir: /var/lib/todo/engine
    data_root: /var/cache/todo/engine
    supervisor: /usr/local/lib/engine_supervisor.py
    packages: [docker.io, iptables]
    record: /var/lib/todo/installed-packages

- name: A second engine, in the network namespace that this play runs in
  todo.k8s.docker_engine:
    host: unix:///srv/second/docker.sock
    state_dir: /srv/second/state
    data_root: /srv/second/data
    supervisor: /usr/local/lib/engine_supervisor.py
"""

RETURN = r"""
engine:
  description:
    - The engine found or started, with C(host), C(version), C(root_dir), C(cpus), C(memory_mb), C(runtime), C(arch),
      C(system), C(cgroup_driver), C(cgroup_version), C(storage_driver), C(registry_mirrors), and C(managed) (this
      project started it).
    - Empty when there is none.
  type: dict
  returned: always
installed:
  description: Debian packages that were installed, dependencies included.
  type: list
  elements: str
  returned: when one was started because none answered
msg:
  description: What was done and why.
  type: str
  returned: always
"""

import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import (
    debian_packages,
    network,
    registry_mirrors,
    rights,
    systemd_engine,
)
from ansible_collections.todo.k8s.plugins.module_utils import docker_engine as engines
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

PROBLEMS = (
    engines.EngineError,
    debian_packages.PackageError,
    registry_mirrors.MirrorError,
    rights.RightsError,
    systemd_engine.SystemdError,
)
OPTIONS = {
    "state": {"type": "str", "choices": ["found", "present", "absent"], "default": "present"},
    "host": {"type": "str"},
    "state_dir": {"type": "path", "required": True},
    "data_root": {"type": "path", "required": True},
    "supervisor": {"type": "path"},
    "runtime": {"type": "path"},
    "registry_mirrors": {"type": "list", "elements": "str"},
    "packages": {"type": "list", "elements": "str", "default": []},
    "repository": {"type": "path"},
    "record": {"type": "path"},
    "purge": {"type": "bool", "default": False},
    "mtu": {"type": "int"},
    "restart_only": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 60},
}


def dockerd_path():
    """Where the engine's program is, None when it is not installed."""
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def with_systemd():
    """Whether systemd looks after services here."""
    return Path("/run/systemd/system").is_dir()


def _environ(module):
    host = module.params["host"]
    return {"DOCKER_HOST": host} if host else dict(os.environ)


def _options(module):
    return engines.daemon_options(
        mtu=module.params["mtu"] or engines.host_mtu(),
        runtime=module.params["runtime"],
        cgroup_v1=not Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        mirrors=registry_mirrors.checked(module.params["registry_mirrors"] or []),
    )


def _provide(module, paths):
    """Install and start an engine as none answers; exits."""
    network.apply()
    dockerd, wanted = dockerd_path(), module.params["packages"]
    named = module.params["host"] or os.environ.get("DOCKER_HOST")
    if named and named != engines.DEFAULT_SOCKET and not module.params["host"]:
        module.fail_json(
            msg=f"Docker engine: none answers at DOCKER_HOST={named}, and one started here would answer elsewhere. "
            "Needed: an engine that answers. Start that one, or unset DOCKER_HOST."
        )
    if not dockerd and not wanted:
        module.fail_json(
            msg="Docker engine: no engine answers and no dockerd is installed. Needed: one of both. "
            "Install your distribution's package (Debian: docker.io) or set DOCKER_HOST to an engine that answers."
        )
    missing = debian_packages.missing(wanted) if wanted and not dockerd else []
    start = "systemctl start docker" if with_systemd() else "dockerd"
    command = debian_packages.by_hand(missing) if missing else start
    rights.require("Docker engine: none answers", "an engine that answers", f"sudo {command}")
    diff = {"before": "no engine answers\n", "after": f"{dockerd or 'dockerd'} answers\n"}
    plan = f"install {', '.join(missing)} and start dockerd" if missing else f"start {dockerd}"
    if module.check_mode:
        module.exit_json(changed=True, engine={}, diff=diff, installed=[], msg=f"no engine answers: would {plan}")
    systemd = with_systemd() and not module.params["host"]
    if systemd:
        systemd_engine.remember(paths.state, systemd_engine.states())
        paths = engines.EnginePaths(paths.state, Path("/var/lib/docker"))
    if systemd and not paths.before.exists():
        engines.remember_host(paths)
    installed = []
    if missing:
        installed = debian_packages.install(
            missing, start_services=systemd, repository=module.params["repository"] or "", say=report
        )
        debian_packages.remember(Path(module.params["record"]), installed)
        dockerd = dockerd_path()
    info = _start_with_systemd(module, paths) if systemd else _start(module, paths, dockerd)
    engine = engines.describe(info, paths)
    module.exit_json(
        changed=True, engine=engine, diff=diff, installed=installed, msg=f"no engine answered: {plan}{rights.how()}"
    )


def _start_with_systemd(module, paths):
    report("starting docker.service" + rights.how())
    options = None if module.params["restart_only"] else _options(module)
    systemd_engine.start(paths.state, options, network.unit_file())
    info = engines.find(_environ(module))
    if info is None and engines.denied_socket(dict(os.environ)):
        raise engines.EngineError(
            f"Docker engine: it runs, but {engines.denied_socket(dict(os.environ))} is closed to this user. Needed: "
            "membership of the group docker. Run `sudo usermod -aG docker $USER`, log in again, and run again."
        )
    if info is None:
        raise engines.EngineError(
            "Docker engine: systemd says that docker.service runs, but it does not answer. "
            "Needed: an answer. See `journalctl -u docker.service`."
        )
    return info


def _start(module, paths, dockerd):
    host = module.params["host"] or engines.DEFAULT_SOCKET
    # A managed engine is the user's own: the socket goes to their group, as nobody adds them to the group docker.
    group = "" if rights.is_root() else str(os.getgid())
    command = engines.last_command(paths) if module.params["restart_only"] else []
    command = command or engines.daemon_command(dockerd, paths, _options(module), host=host, group=group)
    supervisor = Path(module.params["supervisor"])
    settings = network.settings_file()
    return engines.start(
        paths, command, supervisor, timeout=module.params["timeout"], host=host, settings=settings, say=report
    )


def _heed_mirrors(module, paths, info):
    """See to the mirrors of the engine that answers; exits where it is started anew, or returns a remark."""
    wanted = registry_mirrors.checked(module.params["registry_mirrors"])
    if engines.is_ours(info, paths):
        before = engines.told_mirrors(paths)
        if before != wanted:
            _start_anew(module, paths, info, before, wanted)
        return ""
    lacking = [mirror for mirror in wanted if mirror not in info.registry_mirrors]
    if not lacking:
        return ""
    remark = (
        f"it is not this project's and keeps its settings: found registry mirrors "
        f"{', '.join(info.registry_mirrors) or 'none'}, needed {', '.join(lacking)}. Name them in its own "
        "configuration (`registry-mirrors` in daemon.json), or leave engine_registry_mirrors empty"
    )
    module.warn(f"Docker engine {info.host}: {remark}.")
    return f"; {remark}"


def _start_anew(module, paths, info, before, wanted):
    """Start our engine with other mirrors; exits."""
    change = registry_mirrors.difference(before, wanted)
    rights.require(f"Docker engine: {change}", "root's rights, to start it anew", "sudo make up")
    diff = {"before": f"{' '.join(before)}\n", "after": f"{' '.join(wanted)}\n"}
    if module.check_mode:
        told = f"{change}: would start the engine anew, and stop the containers in it"
        module.exit_json(changed=True, engine=engines.describe(info, paths), diff=diff, msg=told)
    report(f"{change}: starting the engine anew{rights.how()}")
    network.apply()
    if systemd_engine.started(paths.state):
        info = _start_with_systemd(module, paths)
    else:
        engines.end(paths)
        info = _start(module, paths, dockerd_path() or "dockerd")
    if engines.told_mirrors(paths) != wanted:
        raise engines.EngineError(
            f"Docker engine: {systemd_engine.DROP_IN} is of another installation, needed one of this for its registry "
            "mirrors. Remove it, or take the other installation down."
        )
    done = f"{change}: started the engine anew, the containers in it were stopped"
    module.exit_json(changed=True, engine=engines.describe(info, paths), diff=diff, msg=done + rights.how())


def _absent(module, paths):
    """End the engine of ours; exits."""
    ours = engines.runs(paths) or paths.before.exists() or systemd_engine.started(paths.state)
    store = module.params["purge"] and paths.data.exists()
    if ours or store:
        rights.require(
            f"Docker engine: this project's own is there ({paths.state})", "root's rights, to end it", "sudo make down"
        )
    if module.check_mode:
        plan = [*(["would stop the engine and put the host back"] if ours else [])]
        plan += [f"would remove {paths.data}"] if store else []
        module.exit_json(changed=bool(ours or store), engine={}, msg="; ".join(plan) or "no engine of ours runs")
    done = engines.stop(paths) if ours else []
    if store and engines.purge(paths):
        done.append(f"removed {paths.data}")
    module.exit_json(changed=bool(done or ours), engine={}, msg="; ".join(done) or "no engine of ours runs")


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec=OPTIONS,
        required_if=[("state", "present", ["supervisor"])],
        supports_check_mode=True,
    )
    if module.params["packages"] and not module.params["record"]:
        module.fail_json(msg="record is needed with packages: what is installed is written down there")
    paths = engines.EnginePaths(Path(module.params["state_dir"]), Path(module.params["data_root"]))
    try:
        if module.params["state"] == "absent":
            _absent(module, paths)
        registry_mirrors.checked(module.params["registry_mirrors"] or [])  # before anything is installed
        info = engines.find(_environ(module))
        ours = bool(engines.last_command(paths)) or systemd_engine.started(paths.state)
        if info is None and module.params["state"] == "present" and (ours or not module.params["restart_only"]):
            _provide(module, paths)
        heeded = info and module.params["state"] == "present" and module.params["registry_mirrors"] is not None
        remark = _heed_mirrors(module, paths, info) if heeded else ""
    except PROBLEMS as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        engine=engines.describe(info, paths),
        msg=f"engine {info.version} answers at {info.host}{remark}" if info else "no engine answers",
    )


if __name__ == "__main__":
    main()
