"""Shell for a node whose control plane is to be brought up again around the data that it has. Pure.

`minikube start` has two habits that need it: it does nothing about a control plane whose settings have not changed,
even if no manifest is there any more, and when a restart fails it resets the cluster, with everything stored in it.
"""

from __future__ import annotations

CERTIFICATES = "/var/lib/minikube/certs"
SETTINGS = "/var/tmp/minikube/kubeadm.yaml"  # noqa: S108  in the node
DATA = "/var/lib/minikube/etcd"
KEPT = "/var/lib/minikube/etcd.kept"


def keep_data() -> str:
    """Put a copy of the cluster's data aside, or the copy back in place of what a reset took away."""
    return (
        f"if [ -d {DATA}/member ]; then rm -rf {KEPT} && cp -a {DATA} {KEPT}; "
        f"elif [ -d {KEPT}/member ]; then rm -rf {DATA} && cp -a {KEPT} {DATA}; fi"
    )


def drop_copy() -> str:
    """Remove the copy: the cluster runs."""
    return f"rm -rf {KEPT}"


def configure_anew(expired: list[str]) -> str:
    """Forget kubeadm's last settings, so that Minikube has it write everything again.

    Expired certificates go with their keys, and with them the files that others are built into: kubeadm makes what is
    missing, and refuses a key without its certificate, so such keys go as well.
    """
    paths = [SETTINGS]
    if expired:
        paths += expired
        paths += ["/etc/kubernetes/*.conf", "/var/lib/kubelet/pki/kubelet-client-current.pem"]
    return (
        f"rm -f {' '.join(paths)}; cd {CERTIFICATES} 2>/dev/null && for key in *.key etcd/*.key; do "
        'case $key in sa.key) ;; *) [ -f "${key%.key}.crt" ] || rm -f "$key";; esac; done'
    )
