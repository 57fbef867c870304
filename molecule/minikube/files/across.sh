#!/bin/sh
# A pod on the second node reaches one on the first, directly and through a service.
set -eu
kubectl() { "$tool" --kubeconfig="$config" --context="$profile" "$@"; }
tool=$1 config=$2 profile=$3
kubectl run across --image=docker.io/todo-k8s/mk-test:1 --image-pull-policy=Never --restart=Never \
  --overrides="{\"spec\": {\"nodeName\": \"$profile-m02\", \"terminationGracePeriodSeconds\": 0}}" \
  --command -- sleep infinity >/dev/null
kubectl wait pod/across --for=condition=Ready --timeout=60s >/dev/null
kubectl -n kube-system wait pod --selector=k8s-app=kube-dns --for=condition=Ready --timeout=60s >/dev/null
node=$(kubectl -n kube-system get pod --selector=k8s-app=kube-dns --output=jsonpath='{.items[0].spec.nodeName}')
[ "$node" = "$profile" ] || { echo "the other pod is on $node, not on $profile"; exit 1; }
for address in $(kubectl -n kube-system get pod --selector=k8s-app=kube-dns --output=jsonpath='{.items[0].status.podIP}') 10.96.0.10; do
  kubectl exec across -- timeout 10 bash -c "exec 3<>/dev/tcp/$address/53" || { echo "$address: not reached"; exit 1; }
done
echo reached
