#!/usr/bin/python
"""A Minikube profile that matches its specification."""

DOCUMENTATION = r"""
module: minikube
short_description: A Minikube profile that matches its specification
description:
  - Starts, stops or deletes a Minikube profile on the docker driver.
  - Compares the profile's stored configuration with what is wanted. A difference that needs a new cluster fails with
    the list, unless O(recreate=true). Minikube itself ignores a changed number of CPUs or memory silently.
options:
  profile:
    description: The profile's name; also the node container's and the kubeconfig context's.
    type: str
    required: true
  state:
    description: What the profile should be.
    choices: [present, stopped, absent]
    default: present
    type: str
  binary:
    description: Path of minikube.
    type: path
    required: true
  home:
    description: Minikube's own folder (MINIKUBE_HOME).
    type: path
    required: true
  docker_host:
    description: Address of the Docker engine.
    type: str
    default: ""
  cpus:
    description: CPUs of the node; clamped to the engine's with a warning.
    type: int
    default: 4
  memory_mb:
    description: Memory of the node in MiB; clamped to the engine's with a warning.
    type: int
    default: 8192
  engine_cpus:
    description: CPUs the engine has. No clamping when not set.
    type: int
  engine_memory_mb:
    description: Memory the engine has in MiB. No clamping when not set.
    type: int
  kubernetes_version:
    description: Version of Kubernetes, with a leading v.
    type: str
    default: v1.34.3
  container_runtime:
    description: The node's container runtime.
    type: str
    default: containerd
  base_image:
    description: Node image in the engine; Minikube's own when empty.
    type: str
    default: ""
  ports:
    description: Node ports to publish, as Docker takes them.
    type: list
    elements: str
    default: []
  addons:
    description: Addons to enable.
    type: list
    elements: str
    default: []
  addon_images:
    description: Images of an addon by its name, each V({Key=image}).
    type: dict
    default: {}
  recreate:
    description: Whether a difference may be mended by a new cluster. Everything in the old one is lost.
    type: bool
    default: false
  timeout:
    description: Seconds that one start may take.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Run a cluster
  todo.k8s.minikube:
    profile: todo
    binary: /usr/local/bin/minikube
    home: /var/lib/todo/minikube
    ports: ["127.0.0.1:30000:30000"]
    addons: [metrics-server]
"""

RETURN = r"""
cluster:
  description: The profile, its context, kubeconfig, nodes, address, version, CPUs and memory.
  type: dict
  returned: when present
status:
  description: Status of each component as Minikube tells it.
  type: dict
  returned: always
differences:
  description: Settings that differed, each with before and after.
  type: dict
  returned: always
seconds:
  description: Duration of each phase in seconds.
  type: dict
  returned: always
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import kubeconfig as kubeconfigs
from ansible_collections.todo.k8s.plugins.module_utils import minikube as minikubes
from ansible_collections.todo.k8s.plugins.module_utils import node_container
from ansible_collections.todo.k8s.plugins.module_utils.progress import report

RUNNING = {"Host": "Running", "Kubelet": "Running", "APIServer": "Running", "Kubeconfig": "Configured"}


def _wanted(module):
    options = module.params
    cpus, memory = options["cpus"], options["memory_mb"]
    warning = None
    if options["engine_cpus"]:
        cpus, warning = minikubes.clamp(cpus, options["engine_cpus"], minikubes.MINIMUM_CPUS, "CPUs", "")
        if warning:
            module.warn(warning)
    if options["engine_memory_mb"]:
        memory, warning = minikubes.memory_to_ask(memory, options["engine_memory_mb"])
        if warning:
            module.warn(warning)
    return minikubes.Wanted(
        profile=options["profile"],
        cpus=cpus,
        memory_mb=memory,
        kubernetes_version=options["kubernetes_version"],
        container_runtime=options["container_runtime"],
        driver="docker",
        base_image=options["base_image"],
        ports=tuple(options["ports"]),
        addons=tuple(options["addons"]),
    )


def _cluster(module, wanted, kubeconfig):
    engine = module.params["docker_host"]
    return {
        "profile": wanted.profile,
        "context": wanted.profile,
        "kubeconfig": str(kubeconfig),
        "minikube_home": module.params["home"],
        "nodes": node_container.names(engine, wanted.profile),
        "ip": node_container.address(engine, wanted.profile),
        "kubernetes_version": wanted.kubernetes_version,
        "cpus": wanted.cpus,
        "memory_mb": wanted.memory_mb,
        "ports": {port.split(":")[-1]: int(port.split(":")[-2]) for port in wanted.ports},
    }


def _absent(module, tool, home, profile):
    engine = module.params["docker_host"]
    left = node_container.leftovers(engine, profile)
    there = minikubes.read_config(home, profile) is not None or bool(left)
    kubeconfig = kubeconfigs.path()
    there = there or kubeconfigs.has_context(kubeconfig, profile)
    if there and not module.check_mode:
        if minikubes.read_config(home, profile) is not None:
            tool.delete(profile)
        node_container.remove(engine, profile)
        kubeconfigs.remove_context(kubeconfig, profile)
    status = dict.fromkeys(RUNNING, "Nonexistent")
    message = f"profile {profile}: deleted" if there else f"profile {profile}: there was none"
    module.exit_json(changed=there, status=status, differences={}, seconds={}, msg=message)


def _stopped(module, tool, profile, status):
    running = status["Host"] == "Running"
    if running and not module.check_mode:
        answer = tool.run("stop", f"--profile={profile}", timeout=300)
        if answer.returncode:
            raise minikubes.MinikubeError(f"Minikube profile {profile}: stop failed:\n{answer.stderr[-1000:]}")
    module.exit_json(changed=running, status=status, differences={}, seconds={}, msg="stopped")


def _present(module, tool, home, wanted):
    options, profile = module.params, wanted.profile
    config = minikubes.read_config(home, profile)
    different = minikubes.differences(config, wanted) if config else {}
    status = tool.status(profile) if config is not None else dict.fromkeys(RUNNING, "Nonexistent")
    seconds = {}
    reasons = []
    if different and not options["recreate"]:
        listed = "; ".join(f"{name}: {d['before']} is, {d['after']} is wanted" for name, d in different.items())
        raise minikubes.MinikubeError(
            f"Minikube profile {profile} differs from its settings in what only a new cluster can change: {listed}. "
            "Set minikube_recreate=true to make it anew (all data in the cluster is lost), or put the setting back."
        )
    starting = any(status.get(name) != value for name, value in RUNNING.items())
    if different:
        reasons.append(f"recreated for {', '.join(different)}")
    elif config is None:
        reasons.append("there was no such profile")
    elif starting:
        down = ", ".join(
            f"{name} {value}" for name, value in status.items() if name in RUNNING and RUNNING[name] != value
        )
        reasons.append(f"was not running ({down})")
    addons = minikubes.missing_addons(config or {}, wanted)
    if addons and config and not different:
        reasons.append(f"enabled {', '.join(addons)}")
    diff = {
        "before": {k: d["before"] for k, d in different.items()},
        "after": {k: d["after"] for k, d in different.items()},
    }
    if module.check_mode:
        module.exit_json(
            changed=bool(reasons), status=status, differences=different, seconds={}, diff=diff, msg="; ".join(reasons)
        )
    kubeconfig = kubeconfigs.path()
    if different:
        tool.delete(profile)
    if different or starting:
        keep = kubeconfigs.current_context(kubeconfig) not in ("", profile)
        command = minikubes.start_command(tool.binary, wanted, as_root=os.geteuid() == 0, keep_context=keep)
        seconds["start"] = round(tool.start(command, options["timeout"]), 1)
        status = tool.status(profile)
        # A start enables Minikube's default addons by itself.
        addons = minikubes.missing_addons(minikubes.read_config(home, profile) or {}, wanted)
    for name in addons:
        images = options["addon_images"].get(name, {})
        report(f"enabling addon {name}")
        tool.enable_addon(
            profile,
            name,
            ",".join(f"{key}={image.partition('/')[2]}" for key, image in images.items()),
            ",".join(f"{key}={image.partition('/')[0]}" for key, image in images.items()),
        )
    module.exit_json(
        changed=bool(reasons),
        cluster=_cluster(module, wanted, kubeconfig),
        status=status,
        differences=different,
        seconds=seconds,
        diff=diff,
        msg="; ".join(reasons) or f"profile {profile} runs as wanted",
    )


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "profile": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "stopped", "absent"], "default": "present"},
            "binary": {"type": "path", "required": True},
            "home": {"type": "path", "required": True},
            "docker_host": {"type": "str", "default": ""},
            "cpus": {"type": "int", "default": 4},
            "memory_mb": {"type": "int", "default": 8192},
            "engine_cpus": {"type": "int"},
            "engine_memory_mb": {"type": "int"},
            "kubernetes_version": {"type": "str", "default": "v1.34.3"},
            "container_runtime": {"type": "str", "default": "containerd"},
            "base_image": {"type": "str", "default": ""},
            "ports": {"type": "list", "elements": "str", "default": []},
            "addons": {"type": "list", "elements": "str", "default": []},
            "addon_images": {"type": "dict", "default": {}},
            "recreate": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    home = Path(options["home"])
    tool = minikubes.Minikube(options["binary"], home, options["docker_host"], say=report)
    try:
        if options["state"] == "absent":
            _absent(module, tool, home, options["profile"])
        wanted = _wanted(module)
        if options["state"] == "stopped":
            _stopped(module, tool, wanted.profile, tool.status(wanted.profile))
        _present(module, tool, home, wanted)
    except minikubes.MinikubeError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
