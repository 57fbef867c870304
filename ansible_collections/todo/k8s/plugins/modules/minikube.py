#!/usr/bin/python
"""A Minikube profile that matches its specification."""

DOCUMENTATION = r"""
module: minikube
short_description: A Minikube profile that matches its specification
description:
  - Starts, stops or deletes a Minikube profile on the docker driver.
  - Compares the profile with what is wanted, by its stored configuration and by its node container. Minikube itself
    ignores most changes silently.
  - Changed in place are addons, number of nodes, O(extra_config), proxies and O(ca_bundle). Everything else (CPUs,
    memory, ports, mounts, images, versions, runtime, pod network) needs a new cluster; such a difference fails with the
    list of them, unless O(recreate=true).
  - Repairs what it finds, and names it in RV(repairs) - a container that was removed, stopped or paused, services of a
    node that do not run, a kubeconfig context that is missing or leads elsewhere, expired certificates, a start that
    was interrupted, an API server that does not answer. A start that failed of something that may pass is tried again.
  - What was stored in the cluster survives all of these repairs, but for an interrupted first start, which begins anew.
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
    description: CPUs of each node; clamped to the engine's with a warning.
    type: int
    default: 4
  memory_mb:
    description: Memory of each node in MiB; clamped to the engine's with a warning.
    type: int
    default: 8192
  engine_cpus:
    description: CPUs the engine has. No clamping when not set.
    type: int
  engine_memory_mb:
    description: Memory the engine has in MiB. No clamping when not set.
    type: int
  nodes:
    description: Number of nodes; the first is the control plane. Changed in place when O(cni=routed).
    type: int
    default: 1
  cni:
    description:
      - The pod network. V(bridge) is Minikube's, for one node; V(routed) has a bridge in each node and routes between
        them, and needs no image. V(auto) takes the first for one node and the second for more.
      - Neither enforces network policies.
    type: str
    choices: [auto, bridge, routed]
    default: auto
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
    description: Node ports to publish, as Docker takes them. With several nodes the control plane publishes them.
    type: list
    elements: str
    default: []
  mounts:
    description:
      - Folder of the engine's host to mount into the nodes, as V(HOST:NODE[:ro]). Minikube's docker driver takes one.
    type: list
    elements: str
    default: []
  extra_config:
    description: Settings of Kubernetes' components, such as V(kubelet.max-pods=50).
    type: list
    elements: str
    default: []
  addons:
    description: Addons to enable.
    type: list
    elements: str
    default: []
  addons_exclusive:
    description: Whether to disable every addon that is not in O(addons).
    type: bool
    default: false
  addon_images:
    description: Images of an addon by its name, each V({Key=image}).
    type: dict
    default: {}
  http_proxy:
    description: Proxy for HTTP, for Minikube and for the nodes' container runtime. One on a loopback address is of no
      use in a node and is given to Minikube only, with a warning.
    type: str
    default: ""
  https_proxy:
    description: Proxy for HTTPS.
    type: str
    default: ""
  no_proxy:
    description: What does not go through the proxy, separated by commas. This host, the nodes' network, services
      and pods are added.
    type: str
    default: ""
  ca_bundle:
    description: File with further certificate authorities (PEM, one or many) that the nodes trust.
    type: path
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

- name: Two nodes, at most 50 pods each, behind a proxy that inspects TLS
  todo.k8s.minikube:
    profile: big
    binary: /usr/local/bin/minikube
    home: /var/lib/todo/minikube
    nodes: 2
    extra_config: ["kubelet.max-pods=50"]
    https_proxy: http://proxy.example.org:3128
    ca_bundle: /etc/company/ca.pem

- name: Stop it over night
  todo.k8s.minikube:
    state: stopped
    profile: big
    binary: /usr/local/bin/minikube
    home: /var/lib/todo/minikube
"""

RETURN = r"""
cluster:
  description: The profile, its context, kubeconfig, nodes, address, version, CPUs, memory and published ports.
  type: dict
  returned: when present
status:
  description: Status of the control plane's components as Minikube names them (Host, Kubelet, APIServer, Kubeconfig),
    and C(nodes), a list with each node's C(name), C(host), C(kubelet), C(runtime), C(ready) and C(ip).
  type: dict
  returned: always
differences:
  description: Settings that differed, each with before and after.
  type: dict
  returned: always
repairs:
  description: What was broken, each with C(name), C(found) and C(remedy).
  type: list
  elements: dict
  returned: always
attempts:
  description: Starts that failed, each with C(cause), C(detail), C(retry), C(remedy) and C(seconds).
  type: list
  elements: dict
  returned: always
seconds:
  description: Duration of each phase in seconds (status, delete, setup, node_container, kubernetes, readiness,
    default_addons, addons, node_settings, nodes, stop), as far as they took place.
  type: dict
  returned: always
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import kubeconfig as kubeconfigs
from ansible_collections.todo.k8s.plugins.module_utils import minikube_profile as profiles
from ansible_collections.todo.k8s.plugins.module_utils import network, node_settings
from ansible_collections.todo.k8s.plugins.module_utils.minikube_command import Minikube
from ansible_collections.todo.k8s.plugins.module_utils.minikube_converge import Converge, Network, Result
from ansible_collections.todo.k8s.plugins.module_utils.minikube_lock import ProfileLock
from ansible_collections.todo.k8s.plugins.module_utils.minikube_nodes import NodeError, Nodes
from ansible_collections.todo.k8s.plugins.module_utils.progress import report


def _wanted(module):
    options = module.params
    cpus, memory = options["cpus"], options["memory_mb"]
    present = options["state"] == "present"
    if present and options["engine_cpus"]:
        cpus, warning = profiles.clamp(cpus, options["engine_cpus"], profiles.MINIMUM_CPUS, "CPUs", "")
        if warning:
            module.warn(warning)
    if present and options["engine_memory_mb"]:
        memory, warning = profiles.memory_to_ask(memory, options["engine_memory_mb"])
        if warning:
            module.warn(warning)
    wanted = profiles.Wanted(
        profile=options["profile"],
        cpus=cpus,
        memory_mb=memory,
        kubernetes_version=options["kubernetes_version"],
        container_runtime=options["container_runtime"],
        base_image=options["base_image"],
        ports=tuple(options["ports"]),
        addons=tuple(options["addons"]),
        addons_exclusive=options["addons_exclusive"],
        nodes=options["nodes"],
        cni=profiles.choose_cni(options["cni"], options["nodes"]),
        extra_config=tuple(options["extra_config"]),
        mounts=tuple(options["mounts"]),
    )
    profiles.check(wanted)
    return wanted


def _network(module):
    options = module.params
    for name in ("http_proxy", "https_proxy"):
        if options[name]:
            network.check_proxy(name, options[name])
            if network.is_loopback(options[name]):
                module.warn(f"{name}: it is on this host's loopback, where the nodes cannot reach it; they get none.")
    bundle = options["ca_bundle"]
    return Network(
        http=options["http_proxy"],
        https=options["https_proxy"],
        none=options["no_proxy"],
        certificates=tuple(network.read_authorities(bundle, "ca_bundle")) if bundle else (),
    )


def _cluster(module, wanted, observed):
    return {
        "profile": wanted.profile,
        "context": wanted.profile,
        "kubeconfig": str(kubeconfigs.path()),
        "minikube_home": module.params["home"],
        "nodes": [node.name for node in observed.nodes],
        "ip": observed.nodes[0].ip if observed.nodes else "",
        "kubernetes_version": wanted.kubernetes_version,
        "container_runtime": wanted.container_runtime,
        "cpus": wanted.cpus,
        "memory_mb": wanted.memory_mb,
        "ports": profiles.ports_fact(wanted.ports),
    }


def _answer(module, result: Result, message: str) -> dict:
    for warning in result.warnings:
        module.warn(warning)
    differences = result.differences
    status = result.observed.status() if result.observed else dict.fromkeys(profiles.COMPONENTS, "Nonexistent")
    return {
        "changed": result.changed,
        "status": status,
        "differences": differences,
        "repairs": result.repairs,
        "attempts": result.attempts,
        "seconds": result.seconds,
        "diff": {
            "before": {name: change["before"] for name, change in differences.items()},
            "after": {name: change["after"] for name, change in differences.items()},
        },
        "msg": "; ".join(result.reasons) or message,
    }


def _run(module, converge, wanted):
    options, check = module.params, module.check_mode
    profile = wanted.profile
    if options["state"] == "absent":
        result = converge.absent(check=check)
        return _answer(module, result, f"profile {profile}: there was none")
    if options["state"] == "stopped":
        result = converge.stopped(check=check)
        return _answer(module, result, f"profile {profile} does not run")
    result = converge.present(recreate=options["recreate"], check=check)
    answer = _answer(module, result, f"profile {profile} runs as wanted")
    if result.observed.healthy:
        answer["cluster"] = _cluster(module, wanted, result.observed)
    return answer


def _nodes(module, profile):
    """The engine's side of the profile. For deleting, an engine that is gone is no obstacle."""
    try:
        return Nodes(module.params["docker_host"], profile)
    except NodeError as error:
        if module.params["state"] != "absent":
            raise
        if profiles.read_config(Path(module.params["home"]), profile) is not None:
            module.warn(f"{error} What the engine still has of profile {profile} stays there.")
        return None


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
            "nodes": {"type": "int", "default": 1},
            "cni": {"type": "str", "choices": ["auto", "bridge", "routed"], "default": "auto"},
            "kubernetes_version": {"type": "str", "default": "v1.34.3"},
            "container_runtime": {"type": "str", "default": "containerd"},
            "base_image": {"type": "str", "default": ""},
            "ports": {"type": "list", "elements": "str", "default": []},
            "mounts": {"type": "list", "elements": "str", "default": []},
            "extra_config": {"type": "list", "elements": "str", "default": []},
            "addons": {"type": "list", "elements": "str", "default": []},
            "addons_exclusive": {"type": "bool", "default": False},
            "addon_images": {"type": "dict", "default": {}},
            "http_proxy": {"type": "str", "default": "", "no_log": True},
            "https_proxy": {"type": "str", "default": "", "no_log": True},
            "no_proxy": {"type": "str", "default": ""},
            "ca_bundle": {"type": "path"},
            "recreate": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    lock = ProfileLock(Path(options["home"]), options["profile"])
    converge = None
    try:
        wanted, networks = _wanted(module), _network(module)
        proxies = node_settings.proxy_environment(networks.http, networks.https, networks.none)
        tool = Minikube(options["binary"], Path(options["home"]), options["docker_host"], proxies, report)
        converge = Converge(
            tool,
            _nodes(module, wanted.profile),
            wanted,
            engine_host=options["docker_host"],
            network=networks,
            addon_images=options["addon_images"],
            timeout=options["timeout"],
            say=report,
        )
        if not module.check_mode:
            lock.acquire(options["timeout"], report)
        answer = _run(module, converge, wanted)
    except (profiles.MinikubeError, NodeError, network.NetworkError) as error:
        result = converge.result if converge else Result()
        module.fail_json(**{**_answer(module, result, ""), "changed": False, "msg": str(error)})
    finally:
        lock.release()
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
