"""Rules on mask tokens and chat markers in cards and samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import replacing
from azureml_publish.lint.cards.samples import inputs, place_in
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, Fence
from azureml_publish.lint.names.models import own_names, tasks_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.chat_formats import ANY_MARK, format_of_name, formats_in
from azureml_publish.patterns import pattern

_MASK = pattern(r"\[mask\](?![(\[:])|<mask>", re.IGNORECASE)
_SPAN = pattern(r"(?<!`)`(\[mask\]|<mask>)`(?!`)", re.IGNORECASE)


@rule("CARD062", "mask-token-unknown", Severity.ERROR, "The card shows a mask that the tokenizer does not have.")
def mask_token_unknown(model: Described) -> Findings:
    """A mask token that the model's tokenizer does not have, or another family's chat markers."""
    yield from _marks(model)
    yield from _in_sample_files(model)
    card = model.card
    if "mask" not in card.source.lower() or not ("fill-mask" in tasks_of(model) or model.tokenizer is not None):
        return
    token = _mask_token(model)
    for start, written in _written(card, prose="fill-mask" in tasks_of(model)):
        if written == token or (token is None and written in (_SQUARE, _POINTED)):
            continue
        wanted = token or (_SQUARE if written.startswith("[") else _POINTED)
        known = f"the tokenizer's mask is {wanted}" if token else f"tokenizers write it {wanted}"
        yield mask_token_unknown.at(
            card.at(start, written),
            f"'{written}' is not a mask of this model: {known}.",
            f"Write {wanted}.",
            fix=card.fix([replacing(card, start, start + len(written), wanted)], safe=token is not None),
        )


def _in_sample_files(model: Described) -> Findings:
    """Wrong mask tokens in sample files."""
    token = _mask_token(model) if "fill-mask" in tasks_of(model) else None
    if token is None:
        return
    for sample in model.samples:
        match = _MASK.search(sample.text)
        if match is not None and match[0] != token and token not in sample.text:
            line, start = sample.text.count("\n", 0, match.start()) + 1, sample.text.rfind("\n", 0, match.start())
            message = f"'{match[0]}' is not a mask of this model: the tokenizer's mask is {token}."
            yield mask_token_unknown.at(sample.place(line, match.start() - start), message, f"Write {token}.")


def _marks(model: Described) -> Findings:
    """A block of the card with a conversation in another format than the tokenizer's."""
    card = model.card
    template = model.tokenizer.get("chat_template") if model.tokenizer is not None else None
    named = format_of_name(model.name)
    own = formats_in(template) if isinstance(template, str) else frozenset((named,) if named else ())
    yield from _ends(model, template)
    if not own or not ANY_MARK.search(card.source):
        return
    shown = [(fence, formats_in(fence.text)) for fence in card.fences]
    mixed = [(fence, formats - own) for fence, formats in shown if formats - own and formats & own]
    if isinstance(template, str) and mixed:
        shown = mixed
    elif any(formats & own for _, formats in shown):
        return
    for fence, formats in shown:
        match = ANY_MARK.search(fence.text)
        if formats and match is not None:
            yield mask_token_unknown.at(
                card.at(card.offset_in(fence, match[0]), match[0]),
                f"'{match[0]}' is a chat marker of {' or '.join(sorted(formats))}; this model's tokenizer"
                f" writes those of {' or '.join(sorted(own))}.",
                "Show the prompt that the tokenizer makes: apply_chat_template(..., tokenize=False).",
                severity=Severity.WARNING,
            )
            return


_ENDS = pattern(r"<\|(?:end|im_end|eot_id|end_of_text|endoftext|eom_id|return|eot)\|>|<end_of_turn>|<\uff5cend")
_JOINED = pattern(r"<\|[\"'] ?[+~]")
"""A template that concatenates markers."""


def _ends(model: Described, template: object) -> Findings:
    """The end marker of a turn that is nowhere in the tokenizer's settings."""
    known, prompt = json.dumps(model.tokenizer, ensure_ascii=False), str(model.metadata.get("promptTemplate") or "")
    if not isinstance(template, str) or _JOINED.search(template) or not formats_in(template):
        return
    strange = next((one[0] for one in _ENDS.finditer(prompt) if one[0] not in known), "")
    if strange and formats_in(prompt) <= formats_in(template):
        message = f"'{strange}' is nowhere in the settings of this model's tokenizer."
        hint = "Write the markers of the tokenizer's chat_template."
        yield mask_token_unknown.at(model.where("promptTemplate"), message, hint, severity=Severity.WARNING)
    for fence in model.card.fences if "<" in model.card.source else ():
        match = next((one for one in _ENDS.finditer(fence.text) if one[0] not in known), None)
        if match is not None and formats_in(fence.text) <= formats_in(template):
            yield mask_token_unknown.at(
                model.card.at(model.card.offset_in(fence, match[0]), match[0]),
                f"'{match[0]}' is nowhere in the settings of this model's tokenizer.",
                "Show the prompt that the tokenizer makes: apply_chat_template(..., tokenize=False).",
                severity=Severity.WARNING,
            )
            return


def _written(card: Card, *, prose: bool) -> Iterator[tuple[int, str]]:
    """Mask tokens in `prose` (where wanted), in inline code that holds nothing else, and in samples.

    Other code may index with `[mask]`.
    """
    text = card.prose
    for match in _MASK.finditer(text) if prose else ():
        if match.start() == 0 or not (text[match.start() - 1].isalnum() or text[match.start() - 1] in "_])"):
            yield match.start(), match[0]
    for match in _SPAN.finditer(card.source) if "`[" in card.source or "`<" in card.source else ():
        if text[match.start() : match.end()].strip() == "":
            yield match.start(1), match[1]
    for fence in card.fences:
        start = card.starts[min(fence.line, len(card.starts) - 1)]
        for match in _QUOTED_MASK.finditer(fence.text) if "fill-mask" in fence.text else ():
            if (at := card.source.find(match[0], start)) >= 0:
                yield at + match.start(1) - match.start(), match[1]
    for kind, fence in _sample_fences(card):
        start = card.starts[min(fence.line, len(card.starts) - 1)]
        last = min(fence.line + fence.text.count("\n"), len(card.starts) - 1)
        for match in _MASK.finditer(card.source, start, card.starts[last]):
            if kind == "input":
                yield match.start(), match[0]


_QUOTED_MASK = pattern(r"[\"'][^\"\n]{0,200}?(\[MASK\]|<mask>)[^\"\n]{0,200}?[\"']")
_ANY = pattern(r"\[mask\]|<mask>", re.IGNORECASE)


@rule("SMPL007", "sample-mask-token", Severity.WARNING, "A fill-mask sample has no mask token.")
def sample_mask_token(model: Described) -> Findings:
    """A fill-mask sample without a mask token, for which the pipeline raises an error.

    Source: transformers, FillMaskPipeline: `ensure_exactly_one_mask_token` ("No mask_token ... found on the input").
    """
    if "fill-mask" not in tasks_of(model):
        return
    for sample, data in inputs(model):
        given = mapping_of(data).get("input_data")
        if not isinstance(given, list):
            continue
        for number, text in enumerate(given):
            # CARD062 reports the wrong one.
            if isinstance(text, str) and not _ANY.search(text):
                message = "The pipeline cannot fill this sentence: it has no mask token."
                hint = "Write the mask token of the tokenizer, such as [MASK], where the word is missing."
                yield sample_mask_token.at(place_in(sample, ("input_data", number)), message, hint)


_SQUARE, _POINTED = "[MASK]", "<mask>"
_POINTED_FAMILIES = pattern(r"(?:^|-)(?:[a-z]*roberta|camembert|bart|mbart|mpnet|longformer|bigbird|xlnet)(?:-|$)")
_SQUARE_FAMILIES = pattern(r"(?:^|-)(?:[a-z]*bert|electra|deberta|convbert|funnel)(?:-|$)")


def _mask_token(model: Described) -> str | None:
    """The mask token, from the tokenizer's configuration or else by the family; None where it is unknown.

    The families' tokens are the defaults of their tokenizers in transformers: BertTokenizer, DistilBertTokenizer and
    ElectraTokenizer have `[MASK]`, RobertaTokenizer, CamembertTokenizer and BartTokenizer have `<mask>`.
    """
    if model.tokenizer is not None and "mask_token" in model.tokenizer:
        token = model.tokenizer["mask_token"]
        content = token.get("content") if isinstance(token, Mapping) else token
        return content if isinstance(content, str) else None
    for name in own_names(model):
        if _POINTED_FAMILIES.search(name):
            return _POINTED
        if _SQUARE_FAMILIES.search(name):
            return _SQUARE
    return None


_SampleKind: TypeAlias = Literal["input", "output"]

_INPUT = pattern(
    r"\b(?:samples?|examples?)\s+(?:inputs?|requests?|payloads?)\b|\b(?:input|request)\s+(?:samples?|examples?)\b",
    re.IGNORECASE,
)
_OUTPUT = pattern(
    r"\b(?:samples?|examples?)\s+(?:outputs?|responses?|predictions?)\b|\b(?:output|response)\s+(?:samples?"
    r"|examples?)\b",
    re.IGNORECASE,
)
_BOTH = pattern(r"\binputs?\b.{1,20}\boutputs?\b", re.IGNORECASE)


def _sample_fences(card: Card) -> Iterator[tuple[_SampleKind, Fence]]:
    """JSON blocks below a heading that calls them a request or an answer."""
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
