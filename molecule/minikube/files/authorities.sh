#!/bin/sh
# Writes a file with two certificate authorities.
set -eu
: > "$1"
for number in 1 2; do
  openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -days 2 -subj "/CN=Test authority $number" \
    -addext basicConstraints=critical,CA:TRUE 2>/dev/null >> "$1"
done
