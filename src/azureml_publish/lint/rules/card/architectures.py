"""How large a model is, from its `config.json` or, for families whose sizes are published, from its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from azureml_publish.assets import Value
from azureml_publish.lint.rules.card.identity import own_names
from azureml_publish.lint.subject import Described


@dataclass(frozen=True, slots=True)
class Architecture:
    """Figures of a model; None where one is not known.

    Attributes:
        parameters: in millions.
        source: where the figures are from, as a message says it.
    """

    layers: int | None
    hidden: int | None
    heads: int | None
    parameters: int | None
    source: str


_KEYS: dict[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layers", "n_layer", "num_layers"),
    "hidden": ("hidden_size", "dim", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_heads", "n_head", "num_heads"),
}

_PUBLISHED: tuple[tuple[re.Pattern[str], Architecture], ...] = tuple(
    (re.compile(rf"(?:^|-){form}(?:-|$)"), Architecture(*figures, source))
    for form, figures, source in (
        (r"(?<!distil)bert-base-(?:un)?cased", (12, 768, 12, 110), "https://arxiv.org/abs/1810.04805"),
        (r"bert-large-(?:un)?cased", (24, 1024, 16, 340), "https://arxiv.org/abs/1810.04805"),
        (r"distilbert-base-(?:un)?cased", (6, 768, 12, 66), "https://arxiv.org/abs/1910.01108"),
        (r"(?<!xlm-)roberta-base", (12, 768, 12, 125), "https://arxiv.org/abs/1907.11692"),
        (r"(?<!xlm-)roberta-large", (24, 1024, 16, 355), "https://arxiv.org/abs/1907.11692"),
        (r"t5-small", (6, 512, 8, 60), "https://arxiv.org/abs/1910.10683"),
    )
)
"""Sizes as the papers give them, for names that mean just one size; parameters are rounded there."""


def architecture(model: Described) -> Architecture | None:
    """The model's figures; None where neither its configuration nor its family is known."""
    if model.config is not None:
        config = model.config
        found = Architecture(
            _whole(config, _KEYS["layers"]),
            _whole(config, _KEYS["hidden"]),
            _whole(config, _KEYS["heads"]),
            None,
            "config.json",
        )
        return found if found.layers or found.hidden or found.heads else None
    for name in own_names(model):
        for form, figures in _PUBLISHED:
            if form.search(name):
                return figures
    return None


def _whole(config: Mapping[str, Value], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
