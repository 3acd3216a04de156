"""What card, tags and metadata say, against the facts in the weights' files: one table of labels.

A row, line or tag whose label names a fact is about this model; sentences are read in a few fixed forms only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards import comparisons
from azureml_publish.lint.cards.comparisons import Facts
from azureml_publish.lint.cards.figures import figures_of
from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.numerals import bytes_of, number_of, value_of
from azureml_publish.lint.cards.own_figures import of_sibling
from azureml_publish.lint.cards.statements import labelled, subject_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.facts import Fact, Known, known_facts
from azureml_publish.patterns import pattern

Compare: TypeAlias = Callable[[str, str, Facts], str]
"""Returns the words in a text that contradict the named fact; empty where none do."""


_WHOLE = frozenset(
    {
        *("layers", "encoder", "decoder", "hidden", "heads", "kv", "feedforward", "patch", "mels", "queries"),
        *("rank", "alpha"),
    }
)
"""Figures of the configuration that nobody rounds."""


def wrong_facts(model: Described) -> Iterator[Wrong]:
    """Every statement in the card, tags and metadata that contradicts a file of the weights, or the card itself."""
    figures: dict[str, Known[Fact]] = {
        name: Known(float(one.value), one.source)
        for name, one in figures_of(model).items()
        if name in _WHOLE and "://" not in one.source and isinstance(one.value, float | int)
    }
    facts = {**figures, **known_facts(model)}
    card = model.card
    if "size" not in facts:
        yield from _of_arithmetic(card)
    if not facts:
        return
    reported: set[int] = set()
    for label, text, offset in labelled(card):
        for fact in sorted(_facts_of(label) & facts.keys() - _OF_TAGS):
            if (words := _COMPARED[fact](text, fact, facts)) and not _PER_VARIANT.search(label):
                words_there = f"The card says '{short(label)}: {short(words)}'"
                reported.add(card.position(offset)[0])
                yield _contradicted(card.at(offset + max(0, text.find(words)), words), words_there, fact, facts)
                break
    yield from _in_sentences(model, card, facts, reported)
    yield from _in_code(model, facts)
    for key, value in model.tags.items():
        written = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
        label = key.replace("_", " ").replace("-", " ")
        named = _facts_of(label) | {subject_of(label) or ""} & figures.keys()
        for fact in sorted(named & facts.keys()) if written else ():
            if words := _COMPARED.get(fact, comparisons.number)(written, fact, facts):
                yield _contradicted(model.where(f"tags.{key}"), f"The tag {key} is '{short(words)}'", fact, facts)
                break
    count = str(model.metadata.get("parameterCount") or "")
    if "parameters" in facts and (words := comparisons.count(count, "parameters", facts)):
        yield _contradicted(model.where("parameterCount"), f"parameterCount is {words}", "parameters", facts)


def _contradicted(where: Location, stated: str, fact: str, facts: Facts) -> Wrong:
    return Wrong(where, stated, f"{facts[fact].source} gives {_shown(fact, facts[fact])}")


def _shown(fact: str, known: Known[Fact]) -> str:
    """A fact as a message gives it."""
    value = known.value
    if isinstance(value, float):
        return _WORDS.get(fact, "{} " + fact).format(f"{value:,.10g}")
    if isinstance(value, tuple):
        return f"the {fact} " + ", ".join(" ".join(map(str, (one.name, one.datatype, *one.dims))) for one in value[:4])
    if isinstance(value, frozenset):
        return f"the {fact} {', '.join(sorted(value)[:6])}"
    return f"{fact} {value}"


_WORDS = {
    "dimension": "a dimension of {}", "opset": "an opset of {}", "batch": "a largest batch of {}", "size": "{} bytes",
    "kv": "{} key-value heads",
}  # fmt: skip

_PER_VARIANT = pattern(r"\b(?:base|teacher|original|full[- ]precision|previous|other)\b", re.IGNORECASE)

_LIBRARY_LABELS = {
    "scikit-learn": "scikit-?learn|sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost",
    "torch": "(?:py)?torch", "tensorflow": "tensorflow", "keras": "keras", "onnx": "onnx", "mlflow": "mlflow",
    "sentence-transformers": "sentence[- ]transformers", "python": "python", "spacy": "spacy", "prophet": "prophet",
    "statsmodels": "statsmodels", "transformers": "transformers", "peft": "peft", "bitsandbytes": "bitsandbytes",
    "accelerate": "accelerate", "trl": "trl", "diffusers": "diffusers", "timm": "timm", "optimum": "optimum",
    "autoawq": "(?:auto)?awq",
}  # fmt: skip
_DIMENSION = "dimension(?:s|ality)?|dims?"
_SIZE_OF = (
    r"(?:(?:model|file|disk|weights?|adapter|checkpoint)[ _-])?size(?: on disk)?"
    r"|(?:size of (?:the )?)?(?:weights?|model|checkpoint|adapter)"
)
_FORMS = {
    **{name: rf"(?:{form})(?: version)?" for name, form in _LIBRARY_LABELS.items()},
    "parameters": r"(?:number of |total |model |adapter |lora |train(?:ed|able) |# ?)?param(?:eter)?s(?: count)?"
    r"|param(?:eter)? ?count|model size",
    "size": rf"{_SIZE_OF}|weights?, [\w -]{{4,20}}|download(?: size)?|files?|precision",
    "shards": r"(?:size of (?:the )?)?weights?|shards?|files?|precision|format|checkpoint",
    "files": r"(?:weights? |model )?files?(?: ?names?)?|weights?|checkpoint",
    "quantization": r"quanti[sz]ation(?: type| method| level)?|quant(?: type)?|precision|gguf type|file type",
    "tensor": r"(?:tensor|weights?|numeric|data|number)[ _](?:type|dtype|precision|format)|dtype|torch dtype",
    "architecture": r"(?:model |base )?architecture|model type",
    "class": r"(?:model |architecture )?class|architectures?|model type|pipeline model type",
    "pooling": r"pooling(?: mode| method| strategy| type)?",
    "similarity": r"(?:default )?similarity(?: function| measure| metric| score)?|distance(?: metric| function)?",
    "dimension": rf"(?:embedding |output |vector )?(?:{_DIMENSION})|(?:embedding|vector) (?:size|length)",
    "opset": r"(?:onnx )?opset(?: version)?",
    "batch": r"(?:max(?:imum|imal)?|largest|biggest)[ _]batch(?:[ _]size)?|batch(?: size)? (?:limit|at most)",
    "inputs": r"(?:model )?inputs?(?: tensors?| columns?| names?| features?| shape| type)?|features?|columns",
    "outputs": r"(?:model )?outputs?(?: tensors?| columns?| names?| shape| type)?|target|prediction",
    "labels": r"(?:class |output |sentiment )?(?:labels|classes)(?: names)?|id2label",
    "positions": r"max[ _](?:seq(?:uence)?[ _]|input[ _]|token[ _])?len(?:gth)?|max tokens|sequence length",
    "backend": r"(?:triton )?(?:backend|platform)",
}
"""For each fact a pattern of the labels of rows, lines and tags that name it."""
_OF_TAGS = frozenset({"positions"})
"""Only tags are compared with these: MATCH008 reports lengths in the card."""

_COMPARED: Mapping[str, Compare] = {
    **dict.fromkeys(_LIBRARY_LABELS, comparisons.version),
    "parameters": comparisons.count,
    "size": comparisons.size,
    "shards": comparisons.shards,
    "files": comparisons.file_names,
    "quantization": comparisons.quantization,
    **dict.fromkeys(("tensor", "pooling", "similarity", "backend"), comparisons.choice),
    "architecture": comparisons.model_type,
    "class": comparisons.model_class,
    **dict.fromkeys(("dimension", "opset", "batch"), comparisons.number),
    **dict.fromkeys(("inputs", "outputs"), comparisons.ports),
    "labels": comparisons.label_names,
    "positions": comparisons.at_most,
}
_LABELS = tuple((fact, pattern(form, re.IGNORECASE)) for fact, form in _FORMS.items())


def _facts_of(label: str) -> frozenset[str]:
    """The facts that a label may name."""
    plain = " ".join(re.sub(r"[*`]|\([^)]*\)", "", label).split())
    return frozenset(fact for fact, form in _LABELS if form.fullmatch(plain))


_OF_TYPE = {"bfloat16": 2, "bf16": 2, "float16": 2, "fp16": 2, "float32": 4, "fp32": 4, "int8": 1, "fp8": 1}
_TYPE = pattern(rf"(?<![\w-])(?:{'|'.join(_OF_TYPE)})(?![\w-])", re.IGNORECASE)
_COUNT = pattern(
    r"^\W*(?:about |~ ?)?(?:(?P<n>[0-9]{1,4}(?:\.[0-9]{1,3})?) ?(?P<u>[mb])(?:illion)?"
    r"|(?P<whole>\d{1,3}(?:,\d{3}){2,3}))\b",
    re.IGNORECASE,
)
_FAR = 1.7
"""How far a size may be from parameters times bytes, because of other files and layers of another type."""


def _of_arithmetic(card: Card) -> Iterator[Wrong]:
    """A size that does not fit the number of parameters, where one line gives type and size together."""
    rows = labelled(card)
    counts = [found for label, text, _ in rows if "parameters" in _facts_of(label) and (found := _COUNT.match(text))]
    for label, text, offset in rows if len(counts) == 1 else ():
        types, sizes = set(_TYPE.findall(text)), [*comparisons.SIZE.finditer(text)]
        if "size" not in _facts_of(label) or len(types) != 1 or len(sizes) != 1:
            continue
        found, exact = counts[0], counts[0]["whole"]
        count = value_of(exact or found["n"], None if exact else found["u"])
        whole, given = count * _OF_TYPE[min(types).lower()], bytes_of(sizes[0][0])
        if not whole / _FAR <= given <= whole * _FAR:
            true = f"{counts[0][0].strip()} parameters of {min(types)} have about {whole / 1e9:.3g} GB"
            yield Wrong(card.at(offset + sizes[0].start(), sizes[0][0]), f"The card says '{sizes[0][0]}'", true)


# --- sentences and code --------------------------------------------------------------------------------------------

_N = r"(?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6})"
_PROSE: tuple[tuple[str, str, str], ...] = (
    ("dimension", "vector", rf"\bvectors? (?:of|with) {_N} (?:numbers|values|floats|components|entries|dimensions)\b"),
    ("dimension", "embedding", rf"\bembeddings? (?:of|with) {_N} (?:numbers|values|floats|components|dimensions)\b"),
    ("dimension", "dimension", rf"\b(?:in|to|into) (?:an? )?{_N}[- ]dimensional\b"),
    ("dimension", "dimensions", rf"\b(?:embeddings?|vectors?|output)[ *]*[|:][ *]*{_N}[- ]dim(?:ension)?s?\b"),
    ("opset", "opset", rf"\bopset(?: version)? {_N}\b"),
    ("shards", "shards", r"\b(?P<n>[0-9]{1,3}|two|three|four|five|six|seven|eight) (?:safetensors |gguf )?shards\b"),
    ("layers", "layers", r"\band (?P<n>[0-9]{1,3}|two|three|four|five|six|eight|ten|twelve) layers\b"),
    ("parameters", "parameters", r"\b(?:holds?|has|contains?|with|of) (?P<n>[0-9]{1,3}(?:,[0-9]{3})+) parameters\b"),
)
_SENTENCES = tuple((fact, word, pattern(form, re.IGNORECASE)) for fact, word, form in _PROSE)


def _in_sentences(model: Described, card: Card, facts: Facts, reported: set[int]) -> Iterator[Wrong]:
    """Sentences of the card and the summary that state a fact wrongly, unless they are about another model."""
    summary = model.summary
    for fact, word, form in _SENTENCES:
        if fact not in facts:
            continue
        texts = [(card.words, "The card")] if word in card.lowered else []
        texts += [(summary, "The summary")] if word in summary.lower() else []
        for text, what in texts:
            found = [
                match for match in form.finditer(text) if not comparisons.OF_OTHERS.search(_before(text, match.start()))
            ]
            found = [match for match in found if text is summary or not of_sibling(model, match.start())]
            wrong = [match for match in found if number_of(match["n"]) != facts[fact].value]
            here = card.position(wrong[0].start())[0] if wrong and text is card.words else 0
            if wrong and len(wrong) == len(found) and here not in reported:
                where = card.at(wrong[0].start(), wrong[0][0]) if text is card.words else model.where("summary")
                yield _contradicted(where, f"{what} says '{short(wrong[0][0])}'", fact, facts)


def _before(text: str, offset: int) -> str:
    """The part of a sentence before an offset."""
    return re.split(r"[.!?|]\s|\n\s*\n", text[max(0, offset - 200) : offset])[-1]


_LOADED = pattern(r"(?:-m|--model|--model-path|model_path ?=|filename ?=|Llama\()[ =]*[\"']?([\w./-]+\.gguf)\b")


_SHAPE = pattern(
    r"\b(?:embed|vec|enc|emb|feat)\w*\.(?:shape|size\(\))[^\n#]{0,40}(?:\n?[ \t]*# *(?:->|=>|>>>|prints:?)? *)"
    r"(?:torch\.Size\()?[(\[]\d{1,4}, (?P<n>\d{2,5})[)\]]"
)


def _in_code(model: Described, facts: Facts) -> Iterator[Wrong]:
    """A GGUF file that code loads and the source lacks, and an embedding shape that no vector has."""
    for match in _SHAPE.finditer(model.card.source) if "dimension" in facts and ".s" in model.card.source else ():
        if float(match["n"]) != facts["dimension"].value:
            yield _contradicted(
                model.card.at(match.start("n"), match["n"]), f"A comment says {match['n']}", "dimension", facts
            )
            break
    held = facts["files"].value if "files" in facts else frozenset()
    own = sorted(one for one in held if one.endswith(".gguf")) if isinstance(held, frozenset) else []
    for fence in model.card.fences if own else ():
        for match in _LOADED.finditer(fence.text):
            name = match[1].rpartition("/")[2]
            if name not in own and name.lower() not in ("model.gguf", "your-model.gguf"):
                offset = model.card.offset_in(fence, match[1])
                yield Wrong(
                    model.card.at(offset, match[1]), f"The code loads {short(name)}", f"the source has {min(own)}"
                )
                return
