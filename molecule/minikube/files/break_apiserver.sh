#!/bin/sh
# Gives a profile's API server an option that it does not know, and waits until it is down.
set -eu
docker exec "$1" sed -i 's/^    - kube-apiserver$/&\n    - --no-such-option/' /etc/kubernetes/manifests/kube-apiserver.yaml
for _ in $(seq 60); do
  docker exec "$1" curl --silent --insecure --max-time 1 https://127.0.0.1:8443/readyz >/dev/null || exit 0
  sleep 0.5
done
echo "the API server of $1 still answers" >&2
exit 1
