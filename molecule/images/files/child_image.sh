#!/bin/sh
# Builds the image $2 on the image $1 with further instructions $3, from the context $4.
set -eu
printf 'FROM %s\nUSER 0\n%b\n' "$1" "$3" | docker build --quiet --tag "$2" --file - "$4"
