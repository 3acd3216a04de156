"""Rules on the files of a model folder or asset folder, and on settings beside the weights."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from azureml_publish.content.packaging.source_files import LFS_POINTER
from azureml_publish.content.sources.selection import is_leftover
from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import mapping_of, walk
from azureml_publish.lint.asset_folders import MLMODEL
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.names.languages import meant_language
from azureml_publish.lint.names.models import hub_id, tasks_of
from azureml_publish.lint.rules.mlmodel import installed
from azureml_publish.lint.subject import AssetSubject, Described, ModelSubject
from azureml_publish.lint.weights.chat_formats import format_of_name, formats_in
from azureml_publish.lint.weights.configuration import is_count
from azureml_publish.lint.weights.environments import (
    Loaded,
    environment_mistakes,
    installed_transformers,
    packages_missing,
    too_old,
)
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.genai import GENAI, decoder_of
from azureml_publish.lint.weights.mlmodel import pair_differences, pair_of_name, pairs_logged
from azureml_publish.lint.weights.named_files import naming_mistakes
from azureml_publish.lint.weights.parameters import spec_context
from azureml_publish.lint.weights.readme import readme_differences
from azureml_publish.lint.weights.settings import Contradiction, contradictions, differences, gguf_differences
from azureml_publish.lint.weights.triton import triton_mistakes
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


@rule("SPEC014", "orphan-file", Severity.WARNING, "No key names a page in the folder.")
def orphan_file(subject: AssetSubject) -> Findings:
    """Notes or an evaluation page in the folder that no key names, so nobody sees them."""
    described = subject.described
    for key in PAGE_KEYS:
        name = f"{key}.md"
        if name in described.files and not described.metadata.get(key):
            message = f"{name} is in the folder, but no key `{key}` names it, so the catalogue does not show it."
            hint = f"Add {key}: {name} to the metadata, or remove the file."
            yield orphan_file.at(Location(f"{subject.read.asset.shown}/{name}"), message, hint)


@finds(MISSING_FILE)
def page_missing(subject: AssetSubject) -> Findings:
    """A page that the metadata names and that is missing."""
    described = subject.described
    for key in PAGE_KEYS:
        name = described.metadata.get(key)
        if isinstance(name, str) and name.endswith(".md") and name not in described.files:
            hint = f"Add {name} to the folder, or fix the name."
            yield page_missing.at(described.where(key), f"{subject.read.asset.shown}/{name} is not there.", hint)
    path = subject.read.asset.spec.get("path")
    inside = posixpath.normpath(path).strip("/") if isinstance(path, str) and _BESIDE.fullmatch(path) else "."
    if inside != "." and not any(f"{name}/".startswith(f"{inside}/") for name in described.files):
        message = f"The path of the spec is {path}, and {subject.read.asset.shown}/{inside} is not there."
        hint = "Write path: ./; publishing writes the location from model.yaml there."
        yield page_missing.at(subject.place(("path",)), message, hint, severity=Severity.WARNING)
    if isinstance(path, str) and _OF_A_MACHINE.match(path):
        message = f"The path of the spec is {short(path)}, a folder of one machine."
        hint = "Write path: ./; publishing writes the location from model.yaml there."
        yield page_missing.at(subject.place(("path",)), message, hint, severity=Severity.WARNING)


@page_missing.also
def _page_of_a_folder_missing(model: ModelSubject) -> Findings:
    """A page that model.yaml names and `files/` lacks: its name would be published in place of its text."""
    carried = {file.path for file in model.folder.carried}
    for key in PAGE_KEYS:
        name = getattr(model.folder.spec.metadata, key)
        if isinstance(name, str) and _PAGE_NAME.fullmatch(name) and name not in carried:
            folder = f"{posixpath.dirname(model.folder.document.path)}/{CARRIED_FOLDER}"
            message = f"{folder}/{name} is not there."
            hint = f"Put {name} into {folder}, or fix the name."
            yield page_missing.at(model.folder.document.location(("metadata", key)), message, hint)


_OF_A_MACHINE = pattern(r"(?:/|[A-Za-z]:[\\/])(?:home|users|root|tmp|mnt|var|opt)[\\/]|~/", re.IGNORECASE)
_PAGE_NAME = pattern(r"[\w.-]+\.md")
_BESIDE = pattern(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*/?")
"""A path in the spec that means a folder beside it: neither an address nor a folder above."""


_OWN = frozenset({MLMODEL, "asset.yaml", "spec.yaml", "model.yaml", *(f"{key}.md" for key in PAGE_KEYS)})
_WELCOME = pattern(
    r"(LICEN[CS]E|NOTICE|README|COPYING|USE_POLICY)([._-][\w.-]+)?|conda.yaml|python_env.yaml|requirements.txt|\.[^/]*"
    r"|.*\.(png|jpe?g|gif|svg|webp)|([a-z_]+_)?config.json|modules.json|model_index.json|source.lock.json"
    r"|[\w.-]+\.index\.json|(special_tokens_map|tokenizer|vocab|added_tokens)\.json|vocab\.txt|merges\.txt|chat_template\.jinja"
    r"|(sample_)?(input|output)(_example)?.json",
    re.IGNORECASE,
)
"""Files for readers, files beside weights that loading reads, and hidden files of tools."""

_WEIGHTS = pattern(r"\.(?:safetensors|bin|pth?|pkl|joblib|onnx|gguf|h5|keras|tflite|ubj|xgb|lgb|cbm?)$", re.IGNORECASE)


@rule("SPEC016", "unexpected-file-name", Severity.WARNING, "Nothing reads a file in the folder.")
def unexpected_file_name(subject: AssetSubject) -> Findings:
    """A file that nothing reads, because it is misnamed or belongs elsewhere."""
    asset = subject.read.asset
    others = sorted(subject.described.files - _OWN - frozenset(asset.files.values()))
    strange = [name for name in others if "/" not in name and not _WELCOME.fullmatch(name)]
    mlmodel = subject.described.mlmodel
    held = (asset.spec, asset.asset, asset.model, mlmodel.data if mlmodel is not None else None)
    values = (value for data in held for _, value in walk(data)) if strange else ()
    named = {value for value in values if isinstance(value, str)}
    at_hand = mapping_of(asset.model.get("path")).get("type") == "local" or any(map(_WEIGHTS.search, others))
    for name in sorted(one for one in subject.described.files if is_leftover(one) or _LEFT.fullmatch(one)):
        message = f"{name} does not belong to a model: a desktop, an editor, a training run or a copy left it."
        yield unexpected_file_name.at(Location(f"{asset.shown}/{name}"), message, "Remove it.")
    for name in strange:
        near = next((own for own in sorted(_OWN | {asset.files["card"]}) if _plain(own) == _plain(name)), None)
        if name in named or (at_hand and near is None):  # the weights are here, and what loads them reads the file
            continue
        hint = f"Call it {near}." if near else "Name it in the metadata where there is a key for it, or remove it."
        yield unexpected_file_name.at(
            Location(f"{asset.shown}/{name}"), f"Nothing reads {name}: no file of the folder names it.", hint
        )


_LEFT = pattern(
    r".*(?:\.(?:bak|orig|rej|old|tmp)|~)|.* (?:\(\d+\)|copy)\.\w+|(?:.*/)?Untitled\d*\.ipynb|(?:.*/)?nohup\.out"
    r"|(?:.*/)?events\.out\.tfevents\..*|(?:.*/)?(?:optimizer\.pt|scheduler\.pt|rng_state(?:_\d+)?\.pth|trainer_state\.json)"
    r"|(?:.*/)?wandb/.*",
    re.IGNORECASE,
)
"""Files left over by editors, merges and copies, and the state of a training run."""


@unexpected_file_name.also
def _unread_in_a_model_folder(subject: ModelSubject) -> Findings:
    folder = posixpath.dirname(subject.folder.document.path)
    for name in _unread(subject.folder):
        above, _, file = name.rpartition("/")
        near = difflib.get_close_matches(file, ("input.json", "output.json", "card.md.j2", "model.yaml"), 1, 0.8)
        if name == FINISHED_CARD:
            hint = f"{CARD_FILE} takes precedence: keep one of the two."
        elif near:
            hint = f"Call it {near[0]}."
        else:
            hint = (
                f"Move it to {CARRIED_FOLDER}/, so that it is published, or remove it." if not above else "Remove it."
            )
        yield unexpected_file_name.at(Location(f"{folder}/{name}"), f"Nothing reads {name}.", hint)


_FOR_PEOPLE = pattern(r"(README|CHANGELOG|NOTICE|LICEN[CS]E|CONTRIBUTING|OWNERS)\b.*|\..*", re.IGNORECASE)


def _unread(folder: ModelFolder) -> Iterator[str]:
    """Files with endings that this tool reads under other names. Files with other endings may be a local source."""
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
            message = f"{name} is in the folder, but no key `{key}` names it, so the catalogue does not show it."
            hint = f"Add {key}: {name} to `metadata:`, or remove the file."
            yield orphan_file.at(Location(f"{folder}/{CARRIED_FOLDER}/{name}"), message, hint)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", re.sub(r"\.(ya?ml|md)$", "", name.lower()))


@rule("SPEC050", "pickle-allowed", Severity.WARNING, "The source may publish pickles.")
def pickle_allowed(subject: ModelSubject) -> Findings:
    """Pickles run code when they are loaded."""
    if subject.folder.spec.source.allow_pickle:
        message = "Pickles may be published, and they run code on the machine that loads them."
        hint = "Publish safetensors, and take allow_pickle out; keep it only for files whose makers you trust."
        yield pickle_allowed.at(subject.folder.document.location(("source", "allow_pickle")), message, hint)


@rule("MATCH016", "weights-files-differ", Severity.WARNING, "Files of the weights contradict one another.")
def weights_files_differ(subject: AssetSubject) -> Findings:
    """Contradictions between the settings, tokens, indexes and headers in a folder of weights."""
    files = subject.described.content
    for found in (*contradictions(files), *_tokenizer_differences(subject.described, files)):
        hint = _TO_WRITE.get(found.key, _OF_ONE_MODEL)
        yield weights_files_differ.at(files.at(found.path, found.key), found.message, hint)
    metadata = subject.described.metadata
    for message in gguf_differences(files, metadata.get("textContextWindow"), metadata.get("license")):
        yield weights_files_differ.at(subject.place(("name",)), message, _OF_ONE_MODEL)
    yield from _environment(files, subject.described)
    for path, key, message in (*naming_mistakes(files), *triton_mistakes(files)):
        yield weights_files_differ.at(files.at(path, key), message, "Put the file there, or write what is there.")
    for path in sorted(files.places):
        message, hint = "", "Run git lfs pull for the file itself."
        if not path.endswith(".json") and files.size(path) < _LONGEST_POINTER and files.starts_with(path, LFS_POINTER):
            message = f"{path} is a pointer of Git LFS, not the file itself."
        elif _WEIGHTS.search(path) and any(
            files.starts_with(path, mark) for mark in (b"<!DOCTYPE", b"<html", b"<?xml")
        ):
            message, hint = f"{path} is a web page, not weights.", "Download it again."
        elif _WEIGHTS.search(path) and files.size(path) == 0:
            message, hint = f"{path} is empty.", "Copy it again, from where the model was saved."
        if message:
            yield weights_files_differ.at(files.at(path), message, hint)


_LONGEST_POINTER = 1024
"""Pointers of Git LFS are smaller (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""

_OF_ONE_MODEL = "Copy all files of one model from where its weights are."
_TO_WRITE = {"base_model_name_or_path": "Write the base model's id on the Hub, or a path within the folder."}


def _tokenizer_differences(model: Described, files: WeightFiles) -> Iterator[Contradiction]:
    """The tokenizer's languages, context and chat template, against what the spec and the name say."""
    data = model.logged
    pair = pair_of_name(model.name, hub_id(model)) or next((one for _, one in pairs_logged(data)), "")
    default = _BY_DEFAULT.search(model.card.words) if not pair and "default" in model.card.lowered else None
    sides = [meant_language(default[side]) for side in ("a", "b")] if default else []
    pair = pair or ("-".join(one or "" for one in sides) if all(sides) else "")
    window = min((one for one, _ in spec_context(model)), default=0)
    for path in sorted(files.places):
        most = decoder_of(files.settings(path)).get("context_length") if path.endswith(GENAI) else None
        if is_count(most) and most < window:
            message = f"context_length is {most}, and the spec's context {window}."
            yield Contradiction(path, "context_length", message)
        tokenizer = files.settings(path) if path.rpartition("/")[2] == "tokenizer_config.json" else {}
        for key, message in pair_differences(tokenizer, pair):
            yield Contradiction(path, key, message)
        wanted, written = format_of_name(model.name), tokenizer.get("chat_template")
        formats = formats_in(written) if wanted and isinstance(written, str) else frozenset[str]()
        if formats and wanted not in formats:
            yield Contradiction(
                path, "chat_template", f"The template has the markers of {min(formats)}, not of {wanted}."
            )
        chats = tokenizer.get("tokenizer_class") and _SPEAKS.search(model.name) and "chat-completion" in tasks_of(model)
        if chats and "chat_template" not in tokenizer and not any(map(_TEMPLATE.search, files.places)):
            message = (
                "It has no chat_template, and there is no file with one: nothing defines how messages are written."
            )
            yield Contradiction(path, "tokenizer_class", message)
        most = tokenizer.get("model_max_length")
        if is_count(most) and most < window:
            message = f"model_max_length is {most}, and the spec's context {window}: longer texts are cut."
            yield Contradiction(path, "model_max_length", message)


_BY_DEFAULT = pattern(r"\bfrom (?P<a>[A-Z][a-z]+) (?:in)?to (?P<b>[A-Z][a-z]+) (?:by|as (?:the|a)) default\b")
_SPEAKS = pattern(r"(?:^|[-_.])(?:chat|instruct|it)(?:$|[-_.])", re.IGNORECASE)
_TEMPLATE = pattern(r"chat_template|(?:^|/)(?:tekken\.json|genai_config\.json|[\w.-]*\.py|tokenizer\.model\.v\d)")
"""Files that define how a conversation is written."""


def _environment(files: WeightFiles, described: Described) -> Findings:
    """Environment files that pip cannot install, or that lack or predate what loads the weights."""
    texts = installed(files)
    settings = Loaded(
        described.settings,
        described.tokenizer or {},
        described.weights.get("preprocessor_config.json", {}),
        adapter=any(path.rpartition("/")[2] == "adapter_config.json" for path in files.places),
    )
    alone = environment_mistakes(texts) if described.mlmodel is None else ()  # otherwise PKG014 reports these
    for found in (*alone, *packages_missing(texts, settings)):
        yield weights_files_differ.at(files.shown(found.path, found.line), found.message, found.hint)
    for path, line, version in installed_transformers(texts):
        if message := too_old(version, settings.config):
            hint = "Write a version that knows it, in each file."
            yield weights_files_differ.at(files.shown(path, line), message, hint)


_SETTINGS = pattern(r"(?:[\w.-]+/)*(?:config|tokenizer_config|preprocessor_config|adapter_config)\.json")


@weights_files_differ.also
def _configuration_of_source(subject: ModelSubject) -> Findings:
    """The same for a local source; for another source only its configuration, where it is at hand."""
    place = subject.folder.document.location(("source",))
    if files := subject.content if subject.content.places else None:
        found = [f"{one.path}: {one.message}" for one in contradictions(files)]
        found += [f"{path}: {message}" for path, _, message in naming_mistakes(files)]
        spec = subject.folder.spec
        held = files.places if spec.type != "mlflow_model" else ()  # packaging reports those of MLflow
        broken = [path for path in held if _SETTINGS.fullmatch(path) and files.text(path).strip()]
        found += [f"{one} is not JSON, so nothing can load it." for one in broken if files.json(one) is None]
        found += gguf_differences(files, spec.metadata.text_context_window, spec.license)
    else:
        config = subject.config or {}
        found = [f"config.json of the source: {message}" for _, message in differences("config.json", config, config)]
    for message in found:
        yield weights_files_differ.at(place, message, "Take all files of one model from where its weights are.")


@weights_files_differ.also
def _weights_against_spec(model: Described) -> Findings:
    """The README beside the weights against the spec; for a local source also the tokenizer and environment."""
    for where, message in readme_differences(model):
        yield weights_files_differ.at(where, message, "Write the same in both: what is true of these weights.")
    if not model.stated:
        for found in _tokenizer_differences(model, model.content):
            yield weights_files_differ.at(model.content.at(found.path, found.key), found.message, _OF_ONE_MODEL)
        yield from _environment(model.content, model)
