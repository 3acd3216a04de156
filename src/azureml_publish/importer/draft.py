"""Converts an asset folder to the typed keys of a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from azureml_publish.asset_folders import AssetFolder, ReadFolder
from azureml_publish.assets import SCENARIOS, LayoutName, ModelType, Scenario, Value
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.documents import Document, KeyPath, holds, mapping_of, walk
from azureml_publish.importer.rules import ImportRules
from azureml_publish.layouts.convert import LayoutConflict, gather
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.layouts.wire import decode
from azureml_publish.project import MISSING_FILE
from azureml_publish.render import OWNER_PROPERTY
from azureml_publish.spec import PAGE_KEYS, PLACES, FinetuneDefaults, Metadata
from azureml_publish.spec.reading import INVALID_VALUE, MISSING_KEY

HUB = re.compile(r"https://huggingface\.co/([\w.-]+(?:/[\w.-]+)?)/?")
SWITCHES = frozenset({"apply_deepspeed", "apply_lora", "apply_ort", "ignore_mismatched_sizes"})
TEXTS = frozenset({"lr_scheduler_type", "logging_strategy"})


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a spec for an asset folder, before presets and defaults.

    Attributes:
        read: the asset folder, with its documents.
        layout: the layout of its metadata.
        head: the keys of the spec that stay unchanged later, in order.
        lists: allow-lists by scenario.
        recommended: recommended SKUs, if they differ from the allow-list.
        least: min-SKU specs.
        finetune: fine-tune defaults; None if the original has none that fit the types.
        metadata: the other metadata, by the service's names.
        categories: of the catalogue entry.
    """

    read: ReadFolder
    layout: LayoutName
    head: Mapping[str, Any]
    lists: Mapping[Scenario, tuple[str, ...]]
    recommended: Mapping[Scenario, tuple[str, ...]]
    least: Mapping[Scenario, str]
    finetune: Mapping[str, Any] | None
    metadata: Mapping[str, Any]
    categories: tuple[str, ...] | None

    @property
    def asset(self) -> AssetFolder:
        """The asset folder."""
        return self.read.asset


def draft_spec(read: ReadFolder, found: list[Diagnostic]) -> Draft | None:
    """The draft of a spec; None, with diagnostics, if there cannot be one."""
    asset, document = read.asset, read.document
    sections = {name: asset.spec.get(name) for name in ("properties", "tags", "system_metadata")}
    before = len(found)
    found.extend(_unusable(asset, document))
    if len(found) > before:
        return None
    properties, tags, native = (dict(section or {}) for section in sections.values())
    layout = find_layout(properties, tags, native)
    everything = gather(properties, tags, native)
    found.extend(conflict_diagnostic(conflict, document) for conflict in everything.conflicts)
    found.extend(_doubled(document))
    found.extend(_missing_files(asset, document, everything.metadata))
    gathered = everything
    if layout == "tags":
        # System metadata that a tag could express stays there, verbatim.
        mapped = {path[0] for path in load_mapping()}
        gathered = gather(properties, tags, {key: value for key, value in native.items() if key not in mapped})
    if asset.folder != asset.spec["name"]:
        where = document.location(("name",))
        message = f"The model is called '{asset.spec['name']}', its folder '{asset.folder}'; both are kept."
        found.append(ImportRules.NAME_DIFFERS.at(where, message, "Rename one of the two, unless this is intended."))
    metadata: dict[str, Any] = dict(gathered.metadata)
    lists, recommended = _lists(metadata)
    head = _head(asset, gathered.properties, gathered.tags, metadata)
    return Draft(
        read,
        layout,
        head,
        lists,
        recommended,
        _least(metadata.get("SKU")),
        _finetune(gathered.tags.get("model_specific_defaults")),
        {key: value for key, value in metadata.items() if key in _METADATA},
        _categories(asset.asset),
    )


def find_layout(properties: Mapping[str, Value], tags: Mapping[str, Value], native: Mapping[str, Value]) -> LayoutName:
    """The layout with most of the metadata; `system_metadata` if both have the same amount, or none."""
    old = sum(
        any(rule.key in (tags if rule.section == "tags" else properties) for rule in rules)
        for rules in load_mapping().values()
    )
    new = sum(holds(native, path) for path in load_mapping())
    return "tags" if old > new else "system_metadata"


_METADATA = frozenset(info.alias or name for name, info in Metadata.model_fields.items())


def _unusable(asset: AssetFolder, document: Document) -> Iterator[Diagnostic]:
    name, version = asset.spec.get("name"), asset.spec.get("version")
    for key, value in (("name", name), ("version", version)):
        if value is None:
            yield MISSING_KEY.at(document.location((key,)), f"The key '{key}' is missing.", f"Add '{key}: …'.")
    if name is not None and (not isinstance(name, str) or not name):
        yield INVALID_VALUE.at(
            document.location(("name",)), f"'name' is {name!r}; text is wanted.", "Put it in quotes."
        )
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        hint = "Write digits without quotes, for example 18."
        where = document.location(("version",))
        yield INVALID_VALUE.at(where, f"'version' is {version!r}; a whole number is wanted.", hint)
    for section in ("properties", "tags", "system_metadata"):
        if not isinstance(asset.spec.get(section), Mapping | None):
            where = document.location((section,))
            yield INVALID_VALUE.at(where, f"'{section}' is not a mapping.", "Write key: value pairs below it.")
    kind = mapping_of(asset.model.get("publish")).get("type", "mlflow_model")
    if kind not in get_args(ModelType):
        hint = f"Write one of {', '.join(get_args(ModelType))} in {asset.files['model']}."
        yield INVALID_VALUE.at(document.location(), f"{asset.shown} publishes the type {kind!r}.", hint)


def conflict_diagnostic(conflict: LayoutConflict, document: Document) -> Diagnostic:
    """A conflict between two places of one value, reported at the first of them."""
    rule = ImportRules.NOT_READABLE if conflict.kind == "unreadable" else ImportRules.CONTRADICTION
    section, _, rest = conflict.keys[0].partition(".")
    where = document.location((section, rest))
    message = conflict.message[:1].upper() + conflict.message[1:]
    return rule.at(where, message.rstrip(".") + ".", conflict.hint)


def _doubled(document: Document) -> Iterator[Diagnostic]:
    for key_path, value in walk(document.data):
        if not isinstance(value, list | str) or key_path[:1] not in (("tags",), ("properties",), ("system_metadata",)):
            continue
        listed = isinstance(value, list)
        commas = not listed and str(key_path[-1]).endswith(("-sku", "languages", "datasets", "-tasks", "eywords"))
        items = list(value) if listed else [item.strip() for item in str(value).split(",")] if commas else []
        if len(items) == len(frozenset(item for item in items if isinstance(item, str))):
            continue  # so it is of nearly every list, and some have fifty entries
        for index, item in enumerate(items):
            if item != "" and item in items[:index]:
                where = document.location((*key_path, index) if listed else key_path)
                dotted = ".".join(map(str, key_path))
                message = f"'{dotted}' names {item} twice; it is imported once."
                yield ImportRules.DUPLICATE_ITEM.at(where, message, "Delete one of the two.")


def _missing_files(asset: AssetFolder, document: Document, metadata: Mapping[str, Any]) -> Iterator[Diagnostic]:
    present = {file.path for file in asset.carried}
    path = asset.model.get("path")
    if asset.path is not None and isinstance(path, Mapping) and path.get("type") == "local":
        folder = (asset.path / str(path.get("uri", "."))).resolve()
        if not folder.is_dir() or not folder.is_relative_to(asset.path.resolve()):
            where = Location(f"{asset.shown}/{asset.files['model']}")
            hint = "Set source.local in the new model.yaml to the folder that holds the model's files."
            yield MISSING_FILE.at(where, f"The folder {path.get('uri')} is not in {asset.shown}.", hint)
    for key in PAGE_KEYS:
        name = metadata.get(key)
        if asset.path is not None and isinstance(name, str) and name.endswith(".md") and name not in present:
            places: tuple[KeyPath, ...] = (("system_metadata", key), ("tags", key))
            place = next((place for place in places if place in document.spans), ())
            hint = f"Add {name} to the folder, or delete the key."
            yield MISSING_FILE.at(document.location(place), f"{asset.shown}/{name} is missing.", hint)


def _lists(
    metadata: dict[str, Any],
) -> tuple[dict[Scenario, tuple[str, ...]], dict[Scenario, tuple[str, ...]]]:
    computes, skus = metadata.get("supportedComputes"), metadata.get("SKU")
    lists: dict[Scenario, tuple[str, ...]] = {}
    recommended: dict[Scenario, tuple[str, ...]] = {}
    for scenario in SCENARIOS:
        allowed = _texts(computes, f"{scenario}Computes")
        advised = _texts(skus, f"{scenario}RecommendedSkus")
        if allowed or advised:
            lists[scenario] = allowed or advised
        if allowed and advised and advised != allowed:
            recommended[scenario] = advised
    return lists, recommended


def _least(skus: Any) -> dict[Scenario, str]:
    written = {scenario: mapping_of(skus).get(f"{scenario}MinSkuSpec") for scenario in SCENARIOS}
    return {scenario: text for scenario, text in written.items() if isinstance(text, str)}


def _texts(data: Any, key: str) -> tuple[str, ...]:
    """The items of a list of texts, each once; none if it is something else."""
    items = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return ()
    return tuple(dict.fromkeys(items))


def _legacy(properties: Mapping[str, Any], tags: Mapping[str, Any]) -> dict[str, Any]:
    """The tags and properties of `legacy` that have the right form."""
    kept: dict[str, Any] = {}
    for name, place in PLACES.items():
        section = tags if place.section == "tags" else properties
        value = section.get(place.key)
        match place.form:
            case "presence" if value == "" and place.key in section:
                kept[name] = True
            case "text" if isinstance(value, str) and value:
                kept[name] = value
            case "bool" if isinstance(value, bool):
                kept[name] = value
            case "list" if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
                kept[name] = value
    return kept


def _head(
    asset: AssetFolder, properties: Mapping[str, Any], tags: Mapping[str, Any], metadata: dict[str, Any]
) -> dict[str, Any]:
    """The typed keys; a value of another type is left out here, and carried verbatim later."""
    root = asset.spec
    kind = str(mapping_of(asset.model.get("publish")).get("type", "mlflow_model"))
    source = _source(asset, properties)
    tasks = metadata.get("tasks")
    inference = _texts(tasks, "inferenceTasks")
    finetune = _texts(tasks, "fineTuningTasks")
    head: dict[str, Any] = {"name": root["name"], "version": root["version"]}
    if kind != "mlflow_model":
        head["type"] = kind
    head["source"] = source
    if isinstance(metadata.get("license"), str):
        head["license"] = metadata["license"]
    for key in ("languages", "datasets"):
        if texts := _texts(metadata, key):
            head[key] = list(texts)
    if inference:
        head["tasks"] = {"inference": inference[0]} | ({"finetune": list(finetune)} if finetune else {})
    if "huggingface" in source and metadata.setdefault("huggingFaceModelId", None) == source["huggingface"]:
        del metadata["huggingFaceModelId"]
    if kept := _legacy(properties, tags):
        head["legacy"] = kept
    return head | _at_the_top(root, properties.get(OWNER_PROPERTY))


def _at_the_top(root: Mapping[str, Any], owner: Any) -> dict[str, Any]:
    """The data of an asset besides its metadata."""
    head: dict[str, Any] = {}
    if isinstance(root.get("isArchived"), bool):
        head["archived"] = root["isArchived"]
    if isinstance(root.get("intellectualProperty"), Mapping):
        head["intellectual_property"] = dict(root["intellectualProperty"])
    elif isinstance(owner, str) and owner:
        head["intellectual_property"] = {"publisher": owner}
    if isinstance(root.get("variantInfo"), Mapping):
        head["variant_info"] = root["variantInfo"]
    if isinstance(root.get("defaultDeploymentTemplate"), Mapping | str):
        head["default_deployment_template"] = root["defaultDeploymentTemplate"]
    return head


def _source(asset: AssetFolder, properties: Mapping[str, Any]) -> dict[str, Any]:
    path = mapping_of(asset.model.get("path"))
    commit = properties.get("SHA")
    kind = path.get("type")
    source: dict[str, Any]
    if kind == "git":
        hub = HUB.fullmatch(str(path.get("uri", "")))
        if hub and commit == path.get("branch") and re.fullmatch(r"[0-9a-f]{40}", str(commit)):
            return {"huggingface": hub[1], "revision": commit}
        source = {"git": {key: path[key] for key in ("uri", "branch") if path.get(key) is not None}}
    elif kind == "local":
        return {"local": str(path.get("uri", "."))}
    elif kind in ("azureml", "mlflow"):
        return {kind: path.get("uri")}
    else:
        source = {
            "azureblob": {
                "storage": path.get("storage_name"),
                "container": path.get("container_name"),
                "path": path.get("container_path", ""),
            }
        }
    return source | ({"revision": commit} if isinstance(commit, str) else {})


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    listed = entry.get("categories")
    if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
        return tuple(listed)
    return None


def _finetune(tag: Any) -> dict[str, Any] | None:
    """The typed form of `model_specific_defaults`; None if it would not be equivalent."""
    tag = decode(tag) if isinstance(tag, str) else tag
    if not isinstance(tag, Mapping) or not tag or not tag.keys() <= FinetuneDefaults.model_fields.keys():
        return None
    typed: dict[str, Any] = {}
    for key, value in tag.items():
        if key in SWITCHES:
            if value not in ("true", "false"):
                return None
            typed[key] = value == "true"
        elif key in TEXTS:
            if not isinstance(value, str):
                return None
            typed[key] = value
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            typed[key] = value
        else:
            return None
    return typed
