"""The pod network of a cluster with more than one node: a bridge in each node, and routes between the nodes.

Minikube's own for that (kindnet) is an image from a registry. All nodes are in one Docker network, so a route to each
other node's pods is enough; nothing has to run in the cluster for it. Network policies are not enforced, as with
Minikube's bridge.
"""

from __future__ import annotations

import json

POD_NETWORK = "10.244.0.0/16"
CONFLIST = "/etc/cni/net.d/0-routed.conflist"
UNIT = "/etc/systemd/system/pod-routes.service"
PROTOCOL = 99  # marks our routes, so that old ones are found again


def conflist(subnet: str) -> str:
    """CNI configuration of a node whose pods have the addresses of `subnet`."""
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isDefaultGateway": True,
        "hairpinMode": True,
        # Pods of other nodes see a pod's own address; what leaves the cluster is masqueraded by the unit below.
        "ipMasq": False,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": subnet}]]},
    }
    plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}, {"type": "firewall"}]
    return json.dumps({"cniVersion": "0.4.0", "name": "routed", "plugins": plugins}, indent=2) + "\n"


def unit(subnet: str, others: list[tuple[str, str]]) -> str:
    """systemd unit with the routes to the other nodes' pods: (subnet, node's address) of each."""
    rule = f"POSTROUTING -s {subnet} ! -d {POD_NETWORK} -j MASQUERADE"
    commands = [
        f"-/sbin/ip route flush proto {PROTOCOL}",
        f"/bin/sh -c 'iptables -t nat -C {rule} 2>/dev/null || iptables -t nat -A {rule}'",
        *(f"/sbin/ip route replace {pods} via {address} proto {PROTOCOL}" for pods, address in sorted(others)),
    ]
    return (
        "[Unit]\nDescription=Routes to the pods of the other nodes\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        + "".join(f"ExecStart={command}\n" for command in commands)
        + "\n[Install]\nWantedBy=multi-user.target\n"
    )


def files(name: str, nodes: list[tuple[str, str, str]]) -> dict[str, str]:
    """{path: content} for the node called `name`, from all nodes' (name, address, subnet of its pods).

    Empty while its own subnet is not known yet.
    """
    own = next((subnet for node, _, subnet in nodes if node == name), "")
    if not own:
        return {}
    others = [(subnet, address) for node, address, subnet in nodes if node != name and subnet and address]
    return {CONFLIST: conflist(own), UNIT: unit(own, others)}
