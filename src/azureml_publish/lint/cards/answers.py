"""Sample outputs against the sample inputs that they answer: how many there are, and whether they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.samples import inputs, outputs
from azureml_publish.lint.names.languages import DISTINGUISHED, NAMES, language_of
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.subject import Described, SampleText


class WrongAnswer(NamedTuple):
    """A sample output that does not answer its input. `certain` is false where people may have shortened it."""

    sample: SampleText
    message: str
    hint: str
    certain: bool = True


def wrong_answers(model: Described) -> Iterator[WrongAnswer]:
    """Where a model's sample outputs contradict its sample inputs; compared only where it has as many of both."""
    given = [data["input_data"] for _, data in inputs(model) if isinstance(data, Mapping) and "input_data" in data]
    shown = list(outputs(model))
    for one, (sample, data) in zip(given, shown, strict=False) if len(given) == len(shown) else ():
        yield from _wrong_answer(model, one, sample, data)


def _wrong_answer(model: Described, given: Any, sample: SampleText, data: Any) -> Iterator[WrongAnswer]:
    rows = given.get("data") if isinstance(given, Mapping) and "columns" in given else given
    sent = rows if isinstance(rows, list) else []
    if any(isinstance(one, Mapping) and "role" in one for one in sent):
        return  # a conversation
    texts = list(texts_in(given))
    yield from _counts(model, sample, data, sent)
    yield from _spans(sample, data, texts)
    if "question-answering" in tasks_of(model):
        yield from _extracted(sample, data, sent if isinstance(data, list) and len(sent) == len(data) else [], texts)
    if (pair := variant_of(model.name).stated.get("pair")) and len(pair) == 1:
        yield from _translated(sample, data, min(pair).partition("-")[2])


def texts_in(value: Any, depth: int = 5) -> Iterator[str]:
    """Every string in JSON data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list) and depth:
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(one, depth - 1)


_ONE_EACH = frozenset({"fill-mask", "translation", "text-translation", "summarization", "automatic-speech-recognition"})
"""Tasks that answer each text or sound with one value."""

_ONE_RECORD = frozenset(
    {"text-classification", "sentiment-analysis", "image-classification", "object-detection", "question-answering"}
) | {"tabular-classification", "tabular-regression"}
"""Tasks that answer each text, image or row with one record or several."""

_ONE_LABEL = _ONE_RECORD - {"object-detection"}
"""Those that answer each input with the same number of records."""


def _counts(model: Described, sample: SampleText, data: Any, sent: list[Any]) -> Iterator[WrongAnswer]:
    """An output whose number of values does not fit the number of inputs."""
    tasks, values = tasks_of(model), data if isinstance(data, list) else []
    if not values or not sent:
        return
    plain = all(isinstance(one, str) for one in (*values, *sent)) and _ONE_EACH.intersection(tasks)
    answers = all(isinstance(one, str) for one in values) and "question-answering" in tasks
    mapped = all(isinstance(one, Mapping) for one in values) and _ONE_RECORD.intersection(tasks)
    numbers = len(sent) > 1 and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    if (len(values) != len(sent) and (plain or answers or numbers)) or (len(values) < len(sent) and mapped):
        message = f"The sample input has {len(sent)} texts or rows, and the sample output has {len(values)} answers."
        yield WrongAnswer(sample, message, "Show one answer for each input.", certain=not mapped)
    elif mapped and len(sent) > 1 and _ONE_LABEL.intersection(tasks) and len(values) % len(sent):
        message = f"The sample input has {len(sent)} texts or rows, and the sample output {len(values)} results."
        yield WrongAnswer(sample, message, "Show as many results for each input as the model gives.")


def _spans(sample: SampleText, data: Any, texts: list[str]) -> Iterator[WrongAnswer]:
    """A word in an output whose `start` and `end` are not where it is in the input."""
    for record in records(data):
        start, end = record.get("start"), record.get("end")
        word = next((record[key] for key in ("word", "answer", "text") if isinstance(record.get(key), str)), "")
        plain = re.sub(r"^(?:##|\u0120|\u2581)", "", word).strip()
        if not plain or not isinstance(start, int) or not isinstance(end, int):
            continue
        holding = [text for text in texts if plain.lower() in text.lower()]
        if not holding:
            message = f"'{short(plain)}' in the sample output is not in the sample input."
        elif not any(text[start:end].strip().lower() == plain.lower() for text in holding):
            message = f"Characters {start} to {end} of the sample input are not '{short(plain)}'."
        else:
            continue
        yield WrongAnswer(sample, message, "Show what the model answers to this input.")
        return


def records(data: Any, depth: int = 4) -> Iterator[Mapping[str, Any]]:
    """Every object in an output, at any depth: detected objects, for example, are nested in their images."""
    if isinstance(data, Mapping):
        yield data
    inner = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    for one in inner if depth else ():
        yield from records(one, depth - 1)


def _extracted(sample: SampleText, data: Any, rows: list[Any], texts: list[str]) -> Iterator[WrongAnswer]:
    """An answer that should be a part of its context and is not."""
    values = data if isinstance(data, list) else [data]
    for number, one in enumerate(values):
        answer = one.get("answer") if isinstance(one, Mapping) else one
        own = list(texts_in(rows[number])) if rows else texts
        if isinstance(answer, str) and answer and not any(answer.lower() in text.lower() for text in own):
            message = f"The answer '{short(answer)}' is in no context of the sample input that it answers."
            yield WrongAnswer(sample, message, "Show what the model answers: a part of the context.")
            return


def _translated(sample: SampleText, data: Any, target: str) -> Iterator[WrongAnswer]:
    """A translation into another language than the one at the end of the model's name."""
    shown = language_of(" ".join(texts_in(data)))
    if shown and shown != target and target in DISTINGUISHED:
        message = (
            f"The sample output is in {NAMES[shown].title()}, and the model translates into {NAMES[target].title()}."
        )
        yield WrongAnswer(sample, message, "Show what the model answers to this input.")
