#!/usr/bin/env bash
# Installs the wheel in dist/ with the locked versions into an environment of its own, and takes a model through it.
set -euo pipefail

cd "$(dirname "$0")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps)
"${pip[@]}" --require-hashes --requirement requirements/run.txt
"${pip[@]}" dist/azureml_publish-*.whl
cp -r models publish.yaml "$folder"
cd "$folder"
for verb in --version lint render plan "apply --yes" verify; do
  # shellcheck disable=SC2086 # a verb with its option
  venv/bin/publish $verb
done
