"""Makes a model folder in memory from a draft: typed keys first, and the rest verbatim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from azureml_publish.assets import SCENARIOS, CarriedFile, MinSkuSpec
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.documents import Document, dump_yaml, parse_yaml
from azureml_publish.files import read_carried
from azureml_publish.importer.cards import NewCard, make_card
from azureml_publish.importer.comparison import NOTHING, Difference, compare
from azureml_publish.importer.defaults import without_defaults
from azureml_publish.importer.draft import Draft
from azureml_publish.importer.rules import ImportRules
from azureml_publish.importer.writing import write_yaml
from azureml_publish.layouts.mapping import FINETUNE_TAG, SEMVER_TAG, load_mapping
from azureml_publish.project import CARD_FILE, CARRIED_FOLDER, FINISHED_CARD, PLAIN_CARD, ModelFolder
from azureml_publish.project import SPEC_FILE as MODEL_FILE
from azureml_publish.render import Style, describe_model, render_model
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import resolve_compute
from azureml_publish.skus.query import Selection
from azureml_publish.spec import PLACES, ModelSpec
from azureml_publish.spec.reading import CREDENTIAL_HELPER, INVALID_VALUE


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """What all models of one import share: the future project, names of lists, the catalogue of sizes, the day.

    `models` is the folder in which they will be. With it a card has its path already, under which the compiled card is
    found again when it is proved (the bar: benchmarks/import.py).
    """

    models: Path
    style: Style
    presets: Mapping[str, Selection]
    names: Mapping[tuple[str, ...], str]
    catalogue: Catalogue
    as_of: date


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A model folder to write.

    Attributes:
        draft: the draft that it was made from.
        files: its files, by path; bytes, or a file to copy.
        verbatim: the keys that `extra` carries, dotted.
        card_blocks: blocks of the card that the template renders; None if the card is kept as a whole.
        unequal: differences from the original without a reason.
    """

    draft: Draft
    files: Mapping[str, bytes | CarriedFile]
    verbatim: tuple[str, ...]
    card_blocks: int | None
    unequal: tuple[Difference, ...] = ()

    @property
    def lines(self) -> int:
        """Lines of YAML."""
        spec = self.files[MODEL_FILE]
        return spec.count(b"\n") if isinstance(spec, bytes) else 0


def make_model_folder(draft: Draft, settings: ImportSettings, found: list[Diagnostic]) -> NewFolder | None:
    """A model folder that renders to the original; None, with diagnostics, if there cannot be one."""
    data = _in_order(
        dict(draft.head) | _compute(draft, settings.names) | without_defaults(draft, settings.style.config.defaults)
    )
    spec = _validated(data, draft, found)
    if spec is None:
        return None
    if asserted := _min_sku(draft, spec, settings):
        data |= asserted
        spec = ModelSpec.model_validate(data)
    unequal = _unequal(draft, spec, settings)
    extra, verbatim = _verbatim(unequal)
    if tags := _own_tags(extra):
        data["tags"] = tags
        verbatim = tuple(key for key in verbatim if key.removeprefix("tags.") not in tags)
    if extra:
        data["extra"] = extra
    if unequal:
        spec = ModelSpec.model_validate(data)
        unequal = _unequal(draft, spec, settings)
    document = _document(_in_order(data), f"{draft.asset.folder}/{MODEL_FILE}")
    if document is None:
        raise ValueError(f"{draft.asset.shown}: its spec cannot be written")
    carried = draft.asset.carried
    path = settings.models / draft.asset.folder
    allow = resolve_compute(spec, settings.presets, settings.catalogue, settings.as_of).allow_lists
    folder = ModelFolder(draft.asset.folder, path, spec, document, FINISHED_CARD, "", finished=True, carried=carried)
    card = _plain_card(draft) if draft.asset.plain else make_card(draft.asset.card, folder, allow, settings.style)
    if "huggingface" in data["source"]:
        carried = _not_rendered(folder, settings, carried)
    files: dict[str, bytes | CarriedFile] = {MODEL_FILE: document.text.encode(), **card.files}
    files |= {f"{CARRIED_FOLDER}/{file.path}": file for file in carried}
    return NewFolder(draft, files, verbatim, card.blocks, tuple(unequal))


def _plain_card(draft: Draft) -> NewCard:
    """The card of a model that has none: what the template makes, after the description where there is one."""
    return NewCard({} if "description" in draft.head else {CARD_FILE: PLAIN_CARD.encode()}, 0)


def _own_tags(extra: dict[str, Any]) -> dict[str, str]:
    """The tags that are the model's own and nothing but text; they are taken out of `extra`."""
    meant = {rule.key for rules in load_mapping().values() for rule in rules if rule.section == "tags"}
    meant |= {FINETUNE_TAG, SEMVER_TAG, *(place.key for place in PLACES.values() if place.section == "tags")}
    tags = extra.get("tags", {})
    own = {key: value for key, value in tags.items() if isinstance(value, str) and key not in meant}
    if rest := {key: value for key, value in tags.items() if key not in own}:
        extra["tags"] = rest
    else:
        extra.pop("tags", None)
    return own


def difference(made: NewFolder, one: Difference) -> Diagnostic:
    """An unexplained difference as a finding."""
    asset = made.draft.asset
    dotted = ".".join(map(str, one.key_path))
    where = Location(f"{asset.shown}/{asset.files.get(one.file.removesuffix('.yaml'), one.file)}")
    hint = "Add it to the spec by hand, and report it: every difference should be carried or explained."
    return ImportRules.DIFFERENCE.at(where, f"'{dotted}' was {one.before!r} and comes out as {one.after!r}.", hint)


def _in_order(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in ModelSpec.model_fields if key in data}


def _compute(draft: Draft, names: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if draft.lists:
        settings["compute"] = {scenario: names.get(listed, list(listed)) for scenario, listed in draft.lists.items()}
    if draft.recommended:
        settings["recommended"] = {scenario: list(listed) for scenario, listed in draft.recommended.items()}
    return settings


def _min_sku(draft: Draft, spec: ModelSpec, settings: ImportSettings) -> dict[str, Any]:
    """Min-SKU specs that differ from the derived ones; the spec asserts them, and the linter reports them."""
    allow = resolve_compute(spec, settings.presets, settings.catalogue, settings.as_of).allow_lists
    asserted: dict[str, str] = {}
    for scenario in SCENARIOS:
        text = draft.least.get(scenario)
        try:
            least = MinSkuSpec.parse(text) if text is not None else None
        except ValueError:
            continue
        if least is not None and scenario in allow and least != allow[scenario].min_sku:
            asserted[scenario] = str(least)
    return {"min_sku": asserted} if asserted else {}


def _validated(data: dict[str, Any], draft: Draft, found: list[Diagnostic]) -> ModelSpec | None:
    """The spec, without keys whose values have the wrong type: those are carried verbatim instead."""
    for _ in range(3):
        try:
            return ModelSpec.model_validate(data)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        for error in errors:
            key = str(error["loc"][0])
            within = data.get(key)
            if key == "metadata" and len(error["loc"]) > 1 and isinstance(within, dict):
                within.pop(str(error["loc"][1]), None)
            elif key in ("name", "version", "type", "source", "tasks"):
                found.append(_needed(draft, key, dict(error)))
                return None
            else:
                data.pop(key, None)
    return None


def _needed(draft: Draft, key: str, error: Mapping[str, Any]) -> Diagnostic:
    files, publishing = draft.asset.files, draft.read.publishing
    name = files["model"] if key in ("source", "type") else files["spec"]
    what = {"source": "says where its files come from", "tasks": "names the task of an MLflow model"}.get(key, key)
    hint = "Write path: {type: azureblob, storage_name: …, container_name: …, container_path: …}."
    if key == "tasks":
        hint = "Write system_metadata: {tasks: {inferenceTasks: [fill-mask]}}, or tags: {task: fill-mask}."
    where = Location(f"{draft.asset.shown}/{name}")
    if key == "source" and publishing is not None:
        where = publishing.location(("path", str(error["loc"][-1])))
    message = str(error["msg"])
    if key == "source" and draft.asset.plain:
        hint = "Correct the address in path: a storage account has 3 to 24 letters and digits, a container 3 to 63."
    if error["type"] == "password_in_address":
        hint = CREDENTIAL_HELPER
    return INVALID_VALUE.at(where, f"Nothing usable {what} in {draft.asset.shown}: {message}.", hint)


def _unequal(draft: Draft, spec: ModelSpec, settings: ImportSettings) -> list[Difference]:
    """The differences between the spec's rendering and the original, without those that have a reason."""
    allow = resolve_compute(spec, settings.presets, settings.catalogue, settings.as_of).allow_lists
    described = describe_model(spec, allow, settings.style.config, draft.layout)
    asset = draft.asset
    pairs = [("spec.yaml", asset.spec)]
    pairs += [("asset.yaml", asset.asset)] if asset.asset else []
    pairs += [("model.yaml", asset.model)] if asset.model and not asset.plain else []
    return [
        one
        for file, original in pairs
        for one in compare(file, original, described[file], draft.layout, strings=asset.strings, spec=asset.spec)
        if not one.reason
    ]


def _verbatim(differences: Sequence[Difference]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The `extra` that removes differences, and its dotted keys."""
    extra: dict[str, Any] = {}
    omit: list[str] = []
    for one in differences:
        section, path = _place(one)
        if one.before is NOTHING:
            omit.append(".".join(map(str, (section, *path))))
            continue
        target = extra.setdefault(section, {})
        for key in path[:-1]:
            target = target.setdefault(str(key), {})
        target[str(path[-1])] = one.before
    if omit:
        extra["omit"] = omit
    settings = tuple(".".join(map(str, one.key_path)) for one in differences)
    return extra, settings


def _place(one: Difference) -> tuple[str, tuple[str | int, ...]]:
    if one.file != "spec.yaml":
        return one.file.removesuffix(".yaml"), one.key_path
    if len(one.key_path) > 1 and one.key_path[0] in ("tags", "properties", "system_metadata"):
        return str(one.key_path[0]), one.key_path[1:]
    return "root", one.key_path


def _document(data: dict[str, Any], path: str) -> Document | None:
    """The spec as a file whose text parses to the same data."""
    document, wrong = parse_yaml(write_yaml(data), path)
    if document is not None and not wrong and document.data == data:
        return document
    return parse_yaml(dump_yaml(data) + "\n", path)[0]


def _not_rendered(
    folder: ModelFolder, settings: ImportSettings, carried: tuple[CarriedFile, ...]
) -> tuple[CarriedFile, ...]:
    """The carried files without an `MLmodel` that rendering produces anyway."""
    own = ModelFolder(folder.folder, folder.path, folder.spec, folder.document, "", "", finished=True)
    allow = resolve_compute(folder.spec, settings.presets, settings.catalogue, settings.as_of).allow_lists
    rendered, _ = render_model(own, allow, settings.style)
    if rendered is None:
        return carried
    made = {file.path: file.text.encode() for file in rendered.files}
    return tuple(file for file in carried if made.get(file.path) != read_carried(file))
