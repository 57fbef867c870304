#!/bin/sh
# Puts certificates that ended yesterday in place of a profile's own, on this host and in its node, and lets the API
# server start with them: what a cluster looks like after a long holiday.
# usage: expire.sh MINIKUBE_HOME PROFILE
set -eu
home=$1/.minikube
profile=$home/profiles/$2

# The same subject and key, signed by the same authority, but over.
expire() { # certificate, key, authority's certificate, authority's key
  openssl x509 -x509toreq -in "$1" -signkey "$2" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$3" -CAkey "$4" -CAcreateserial -days -1 -out "$1" 2>/dev/null
  rm -f "$1.csr" "${3%.crt}.srl"
}

expire "$profile/client.crt" "$profile/client.key" "$home/ca.crt" "$home/ca.key"
for file in "$profile"/apiserver.crt*; do
  expire "$file" "$(echo "$file" | sed 's/apiserver\.crt/apiserver.key/')" "$home/ca.crt" "$home/ca.key"
done
docker cp "$profile/apiserver.crt" "$2:/var/lib/minikube/certs/apiserver.crt"
docker exec -i "$2" sh -eu <<NODE
$(sed -n '/^expire()/,/^}/p' "$0")
cd /var/lib/minikube/certs
expire apiserver-kubelet-client.crt apiserver-kubelet-client.key ca.crt ca.key
expire apiserver-etcd-client.crt apiserver-etcd-client.key etcd/ca.crt etcd/ca.key
crictl ps --quiet --name kube-apiserver | xargs -r crictl stop >/dev/null
NODE
openssl x509 -noout -enddate -in "$profile/client.crt"
