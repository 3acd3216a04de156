#!/usr/bin/env bash
# Installs publish, once a job: VERSION as pip takes it, else this commit with the versions and hashes of requirements/.
set -euo pipefail

if command -v publish > /dev/null; then exit 0; fi
here="$(cd "$(dirname "$0")/.." && pwd)"
pip=(python -m pip install --disable-pip-version-check --quiet)
if [ -n "${VERSION:-}" ]; then
  "${pip[@]}" "$VERSION"
else
  "${pip[@]}" --require-hashes --requirement "$here/requirements/run.txt"
  "${pip[@]}" --no-deps --no-build-isolation "$here"
fi
