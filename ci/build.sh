#!/usr/bin/env bash
# Builds wheel and source of this commit into dist/, with their bill of materials and the notes of the release. The same
# commit makes the same files. TAG, where it is given, has to be the version's.
set -euo pipefail

cd "$(dirname "$0")/.."
version="$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/azureml_publish/version.py)"
if [ -n "${TAG:-}" ] && [ "$TAG" != "v$version" ]; then
  echo "The tag is $TAG, and the version in src/azureml_publish/version.py is $version." >&2
  exit 2
fi
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH
rm -rf dist .venv-build
python3 -m venv .venv-build
# Of the lock what builds a wheel alone.
awk '/^[a-z]/ { on = $1 ~ /^(editables|hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } on' \
  requirements/run.txt > .venv-build/requirements.txt
.venv-build/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
  --requirement .venv-build/requirements.txt
.venv-build/bin/python -m hatchling build
python3 ci/bill.py requirements/run.txt "$version" > dist/bill-of-materials.cdx.json
# What the changelog says of this version, else of what is not released yet.
awk -v version="## $version" '
  /^## / { found = index($0, version) == 1 || (!done && $0 == "## Unreleased"); if (found) done = 1; next }
  found' CHANGELOG.md > dist/NOTES.md
