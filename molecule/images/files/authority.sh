#!/bin/sh
# Writes an authority's certificate to the file $1; nothing signed by it is used.
set -eu
key=$(mktemp)
trap 'rm -f "$key"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=images test authority" -keyout "$key" -out "$1" 2>/dev/null
