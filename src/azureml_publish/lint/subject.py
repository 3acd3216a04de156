"""What rules look at: a project, a model folder, an asset folder, and a model as either of the two describes it."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from azureml_publish.asset_folders import ReadFolder
from azureml_publish.assets import CarriedFile, RenderedModel, Value
from azureml_publish.diagnostics import Edit, Location
from azureml_publish.documents import Document, KeyPath, parse_yaml
from azureml_publish.files import MAX_FILE_BYTES, UnusableFile, read_carried, read_file
from azureml_publish.layouts.convert import LayoutConflict, gather
from azureml_publish.lint.markdown.cards import Card, Place
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.origins import SourceMap
from azureml_publish.patterns import pattern
from azureml_publish.project import CARRIED_FOLDER, ModelFolder, Project, Sample
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import ResolvedCompute
from azureml_publish.skus.query import Selection
from azureml_publish.spec import NO_HOUSE_RULES, PAGE_KEYS, BlobSource, HouseRules, LocalSource, Profile
from azureml_publish.spec.lock import SourceLock

BESIDE_WEIGHTS = (
    *("adapter_config.json", "preprocessor_config.json", "sentence_bert_config.json"),
    *("model.safetensors.index.json", "pytorch_model.bin.index.json"),
)
"""JSON files beside the weights, other than `config.json` and the tokenizer's, that rules compare with the card."""

_TAG = pattern(r"\{[{%#]")
"""What begins a tag of Jinja."""

NO_FILES = WeightFiles({})


@dataclass(frozen=True, slots=True)
class ProjectSubject:
    """A project as the checks see it, as of a day."""

    project: Project
    catalogue: Catalogue
    presets: Mapping[str, Selection]
    as_of: date


@dataclass(frozen=True, slots=True)
class ModelSubject:
    """One model folder as the checks see it.

    Attributes:
        rendered: None where rendering failed, which is reported elsewhere.
        trace: where each character of the card was written; called only where something is found in the card.
        config: as in `Described`.
        tokenizer: likewise.
        lock: likewise.
        weights: likewise.
        content: the files of a local source; none where it is another one or not on this machine.
    """

    project: ProjectSubject
    folder: ModelFolder
    compute: ResolvedCompute
    rendered: RenderedModel | None
    trace: Callable[[], SourceMap | None] = lambda: None
    config: Mapping[str, Value] | None = None
    tokenizer: Mapping[str, Value] | None = None
    lock: SourceLock | None = None
    weights: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    content: WeightFiles = NO_FILES


@dataclass(frozen=True, slots=True)
class SampleText:
    """A sample input or output as it is written, in a file of its own or in a code fence of a card.

    `place` is where a line and column of the text, both from 1, were written.
    """

    name: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A model version as its metadata and card describe it, whether a model folder or an asset folder says so.

    Attributes:
        folder: the folder's own name.
        metadata: the canonical form, whatever the layout: that of `system_metadata` with native types.
        tags: what is not metadata, structured.
        properties: likewise.
        where: the place of a canonical key (`license`, `trainingData.0`), or of the nearest one above it.
        as_of: the day as of which dates are past.
        archived: whether the catalogue hides the version.
        commit: commit of the files' origin, if one is stated.
        mlmodel: what MLflow says about the model; None where there is no such file or it cannot be read.
        pages: further Markdown files that the catalogue shows beside the card (notes, evaluation).
        licences: the licence files of the folder.
        samples: sample inputs and outputs that lie in files of their own; a card shows them.
        files: names of the asset folder's files.
        origin: the URI, or the blob container's folder, that the files come from, and where that stands.
        stated: whether the metadata was written as it is: true of asset folders.
        config: the `config.json` beside the weights; None where it is not at hand.
        tokenizer: the `tokenizer_config.json` there; likewise.
        lock: what was read from the source's files; None where nobody locked it.
        weights: the further files of `BESIDE_WEIGHTS` that are at hand, by name.
        variant: the asset YAML's own word on a variant of a model (`variantInfo`), such as its parent and its bytes.
        profile: whose rules the metadata has to keep.
        system_keys: first parts of the keys that go up as system metadata, which the service validates; not as tags.
        house: the team's own rules; none for asset folders.
        card_location: the start of the text that people wrote as its card; None for asset folders.
        content: the files of the weights that are on this machine.
        readme: the front matter of the README beside the weights; None where there is none.
    """

    folder: str
    name: str
    version: Value
    type: str
    metadata: Mapping[str, Value]
    tags: Mapping[str, Value]
    properties: Mapping[str, Value]
    card: Card
    where: Callable[[str], Location]
    as_of: date = date.max
    archived: bool = False
    commit: str | None = None
    mlmodel: Document | None = None
    pages: tuple[Card, ...] = ()
    licences: tuple[Card, ...] = ()
    samples: tuple[SampleText, ...] = ()
    files: frozenset[str] = frozenset()
    origin: tuple[str, Location] | None = None
    stated: bool = False
    config: Mapping[str, Value] | None = None
    tokenizer: Mapping[str, Value] | None = None
    lock: SourceLock | None = None
    weights: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    variant: Mapping[str, Value] | None = None
    profile: Profile = "registry"
    system_keys: frozenset[str] = frozenset()
    house: HouseRules = NO_HOUSE_RULES
    card_location: Location | None = None
    content: WeightFiles = NO_FILES
    readme: Card | None = None

    @property
    def build(self) -> Mapping[str, Value]:
        """What `variantInfo` says of the build, be it in `variantMetadata` or beside the parents."""
        held = self.variant or {}
        inner = held.get("variantMetadata")
        return inner if isinstance(inner, Mapping) else held

    def at_build(self, key: str) -> Location:
        """Where a key of `build` stands."""
        inner = isinstance((self.variant or {}).get("variantMetadata"), Mapping)
        return self.where(f"variantInfo.{'variantMetadata.' * inner}{key}")


@dataclass(frozen=True, slots=True, eq=False)
class AssetSubject:
    """An asset folder that nobody imported, as the checks see it.

    `conflicts` is what its two layouts of the metadata do not agree about.
    """

    read: ReadFolder
    described: Described
    catalogue: Catalogue
    conflicts: tuple[LayoutConflict, ...] = ()

    def place(self, key_path: KeyPath) -> Location:
        """Where a key of the asset YAML stands, or the nearest one above it."""
        return self.read.document.location(key_path)


class Fact(NamedTuple):
    """What a rule keeps of one model to compare all models by: small, so that a catalogue of any size fits.

    `code` is the rule's, `model` the model's name; `key` and `value` are the rule's own business.
    """

    code: str
    model: str
    key: str
    value: str
    location: Location


def describe(model: ModelSubject, rendered: RenderedModel) -> Described:
    """A model folder as its rendered asset describes it; metadata is placed in `model.yaml` where its key is there."""
    asset, document = rendered.asset, model.folder.document
    # Read from what is published, not carried over from rendering: only so do the rules see values of `extra` and of
    # verbatim tags in the place of a typed key. It takes 0.1 ms a model, and 0.2 ms for MLmodel below.
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
    """What MLflow says about the model: the file that is rendered, else one that the folder or the source has."""
    packaged = next((one for one in rendered.files if one.path == "MLmodel"), None)
    if packaged is not None:
        return parse_yaml(packaged.text, f"build/{model.folder.folder}/MLmodel")[0]
    carried = next((one for one in model.folder.carried if one.path == "MLmodel"), None)
    text = carried_text(carried) if carried is not None else model.content.text("MLmodel")
    path = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}/MLmodel"
    path = path if carried is not None else model.content.at("MLmodel").path
    return parse_yaml(text, path)[0] if text else None


def front_matter(content: WeightFiles) -> Card | None:
    """The front matter of the README beside the weights, as a card of its own."""
    text = content.text("README.md")
    end = text.find("\n---", 3) if text.startswith("---") else -1
    shown = functools.partial(content.shown, "README.md")
    return Card(f"{text[:end]}\n---\n", lambda line, _column: shown(line)) if end > 0 else None


def _origin(model: ModelSubject) -> tuple[str, Location] | None:
    """The folder of a blob container that the files come from."""
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
    """The pages beside the card: the rendered metadata holds the text of the file that the spec names."""
    carried = {file.path for file in model.folder.carried}
    for key in PAGE_KEYS:
        name, text = getattr(model.folder.spec.metadata, key), metadata.get(key)
        if name in carried and isinstance(text, str):
            path = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}/{name}"
            yield Card(text, functools.partial(Location, path))


def _licences(model: ModelSubject) -> Iterator[Card]:
    """The licence files that the folder carries, and `LICENSE` of a local source, as far as they are text."""
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
        if not (path := posixpath.normpath(name)).startswith(("..", "/")):  # findings name places of the project alone
            yield Card(text, functools.partial(Location, path))


def carried_text(file: CarriedFile) -> str | None:
    """The text of a file that is carried; None where it cannot be read, or is not UTF-8."""
    try:
        return read_carried(file, limit=MAX_FILE_BYTES).decode("utf-8-sig")
    except (UnusableFile, UnicodeDecodeError):
        return None


def _variant(model: ModelSubject) -> Mapping[str, Value] | None:
    extra = model.folder.spec.extra
    found = extra.root.get("variantInfo") if extra is not None else None
    return found if isinstance(found, Mapping) else None


LICENCE_FILE = pattern(r"(?:.*/)?(?:LICEN[CS]E|COPYING|NOTICE|USE_POLICY)(?:[._-][\w.-]*)?", re.IGNORECASE)
"""Names of files that hold a licence."""

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
"""Keys of the canonical metadata that `model.yaml` has elsewhere than under `metadata`."""

_ON_TOP = ("name", "version", "type", "source", "license", "languages", "datasets", "tasks", "archived")


def written_as(key: str) -> str:
    """Where `model.yaml` has a canonical key: `compute.inference.3` for `supportedComputes.inferenceComputes.3`."""
    for canonical, written in _WRITTEN_AS.items():
        if key == canonical or key.startswith(f"{canonical}."):
            return written + key[len(canonical) :]
    return key if key.split(".", maxsplit=1)[0] in _ON_TOP else f"metadata.{key}"


def _sample_file(sample: Sample) -> SampleText:
    return SampleText(sample.name, sample.text, lambda line, column: Location(sample.path, line, column))


def _in_source(model: ModelSubject, card: str, line: int, column: int) -> Location:
    """Where it was written; the line of the rendered card where a trace of the rendering does not say."""
    trace = model.trace()
    place = trace.place(line, column) if trace is not None and trace.text == card else None
    if place is None and not card.strip():
        return Location(model.folder.card_path)
    return place or Location(f"build/{model.folder.folder}/description.md", line, column)


def _edit_in_source(model: ModelSubject, card: str, edit: Edit) -> tuple[str, Edit] | None:
    """The same edit where its text was written; None where no file has it just so, or it would become a Jinja tag."""
    trace = model.trace()
    if trace is None or trace.text != card or (not model.folder.finished and _TAG.search(edit.text)):
        return None
    return trace.edit(edit)
