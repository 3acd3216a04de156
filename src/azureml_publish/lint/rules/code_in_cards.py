"""Rules on the models, classes and machine sizes that a card names in its code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from azureml_publish.content.packaging.transformers_facts import find_task, stated, tasks_of_class, types_of
from azureml_publish.diagnostics import Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.code_blocks import mistake_in
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.models import declared, hub_id, is_own, own_names, sibling, tasks_of
from azureml_publish.lint.names.publishers import families_in
from azureml_publish.lint.names.tasks import KNOWN_TASKS, tasks_agree
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import classes_of
from azureml_publish.lint.weights.environments import OWN_PACKAGES
from azureml_publish.patterns import pattern
from azureml_publish.skus.catalogue import is_retired, load_catalogue


class _Loaded(NamedTuple):
    """A model that code loads: its name, the function, and the offset in the card."""

    name: str
    by: str
    offset: int


_REPOSITORY = r"[\"']([\w.-]{1,100}(?:/[\w.-]{1,100})?)[\"']"
_LOADERS = pattern(
    rf"(?P<class>\w+)\.from_pretrained\(\s*(?:pretrained_model_name_or_path\s*=\s*)?{_REPOSITORY}"
    rf"|\bpipeline\((?:[^()\n]{{0,200}}?,)?\s*model\s*=\s*{_REPOSITORY}"
    rf"|\b(?:LLM|SentenceTransformer|CrossEncoder|snapshot_download)\(\s*(?:model|repo_id|model_name_or_path)?\s*=?"
    rf"\s*{_REPOSITORY}"
    rf"|\b(?:model_id|model_name|checkpoint|repo_id|model_name_or_path)\s*=\s*{_REPOSITORY}"
    rf"|\bmodels\.get\(\s*(?:name\s*=\s*)?{_REPOSITORY}"
    r"|[\"']azureml://registries/[\w-]+/models/([\w.-]+)/"
)
_PARTS = pattern(
    r"tokenizer|processor|extractor|config|scheduler|vae|adapter|peft|textencoder|controlnet|lora", re.IGNORECASE
)
"""Classes of a model's parts, which often come from another model."""

_MODEL_CLASS = pattern(r"(?:Auto|[A-Z]\w*)(?:Model|For|Pipeline|LMHead)\w*")


@rule("CARD068", "code-loads-another-model", Severity.WARNING, "The card's code loads another model.", pages=True)
def code_loads_another_model(model: Described) -> Findings:
    """Code that loads another family's model, which the card does not mention, and never this one.

    CARD027 reports siblings.
    """
    yield from _another_version(model)
    card = model.card
    own = own_names(model)
    loaded = [one for one in _loaded(card) if not _PARTS.search(one.by)]
    base = str(model.logged_metadata.get("base_model_name") or "")
    words = frozenset[str]().union(*(variant_of(name).words for name in (*own, base)))
    if not loaded or not words:
        return
    if any(_is_one(one.name, own, words) or declared(model, one.name) for one in loaded):
        return
    tails = [name.rpartition("/")[2].lower() for name in own]
    applied = (found for fence in card.fences for found in _APPLIED.finditer(fence.text))
    if any("/" not in one["what"] or _is_placeholder(one["what"]) for one in applied):
        return  # this model is applied on top of the loaded one
    if any(tail and tail in fence.text.lower() for fence in card.fences for tail in tails):
        return  # an adapter is named after its base: PeftModel.from_pretrained(base, "...")
    for one in loaded:
        tail = one.name.rpartition("/")[2].lower()
        if ("/" not in one.name and "-" not in one.name) or _is_placeholder(one.name) or sibling(one.name, own):
            continue
        named = (tail, *families_in(tail))
        if any(one in card.lowered or any(one in link.url.lower() for link in card.links) for one in named):
            continue  # the card says there what it loads, and why
        if card.source.lower().count(tail) > sum(fence.text.lower().count(tail) for fence in card.fences):
            continue  # in inline code or front matter
        message = f"The code loads {one.name}, and the card does not say why; the model is {model.name}."
        hint = f"Load {hub_id(model) or model.name}, or say what {short(one.name)} is for."
        yield code_loads_another_model.at(card.at(one.offset, one.name), message, hint)
        return


_APPLIED = pattern(
    r"\b(?:load_lora_weights|load_adapter|load_textual_inversion|load_attn_procs|load_ip_adapter"
    r"|PeftModel\.from_pretrained)\((?:[\w.]+,\s{0,9})?[\"'](?P<what>[^\"'\n]{1,120})[\"']"
)
"""Code that applies a model on top of the one that it loaded before."""

_OF_VERSION = pattern(
    r"\b(?:models:/|azureml://registries/[\w-]+/models/)(?P<name>[\w.-]+)/(?:versions/)?(?P<version>\d{1,6})\b"
)


def _another_version(model: Described) -> Findings:
    """Code that loads another version of this model."""
    version = str(model.version)
    for match, offset in model.card.in_fences(_OF_VERSION) if version.isdecimal() else ():
        if match["name"] == model.name and match["version"] != version:
            message = f"The code loads version {match['version']} of {model.name}, and this is version {version}."
            yield code_loads_another_model.at(model.card.at(offset, match[0]), message, f"Write {version}.")


def _loaded(card: Card) -> Iterator[_Loaded]:
    for fence in card.fences:
        if fence.language in ("json", "bash", "sh") or ("(" not in fence.text and "=" not in fence.text):
            continue
        for match in _LOADERS.finditer(fence.text):
            number = next(index for index in range(2, 8) if match[index])
            yield _Loaded(match[number], match["class"] or "", card.offset_in(fence, match[number]))


def _is_one(name: str, own: tuple[str, ...], words: frozenset[str]) -> bool:
    """Whether a name may mean this model: one of its names, or a word of its family in common."""
    return is_own(name, own) or bool(variant_of(name.rpartition("/")[2]).words & words)


def _is_placeholder(name: str) -> bool:
    return (
        re.search(r"\b(?:path|your|my|output|local|dir|folder|org|user\w*|model[-_]?(?:name|id|path)?)\b", name)
        is not None
    )


_OF_MEDIUM = {
    "image": pattern(r"ForImageClassification|ForObjectDetection|ForSemanticSegmentation|^ViT|^CLIP|^Swin|^ResNet"),
    "sound": pattern(r"ForSpeechSeq2Seq|ForCTC|^Wav2Vec2|^Whisper|ForAudioClassification"),
    "text": pattern(
        r"ForMaskedLM|ForSequenceClassification|ForTokenClassification|ForQuestionAnswering|^Bert|^Roberta|^GPT2"
    ),
}
"""Tasks by the kind of input of transformers' classes (https://huggingface.co/docs/transformers/model_doc/auto)."""

_TEXT = (
    "fill-mask text-generation text-classification token-classification question-answering summarization translation"
    " text-translation text2text-generation chat-completion"
)
_MEDIA = {
    name: frozenset(tasks.split())
    for name, tasks in (
        ("text", _TEXT),
        ("image", "image-classification zero-shot-image-classification object-detection image-object-detection"),
        ("sound", "automatic-speech-recognition speech-recognition audio-classification"),
    )
}


@rule("CARD069", "code-of-another-kind", Severity.WARNING, "The card's code is for models of another kind.", pages=True)
def code_of_another_kind(model: Described) -> Findings:
    """Code that loads the weights with a class for another kind of model, such as images instead of text."""
    tasks = frozenset(tasks_of(model))
    for what, name, offset, hint in _of_other_kinds(model, tasks) if tasks else ():
        yield code_of_another_kind.at(model.card.at(offset, name), f"The code {what}.", hint)
    held = [*model.flavours]
    for name, offset in _loaders(model.card) if held else ():
        flavour = "python_function" if name == "pyfunc" else name
        if flavour not in held and flavour in OWN_PACKAGES | {"python_function", "tensorflow", "keras", "spacy"}:
            yield code_of_another_kind.at(
                model.card.at(offset, f"mlflow.{name}"),
                f"The code loads the model by mlflow.{name}, and MLmodel has the flavours {', '.join(held)}.",
                f"Write mlflow.{'pyfunc' if held[0] == 'python_function' else held[0]}.",
            )
            return


_LOADS = pattern(r"\bmlflow\.(\w{2,30})\.load_model\(")


def _loaders(card: Card) -> Iterator[tuple[str, int]]:
    """The MLflow modules by which code loads a model, with offsets."""
    for match, offset in card.in_fences(_LOADS) if ".load_model(" in card.source else ():
        yield match[1], offset


def _of_other_kinds(model: Described, tasks: frozenset[str]) -> Iterator[tuple[str, str, int, str]]:
    """What the code does, the name that shows it, its offset, and the hint."""
    own, served = ", ".join(sorted(tasks)), (*tasks, *tasks_of(model, "fineTuningTasks"))
    loaded = list(_classes(model.card))
    medium = next((name for name, of_medium in _MEDIA.items() if tasks <= of_medium), None)
    others = [kind for other, kind in _OF_MEDIUM.items() if medium is not None and other != medium]
    foreign = [one for one in loaded if any(kind.search(one[0]) for kind in others)]
    if loaded and len(foreign) == len(loaded):
        yield f"loads the model as {foreign[0][0]}, which is not a class for {own}", *foreign[0], _CLASS
    if loaded and not foreign and tasks <= KNOWN_TASKS - _ANY_MODELS:
        meant = [tasks_of_class(name) for name, _ in loaded]
        configured = {task for name in classes_of(model.settings) for task in tasks_of_class(name)}
        if all(meant) and not any(one in configured or _serves(one, served) for each in meant for one in each):
            yield f"loads the model as {loaded[0][0]}, which is for {meant[0][0]}; it is for {own}", *loaded[0], _CLASS
    inside = str(model.flavour("transformers").get("pipeline_model_type") or "")
    weights = types_of(inside) or frozenset({str(model.settings.get("model_type") or "")})
    kinds = [types_of(name) for name, _ in loaded]
    if weights <= frozenset(stated()["model_types"]) and kinds and all(kinds) and not any(k & weights for k in kinds):
        yield (
            f"loads the model as {loaded[0][0]}, of {min(kinds[0], key=len)}; weights of {min(weights, key=len)}",
            *loaded[0],
            _CLASS,
        )
    piped = list(_pipelines(model.card)) if tasks <= KNOWN_TASKS else []
    if piped and not any(_serves(one, served) for one, _ in piped):
        yield (
            f"makes a pipeline for {piped[0][0]}, and the model is for {own}",
            *piped[0],
            "Write the model's own task.",
        )


_CLASS = "Write the class that config.json names."


_PIPELINE = pattern(r"\bpipeline\(\s{0,9}(?:task ?= ?)?[\"']([a-z][a-z0-9-]{2,40})[\"']")
_ANY_MODELS = frozenset(
    {"feature-extraction", "image-feature-extraction", "embeddings", "sentence-similarity", "text-embeddings"}
)
"""Tasks that every model of the same kind serves."""


def _pipelines(card: Card) -> Iterator[tuple[str, int]]:
    for fence in card.fences:
        for match in _PIPELINE.finditer(fence.text) if "pipeline(" in fence.text else ():
            yield match[1], card.offset_in(fence, match[1])


def _serves(task: str, others: tuple[str, ...]) -> bool:
    """Whether the pipeline's task is one of the model's, shares its classes, or is unknown."""
    one, theirs = find_task(task), [find_task(other) for other in others]
    if one is None or task in _ANY_MODELS or None in theirs or tasks_agree(task, others):
        return True
    return any(other is not None and {*one.models} & {*other.models} for other in theirs)


_FROM = pattern(r"\b([A-Z]\w+)\.from_pretrained\(")


def _classes(card: Card) -> Iterator[tuple[str, int]]:
    for match, offset in card.in_fences(_FROM) if "from_pretrained" in card.source else ():
        if not _PARTS.search(match[1]) and _MODEL_CLASS.match(match[1]):
            yield match[1], offset


def _listed(model: Described) -> Iterator[str]:
    """The sizes in the model's own lists."""
    for key in ("supportedComputes", "SKU"):
        lists = model.metadata.get(key)
        for values in lists.values() if isinstance(lists, Mapping) else ():
            yield from (str(one) for one in (values if isinstance(values, list | tuple) else ()))


_PAST = pattern(r"\b(?:(?:pre-?)?trained|training|fine-?tuned|measured|benchmark\w*|tested|took)\b", re.IGNORECASE)
"""Words of lines that say on which machine something was done in the past."""

_MEASURED = pattern(r"\|[ *~]*\d[\d.,]*[ *]*(?:ms|s|%)?[ *]*(?:\||$)")
"""A number in a table row: a measurement names the machine of its time."""

_NEAR = 600
_DEPLOYED = pattern(r"\binstance_type\b[\"']?\s?[:=]\s?[\"']?(?P<size>Standard_\w+)")
_RUNS_ON = pattern(
    r"\b(?:(?:one|an|a single) (?:instance|node|machine) of|deploy(?:ed|ment|ments|s)?(?: it| the model)?"
    r" (?:on|to|with)|(?:runs|is served|serve it) on|recommended (?:size|sku|instance(?: type)?)(?: is|:)?)"
    r"(?: an?| one)?[ `*]+(?P<size>Standard_\w+)",
    re.IGNORECASE,
)
_SIZE = pattern(r"\bStandard_[A-Z]{1,3}\d+[A-Za-z]*(?:_[A-Za-z0-9]+){0,3}(?![\w-])")


@rule(
    "SKU016",
    "sku-of-the-card",
    Severity.WARNING,
    "The card names a size that is retired or does not exist.",
    pages=True,
)
def sku_of_the_card(model: Described) -> Findings:
    """A machine size in the card that is retired or unknown; reported once a size."""
    card = model.card
    if model.archived or "Standard_" not in card.source:
        return
    catalogue, listed = load_catalogue(), frozenset(_listed(model))
    first: dict[str, int] = {}
    for match in _SIZE.finditer(card.source):
        line = card.lines[card.position(match.start())[0] - 1]
        if not _PAST.search(line) and not _MEASURED.search(line):
            first.setdefault(match[0], match.start())
    deployed = {
        match.start("size")
        for match in _DEPLOYED.finditer(card.source)
        if "eployment" in card.source[max(0, match.start() - _NEAR) : match.end() + _NEAR]
    }
    deployed |= {match.start("size") for match in _RUNS_ON.finditer(card.source)}
    allowed = mapping_of(model.metadata.get("supportedComputes")).get("inferenceComputes")
    for name, offset in first.items():
        if name in listed:
            continue  # SKU003 and SKU010 report it in the list
        if offset in deployed and isinstance(allowed, list | tuple) and allowed and name in catalogue:
            message = f"The card deploys on {name}, which is not among the sizes for inference."
            yield sku_of_the_card.at(card.at(offset, name), message, f"Name one of them, such as {allowed[0]}.")
            continue
        sku = catalogue.get(name)
        near = catalogue.nearest(name) if sku is None else ()
        if sku is not None and is_retired(sku, model.as_of):
            message, hint = (
                f"{name} is retired since {sku.retirement}.",
                "Name a size that is offered: `publish skus list`.",
            )
        elif near:
            message, hint = f"The catalogue knows no size '{name}'.", f"Did you mean {' or '.join(near)}?"
        else:
            continue
        yield sku_of_the_card.at(card.at(offset, name), message, hint)


@rule("CARD077", "code-broken", Severity.WARNING, "Code in the card is not valid in its language.", pages=True)
def code_broken(model: Described) -> Findings:
    """A fence of Python, YAML or shell that is not valid in its language, so it cannot be copied.

    Omissions and placeholders in angle brackets are accepted. SMPL001 reports JSON.
    """
    card = model.card
    for fence in card.fences:
        wrong = mistake_in(fence.language, fence.text, card.source)
        if wrong is not None:
            number = min(fence.line + wrong.line, len(card.lines))
            shown = card.lines[number - 1]
            yield code_broken.at(
                card.passage(number, len(shown) - len(shown.lstrip()) + 1, shown.strip()), wrong.message, wrong.hint
            )
