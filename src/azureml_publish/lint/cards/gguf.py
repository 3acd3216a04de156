"""The quantisation types, bits and sizes of GGUF files, as name, card and summary give them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.numerals import bytes_of, value_of
from azureml_publish.lint.cards.sizes import SIZE
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.publishers import families_in, unrelated
from azureml_publish.lint.names.variants import sibling_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_QUANT = pattern(r"(?<![a-z0-9])i?q(?P<bits>[1-8])(?:_[a-z0-9]+)+(?![a-z0-9])", re.IGNORECASE)
_FILE = pattern(r"[\w.-]+\.gguf\b", re.IGNORECASE)
_QUANTISED = pattern(r"\bquanti[sz]ed (?:to|as|with|in)\b[^.\n]{0,30}?(?<![a-z0-9])(?P<q>i?q[1-8]_\w+)", re.IGNORECASE)
_WITH_BITS = pattern(
    r"(?<![\w.-])(?P<a>[1-8])[- ]bits?,? \(?(?P<q>i?q[1-8]_\w+)"
    r"|(?<![a-z0-9])(?P<r>i?q[1-8]_\w+)\W{1,3}(?P<b>[1-8])[- ]bits?\b",
    re.IGNORECASE,
)


def wrong_gguf_types(model: Described) -> Iterator[Wrong]:
    """Bits and sizes that do not fit the quantisation type, and the only place that names another type."""
    if ".gguf" in model.card.source.lower() or "gguf" in model.name.lower():
        yield from _types(model)
        yield from _sizes(model)


def _types(model: Described) -> Iterator[Wrong]:
    card, shown = model.card, {key: str(model.metadata.get(key) or "") for key in ("displayName", "summary")}
    stated: list[tuple[str, str, Location]] = []
    for written, key in ((model.name, "name"), *((text, key) for key, text in shown.items())):
        stated += [(match[0].lower(), written, model.where(key)) for match in _QUANT.finditer(written)]
    for claim in of_subject(card, "quantization"):
        found = list(_QUANT.finditer(claim.text))
        stated += [(found[0][0].lower(), claim.text, card.at(claim.offset, claim.text))] if found else []
    for match in _QUANTISED.finditer(card.words):
        stated.append((match["q"].lower(), match[0], card.at(match.start("q"), match["q"])))
    for match in _FILE.finditer(card.source):
        if quant := _QUANT.search(match[0]):
            stated.append((quant[0].lower(), match[0], card.at(match.start(), match[0])))
    yield from _bits(model, shown)
    counts, seen = Counter(one[0] for one in stated), Counter(one[0].lower() for one in _QUANT.finditer(card.source))
    if len(counts) != 2 or len(seen) > 2 or min(counts.values()) != 1 or max(counts.values()) < 2:
        return
    (true, _), (odd, _) = counts.most_common()
    _, text, where = next(one for one in stated if one[0] == odd)
    if seen[odd] <= 1:
        yield Wrong(where, f"'{short(text)}' names {odd.upper()}", f"everything else names {true.upper()}")


def _bits(model: Described, shown: Mapping[str, str]) -> Iterator[Wrong]:
    for text, where in (*((text, model.where(key)) for key, text in shown.items()), (model.card.words, None)):
        for match in _WITH_BITS.finditer(text):
            quant = match["q"] or match["r"]
            bits = re.sub(r"\D", "", quant)[:1]
            if (match["a"] or match["b"]) != bits:
                place = where or model.card.at(match.start(), match[0])
                yield Wrong(place, f"The text says '{match[0]}'", f"{quant} has about {bits} bits")


_COUNT = pattern(r"\W{0,3}([0-9]{1,4}(?:\.[0-9]{1,3})?) ?([bm])(?:illion)?\b", re.IGNORECASE)


def _sizes(model: Described) -> Iterator[Wrong]:
    """A size that does not fit the number of parameters and the quantisation type."""
    card = model.card
    quants = {match["bits"] for match in _QUANT.finditer(card.source)} if ".gguf" in card.source.lower() else set()
    count = next((found for one in of_subject(card, "parameters") if (found := _COUNT.match(one.text))), None)
    for claim in of_subject(card, "size") if len(quants) == 1 and count else ():
        if (match := SIZE.search(claim.text)) and count:
            bits = bytes_of(match[0]) * 8 / value_of(count[1], count[2])
            quant = int(min(quants))
            if not quant / _FAR <= bits <= quant * _FAR + 1:
                true = f"{count[0].strip()} parameters of about {quant} bits each have another size"
                yield Wrong(card.at(claim.offset, match[0]), f"The card says '{match[0]}'", true)


_FAR = 2
_IN_FILE = pattern(
    r"(?<![a-z0-9])(?:i?q(?P<bits>[1-8])(?:_[a-z0-9]+)*|b?fp?(?P<half>16|32))(?![a-z0-9])", re.IGNORECASE
)
"""Quantisation types in file names (https://github.com/ggml-org/llama.cpp/tree/master/tools/quantize)."""


def wrong_gguf_files(model: Described) -> Iterator[tuple[Location, str]]:
    """A table row whose type or bits are not those in the file's name, and code that loads a file of another model."""
    card = model.card
    listed: dict[str, str] = {}
    for table in card.tables if ".gguf" in card.lowered else ():
        heads = [cell.text.lower() for cell in table.header.cells]
        for row in table.rows:
            name = next((match[0] for cell in row.cells if (match := _FILE.search(cell.text))), "")
            quant = _IN_FILE.search(name)
            if quant is None or len(row.cells) != len(heads):
                continue
            listed[name.lower()] = name[: quant.start()].lower()
            for head, cell in zip(heads, row.cells, strict=True):
                text = cell.text.strip("`*_ ")
                given = _IN_FILE.fullmatch(text) if "quant" in head else None
                bits = text if "bit" in head and text.isdecimal() else None
                if (given and not given[0].lower().startswith(quant[0].lower())) or (
                    bits and bits != (quant["bits"] or quant["half"])
                ):
                    message = f"The column '{short(head)}' gives '{text}' for {short(name)}."
                    yield card.passage(row.line, cell.column, text), message
    yield from _of_code(card, frozenset(listed.values()))


def _of_code(card: Card, listed: frozenset[str]) -> Iterator[tuple[Location, str]]:
    """Code that loads a file of a sibling or another family; or of any other model, where none loads a listed one."""
    found = [
        (match[0][: quant.start()].lower(), match[0], offset)
        for match, offset in (card.in_fences(_FILE) if len(listed) == 1 else ())
        if (quant := _IN_FILE.search(match[0]))
    ]
    strange = not any(stem in listed for stem, *_ in found)
    for stem, name, offset in found:
        foreign = any(sibling_of(stem, one) or unrelated(families_in(stem), families_in(one)) for one in listed)
        if stem not in listed and (strange or foreign):
            yield card.at(offset, name), f"The card's table does not list such a file: {short(name)}."
            return
