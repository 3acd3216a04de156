"""A catalogue of sound asset folders, made up in the shapes that Azure/azureml-assets has at 4b41f8ccbc.

Text models in MLflow's format with samples and signatures, chat models with a context length, and builds of models for
devices with their parents. Cards state what the spec states, each family in its own words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

ENTRY = "extra_config: model.yaml\nspec: spec.yaml\ntype: model\ncategories: [Foundation Models]\n"
GPU = ("Standard_NC24ads_A100_v4", "24|1|220|64")
CPU = ("Standard_DS3_v2", "4|0|14|28")


def folders() -> Iterator[tuple[str, dict[str, str]]]:
    """Every folder's name and files."""
    yield from _masks()
    yield from _classifiers()
    yield from _chats()
    yield from _builds()
    yield from _images()


def _spec(
    name: str, task: str, size: tuple[str, str], licence: str, *lines: str, sha: bool = True, tail: str = ""
) -> str:
    commit = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return (
        f"$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\nname: {name}\npath: ./\n"
        + (f"properties:\n  SHA: {commit}\n" if sha else "")
        + "system_metadata:\n"
        + "".join(f"  {line}\n" for line in lines)
        + "  sharedComputeCapacityEnabled: true\n"
        + f"  tasks:\n    inferenceTasks:\n    - {task}\n"
        + f"  SKU:\n    inferenceRecommendedSkus:\n    - {size[0]}\n    inferenceMinSkuSpec: {size[1]}\n"
        + f"  license: {licence}\n  supportedComputes:\n    inferenceComputes:\n    - {size[0]}\n{tail}version: 3\n"
    )


def _origin(path: str, kind: str = "mlflow_model") -> str:
    return (
        f"path:\n  container_name: models\n  container_path: {path}\n  storage_name: contosomodels\n  type: azureblob\n"
        f"publish:\n  description: description.md\n  type: {kind}\n"
    )


def _mlmodel(base: str, task: str, inputs: str, outputs: str) -> str:
    return (
        f"flavors:\n  transformers:\n    task: {task}\n    tokenizer_type: BertTokenizerFast\n"
        f"metadata:\n  base_model_name: {base}\nsignature:\n  inputs: '{inputs}'\n  outputs: '{outputs}'\n"
    )


def _masks() -> Iterator[tuple[str, dict[str, str]]]:
    for name, layers, mask in (
        ("bert-base-uncased", 12, "[MASK]"),
        ("bert-base-cased", 12, "[MASK]"),
        ("bert-large-uncased", 24, "[MASK]"),
        ("contoso-lingua-base-en", 12, "[MASK]"),
        ("contoso-lingua-large-en", 24, "[MASK]"),
    ):
        organisation = "google-bert" if name.startswith("bert") else "contoso"
        card = (
            f"{name} is a transformer that was trained on English text with masked language modelling. The model has"
            f" {layers} layers. It is meant to be fine-tuned on a task of its own.\n\n"
            "# Training Details\n\n## Training Data\n\nBooks and an encyclopedia, without lists and tables.\n\n"
            "# License\n\napache-2.0\n\n# Inference samples\n\n"
            "Inference type|Python sample (Notebook)|CLI with YAML\n|--|--|--|\n"
            'Real time|<a href="https://aka.ms/azureml-infer-online-sdk-fill-mask" target="_blank">fill-mask.ipynb</a>|'
            '<a href="https://aka.ms/azureml-infer-online-cli-fill-mask" target="_blank">fill-mask.sh</a>\n\n'
            "# Sample inputs and outputs\n\n### Sample input\n"
            f'```json\n{{\n  "input_data": [\n    "Paris is the {mask} of'
            ' France."\n  ]\n}\n```\n\n### Sample output\n```json\n[\n  "paris"\n]\n```\n'
        )
        yield (
            name,
            {
                "asset.yaml": ENTRY,
                "spec.yaml": _spec(
                    name,
                    "fill-mask",
                    CPU,
                    "apache-2.0",
                    "languages:",
                    "- en",
                    f"huggingFaceModelId: {organisation}/{name}",
                ),
                "model.yaml": _origin(f"huggingface/{name}/1686527829/mlflow_model_folder"),
                "MLmodel": _mlmodel(name, "fill-mask", '[{"type": "string"}]', '[{"type": "string"}]'),
                "description.md": card,
            },
        )


def _classifiers() -> Iterator[tuple[str, dict[str, str]]]:
    inputs = '[{"name": "text", "type": "string"}, {"name": "language", "type": "string"}]'
    outputs = '[{"name": "label", "type": "string"}, {"name": "score", "type": "double"}]'
    for name, subject in (("contoso-tickets-small", "tickets"), ("contoso-reviews-base-v2", "reviews")):
        card = (
            f"# {name}\n\nSorts {subject} by their subject.\n\n| Field | Value |\n|---|---|\n| License | MIT |\n"
            "| Language(s) | English |\n\n## How to use it\n\nSample input:\n\n```json\n"
            '{"input_data": {"columns": ["text", "language"], "index": [0, 1], "data": [["It broke.", "en"], '
            '["Thanks!", "en"]]}}\n```\n\nSample output:\n\n```json\n[{"label": "defect", "score": 0.93}]\n```\n\n'
            "## Limitations\n\nIt knows nothing of subjects that came up later; see the"
            " [data sheet](https://contoso.com/data).\n\n![Curve](https://contoso.com/curve.png)\n"
        )
        yield (
            name,
            {
                "asset.yaml": ENTRY,
                "spec.yaml": _spec(name, "text-classification", CPU, "mit", "languages:", "- en"),
                "model.yaml": _origin(f"contoso/{name}/mlflow_model_folder"),
                "MLmodel": _mlmodel(name, "text-classification", inputs, outputs),
                "description.md": card,
                "LICENSE": "MIT License\n\nCopyright (c) 2025 Contoso\n\nPermission is hereby granted, free of charge,"
                " to any"
                " person obtaining a copy of this software\n",
            },
        )


def _chats() -> Iterator[tuple[str, dict[str, str]]]:
    for name, window, said, size in (
        ("Nova-3-mini-4k-instruct", 4096, "4K", "3.8B"),
        ("Nova-3-mini-128k-instruct", 131072, "128K", "3.8B"),
        ("Nova-3-medium-4k-instruct", 4096, "4K", "14B"),
        ("contoso-Mixer-8x7B-Instruct-v0-1", 32768, "32K", "46.7B"),
        ("contoso-Talk-7B-Instruct-v0-2", 32768, "32K", "7.2B"),
        ("contoso-Talk-8B-chat", 8192, "8K", "8B"),
    ):
        card = (
            f"The {name} is a {size} parameters, lightweight open model. It supports a context length of {said} tokens,"
            " and was compared with models of up to 70 billion parameters.\n\n## Resources\n\n"
            "🏡 [Portal](https://contoso.com/talk) <br>\n📖 [Report](https://arxiv.org/abs/2404.14219)\n\n"
            "## Sample input\n\n```json\n"
            '{"input_data": {"input_string": [{"role": "user", "content": "I am going to Paris, what should I see?"}],'
            ' "parameters": {"temperature": 0.6, "max_new_tokens": 96}}}\n```\n\n## Sample output\n\n```json\n'
            '{"output": "Paris, the capital of France, ..."}\n```\n'
        )
        lines = (
            "publisher: Contoso",
            "languages:",
            "- en",
            f"textContextWindow: {window}",
            "inputModalities:",
            "- text",
        )
        yield (
            name,
            {
                "asset.yaml": ENTRY,
                "spec.yaml": _spec(name, "chat-completion", GPU, "MIT", *lines),
                "model.yaml": _origin(f"contoso/{name}/v3/mlflow_model_folder"),
                "MLmodel": "flavors:\n  hftransformersv2:\n    task_type: chat-completion\n"
                f"metadata:\n  base_model_name: {name}\n",
                "description.md": card,
            },
        )


def _builds() -> Iterator[tuple[str, dict[str, str]]]:
    providers = {
        "cuda-gpu": ("gpu", "CUDAExecutionProvider", "CUDA GPUs"),
        "generic-cpu": ("cpu", "CPUExecutionProvider", "CPUs"),
    }
    models = (
        ("DeepThink-R1-Distill-Qwen-1.5B", "MIT", 1535450808, 131072),
        ("DeepThink-R1-Distill-Qwen-14B", "MIT", 8858370048, 131072),
        ("Talker-7B-Instruct-v0-2", "apache-2.0", 4370129223, 32768),
        ("Talker-4-mini", "MIT", 2187499550, 131072),
    )
    for number, (base, licence, size, window) in enumerate(models):
        for build, (device, provider, words) in providers.items():
            name = f"{base}-{build}"
            plain = base.replace("v0-2", "v0.2")
            card = (
                f"This model is an optimized version of {plain} to enable local inference on {words}."
                " This model uses RTN"
                " quantization.\n\n# Model Description\n- **Developed by:** Contoso\n- **Model type:** ONNX\n"
                f"- **License:** {licence}\n- **Model Description:** This is a conversion of the {plain} for local"
                f" inference on {words}.\n- **Disclaimer:** Model is only an optimization of the base model.\n\n"
                f"# Base Model Information\nSee Hugging Face model [{plain}](https://huggingface.co/contoso/{plain}).\n"
            )
            tail = (
                f"variantInfo:\n  parents:\n  - assetId: azureml://registries/contoso/models/{base}/versions/1\n"
                f"  variantMetadata:\n    modelType: ONNX\n    quantization:\n    - RTN\n    device: {device}\n"
                f"    executionProvider: {provider}\n    fileSizeBytes: {size + number + len(build)}\n"
            )
            yield (
                name,
                {
                    "asset.yaml": ENTRY,
                    "spec.yaml": "$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\n"
                    f"name: {name}\npath: ./\ntags:\n  contextLength: {window}\nsystem_metadata:\n"
                    f"  publisher: Contoso\n  inputModalities:\n  - text\n"
                    f"  license: {licence}\n  maxOutputTokens: 2048\n"
                    f"  tasks:\n    inferenceTasks:\n    - chat-completion\n{tail}version: 2\n",
                    "model.yaml": _origin(f"local/{name}/v2", "custom_model"),
                    "description.md": card,
                },
            )


def _images() -> Iterator[tuple[str, dict[str, str]]]:
    inputs = '[{"name": "image", "type": "binary"}, {"name": "text", "type": "string"}]'
    for name, patch in (("openai-clip-vit-base-patch32", 32), ("openai-clip-vit-base-patch16", 16)):
        card = (
            f"The CLIP model was developed to learn what makes image classification robust; {name} cuts images into"
            f" patches of {patch} by {patch}.\n\n# Training Details\n\nPairs of images and captions.\n\n"
            "# Limitations and Biases\n\nIt counts badly.\n\n# Sample input\n\n```json\n"
            '{"input_data": {"columns": ["image", "text"], "index": [0], "data": [["aW1hZ2U=", "label1, label2"]]}}\n'
            '```\n\nNote: "image" is bytes in base64.\n'
        )
        hub = name.replace("openai-", "openai/", 1)
        yield (
            name,
            {
                "asset.yaml": ENTRY,
                "spec.yaml": _spec(name, "zero-shot-image-classification", GPU, "mit", f"huggingFaceModelId: {hub}"),
                "model.yaml": _origin(f"huggingface/{name}/1694502354/mlflow_model_folder"),
                "MLmodel": "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n"
                f"metadata:\n  base_model_name: {name}\n"
                f"signature:\n  inputs: '{inputs}'\n  outputs: '[{{\"type\": \"string\"}}]'\n",
                "description.md": card,
            },
        )
