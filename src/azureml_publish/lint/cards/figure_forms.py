"""The figures of a model's architecture: the keys that state each, and the sentences in which cards give it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from azureml_publish.lint.cards.numerals import NUMERALS
from azureml_publish.patterns import pattern


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its wording in messages, the file and keys that state it, and the pattern of sentences that give it.

    `word` is in every such sentence, in lower case. Figures without a pattern are read in lines and tables only.
    """

    words: str
    file: str
    keys: tuple[str, ...]
    word: str = ""
    prose: re.Pattern[str] | None = None


_NUMBER = r"(?<![\w.,-])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6})"
COUNT = rf"(?:{_NUMBER}|({'|'.join(NUMERALS[1:13])}))"
_TRIPLE = r"\W{1,4}([0-9.]{1,6}, ?[0-9.]{1,6}, ?[0-9.]{1,6})\b"
_SQUARE = r"([0-9]{2,4}) ?[x\u00d7] ?\1\b"
_LIBRARY = (
    r"(?<!at least )(?<!from )\b{}[ =]{{1,2}}(\d{{1,2}}\.\d{{1,2}}\.\d{{1,2}})\b(?! (?:or|and) (?:later|newer|above))"
)
_RATE = rf"{_NUMBER}(?:\.[0-9]+)?\s?khz\b|\bsampl(?:ed at|ing rate of) {_NUMBER} ?hz\b"
_PIECES = rf"\b(?:pieces|chunks|clips) of {_NUMBER}[ -]seconds?\b|{_NUMBER}[- ]second (?:pieces|chunks)\b"
_DIMENSIONS = (
    rf"\b(?:to an? |vectors? (?:of|with) |returns )"
    rf"(?=\d\d|\d,){_NUMBER}(?:[- ]dimension(?:al|s)?| (?:numbers|floats))\b"
)
_SPECTROGRAM = rf"\bmel[- ]spectrograms? (?:with|of|has) {_NUMBER} (?:mel )?(?:channels|bins|bands|filters)\b"
_RANK = rf"\b(?:lora rank (?:is|of)|(?:lora|adapter)(?: adapter)?,? (?:of|with|has) (?:an? )?rank(?: of)?) {_NUMBER}\b"
_SIDE = (
    r"\b{} (?:side|edge)s?(?: (?:is|are|of|to|has|at|least|most|a|maximum|minimum|length|scaled|resized|with)){{0,5}} "
    + _NUMBER.replace("{", "{{").replace("}", "}}")
    + r"(?: pixels| px)?\b"
)
_EXPERTS = (
    rf"\b(?:has|have|with|of|uses|among|from) {_NUMBER} (?:routed |local |small )?experts\b"
    rf"(?! (?:are|is|per|for|active|activated|chosen|selected)\b)"
)
_CHOSEN = (
    rf"{_NUMBER} (?:(?:of them|experts?) )?(?:are |is )?(?:active |activated |chosen |selected )?(?:experts? )?"
    r"(?:per|for each|for every) token\b"
    rf"|{_NUMBER} (?:out )?of (?:the |its )?[0-9]{{1,3}} experts\b"
)
_CLASSES = (
    rf"\b(?:for|of|per) (?:each|every|all)(?: one)? of (?:the |its )?{COUNT} classes\b|"
    r"\b(?:knows?|there are|distinguishes|predicts|recogni[sz]es|into|one of|(?:and|which|that) (?:has|have))"
    rf" (?:the )?{COUNT} classes\b"
)
CONFIG, _IMAGES, _ADAPTER = "config.json", "preprocessor_config.json", "adapter_config.json"

_GIVEN: Mapping[str, tuple[str, str, str]] = {
    "layers": ("{:.10g} layers", CONFIG, "num_hidden_layers n_layers n_layer num_layers"),
    "encoder": ("{:.10g} encoder layers", CONFIG, "encoder_layers"),
    "decoder": ("{:.10g} decoder layers", CONFIG, "decoder_layers num_decoder_layers"),
    "hidden": ("a hidden size of {:.10g}", CONFIG, "hidden_size dim n_embd d_model"),
    "heads": (
        "{:.10g} attention heads",
        CONFIG,
        "num_attention_heads n_heads n_head num_heads encoder_attention_heads",
    ),
    "kv": ("{:.10g} key-value heads", CONFIG, "num_key_value_heads"),
    "experts": ("{:.10g} experts", CONFIG, "num_local_experts n_routed_experts num_experts moe_num_experts"),
    "chosen": (
        "{:.10g} experts per token",
        CONFIG,
        "num_experts_per_tok num_experts_per_token moe_top_k num_selected_experts",
    ),
    "sliding": ("a sliding window of {:.10g}", CONFIG, "sliding_window"),
    "headsize": ("heads of {:.10g}", CONFIG, "head_dim"),
    "theta": ("a rope_theta of {:.10g}", CONFIG, "rope_theta"),
    "shortest": ("a shortest side of {:.10g}", _IMAGES, "shortest_edge"),
    "longest": ("a longest side of {:.10g}", _IMAGES, "longest_edge"),
    "feedforward": ("a feed-forward size of {:.10g}", CONFIG, "intermediate_size encoder_ffn_dim"),
    "parameters": ("{:.10g} million parameters", "", ""),
    "vocabulary": ("a vocabulary of {:.10g}", CONFIG, "vocab_size"),
    "dimension": ("{:.10g} dimensions", CONFIG, "hidden_size"),
    "numbers": ("vectors of {:.10g} numbers", CONFIG, "hidden_size"),
    "classes": ("{:.10g} classes", CONFIG, "id2label num_labels"),
    "queries": ("{:.10g} object queries", CONFIG, "num_queries"),
    "patch": ("patches of {0:.10g}x{0:.10g}", CONFIG, "patch_size"),
    "mels": ("{:.10g} mel bins", CONFIG, "num_mel_bins"),
    "sampling": ("a sampling rate of {:.10g} kHz", _IMAGES, "sampling_rate"),
    "window": ("windows of {:.10g} seconds", _IMAGES, "chunk_length"),
    "resized": ("images of {0:.10g}x{0:.10g}", _IMAGES, "size crop_size"),
    "pixels": ("images of {0:.10g}x{0:.10g}", _IMAGES, "size crop_size"),
    "cropped": ("crops of {0:.10g}x{0:.10g}", _IMAGES, "crop_size"),
    "mean": ("a mean of {}", _IMAGES, "image_mean"),
    "deviation": ("a deviation of {}", _IMAGES, "image_std"),
    "chunks": ("pieces of {:.10g} seconds", _IMAGES, "chunk_length"),
    "rank": ("a rank of {:.10g}", _ADAPTER, "r"),
    "alpha": ("an alpha of {:.10g}", _ADAPTER, "lora_alpha"),
    "dropout": ("a dropout of {:.10g}", _ADAPTER, "lora_dropout"),
    "modules": ("the modules {}", _ADAPTER, "target_modules"),
    "tensor": ("numbers of {}", CONFIG, "torch_dtype dtype"),
    "sklearn": ("scikit-learn {}", "", ""),
    "xgboost": ("XGBoost {}", "", ""),
    "lightgbm": ("LightGBM {}", "", ""),
    "catboost": ("CatBoost {}", "", ""),
    "prophet": ("Prophet {}", "", ""),
    "spacy": ("spaCy {}", "", ""),
    "pieces": ("{:.10g} tokens", "sentence_bert_config.json", "max_seq_length"),
}
"""For each figure its wording in a message, the file that states it, and the keys there."""

_PROSE: Mapping[str, tuple[str, str]] = {
    "layers": ("layer", rf"{_NUMBER}[- ](?:(?:transformer|encoder|hidden)[- ])?layers?\b"),
    "encoder": ("encoder", rf"{_NUMBER}[- ]encoder(?: and [0-9]{{1,2}} decoder)? layers?\b"),
    "decoder": ("decoder layer", rf"{_NUMBER}[- ]decoder layers?\b"),
    "hidden": (
        "hidden",
        rf"{_NUMBER}\s+hidden\s+(?:dimensions?|units)\b|\bhidden\s+(?:size|dimension)(?:\s+(?:of|is))?\s+([0-9]{{2,5}})\b",
    ),
    "heads": ("heads", rf"{_NUMBER}\s+(?:self-)?attention[- ]heads\b"),
    "kv": (
        "heads",
        rf"\bheads\b[^\n]{{0,40}}?(?: and|,) {_NUMBER} for (?:KV|keys)\b|{_NUMBER} (?:KV|key[-/ ]value) heads\b",
    ),
    "experts": ("experts", _EXPERTS),
    "chosen": ("expert", _CHOSEN),
    "sliding": ("sliding", rf"\bsliding[ -]window of {_NUMBER}\b"),
    "shortest": ("short", _SIDE.format("short(?:est|er)")),
    "longest": ("st ", _SIDE.format("(?:long|larg)est")),
    "parameters": ("param", rf"{_NUMBER}(?:\.[0-9]+)?\s?(?:M|million)\s+(?:trainable\s+)?param(?:eter)?s\b"),
    "vocabulary": (
        "vocabulary",
        rf"\bvocabulary(?: size)?(?: (?:of|is|has|with|contains|size)){{0,2}} {_NUMBER}\b(?![\d,.]*\s?[km%])",
    ),
    "dimension": ("dimension", _DIMENSIONS),
    "numbers": (
        "vector",
        rf"\bvectors? (?:of|with|have|has|holds?|contains?) {_NUMBER} (?:numbers|floats|values|components|entries)\b",
    ),
    "classes": ("classes", _CLASSES),
    "queries": (
        "object queries",
        rf"{_NUMBER} object queries\b|\bnumber of object queries (?:is|is set to|was set to) {_NUMBER}\b",
    ),
    "patch": ("patch", r"\bpatch(?:es)?\b[^.\n]{0,30}?\b([0-9]{1,3})\s?[x\u00d7]\s?\1\b"),
    "mels": (
        "mel",
        rf"{_NUMBER}[- ](?:(?:log-?)?mel[- ](?:bins|filters|filterbanks|channels)|channels? log-?mel)\b|{_SPECTROGRAM}",
    ),
    "sampling": ("hz", _RATE),
    "window": ("window", rf"\bwindows? of {_NUMBER} ?s(?:ec(?:onds?)?)?\b|{_NUMBER}[- ]second windows?\b"),
    "resized": ("resiz", rf"\bresized?(?:/\w+| and \w+)? (?:to|at)\b[^.\n]{{0,25}}?\b{_SQUARE}"),
    "pixels": ("images of", rf"\bimages of {_SQUARE} pixels (?:are|as)\b"),
    "cropped": ("crop", rf"\bcropp(?:ed|ing|s) (?:to|at|of)\b[^.\n]{{0,25}}?\b{_SQUARE}"),
    "mean": ("mean", rf"\bmean{_TRIPLE}"),
    "deviation": ("deviation", rf"\b(?:standard )?deviation{_TRIPLE}"),
    "chunks": ("second", _PIECES),
    "rank": ("rank", _RANK),
    "sklearn": ("scikit-learn", _LIBRARY.format("scikit-learn")),
    "xgboost": ("xgboost", _LIBRARY.format("xgboost")),
    "lightgbm": ("lightgbm", _LIBRARY.format("lightgbm")),
    "catboost": ("catboost", _LIBRARY.format("catboost")),
    "prophet": ("prophet", _LIBRARY.format("prophet")),
    "spacy": ("spacy", _LIBRARY.format("spacy")),
    "pieces": ("longer than", rf"\blonger than {_NUMBER} (?:word ?pieces|tokens)\b"),
}
"""For each figure a word that every matching sentence has, in lower case, and the pattern of such sentences."""


def _figure(name: str) -> Figure:
    words, file, keys = _GIVEN[name]
    word, prose = _PROSE.get(name, ("", ""))
    return Figure(words, file, tuple(keys.split()), word, pattern(prose, re.IGNORECASE) if prose else None)


FIGURES: Mapping[str, Figure] = {name: _figure(name) for name in _GIVEN}
