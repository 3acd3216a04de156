"""Rules that compare licence, task, languages and data sets in card, spec, MLmodel and the weights' configuration.

Only clear statements in comparable form are compared. A card that gives several values describes several models,
and one matching value is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote

from azureml_publish.content.packaging.transformers_facts import find_task, tasks_of_class
from azureml_publish.diagnostics import Location, Severity
from azureml_publish.lint.cards.data_sets import message_of, wrong_data_sets
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.languages import wrong_languages
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.licences import (
    KNOWN,
    OPEN_ENDED,
    canonical,
    licence_of_page,
    licence_of_text,
    licences_in,
    may_be_one,
)
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.names.tasks import KNOWN_TASKS, tasks_agree
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import classes_of
from azureml_publish.patterns import pattern


class _Stated(NamedTuple):
    """The values that a page states, and a function that finds their location, which takes a second rendering."""

    values: frozenset[str]
    find_location: Callable[[], Location]


_UNDER = pattern(
    r"\b(?:model|weights|checkpoints?|this|it)\b[^\n]{0,60}?\b(?:is|are)\s+(?:also\s+)?"
    r"(?:released|licen[cs]ed|made available|available|distributed|provided|published)\s+under"
    r"\s+(?P<name>[^\n]{0,80})",
    re.IGNORECASE,
)
_CALLED = pattern(r"\b(?:this|it) is an? (?P<name>[\w.-]{2,20})[ -]licen[cs]ed (?:model|checkpoint)\b", re.IGNORECASE)
_LICENCE_HEADING = pattern(r"licen[cs](?:e|ing)(?: information| and use| terms)?\W*", re.IGNORECASE)


@rule("MATCH005", "license-differs", Severity.WARNING, "Card or licence text and spec name different licences.")
def license_differs(model: Described) -> Findings:
    """A licence in the card, in a licence file or in licenseDescription that differs from the spec's."""
    written = model.metadata.get("license")
    spec = canonical(written) if isinstance(written, str) else ""
    if spec in _CLOSED:
        yield from _open_beside_closed(model, spec)
    if spec == "unknown":
        given = next((one.values for one in (*_card_licence(model.card), *_licence_texts(model)) if one.values), ())
        if given:
            message = f"The licence is {written}, and card or licence text says {' or '.join(sorted(given))}."
            yield license_differs.at(model.where("license"), message, _SAME_LICENCE)
    if spec not in KNOWN or spec in OPEN_ENDED:
        return
    for row in of_subject(model.card, "license") if spec in _PERMISSIVE else ():
        if _NAMED_LICENCE.fullmatch(row.text) and not licences_in(row.text):
            message = f"Here the licence is {short(row.text)}, the spec says {written}."
            yield license_differs.at(model.card.at(row.offset, row.text), message, _SAME_LICENCE)
    yield from _reserved(model, written if spec in _PERMISSIVE else "")
    meant = {spec, *licences_in(spec)}
    pages = (stated for page in model.cards for stated in _card_licence(page))
    lines: set[tuple[str, int]] = set()
    for stated in (*pages, *_named_licence(model), *_licence_texts(model)):
        if not stated.values or any(may_be_one(own, one) for own in meant for one in stated.values):
            continue
        where = stated.find_location()
        if (where.path, where.line) not in lines:  # a section and a sentence may be the same statement
            lines.add((where.path, where.line))
            message = f"Here the licence is {' or '.join(sorted(stated.values))}, the spec says {written}."
            yield license_differs.at(where, message, _SAME_LICENCE)


_SAME_LICENCE = "Write the same licence in both: the one under which the weights are published."
_PERMISSIVE = frozenset(
    ("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "isc", "unlicense")
)
_CLOSED = frozenset(("custom", "other", "proprietary"))
_NAMED_LICENCE = pattern(
    r"(?:(?-i:[A-Z])[\w.&'-]* ){0,4}(?!Open |Free |Software |Model |Custom |Permissive |Same |See |Original |Source )"
    r"(?:(?-i:[A-Z])[\w.&'-]* ){1,3}(?:non-?commercial |research |community |commercial )*licen[cs]e(?: agreement)?\.?"
    r"|(?:[\w.&'-]+ ){0,3}(?:internal (?:use )?only|all rights reserved|proprietary)\.?",
    re.IGNORECASE,
)
"""A licence with a name of its own."""


def _reserved(model: Described, written: object) -> Findings:
    """Words that restrict the use of the model, while its spec has an open licence."""
    for match in _NOT_SOLD.finditer(model.card.words) if written and "licen" in model.card.lowered else ():
        message = f"The card says '{short(match[0])}', and {written} of the spec allows it."
        yield license_differs.at(model.card.at(match.start(), match[0]), message, _SAME_LICENCE)
        return
    for heading in model.card.headings if written else ():
        named = _LICENCE_HEADING.fullmatch(heading.text.strip("*_ "))
        text = _first_line_below(model.card, heading.line) if named else None
        if text is not None and _FOR_FEW.match(text[0]) and not licences_in(text[0]):
            message = f"Here the licence is '{short(text[0])}', the spec says {written}."
            yield license_differs.at(model.card.at(text[1], text[0]), message, _SAME_LICENCE)


_NOT_SOLD = pattern(
    r"(?<![\w-])commercial use (?:of (?:this|the) (?:model|weights) )?is "
    r"(?:not (?:allowed|permitted|covered)|prohibited|forbidden|excluded)"
    r"|\blicen[cs]e (?:only (?:allows|permits)|(?:allows|permits) only) (?:non-?commercial|research)\b"
    r"|\blicen[cs]e (?:allows|permits) (?:non-?commercial|research)(?: and evaluation)?(?: use)? only\b",
    re.IGNORECASE,
)
_FOR_FEW = pattern(
    r"\W*(?:proprietary|confidential|all rights reserved|(?:for |only for )?(?:internal|in-house) use"
    r"|(?:the |this model is (?:the )?)?(?:exclusive |sole )?property of\b|no licen[cs]e is granted"
    r"|not (?:for|to be) (?:re)?distribut\w+|(?:research|evaluation|non-?commercial)(?: \w+){0,4} only\b"
    r"|(?:no|not for) commercial use|commercial use is (?:not|prohibited|forbidden)"
    r"|(?:only )?for (?:internal )?use (?:in|inside|within|at|by)\b[^.\n]{0,40}\bonly)\b",
    re.IGNORECASE,
)


def _open_beside_closed(model: Described, spec: str) -> Findings:
    """An open licence in a row of the card, while the spec or licenseDescription restricts the use."""
    described = model.metadata.get("licenseDescription")
    reserved = isinstance(described, str) and _RESERVED.search(described) and not licences_in(described)
    if not reserved and (spec != "proprietary" or described):
        return
    for row in of_subject(model.card, "license"):
        if (found := licences_in(row.text)) and found <= _PERMISSIVE:
            true = f"licenseDescription of {spec} reserves rights" if reserved else f"the spec says {spec}"
            message = f"Here the licence is {' or '.join(sorted(found))}, and {true}."
            yield license_differs.at(model.card.at(row.offset, row.text), message, _SAME_LICENCE)


_RESERVED = pattern(
    r"\binternal\b|\b(?:isn.t|not|without) (?:\w+ )?permi|\bprohibited|\ball rights reserved"
    r"|\bconfidential|\bproprietary",
    re.IGNORECASE,
)


def _by_identifier(card: Card, text: tuple[str, int] | None, found: frozenset[str]) -> Iterator[_Stated]:
    """The only licence identifier in inline code, in a line whose words may mean several licences."""
    ids = _IDENTIFIER.findall(text[0]) if text is not None and not _OF_OTHERS.search(text[0]) else []
    if text is not None and len(ids) == 1 and canonical(ids[0]) in KNOWN and len(found) > 1:
        yield _Stated(frozenset((canonical(ids[0]),)), partial(card.at, text[1], text[0]))


def _card_licence(card: Card) -> Iterator[_Stated]:
    """The card's statement: front matter and lines, else a section, else a sentence."""
    if card.too_large:
        return
    lines = [(stated, found) for stated in of_subject(card, "license") if (found := licences_in(stated.text))]
    for stated, found in lines:
        yield _Stated(found, partial(card.at, stated.offset, stated.text))
    for heading in card.headings:
        if _LICENCE_HEADING.fullmatch(heading.text.strip("*_ ")):
            text = _first_line_below(card, heading.line)
            shown = re.sub(r"\]\([^)]*\)", "]", text[0]) if text is not None else ""
            begun = bool(licences_in(shown[:_FIRST_WORDS])) and not _OF_OTHERS.search(shown)
            short_enough = text is not None and (not lines or len(shown) <= _SHORT_LINE or begun)
            found = licences_in(text[0]) if text is not None and short_enough else frozenset()
            if text is not None and len(found) == 1 and not _by_parts(card, card.position(text[1])[0]):
                yield _Stated(found, partial(card.at, text[1], text[0]))
            else:
                yield from _linked(card, heading.line)
            yield from _by_identifier(card, text, found)
            break
    claims = _UNDER.finditer(card.prose) if "under" in card.prose.lower() else ()
    called = _CALLED.finditer(card.prose) if "licensed " in card.lowered or "licenced " in card.lowered else ()
    sentences = [(match, licences_in(match["name"])) for match in (*claims, *called)]
    named = frozenset[str]().union(*(found for _, found in sentences))
    if len(named) == 1:
        match = next(match for match, found in sentences if found)
        yield _Stated(named, partial(card.at, match.start("name"), match["name"]))
    elif len(named) == 2:  # two sentences about the weights contradict each other
        for match, found in sentences:
            if len(found) == 1 and _WEIGHTS.match(match[0]) and not _OF_OTHERS.search(match[0]):
                yield _Stated(found, partial(card.at, match.start("name"), match["name"]))
    for badge in _BADGE.finditer(card.source) if "/badge/" in card.source else ():
        shown = unquote(badge["name"]).replace("--", "\n").replace("_", " ").replace("\n", "-")
        if of_badge := licences_in(shown):
            yield _Stated(of_badge, partial(card.at, badge.start("name"), shown))


def _by_parts(card: Card, line: int) -> bool:
    """Whether a list that begins in this line gives parts of the project licences of their own."""
    items = [_PART.match(one) for one in card.lines[line - 1 : line + 5]]
    given = [licences_in(match["licence"]) for match in items if match]
    return len(given) > 1 and bool(given[0]) and any(one and one.isdisjoint(given[0]) for one in given)


_PART = pattern(r"\s*[-*+] [^:\n]{2,60}: ?(?P<licence>[^\n]+)")


def _linked(card: Card, line: int) -> Iterator[_Stated]:
    """The licence whose page the card's licence section links, where it links just one."""
    end = min((heading.line for heading in card.headings if heading.line > line), default=len(card.lines) + 1)
    start, stop = card.starts[line - 1], card.start_of(end - 1)
    links = [(link, licence_of_page(link.url)) for link in card.links if start <= link.start < stop]
    named = [(link, found) for link, found in links if found]
    if len({found for _, found in named}) == 1 and not _OF_OTHERS.search(card.source[start:stop]):
        link, found = named[0]
        yield _Stated(frozenset((found,)), partial(card.at, link.url_start, link.url))


_IDENTIFIER = pattern(r"`([a-z0-9][a-z0-9.+-]{2,30})`")

_OF_NAME = pattern(
    r"^(?P<subject>[A-Z][\w.-]{2,30}) (?:is|are) (?:released|licen[cs]ed|distributed|published) under"
    r" (?:an? |the )?(?P<name>[^\n]{0,60}?\blicen[cs]e\b)",
    re.MULTILINE,
)


def _named_licence(model: Described) -> Iterator[_Stated]:
    """A line that begins with a word of the model's name and states its licence."""
    own = re.split(r"[^a-z0-9.]+", model.name.lower())
    derived = "tuned" in model.card.lowered or any(of_subject(model.card, "base"))  # its base model has that word, too
    for match in _OF_NAME.finditer(model.card.prose) if not derived and " under " in model.card.prose else ():
        found = licences_in(match["name"])
        if match["subject"].lower() in (model.name.lower(), *own) and len(found) == 1:
            yield _Stated(found, partial(model.card.at, match.start("name"), match["name"]))


_SHORT_LINE = 80
"""A longer line below a heading may be about code or data."""

_FIRST_WORDS = 30
"""A line that begins with a licence states it, however long it is."""

_WEIGHTS = pattern(r"(?:model|weights)\b", re.IGNORECASE)
_OF_OTHERS = pattern(r"\b(?:base|code|data\w*|original|either|or|dual\w*|parent|previous\w*)\b", re.IGNORECASE)
_BADGE = pattern(r"/badge/licen[cs]e-(?P<name>(?:[^-\s)\"?]|--){2,40})-", re.IGNORECASE)


def _first_line_below(card: Card, line: int) -> tuple[str, int] | None:
    for number in range(line, min(line + 4, len(card.lines))):
        text = card.lines[number].strip()
        if text.startswith("#"):
            return None
        if text:
            return (text, card.starts[number]) if len(text) <= 300 else None
    return None


def _licence_texts(model: Described) -> Iterator[_Stated]:
    for page in model.licences:
        if found := licence_of_text(page.text):
            yield _Stated(frozenset((found,)), partial(page.passage, 1, 1, page.lines[0]))
    described = model.metadata.get("licenseDescription")
    if isinstance(described, str):
        found = licence_of_text(described)
        under = _TERMS.search(described)
        named = licences_in(under["name"] if under else described if len(described) < _SHORT else "")
        values = frozenset((found,)) if found else named
        if len(values) == 1:
            yield _Stated(values, partial(model.where, "licenseDescription"))


_TERMS = pattern(r"\blicen[cs]ed under (?:the )?(?P<name>[^;(\n]{2,60})", re.IGNORECASE)
_SHORT = 400
"""A longer description is a licence text, which may name other licences."""

_CLASSES = {
    "ForMaskedLM": "fill-mask",
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForImageClassification": "image-classification",
    "ForObjectDetection": "object-detection",
    "ForAudioClassification": "audio-classification",
    "ForCTC": "automatic-speech-recognition",
    "ForSemanticSegmentation": "image-segmentation",
    "ForSpeechSeq2Seq": "automatic-speech-recognition",
}
"""Suffixes of transformers' classes, and the task for each.

Source: https://huggingface.co/docs/transformers/model_doc/auto
"""


_SEES = pattern(r"image|vision|visual|audio")
"""Keys of config.json for models that take more than text."""

_OF_MEDIA = frozenset(
    {"object-detection", "image-object-detection", "image-classification", "image-segmentation", "depth-estimation"}
) | {"image-instance-segmentation", "automatic-speech-recognition", "audio-classification", "mask-generation"}
"""Tasks of images and sound. A class for text often serves several tasks."""

_ADAPTED = {"SEQ_CLS": "text-classification", "TOKEN_CLS": "token-classification", "QUESTION_ANS": "question-answering"}
"""Task types of PEFT (https://huggingface.co/docs/peft/package_reference/peft_types) that serve just one task."""


@rule("MATCH006", "task-differs", Severity.WARNING, "Card or configuration and spec name different tasks.")
def task_differs(model: Described) -> Findings:
    """A task in the card or a class in config.json that serves none of the spec's tasks."""
    tasks = [task for task in tasks_of(model) if task in KNOWN_TASKS]
    if not tasks or len(tasks) < len(tasks_of(model)):
        return
    every = (*tasks, *tasks_of(model, "fineTuningTasks"))
    for stated in of_subject(model.card, "task"):
        named = re.split(r"\s*,\s*", stated.text.strip("`*_ ").lower().replace("_", "-"))
        slugs = [re.sub(r"\s+", "-", name.strip("`")) for name in named]
        if slugs and all(slug in KNOWN_TASKS for slug in slugs) and not any(tasks_agree(slug, every) for slug in slugs):
            message = f"The card gives {short(stated.text)} as the task, the spec {', '.join(tasks)}."
            yield task_differs.at(model.card.at(stated.offset, stated.text), message, "Write the same task in both.")
            break
    yield from _sample_tables(model, tasks)
    kind = str(model.adapter.get("task_type"))
    if (meant := _ADAPTED.get(kind)) and not tasks_agree(meant, every):
        message = f"The task is {', '.join(tasks)}, and task_type of adapter_config.json {kind}, which is for {meant}."
        hint = f"Write {meant}, or use an adapter for {tasks[0]}."
        yield task_differs.at(model.where("tasks.inferenceTasks"), message, hint)
    for name in _architectures(model):
        meant = next((task for ending, task in _CLASSES.items() if name.endswith(ending)), None)
        served = frozenset(tasks_of_class(name) if meant is None and _OF_MEDIA.issuperset(every) else ())
        if served and served.isdisjoint(task.name for one in every if (task := find_task(one)) is not None):
            meant = min(served)
        if meant == "text-generation" and any(_SEES.search(key) for key in model.settings):
            continue  # FuyuForCausalLM answers about images in text
        headless = re.search(r"[a-z0-9](?<!Head)(?<!Heads)(?<!For)Model$", name) and _HEADED.issuperset(every)
        headless = headless and "text-classification" not in every  # setfit puts a head of its own on top
        meant = "embeddings" if headless and meant is None else meant
        own = tuple(tasks) if _HEADED.issuperset(tasks) and meant in _HEADED else every
        if meant is not None and not tasks_agree(meant, own) and not tasks_agree("embeddings", every):
            message = f"The task is {', '.join(tasks)}, and the weights' config.json has {name}, which is for {meant}."
            hint = f"Write {meant}, or use weights for {tasks[0]}."
            yield task_differs.at(model.where("tasks.inferenceTasks"), message, hint)


_HEADED = frozenset({"text-classification", "token-classification", "question-answering", "image-classification"}) | {
    *("object-detection", "audio-classification", "image-segmentation", "summarization", "translation")
}
"""Tasks that need a layer of their own on top of a model."""


def _sample_tables(model: Described, tasks: list[str]) -> Findings:
    """A table of fine-tuning or evaluation samples with none of the spec's tasks."""
    tuned = [task for task in tasks_of(model, "fineTuningTasks") if task in KNOWN_TASKS]
    for table in model.card.tables:
        above = next((one.text.lower() for one in reversed(model.card.headings) if one.line < table.header.line), "")
        if "sample" not in above or table.header.cells[0].text.strip("*_` ").lower() != "task":
            continue
        cells = [row.cells[0] for row in table.rows if row.cells]
        slugs = [re.sub(r"[\s_]+", "-", cell.text.strip("*_` ").lower()) for cell in cells]
        if not KNOWN_TASKS.issuperset(slugs) or not cells:
            continue
        own = tuned or (tasks if _HEADED.issuperset(tasks) else []) if "tun" in above else tasks
        if own and not any(tasks_agree(slug, tuple(own)) for slug in slugs):
            message = f"'{short(above)}' has {short(cells[0].text)}, and the spec has {', '.join(own)}."
            hint = "Write the tasks of the spec, with samples for them, or correct the spec."
            yield task_differs.at(model.card.place_of(cells[0]), message, hint)


def _architectures(model: Described) -> tuple[str, ...]:
    return classes_of(model.settings) or (model.lock.model.architectures if model.lock is not None else ())


@rule("MATCH007", "languages-differ", Severity.WARNING, "Card and spec name different languages.")
def languages_differ(model: Described) -> Findings:
    """Languages in front matter, lines, lists and sentences of the card that differ from the spec's."""
    for wrong in wrong_languages(model):
        yield languages_differ.at(*wrong)


@rule("MATCH017", "data-sets-differ", Severity.WARNING, "Card and spec name different data sets.")
def data_sets_differ(model: Described) -> Findings:
    """A training data set in one place that all others contradict."""
    for one, agreed in wrong_data_sets(model):
        yield data_sets_differ.at(one.where, message_of(one, agreed), "Write the same data set in both.")
