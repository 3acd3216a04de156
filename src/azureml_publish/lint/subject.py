"""What rules look at: a project, a model folder, an asset folder, and a model as either kind of folder describes it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from azureml_publish.asset_folders import ReadFolder
from azureml_publish.assets import CarriedFile, RenderedModel, Value
from azureml_publish.diagnostics import Location
from azureml_publish.documents import Document, KeyPath, mapping_of
from azureml_publish.files import MAX_FILE_BYTES, UnusableFile, read_carried
from azureml_publish.layouts.convert import LayoutConflict
from azureml_publish.lint.markdown.cards import Card, Place
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.origins import SourceMap
from azureml_publish.patterns import pattern
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import ResolvedCompute
from azureml_publish.skus.query import Selection
from azureml_publish.spec import NO_HOUSE_RULES, HouseRules, Profile
from azureml_publish.spec.lock import SourceLock

BESIDE_WEIGHTS = (
    *("adapter_config.json", "preprocessor_config.json", "sentence_bert_config.json"),
    *("model.safetensors.index.json", "pytorch_model.bin.index.json"),
)
"""JSON files beside the weights, other than `config.json` and the tokenizer's, that rules compare with the card."""

NO_FILES = WeightFiles({})


@dataclass(frozen=True, slots=True)
class ProjectSubject:
    """A project as the rules see it on a certain day."""

    project: Project
    catalogue: Catalogue
    presets: Mapping[str, Selection]
    as_of: date


@dataclass(frozen=True, slots=True)
class ModelSubject:
    """A model folder as the rules see it.

    Attributes:
        rendered: None where rendering failed, which is reported elsewhere.
        trace: finds where each character of the card was written; called only where something is found in the card.
        config: as in `Described`.
        tokenizer: likewise.
        lock: likewise.
        weights: likewise.
        content: the files of a local source; empty for other sources, and where the folder is not on this machine.
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
    """A sample input or output as it is written, in a file of its own or in a fence of a card.

    `place` converts a line and column of the text, both from 1, to a location.
    """

    name: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A model version as its metadata and card describe it, in a model folder or an asset folder.

    Attributes:
        folder: the folder's own name.
        metadata: in canonical form, that of `system_metadata` with native types, whatever the layout.
        tags: without those that are metadata; structured values are parsed.
        properties: likewise.
        where: finds the location of a canonical key (`license`, `trainingData.0`), or of the nearest key above it.
        as_of: the day on which the rules judge dates.
        archived: whether the catalogue hides the version.
        commit: the commit of the source, if it is stated.
        mlmodel: the MLmodel file; None where it is missing or cannot be read.
        pages: further Markdown files that the catalogue shows beside the card (notes, evaluation).
        licences: the licence files of the folder.
        samples: sample inputs and outputs in files of their own; a card shows them.
        files: names of the asset folder's files.
        origin: the URI, or the folder in a blob container, that the files come from, and where that is written.
        stated: whether the metadata is written in the folder as it is published, as in asset folders.
        config: the `config.json` of the weights; None where it is not at hand.
        tokenizer: their `tokenizer_config.json`; likewise.
        lock: what was read from the source's files; None where the source is not locked.
        weights: those of `BESIDE_WEIGHTS` that are at hand, by name.
        variant: `variantInfo` of the asset YAML: what it says of a variant, such as its parents and its size.
        profile: whose rules apply to the metadata.
        system_keys: first parts of the keys that are sent as system metadata, not as tags; the service validates these.
        house: the team's own rules; none for asset folders.
        card_location: the beginning of the card's source; None for asset folders.
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
        """What `variantInfo` says of the build, in `variantMetadata` or directly."""
        held = self.variant or {}
        inner = held.get("variantMetadata")
        return inner if isinstance(inner, Mapping) else held

    def at_build(self, key: str) -> Location:
        """The location of a key of `build`."""
        inner = isinstance((self.variant or {}).get("variantMetadata"), Mapping)
        return self.where(f"variantInfo.{'variantMetadata.' * inner}{key}")

    @property
    def cards(self) -> tuple[Card, ...]:
        """The card and the pages beside it."""
        return (self.card, *self.pages)

    @property
    def summary(self) -> str:
        """The summary in the metadata; empty where it is missing or not text."""
        written = self.metadata.get("summary")
        return written if isinstance(written, str) else ""

    @property
    def settings(self) -> Mapping[str, Any]:
        """`config`; empty where it is None."""
        return self.config or {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of a classifier, in the order of its configuration."""
        return tuple(str(one) for one in mapping_of(self.settings.get("id2label")).values())

    @property
    def adapter(self) -> Mapping[str, Any]:
        """The configuration of an adapter; empty where the weights are not an adapter."""
        return self.weights.get("adapter_config.json", {})

    @property
    def logged(self) -> Mapping[str, Any]:
        """The content of MLmodel; empty where there is none."""
        return mapping_of(self.mlmodel.data if self.mlmodel is not None else None)

    @property
    def logged_metadata(self) -> Mapping[str, Any]:
        """The metadata that the model was logged with in MLflow."""
        return mapping_of(self.logged.get("metadata"))

    @property
    def flavours(self) -> Mapping[str, Any]:
        """MLflow's flavours by name."""
        return mapping_of(self.logged.get("flavors"))

    def flavour(self, name: str) -> Mapping[str, Any]:
        """The flavour of this name; empty where MLmodel does not have it."""
        return mapping_of(self.flavours.get(name))


@dataclass(frozen=True, slots=True, eq=False)
class AssetSubject:
    """An asset folder as the rules see it.

    `conflicts`: what its two layouts of the metadata state differently.
    """

    read: ReadFolder
    described: Described
    catalogue: Catalogue
    conflicts: tuple[LayoutConflict, ...] = ()

    def place(self, key_path: KeyPath) -> Location:
        """The location of a key in the asset YAML, or of the nearest key above it."""
        return self.read.document.location(key_path)


class Fact(NamedTuple):
    """What a rule keeps of one model in order to compare all models; small, because catalogues are large.

    `code` is the rule's, `model` the model's name; `key` and `value` mean what the rule chooses.
    """

    code: str
    model: str
    key: str
    value: str
    location: Location


def alike(facts: Iterable[Fact], *, by: Literal["key", "value"] = "value") -> Iterable[Sequence[Fact]]:
    """Groups of facts with the same value, or the same key."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.key if by == "key" else fact.value, []).append(fact)
    return groups.values()


def front_matter(content: WeightFiles) -> Card | None:
    """The front matter of the README beside the weights, as a card of its own; None where there is none."""
    text = content.text("README.md")
    end = text.find("\n---", 3) if text.startswith("---") else -1
    shown = functools.partial(content.shown, "README.md")
    return Card(f"{text[:end]}\n---\n", lambda line, _column: shown(line)) if end > 0 else None


def carried_text(file: CarriedFile) -> str | None:
    """The text of a carried file; None where it cannot be read, or is not UTF-8."""
    try:
        return read_carried(file, limit=MAX_FILE_BYTES).decode("utf-8-sig")
    except (UnusableFile, UnicodeDecodeError):
        return None


LICENCE_FILE = pattern(r"(?:.*/)?(?:LICEN[CS]E|COPYING|NOTICE|USE_POLICY)(?:[._-][\w.-]*)?", re.IGNORECASE)
"""Names of licence files."""
