"""Where a rendered field comes from: the lines of specs, presets and defaults, the templates, the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from azureml_publish.assets import SCENARIOS, LayoutName, RenderedAsset, Scenario, Value
from azureml_publish.content.packaging.kinds import choose_kind
from azureml_publish.diagnostics import Location
from azureml_publish.documents import Document, KeyPath, found_at
from azureml_publish.layouts.mapping import FINETUNE_TAG, SEMVER_TAG, MetadataPath, load_mapping
from azureml_publish.project import ModelFolder, Project
from azureml_publish.render.templates import Templates
from azureml_publish.spec import BlobSource, Extra, GitSource, SkuQuery
from azureml_publish.spec.tasks import TASK_TAG

PACKAGE_TEMPLATES = ("MLmodel.j2", "conda.yaml.j2", "python_env.yaml.j2", "requirements.txt.j2")
"""The module that writes the files beside the weights of an MLflow model."""


class OriginKind(StrEnum):
    """A kind of origin."""

    SPEC = "spec"
    PRESET = "preset"
    DEFAULT = "default"
    """A default of the project, in publish.yaml."""
    BUILT_IN = "built-in"
    """azureml-publish's own default."""
    CARD = "card"
    TEMPLATE = "template"
    CATALOGUE = "catalogue"
    LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin of a value: its location, if it is in a file, and its text."""

    kind: OriginKind
    text: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class FieldOrigins:
    """Finds the origins of one model's fields."""

    project: Project
    folder: ModelFolder
    asset: RenderedAsset
    templates: Templates
    layout: LayoutName
    top: frozenset[str] | None = None
    """Names of the files at the source's top; None if they are not known here."""

    def origins(self, field: str, path: MetadataPath = ()) -> tuple[Origin, ...]:
        """The origins of one field, in the order in which they are written.

        Args:
            field: its name in plans: `tags.license`, `content`, `version`.
            path: for system metadata, the keys from the top down to a value.
        """
        return tuple(dict.fromkeys(self._origins(field, path)))

    def _origins(self, field: str, path: MetadataPath) -> Iterator[Origin]:
        section, _, key = field.partition(".")
        match section:
            case "system_metadata":
                yield from self._metadata(path, found_at(self.asset.system_metadata, path))
            case "tags" | "properties":
                yield from self._key(section, key)
            case "content":
                yield from self._content()
            case "description":
                yield from self._card()
            case _:
                built_in = _built_in(f"{section}: {_plain(getattr(self.asset, section))}")
                yield from self._written(section) or [built_in]

    def _key(self, section: str, key: str) -> Iterator[Origin]:
        own = getattr(self.folder.spec.extra or Extra(), section)
        named: dict[str, tuple[str, ...]] = {
            "properties.SHA": ("source", "revision"),
            "properties.intellectualPropertyPublisher": ("intellectual_property", "publisher"),
            f"tags.{SEMVER_TAG}": ("semver",),
        }
        if key in own:
            yield from self._written("extra", section, key)
        elif section == "tags" and key in self.folder.spec.tags:
            yield from self._written("tags", key)
        elif f"{section}.{key}" in named:
            yield from self._written(*named[f"{section}.{key}"])
        elif (section, key) == ("tags", TASK_TAG) and self.layout == "system_metadata":
            yield from self._written("tasks", "inference")
        elif (section, key) == ("tags", FINETUNE_TAG):
            value = self.asset.tags[key]
            for switch in value if isinstance(value, Mapping) else ():
                yield from self._written("finetune_defaults", switch) or self._inherited("finetune", switch)
        else:
            for path, rules in load_mapping().items():
                if any((rule.section, rule.key) == (section, key) for rule in rules):
                    yield from self._metadata(path, None)
                    text = f"the layout {self.layout} writes {'.'.join(path)} as {section}.{key}"
                    yield Origin(OriginKind.LAYOUT, text)

    def _metadata(self, path: MetadataPath, value: Value) -> Iterator[Origin]:
        if isinstance(value, Mapping) and value:
            for key, child in value.items():
                yield from self._metadata((*path, key), child)
            return
        spec = self.folder.spec
        if found_at(spec.extra.system_metadata if spec.extra else {}, path) is not None:
            yield from self._written("extra", "system_metadata", *path)
        elif written := self._written("metadata", *path):
            yield from written
        elif inherited := self._inherited("metadata", *path):
            yield from inherited
        elif path[0] in ("SKU", "supportedComputes") and len(path) > 1:
            yield from self._sizes(path[1])
        elif path == ("huggingFaceModelId",):
            yield from self._written("source", "huggingface")
        elif path[0] == "tasks" and len(path) > 1:
            yield from self._written("tasks", "inference" if path[1] == "inferenceTasks" else "finetune")
        else:
            yield from self._written(*path)

    def _sizes(self, key: str) -> Iterator[Origin]:
        scenario: Scenario | None = next((one for one in SCENARIOS if key.startswith(one)), None)
        if scenario is None:
            return
        kind = key.removeprefix(scenario)
        asserted = {"RecommendedSkus": "recommended", "MinSkuSpec": "min_sku"}.get(kind)
        if asserted and (written := self._written(asserted, scenario)):
            yield from written
            return
        yield from self._written("compute", scenario)
        body = getattr(self.folder.spec.compute, scenario)
        if isinstance(body, str):
            yield self._at(self.project.document, ("presets", body), OriginKind.PRESET)
            body = self.project.config.presets.get(body)
        if isinstance(body, SkuQuery):
            yield Origin(OriginKind.CATALOGUE, "the sizes that match the query, in catalogue order")
        if kind == "MinSkuSpec":
            yield Origin(OriginKind.CATALOGUE, "the minimum of each figure over the sizes of the allow-list")

    def _content(self) -> Iterator[Origin]:
        source = self.folder.document.data
        keys = source.get("source") if isinstance(source, Mapping) else None
        for key in keys if isinstance(keys, Mapping) else ():
            yield from self._written("source", key)
        yield from self._written("type") or [_built_in(f"type: {self.asset.type}")]
        kind = choose_kind(self.asset.type, self.top)
        yield _built_in(f"packaging {kind.name}: {kind.why}")
        if kind.name != "mlflow_transformers" or self.asset.type != "mlflow_model":
            return
        yield from self._written("tasks", "inference")
        yield from self._below(self.folder.document, ("mlflow",), OriginKind.SPEC)
        yield from self._below(self.project.document, ("defaults", "mlflow"), OriginKind.DEFAULT)
        if not isinstance(self.folder.spec.source, BlobSource | GitSource):  # they have these files themselves
            for name in PACKAGE_TEMPLATES:
                path = self.templates.find(name)
                if path is not None:
                    text = f"writes {name.removesuffix('.j2')}"
                    yield Origin(OriginKind.TEMPLATE, text, Location(self.templates.shown(path)))
        yield _built_in("classes from the task, and versions of the environment, unless they are set")

    def _card(self) -> Iterator[Origin]:
        if self.folder.card_path == self.folder.document.path:
            yield from self._written("description")
        else:
            yield Origin(OriginKind.CARD, "the model's own card", Location(self.folder.card_path))
        if self.folder.finished:
            return
        for path in self.templates.behind(self.folder.card):
            shown = Location(self.templates.shown(path))
            yield Origin(OriginKind.TEMPLATE, "templates that the card extends or includes", shown)
        for sample in self.folder.samples:
            yield Origin(OriginKind.CARD, f"the sample {sample.name}", Location(sample.path))
        yield Origin(OriginKind.SPEC, "the values that these name", Location(self.folder.document.path))

    def _written(self, *key_path: str) -> list[Origin]:
        """The spec's origin for a key; none if it does not have the key."""
        document = self.folder.document
        return [self._at(document, key_path, OriginKind.SPEC)] if key_path in document.spans else []

    def _inherited(self, *key_path: str) -> list[Origin]:
        path = ("defaults", *key_path)
        document = self.project.document
        return [self._at(document, path, OriginKind.DEFAULT)] if path in document.spans else []

    def _below(self, document: Document, key_path: KeyPath, kind: OriginKind) -> Iterator[Origin]:
        for path in document.spans:
            if path[:-1] == key_path and path:
                yield self._at(document, path, kind)

    @staticmethod
    def _at(document: Document, key_path: KeyPath, kind: OriginKind) -> Origin:
        location = document.location(key_path)
        lines = document.text.splitlines()
        line = lines[location.line - 1].strip() if location.line <= len(lines) else ""
        return Origin(kind, line, location)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _built_in(text: str) -> Origin:
    return Origin(OriginKind.BUILT_IN, text)
