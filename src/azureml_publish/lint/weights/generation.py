"""`generation_config.json` and `tokenizer_config.json`, against each other, themselves and `config.json`."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from azureml_publish.content.packaging.transformers_facts import knows_tokenizer, stated
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.chat_formats import formats_in
from azureml_publish.lint.weights.configuration import is_count
from azureml_publish.lint.weights.parameters import longest_input
from azureml_publish.lint.weights.values import marks_outside, numbers_in
from azureml_publish.patterns import pattern


def generation_differences(
    data: Mapping[str, Any], config: Mapping[str, Any], tokenizer: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Keys of `generation_config.json` with contradictory sampling, lengths, first and last tokens; with messages."""
    sampled, heat = data.get("do_sample"), data.get("temperature")
    if isinstance(heat, int | float) and not isinstance(heat, bool):
        if sampled is True and heat <= 0:
            yield "temperature", f"temperature is {heat} and do_sample is true; transformers samples only above 0."
        elif sampled is False and heat not in (0, 1):
            yield "do_sample", f"do_sample is false, so the temperature of {heat} has no effect."
    yield from marks_outside(data, config)
    yield from _other_marks(data, config, tokenizer)
    most = longest_input(config)
    if config.get("model_type") == "whisper" and is_count(config.get("max_target_positions")):
        most = config["max_target_positions"]
    for key in ("max_length", "max_new_tokens"):
        if most and is_count(data.get(key)) and data[key] > most and config.get("model_type") not in _RELATIVE:
            yield key, f"{key} is {data[key]}, and the model has {most} positions by config.json."
    for key, above in _NOT_ABOVE:
        if is_count(data.get(key)) and is_count(data.get(above)) and data[key] > data[above]:
            yield key, f"{key} is {data[key]}, above the {data[above]} of {above}."


_RELATIVE = ("t5", "mt5", "umt5", "longt5", "bloom", "mpt", "xlnet", "switch_transformers")
"""Model types without a table of absolute positions, or whose table is for another kind of input."""

_NOT_ABOVE = (("min_length", "max_length"), ("min_new_tokens", "max_new_tokens"), ("num_beam_groups", "num_beams"))


def _other_marks(
    data: Mapping[str, Any], config: Mapping[str, Any], tokenizer: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Tokens that begin, end or pad a text, where `config.json` has others and the tokenizer does not have these."""
    for key, verb in (("eos_token_id", "ends"), ("bos_token_id", "begins"), ("pad_token_id", "is padded")):
        here, there = (set(numbers_in(one.get(key))) for one in (data, config))
        own = _id_of(tokenizer, key.removesuffix("_id"))
        of_turns = key == "eos_token_id" and "chat_template" in tokenizer and not own
        if (
            here
            and there
            and not of_turns
            and here.isdisjoint(there | _ends(tokenizer, key) | ({own} if own else set()))
        ):
            of = f"; the tokenizer's is {own}" if own else ""
            yield key, f"A text {verb} with token {min(here)}, but by config.json with {min(there)}{of}."
    for key in _ALSO_IN_CONFIG:
        if key in data and key in config and data[key] != config[key] and None not in (data[key], config[key]):
            yield key, f"{key} is {short(str(data[key]))}, and config.json has {short(str(config[key]))}."
    start, other = ([*numbers_in(one.get("decoder_start_token_id"))] for one in (data, config))
    if config.get("model_type") in _WITH_DECODER and start and other and start != other:
        yield "decoder_start_token_id", f"decoder_start_token_id is {start[0]}, and config.json has {other[0]}."


_ALSO_IN_CONFIG = ("num_beams", "forced_eos_token_id", "no_repeat_ngram_size", "length_penalty", "bad_words_ids")
"""Settings that older `config.json` files hold as well."""

_WITH_DECODER = ("whisper", "marian", "bart", "mbart", "t5", "mt5", "pegasus")


def _id_of(tokenizer: Mapping[str, Any], key: str) -> int:
    wanted, listed = _content(tokenizer.get(key)), tokenizer.get("added_tokens_decoder")
    found = listed.items() if isinstance(listed, dict) and wanted else ()
    return next((int(number) for number, one in found if _content(one) == wanted and _ID.fullmatch(str(number))), 0)


def _ends(tokenizer: Mapping[str, Any], key: str) -> set[int]:
    """The tokens that a tokenizer knows as the end of a turn; only for the key of the end of a text."""
    listed = tokenizer.get("added_tokens_decoder") if key == "eos_token_id" else None
    found = listed.items() if isinstance(listed, dict) else ()
    return {int(number) for number, one in found if _TURN_ENDS.search(_content(one)) and _ID.fullmatch(str(number))}


_TURN_ENDS = pattern(r"end|eot|turn|eos|stop", re.IGNORECASE)
_ID = pattern(r"[0-9]{1,9}")


def _content(token: object) -> str:
    found = token.get("content") if isinstance(token, Mapping) else token
    return found if isinstance(found, str) else ""


def tokenizer_differences(
    tokenizer: Mapping[str, Any], config: Mapping[str, Any], marks: Mapping[str, Any], added: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Keys of `tokenizer_config.json` that contradict the weights, special_tokens_map.json or added_tokens.json."""
    yield from _tokens(tokenizer)
    yield from _of_vocabulary(tokenizer, config)
    words = config.get("vocab_size")
    for key in _MARKS:
        one, other, number = _content(tokenizer.get(key)), _content(marks.get(key)), _id_of(tokenizer, key)
        if one and other and one != other:
            yield key, f"{key} is {short(one)}, and {short(other)} in special_tokens_map.json."
        if is_count(words) and number >= words:
            yield key, f"{key} is number {number} in added_tokens_decoder, and config.json has vocab_size {words}."
    listed = tokenizer.get("added_tokens_decoder")
    numbers = {_content(one): str(number) for number, one in listed.items()} if isinstance(listed, dict) else {}
    for token, number in added.items():
        if token in numbers and str(number) != numbers[token]:
            yield "added_tokens_decoder", f"{short(token)} is {numbers[token]}, and {number} in added_tokens.json."
            return


_MARKS = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")

_WORD_PIECES = frozenset(
    {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer", "MobileBertTokenizer"}
)
_PAIRS = frozenset(
    ("RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "BlenderbotTokenizer", "GPT2Tokenizer")
)
_PIECES = frozenset({"XLMRobertaTokenizer", "CamembertTokenizer", "T5Tokenizer", "AlbertTokenizer", "LlamaTokenizer"})
_STEMS = (_WORD_PIECES, _PAIRS, _PIECES)
_VOCABULARIES: Mapping[int, tuple[frozenset[str], bool | None]] = {
    30522: (_WORD_PIECES, True),
    30527: (_WORD_PIECES, True),
    28996: (_WORD_PIECES, False),
    119547: (_WORD_PIECES, False),
    105879: (_WORD_PIECES, True),
    50265: (_PAIRS, None),
    50257: (_PAIRS, None),
    250002: (_PIECES, None),
    250037: (_PIECES, None),
    32128: (_PIECES, None),
}
"""Sizes of the vocabularies of BERT, RoBERTa, GPT-2, XLM-R and T5, with the tokenizer classes that read each and
whether it is lower case (None: either). Source: config.json and tokenizer_config.json of these models on the Hub."""


_STRICT = {
    "phi3": ("Llama", "Phi", "GPT2"), "gemma": ("Gemma", "Llama"), "qwen": ("Qwen", "Llama", "GPT2"),
    "marian": ("Marian",), "whisper": ("Whisper",), "wav2vec2": ("Wav2Vec2",), "hubert": ("Wav2Vec2",),
    "clip": ("CLIP",),
}  # fmt: skip
"""Model types with one vocabulary, and parts of the names of the tokenizer classes that read it."""

GENERIC_TOKENIZERS = frozenset({"PreTrainedTokenizer", "TokenizersBackend"})
"""Tokenizer classes that models of any type may have."""
_OF_WORD_PIECES = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
_OF_WORD_PIECES |= {"mask_token": "[MASK]"}
_OF_PAIRS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def _marks_of(kind: str, words: object) -> Mapping[str, str]:
    """The special tokens of well-known vocabularies: BERT's, RoBERTa's, XLM-R's; of Llama and Gemma the first token."""
    if kind in ("bert", "distilbert", "electra") and words in (30522, 28996, 119547, 105879):
        return _OF_WORD_PIECES
    if (kind, words) in (("roberta", 50265), ("xlm-roberta", 250002)):
        return _OF_PAIRS
    first = {("llama", 128256): "<|begin_of_text|>", ("mistral", 32000): "<s>", ("phi3", 32064): "<s>"}
    first |= dict.fromkeys((("llama", 32000), ("mixtral", 32000)), "<s>")
    first |= dict.fromkeys((("gemma", 256000), ("gemma2", 256000), ("gemma3_text", 262144)), "<bos>")
    begun = first.get((kind, words)) if is_count(words) else None
    return {"bos_token": begun} if begun else {}


def _of_vocabulary(tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A tokenizer class, special token or lower-casing that does not fit the vocabulary of the weights."""
    written = tokenizer.get("tokenizer_class")
    name = str(written or "").removesuffix("Fast")
    known = {one for pair in stated()["tokenizer_of"].values() for one in pair if one}
    close = difflib.get_close_matches(name, known, 1, 0.9) if name and not tokenizer.get("auto_map") else []
    if close and not knows_tokenizer(name):
        yield ("tokenizer_class", f"transformers does not know the class {short(name)}; it has {close[0]}.")
    words = config.get("vocab_size")
    classes, lowers = _VOCABULARIES.get(words if is_count(words) else 0, (frozenset[str](), None))
    if classes and name not in classes and any(name in stem for stem in _STEMS):
        yield (
            "tokenizer_class",
            f"vocab_size {words} is that of {min(classes)}, and tokenizer_class is {written}.",
        )
    kind = str(config.get("model_type"))
    own = _STRICT.get(kind) or next((of for start, of in _STRICT.items() if kind.startswith(start)), ())
    plain = frozenset({*known, *(one.removesuffix("Fast") for one in known)})
    if own and name in plain - GENERIC_TOKENIZERS and not any(one in name for one in own):
        yield "tokenizer_class", f"tokenizer_class is {written}, which is not a tokenizer of {kind} models."
    for key, wanted in _marks_of(str(config.get("model_type")), words).items():
        token = _content(tokenizer.get(key))
        if token and token != wanted:
            yield key, f"{key} is {short(token)}; it is {wanted} where vocab_size is {words}."
    given = tokenizer.get("do_lower_case")
    if lowers is not None and given is True and not lowers and name in (classes | {""}):
        yield "do_lower_case", f"do_lower_case is true, and vocab_size {words} is that of a cased BERT."
    elif lowers and given is False and name in (classes | {""}):
        yield ("do_lower_case", f"do_lower_case is false, and vocab_size {words} is that of an uncased BERT.")


def _tokens(tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Special tokens that the tokenizer does not list, and mistakes in its chat template."""
    listed = tokenizer.get("added_tokens_decoder")
    tokens = listed.values() if isinstance(listed, dict) else ()
    held = {_content(one) for one in tokens if isinstance(one, Mapping) and one.get("special")}
    for key in ("eos_token", "bos_token"):
        token = _content(tokenizer.get(key))
        if token and held and token not in {_content(one) for one in tokens}:
            yield key, f"{key} is {short(token)}, which is not among the tokens in added_tokens_decoder."
    yield from template_mistakes(tokenizer)


def template_mistakes(tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A chat template that Jinja cannot read, or that mixes the markers of two model families."""
    written = tokenizer.get("chat_template")
    named = written if isinstance(written, list) else [{"template": written}]
    for one in named:
        template = one.get("template") if isinstance(one, Mapping) else None
        if isinstance(template, str) and (wrong := template_mistake(template)):
            yield "chat_template", f"Jinja cannot read the chat template: {wrong}"
        elif isinstance(template, str) and len(mixed := sorted(formats_in(template))) > 1:
            yield "chat_template", f"The chat template mixes the markers of {' and '.join(mixed[:2])}."


def template_mistake(template: str) -> str:
    """Why Jinja cannot parse a chat template that transformers would compile; empty where it can."""
    plain = _GENERATION.sub(lambda match: match[0].replace("generation", "if true" if not match[1] else "if"), template)
    try:
        _jinja().parse(plain)
    except TemplateSyntaxError as error:
        return short(f"{error.message or 'a mistake'} (line {error.lineno})")
    except (RecursionError, ValueError):  # a number with thousands of digits
        return ""
    return ""


_GENERATION = pattern(r"\{%[-+]?\s*(end)?generation\s*[-+]?%\}")
"""A tag of transformers' own that marks what the model writes
(https://huggingface.co/docs/transformers/chat_templating_writing).
"""


@functools.cache
def _jinja() -> Environment:
    return Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"], autoescape=False)  # noqa: S701 - nothing is rendered
