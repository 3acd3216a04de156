"""The markers that model families put between the turns of a conversation."""

from __future__ import annotations

import re

from azureml_publish.patterns import pattern

_MARKS = {
    "ChatML": r"<\|im_start\|>|<\|im_end\|>",
    "Llama 3": r"<\|start_header_id\|>|<\|end_header_id\|>|<\|eot_id\|>",
    "Llama 2 and Mistral": r"\[/?INST\]",
    "Gemma": r"<start_of_turn>|<end_of_turn>",
    "Phi": r"<\|(?:user|assistant|system)\|>",
}
"""Source: the chat templates in tokenizer_config.json of Qwen2.5-7B-Instruct, Meta-Llama-3-8B-Instruct,
Mistral-7B-Instruct-v0.2, gemma-7b-it and Phi-3-mini-4k-instruct."""

_FORMATS = {name: pattern(form) for name, form in _MARKS.items()}
ANY_MARK = pattern("|".join(_MARKS.values()))
_OF_FAMILIES = (
    (r"(?:meta-)?llama-3[.\d-]*.*instruct", "Llama 3"),
    (r"llama-2-.*chat", "Llama 2 and Mistral"),
    (r"mi[sx]tral-.*instruct", "Llama 2 and Mistral"),
    (r"gemma-.*-it", "Gemma"),
    (r"phi-3[.\d]*-.*instruct|phi-4-mini-instruct", "Phi"),
    (r"qwen[\d.]+-.*(?:instruct|chat)", "ChatML"),
)
_PUBLISHED = tuple((re.compile(form), name) for form, name in _OF_FAMILIES)


def formats_in(text: str) -> frozenset[str]:
    """The chat formats whose markers occur in a text."""
    return frozenset(name for name, form in _FORMATS.items() if form.search(text))


def format_of_name(name: str) -> str:
    """The chat format that a model family is published with, by the model's name; empty for names that do not tell."""
    return next((format_ for form, format_ in _PUBLISHED if form.match(name.lower())), "")
