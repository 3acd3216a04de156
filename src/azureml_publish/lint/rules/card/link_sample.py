"""CARD028: a sample that was written for another model, or for another task."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.rules.card.identity import own_names, tasks_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule(
    "CARD028", "sample-link-for-other-model", Severity.WARNING, "A sample is written for another model or task."
)

_SAMPLE = re.compile(r"https?://(?:aka\.ms/|(?:www\.)?github\.com/Azure/azureml-examples/)", re.IGNORECASE)
_FAMILY = re.compile(r"(?<![a-z])(dolly|llama|mixtral|mistral|falcon|whisper|phi)(?![a-z])", re.IGNORECASE)
"""Families of models that samples are named after."""

_SHORT = re.compile(
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
"""Tasks as addresses name them, in groups that one sample may serve. Seen in Azure/azureml-assets at 4b41f8ccbc."""

_KNOWN: frozenset[str] = frozenset().union(*_KINDS)


def _check(model: Described) -> Iterator[Diagnostic]:
    own = " ".join(own_names(model))
    tasks = tasks_of(model, "inferenceTasks")
    for link in model.card.links:
        if link.kind == "broken" or not _SAMPLE.match(link.url):
            continue
        family = next((one[0].lower() for one in _FAMILY.finditer(link.url) if one[0].lower() not in own), None)
        task = _other_task(link, tasks)
        if family:
            message = (
                f"The sample '{short(link.text)}' is written for models of the family {family}: {short(link.url)}."
            )
        elif task:
            message = f"The sample '{short(link.text)}' is for {task}, while this model's task is {', '.join(tasks)}."
        else:
            continue
        yield RULE.at(
            model.card.at(link.url_start), message, "Link the sample of this model's task.", width=width_of(link.url)
        )


def _other_task(link: Link, tasks: tuple[str, ...]) -> str | None:
    """The task of a sample for inference or evaluation, where it is known and none that the model has or is near to."""
    match = _SHORT.match(link.url)
    if match is None or not tasks or not all(task in _KNOWN for task in tasks):
        return None
    named = (match["a"] or match["b"]).lower()
    if named not in _KNOWN or any(named in kind and task in kind for kind in _KINDS for task in tasks):
        return None
    return named


CHECK = Check(RULE, described=_check)
