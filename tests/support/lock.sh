#!/bin/sh
# Compiles both backends' requirements.txt from their requirements.in, with hashes and with the same pins in both,
# so that one environment (.venv-app) can serve both test suites. Run it to upgrade; extra arguments go to pip-compile.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" install -q pip-tools
compile() {
    "$work/venv/bin/pip-compile" -q --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --no-header --no-annotate --allow-unsafe "$@"
}
# pip-compile reads what it is to write.
: > "$work/pins.txt"
compile -o "$work/pins.txt" "$@" todo-application/backend/requirements.in chatbot/backend/requirements.in
for backend in todo-application/backend chatbot/backend; do
    : > "$work/requirements.txt"
    compile --generate-hashes -c "$work/pins.txt" -o "$work/requirements.txt" "$backend/requirements.in"
    {
        echo "# Made by tests/support/lock.sh from requirements.in; don't edit."
        cat "$work/requirements.txt"
    } > "$backend/requirements.txt"
done
