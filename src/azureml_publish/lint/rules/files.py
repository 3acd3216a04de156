"""Rules on the files of a model folder or asset folder, and on settings beside the weights."""

from __future__ import annotations

import difflib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from azureml_publish.content.packaging.transformers_facts import stated, types_of
from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import mapping_of, walk
from azureml_publish.lint.asset_folders import MLMODEL
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.in_cards import short
from azureml_publish.lint.subject import AssetSubject, ModelSubject, carried_text
from azureml_publish.patterns import pattern
from azureml_publish.project import (
    CARD_FILE,
    CARRIED_FOLDER,
    FINISHED_CARD,
    MISSING_FILE,
    SAMPLES,
    SAMPLES_FOLDER,
    SPEC_FILE,
    ModelFolder,
)
from azureml_publish.spec import PAGE_KEYS


@rule("SPEC014", "orphan-file", Severity.WARNING, "A page of the folder is named by no key.")
def orphan_file(subject: AssetSubject) -> Findings:
    """Notes or an evaluation page that lie in the folder and that no key names, so nobody sees them."""
    described = subject.described
    for key in PAGE_KEYS:
        name = f"{key}.md"
        if name in described.files and not described.metadata.get(key):
            yield orphan_file.at(
                Location(f"{subject.read.asset.shown}/{name}"),
                f"{name} lies in the folder, and no key `{key}` names it, so the catalogue does not show it.",
                f"Add {key}: {name} to the metadata, or take the file away.",
            )


@finds(MISSING_FILE)
def page_missing(subject: AssetSubject) -> Findings:
    """A page that the metadata names and that is not in the folder."""
    described = subject.described
    for key in PAGE_KEYS:
        name = described.metadata.get(key)
        if isinstance(name, str) and name.endswith(".md") and name not in described.files:
            hint = f"Add {name} to the folder, or fix the name."
            yield page_missing.at(described.where(key), f"{subject.read.asset.shown}/{name} is not there.", hint)
    path = subject.read.asset.spec.get("path")
    inside = posixpath.normpath(path).strip("/") if isinstance(path, str) and _BESIDE.fullmatch(path) else "."
    if inside != "." and not any(f"{name}/".startswith(f"{inside}/") for name in described.files):
        yield page_missing.at(
            subject.place(("path",)),
            f"The path of the spec is {path}, and {subject.read.asset.shown}/{inside} is not there.",
            "Write path: ./; publishing puts the place of the files of model.yaml there.",
            severity=Severity.WARNING,
        )


@page_missing.also
def _page_of_a_folder_missing(model: ModelSubject) -> Findings:
    """A page that model.yaml names and that `files/` does not hold: its name would be published for its text."""
    carried = {file.path for file in model.folder.carried}
    for key in PAGE_KEYS:
        name = getattr(model.folder.spec.metadata, key)
        if isinstance(name, str) and _PAGE_NAME.fullmatch(name) and name not in carried:
            folder = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}"
            yield page_missing.at(
                model.folder.document.location(("metadata", key)),
                f"{folder}/{name} is not there.",
                f"Put {name} into {folder}, or fix the name.",
            )


_PAGE_NAME = pattern(r"[\w.-]+\.md")
_BESIDE = pattern(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*/?")
"""A path of the spec that means a folder beside it, and no address and no folder above."""


_OWN = frozenset({MLMODEL, "asset.yaml", "spec.yaml", "model.yaml", *(f"{key}.md" for key in PAGE_KEYS)})
_WELCOME = pattern(
    r"(LICEN[CS]E|NOTICE|README|COPYING|USE_POLICY)([._-][\w.-]+)?|conda.yaml|python_env.yaml|requirements.txt|\.[^/]*"
    r"|.*\.(png|jpe?g|gif|svg|webp)|([a-z_]+_)?config.json|modules.json|model_index.json|source.lock.json"
    r"|(sample_)?(input|output)(_example)?.json",
    re.IGNORECASE,
)
"""Files that people look at, and those that tools keep hidden."""

_WEIGHTS = pattern(r"\.(?:safetensors|bin|pth?|pkl|joblib|onnx|gguf|h5|keras|tflite|ubj|xgb|lgb|cbm?)$", re.IGNORECASE)


@rule("SPEC016", "unexpected-file-name", Severity.WARNING, "Nothing reads a file of the folder.")
def unexpected_file_name(subject: AssetSubject) -> Findings:
    """A file that nothing reads, because it is called a little differently or belongs elsewhere."""
    asset = subject.read.asset
    others = sorted(subject.described.files - _OWN - frozenset(asset.files.values()))
    strange = [name for name in others if "/" not in name and not _WELCOME.fullmatch(name)]
    mlmodel = subject.described.mlmodel
    held = (asset.spec, asset.asset, asset.model, mlmodel.data if mlmodel is not None else None)
    values = (value for data in held for _, value in walk(data)) if strange else ()
    named = {value for value in values if isinstance(value, str)}
    at_hand = mapping_of(asset.model.get("path")).get("type") == "local" or any(map(_WEIGHTS.search, others))
    for name in strange:
        near = next((own for own in sorted(_OWN | {asset.files["card"]}) if _plain(own) == _plain(name)), None)
        if name in named or (at_hand and near is None):  # the content is here, and what loads it reads the file
            continue
        hint = f"Call it {near}." if near else "Name it in the metadata where a key can, or take it away."
        yield unexpected_file_name.at(
            Location(f"{asset.shown}/{name}"), f"Nothing reads {name}: no file of the folder names it.", hint
        )


@unexpected_file_name.also
def _unread_in_a_model_folder(subject: ModelSubject) -> Findings:
    folder = posixpath.dirname(subject.folder.document.path)
    for name in _unread(subject.folder):
        above, _, file = name.rpartition("/")
        near = difflib.get_close_matches(file, ("input.json", "output.json", "card.md.j2", "model.yaml"), 1, 0.8)
        if name == FINISHED_CARD:
            hint = f"{CARD_FILE} goes before it: keep one of the two."
        elif near:
            hint = f"Call it {near[0]}."
        else:
            hint = (
                f"Move it to {CARRIED_FOLDER}/, so that it is published, or take it away."
                if not above
                else "Take it away."
            )
        yield unexpected_file_name.at(Location(f"{folder}/{name}"), f"Nothing reads {name}.", hint)


_FOR_PEOPLE = pattern(r"(README|CHANGELOG|NOTICE|LICEN[CS]E|CONTRIBUTING|OWNERS)\b.*|\..*", re.IGNORECASE)


def _unread(folder: ModelFolder) -> Iterator[str]:
    """Texts of the kinds that this tool reads elsewhere; other files may be a local source, or somebody's own."""
    card = CARD_FILE if not folder.finished else FINISHED_CARD
    for path in sorted(folder.path.glob("*")):
        ours = path.name.endswith((".md", ".yaml", ".yml", ".md.j2")) and not _FOR_PEOPLE.fullmatch(path.name)
        if ours and path.name not in (card, SPEC_FILE) and path.is_file():
            yield path.name
    for path in sorted((folder.path / SAMPLES_FOLDER).glob("[!.]*")):
        if path.name not in {f"{one}.json" for one in SAMPLES}:
            yield f"{SAMPLES_FOLDER}/{path.name}"


@orphan_file.also
def _orphan_in_a_model_folder(subject: ModelSubject) -> Findings:
    folder, carried = posixpath.dirname(subject.folder.document.path), {one.path for one in subject.folder.carried}
    for key in PAGE_KEYS:
        name = f"{key}.md"
        if name in carried and not getattr(subject.folder.spec.metadata, key):
            yield orphan_file.at(
                Location(f"{folder}/{CARRIED_FOLDER}/{name}"),
                f"{name} lies in the folder, and no key `{key}` names it, so the catalogue does not show it.",
                f"Add {key}: {name} to `metadata:`, or take the file away.",
            )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", re.sub(r"\.(ya?ml|md)$", "", name.lower()))


@rule("SPEC050", "pickle-allowed", Severity.WARNING, "The source may publish pickles.")
def pickle_allowed(subject: ModelSubject) -> Findings:
    """Loading a pickle runs the code in it."""
    if subject.folder.spec.source.allow_pickle:
        yield pickle_allowed.at(
            subject.folder.document.location(("source", "allow_pickle")),
            "Pickles may be published, and they run code on the machine that loads them.",
            "Publish safetensors, and take allow_pickle out; keep it only for files whose makers you trust.",
        )


@rule("MATCH016", "weights-files-differ", Severity.WARNING, "Settings beside the weights contradict one another.")
def weights_files_differ(subject: AssetSubject) -> Findings:
    """Labels, dimensions, lengths and sizes of images that the files of one folder of weights give differently."""
    texts = {
        file.path: text
        for file in subject.read.asset.carried
        if file.path.rpartition("/")[2] in _COMPARED and (text := carried_text(file)) is not None
    }
    settings = {path: data for path, text in texts.items() if isinstance(data := _json(text), Mapping)}
    for path, data in settings.items():
        folder, _, name = path.rpartition("/")
        above, _, part = folder.rpartition("/")
        if name == "config.json" and part.endswith("_Pooling"):
            name, folder = _POOLING, above
        config = settings.get(f"{folder}/config.json".lstrip("/"))
        for key, message in _differences(name, data, config) if config is not None else ():
            line = texts[path].count("\n", 0, max(0, texts[path].find(f'"{key}"'))) + 1
            yield weights_files_differ.at(
                Location(f"{subject.read.asset.shown}/{path}", line),
                message,
                "Copy all files of one model, as they lie beside its weights.",
            )


@weights_files_differ.also
def _configuration_of_source(subject: ModelSubject) -> Findings:
    """The same of the configuration alone, as far as the source of a model folder is at hand."""
    for _, message in (*_labels(subject.config), *_of_two_models(subject.config)) if subject.config else ():
        yield weights_files_differ.at(
            subject.folder.document.location(("source",)),
            f"config.json of the source: {message}",
            "Take the files of one model, as they lie beside its weights.",
        )


_POOLING = "1_Pooling/config.json"
_COMPARED = frozenset({"config.json", "tokenizer_config.json", "preprocessor_config.json", "sentence_bert_config.json"})
_OF_FIXED_POSITIONS = frozenset(
    {"bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert", "mpnet", "gpt2"}
)
_OF_FIXED_IMAGES = frozenset({"vit", "deit", "beit", "clip", "siglip"})
"""Models of transformers that fail on longer texts, or on other images, than config.json says."""


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # reading the folder says so


def _differences(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key of a file that contradicts `config.json`, and how."""
    kind = str(config.get("model_type") or "")
    if name == "config.json":
        yield from _labels(data)
        yield from _of_two_models(data)
    elif name == _POOLING:
        hidden = next((config[key] for key in ("hidden_size", "dim", "d_model") if _is_count(config.get(key))), None)
        given = data.get("word_embedding_dimension")
        if hidden is not None and _is_count(given) and given != hidden:
            yield "word_embedding_dimension", f"word_embedding_dimension is {given}, and config.json has {hidden}."
    elif name == "preprocessor_config.json" and kind in _OF_FIXED_IMAGES:
        inner = config.get("vision_config")
        wanted = (inner if isinstance(inner, Mapping) else config).get("image_size")
        key = "crop_size" if data.get("do_center_crop") and "crop_size" in data else "size"
        size = data.get(key)
        height = size.get("height") if isinstance(size, Mapping) else size
        if data.get("do_resize") is not False and _is_count(wanted) and _is_count(height) and height != wanted:
            yield key, f"Images are brought to {height} pixels, and config.json has an image_size of {wanted}."
    elif kind in _OF_FIXED_POSITIONS and not config.get("auto_map"):  # else its own code may know other positions
        most = config.get("max_position_embeddings", config.get("n_positions"))
        for key in ("model_max_length", "max_seq_length"):
            length = data.get(key)
            if _is_count(most) and _is_count(length) and most < length < _NO_LIMIT:
                yield key, f"{key} is {length}, and the model has {most} positions by config.json."


_NO_LIMIT = 10**9
"""What transformers writes where no limit is known is far above."""


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _of_two_models(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A class of another type than the configuration's own, by transformers' tables, or numbers that cannot be."""
    kind, listed = str(config.get("model_type") or ""), config.get("architectures")
    if config.get("auto_map"):
        return  # its own code may have classes of the same names
    for name in listed if isinstance(listed, list | tuple) else ():
        kinds = types_of(str(name))
        if kinds and kind in stated()["model_types"] and kind not in kinds:
            yield "model_type", f"model_type is {kind}, and {name} is a class of {min(kinds, key=len)}."
    words = config.get("vocab_size")
    for key in ("bos_token_id", "eos_token_id"):
        given = config.get(key)
        numbers = [one for one in (given if isinstance(given, list | tuple) else [given]) if _is_count(one)]
        if _is_count(words) and numbers and max(numbers) >= words:
            yield key, f"{key} is {max(numbers)}, and the vocabulary has {words} entries by vocab_size."


def _labels(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A label that two maps of one file give different numbers; it may well be missing from one, or stand twice."""
    by_number, by_label = config.get("id2label"), config.get("label2id")
    if not isinstance(by_number, Mapping) or not isinstance(by_label, Mapping):
        return
    numbers = {label: number for number, label in by_number.items() if isinstance(label, str)}
    single = len(numbers) == len(by_number)
    for label, number in by_label.items() if single else ():
        if label in numbers and str(number) != numbers[label]:
            yield "label2id", f"label2id gives '{short(label)}' the number {number}, and id2label {numbers[label]}."
            return
