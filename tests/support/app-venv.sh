#!/bin/sh
# Makes .venv-app at the checkout's root: what both backends and their tests need, at the pinned versions, by hash.
# Does nothing when it is up to date.
set -eu
cd "$(dirname "$0")/../.."
. scripts/authorities.sh
stamp=.venv-app/.stamp
wanted=$(cat todo-application/backend*/requirements*.txt chatbot/backend/requirements.txt | sha256sum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
rm -rf .venv-app
# The environment of the collection is of a fitting version and always there before this one.
"${PYTHON:-.venv/bin/python}" -m venv .venv-app
.venv-app/bin/pip install -q --require-hashes -r todo-application/backend/requirements.txt \
    -r chatbot/backend/requirements.txt
# httpx2 is hashed in the first step already; pytest is needed by tests only.
.venv-app/bin/pip install -q -r todo-application/backend-common/requirements-test.txt
echo "$wanted" > "$stamp"
