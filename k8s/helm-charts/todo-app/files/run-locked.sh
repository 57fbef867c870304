# run-locked FILE SECONDS COMMAND…: locks FILE, which may take SECONDS, and becomes COMMAND. It and all it starts inherit
# the lock, so that it is free when the last of them has ended and not before: with any image, two database servers on
# one volume, which would destroy it, are not possible.
set -eu
file=$1 limit=$2
shift 2
say() { printf 'run-locked: %s\n' "$*"; }

# As the first process a shell ignores signals it has no trap for.
trap 'exit 143' TERM INT
exec 8>> "$file"
waited=0
until flock --nonblock 8; do
    if [ "$waited" -ge "$limit" ]; then
        say "$file is still locked after $limit s: another server has this volume. Needed: the volume for this one." \
            "Find and stop the other pod that mounts the claim; this one then starts." >&2
        exit 1
    fi
    [ $((waited % 10)) -ne 0 ] ||
        say "waiting for another server to end, which has this volume ($file is locked; $waited s of $limit s)"
    sleep 1
    waited=$((waited + 1))
done
trap - TERM INT
exec "$@"
