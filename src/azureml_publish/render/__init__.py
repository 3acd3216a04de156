"""Renders a spec to card and asset YAML with Jinja templates; each YAML result is parsed again and compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any

from azureml_publish.assets import (
    AllowList,
    CarriedFile,
    LayoutName,
    RenderedAsset,
    RenderedFile,
    RenderedModel,
    Scenario,
    Value,
)
from azureml_publish.content.lock import facts_of
from azureml_publish.content.packaging.facts import ModelFacts, read_facts
from azureml_publish.content.packaging.kinds import choose_kind
from azureml_publish.content.packaging.mlflow_folder import MLMODEL
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import decode, dump_yaml, parse_yaml
from azureml_publish.files import read_carried
from azureml_publish.layouts.convert import LaidOut, lay_out
from azureml_publish.layouts.mapping import FINETUNE_TAG, SEMVER_TAG
from azureml_publish.origins import SourceMap, Stretch
from azureml_publish.project import ModelFolder, Sample
from azureml_publish.render import packaging
from azureml_publish.render.card_facts import content_of, facts_table, may_hold_mlmodel, usage_of
from azureml_publish.render.carry import carry, overlaid, without
from azureml_publish.render.comments import kept_parts
from azureml_publish.render.metadata import finetune_tag, legacy_values, metadata, with_task_tag
from azureml_publish.render.samples import SampleTable, read_sample_links, sample_tables
from azureml_publish.render.templates import Templates, default_templates
from azureml_publish.render.tracing import Traced, traced_values
from azureml_publish.spec import (
    PAGE_KEYS,
    AzuremlSource,
    BlobSource,
    Extra,
    GitSource,
    HubSource,
    LocalSource,
    MlflowSource,
    ModelSpec,
    ProjectConfig,
    SampleLinks,
)
from azureml_publish.spec.lock import SourceLock

__all__ = [
    "CORRUPTED",
    "SampleTable",
    "Style",
    "Templates",
    "default_templates",
    "describe_model",
    "read_sample_links",
    "render_card",
    "render_model",
    "trace_card",
]

CORRUPTED = Rule(
    "TMPL006", "template-corrupts-value", Severity.ERROR, "The YAML of a template differs from the spec's data."
)
SCHEMA = "https://azuremlschemas.azureedge.net/latest/model.schema.json"
"""The schema that the asset YAML declares, as `az ml` expects it."""

OWNER_PROPERTY = "intellectualPropertyPublisher"
"""The property for a model's owner in the layout `tags`; in the other, `intellectualProperty.publisher`."""


@dataclass(frozen=True, slots=True)
class Style:
    """What all models of a rendering share."""

    config: ProjectConfig
    links: SampleLinks
    templates: Templates
    layout: LayoutName


def render_model(
    folder: ModelFolder,
    compute: Mapping[Scenario, AllowList],
    style: Style,
    source: SourceFiles | None = None,
    lock: SourceLock | None = None,
) -> tuple[RenderedModel | None, tuple[Diagnostic, ...]]:
    """Render one model folder; None, with diagnostics, if a template fails. Equal input gives equal bytes.

    Args:
        folder: the model folder.
        compute: its allow-lists.
        style: what all models share.
        source: the files of its source, if they are known without a network.
        lock: else what its lock says of them.
    """
    with style.templates.one_model():
        return _render_model(folder, compute, style, source, lock)


def _render_model(
    folder: ModelFolder,
    compute: Mapping[Scenario, AllowList],
    style: Style,
    source: SourceFiles | None,
    lock: SourceLock | None,
) -> tuple[RenderedModel | None, tuple[Diagnostic, ...]]:
    card, wrong = render_card(folder, compute, style, source, lock)
    found = list(wrong)
    asset = _asset(folder.spec, style.config, compute, card, style.layout)
    documents = {name: (stem, data) for (name, stem), data in _documents(folder.spec, style.config, asset).items()}
    held = lock.model.packaging if lock is not None and source is None else ""
    packaged, saved = _packaged(folder, style.config, source, found, held)
    texts = {name: _document(style.templates, name, *part, found) for name, part in (documents | packaged).items()}
    with_texts = _with_texts(asset, folder, found)
    carried = tuple(file for file in folder.carried if file.path not in texts or file.path == "MLmodel")
    own = {file.path: file for file in carried}
    if "MLmodel" in packaged and "MLmodel" in own:
        texts["MLmodel"] = _text_of(own["MLmodel"], folder, found)
    if any(mistake.severity is Severity.ERROR for mistake in found):
        return None, tuple(found)
    package = tuple(RenderedFile(name, texts[name]) for name in packaged)
    if saved and MLMODEL not in own:
        texts[MLMODEL] = saved
    elif held == "mlflow_transformers" and lock is not None and MLMODEL in packaged:
        texts |= {file.path: file.text for file in render_package(folder, style, facts_of(lock))}
    made = MLMODEL in packaged and held != "mlflow_folder"  # such a folder brings its own
    shown = [*documents, *([MLMODEL] if (made or saved) and MLMODEL not in own else [])]
    files = [RenderedFile(name, texts[name]) for name in shown] + [RenderedFile("description.md", card)]
    ordered = tuple(sorted(files, key=attrgetter("path")))
    return RenderedModel(folder.folder, with_texts, ordered, package, carried, dict(compute)), tuple(found)


def describe_model(
    spec: ModelSpec, compute: Mapping[Scenario, AllowList], config: ProjectConfig, layout: LayoutName
) -> dict[str, dict[str, Value]]:
    """The data of one model's spec.yaml, asset.yaml and model.yaml, before any template."""
    asset = _asset(spec, config, compute, "", layout)
    return {name: data for (name, _), data in _documents(spec, config, asset).items()}


def render_card(
    folder: ModelFolder,
    compute: Mapping[Scenario, AllowList],
    style: Style,
    source: SourceFiles | None = None,
    lock: SourceLock | None = None,
) -> tuple[str, tuple[Diagnostic, ...]]:
    """Only the card of a model folder; empty, with diagnostics, if its template fails. See `render_model`."""
    if folder.finished:
        return "".join(folder.card[start:end] for start, end in kept_parts(folder.card)), ()
    values = _card_values(folder, compute, style, source, lock)
    return style.templates.render_card(folder.path / "card.md.j2", folder.card, values)


def trace_card(
    folder: ModelFolder,
    compute: Mapping[Scenario, AllowList],
    style: Style,
    source: SourceFiles | None = None,
    lock: SourceLock | None = None,
) -> SourceMap | None:
    """The source map of a card; None if its template fails. See `render_model`."""
    if folder.finished:
        whole = Stretch(folder.card, Location(folder.card_path), verbatim=True)
        return SourceMap(whole.part(start, end) for start, end in kept_parts(folder.card))
    values = _card_values(folder, compute, style, source, lock)
    values["model"] = traced_values(values["model"], folder.document.location)
    values["samples"] = {sample.name: _traced_sample(sample, values["samples"]) for sample in folder.samples}
    return style.templates.trace_card(folder.path / "card.md.j2", folder.card, values)


def _traced_sample(sample: Sample, texts: Mapping[str, str]) -> Traced:
    """A sample as cards show it; verbatim if its file has that form."""
    text = texts[sample.name]
    return Traced([Stretch(text, Location(sample.path), verbatim=sample.text.rstrip() == text)])


def _card_values(
    folder: ModelFolder,
    compute: Mapping[Scenario, AllowList],
    style: Style,
    source: SourceFiles | None,
    lock: SourceLock | None,
) -> dict[str, Any]:
    spec, content = folder.spec, content_of(folder, style.config, source, lock)
    has_sample = any(sample.name == "input" for sample in folder.samples)
    return {
        "model": spec.model_dump(),
        "compute": {scenario: {"skus": a.skus, "min_sku": str(a.min_sku or "")} for scenario, a in compute.items()},
        "samples": {sample.name: json.dumps(sample.data, indent=4, ensure_ascii=False) for sample in folder.samples},
        "links": sample_tables(spec, style.links, content),
        "facts": facts_table(spec, compute, content),
        "usage": usage_of(spec, compute, content, has_sample=has_sample),
    }


def _documents(spec: ModelSpec, config: ProjectConfig, asset: RenderedAsset) -> dict[tuple[str, str], Any]:
    """The YAML files of the asset folder: name and the name of the value in the template, and the data."""
    extra = spec.extra or Extra()
    return {
        ("spec.yaml", "spec"): _asset_yaml(spec, asset),
        ("asset.yaml", "asset"): _carried(_catalogue_entry(spec, config), "asset", extra),
        ("model.yaml", "model"): _carried(_publishing(spec), "model", extra),
    }


def _carried(data: dict[str, Value], section: str, extra: Extra) -> dict[str, Value]:
    for dotted in extra.omit:
        if dotted.startswith(f"{section}."):
            data = without(data, tuple(dotted.split(".")[1:]))
    return overlaid(data, getattr(extra, section))


def render_package(folder: ModelFolder, style: Style, facts: ModelFacts) -> tuple[RenderedFile, ...]:
    """What is published beside the weights of a transformers model, as its own files say it is to be loaded.

    A template's mistake is reported where the model is rendered, because the same values are there.
    """
    data, found = packaging.describe(folder, style.config, facts), list[Diagnostic]()
    return tuple(RenderedFile(name, _document(style.templates, name, *part, found)) for name, part in data.items())


def _packaged(
    folder: ModelFolder, config: ProjectConfig, source: SourceFiles | None, found: list[Diagnostic], held: str
) -> tuple[dict[str, tuple[str, Any]], str]:
    """What is made to lie beside the weights, and the MLmodel that lies there already."""
    spec = folder.spec
    unknown = source is None and held != "mlflow_transformers"
    if spec.type != "mlflow_model" or (unknown and may_hold_mlmodel(spec)):
        return {}, ""
    if source is not None and choose_kind(spec.type, source.top).name == "mlflow_folder":
        return {}, source.text(MLMODEL)
    facts = read_facts(source) if source is not None else None
    if held != "mlflow_folder":
        found.extend(packaging.check_task(folder, config))
    return dict(packaging.describe(folder, config, facts)), ""


def _asset(
    spec: ModelSpec, config: ProjectConfig, compute: Mapping[Scenario, AllowList], card: str, layout: LayoutName
) -> RenderedAsset:
    native, tags = with_task_tag(metadata(spec, config.defaults, compute), spec, layout)
    properties: dict[str, Value] = {}
    if isinstance(spec.source, HubSource | BlobSource | GitSource) and spec.source.revision is not None:
        properties["SHA"] = spec.source.revision
    if layout == "tags" and spec.intellectual_property:
        properties[OWNER_PROPERTY] = spec.intellectual_property.publisher
    if spec.semver is not None:
        tags[SEMVER_TAG] = spec.semver
    if finetune := finetune_tag(spec, config.defaults.finetune):
        tags[FINETUNE_TAG] = finetune
    rest, legacy = lay_out(native, layout), legacy_values(spec.legacy)
    laid_out = LaidOut(
        properties | rest.properties | legacy["properties"], tags | rest.tags | legacy["tags"], rest.system_metadata
    )
    if spec.extra is not None:
        laid_out = carry(spec.extra, laid_out, native, layout)
    own = {key: value for key, value in spec.tags.items() if spec.extra is None or key not in spec.extra.tags}
    return RenderedAsset(
        name=spec.name,
        version=spec.version,
        type=spec.type,
        description=card,
        tags=laid_out.tags | own,
        properties=laid_out.properties,
        system_metadata=laid_out.system_metadata,
        archived=bool(spec.archived),
    )


def _with_texts(asset: RenderedAsset, folder: ModelFolder, found: list[Diagnostic]) -> RenderedAsset:
    """The asset for a registry: as in upstream's publishing, the name of a carried file is replaced by its text."""
    files = {file.path: file for file in folder.carried}

    def with_texts(values: Mapping[str, Value]) -> dict[str, Value]:
        texts = dict(values)
        for key in PAGE_KEYS:
            name = values.get(key)
            if isinstance(name, str) and name in files:
                texts[key] = _text_of(files[name], folder, found)
        return texts

    return replace(asset, tags=with_texts(asset.tags), system_metadata=with_texts(asset.system_metadata))


def _text_of(file: CarriedFile, folder: ModelFolder, found: list[Diagnostic]) -> str:
    """The text of a carried file; empty, with a finding, where it is not UTF-8."""
    path = PurePosixPath(folder.card_path).parent / file.origin.relative_to(folder.path).as_posix()
    text, wrong = decode(read_carried(file), str(path))
    found.extend(wrong)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _asset_yaml(spec: ModelSpec, asset: RenderedAsset) -> dict[str, Value]:
    """The keys of spec.yaml in upstream's order."""
    owner = spec.intellectual_property
    # The tags layout has the publisher in a property, and all else about the owner at the top.
    owned = owner if owner and (owner.protection_level or OWNER_PROPERTY not in asset.properties) else None
    parts: dict[str, Value] = {
        "isArchived": spec.archived,
        "intellectualProperty": owned.model_dump(by_alias=True, exclude_none=True) if owned else None,
        "properties": asset.properties or None,
        "tags": asset.tags or None,
        "system_metadata": asset.system_metadata or None,
        "variantInfo": spec.variant_info,
        "defaultDeploymentTemplate": spec.default_deployment_template,
    }
    top = {"$schema": SCHEMA, "name": asset.name, "path": "./"}
    written = {key: value for key, value in parts.items() if value is not None}
    return _carried({**top, **written, "version": asset.version}, "root", spec.extra or Extra())


def _catalogue_entry(spec: ModelSpec, config: ProjectConfig) -> dict[str, Value]:
    categories = spec.categories if spec.categories is not None else config.defaults.categories
    return {"extra_config": "model.yaml", "spec": "spec.yaml", "type": "model", "categories": list(categories)}


def _publishing(spec: ModelSpec) -> dict[str, Value]:
    """The source in the form of Azure/azureml-assets, where a Hub repository is a git repository."""
    path: dict[str, Value]
    match spec.source:
        case HubSource(huggingface=repository, revision=revision):
            path = {"type": "git", "uri": f"https://huggingface.co/{repository}", "branch": revision}
        case BlobSource(azureblob=blob):
            path = {
                "container_name": blob.container,
                "container_path": blob.path,
                "storage_name": blob.storage,
                "type": "azureblob",
            }
        case GitSource(git=repository):
            path = {"type": "git", "uri": repository.uri}
            if repository.branch is not None:
                path["branch"] = repository.branch
        case LocalSource(local=folder):
            path = {"type": "local", "uri": folder}
        case AzuremlSource(azureml=uri):
            path = {"type": "azureml", "uri": uri}
        case MlflowSource(mlflow=uri):
            path = {"type": "mlflow", "uri": uri}
    return {"path": path, "publish": {"description": "description.md", "type": spec.type}}


def _document(templates: Templates, name: str, value_name: str, data: Any, found: list[Diagnostic]) -> str:
    """Render one file; YAML is parsed again, so that a template cannot corrupt a value."""
    template = f"{name}.j2"
    text, mistakes = templates.render(template, {value_name: data})
    found.extend(mistakes)
    if mistakes or name.endswith(".txt"):
        return text
    if text == f"{dump_yaml(data)}\n":  # the usual spelling, which reads back as the data
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
