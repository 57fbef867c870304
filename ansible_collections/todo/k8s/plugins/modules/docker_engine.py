#!/usr/bin/python
"""A Docker engine that answers, or none of ours."""

DOCUMENTATION = r"""
module: docker_engine
short_description: A Docker engine that answers
description:
  - Finds the Docker engine of this host; where none answers, starts the installed C(dockerd) as a supervised
    background process (for hosts without systemd) and puts the host back at the end.
  - An engine that was there before is used and never touched.
options:
  state:
    description:
      - V(found) only looks, V(present) starts one where none answers, V(absent) ends the one this module started.
    choices: [found, present, absent]
    default: present
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
"""

EXAMPLES = r"""
- name: Have a Docker engine
  todo.k8s.docker_engine:
    state_dir: /var/lib/todo/engine
    data_root: /var/cache/todo/engine
    supervisor: /usr/local/lib/engine_supervisor.py
"""

RETURN = r"""
engine:
  description: The engine found or started; empty when there is none.
  type: dict
  returned: always
msg:
  description: What was done and why.
  type: str
  returned: always
"""

import os
import shutil
from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import docker_engine as engines
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def _result(info, paths):
    managed = info is not None and engines.managed_pid(paths) is not None
    return {**asdict(info), "managed": managed} if info else {}


def _start(module, paths):
    dockerd = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not dockerd:
        if module.check_mode:  # an earlier step would have installed it
            module.exit_json(changed=True, engine={}, msg="dockerd would be installed and started")
        module.fail_json(
            msg="Docker engine: no engine answers and no dockerd is installed. Needed: one of both. "
            "Install your distribution's package (Debian: docker.io) or set DOCKER_HOST to an engine that answers."
        )
    if module.check_mode:
        module.exit_json(changed=True, engine={}, msg=f"no engine answers: {dockerd} would be started")
    options = module.params
    command = engines.last_command(paths) if options["restart_only"] else []
    command = command or engines.daemon_command(
        dockerd,
        paths,
        mtu=options["mtu"] or engines.host_mtu(),
        runtime=options["runtime"],
        cgroup_v1=not Path("/sys/fs/cgroup/cgroup.controllers").exists(),
    )
    info = engines.start(paths, command, Path(options["supervisor"]), timeout=options["timeout"], say=report)
    module.exit_json(changed=True, engine=_result(info, paths), msg=f"no engine answered: started {dockerd}")


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["found", "present", "absent"], "default": "present"},
            "state_dir": {"type": "path", "required": True},
            "data_root": {"type": "path", "required": True},
            "supervisor": {"type": "path"},
            "runtime": {"type": "path"},
            "mtu": {"type": "int"},
            "restart_only": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 60},
        },
        required_if=[("state", "present", ["supervisor"])],
        supports_check_mode=True,
    )
    paths = engines.EnginePaths(Path(module.params["state_dir"]), Path(module.params["data_root"]))
    try:
        if module.params["state"] == "absent":
            ours = engines.managed_pid(paths) is not None or paths.before.exists()
            done = engines.stop(paths) if ours and not module.check_mode else []
            module.exit_json(changed=ours, engine={}, msg="; ".join(done) or "no engine of ours runs")
        info = engines.find(dict(os.environ))
        ours = bool(engines.last_command(paths))
        if info is None and module.params["state"] == "present" and (ours or not module.params["restart_only"]):
            _start(module, paths)
        module.exit_json(
            changed=False,
            engine=_result(info, paths),
            msg=f"engine {info.version} answers at {info.host}" if info else "no engine answers",
        )
    except engines.EngineError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
