"""SMPL007: a fill-mask sample without a mask token, for which the pipeline raises an error.

Source: transformers, FillMaskPipeline: `ensure_exactly_one_mask_token` ("No mask_token ... found on the input").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import inputs, place_in, tasks_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SMPL007", "sample-mask-token", Severity.WARNING, "A fill-mask sample has no mask token.")

_ANY = re.compile(r"\[mask\]|<mask>", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    if "fill-mask" not in tasks_of(model):
        return
    for sample, data in inputs(model):
        given = data.get("input_data") if isinstance(data, Mapping) else None
        if not isinstance(given, list):
            continue
        for number, text in enumerate(given):
            # Which mask is the right one, CARD062 says.
            if isinstance(text, str) and not _ANY.search(text):
                yield RULE.at(
                    place_in(sample, ("input_data", number)),
                    "The pipeline cannot fill this sentence: it has no mask token.",
                    "Write the mask token of the tokenizer, such as [MASK], where the word is missing.",
                )


CHECK = Check(RULE, described=_check)
