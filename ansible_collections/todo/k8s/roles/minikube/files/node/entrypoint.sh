#!/bin/bash
# Makes a container look enough like a machine for systemd, the kubelet and Minikube, then becomes init.
set -euo pipefail

# Mounts made by the kubelet have to reach the pods, and devices of the host must stay out of reach.
mount --make-rshared /
mount -o remount,ro /sys || echo "entrypoint: /sys stays writable" >&2

# The storage provisioner keeps its volumes below /tmp, which Minikube mounts as a tmpfs: what is in them has to live in
# /var, the node's own volume, to be there after a restart.
for name in hostpath-provisioner hostpath_pv; do
  mkdir -p "/var/$name" "/tmp/$name"
  mount --bind "/var/$name" "/tmp/$name"
done

# Two nodes must not share an identity.
rm -f /etc/machine-id /var/lib/dbus/machine-id
systemd-machine-id-setup >/dev/null
[ -d /var/lib/dbus ] && ln -sf /etc/machine-id /var/lib/dbus/machine-id

# Every node has SSH host keys of its own: none is baked into the image.
ssh-keygen -A >/dev/null

# Docker's own resolver, 127.0.0.11, lives in this network namespace only. Make it answer on the gateway's address,
# which pods can reach, and tell everybody here to use that one.
if grep -q '^nameserver 127\.0\.0\.11' /etc/resolv.conf; then
  gateway=$(ip -4 route show default | awk '{print $3; exit}')
  rules=$(iptables-save -t nat | grep -- '127.0.0.11' || true)
  if [ -n "$gateway" ] && [ -n "$rules" ]; then
    printf '%s\n' "$rules" | grep -- '-d 127.0.0.11' | grep '^-A DOCKER_OUTPUT' | while read -r rule; do
      # shellcheck disable=SC2086  # one rule is many words
      iptables -t nat ${rule/-d 127.0.0.11\/32/-d $gateway\/32}
      # shellcheck disable=SC2086
      pre=${rule/-d 127.0.0.11\/32/-d $gateway\/32}; iptables -t nat ${pre/-A DOCKER_OUTPUT/-A PREROUTING}
    done
    iptables -t nat -A OUTPUT -d "$gateway/32" -j DOCKER_OUTPUT
    printf '%s\n' "$rules" | grep '^-A DOCKER_POSTROUTING' | while read -r rule; do
      # shellcheck disable=SC2086
      iptables -t nat ${rule/127.0.0.11/$gateway}
    done
    sed "s/127\.0\.0\.11/$gateway/" /etc/resolv.conf >/tmp/resolv.conf
    cat /tmp/resolv.conf >/etc/resolv.conf
    rm /tmp/resolv.conf
  fi
fi

# Until kube-proxy has written its rules a packet to a service's address would leave by the default route, and a network
# that answers for every address would keep the connection. After translation nothing legitimate has such an address.
# CNI-ADMIN is where the firewall plugin looks before it accepts what pods send.
iptables -N CNI-ADMIN 2>/dev/null || true
for chain in OUTPUT CNI-ADMIN; do
  iptables -C "$chain" -d 10.96.0.0/12 -o eth0 -j REJECT 2>/dev/null ||
    iptables -A "$chain" -d 10.96.0.0/12 -o eth0 -j REJECT
done

exec /sbin/init --log-level=info --unit=multi-user.target
