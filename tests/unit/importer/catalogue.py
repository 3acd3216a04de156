"""Small asset folders with what grown catalogues have: both layouts, odd spellings, keys that nobody typed."""

from __future__ import annotations

from pathlib import Path

ASSET = "extra_config: model.yaml\nspec: spec.yaml\ntype: model\ncategories: [Foundation Models, Text]\n"
MODEL = """\
path:
  container_name: models
  container_path: huggingface/{name}/17/mlflow_model_folder
  storage_name: examplestorage
  type: azureblob
publish:
  description: description.md
  type: {kind}
"""
SCHEMA = "https://azuremlschemas.azureedge.net/latest/model.schema.json"
CARD = """\
One sentence about the model, which costs {{{{ nothing }}}}.

# Training Details

It read {name} pages; 100 {{% were good.

# License

As it says.
"""

NATIVE = f"""\
$schema: {SCHEMA}
name: native-one
path: ./
properties:
  SHA: 0123456789abcdef0123456789abcdef01234567
tags:
  model_specific_defaults:
    apply_deepspeed: 'true'
    apply_lora: 'true'
system_metadata:
  languages: [en, 'no']
  sharedComputeCapacityEnabled: true
  tasks:
    fineTuningTasks: [text-classification]
    inferenceTasks: [fill-mask]
  SKU:
    inferenceRecommendedSkus: [Standard_NC12s_v3, Standard_NC6s_v3]
    finetuneRecommendedSkus: [Standard_NC6s_v3, Standard_NC12s_v3]
    inferenceMinSkuSpec: 6|1|112|736
    finetuneMinSkuSpec: 6|1|112|736
  license: mit
  notes: notes.md
  supportedComputes:
    inferenceComputes: [Standard_NC6s_v3, Standard_NC12s_v3]
    finetuneComputes: [Standard_NC6s_v3, Standard_NC12s_v3]
  platformCapabilities: {{enableBatch: false}}
  newService: {{level: 3}}
version: 4
"""

TAGS = f"""\
$schema: {SCHEMA}
name: tagged-one
path: ./
isArchived: true
properties:
  SharedComputeCapacityEnabled: "True"
  SHA: ''
  languages: EN
  azureml.copyRegistryFilesToWorkspace: true
  baseModelWeightsVersion: 1.0
  inference-min-sku-spec: 6|1|112|736
  inference-recommended-sku: Standard_NC6s_v3,  Standard_NC12s_v3
  finetuning-tasks: text-classification
  finetune-min-sku-spec: 6|1|112|736
  finetune-recommended-sku: Standard_NC6s_v3, Standard_NC12s_v3
  intellectualPropertyPublisher: Contoso
system_metadata:
  deploymentOptions: [MaaP]
tags:
  SharedComputeCapacityEnabled: ''
  license: mit
  task: fill-mask
  author: Contoso
  hiddenlayerscanned : ""
  disable-batch: "true"
  keywords: "Small,Fast"
  languages: en
  InferenceRetirementDate: '2025-08-30'
  textContextWindow: 4096
  training_dataset: COCO
  Deprecated:
  model_specific_defaults: {{apply_lora: 'true', precision: "4", learning_rate: 5e-6, deepspeed_stage: 2}}
  inference_compute_allow_list: [Standard_NC6s_v3, Standard_NC12s_v3]
  finetune_compute_allow_list:
    - Standard_NC6s_v3
    - Standard_NC12s_v3   # the larger one
version: 7
"""

CUSTOM = f"""\
$schema: {SCHEMA}
name: custom-one
path: ./
intellectualProperty:
  publisher: Contoso
system_metadata:
  alias: custom
  minFLVersion: 0.5.1
tags:
  capabilities: [chat]
  contextLength: 4096
variantInfo:
  parents:
  - assetId: azureml://registries/azureml/models/Phi/versions/7
  variantType: ONNX
defaultDeploymentTemplate:
  assetId: azureml://registries/azureml/deploymentTemplates/one/versions/1
version: 2
"""


def write_asset(root: Path, name: str, spec: str, kind: str = "mlflow_model", **files: str) -> Path:
    """An asset folder with this spec; further files by name, `__` for a dot. An empty text leaves a file out."""
    folder = root / name
    folder.mkdir(parents=True)
    texts = {
        "asset.yaml": ASSET,
        "model.yaml": MODEL.format(name=name, kind=kind),
        "spec.yaml": spec,
        "description.md": CARD.format(name=name),
        "MLmodel": "flavors: {python_function: {}}\n",
    }
    texts |= {key.replace("__", "."): text for key, text in files.items()}
    for file, text in texts.items():
        if text:
            (folder / file).write_bytes(text.encode())
    return folder


def write_catalogue(root: Path) -> Path:
    """Four folders: one of each layout, a custom model, and a second one with the lists of the first."""
    write_asset(root, "native-one", NATIVE, notes__md="one\r\ntwo\r\n", evaluation__md="x")
    write_asset(root, "tagged-one", TAGS)
    write_asset(root, "custom-one", CUSTOM, kind="custom_model", MLmodel="")
    write_asset(root, "native-two", NATIVE.replace("native-one", "native-two"), notes__md="n")
    return root
