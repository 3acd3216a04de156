"""Prepares a model folder for the rules: what would be published, and where each key is written."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator, Mapping

from azureml_publish.assets import RenderedModel, Value
from azureml_publish.diagnostics import Edit, Location
from azureml_publish.documents import Document, KeyPath, parse_yaml
from azureml_publish.files import MAX_FILE_BYTES, UnusableFile, read_file
from azureml_publish.layouts.convert import gather
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import (
    LICENCE_FILE,
    Described,
    ModelSubject,
    SampleText,
    carried_text,
    front_matter,
)
from azureml_publish.patterns import pattern
from azureml_publish.project import CARRIED_FOLDER, ModelFolder, Sample
from azureml_publish.spec import PAGE_KEYS, BlobSource, LocalSource

_TAG = pattern(r"\{[{%#]")
"""The beginning of a Jinja tag."""


def describe(model: ModelSubject, rendered: RenderedModel) -> Described:
    """The model that a rendered folder describes; keys are located in `model.yaml` where they are written there."""
    asset, document = rendered.asset, model.folder.document
    # Gathered again from what is published, so that the rules see values from `extra` and verbatim tags that replace
    # typed keys. This takes 0.1 ms a model, and parsing MLmodel below 0.2 ms.
    gathered = gather(asset.properties, asset.tags, asset.system_metadata)

    extra = model.folder.spec.extra
    verbatim = extra.system_metadata if extra is not None else {}

    def where(key: str) -> Location:
        first, _, rest = key.partition(".")
        if first in ("tags", "properties"):
            return document.location((first, rest) if (first, rest) in document.spans else ("extra", first, rest))
        if first == "variantInfo":
            return document.location(("extra", "root", *_key_path(key)))
        written = f"extra.system_metadata.{key}" if first in verbatim else written_as(key)
        return document.location(_key_path(written))

    card = Card(
        asset.description,
        lambda line, column: _in_source(model, asset.description, line, column),
        lambda edit: _edit_in_source(model, asset.description, edit),
        Location(model.folder.card_path),
    )
    return Described(
        model.folder.folder,
        asset.name,
        asset.version,
        asset.type,
        gathered.metadata,
        gathered.tags,
        gathered.properties,
        card,
        where,
        model.project.as_of,
        archived=model.folder.spec.archived is True,
        commit=getattr(model.folder.spec.source, "revision", None),
        mlmodel=_mlmodel(model, rendered),
        pages=tuple(_pages(model, gathered.metadata)),
        licences=tuple(_licences(model)),
        samples=tuple(_sample_file(sample) for sample in model.folder.samples),
        files=frozenset(one.path for one in rendered.files) | frozenset(one.path for one in rendered.carried),
        origin=_origin(model),
        config=model.config,
        tokenizer=model.tokenizer,
        lock=model.lock,
        weights=model.weights,
        variant=_variant(model),
        profile=model.project.project.config.profile,
        system_keys=frozenset(key.partition(".")[0] for key in asset.system_metadata),
        house=model.project.project.config.rules,
        card_location=_card_location(model.folder),
        content=model.content,
        readme=front_matter(model.content),
    )


def _mlmodel(model: ModelSubject, rendered: RenderedModel) -> Document | None:
    """MLmodel: the rendered file, else the one in the folder or in a local source."""
    packaged = next((one for one in rendered.files if one.path == "MLmodel"), None)
    if packaged is not None:
        return parse_yaml(packaged.text, f"build/{model.folder.folder}/MLmodel")[0]
    carried = next((one for one in model.folder.carried if one.path == "MLmodel"), None)
    text = carried_text(carried) if carried is not None else model.content.text("MLmodel")
    path = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}/MLmodel"
    path = path if carried is not None else model.content.at("MLmodel").path
    return parse_yaml(text, path)[0] if text else None


def _origin(model: ModelSubject) -> tuple[str, Location] | None:
    """The folder in a blob container that the files come from, and the key that says so."""
    source = model.folder.spec.source
    if not isinstance(source, BlobSource) or not source.azureblob.path:
        return None
    blob = source.azureblob
    parts = (blob.storage, blob.container, blob.path.strip("/"))
    return "/".join(parts), model.folder.document.location(("source", "azureblob", "path"))


def _key_path(key: str) -> KeyPath:
    return tuple(int(part) if part.isdecimal() else part for part in key.split("."))


def _card_location(folder: ModelFolder) -> Location:
    in_spec = folder.card_path == folder.document.path
    return folder.document.location(("description",)) if in_spec else Location(folder.card_path)


def _pages(model: ModelSubject, metadata: Mapping[str, Value]) -> Iterator[Card]:
    """The pages beside the card. The rendered metadata has their texts in place of the file names in the spec."""
    carried = {file.path for file in model.folder.carried}
    for key in PAGE_KEYS:
        name, text = getattr(model.folder.spec.metadata, key), metadata.get(key)
        if name in carried and isinstance(text, str):
            path = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}/{name}"
            yield Card(text, functools.partial(Location, path))


def _licences(model: ModelSubject) -> Iterator[Card]:
    """Licence files in `files/`, and `LICENSE` in a local source, where they are text."""
    for file in model.folder.carried:
        if LICENCE_FILE.fullmatch(file.path):
            path = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}/{file.path}"
            if (text := carried_text(file)) is not None:
                yield Card(text, functools.partial(Location, path))
    source = model.folder.spec.source
    if isinstance(source, LocalSource) and "://" not in source.local:
        name = posixpath.join(posixpath.dirname(model.folder.document.path), source.local, "LICENSE")
        try:
            raw = read_file(model.folder.path / source.local / "LICENSE", None, limit=MAX_FILE_BYTES)
            text = raw.decode("utf-8-sig")
        except (UnusableFile, UnicodeDecodeError):
            return
        if not (path := posixpath.normpath(name)).startswith(("..", "/")):  # findings name paths in the project only
            yield Card(text, functools.partial(Location, path))


def _variant(model: ModelSubject) -> Mapping[str, Value] | None:
    extra = model.folder.spec.extra
    found = extra.root.get("variantInfo") if extra is not None else None
    return found if isinstance(found, Mapping) else None


_WRITTEN_AS = {
    "tasks.inferenceTasks": "tasks.inference",
    "tasks.fineTuningTasks": "tasks.finetune",
    "supportedComputes.inferenceComputes": "compute.inference",
    "supportedComputes.evaluationComputes": "compute.evaluation",
    "supportedComputes.finetuneComputes": "compute.finetune",
    "SKU.inferenceRecommendedSkus": "recommended.inference",
    "SKU.evaluationRecommendedSkus": "recommended.evaluation",
    "SKU.finetuneRecommendedSkus": "recommended.finetune",
    "SKU.inferenceMinSkuSpec": "min_sku.inference",
    "SKU.evaluationMinSkuSpec": "min_sku.evaluation",
    "SKU.finetuneMinSkuSpec": "min_sku.finetune",
    "huggingFaceModelId": "source.huggingface",
}
"""Canonical keys that `model.yaml` does not have under `metadata`."""

_ON_TOP = ("name", "version", "type", "source", "license", "languages", "datasets", "tasks", "archived")


def written_as(key: str) -> str:
    """The key in `model.yaml` for a canonical key: `compute.inference.3` is `supportedComputes.inferenceComputes.3`."""
    for canonical, written in _WRITTEN_AS.items():
        if key == canonical or key.startswith(f"{canonical}."):
            return written + key[len(canonical) :]
    return key if key.split(".", maxsplit=1)[0] in _ON_TOP else f"metadata.{key}"


def _sample_file(sample: Sample) -> SampleText:
    return SampleText(sample.name, sample.text, lambda line, column: Location(sample.path, line, column))


def _in_source(model: ModelSubject, card: str, line: int, column: int) -> Location:
    """Where a character of the card was written; where that is unknown, its place in the rendered card."""
    trace = model.trace()
    place = trace.place(line, column) if trace is not None and trace.text == card else None
    if place is None and not card.strip():
        return Location(model.folder.card_path)
    return place or Location(f"build/{model.folder.folder}/description.md", line, column)


def _edit_in_source(model: ModelSubject, card: str, edit: Edit) -> tuple[str, Edit] | None:
    """The same edit in the file where its text was written; None where there is none, or it would make a Jinja tag."""
    trace = model.trace()
    if trace is None or trace.text != card or (not model.folder.finished and _TAG.search(edit.text)):
        return None
    return trace.edit(edit)
