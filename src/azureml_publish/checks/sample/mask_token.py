"""SMPL007: a fill-mask sample without the mask token of the model's tokenizer, for which the pipeline raises an error.

Source: transformers, FillMaskPipeline: `ensure_exactly_one_mask_token` ("No mask_token ... found on the input"); the
tokens are the defaults of BertTokenizer, RobertaTokenizer and the classes made after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from azureml_publish.checks.sample.reading import flavours, inputs, place_in, tasks_of
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SMPL007", "sample-mask-token", Severity.WARNING, "A fill-mask sample has no mask token of its tokenizer.")

_TOKENS = {
    "[MASK]": r"(Bert|DistilBert|Electra|MobileBert|Albert|Deberta|DebertaV2|ConvBert|BertJapanese)",
    "<mask>": r"(Roberta|MPNet|Funnel|XLMRoberta|Camembert|Bart|Longformer|MBart|Bartpho|Phobert)",
}
"""The mask token by tokenizer class, without its endings `Tokenizer` and `TokenizerFast`."""

_ANY = re.compile(r"\[mask\]|<mask>", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    if "fill-mask" not in tasks_of(model):
        return
    token = _token(model)
    for sample, data in inputs(model):
        given = data.get("input_data") if isinstance(data, Mapping) else None
        if not isinstance(given, list):
            continue
        for number, text in enumerate(given):
            if isinstance(text, str) and not (token in text if token else _ANY.search(text)):
                other = _ANY.search(text)
                said = f"'{other[0]}' is not its tokenizer's mask token" if other else "it has no mask token"
                yield RULE.at(
                    place_in(sample, ("input_data", number)),
                    f"The pipeline cannot fill this sentence: {said}.",
                    f"Write {token or 'the mask token of the tokenizer'} where the word is missing.",
                )


def _token(model: Described) -> str | None:
    """The mask token of the model's tokenizer, as far as its class tells."""
    written = flavours(model.mlmodel).get("transformers")
    name = written.get("tokenizer_type") if isinstance(written, Mapping) else None
    for token, classes in _TOKENS.items():
        if isinstance(name, str) and re.fullmatch(f"{classes}Tokenizer(Fast)?", name):
            return token
    return None


CHECK = Check(RULE, described=_check)
