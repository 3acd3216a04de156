"""Which mask token a model's tokenizer has."""

from __future__ import annotations

import re
from collections.abc import Mapping

from azureml_publish.lint.rules.card.identity import own_names, tasks_of
from azureml_publish.lint.subject import Described

SQUARE, POINTED = "[MASK]", "<mask>"

_POINTED = re.compile(r"(?:^|-)(?:[a-z]*roberta|camembert|bart|mbart|mpnet|longformer|bigbird|xlnet)(?:-|$)")
_SQUARE = re.compile(r"(?:^|-)(?:[a-z]*bert|electra|deberta|convbert|funnel)(?:-|$)")


def mask_token(model: Described) -> str | None:
    """The mask token, from the tokenizer's configuration or else by the family; None where it is not known.

    The families' tokens are the defaults of their tokenizers in transformers: BertTokenizer, DistilBertTokenizer and
    ElectraTokenizer have `[MASK]`, RobertaTokenizer, CamembertTokenizer and BartTokenizer have `<mask>`.
    """
    if model.tokenizer is not None and "mask_token" in model.tokenizer:
        token = model.tokenizer["mask_token"]
        content = token.get("content") if isinstance(token, Mapping) else token
        return content if isinstance(content, str) else None
    for name in own_names(model):
        if _POINTED.search(name):
            return POINTED
        if _SQUARE.search(name):
            return SQUARE
    return None


def fills_masks(model: Described) -> bool:
    """Whether the model is asked to fill in a mask."""
    return "fill-mask" in tasks_of(model, "inferenceTasks")
