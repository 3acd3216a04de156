"""Sections that most cards have: samples of requests and answers, and sample notebooks by scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from azureml_publish.lint.markdown.cards import Card, Fence, Heading

SampleKind: TypeAlias = Literal["input", "output"]

_INPUT = re.compile(
    r"\b(?:samples?|examples?)\s+(?:inputs?|requests?|payloads?)\b|\b(?:input|request)\s+(?:samples?|examples?)\b",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"\b(?:samples?|examples?)\s+(?:outputs?|responses?|predictions?)\b|\b(?:output|response)\s+(?:samples?|examples?)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\binputs?\b.{1,20}\boutputs?\b", re.IGNORECASE)
_FINETUNE = re.compile(r"fine-?\s?tun(?:e|ing)\s+samples?\W*", re.IGNORECASE)


def sample_fences(card: Card) -> Iterator[tuple[SampleKind, Fence]]:
    """Blocks of JSON under a heading that says whether they are a request or an answer."""
    for fence in card.fences:
        if fence.language != "json":
            continue
        heading = card.heading_of(fence.line)
        if heading is None or _BOTH.search(heading.text):
            continue
        if _INPUT.search(heading.text):
            yield "input", fence
        elif _OUTPUT.search(heading.text):
            yield "output", fence


def finetune_section(card: Card) -> Heading | None:
    """The heading over the notebooks for fine-tuning."""
    return next((heading for heading in card.headings if _FINETUNE.fullmatch(heading.text.strip())), None)
