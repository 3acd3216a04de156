"""Spec to card and asset YAML: Jinja templates write the text, and each YAML result is read back and compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azureml_publish.assets import AllowList, LayoutName, RenderedAsset, RenderedFile, RenderedModel, Scenario, Value
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import parse_yaml
from azureml_publish.layouts import lay_out
from azureml_publish.project import ModelFolder
from azureml_publish.render import mlflow
from azureml_publish.render.metadata import finetune_tag, metadata
from azureml_publish.render.samples import SampleTable, read_sample_links, sample_tables
from azureml_publish.render.templates import Templates, default_templates
from azureml_publish.spec import HubSource, ModelSpec, ProjectConfig, SampleLinks

__all__ = ["CORRUPTED", "SampleTable", "Style", "Templates", "default_templates", "read_sample_links", "render_model"]

CORRUPTED = Rule(
    "TMPL006", "template-corrupts-value", Severity.ERROR, "A template's YAML does not say what the spec says."
)
UNKNOWN_TASK = Rule(
    "TMPL007", "mlflow-classes-unknown", Severity.ERROR, "MLflow's classes do not follow from the task."
)

SCHEMA = "https://azuremlschemas.azureedge.net/latest/model.schema.json"
"""What the asset YAML declares itself to be, and what `az ml` reads."""


@dataclass(frozen=True, slots=True)
class Style:
    """What all models of one rendering share."""

    config: ProjectConfig
    links: SampleLinks
    templates: Templates
    layout: LayoutName


def render_model(
    folder: ModelFolder, compute: Mapping[Scenario, AllowList], style: Style
) -> tuple[RenderedModel | None, tuple[Diagnostic, ...]]:
    """Render one model folder; None, with diagnostics, where a template fails. The same input gives the same bytes."""
    spec, config, templates = folder.spec, style.config, style.templates
    found: list[Diagnostic] = []
    card, mistakes = templates.render_card(
        folder.path / "card.md.j2",
        folder.card,
        {
            "model": spec.model_dump(),
            "compute": {scenario: {"skus": a.skus, "min_sku": str(a.min_sku or "")} for scenario, a in compute.items()},
            "samples": {
                sample.name: json.dumps(sample.data, indent=4, ensure_ascii=False) for sample in folder.samples
            },
            "links": sample_tables(spec, style.links),
        },
    )
    found.extend(mistakes)
    asset = _asset(spec, config, compute, card, style.layout)
    documents: dict[str, tuple[str, Any]] = {
        "spec.yaml": ("spec", _asset_yaml(asset)),
        "asset.yaml": ("asset", _catalogue_entry(spec, config)),
        "model.yaml": ("model", _publishing(spec)),
    }
    packaged: dict[str, tuple[str, Any]] = {}
    if spec.type == "mlflow_model":
        chosen = mlflow.settings(spec, config.defaults.mlflow)
        found.extend(_unknown_task(folder, chosen.model_class, chosen.pipeline_class))
        packaged = {
            "MLmodel": ("mlmodel", mlflow.mlmodel(spec, chosen)),
            "conda.yaml": ("conda", mlflow.conda(chosen)),
            "python_env.yaml": ("python_env", mlflow.python_env(chosen)),
            "requirements.txt": ("requirements", mlflow.requirements(chosen)),
        }
    texts = {name: _document(templates, name, *part, found) for name, part in (documents | packaged).items()}
    if any(mistake.severity is Severity.ERROR for mistake in found):
        return None, tuple(found)
    shown = [*documents, *(["MLmodel"] if "MLmodel" in packaged else [])]
    files = [RenderedFile(name, texts[name]) for name in shown] + [RenderedFile("description.md", card)]
    package = tuple(RenderedFile(name, texts[name]) for name in packaged)
    return RenderedModel(folder.folder, asset, tuple(sorted(files, key=_path)), package), tuple(found)


def _path(file: RenderedFile) -> str:
    return file.path


def _asset(
    spec: ModelSpec, config: ProjectConfig, compute: Mapping[Scenario, AllowList], card: str, layout: LayoutName
) -> RenderedAsset:
    laid_out = lay_out(metadata(spec, config.defaults, compute), layout)
    properties: dict[str, Value] = {}
    if isinstance(spec.source, HubSource):
        properties["SHA"] = spec.source.revision
    tags: dict[str, Value] = {}
    if finetune := finetune_tag(spec, config.defaults.finetune):
        tags["model_specific_defaults"] = finetune
    return RenderedAsset(
        name=spec.name,
        version=spec.version,
        type=spec.type,
        description=card,
        tags=tags | laid_out.tags,
        properties=properties | laid_out.properties,
        system_metadata=laid_out.system_metadata,
    )


def _asset_yaml(asset: RenderedAsset) -> dict[str, Value]:
    sections = {"properties": asset.properties, "tags": asset.tags, "system_metadata": asset.system_metadata}
    return {
        "$schema": SCHEMA,
        "name": asset.name,
        "path": "./",
        **{name: section for name, section in sections.items() if section},
        "version": asset.version,
    }


def _catalogue_entry(spec: ModelSpec, config: ProjectConfig) -> dict[str, Value]:
    categories = spec.categories if spec.categories is not None else config.defaults.categories
    return {"extra_config": "model.yaml", "spec": "spec.yaml", "type": "model", "categories": list(categories)}


def _publishing(spec: ModelSpec) -> dict[str, Value]:
    """Where the files come from, as Azure/azureml-assets says it: a Hub repository is a git repository there."""
    path: dict[str, Value]
    if isinstance(spec.source, HubSource):
        uri = f"https://huggingface.co/{spec.source.huggingface}"
        path = {"type": "git", "uri": uri, "branch": spec.source.revision}
    else:
        path = {"type": "local", "uri": spec.source.local}
    return {"path": path, "publish": {"description": "description.md", "type": spec.type}}


def _document(templates: Templates, name: str, value_name: str, data: Any, found: list[Diagnostic]) -> str:
    """One file from its template; YAML is read back, so that a template cannot corrupt a value."""
    template = f"{name}.j2"
    text, mistakes = templates.render(template, {value_name: data})
    found.extend(mistakes)
    if mistakes or name.endswith(".txt"):
        return text
    source = templates.find(template)
    shown = templates.shown(source) if source else template
    document, unreadable = parse_yaml(text, shown)
    if document is None or unreadable:
        reason = unreadable[0].message if unreadable else ""
        hint = "Write values through the filter `yaml`: {{ value | yaml }}."
        found.append(CORRUPTED.at(Location(shown), f"{name} does not come out as YAML. {reason}", hint))
        return text
    for key_path, wanted, got in _differences(data, document.data):
        dotted = ".".join(map(str, key_path)) or name
        message = f"{name} says {got} for '{dotted}', not {wanted}."
        hint = "Write the value through the filter `yaml`, in its place and just once."
        found.append(CORRUPTED.at(Location(shown), message, hint))
    return text


def _differences(
    wanted: Any, got: Any, at: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for key in sorted({*wanted, *got}):
            if key not in got:
                yield (*at, key), repr(wanted[key]), "nothing"
            elif key not in wanted:
                yield (*at, key), "nothing", repr(got[key])
            else:
                yield from _differences(wanted[key], got[key], (*at, key))
    elif (
        isinstance(wanted, Sequence)
        and not isinstance(wanted, str)
        and isinstance(got, list)
        and len(wanted) == len(got)
    ):
        for index, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _differences(one, other, (*at, index))
    elif wanted != got or type(wanted) is not type(got):
        yield at, repr(wanted), repr(got)


def _unknown_task(folder: ModelFolder, *classes: str | None) -> Iterator[Diagnostic]:
    if None in classes:
        task = folder.spec.tasks.inference
        yield UNKNOWN_TASK.at(
            folder.document.location(("tasks", "inference")),
            f"Which classes MLflow loads does not follow from the task '{task}'.",
            "Write mlflow: {model_class: …, pipeline_class: …} with transformers' class names, or type: custom_model.",
        )
