"""Cards of every kind of model: the facts of the spec and its lock, and code that is Python, YAML and JSON."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.checkpoints import Files, safetensors, write
from tests.conftest import Run
from tests.unit.content.packaging.test_other_kinds import SKLEARN

LORA = {
    "adapter_config.json": json.dumps({"base_model_name_or_path": "meta/llama", "peft_type": "LORA"}).encode(),
    "adapter_model.safetensors": safetensors("a"),
}
TRITON = {"detect/config.pbtxt": b'name: "detect"\nplatform: "onnxruntime_onnx"\n', "detect/1/model.onnx": b"onnx"}
COMMIT = "{huggingface: org/little, revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0}"


def add(project: Path, name: str, files: Files, more: str, source: str = "") -> None:
    if files:
        write(project / "src" / name, files)
    folder = project / "models" / name
    folder.mkdir()
    found = source or f"{{local: ../../src/{name}, allow_pickle: true}}"
    (folder / "model.yaml").write_text(f"name: {name}\nversion: 4\nsource: {found}\ndescription: A model.\n{more}")


def card(publish: Run, project: Path, name: str) -> str:
    ran = publish("render", name, "--out", str(project / "build"))
    assert ran.code == 0, ran.err
    return (project / "build" / name / "description.md").read_text(encoding="utf-8")


def facts(text: str) -> dict[str, str]:
    head, found = "| Fact | Value |\n| --- | --- |\n", {}
    for line in text.partition(head)[2].partition("\n\n")[0].splitlines():
        name, value = line.removeprefix("| ").removesuffix(" |").split(" | ", 1)
        found[name] = value
    return found


def fences(text: str, kind: str) -> list[str]:
    return [token.content for token in MarkdownIt().parse(text) if token.type == "fence" and token.info == kind]


def deployment(text: str) -> Any:
    """The deployment of a card, as the real SDK reads it."""
    from azure.ai.ml import load_online_deployment

    (written,) = fences(text, "yaml")
    return load_online_deployment(io.StringIO(written))


KINDS = {
    "sklearn": (SKLEARN, "license: mit\n", "mlflow.pyfunc.load_model", "MLflow model (python_function, sklearn)"),
    "adapter": (LORA, "type: custom_model\ntags: {base_model: meta/llama}\n", "PeftConfig.", "Custom model"),
    "detector": ({"detector.onnx": b"onnx"}, "type: custom_model\n", "onnxruntime.InferenceSession", "Custom model"),
    "quantised": ({"model-Q4.gguf": b"GGUF\x03\0\0\0" + bytes(64)}, "type: custom_model\n", "Llama(", "Custom model"),
    "lightning": ({"epoch.ckpt": b"PK"}, "type: custom_model\n", "torch.load", "Custom model"),
    "plain": ({"weights.dat": b"0"}, "type: custom_model\n", 'rglob("*")', "Custom model"),
    "served": (TRITON, "type: triton_model\n", 'rglob("*")', "Triton model"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_card_says_what_a_model_is_and_how_it_is_used(publish: Run, project: Path, name: str) -> None:
    files, more, loads, kind = KINDS[name]
    add(project, name, files, f"{more}compute: {{inference: [Standard_NC4as_T4_v3, Standard_NC8as_T4_v3]}}\n")
    assert publish("lock", name).code == 0
    text = card(publish, project, name)
    lock = json.loads((project / "models" / name / "source.lock.json").read_text())
    said = facts(text)
    assert said["Type"] == kind
    assert said["Files"].startswith(f"{len(lock['files'])} file")
    assert f"{sum(file['bytes'] for file in lock['files']):,} bytes" in said["Files"]
    assert said["Sizes for inference"].startswith("2, such as `Standard_NC4as_T4_v3`; at least 4 vCPUs, 1 GPU,")
    assert said.get("Base model") == ("`meta/llama`" if name == "adapter" else None)
    loading, *_ = codes = fences(text, "python")
    for code in codes:
        ast.parse(code)
    assert loads in loading
    assert f'download("{name}", version="4"' in loading
    made = deployment(text)
    assert (made.model, made.instance_type) == (
        f"azureml://registries/REGISTRY/models/{name}/versions/4", "Standard_NC4as_T4_v3",
    )  # fmt: skip
    assert (made.code_configuration is None) == (name in ("sklearn", "served"))
    assert ("detect" in codes[-1]) == (name == "served")


def test_the_request_is_the_sample_or_follows_from_the_signature(publish: Run, project: Path) -> None:
    signature = {
        "inputs": [{"type": "double", "name": "a|b"}, {"type": "string", "name": "c", "required": False}],
        "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}],
    }  # fmt: skip
    mlmodel = yaml.safe_load(str(SKLEARN["MLmodel"]))
    mlmodel["signature"] = {side: json.dumps(columns) for side, columns in signature.items()}
    add(project, "columns", {**SKLEARN, "MLmodel": yaml.safe_dump(mlmodel).encode()}, "license: mit\n")
    text = card(publish, project, "columns")  # a folder on this machine needs no lock for it
    assert facts(text)["Inputs"] == r"`a\|b` (double), `c` (string, optional)"
    assert facts(text)["Outputs"] == "int64 [-1]"
    assert json.loads(fences(text, "json")[0]) == {"input_data": {"columns": ["a|b"], "index": [0], "data": [[0.0]]}}
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]
    mlmodel["signature"]["inputs"] = json.dumps(tensor)
    (project / "src/columns/MLmodel").write_text(yaml.safe_dump(mlmodel))
    assert json.loads(fences(card(publish, project, "columns"), "json")[0]) == {"input_data": [[0.0, 0.0, 0.0]]}
    samples = project / "models/columns/samples"
    samples.mkdir()
    (samples / "input.json").write_text('{"input_data": [[1.5, 2.5, 3.5]]}')
    text = card(publish, project, "columns")
    assert "`request.json` holds the sample input below." in text
    assert [json.loads(one) for one in fences(text, "json")] == [{"input_data": [[1.5, 2.5, 3.5]]}]


@pytest.mark.parametrize(
    ("task", "more", "titles"),
    [
        ("fill-mask", "", ["Model Evaluation samples", "Inference samples"]),
        ("token-classification", "", ["Model Evaluation samples"]),  # its notebook sends another form of request
        ("image-classification", "", []),
        ("automatic-speech-recognition", "", []),
        ("zero-shot-image-classification", "", []),  # MLflow serves no such pipeline
        ("text-classification", "type: custom_model\n", []),
    ],
)
def test_sample_tables_stand_where_their_notebooks_can_work(
    publish: Run, project: Path, task: str, more: str, titles: list[str]
) -> None:
    add(project, "little", {}, f"{more}license: mit\ntasks: {{inference: {task}}}\n", source=COMMIT)
    text = card(publish, project, "little")
    assert [line[2:] for line in text.splitlines() if line.startswith("# ") and line.endswith("samples")] == titles


def test_a_flavour_that_no_notebook_is_written_for_has_no_sample_tables(publish: Run, project: Path) -> None:
    add(project, "forest", SKLEARN, "license: mit\ntasks: {inference: text-classification}\n")
    assert "samples\n" not in card(publish, project, "forest")
    links = "inference:\n  text-classification:\n    - {type: Batch, flavors: [sklearn], notebook: {text: ours, url: 'https://contoso.example/n'}}\n"
    (project / "templates").mkdir(exist_ok=True)
    (project / "templates/sample-links.yaml").write_text(links)
    assert "| Batch | [ours](https://contoso.example/n) |" in card(publish, project, "forest")


def test_both_sections_are_blocks_that_a_card_can_leave_out(publish: Run, project: Path) -> None:
    add(project, "little", {}, "license: mit\ntasks: {inference: fill-mask}\n", source=COMMIT)
    template = '{% extends "card.md.j2" %}\n{% block facts %}{% endblock %}\n{% block how_to_use %}{% endblock %}\n'
    (project / "models/little/card.md.j2").write_text(template)
    text = card(publish, project, "little")
    assert "# Facts" not in text
    assert "# How to use it" not in text
