"""Facts that cards state in words: activation, dense or mixture of experts, columns of a signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.lint.cards.findings import Wrong, contradicted
from azureml_publish.lint.cards.samples import signature
from azureml_publish.lint.cards.sentences import OTHERS, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import labelled, of_subject
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import experts_of
from azureml_publish.patterns import pattern


def wrong_words(model: Described) -> Iterator[Wrong]:
    """Rows, sentences and summaries whose words contradict the configuration, the name or the signature."""
    yield from _wrong_activation(model, model.settings)
    yield from _wrong_kind(model, model.settings)
    yield from _lower_rank(model)
    rows = of_subject(model.card, "columns")
    names = [column.name for column in signature(model.mlmodel) or ()]
    if (
        len(rows) == 1
        and rows[0].text.isdecimal()
        and len(names) > 1
        and all(names)
        and int(rows[0].text) != len(names)
    ):
        yield contradicted(model.card, rows[0].offset, rows[0].text, f"the signature has {len(names)} inputs")


_RANK = pattern(r"(?:--max[-_]lora[-_]rank|\bmax_lora_rank)[ =]+(?P<n>\d{1,4})\b")


def _lower_rank(model: Described) -> Iterator[Wrong]:
    """Commands that allow adapters of a smaller rank than this one has."""
    rank = model.adapter.get("r")
    for match, offset in model.card.in_fences(_RANK) if isinstance(rank, int) else ():
        if isinstance(rank, int) and int(match["n"]) < rank:
            yield Wrong(model.card.at(offset, match[0]), f"The text says '{match[0]}'", f"the adapter's rank is {rank}")


_ACTIVATIONS = {
    **dict.fromkeys(("gelu", "gelunew", "gelufast", "quickgelu", "gelupytorchtanh", "geglu", "gelupython"), "gelu"),
    **dict.fromkeys(("silu", "swish", "swiglu"), "silu"),
    **{name: name for name in ("relu", "relu2", "tanh", "mish", "elu", "leakyrelu")},
}


_ACTIVATION_KEYS = ("hidden_act", "activation_function", "hidden_activation", "activation")


def _wrong_activation(model: Described, config: Mapping[str, Any]) -> Iterator[Wrong]:
    key = next((key for key in _ACTIVATION_KEYS if key in config), "")
    true = _ACTIVATIONS.get(alphanumeric(str(config.get(key) or "")))
    rows = [row for row in labelled(model.card) if _OF_ACTIVATION.fullmatch(row[0].strip("*_ "))] if true else []
    for _, text, offset in rows:
        found = {_ACTIVATIONS[one] for word in text.split() if (one := alphanumeric(word)) in _ACTIVATIONS}
        if len(found) == 1 and true not in found:
            yield contradicted(model.card, offset, text, f"{key} is {config[key]} in config.json")


_OF_ACTIVATION = pattern(r"(?:hidden )?activation(?: function)?|(?:model )?architecture", re.IGNORECASE)


_DENSE = pattern(r"\bdense (?:[\w-]+ ){0,4}?(?:model|transformer|network|decoder|architecture)\b", re.IGNORECASE)
_MIXED = pattern(
    r"\bmixture[- ]of[- ]experts\b|\bmixture of [\w-]+ experts\b|(?<![\w-])MoE\b|\bsparse (?:[\w-]+ )?model\b"
)
_NAMED_MIXED = pattern(r"(?<![A-Za-z0-9.])[0-9]{1,2}x[0-9]{1,3}(?:\.[0-9]+)?[bm](?![A-Za-z0-9])", re.IGNORECASE)
_PLAIN = frozenset({"llama", "mistral", "phi3", "gemma", "gemma2", "qwen2", "qwen3", "bert", "roberta", "gpt2", "phi"})


def _wrong_kind(model: Described, config: Mapping[str, Any]) -> Iterator[Wrong]:
    """A dense model that is a mixture of experts by its configuration, or the other way round."""
    _, experts = experts_of(config)
    mixed = experts > 1
    if not mixed and str(config.get("model_type")) not in _PLAIN:
        return
    form, denial = (_DENSE, _MIXED) if mixed else (_MIXED, _DENSE)
    true = (
        f"config.json has {experts} experts"
        if mixed
        else f"config.json has the model type {config.get('model_type')}, without experts"
    )
    if not mixed and (match := _NAMED_MIXED.search(model.name)):
        yield Wrong(model.where("name"), f"The name {model.name} says '{match[0]}', a mixture of experts", true)
    summary = model.summary
    if (match := form.search(summary)) and not denial.search(summary) and not OTHERS.search(summary):
        yield Wrong(model.where("summary"), f"The summary says '{match[0]}'", true)
    for match in form.finditer(model.card.words):
        sentence = sentence_at(model.card, match.start())
        if not denial.search(sentence.text) and of_this_model(model, model.card, sentence):
            yield contradicted(model.card, match.start(), match[0], true)
