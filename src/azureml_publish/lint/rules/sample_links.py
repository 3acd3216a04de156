"""Rules on the sample notebooks that a card links."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, Heading
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.names.models import own_names, tasks_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_SAMPLE = pattern(r"https?://(?:aka\.ms/|(?:www\.)?github\.com/Azure/azureml-examples/)", re.IGNORECASE)
_FAMILY = pattern(r"(?<![a-z])(dolly|llama|mixtral|mistral|falcon|whisper|phi)(?![a-z])", re.IGNORECASE)
"""Model families that samples are named after."""

_SHORT = pattern(
    r"https?://aka\.ms/(?:azureml-(?:infer(?:-(?:online|batch))?|eval(?:uation)?)-(?:sdk|cli)-(?P<a>[\w-]+)"
    r"|(?P<b>[\w-]+)-(?:online|batch)-endpoint-oss)/?$",
    re.IGNORECASE,
)
_KINDS: tuple[frozenset[str], ...] = tuple(
    frozenset(kind.split())
    for kind in (
        "fill-mask",
        "text-classification zero-shot-classification sentiment-analysis",
        "token-classification named-entity-recognition",
        "question-answering extractive-qa",
        "summarization text2text-generation text-generation",
        "translation text-translation text2text-generation",
        "text-generation chat-completion conversational text-generation-dolly summarization",
        "asr automatic-speech-recognition",
        "image-classification image-mc-classification image-ml-classification image-feature-extraction embeddings",
        "zero-shot-image-classification embeddings",
        "image-object-detection object-detection image-instance-segmentation zero-shot-object-detection",
        "image-instance-segmentation image-segmentation image-object-detection mask-generation",
        "video-multi-object-tracking",
        "text-to-image text-to-image-inpainting image-to-image",
        "visual-question-answering blip-vqa image-to-text",
        "image-to-text image-text-to-text visual-question-answering",
        "mask-generation image-segmentation",
    )
)
"""Tasks by their names in addresses, in groups that one sample may serve. Seen in Azure/azureml-assets at 4b41f8ccbc.
"""

_KNOWN: frozenset[str] = frozenset().union(*_KINDS)


@rule("CARD028", "sample-link-for-other-model", Severity.WARNING, "A sample is for another model or task.")
def sample_link_for_other_model(model: Described) -> Findings:
    """A sample for another model or task."""
    own = " ".join(own_names(model))
    tasks = (*tasks_of(model), *tasks_of(model, "fineTuningTasks"))
    foreign: dict[str, list[Link]] = {}
    for link in model.card.links:
        if link.kind == "broken" or not _SAMPLE.match(link.url):
            continue
        family = next((one[0].lower() for one in _FAMILY.finditer(link.url) if one[0].lower() not in own), None)
        if family and not _made_of(model, family):
            foreign.setdefault(f"written for models of the family {family}", []).append(link)
        elif task := _other_task(link, tasks):
            meant = f"for {task}, while this model's task is {', '.join(tasks_of(model))}"
            foreign.setdefault(meant, []).append(link)
    for meant, links in foreign.items():
        first, more = links[0], len(links) - 1
        also = f" and {more} more are" if more else " is"
        message = f"The sample '{short(first.text)}'{also} {meant}: {short(first.url)}."
        hint = "Link the sample of this model's task."
        yield sample_link_for_other_model.at(model.card.at(first.url_start, first.url), message, hint)


def _made_of(model: Described, family: str) -> bool:
    """Whether the model derives from a family, by MLmodel, the weights or the first lines of the card."""
    architecture = model.metadata.get("modelArchitecture")
    described = (*model.flavours.values(), model.config, architecture, model.logged_metadata)
    return family in str(described).lower() or family in model.card.lowered[:_BEGINNING]


_BEGINNING = 1500
"""The first characters of a card, which say what the model is."""


def _other_task(link: Link, tasks: tuple[str, ...]) -> str | None:
    """The known task of an inference or evaluation sample, where it is not close to any of the model's tasks."""
    match = _SHORT.match(link.url)
    if match is None or not tasks or not all(task in _KNOWN for task in tasks):
        return None
    named = (match["a"] or match["b"]).lower()
    if named not in _KNOWN or any(named in kind and task in kind for kind in _KINDS for task in tasks):
        return None
    return named


_FINETUNE = pattern(r"\bfine-?\s?tun(?:e|ing)\b.*\b(?:samples?|examples?|notebooks?)\b", re.IGNORECASE)
_FINETUNE_LINK = pattern(
    r"https?://(?:aka\.ms/[\w-]*(?:-ft-|finetun|fine-tun)[\w-]*|(?:www\.)?github\.com/Azure/\S*fine-?tun\S*)",
    re.IGNORECASE,
)
"""Addresses of notebooks for fine-tuning, whatever section they are in."""


@rule(
    "SPEC021", "card-spec-scenario-mismatch", Severity.WARNING, "Card and spec do not agree on what can be fine-tuned."
)
def card_spec_scenario_mismatch(model: Described) -> Findings:
    """Fine-tuning notebooks in the card of a model that cannot be fine-tuned, and the other way round."""
    tasks = tasks_of(model, "fineTuningTasks")
    card = model.card
    if card.too_large:
        return
    section = _finetune_section(card)
    if section is not None and not tasks:
        message = f"The card has a section '{section.text}', but the spec names no task to fine-tune for."
        hint = "Name the tasks under `tasks.finetune`, or take the section out."
        yield card_spec_scenario_mismatch.at(card.place_of(section), message, hint)
    elif section is None and tasks and card.headings and not _links_finetuning(model):
        yield card_spec_scenario_mismatch.at(
            model.where("tasks.fineTuningTasks"),
            f"The spec says that the model can be fine-tuned for {', '.join(tasks)}; the card has no samples for that.",
            "Add a section 'Finetuning samples', or take the tasks out.",
        )


def _finetune_section(card: Card) -> Heading | None:
    """The heading of the fine-tuning notebooks."""
    return next((heading for heading in card.headings if _FINETUNE.search(heading.text)), None)


def _links_finetuning(model: Described) -> bool:
    """Whether the card or its notes link a fine-tuning notebook or have a section on that."""
    pages = model.cards
    return any(_FINETUNE_LINK.match(link.url) for page in pages for link in page.links) or any(
        _finetune_section(page) for page in model.pages
    )
