"""The statements of a card about its model in clear form: front matter, `Key: value` lines and table rows.

Rules compare them with the spec and the files. A remark in passing is not a statement.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from azureml_publish.diagnostics import Location
from azureml_publish.documents import mapping_of, parse_yaml
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import pattern

Subject: TypeAlias = str
"""What a statement is about: a key of `_LABELS`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a card: its subject, text and offset, and whether it is in front matter (`metadata`)."""

    subject: Subject
    text: str
    offset: int
    metadata: bool = False


_FLOATS = r"\(?(?:(?:16|32)[ -]bit floats?|b?float(?:16|32)|b?fp?(?:16|32))\)?"
_PARAMETERS = r"param(?:eter)?s"
_LABELS: dict[Subject, str] = {
    "license": r"licen[cs]e(?: type| name| \(?id\)?)?|model licen[cs]e",
    "language": r"(?:supported |model |input )?languages?(?: ?\(s\))?(?: ?\(nlp\))?",
    "data": r"(?:training|fine-?tuning|train) (?:data|data ?sets?|corpus)|trained on|data ?sets?(?: used)?",
    "side": r"(?:source|target) languages?",
    "task": r"(?:inference |pipeline |model |ml |downstream )?tasks?|pipeline[ _]tag",
    "base": r"(?:base|original|parent)[ _-]models?|fine-?tuned from(?: model)?|finetuned from model(?: \[optional\])?",
    "encoder_of": r"language model",
    "architecture": r"(?:model |base |network )?architecture",
    "backbone": r"(?:vision |image |text )?backbone(?: network| model)?",
    "hub": r"(?:model )?source|hugging ?face(?: hub)?(?: (?:id|model(?: id)?|repo(?:sitory)?|link|page))?|hub(?: id)?"
    r"|(?:model )?repo(?:sitory)?|(?:model )?(?:on|at) (?:the )?(?:hugging ?face(?: hub)?|hub)|model id|checkpoint",
    "kind": r"model (?:type|format)|(?:file )?format",
    "output": r"max(?:imum)?[ _](?:output|new)[ _]tokens|max(?:imum)? output(?: length)?(?: \(tokens\))?",
    "developer": r"(?:developed|created|trained) by|(?:model )?(?:creator|developer|publisher|author)s?",
    "context": r"(?:(?:max(?:imum)? |text )?context|max(?:imum)? sequence)[ _-](?:length|window|size)(?: \(tokens\))?"
    r"|(?:max(?:imum)?|longest) input(?: length| tokens)?(?: \(tokens\))?|max(?:imum)? length(?: \(tokens\))?",
    "parameters": rf"(?:total )?(?:number of |total |model |# ?)?{_PARAMETERS}(?: count)?(?: \(total\))?"
    r"|parameter count|model size",
    "trained": rf"(?:number of |# ?)?train(?:ed|able) {_PARAMETERS}|(?:lora|adapter) {_PARAMETERS}",
    "bare": rf"non-?embedding {_PARAMETERS}"
    rf"|(?:number of )?{_PARAMETERS} \(?(?:without|excluding|non-?) ?embeddings?\)?",
    "active": rf"(?:number of )?activ(?:e|ated) {_PARAMETERS}(?: per token)?|{_PARAMETERS} \(active\)"
    rf"|{_PARAMETERS} (?:activated|active|used) per token",
    "quantization": r"method|quanti[sz]ation(?: method| type| scheme| format| config\w*)?|quant(?: method| type)?"
    r"|precision|weights? (?:format|precision|dtype)|dtype",
    "size": r"size of (?:the )?(?:weights|model|files?|checkpoint)"
    r"|(?:(?:file|download|disk|weights?|checkpoint|adapter|total|storage)[ _-])?(?:file[ _-])?size(?: on disk)?"
    r"|(?:model|files?|adapter|checkpoint) (?:on disk|files?)|download|disk (?:space|usage)|storage"
    r"|adapter(?: weights)?",
    "memory": r"(?:gpu |minimum |min\.? |required )*(?:memory|vram)(?: footprint| required| needed| use| usage)?",
    "shards": r"(?:number of |weight |safetensors |# ?)*shards",
    "version": r"(?:model )?version",
    "encoder": r"(?:number of )?encoder(?: and decoder)? layers",
    "decoder": r"(?:number of )?decoder layers",
    "experts": r"(?:number of |# ?|total |routed |local )*experts(?: per layer)?",
    "chosen": r"(?:number of |# ?)?(?:active|activated|selected|chosen) experts(?: per token)?"
    r"|experts (?:used |active |activated |selected |chosen )?per tok(?:en)?|top-?k experts|router top-?k",
    "sliding": r"sliding[ -]window(?: size| length| attention)?|attention window",
    "headsize": r"(?:attention )?head (?:dim(?:ension)?|size)",
    "theta": r"rope[ _](?:theta|base)(?: frequency)?",
    "activation": r"(?:hidden )?activation(?: function)?",
    "columns": r"(?:number of |# ?)?(?:input )?(?:columns|features)|(?:number of |# ?)inputs",
    "shortest": r"short(?:est|er) (?:side|edge)",
    "longest": r"(?:long|larg)est (?:side|edge)",
    "layers": r"(?:number of |# ?)?(?:transformer |hidden )?layers",
    "hidden": r"hidden (?:size|dimensions?)|embedding length|embedding dimensions?|d_model|model dimensions?",
    "kv": r"(?:number of |# ?)?(?:keys?(?: ?/ ?| and |[ -]| & )values?|k/?v) heads"
    r"|(?:number of )?(?:query|kv|key[ -]value) groups",
    "feedforward": r"feed-?forward (?:size|dimensions?)|intermediate size|ffn (?:size|dim(?:ension)?)",
    "heads": r"(?:number of |# ?)?(?:attention )?heads(?: \((?:gqa|mha|mqa)\))?",
    "vocabulary": r"vocab(?:ulary)?(?: size)?",
    "sampling": r"sampl(?:e|ing)[ _]rate(?: \(khz\))?",
    "dimension": r"(?:(?:output|vector) )?dimensions?|(?:length|size) of (?:the )?(?:vectors?|embeddings?)"
    r"|(?:embedding|vector) (?:size|length)",
    "bits": r"(?:weight )?bits|bit ?width|bits per weight",
    "group": r"group[ _]size",
    "weights": rf"weights,? (?:(?:in|as) )?{_FLOATS}|weights(?: on disk| files?)?",
    "patch": r"patch size",
    "rank": r"(?:lora )?(?:rank|r)(?: \(r\))?|lora[_ ]r",
    "alpha": r"(?:lora[ _])?alpha",
    "dropout": r"(?:lora[ _])?dropout",
    "modules": r"(?:lora |adapter )?(?:target(?:ed)?|adapted|tuned)[ _](?:modules|layers|matrices|projections)"
    r"|(?:modules|layers|matrices|projections) (?:adapted|tuned|targeted|trained)",
    "tensor": r"precision of (?:the )?(?:weights|model|checkpoint)"
    r"|(?:tensor|data|number|weights?|parameter)[ _](?:data )?types?|torch[ _]?dtype|numeric (?:format|type)",
    "queries": r"(?:number of )?object queries",
    "classes": r"(?:number of |# ?)?(?:classes|labels)",
    "mels": r"(?:number of )?mel (?:bins|filters|channels)",
    "window": r"(?:audio )?window(?: length)?|(?:audio )?chunk length",
    "resized": r"(?:(?:input|expected|model) )?(?:image|picture|photo(?:graph)?|frame|pixel) (?:size|resolution)"
    r"|input resolution",
    "mean": r"image mean",
    "deviation": r"image std",
}

_LINE = pattern(
    r"^[ \t>]*(?:[-*+][ \t]+)?"
    r"(?:(?:\*\*|__)(?P<bold>[A-Za-z#][\w #()\[\]/-]{2,40}?)[ \t]*:?(?:\*\*|__)[ \t]*:?"
    r"|(?P<label>[A-Za-z#][\w #()\[\]/-]{2,40}?)[ \t]*:)"
    r"[ \t]*(?P<value>\S[^\n]{0,300})$",
    re.MULTILINE,
)
_LABEL = pattern("|".join(f"(?P<{subject}>{label})" for subject, label in _LABELS.items()), re.IGNORECASE)
_FRONT: Mapping[str, Subject] = {
    "license": "license",
    "language": "language",
    "languages": "language",
    "pipeline_tag": "task",
    "base_model": "base",
}


@functools.lru_cache(maxsize=8)
def statements(card: Card) -> tuple[Statement, ...]:
    """The statements of a card, in order; found once for all rules."""
    if card.too_large:
        return ()
    subjects = ((subject_of(label), text, offset) for label, text, offset in labelled(card))
    found = [*_front_matter(card), *(Statement(one, _value(text), offset) for one, text, offset in subjects if one)]
    return tuple(sorted(found, key=lambda one: one.offset))


def of_subject(card: Card, subject: Subject) -> tuple[Statement, ...]:
    """The statements about one subject."""
    return tuple(one for one in statements(card) if one.subject == subject)


def _front_matter(card: Card) -> Iterator[Statement]:
    if not card.front_matter:
        return
    text = "\n".join(card.lines[1 : card.front_matter - 1])
    document = parse_yaml(text, "")[0]
    data = mapping_of(document.data if document is not None else None)
    for key, subject in _FRONT.items():
        value = data.get(key)
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        texts = [str(one) for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)]
        if texts and document is not None:
            place: Location = document.location((key,))
            yield Statement(subject, ", ".join(texts), card.starts[place.line], metadata=True)


@functools.lru_cache(maxsize=256)
def subject_of(label: str) -> Subject | None:
    """The subject of a figure by its label or column heading."""
    match = _LABEL.fullmatch(" ".join(label.replace("*", "").split()))
    return match.lastgroup if match else None


@functools.lru_cache(maxsize=8)
def labelled(card: Card) -> tuple[tuple[str, str, int], ...]:
    """Label, text and offset of every `Key: value` line and every row of two cells."""
    return () if card.too_large else (*_lines(card), *_rows(card))


def _lines(card: Card) -> Iterator[tuple[str, str, int]]:
    for start, line in zip(card.starts, card.prose.split("\n"), strict=True):
        match = _LINE.match(card.source, start) if ":" in line or "**" in line or "__" in line else None
        end = match.start("value") if match else 0
        if match and card.prose[start:end] == card.source[start:end]:  # neither code nor a comment
            yield match["bold"] or match["label"], match["value"].strip(), match.start("value")


def _value(text: str) -> str:
    return text.strip().strip("*_`").strip()


def _rows(card: Card) -> Iterator[tuple[str, str, int]]:
    """Rows of two cells. Wider tables compare models."""
    for match in _HTML_ROW.finditer(card.source) if "<tr" in card.source else ():
        yield re.sub(r"<[^>]*>", "", match["label"]).strip(), match["value"].strip(), match.start("value")
    for table in card.tables:
        if len(table.header.cells) != 2:
            continue
        for row in (table.header, *table.rows):
            if len(row.cells) == 2 and row.cells[1].text:
                yield row.cells[0].text, row.cells[1].text.strip(), card.offset_of(row.cells[1])


_HTML_ROW = pattern(
    r"<tr[^<>]*>\s*<t[dh][^<>]*>(?P<label>(?:<(?:b|strong|em|i)>)?[^<>\n|]{2,60}(?:</\w+>)?)</t[dh]>"
    r"\s*<t[dh][^<>]*>(?P<value>[^<>\n|]{1,200})</t[dh]>\s*</tr>"
)
"""A row of two cells in an HTML table."""
_LENGTH_IN_CODE = pattern(
    r"(?:--max[-_]model[-_]len|\b(?:n_ctx|max_model_len|model_max_length|max_seq_len(?:gth)?)|--ctx-size"
    r"|\bset_search_options\([^)\n]{0,80}?\bmax_length"
    r"|\bllama-(?:cli|server)\b[^\n]{0,200} -c|\./main\b[^\n]{0,200} -c)"
    r"(?: ?= ?|[ \t]+)(?P<n>[0-9]{1,3}(?:_[0-9]{3})+|[0-9]{3,9})\b"
)
_STRETCHED = pattern(r"\brope[_ -]?(?:scal|theta|freq)|\byarn\b|self-?extend", re.IGNORECASE)


def lengths_in_code(card: Card) -> Iterator[tuple[int, str, int]]:
    """Context lengths that commands and code set, with text and offset; none where the card says how to extend them."""
    if card.too_large:
        return
    for match, offset in card.in_fences(_LENGTH_IN_CODE):
        if _STRETCHED.search(card.source):
            return
        yield int(match["n"].replace("_", "")), match[0], offset


_LIMIT = pattern(
    r"\b(?:reads?|takes?|accepts?|handles?|supports?|processe?s?|inputs?)\b[^.\n]{0,40}?\b(?:up to|at most) "
    r"(?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}|[0-9]{1,4}k) (?:input )?tokens\b",
    re.IGNORECASE,
)


def limits_in_words(card: Card) -> Iterator[tuple[int, str, int]]:
    """The most tokens that the model reads, by sentences of the card, with text and offset."""
    for match in card.near(_LIMIT, " up to ", " at most "):
        yield length_of(match["n"].rstrip("kK"), "k" if match["n"][-1] in "kK" else ""), match[0], match.start()


def length_of(number: str, unit: str) -> int:
    """A number of tokens as a card writes it: `8,192`, or `8` with `k`."""
    return int(number.replace(",", "")) * {"k": 1024, "m": 1024 * 1024, "": 1}[unit.lower()]


_CONTEXT = pattern(
    r"\b(?P<a>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}|[0-9]{1,4}\s?k)(?:[ -]tokens?)?[ -](?:context|sequence)"
    r"[ -](?:length|window|size)"
    r"|\b(?:context|sequence)[ -](?:length|window|size)\s+(?:of|is|up to|=|:)?\s*(?:up to\s+)?"
    r"(?P<b>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}|[0-9]{1,4}\s?k)\b"
    r"|\b(?:a|its|the)(?: full| whole| maximum| native)? context of"
    r" (?P<c>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}|[0-9]{1,4}\s?k)(?: tokens)?\b",
    re.IGNORECASE,
)
LENGTH_TEXT = pattern(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7})(?:\.[0-9]+)?\s?(k|m)?(?![\w.])", re.IGNORECASE)
"""A number of tokens, with `k` or `m` after it if any."""

_ROTARY = pattern(r"(?:θ|\btheta|\brope base)\W{0,3}[0-9.,]+\s?[km]?\b", re.IGNORECASE)
"""The base of rotary embeddings, which is not a length: `RoPE θ=1M`."""

_CUT = pattern(
    r"\b(?:inputs?|texts?|prompts?)(?: that are)? (?:longer than|beyond|of more than)"
    r" (?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}) tokens? (?:has|have|is|are|will be|must be)"
    r"(?: to be)? (?:cut|truncated|split|refused)\b"
    r"|\b(?:inputs?|texts?|prompts?|tokens|together|both|answers?)\b[^.\n]{0,40}?\b(?:must|may|can|should)(?: not|not) "
    r"(?:exceed|be longer than|have more than) (?P<m>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,7}) tokens\b",
    re.IGNORECASE,
)


def lengths_of_cuts(card: Card) -> Iterator[tuple[int, str, int]]:
    """The numbers of tokens at which inputs are cut, by sentences, with text and offset."""
    for match in card.near(_CUT, "tokens"):
        yield length_of(match["n"] or match["m"], ""), match[0], match.start()


def contexts_of(card: Card) -> Iterator[tuple[int, str, int]]:
    """All context lengths in lines, rows and sentences of a card, with text and offset."""
    for stated in of_subject(card, "context"):
        for match in LENGTH_TEXT.finditer(_ROTARY.sub("", stated.text)):
            yield length_of(match[1], match[2] or ""), stated.text, stated.offset
    for match in card.near(_CONTEXT, "context", "sequence"):
        text = match["a"] or match["b"] or match["c"]
        yield length_of(text.rstrip("kK "), "k" if text[-1] in "kK" else ""), match[0], match.start()
