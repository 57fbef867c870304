#!/bin/sh
# Makes the image $1 of $2 bytes that cannot be compressed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
head -c "$2" /dev/urandom > "$folder/large"
tar --create --directory="$folder" large | docker import - "$1"
