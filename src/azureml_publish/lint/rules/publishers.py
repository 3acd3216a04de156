"""Rules on how the catalogue files a model: publisher, categories and modalities."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Diagnostic, Location, Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.models import hub_id, tasks_of
from azureml_publish.lint.names.publishers import BY_NAME, families_in, publisher_of
from azureml_publish.lint.names.tasks import KNOWN_TASKS, tasks_agree
from azureml_publish.lint.names.variants import alphanumeric, one_letter_apart, variant_of
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject
from azureml_publish.patterns import pattern

_PASSES_ON = frozenset({"Microsoft", "Hugging Face"})
"""Publishers that offer other makers' models, converted or hosted."""


@rule("MATCH013", "publisher-differs", Severity.WARNING, "The publisher is not the maker of the model.")
def publisher_differs(model: Described) -> Findings:
    """A misspelt publisher, or another one than that of the Hub id, MLmodel or the model's name."""
    yield from _developer(model)
    written = model.metadata.get("publisher")
    if not isinstance(written, str) or not written.strip():
        return
    stated = publisher_of(written)
    if stated is None:
        plain = alphanumeric(written)
        close = difflib.get_close_matches(plain, _FULL, n=1, cutoff=0.82) if len(plain) > _LEAST else []
        if close and sorted(plain) != sorted(close[0]) and not one_letter_apart(plain, close[0]):
            return
        if close:
            message = f"The publisher '{short(written)}' is almost {BY_NAME[close[0]]}."
            yield publisher_differs.at(model.where("publisher"), message, f"Write {BY_NAME[close[0]]}.")
        return
    owners = list(_owners(model))
    named = {publisher_of(word) for word in _words(model.name)}
    yield from _provider(model, stated)
    known = all(publisher_of(owner) == owner for owner, _ in owners)
    if stated in _PASSES_ON or not owners or not known or stated in named or any(one == stated for one, _ in owners):
        return
    owner, why = owners[0]
    message = f"The publisher is {short(written)}, while {why} of {owner}."
    hint = f"Write {owner}, if it is their model; the publisher may have been copied along with the folder."
    yield publisher_differs.at(model.where("publisher"), message, hint)


def _developer(model: Described) -> Findings:
    """A line `Developed by:` with another known maker than that of the families in name and Hub id."""
    first = _first(model.name)
    own = publisher_of(first) if variant_of(model.name).words <= {first.lower()} else None
    owners = {own, publisher_of(hub_id(model).rpartition("/")[0]), publisher_of(str(model.metadata.get("publisher")))}
    for stated in of_subject(model.card, "developer") if own else ():
        link = re.search(r"huggingface\.co/([\w-]+)", stated.text)
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", stated.text).strip(" .*_")
        meant = publisher_of(link[1]) if link else publisher_of(plain)
        if meant is not None and meant not in _PASSES_ON and meant not in owners:
            message = f"The card says that the model is of {meant}, while '{first}' is a name of models of {own}."
            hint = f"Write {own}, if it is their model; the line may have been copied along with the card."
            yield publisher_differs.at(model.card.at(stated.offset, stated.text), message, hint)


@publisher_differs.also
def _misspelled_beside_others(facts: Sequence[Fact]) -> Findings:
    """A publisher that is a misspelling of the one that several other models have."""
    counts = Counter(fact.value for fact in facts)
    for fact in facts:
        if counts[fact.value] > 1 or len(fact.value) <= _LEAST:
            continue
        often = [name for name, count in counts.items() if count >= _OFTEN and name != fact.value]
        if close := [name for name in often if one_letter_apart(alphanumeric(fact.value), alphanumeric(name))]:
            message = f"The publisher '{short(fact.value)}' is almost {close[0]}, which {counts[close[0]]} models have."
            yield publisher_differs.at(fact.location, message, f"Write {close[0]}.")


_OFTEN = 3


@publisher_differs.keeps
def _publisher_facts(model: Described) -> Iterator[Fact]:
    publisher = model.metadata.get("publisher")
    if isinstance(publisher, str) and publisher.strip() and publisher_of(publisher) is None:
        yield Fact(publisher_differs.rule.code, model.name, "", publisher.strip(), model.where("publisher"))


def _provider(model: Described, stated: str) -> Findings:
    """A publisher in MLmodel that differs from the one in the spec and Hub id."""
    provider = _provider_name(model)
    hub = hub_id(model)
    meant, owner = publisher_of(provider), publisher_of(hub.rpartition("/")[0] if hub else _first(model.name))
    if meant and meant != stated and owner == stated and meant not in _PASSES_ON and model.mlmodel is not None:
        message = f"MLmodel says that the model is of {provider}, while publisher and Hub id say {stated}."
        hint = f"Write {stated}'s name; the file may have been copied along with the folder."
        yield publisher_differs.at(model.mlmodel.location(("metadata", "model_provider_name")), message, hint)


def _provider_name(model: Described) -> str:
    provider = model.logged_metadata.get("model_provider_name")
    return provider if isinstance(provider, str) else ""


_LEAST = 5
"""Shorter names are too similar to each other."""

_FULL = tuple(sorted(alphanumeric(one) for one in frozenset(BY_NAME.values()) if len(one) > _LEAST))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]


def _owners(model: Described) -> Iterator[tuple[str, str]]:
    """The makers of the model, by its repository's owner, MLmodel, else its name; and the words for that source."""
    provider = _provider_name(model)
    organisation = hub_id(model).rpartition("/")[0]
    if organisation:
        yield publisher_of(organisation) or organisation, "the Hub id is"
    if provider and publisher_of(provider) not in _PASSES_ON:
        yield publisher_of(provider) or provider, "MLmodel says that the model is"
    first = _first(model.name)
    plain = variant_of(model.name).words <= {first.lower()}  # more words make it another model
    if not provider and not organisation and plain and (found := publisher_of(first)):
        yield found, f"'{first}' is a name of models"


def _first(name: str) -> str:
    """The first word of a name, without a number at its end."""
    words = _words(name)
    return words[0].rstrip("0123456789") if words else ""


@rule("MATCH014", "category-differs", Severity.WARNING, "A category does not fit the model.")
def category_differs(subject: AssetSubject) -> Findings:
    """A category in asset.yaml for a task that the model does not serve, or a family that it is not of."""
    entry, categories = subject.read.entry, subject.read.asset.asset.get("categories")
    if entry is None or not isinstance(categories, Sequence) or isinstance(categories, str):
        return
    model = subject.described
    tasks = tuple(dict.fromkeys((*tasks_of(model), *tasks_of(model, "fineTuningTasks"))))
    whole = " ".join((model.name, hub_id(model), model.card.source)).lower()
    for index, category in enumerate(categories):
        if isinstance(category, str):
            yield from _category(category, tasks, whole, entry.location(("categories", index)))


@category_differs.also
def _category_of_folder(subject: ModelSubject) -> Findings:
    spec, document = subject.folder.spec, subject.folder.document
    if subject.rendered is None or not spec.categories:
        return
    tasks = tuple(one for one in (spec.tasks.inference, *(spec.tasks.finetune or ())) if one)
    whole = f"{spec.name} {getattr(spec.source, 'huggingface', '')} {subject.rendered.asset.description}".lower()
    for index, category in enumerate(spec.categories):
        yield from _category(category, tasks, whole, document.location(("categories", index)))


def _category(category: str, tasks: tuple[str, ...], whole: str, where: Location) -> Iterator[Diagnostic]:
    slug = "-".join(category.strip().lower().split())
    if slug in KNOWN_TASKS:
        if tasks and all(task in KNOWN_TASKS for task in tasks) and not tasks_agree(slug, tasks):
            message = f"The category '{short(category)}' is a task, and the model does {', '.join(tasks)}."
            yield category_differs.at(where, message, "Take it out, or write the task that the model does.")
    elif families_in(slug) == {slug} and slug not in whole:
        message = f"The category '{short(category)}' is a family of models that neither name nor card mentions."
        yield category_differs.at(where, message, "Take it out, or write the family that the model is of.")


_TEXT_IN = (
    "fill-mask text-generation text-classification token-classification question-answering summarization"
    " text-translation text2text-generation chat-completion text-to-image text-to-image-inpainting"
)
_IMAGE_IN = (
    "image-classification zero-shot-image-classification object-detection image-object-detection image-segmentation"
    " image-instance-segmentation image-to-text visual-question-answering image-feature-extraction mask-generation"
)
_SPEECH = "automatic-speech-recognition speech-recognition"
_TEXT_OUT = (
    "text-generation chat-completion summarization translation text-translation text2text-generation image-to-text"
)
_NEEDS = tuple(
    (frozenset(tasks.split()), key, medium)
    for tasks, key, medium in (
        (_TEXT_IN, "inputModalities", "text"),
        (_IMAGE_IN, "inputModalities", "image"),
        (_SPEECH, "inputModalities", "audio"),
        (f"{_TEXT_OUT} {_SPEECH}", "outputModalities", "text"),
        ("text-to-image text-to-image-inpainting", "outputModalities", "image"),
        ("text-to-speech text-to-audio", "outputModalities", "audio"),
        ("image-text-to-text visual-question-answering", "inputModalities", "image"),
        ("embeddings text-embeddings feature-extraction sentence-similarity", "outputModalities", "embeddings"),
    )
)
"""What each task needs: its tasks, the key of the modalities, and the value that has to be there."""


_MEDIA = {"text": ("code",), "embeddings": ("text", "data", "json", "csv")}
"""Other words for a modality."""


@rule("MATCH015", "modality-differs", Severity.WARNING, "The modalities lack what the model's task needs.")
def modality_differs(model: Described) -> Findings:
    """Modalities without the one that the task needs."""
    tasks = tasks_of(model)
    for served, key, medium in _NEEDS:
        values = model.metadata.get(key)
        listed = values.split(",") if isinstance(values, str) else values if isinstance(values, list | tuple) else []
        named = [str(one).strip().lower() for one in listed]
        task = next((one for one in tasks if one in served), None)
        known = {medium, *_MEDIA.get(medium, ())}
        if named and task is not None and known.isdisjoint(named) and len(tasks) == 1:
            yield modality_differs.at(
                model.where(key),
                f"{key} names {', '.join(named)}; a model for {task} {'takes' if 'in' in key else 'makes'} {medium}.",
                f"Write {medium}, or the task that the model has.",
            )
    for key, media, why in _by_files(model, tasks):
        values = model.metadata.get(key)
        listed = values.split(",") if isinstance(values, str) else values if isinstance(values, list | tuple) else []
        named = [str(one).strip().lower() for one in listed]
        if named and media.isdisjoint(named) and _MEDIA_KNOWN.issuperset(named):
            message = f"{key} names {', '.join(named)}, and {why}."
            hint = f"Write {'image' if 'image' in media and 'text' not in media else 'text'}."
            yield modality_differs.at(model.where(key), message, hint)


_MEDIA_KNOWN = frozenset({"text", "image", "audio", "video", "embeddings"})
_OF_IMAGES = frozenset({"patch_size", "image_size", "num_channels"})
_OF_MORE = pattern(r"vision|audio|image|speech|mel|feat|patch|visual|video|channels|conv|modal")


def _by_files(model: Described, tasks: tuple[str, ...]) -> Iterator[tuple[str, frozenset[str], str]]:
    """The input modality that config.json implies, and the output of a classifier."""
    config = model.settings
    if tasks and _OPEN.issuperset(tasks):
        if config.keys() >= _OF_IMAGES and not {"vocab_size", "text_config"} & config.keys():
            yield "inputModalities", frozenset({"image", "video"}), "config.json is of a model of images alone"
        elif "vocab_size" in config and not any(_OF_MORE.search(key) for key in config):
            yield "inputModalities", frozenset({"text"}), "config.json is of a model of text alone"
    if len(tasks) == 1 and _ENDS_IN_LABELS.search(tasks[0]):
        others = _MEDIA_KNOWN - {"embeddings"}
        yield "outputModalities", others, f"a model for {tasks[0]} makes labels, which are text"


_OPEN = frozenset({"embeddings", "feature-extraction", "text-embeddings"})
_ENDS_IN_LABELS = pattern(r"(?:text|token|image|audio)-classification|sentiment-analysis|question-answering")
