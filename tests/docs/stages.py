"""What a page takes for granted before its commands run: shell, below `console.PREAMBLE`."""

from __future__ import annotations

RUN_ELSEWHERE = {"docs/moving.md": "tests/cli/test_moving.py", "docs/skus.md": "tests/cli/test_skus_docs.py"}
"""Pages whose commands another test runs."""

ON_OTHER_MACHINES = {"docs/install.md", "docs/scheduler.md"}
"""Pages whose commands need Docker or a cluster; tests/ci and tests/cli/test_scheduler.py do the like."""

PLAIN = 'cp -r "$REPOSITORY/models" . && cp "$REPOSITORY/publish.yaml" .'
"""The shipped models."""

PROJECT = f"""
{PLAIN}
sed -i 's#^  local: .*#&\\n  dev: {{emulator: .publish/dev}}\\n  prod: {{emulator: .publish/prod}}#' publish.yaml
"""
"""The shipped models, and three registries on disk."""

EMULATED = {"README.md", "docs/registries.md"}
"""Pages with a registry of Azure ML: the emulator plays it, under any name."""

OLDER = """
sed -i 's/^version: 18/version: 17/' models/bert-base-cased/model.yaml
publish apply bert-base-cased -r prod -q && publish apply bert-base-cased -r dev -q
sed -i 's/^version: 17/version: 18/' models/bert-base-cased/model.yaml
publish apply bert-base-cased -r prod -q && publish apply bert-base-cased -r dev -q
"""
"""bert-base-cased is at version 18 in two registries, which also hold 17."""

BY_OTHERS = """
publish apply bert-large-cased distilbert-base-uncased -r prod -q
mkdir ../other && cp -r models publish.yaml ../other && cd ../other
sed -i 's#.publish/prod#../there/.publish/prod#' publish.yaml
sed -i 's/^license: .*/license: mit/' models/bert-base-cased/model.yaml && publish apply bert-base-cased -r prod -q
sed -i 's/^version: 18/version: 19/' models/bert-base-cased/model.yaml && publish apply bert-base-cased -r prod -q
cp -r models/bert-base-cased models/somebodys-model
sed -i 's/^version: .*/version: 3/; s/^name: .*/name: somebodys-model/' models/somebodys-model/model.yaml
publish apply somebodys-model -r prod -q
cd ../there
"""
"""What somebody else did to one of them."""

OUTSIDE = """
mkdir -p runs/churn-42 exports deploy/weights
cat > runs/churn-42/MLmodel <<'END'
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl, python_version: 3.11.9}
  sklearn: {code: null, pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 1.6.1}
signature:
  inputs: '[{"type": "double", "name": "orders", "required": true}]'
  outputs: '[{"type": "double", "name": "leaves", "required": true}]'
END
head -c 400 /dev/urandom > runs/churn-42/model.pkl
head -c 400 /dev/urandom > exports/detector.onnx
echo '{}' > deploy/weights/model.json
cat > deploy/model.yml <<'END'
$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json
name: taxi
version: 3
type: custom_model
path: weights
description: Says what a ride costs.
END
"""
"""Files of a team's own, beside the catalogue."""

PREPARED = {
    "README.md": OUTSIDE + "mkdir clone && cd clone",
    "docs/tutorial.md": "mkdir clone && cd clone",
    "docs/ci.md": PROJECT,
    "docs/lifecycle.md": PROJECT + OLDER + BY_OTHERS,
    "docs/not-from-the-hub.md": OUTSIDE + "mkdir catalogue && cd catalogue",
    "docs/preview.md": PROJECT,
    "docs/registries.md": PROJECT,
    "docs/rules.md": PROJECT + "publish render --out assets/models/system -q",
    "docs/signing.md": PLAIN + "\necho 'signing: {key: release.pem}' >> publish.yaml",
}
