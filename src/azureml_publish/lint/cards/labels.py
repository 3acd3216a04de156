"""What cards say of a classifier's labels and tensors, against `id2label` and the files that declare tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.numerals import NUMERALS, number_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.facts import known_facts
from azureml_publish.patterns import pattern

_HEAD = pattern(
    r"(?:label|abbreviation|class|tag|entity|category|emotion|sentiment)(?: (?:name|type|label))?s?", re.IGNORECASE
)
_BARE = pattern(r"^[BILESU]-")
"""The prefix for a word's position in an entity, before the label itself."""

_N = rf"(?P<n>{'|'.join(NUMERALS[1:11])}|[1-9][0-9]?)"
_LISTED = pattern(
    rf"\b{_N} (?:\w+ )?(?:types|kinds|classes|categories|labels|entities|entity types)\b[^.:\n]{{0,25}}:"
    r"(?P<list>[^.\n]{5,300})",
    re.IGNORECASE,
)
_WORDS = pattern(
    r"\b(?:(?:labels|classes)(?: are)?:?|(?:as|into|between|either)) (?P<list>(?:\W?[a-z]{3,15}\W?, ){1,8}"
    r"\W?[a-z]{3,15}\W?,? (?:and|or) \W?[a-z]{3,15})\b",
    re.IGNORECASE,
)
_CODE = pattern(r"\(([A-Z]{2,12})\)")
_OUTPUTS = pattern(
    rf"\b{_N} (?:logits?|scores?|numbers?|values?) (?:per|for each) (?:pair|text|input|sentence|passage)\b",
    re.IGNORECASE,
)


def wrong_labels(model: Described) -> Iterator[Wrong]:
    """Each wrong statement on labels or tensors."""
    for page in model.cards:
        yield from _numbered(model, page)
        yield from _tensors(model, page)
    labels = model.labels
    if not labels:
        return
    for page in model.cards:
        yield from _outputs(page, len(labels))
        if not any(re.fullmatch(r"LABEL_\d+", one) for one in labels):
            yield from _tables(page, labels)
            yield from _lists(page, labels)
            yield from _words(page, labels)
            yield from _ordered(page, labels)


_NUMBER = pattern(r"(?:(?:class|label) ?)?(?:index|id|number|#|no\.?)|#", re.IGNORECASE)


def _numbered(model: Described, page: Card) -> Iterator[Wrong]:
    """A table of numbers and labels with a number other than in the configuration or in labels.txt."""
    named = model.settings.get("id2label")
    by_number = {str(key): str(one) for key, one in named.items()} if isinstance(named, Mapping) else {}
    source, listed = "config.json", [path for path in model.content.places if path.endswith("labels.txt")]
    if not by_number and len(listed) == 1:
        source, lines = listed[0], model.content.text(listed[0]).splitlines()
        by_number = {str(number): line.strip() for number, line in enumerate(lines)}
    for table in page.tables if by_number else ():
        heads = [cell.text.strip("*_` ") for cell in table.header.cells[:2]]
        pairs = [(row.cells[0].text.strip("*_` "), row.cells[1]) for row in table.rows if len(row.cells) > 1]
        labels = {cell.text.strip("*_` ").lower() for _, cell in pairs}
        same = labels == {one.lower() for one in by_number.values()} and len(labels) > 1
        if len(heads) < 2 or not _NUMBER.fullmatch(heads[0]):
            continue
        strange = [pair for pair in pairs if pair[1].text.strip("*_` ").lower() not in _plain(by_number.values())]
        if len(strange) == 1 and len(pairs) == len(by_number) > len(labels & _plain(by_number.values())) > 1:
            number, cell = strange[0]
            others = (pair for pair in pairs if pair is not strange[0])
            if number in by_number and all(
                by_number.get(each, "").lower() == one.text.strip("*_` ").lower() for each, one in others
            ):
                given = f"{source} gives that number to {short(by_number[number])}"
                yield Wrong(page.place_of(cell), f"The table has '{short(cell.text)}' for {number}", given)
        if not same:
            continue
        for number, cell in pairs:
            label, true = cell.text.strip("*_` "), by_number.get(number)
            if true is not None and true.lower() != label.lower():
                where = page.passage(cell.line, cell.column, label)
                message = f"{source} gives the number {number} to {short(true)}"
                yield Wrong(where, f"The table has {number} for '{short(label)}'", message)
                break


def _plain(labels: Iterable[str]) -> set[str]:
    return {one.lower() for one in labels}


_INLINE = pattern(
    r"\b(?P<head>(?:labels|classes|outputs|scores|logits|categories|intents|emotions|columns)\b[^.:\n|]{0,60}):[ \n]"
    r"(?P<list>(?:[`*\"']?[a-z][\w-]{1,30}[`*\"']?(?:,? (?:and|or) |, )){1,11}"
    r"[`*\"']?[a-z][\w-]{1,30}[`*\"']?)[.;\n]",
    re.IGNORECASE,
)


def _ordered(page: Card, labels: Sequence[str]) -> Iterator[Wrong]:
    """A list of all labels after a colon, with one that the configuration lacks, or in another order."""
    known = [one.lower() for one in labels]
    for match in _INLINE.finditer(page.source) if not page.too_large else ():
        if page.words[match.start()] != page.source[match.start()]:  # code
            continue
        listed = [word.lower() for word in re.findall(r"(?!(?:and|or)\b)\b[a-zA-Z][\w-]*", match["list"])]
        apart = len(set(listed) - set(known))
        ordered = "order" in match["head"].lower() and sorted(listed) == sorted(known) and listed != known
        if len(listed) == len(known) and (ordered or (apart == 1 and len(known) > _FEW - 1)):
            true = f"the labels of config.json are {', '.join(labels[:6])}, in this order"
            yield contradicted(page, match.start("list"), match["list"], true, by="The text")


_PORTS = pattern(r"(?:tensor|input|output|port|node)s?(?: name)?|name", re.IGNORECASE)
_TYPED = pattern(r"(?:data ?)?types?|dtype|shape", re.IGNORECASE)


def _tensors(model: Described, page: Card) -> Iterator[Wrong]:
    """A tensor in a table of names and types that the model does not have, while it has the others."""
    facts = [one for name in ("inputs", "outputs") if (one := known_facts(model).get(name))]
    ports = {
        port.name for one in facts if one.source != "MLmodel" and isinstance(one.value, tuple) for port in one.value
    }
    for table in page.tables if ports else ():
        heads = [cell.text.strip("*_` ") for cell in table.header.cells]
        if len(heads) < 2 or not _PORTS.fullmatch(heads[0]) or not any(map(_TYPED.fullmatch, heads[1:])):
            continue
        cells = [row.cells[0] for row in table.rows if re.fullmatch(r"`[\w.:/-]+`", row.cells[0].text)]
        strange = [cell for cell in cells if cell.text.strip("`") not in ports]
        if len(strange) == 1 and len(cells) > 1:
            true = f"{facts[0].source} has {', '.join(sorted(ports))}"
            yield Wrong(page.place_of(strange[0]), f"The table has the tensor '{short(strange[0].text)}'", true)


def _tables(page: Card, labels: Sequence[str]) -> Iterator[Wrong]:
    """A label in a table of labels that the configuration does not have, while it has the others."""
    known = {one.lower() for one in labels} | {_BARE.sub("", one).lower() for one in labels}
    for table in page.tables:
        if not table.header.cells or not _HEAD.fullmatch(table.header.cells[0].text.strip("*_` ")):
            continue
        cells = [row.cells[0] for row in table.rows if row.cells]
        wrong = [cell for cell in cells if cell.text.strip("*_` ").lower() not in known]
        if len(wrong) == 1 and len(cells) > _FEW:
            text = wrong[0].text.strip("*_` ")
            where = page.passage(wrong[0].line, wrong[0].column, text)
            yield Wrong(where, f"The table has the label '{short(text)}'", f"config.json has {', '.join(labels[:6])}")


_FEW = 3


def _lists(page: Card, labels: Sequence[str]) -> Iterator[Wrong]:
    """A sentence that counts the labels and lists their codes, and has others than the configuration."""
    known = {_BARE.sub("", one) for one in labels if one != "O"}
    for match in _LISTED.finditer(page.words) if "(" in page.words else ():
        listed = set(_CODE.findall(match["list"]))
        if len(listed) > 1 and len(listed & known) > 1 and listed != known:
            apart = ", ".join(sorted(listed ^ known))
            true = f"the labels of config.json are {', '.join(sorted(known))}: {apart} is in only one of them"
            yield contradicted(page, match.start(), match[0], true, by="The text")


def _words(page: Card, labels: Sequence[str]) -> Iterator[Wrong]:
    """A list of words that are the labels, except for one."""
    known = {one.lower() for one in labels}
    for match in _WORDS.finditer(page.words):
        listed = re.findall(r"(?!(?:and|or)\b)\b[a-z]+", match["list"].lower())
        wrong = [word for word in listed if word not in known]
        if len(wrong) == 1 and len(listed) > len(wrong) + 1:
            true = f"the labels of config.json are {', '.join(labels[:6])}"
            yield contradicted(page, match.start("list"), match["list"], true, by="The text")


def _outputs(page: Card, count: int) -> Iterator[Wrong]:
    """The number of outputs that a text gives for each input."""
    for match in _OUTPUTS.finditer(page.words) if " per " in page.words or " for each " in page.words else ():
        if number_of(match["n"]) != count:
            true = f"config.json has {count} label{'s' * (count != 1)}"
            yield contradicted(page, match.start(), match[0], true, by="The text")
