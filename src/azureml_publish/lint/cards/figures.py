"""The figures of a model's architecture: what its configuration states, and what cards say of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from azureml_publish.assets import Value
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.figure_forms import CONFIG, COUNT, FIGURES
from azureml_publish.lint.cards.numerals import number_of
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.models import own_names, tasks_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.facts import Known, known_facts
from azureml_publish.patterns import pattern

Given: TypeAlias = float | str | tuple[float, ...] | frozenset[str] | frozenset[float]
"""The value of a figure: a number, a number type, a triple of colour channels, module names, or several image sizes."""

Figures: TypeAlias = Mapping[str, Known[Given]]
"""Figures by their names in `FIGURES`, each with the file that states it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A figure that a card gives: offset, text, and the value; in a list or table one of several values."""

    offset: int
    text: str
    values: tuple[Given, ...]
    weak: bool = False
    """May be about something else: it can confirm the true value, and is never reported."""
    labelled: bool = False
    """Stands in a line or row of its own, whose label names the figure."""


_ANY_CLASSES = pattern(rf"{COUNT} (?:[\w-]+ ){{0,2}}(?:classes|labels|categories)\b", re.IGNORECASE)
_NEAR = 40
"""How many characters a figure may be away from its word."""

_SOME = pattern(
    r"\b(?:first|last|top|bottom|upper|lower|final|additional|extra|new|other|every|of|its|their)\s+$"
    r"|\blong(?:er|-form)?\b[^.\n]{0,30}$|\b(?:encoder|backbone) (?:with|and) an?\s+$",
    re.IGNORECASE,
)
"""Words before a figure that counts only some of the layers."""

_WHOLE = pattern(r"(?<![\w.])[0-9]{1,3}(?:,[0-9]{3})+(?![\w.])|(?<![\w.,])[0-9]{1,7}(?:\.[0-9]{1,4})?(?!\w|,\d|\.\d)")
_KV = pattern(r"[0-9]{1,3} (?:kv|key[-/ ]value)(?: heads)?|[0-9]{1,3} for kv", re.IGNORECASE)
_DTYPES = {
    form: name
    for name, forms in (("bfloat16", "bf16 bfloat16"), ("float16", "fp16 f16 float16"), ("float32", "fp32 f32 float32"))
    for form in forms.split()
}
_MODULE = pattern(r"\b[a-z]\w*(?:_proj|_attn|_fc|[._]query|[._]key|[._]value|\d)\b|\b(?:query|key|value|dense)\b")


def stated_figures(card: Card, figure: str) -> Iterator[Stated]:
    """What sentences, lines and rows of a card say of one figure."""
    word, prose = FIGURES[figure].word, FIGURES[figure].prose
    for at in _places(card.lowered, word) if prose is not None else ():
        near = prose.finditer(card.words, max(0, at - _NEAR), at + len(word) + _NEAR * 2) if prose else ()
        match = next((one for one in near if one.start() <= at < one.end()), None)
        if match is None:
            continue
        if figure not in _WHOLLY and _SOME.search(card.words, max(0, match.start() - _NEAR), match.start()):
            continue
        text = next(group for group in match.groups() if group)
        if figure in _LIBRARIES:
            yield Stated(match.start(), match[0], (text,))
            continue
        values: tuple[Given, ...] = tuple(
            number_of(part) / (1000 if "0 hz" in match[0].lower() else 1)
            for part in re.split(r", (?=\d)|,(?=0?\.)", text)
        )
        yield Stated(match.start(), " ".join(match[0].split()), values if len(values) == 1 else (values,))  # type: ignore[arg-type]
    if figure == "classes":  # a card may also count the classes of the data of an earlier training
        for match in _ANY_CLASSES.finditer(card.words) if "classes" in card.lowered else ():
            yield Stated(match.start(), match[0], (number_of(match[1] or match[2]),), weak=True)
    for claim in of_subject(card, figure):
        if found := _values(claim.text, figure):
            line = card.lines[card.position(claim.offset)[0] - 1]
            yield Stated(claim.offset, line.strip(" \t>*-+|"), found, labelled=True)


_SHARE = pattern(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")


def _values(text: str, figure: str) -> tuple[Given, ...]:
    """The values in the text of a line or row."""
    if figure == "modules":
        named = frozenset(_MODULE.findall(text.replace("\\_", "_").lower()))
        return (named,) if named and not re.search(r"\ball\b(?! \d)", text.lower()) else ()
    if figure == "tensor":
        return tuple(_DTYPES[word] for word in re.findall(r"[a-z]+\d+", text.lower()) if word in _DTYPES)
    if figure == "dropout":  # also as a percentage
        text = _SHARE.sub(lambda match: f"{float(match[1]) / 100:g}", text)
    if figure == "sampling":  # also in Hz
        found = (float(digits.replace(",", "")) for digits in _WHOLE.findall(text))
        return tuple(value / 1000 if value >= 1000 else value for value in found)
    if figure in (*_IN_PIXELS, "dimension") and (sides := re.findall(r"(\d{2,4}) ?(?:x|\u00d7|by) ?(\d{2,4})", text)):
        return tuple(float(side) for side in sides[0] if figure != "dimension")
    if figure == "parameters":
        counts = (re.fullmatch(r"([0-9.,]+) ?(m|b|)(?:illion)?", one, re.IGNORECASE) for one in _COUNTS.findall(text))
        scale = {"m": 1, "b": 1000, "": 1e-6}
        return tuple(float(one[1].replace(",", "")) * scale[one[2].lower()] for one in counts if one)
    text = _KV.sub("", text) if figure == "heads" else text
    ordinal = re.search(r"\d(?:st|nd|rd|th)\b", text)
    return () if ordinal else tuple(float(digits.replace(",", "")) for digits in _WHOLE.findall(text))


_COUNTS = pattern(
    r"(?<![\w.,])(?:[0-9]{1,4}(?:\.[0-9]{1,3})? ?[mb](?:illion)?|[0-9]{1,3}(?:,[0-9]{3}){2,3})(?![\w,])", re.IGNORECASE
)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def fits(figure: str, stated: Given, true: Given) -> bool:
    """Whether a stated value agrees. Parameters and vocabularies may be rounded, or counted without some parts."""
    if figure in ("parameters", "vocabulary") and isinstance(stated, int | float) and isinstance(true, int | float):
        exact = figure == "vocabulary" and stated % 100
        if (
            exact and true % _PADDED and 0 < abs(stated - true) < _NEXT_TO
        ):  # otherwise padding rows explain the difference
            return False
        return abs(stated - true) <= true * (0.03 if exact else 0.1 if figure == "vocabulary" else 0.2)
    if isinstance(true, tuple) and isinstance(stated, tuple):
        return len(true) == len(stated) and all(abs(x - y) < 0.002 for x, y in zip(true, stated, strict=True))
    if isinstance(true, frozenset) and not isinstance(stated, frozenset):
        return stated in true
    return stated == true


_PUBLISHED: tuple[tuple[re.Pattern[str], Figures], ...] = tuple(
    (
        pattern(rf"(?:^|-){form}(?:-|$)"),
        {
            name: Known(figure, source)
            for name, figure in zip(("layers", "hidden", "heads", "parameters", "vocabulary"), figures, strict=False)
        },
    )
    for form, figures, source in (
        (r"(?<!distil)bert-base-uncased", (12, 768, 12, 110, 30522), "https://arxiv.org/abs/1810.04805"),
        (r"(?<!distil)bert-base-cased", (12, 768, 12, 110, 28996), "https://arxiv.org/abs/1810.04805"),
        (r"bert-large-uncased", (24, 1024, 16, 340, 30522), "https://arxiv.org/abs/1810.04805"),
        (r"bert-large-cased", (24, 1024, 16, 340, 28996), "https://arxiv.org/abs/1810.04805"),
        (r"distilbert-base-uncased", (6, 768, 12, 66, 30522), "https://arxiv.org/abs/1910.01108"),
        (r"distilbert-base-cased", (6, 768, 12, 66, 28996), "https://arxiv.org/abs/1910.01108"),
        (r"(?<!xlm-)roberta-base", (12, 768, 12, 125), "https://arxiv.org/abs/1907.11692"),
        (r"(?<!xlm-)roberta-large", (24, 1024, 16, 355), "https://arxiv.org/abs/1907.11692"),
        (r"t5-small", (6, 512, 8, 60), "https://arxiv.org/abs/1910.10683"),
    )
)
"""Sizes from the papers, for names that mean just one model; the papers round the parameters."""


@functools.lru_cache(maxsize=4)
def figures_of(model: Described) -> Figures:
    """The figures by the model's configuration, else by the headers of its weights."""
    found = _architecture(model)
    for name, fact in known_facts(model).items():
        if name in _OF_HEADERS and isinstance(fact.value, float):
            found.setdefault(name, Known(fact.value, fact.source))
    return found


_OF_HEADERS = ("layers", "hidden", "heads", "kv", "feedforward", "vocabulary")


def _architecture(model: Described) -> dict[str, Known[Given]]:
    """The figures that the configuration states, else those published for the family."""
    files: Mapping[str, Mapping[str, Any]] = {**model.weights, CONFIG: model.settings}
    found: dict[str, Known[Given]] = {}
    for name, figure in FIGURES.items():
        held = files.get(figure.file)
        if not held:
            continue
        sides = mapping_of(held.get("size")) if name in ("shortest", "longest") else {}
        values = [{**held, **sides}[key] for key in figure.keys if key in held or key in sides]
        value = values if name in _IN_PIXELS else values[0] if values else None
        if (given := _given(name, value)) is not None:
            found[name] = Known(given, figure.file)
    reduced = "out_features" in model.card.text or any(name.startswith("2_") for name in model.files)
    if reduced or "embeddings" not in tasks_of(model):
        found.pop("numbers", None)
        found.pop("dimension", None)  # of other models the output need not have the hidden size
    labels = model.settings.get("id2label")
    if "token-classification" in tasks_of(model) and isinstance(labels, Mapping) and "classes" in found:
        kinds = {re.sub(r"^[BIESLU]-", "", str(one)) for one in labels.values()}  # with and without `O`
        counts = frozenset(float(len(names) - less) for names in (labels, kinds) for less in (0, 1))
        found["classes"] = Known(counts, found["classes"].source)
    elif not _COUNTED.intersection(tasks_of(model)):
        found.pop("classes", None)
    for name, package in _LIBRARIES.items():
        if (fact := known_facts(model).get(package)) is not None and isinstance(fact.value, str):
            found[name] = Known(fact.value, fact.source)
    if model.config is None:
        names = own_names(model)
        for form, figures in _PUBLISHED:
            if any(form.search(name) for name in names):
                return {**figures, **found}
    return found


_LIBRARIES = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "prophet": "prophet",
    "spacy": "spacy",
}
"""Figures that are versions of a library, and its package."""
_WHOLLY = (*_LIBRARIES, "sampling")
"""Figures that are never those of a part."""
_IN_PIXELS = ("resized", "pixels", "cropped")
_PADDED, _NEXT_TO = 64, 9
_COUNTED = frozenset(
    [
        *("text-classification", "sentiment-analysis", "image-classification", "object-detection"),
        *("image-segmentation", "semantic-segmentation", "audio-classification", "video-classification"),
    ]
)
"""Tasks whose classes are the labels in the configuration. Token classification has two labels for each class."""


def _given(name: str, value: Value) -> Given | None:
    """The value of a key in comparable form; None where it is missing or of another kind."""
    if name == "classes" and isinstance(value, Mapping):
        labels = {str(one) for one in value.values()}
        return float(len(labels)) if len(labels) > 1 and "N/A" not in labels else None
    if name in _IN_PIXELS and isinstance(value, list):
        sides = [side for one in value for side in (one.values() if isinstance(one, Mapping) else [one])]
        sizes = frozenset(float(one) for one in sides if isinstance(one, int) and 0 < one < 10**18)
        return sizes or None
    if name == "tensor":
        return _DTYPES.get(str(value).removeprefix("torch."))
    if isinstance(value, list | tuple):
        numbers = tuple(float(one) for one in value if isinstance(one, int | float) and abs(one) < 10**18)
        modules = frozenset(str(one).lower() for one in value) if name == "modules" else None
        return modules or (numbers if len(numbers) == 3 and name in ("mean", "deviation") else None)
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**18
    return (value // 1000 if name == "sampling" else float(value)) if sound and isinstance(value, int | float) else None


def given_words(figure: str, true: Given) -> str:
    """The configured value as a message gives it."""
    words = FIGURES[figure].words
    if isinstance(true, frozenset):
        ordered = sorted(true, key=str)
        return (
            words.format(", ".join(map(str, ordered)))
            if figure == "modules"
            else words.format(ordered[-1 if figure == "classes" else 0])
        )
    if isinstance(true, tuple):
        return words.format(", ".join(f"{one:g}" for one in true))
    return words.format(true)


def published_positions(model: Described) -> int | None:
    """The longest input of BERT models by their papers, where there is no configuration."""
    names = own_names(model) if model.config is None else ()
    return 512 if any(form.search(name) for form, _ in _BERTS for name in names) else None


_BERTS = tuple(one for one in _PUBLISHED if "bert" in one[0].pattern)
