"""Rows, tags and sentences that give another value for a setting: numbers, yes or no, classes.

One mechanism for all keys: a label is compared with every key that has its words, and one equal value is enough.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.comparisons import OF_OTHERS
from azureml_publish.lint.cards.figure_forms import FIGURES
from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.sentences import OTHERS, of_another_model, sentence_at
from azureml_publish.lint.cards.statements import labelled, subject_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern


class Setting(NamedTuple):
    """A value of the settings, with its key and its file."""

    value: Any
    key: str
    source: str


_FILE = pattern(
    r"(?:[\w-]+/)*(?:config|model_index|quantize_config"
    r"|(?:(?:pre)?processor|image_processor|feature_extractor|scheduler|sentence_bert|adapter|quant)_config)\.json"
)
_UNSAID = pattern(
    r"_.*|.*(?:version|token|token_id|token_index|eps|epsilon|std|factor|scale|range|labels?|name|path|dtype)"
    r"|vocab_size|architectures|model_type|quant_method|bits|group_size|id2label|label2id|torch_dtype|use_cache"
    r"|(?:max|min|model_max)_(?:new_tokens|length)|top_[kp]|temperature|problem_type|image_mean|resample"
)
"""Keys that cards do not mention, or that other rules check."""

_WORDS = pattern(r"[a-z]+|\d+")
_FILLERS = frozenset(
    (
        *("number", "num", "n", "of", "the", "a", "an", "count", "size", "sizes"),
        *("dim", "dims", "dimension", "dimensions", "dimensionality"),
    )
)
_SAME = {
    "maximum": "max", "largest": "max", "minimum": "min", "embeddings": "embedding", "sequence": "seq",
    "normalization": "norm", "normalisation": "norm", "timesteps": "timestep", "damping": "damp", "vision": "image",
}  # fmt: skip
_ALSO: Mapping[str, tuple[str, ...]] = {
    "desc_act": ("act order", "activation order"),
    "prediction_length": ("horizon", "forecast horizon", "prediction horizon", "forecast length", "horizon hours"),
    "context_length": ("context", "lookback", "history", "input window", "lookback window"),
    "damp_percent": ("damping", "dampening"),
    "sym": ("symmetric", "symmetric quantization", "symmetric quantisation"),
    "tie_word_embeddings": ("tied embeddings", "shared embeddings", "tied word embeddings"),
    "num_train_timesteps": ("diffusion steps", "noise steps", "timesteps"),
    "num_input_channels": ("channels", "variates", "input variables"),
    "projection_dim": ("projection", "shared space", "joint space"),
    "patch_size": ("patches", "patch"),
    "latent_channels": ("channels of the latents",),
    "encoder_layers": ("layers of the encoder",),
    "hop_length": ("hop",),
    **dict.fromkeys(
        ("hidden_size", "out_features", "word_embedding_dimension"),
        ("embedding size", "embedding length", "embedding width", "model width"),
    ),
    "intermediate_size": ("ffn size", "mlp size", "feed forward size"),
}
"""Labels of cards with other words than their key."""


def words_of(label: str) -> frozenset[str]:
    """The significant words of a label or key."""
    plain = re.sub(r"[*`]|\([^)]*\)|<[^>]*>", "", label).lower()
    words = (_SAME.get(word, word) for word in _WORDS.findall(plain))
    return frozenset(word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word for word in words)


def _core(words: frozenset[str]) -> frozenset[str]:
    return words - _FILLERS


@functools.lru_cache(maxsize=4)
def settings_of(model: Described) -> Mapping[frozenset[str], tuple[Setting, ...]]:
    """Every value that cards mention, by the words of its key; without keys that only some parts of a model have."""
    files: dict[str, Mapping[str, Any]] = {
        path: model.content.settings(path) for path in sorted(model.content.places) if _FILE.fullmatch(path)
    }
    if not files:
        files = {**model.weights, "config.json": model.settings}
    found: dict[frozenset[str], list[Setting]] = {}
    for path, data in files.items() if sum(map(len, files.values())) < _MOST else ():
        if not path.endswith(".json") or path.endswith("generation_config.json"):
            continue
        parts = {key: value for key, value in data.items() if key.endswith("_config") and isinstance(value, Mapping)}
        lacking = {key for part in parts.values() for key in part if not all(key in one for one in parts.values())}
        for prefix, held in (("", data), *parts.items()):
            for key, value in held.items():
                if key in lacking - _OF_ONE_PART or _UNSAID.fullmatch(key) or not _is_plain(value):
                    continue
                one = Setting(value, key, path)
                words = words_of(key.replace("_", " "))
                part = words_of(prefix.removesuffix("_config").replace("_", " "))
                for names in {_key_words(words), _key_words(words | part), *map(words_of, _also(key, data))}:
                    found.setdefault(names, []).append(one)
    return {words: tuple(settings) for words, settings in found.items() if words}


_MOST, _MOST_OF_ANY = 3000, 10**15
_OF_ONE_PART = frozenset(("patch_size", "image_size", "num_channels", "num_mel_bins"))


def _key_words(words: frozenset[str]) -> frozenset[str]:
    """The words of a key; one with a single significant word keeps `size` and the like: `sample_size`."""
    core = _core(words)
    return core if len(core) > 1 else words - {"num", "n"}


def _also(key: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    if key == "num_layers" and "num_decoder_layers" in data:
        return ("encoder layers",)
    return _ALSO.get(key, ())


def _is_plain(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, int | float) and abs(one) < _MOST_OF_ANY for one in values)


def wrong_settings(model: Described) -> Iterator[Wrong]:
    """Rows, tags, sentences and cells that contradict every setting with their words."""
    known = settings_of(model)
    if known:
        yield from _in_rows(model, known)
        yield from _in_words(model, known)
    yield from _of_classes(model)
    yield from _of_generation(model)


def _of_label(label: str, known: Mapping[frozenset[str], tuple[Setting, ...]]) -> tuple[Setting, ...]:
    subject = subject_of(label)
    if (subject is not None and subject not in FIGURES) or OF_OTHERS.search(label):
        return ()
    words = words_of(label)
    return known.get(words) or known.get(_key_words(words)) or ()


def _in_rows(model: Described, known: Mapping[frozenset[str], tuple[Setting, ...]]) -> Iterator[Wrong]:
    card = model.card
    for label, text, offset in (*labelled(card), *_of_parts(card)):
        if (settings := _of_label(label, known)) and _contradicts(text, settings):
            stated = f"The card says '{short(label)}: {short(text)}'"
            yield Wrong(card.at(offset, text), stated, _given(settings))
    for key, value in model.tags.items():
        written = str(value).lower() if isinstance(value, str | int | float) else ""
        settings = _of_label(key.replace("_", " ").replace("-", " "), known) if written else ()
        if settings and _contradicts(written, settings):
            yield Wrong(model.where(f"tags.{key}"), f"The tag {key} is '{short(written)}'", _given(settings))


_PARTS = pattern(r"\b(?:encoder|decoder|tower|image|text|vision|audio|u-?net|generator|branch)\b", re.IGNORECASE)


def _of_parts(card: Card) -> Iterator[tuple[str, str, int]]:
    """Rows of tables whose columns are parts of the model; one matching cell is enough."""
    for table in card.tables:
        heads = table.header.cells[1:]
        for row in table.rows if len(heads) > 1 and all(_PARTS.search(head.text) for head in heads) else ():
            cells = [cell for cell in row.cells[1:] if cell.text]
            if cells:
                yield row.cells[0].text, ", ".join(cell.text for cell in cells), card.offset_of(cells[0])


_NUMBER = pattern(
    r"(?<![\w.,/-])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9}(?:\.[0-9]{1,6})?(?:e-?\d{1,2})?)(?![\w/]|[.,]\d)"
)
_TRUTH = {**dict.fromkeys(("yes", "true", "on", "enabled"), True), **dict.fromkeys(("no", "false", "off"), False)}
_TRUTH["disabled"] = False
_UNCERTAIN = pattern(
    r"\b(?:up to|at most|or|varies|various|default|about|to|not|per|between|any)\b|[%~<>\u2248\u2264-]"
)


def _contradicts(text: str, settings: Sequence[Setting]) -> bool:
    """Whether a text gives a number or a yes/no that none of the settings has."""
    plain = text.strip("*_` .").lower()
    truths = [one.value for one in settings if isinstance(one.value, bool)]
    if plain in _TRUTH or truths:
        return len(truths) == len(settings) and plain in _TRUTH and _TRUTH[plain] not in truths
    found = [float(match[0].replace(",", "")) for match in _NUMBER.finditer(plain)]
    true = [number for one in settings for number in _numbers(one.value)]
    return bool(found) and len(found) <= _FEW and not _UNCERTAIN.search(plain) and {*found}.isdisjoint(true)


_FEW = 3


def _numbers(value: Any) -> Iterator[float]:
    """The numbers that a card may give for a value; of a list each entry, the sum and the length."""
    if isinstance(value, list):
        yield from (float(one) for one in (*value, sum(value), len(value)))
    else:
        yield from (float(value), value / 1000, value * 100)


def _given(settings: Sequence[Setting]) -> str:
    one = settings[0]
    return f"{one.source} gives {one.key} {str(one.value).lower() if isinstance(one.value, bool) else one.value}"


_COUNTED = pattern(
    r"(?<![\w.,/-])(?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7}) (?P<of>[a-z]+(?: [a-z]+){1,2})\b", re.IGNORECASE
)
_SIZED = pattern(
    r"\b(?P<of>(?:[a-z]+ ){0,2}(?:size|length|channels|patches|dimension)) of"
    r" (?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7})\b",
    re.IGNORECASE,
)
_LATER = pattern(r"\b(?:last|first|top|bottom|additional|extra|every|each|per|batch|train\w*|data\w*)\b", re.IGNORECASE)


def _in_words(model: Described, known: Mapping[frozenset[str], tuple[Setting, ...]]) -> Iterator[Wrong]:
    """`4 latent channels`, `patches of 14`: a key of two words or more whose right value is nowhere in the card."""
    card = model.card
    stated: dict[tuple[Setting, ...], list[tuple[float, re.Match[str]]]] = {}
    for form in (_COUNTED, _SIZED) if not card.too_large else ():
        for match in form.finditer(card.words):
            names = match["of"].split()
            ways = [names[:2], names[:3]] if form is _COUNTED else [names[-2:], names[-1:]]
            for words in map(_key_words, (words_of(" ".join(way)) for way in ways)):
                settings = known.get(words, ())
                numeric = [one for one in settings if not isinstance(one.value, bool)]
                if (
                    numeric
                    and len(numeric) == len(settings)
                    and not _OF_FIGURES.intersection(one.key for one in settings)
                ):
                    stated.setdefault(settings, []).append((float(match["n"].replace(",", "")), match))
                    break
    for settings, claims in stated.items():
        true = {number for one in settings for number in _numbers(one.value)}
        if any(number in true for number, _ in claims):
            continue
        match = claims[0][1]
        sentence = sentence_at(card, match.start())
        others = OTHERS.search(sentence.text) or _LATER.search(sentence.text) or of_another_model(model, sentence)
        if not others:
            yield contradicted(card, match.start(), match[0], _given(settings))


_GENERATED: Mapping[str, str] = {
    "num_beams": r"(?:\bbeams?(?: (?:size|width))?(?: of| =)? (?P<a>\d{1,2})\b|\b(?P<b>\d{1,2}) beams\b)",
    "temperature": r"\btemperature(?: of| is| =)? (?P<a>\d(?:\.\d{1,3})?)(?![\d.]*\d)",
    "top_p": r"\btop[_-]p(?: of| is| =)? (?P<a>[01](?:\.\d{1,3})?)(?![\d.]*\d)",
    "top_k": r"\btop[_-]k(?: of| is| =)? (?P<a>\d{1,3})\b",
    "repetition_penalty": r"\brepetition[_ ]penalty(?: of| is| =)? (?P<a>\d\.\d{1,3})(?![\d.]*\d)",
    "max_length": r"\bmax_length(?: of| is| =)? (?P<a>\d{2,6})\b",
    "max_new_tokens": r"\bmax_new_tokens(?: of| is| =)? (?P<a>\d{2,6})\b",
    "no_repeat_ngram_size": r"\bno_repeat_ngram_size(?: of| is| =)? (?P<a>\d{1,2})\b",
    "length_penalty": r"\blength[_ ]penalty(?: of| is| =)? (?P<a>\d(?:\.\d{1,2})?)(?![\d.]*\d)",
}
_ROWS = dict.fromkeys(("beams", "num_beams", "number_of_beams", "beam_size", "beam_width"), "num_beams")
_OF_DEFAULTS = pattern(r"\bdefaults?\b|generation_config", re.IGNORECASE)
_OF_BEAMS = pattern(r"\b(?:by|uses?|with) beam search with\b|\bdefaults?\b|generation_config", re.IGNORECASE)
_MEASURED = pattern(
    r"\b(?:evaluat\w+|scores?|measured|wer|bleu|rouge|benchmark\w*|not|override\w*|instead)\b", re.IGNORECASE
)
_HOW = {key: pattern(form, re.IGNORECASE) for key, form in _GENERATED.items()}


def _of_generation(model: Described) -> Iterator[Wrong]:
    """Sentences on the defaults of generation, against `generation_config.json`."""
    path = next((one for one in sorted(model.content.places) if one.endswith("generation_config.json")), "")
    held = model.content.settings(path) if path else {}
    for label, text, offset in labelled(model.card) if held else ():
        named = re.sub(r"\W+", "_", label.lower()).strip("_")
        key = _ROWS.get(named, named.removeprefix("default_") if named.startswith("default_") else "")
        one = Setting(held.get(key), key, path)
        if isinstance(one.value, int | float) and _contradicts(text, (one,)):
            stated = f"The card says '{short(label)}: {short(text)}'"
            yield Wrong(model.card.at(offset, text), stated, _given((one,)))
    for key in _HOW.keys() & held.keys():
        for card in model.cards:
            for match in _HOW[key].finditer(card.words) if not card.too_large else ():
                text = sentence_at(card, match.start()).text
                ours = (_OF_BEAMS if key == "num_beams" else _OF_DEFAULTS).search(text)
                given = next(group for group in match.groups() if group)
                if ours and not _MEASURED.search(text) and not OTHERS.search(text) and float(given) != held[key]:
                    true = f"{path} gives {key} {held[key]}"
                    yield contradicted(card, match.start(), match[0], true, by="The text")


_OF_FIGURES = frozenset(key for name, one in FIGURES.items() if one.prose and name != "patch" for key in one.keys)

_CLASS = pattern(
    r"`(?P<name>[A-Z]\w+?(?P<kind>Scheduler|Tokenizer(?:Fast)?|ImageProcessor(?:Fast)?|FeatureExtractor))`"
)
_BEGUN = pattern(r"(?:[.:|*-] |\n)\Z")
_CLASS_KEYS = ("_class_name", "tokenizer_class", "image_processor_type", "feature_extractor_type")


def _of_classes(model: Described) -> Iterator[Wrong]:
    """A class at the beginning of a cell or sentence, where the settings have another."""
    card = model.card
    found = list(_CLASS.finditer(card.source)) if "`" in card.source and not card.too_large else []
    if not found:
        return
    own: dict[str, str] = {}
    for path in sorted(model.content.places):
        data = model.content.settings(path) if path.endswith(("_config.json", "/config.json")) else {}
        for key in _CLASS_KEYS:
            if isinstance(name := mapping_of(data).get(key), str):
                own[name.removesuffix("Fast")] = path
    for match in found:
        kind = match["kind"].removesuffix("Fast")
        of_kind = {name: path for name, path in own.items() if name.endswith(kind)}
        alone = not any(name in card.source for name in of_kind)
        begun = (
            _BEGUN.search(card.source, max(0, match.start() - 2), match.start()) or card.position(match.start())[1] == 1
        )
        first = begun and not OTHERS.search(sentence_at(card, match.end()).text)
        if of_kind and alone and first and match["name"].removesuffix("Fast") not in of_kind:
            name, path = next(iter(of_kind.items()))
            yield Wrong(card.at(match.start(), match[0]), f"The card says '{match['name']}'", f"{path} has {name}")
            return
