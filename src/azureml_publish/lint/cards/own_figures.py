"""The weights' figures in rows, summaries and MLmodel: number formats, trees, vector lengths, capitals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.figure_forms import FIGURES
from azureml_publish.lint.cards.figures import Given, Stated, figures_of, fits, given_words, stated_figures
from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.gguf import wrong_gguf_types
from azureml_publish.lint.cards.sentences import is_named, of_another_model, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import of_subject, subject_of
from azureml_publish.lint.names.models import hub_id, is_own, own_names, tasks_of
from azureml_publish.lint.names.publishers import families_in
from azureml_publish.lint.names.variants import contradiction, sibling_of, tuned_otherwise, variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import stored_type
from azureml_publish.lint.weights.facts import Known
from azureml_publish.patterns import pattern


def wrong_figures(model: Described) -> Iterator[Wrong]:
    """Rows, sentences and the summary that contradict the figures or the number type of the weights."""
    for look in (_in_summary, _in_tables, _in_signature, _of_format, wrong_gguf_types, _trees, _wrong_case):
        yield from look(model)


_COMPARED = pattern(
    r"\b(?:than|like|unlike|compar\w+|outperform\w*|vs|versus|teacher|distill\w*|other|up to|between|from|original"
    r"|to \d|first|last|one of)\b",
    re.IGNORECASE,
)


def _in_summary(model: Described) -> Iterator[Wrong]:
    """Figures in the summary. A summary that compares models is not judged."""
    if _COMPARED.search(model.summary):
        return
    for figure, known in figures_of(model).items():
        form = _SIDES if figure == "resized" else FIGURES[figure].prose if figure != "parameters" else None
        matches = list(form.finditer(model.summary)) if form else []
        texts = [next(group for group in match.groups() if group) for match in matches]
        numbers = [float(text.replace(",", "")) for text in texts if re.fullmatch(r"[0-9][0-9,]*", text)]
        if numbers and not any(fits(figure, number, known.value) for number in numbers):
            stated = f"The summary says '{short(matches[0][0])}'"
            yield Wrong(model.where("summary"), stated, _given(model, figure, known))


_SIDES = pattern(r"\bimages of ([0-9]{2,4}) ?[x\u00d7] ?\1\b", re.IGNORECASE)


def _in_tables(model: Described) -> Iterator[Wrong]:
    """The row of this model in a table of several models."""
    own, known = own_names(model), figures_of(model)
    for table in model.card.tables if known else ():
        heads = [subject_of(cell.text) for cell in table.header.cells]
        for row in table.rows if len(heads) > 2 and any(head in known for head in heads[1:]) else ():
            if not is_own(re.sub(r"[*`_]", "", row.cells[0].text), own):
                continue
            for head, cell in list(zip(heads, row.cells, strict=False))[1:]:
                text = cell.text.strip("*` ~").replace(",", "")
                if head == "parameters" and (match := _MILLIONS.fullmatch(text)):
                    text = f"{float(match[1]) * (1000 if match[2] in 'bB' else 1):.0f}"
                one = known.get(head or "")
                if one is not None and head and text.isdecimal() and not fits(head, float(text), one.value):
                    words = _given(model, head, one)
                    yield Wrong(model.card.place_of(cell), f"The row of {model.name} says '{cell.text}'", words)


_MILLIONS = pattern(r"([0-9]{1,4}(?:\.[0-9]{1,2})?) ?([mb])(?:illion)?", re.IGNORECASE)


def _in_signature(model: Described) -> Iterator[Wrong]:
    """The vector length in the signature of an embedding model."""
    size = model.settings.get("hidden_size")
    reduced = "out_features" in model.card.text or any(re.search(r"(?:^|/)\d_Dense", name) for name in model.files)
    if model.mlmodel is None or not isinstance(size, int) or reduced or "embeddings" not in tasks_of(model):
        return
    signature = mapping_of(model.logged.get("signature"))
    try:
        outputs: Any = json.loads(str(signature.get("outputs")))
    except ValueError:
        return
    if not isinstance(outputs, list) or len(outputs) != 1:
        return
    shape = mapping_of(mapping_of(outputs[0]).get("tensor-spec")).get("shape")
    if isinstance(shape, list) and len(shape) == 2 and isinstance(shape[1], int) and shape[1] not in (-1, size):
        where = model.mlmodel.location(("signature", "outputs"))
        yield Wrong(where, f"The signature gives vectors of {shape[1]} numbers", f"config.json has {size}")


_FLOATS = pattern(
    r"\b(?P<bf>bf16|bfloat16)\b|\b(?P<fp>fp16|float16)\b|\b(?P<half>16[- ]bit floats?|half[- ]precision)\b"
    r"|\b(?P<full>fp32|f32|float32|32[- ]bit floats?|(?:single|full)[- ]precision)\b",
    re.IGNORECASE,
)
_OF_DTYPE = {"bfloat16": ("bf", "half"), "float16": ("fp", "half"), "float32": ("full",)}
_BUILT = pattern(r"gguf|onnx|cuda|cpu|gpu|npu|quant|int[48]|fp\d|bf16|awq|gptq|\d-?bit", re.IGNORECASE)
"""Words in names of builds, whose number type may differ from the configuration's."""


def _of_format(model: Described) -> Iterator[Wrong]:
    """The number type of the weights, and their bytes, in a line or row of the card."""
    config = model.settings
    dtype = stored_type(config)
    claims = [*of_subject(model.card, "weights"), *of_subject(model.card, "quantization")]
    lines = [*((claim.offset, claim.text) for claim in claims)]
    lines += [(match.start(), match[0]) for match in _STORED.finditer(model.card.words)] if dtype else []
    plain = dtype in _OF_DTYPE and "quantization_config" not in config and not _BUILT.search(model.name)
    for offset, text in lines if plain else ():
        line = model.card.lines[model.card.position(offset)[0] - 1]
        found = {match.lastgroup for match in _FLOATS.finditer(line)}
        if len(found) == 1 and not found & set(_OF_DTYPE[dtype]) and not _BITS.search(text):
            yield contradicted(model.card, offset, text, f"config.json has {dtype}")
            break


_STORED = pattern(
    r"\b(?:the|its) weights are (?:stored |saved |published |kept )?(?:in |as )?(?:b?f(?:p|loat)?16|fp32|float32"
    r"|(?:16|32)[- ]bit floats|half precision)\b",
    re.IGNORECASE,
)
_BITS = pattern(r"\b(?:int[48]|[1-8][- ]bit|quanti[sz]ed|q\d)", re.IGNORECASE)
_TREES = pattern(r"(?<![\w.,-])([0-9]{1,5}) (?:decision |regression )?(?:trees|estimators)\b", re.IGNORECASE)


def _trees(model: Described) -> Iterator[Wrong]:
    """The number of trees in a forest, in summary and card."""
    stated = _TREES.findall(model.summary)
    others = set(_TREES.findall(model.card.words) if "trees" in model.summary else ())
    if len(stated) == 1 and len(others) == 1 and stated[0] not in others:
        yield Wrong(model.where("summary"), f"The summary says {stated[0]} trees", f"the card says {min(others)}")


def _wrong_case(model: Described) -> Iterator[Wrong]:
    """What the vocabulary's line says of capitals."""
    case = variant_of(model.name).stated.get("case", frozenset())
    for claim in of_subject(model.card, "vocabulary") if len(case) == 1 else ():
        lowers = bool(re.search(r"\blower[- ]?cased?\b|\bcase[- ]insensitive\b|\buncased\b", claim.text, re.IGNORECASE))
        keeps = bool(re.search(r"(?<!not )\b(?:case[- ]sensitive|cased)\b", claim.text, re.IGNORECASE))
        if lowers != keeps and lowers == (case == {"cased"}):
            stated = f"The card says '{short(claim.text)}'"
            yield Wrong(model.card.at(claim.offset, claim.text), stated, f"{model.name} is {min(case)}")


def wrong_architecture(model: Described) -> Iterator[Wrong]:
    """Figures of the architecture in lines, rows and sentences of the card."""
    for figure, known in figures_of(model).items():
        true = known.value
        stated = [one for one in stated_figures(model.card, figure) if not of_sibling(model, one.offset)]
        if figure == "classes" and isinstance(true, frozenset):  # of entities, which sentences count in different ways
            stated = [one for one in stated if one.labelled]
        if (one := _foreign(model, figure, true, stated)) is not None:
            yield contradicted(model.card, one.offset, one.text, _given(model, figure, known))


def _given(model: Described, figure: str, known: Known[Given]) -> str:
    return f"{known.source} gives {model.name} {given_words(figure, known.value)}"


def _foreign(model: Described, figure: str, true: Given, stated: Sequence[Stated]) -> Stated | None:
    """The wrong statement that is about this model, if any.

    A card that also gives the right figure is about several models. The only line with the figure's label, and
    a sentence with this model as its subject, are about this model all the same.
    """
    labelled = [one for one in stated if one.labelled]
    if len(labelled) == 1 and not any(fits(figure, value, true) for value in labelled[0].values):
        return labelled[0]
    sentences = [(one, sentence_at(model.card, one.offset)) for one in stated if not one.weak and not one.labelled]
    fitting = any(fits(figure, value, true) for one in stated for value in one.values)
    for one, sentence in sentences:
        own = of_this_model(model, model.card, sentence) and not _CHANGED.search(sentence.text)
        if own and not any(fits(figure, value, true) for value in one.values):
            same = [each for each, other in sentences if other.start == sentence.start and each is not one]
            if not any(fits(figure, value, true) for each in same for value in each.values):
                return one
    alone = (
        one for one, sentence in sentences if not _ELSE.search(sentence.text) and not of_another_model(model, sentence)
    )
    return None if fitting else labelled[0] if labelled else next(alone, None)


_ELSE = pattern(
    r"\b(?:teachers?|students?|later|newer|earlier|previous|future|originals?|siblings?|compar\w+|drafts?|assistants?"
    r"|unlike|versus|vs|baselines?|parents?|predecessors?|successors?|outperform\w*)\b",
    re.IGNORECASE,
)
_CHANGED = pattern(r"\b(?:resampl|upsampl|downsampl|convert|interpolat|from)\w*\b", re.IGNORECASE)


def of_sibling(model: Described, offset: int) -> bool:
    """Whether a sentence names a sibling before its figure: `Whisper large has 32 layers`."""
    text = re.split(r"[.!?|]\s|\n\s*\n", model.card.words[max(0, offset - _SENTENCE) : offset])[-1]
    before = text.split()
    names = (*before, *(" ".join(pair) for pair in pairwise(before)))
    subjects = (match[1].rpartition("/")[2] for match in _SUBJECT.finditer(text))
    return any(sibling_of(model.name, name.strip("*_,:()")) for name in names) or any(
        not is_named(model, one) for one in subjects
    )


_SUBJECT = pattern(
    r"(?<![\w/.-])(?=[\w./-]*\d)([A-Za-z][\w.]*(?:/[\w.]+)?(?:-[\w./]+)+),?"
    r" (?:has|have|with|is|uses|gives?|returns?|takes|needs|reaches)\b"
)
"""A hyphenated name as the subject of a sentence: `all-MiniLM-L6-v2 has 22.7M parameters`."""


_SENTENCE = 200


def of_same_owner(model: Described, loaded: str, before: str) -> bool:
    """Whether code loads a model of the same owner with another size or case, while no code loads this one.

    For a build for ONNX Runtime, also a model of another family.
    """
    hub, own, other = hub_id(model), variant_of(model.name), variant_of(loaded.rpartition("/")[2])
    if tuned_otherwise(hub, loaded) and _WHOLE.search(before) and not model.adapter:
        return True  # a tokenizer may be the base model's
    if _GENAI.search(before) and families_in(loaded) and not own.words & other.words:
        return True
    return (
        "/" in hub
        and loaded.partition("/")[0] == hub.partition("/")[0]
        and bool(own.words & other.words)
        and contradiction(own, other, ("size", "class", "case", "layers", "pair", "language", "hours")) is not None
        and not any(hub in fence.text for fence in model.card.fences)
    )


_GENAI = pattern(
    r"\b(?:og|onnxruntime_genai)\.Model\(\W*$|\bfoundry model (?:run|download|load) $|\bFoundryLocalManager\(\W*$"
)
"""Text before the folder of a build for ONNX Runtime, which is this model's own."""

_WHOLE = pattern(r"(?:Model|LM|Generation|Classification|LLM|Answering)(?:\.from_pretrained)?\(|\bpipeline\(|\bserve ")
"""Text before the name of a model whose weights are loaded."""
