"""Model folders that were imported: their files lie in a container of blobs, and MLmodel and pages beside the spec."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext

DAY = date(2026, 11, 28)
SPEC = """\
name: bert-base-cased
version: 18
source:
  azureblob:
    storage: contosofiles
    container: models
    path: huggingface/bert-base-cased/17/mlflow_model_folder
  revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0
license: apache-2.0
languages: [en]
tasks: {inference: fill-mask}
tags: {team: Contoso}
metadata: {hiddenLayerScanned: true, notes: notes.md}
"""
MLMODEL = """\
flavors:
  transformers:
    task: fill-mask
    pipeline_model_type: BertForMaskedLM
metadata:
  base_model_name: bert-base-cased
signature:
  inputs: '[{"type": "string"}]'
"""
CARD = 'BERT was pretrained on English data.\n\n## Sample input\n\n```json\n{"input_data": ["A [MASK]."]}\n```\n'


def found(root: Path, **changed: str | None) -> list[tuple[str, str, str]]:
    """Code, severity and path of warnings and errors, with some files of the folder changed or, with None, left out."""
    folder = root / "models" / "bert-base-cased"
    (folder / "files").mkdir(parents=True)
    (root / "publish.yaml").touch()
    texts: dict[str, str | None] = {"spec": SPEC, "mlmodel": MLMODEL, "card": CARD, "notes": "It counts badly.\n"}
    names = {"spec": "model.yaml", "mlmodel": "files/MLmodel", "card": "card.md", "notes": "files/notes.md"}
    for key, text in (texts | changed).items():
        if text is not None:
            (folder / names[key]).write_text(text, encoding="utf-8")
    run = RunContext(root, {}, DAY)
    all_found = check(run, load(run, (), Settings()), "all").found
    return [
        (one.code, str(one.severity), one.location.path.removeprefix("models/bert-base-cased/"))
        for one in all_found
        if one.severity != "info"
    ]


def test_a_sound_folder_has_no_warning(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "instead", "code"),
    [
        ("revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0", "revision: main", ("SPEC006", "warning")),
        ("path: huggingface/bert-base-cased/", "path: /huggingface/bert-base-cased/", ("PATH006", "error")),
        ("container: models", "container: your-container-name", ("PATH006", "error")),
        ("path: huggingface/bert-base-cased/", "path: huggingface/gpt2/", ("PATH002", "warning")),
        ("team: Contoso", "licence: mit", ("SPEC039", "warning")),
        ("team: Contoso", "inference_compute_allowlist: none", ("SPEC039", "warning")),
        ("notes: notes.md", "notes: note.md", ("SPEC015", "error")),
        ("tags:", "categories: [Image Classification]\ntags:", ("MATCH014", "warning")),
        ("languages: [en]", "languages: [de]", ("MATCH007", "warning")),
    ],
)
def test_what_is_wrong_in_its_spec_is_found_there(
    tmp_path: Path, text: str, instead: str, code: tuple[str, str]
) -> None:
    assert text in SPEC
    everything = found(tmp_path, spec=SPEC.replace(text, instead))
    assert code in {(name, severity) for name, severity, _ in everything}, everything


@pytest.mark.parametrize(
    ("text", "instead", "code"),
    [
        ("base_model_name: bert-base-cased", "base_model_name: gpt2-xl", "MATCH001"),
        ("BertForMaskedLM", "ViTForImageClassification", "MATCH012"),
    ],
)
def test_the_mlmodel_that_it_carries_is_read(tmp_path: Path, text: str, instead: str, code: str) -> None:
    assert text in MLMODEL
    everything = found(tmp_path, mlmodel=MLMODEL.replace(text, instead))
    assert (code, "files/MLmodel") in {(name, path) for name, _, path in everything}, everything


def test_a_page_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert ("SPEC015", "error", "model.yaml") in found(tmp_path, notes=None)
