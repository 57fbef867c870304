#!/bin/bash
# Makes a container look enough like a machine for systemd, the kubelet and Minikube, then becomes init.
set -euo pipefail

# Minikube knocks at once, and again only three seconds later: the door is opened before anything else, and what comes in
# waits for systemd (sshrc). A host key of the node's own, none is baked into the image; one type, as RSA's takes a second.
[ -s /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
/usr/sbin/sshd

# Mounts made by the kubelet have to reach the pods, and devices of the host must stay out of reach.
mount --make-rshared /
mount -o remount,ro /sys || echo "entrypoint: /sys stays writable" >&2

# The storage provisioner keeps its volumes below /tmp, which Minikube mounts as a tmpfs: what is in them has to live in
# /var, the node's own volume, to be there after a restart.
for name in hostpath-provisioner hostpath_pv; do
  mkdir -p "/var/$name" "/tmp/$name"
  mount --bind "/var/$name" "/tmp/$name"
done

# Pods' file systems lie upon what the image holds unpacked. Where overlays cannot be stacked that high (an engine that
# itself lives on one), the unpacked images are copied beside containerd's notes instead: slower, but right.
unpacked=/opt/todo-k8s/snapshots
notes=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots
if [ -n "$(find "$notes" -maxdepth 2 -type l -name fs -print -quit 2>/dev/null)" ]; then
  trial=$(mktemp -d /var/lib/overlay-trial.XXXXXX)
  mkdir "$trial/upper" "$trial/work" "$trial/merged"
  if mount -t overlay -o "lowerdir=$(find "$unpacked" -mindepth 1 -maxdepth 1 -print -quit),upperdir=$trial/upper,workdir=$trial/work" \
    overlay "$trial/merged" 2>/dev/null; then
    umount "$trial/merged"
  else
    echo "entrypoint: no overlay upon the image's own layer: copying the unpacked images" >&2
    for link in "$notes"/*/fs; do
      [ -L "$link" ] || continue
      cp -a "$(readlink "$link")" "$link.part"
      rm "$link"
      mv "$link.part" "$link"
    done
  fi
  rm -rf "$trial"
fi

# Two nodes must not share an identity.
rm -f /etc/machine-id /var/lib/dbus/machine-id
systemd-machine-id-setup >/dev/null
[ -d /var/lib/dbus ] && ln -sf /etc/machine-id /var/lib/dbus/machine-id

# Docker's own resolver, 127.0.0.11, lives in this network namespace only. Make it answer on the gateway's address,
# which pods can reach, and tell everybody here to use that one.
if grep -q '^nameserver 127\.0\.0\.11' /etc/resolv.conf; then
  gateway=$(ip -4 route show default | awk '{print $3; exit}')
  # grep fails where there is none: then there is nothing to translate.
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
iptables -N CNI-ADMIN 2>/dev/null || true # it is there after a restart
for chain in OUTPUT CNI-ADMIN; do
  iptables -C "$chain" -d 10.96.0.0/12 -o eth0 -j REJECT 2>/dev/null ||
    iptables -A "$chain" -d 10.96.0.0/12 -o eth0 -j REJECT
done

exec /sbin/init --log-level=info --unit=multi-user.target
