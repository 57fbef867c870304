#!/bin/sh
# Stops a profile and kills the `minikube start` that brings it up again, as soon as its container runs.
set -eu
export MINIKUBE_HOME="$1" TMPDIR="$1/tmp"
force=
[ "$(id -u)" = 0 ] && force=--force
"$2" stop --profile="$3" >/dev/null
"$2" start --profile="$3" $force --cni=bridge >/dev/null 2>&1 &
start=$!
until [ "$(docker inspect --format '{{.State.Running}}' "$3")" = true ]; do sleep 0.05; done
kill -9 "$start"
