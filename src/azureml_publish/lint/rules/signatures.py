"""Rules on samples, tables and tasks that contradict MLmodel."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from azureml_publish.content.packaging.transformers_facts import find_task
from azureml_publish.diagnostics import Severity
from azureml_publish.documents import KeyPath
from azureml_publish.lint.cards.answers import records, wrong_answers
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.numerals import NUMERALS, number_of
from azureml_publish.lint.cards.sample_values import columns_in_code, examples, wrong_inputs, wrong_outputs
from azureml_publish.lint.cards.samples import Column, inputs, outputs, place_in, signature, tensor_type
from azureml_publish.lint.cards.statements import labelled
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.names.tasks import tasks_agree
from azureml_publish.lint.subject import Described, SampleText
from azureml_publish.patterns import pattern


@rule("SMPL002", "sample-signature-mismatch", Severity.ERROR, "A sample input does not fit MLflow's signature.")
def sample_signature_mismatch(model: Described) -> Findings:
    """A sample input with other columns than MLflow's signature, which refuses it before the model runs.

    Source: MLflow, Model Signature: column names are matched, missing required ones and unknown types are errors
    (https://mlflow.org/docs/latest/ml/model/signatures/).
    """
    for sample, message in wrong_inputs(model):
        yield sample_signature_mismatch.at(place_in(sample, ()), message, "Send what the model takes.")
    columns = signature(model.mlmodel)
    if columns is None:
        return
    for where, message in columns_in_code(model, [one.name for one in columns if one.name]):
        yield sample_signature_mismatch.at(where, message, "Send what the model takes.")
    for sample, data in (*inputs(model), *examples(model)):
        if not isinstance(data, Mapping):
            continue
        key = next((key for key in _FORMS if data.get(key) is not None), None)
        bare = key is None and {"columns", "data"} <= data.keys()  # MLflow's form of an example
        if key is None and not bare:
            continue
        path, given = ((key,), data[key]) if key is not None else ((), data)
        if not _is_chat(given) and (wrong := _mismatch(given, columns)):
            yield sample_signature_mismatch.at(place_in(sample, path), *wrong)
        else:
            yield from _values(sample, path, given, columns)
    yield from _tables(model, columns)


def _values(sample: SampleText, path: KeyPath, given: Any, columns: Sequence[Column]) -> Findings:
    """Text where the signature takes a number, or a fraction where it takes a whole number: MLflow refuses both."""
    names, rows = (given.get("columns"), given.get("data")) if isinstance(given, Mapping) else (None, None)
    kinds = {column.name: column.type for column in columns}
    if not isinstance(names, list) or not isinstance(rows, list):
        return
    for number, row in enumerate(rows):
        for name, value in zip(names, row, strict=False) if isinstance(row, list) else ():
            kind = kinds.get(str(name), "")
            fraction = kind in ("long", "integer") and isinstance(value, float) and not value.is_integer()
            no_text = kind == "string" and isinstance(value, int | float) and not isinstance(value, bool)
            if fraction or no_text or (kind in _NUMBERS and isinstance(value, str)):
                message = f"Row {number + 1} has {short(json.dumps(value))} for '{name}', which is {kind} in MLmodel."
                meant = "a string" if no_text else f"a{' whole' * fraction} number"
                hint = f"Write {meant}, or fix the signature."
                yield sample_signature_mismatch.at(place_in(sample, (*path, "data", number)), message, hint)
                return


def _tables(model: Described, columns: Sequence[Column]) -> Findings:
    """A table in the card with most columns of the signature, and another name or type for one."""
    kinds = {column.name: column.type for column in columns if column.name}
    known = {*kinds, *(column.name for column in signature(model.mlmodel, "outputs") or ())}
    for match in model.card.near(_COUNTED, "input column"):
        if (count := number_of(match[1])) != len(columns):
            yield sample_signature_mismatch.at(
                model.card.at(match.start(), match[0]),
                f"The card says '{match[0]}', and MLmodel's signature has {len(columns)}, not {count:.0f}.",
                "Write the columns as the signature in MLmodel has them.",
                severity=Severity.WARNING,
            )
    for table in model.card.tables if len(kinds) > 1 else ():
        heads = [cell.text.strip("*_ ").lower() for cell in table.header.cells]
        typed = next((number for number, head in enumerate(heads) if _TYPE_HEAD.fullmatch(head)), 0)
        rows = [(row, row.cells[0].text.strip("`*_ ")) for row in table.rows if len(row.cells) == len(heads)]
        named = {name for _, name in rows}
        missing = [name for name in kinds if name not in named]
        if not _NAME_HEAD.fullmatch(heads[0]) or len(missing) * 2 > len(kinds) or len(rows) < len(kinds):
            continue
        for row, name in rows:
            written = _KINDS.get(row.cells[typed].text.strip("`*_ ").lower()) if typed else None
            if name in kinds and written and _KINDS.get(kinds[name], written) != written:
                message = (
                    f"The card says that '{name}' is {row.cells[typed].text}; MLmodel's signature has {kinds[name]}."
                )
            elif name not in known and missing and len(rows) == len(kinds):
                message = f"The card lists a column '{short(name)}'; MLmodel's signature has {_quoted(missing)}."
            else:
                continue
            where = model.card.passage(row.line, row.cells[0].column, name)
            hint = "Write the columns as the signature in MLmodel has them."
            yield sample_signature_mismatch.at(where, message, hint, severity=Severity.WARNING)


_COUNTED = pattern(rf"\b([0-9]{{1,3}}|{'|'.join(NUMERALS[1:11])}) input columns?\b", re.IGNORECASE)
_NAME_HEAD = pattern(r"(?:input |feature )?(?:columns?|features?|inputs?|fields?|variables?|names?)(?: name)?")
_TYPE_HEAD = pattern(r"(?:data ?)?types?|dtype")
_KINDS = {
    **dict.fromkeys(("double", "float", "long", "integer", "int", "int32", "int64", "float32", "float64"), "number"),
    **dict.fromkeys(("string", "str", "text"), "text"),
    **dict.fromkeys(("boolean", "bool"), "truth"),
}


_FORMS = ("input_data", "dataframe_split", "dataframe_records")
"""Keys of a request whose value has the columns: Azure ML's own and MLflow's."""


def _is_chat(given: Any) -> bool:
    """Whether an input is a conversation, whose messages are one value rather than rows."""
    return isinstance(given, list) and all(isinstance(one, Mapping) and "role" in one for one in given)


def _mismatch(given: Any, columns: Sequence[Column]) -> tuple[str, str] | None:
    """Message and hint for an input without the signature's columns; unclear inputs are accepted."""
    names = [column.name for column in columns]
    named = _names(given)
    wanted = _quoted(names)
    if not any(names):
        if named:
            return (
                f"The sample input has the columns {_quoted(named)}; MLflow's signature takes values without names.",
                f'Write a list: "input_data": [...] with a {columns[0].type} in each place.',
            )
        return None
    if named is None:
        return (
            None
            if len(columns) == 1
            else (
                f"The sample input names no columns; MLflow's signature takes {wanted}.",
                'Write {"columns": [...], "index": [...], "data": [[...], ...]}, or one list a column.',
            )
        )
    missing = [column.name for column in columns if column.required and column.name not in named]
    extra = [name for name in named if name not in names and name not in ("params", "parameters")]
    if not missing and not extra:
        return None
    parts = [f"lacks {_quoted(missing)}"] if missing else []
    parts += [f"has {_quoted(extra)}"] if extra else []
    return (
        f"The sample input {' and '.join(parts)}; MLflow's signature takes {wanted}.",
        "Name the columns as the signature in MLmodel does, or fix the signature.",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _names(given: Any) -> list[str] | None:
    """The column names of an input: split-oriented, by column, or as records; None without names."""
    if isinstance(given, Mapping):
        rows = given.get("data")
        if "columns" not in given and isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows):
            return _names(rows)
        columns = given.get("columns", list(given))
        return [str(name) for name in columns] if isinstance(columns, list) else None
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        return list(dict.fromkeys(str(name) for row in given for name in row))
    return None


@rule("SMPL008", "sample-output-mismatch", Severity.WARNING, "A sample output does not fit MLflow's signature.")
def sample_output_mismatch(model: Described) -> Findings:
    """A sample output whose records lack a column of the signature. Outputs without names are not judged."""
    columns = signature(model.mlmodel, "outputs")
    names = [column.name for column in columns or () if column.name and column.required]
    for unlike in wrong_answers(model):
        severity = None if unlike.certain else Severity.INFO
        yield sample_output_mismatch.at(place_in(unlike.sample, ()), unlike.message, unlike.hint, severity=severity)
    yield from _labels(model)
    for sample, message in wrong_outputs(model):
        yield sample_output_mismatch.at(place_in(sample, ()), message, "Show what the model answers.")
    yield from _values_of_another_type(model, columns or ())
    if not names:
        return
    for sample, data in outputs(model):
        rows = data if isinstance(data, list) else [data]
        records = [row for row in rows if isinstance(row, Mapping)]
        if not records or len(records) < len(rows):
            continue
        row = next((row for row in records if not set(names) <= row.keys()), {})
        if missing := [name for name in names if name not in row] if row else []:
            yield sample_output_mismatch.at(
                place_in(sample, ()),
                f"The sample output has {_quoted(sorted(map(str, row)))} and lacks {_quoted(missing)} of MLflow's"
                " signature.",
                "Show what the model answers, or fix the signature in MLmodel.",
            )
        kinds = {column.name: column.type for column in columns or ()}
        for name, value in ((str(name), value) for row in records for name, value in row.items()):
            if isinstance(value, str) and kinds.get(name) in (*_NUMBERS, "boolean"):
                yield sample_output_mismatch.at(
                    place_in(sample, ()),
                    f"The sample output has '{short(value)}' for '{name}', which is {kinds[name]} in MLmodel.",
                    "Show what the model answers, or fix the signature in MLmodel.",
                )
                break


_NUMBERS = frozenset({"double", "float", "long", "integer"})


_SCORED = frozenset({"text-classification", "sentiment-analysis", "image-classification", "token-classification"})
"""Tasks whose pipelines give a probability for each label."""


def _labels(model: Described) -> Findings:
    """Labels in a sample output that the configuration lacks, and scores that are not probabilities."""
    labels = model.labels
    plain = not any(re.fullmatch(r"LABEL_\d+", each) for each in labels)
    known = {form for one in labels if plain for form in (one.lower(), re.sub(r"^[BILESU]-", "", one).lower())}
    tasks = frozenset(tasks_of(model))
    for sample, data in outputs(model):
        for row in records(data):
            label, score = row.get("label", row.get("entity_group", row.get("entity"))), row.get("score")
            if known and isinstance(label, str) and label.lower() not in known:
                message = f"The sample output has the label '{short(label)}'; config.json has {_quoted(labels[:5])}."
            elif wrong := _no_probability(score if isinstance(label, str) else None, row.get("probs"), tasks):
                message = f"The sample output has the score {wrong:g}; a probability is from 0 to 1."
            elif lengths := _lengths(row):
                message = f"The sample output has {lengths[0]} `probs` and {lengths[1]} `labels`."
            else:
                continue
            yield sample_output_mismatch.at(place_in(sample, ()), message, "Show what the model answers.")
            return


def _no_probability(score: Any, probs: Any, tasks: frozenset[str]) -> float | None:
    """A score that is not a probability, for tasks that give probabilities; rerankers do not."""
    numbers = [score, *(probs if isinstance(probs, list) else ())]
    found = (one for one in numbers if isinstance(one, int | float) and not isinstance(one, bool))
    below = 0 if tasks & _OF_IMAGES else float("-inf")
    return next((one for one in found if one > 1 or one < below), None) if tasks & (_SCORED | _OF_IMAGES) else None


_OF_IMAGES = frozenset({"image-classification", "object-detection", "image-object-detection"})


def _lengths(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """The numbers of probabilities and labels in a record, where they differ."""
    one, other = row.get("probs"), row.get("labels")
    if not isinstance(one, list) or not isinstance(other, list) or len(one) == len(other):
        return None
    return len(one), len(other)


def _values_of_another_type(model: Described, columns: Sequence[Column]) -> Findings:
    """Text in an output whose only column is a number, or the other way round."""
    wanted = columns[0].type if len(columns) == 1 else tensor_type(model.mlmodel, "outputs")
    if not wanted:
        return
    for sample, data in outputs(model):
        values = data if isinstance(data, list) else []
        numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
        texts = [isinstance(value, str) for value in values]
        of_numbers = wanted in _NUMBERS or re.fullmatch(r"u?int\d*|float\d*", wanted) is not None
        if values and ((wanted == "string" and any(numbers)) or (of_numbers and any(texts))):
            listed = "texts" if of_numbers else "numbers"
            message = f"The sample output lists {listed}; MLflow's signature gives {wanted}."
            hint = "Show what the model answers, or fix the signature in MLmodel."
            yield sample_output_mismatch.at(place_in(sample, ()), message, hint)


@rule("SMPL005", "signature-missing", Severity.INFO, "MLmodel has no signature.")
def signature_missing(model: Described) -> Findings:
    """An MLmodel without a signature: MLflow does not check inputs, and clients learn no types."""
    document = model.mlmodel
    if document is None or not isinstance(document.data, Mapping) or document.data.get("signature"):
        return
    message = "MLmodel has no signature, so nothing checks an input before the model gets it."
    hint = "Log the model with an input example or a signature (mlflow.models.infer_signature)."
    yield signature_missing.at(document.location(("signature",)), message, hint)


_SAME = (
    ("fill-mask",),
    ("text-classification", "sentiment-analysis"),
    ("zero-shot-classification", "text-classification"),
    ("token-classification", "ner", "named-entity-recognition"),
    ("question-answering",),
    ("summarization", "text2text-generation", "text-summarization"),
    ("translation", "text-translation", "text2text-generation"),
    ("text-generation", "chat-completion", "conversational", "completions", "text-to-text"),
    ("automatic-speech-recognition", "speech-recognition"),
    ("embeddings", "feature-extraction", "sentence-similarity"),
)
"""Tasks of text and speech; those in one row are equivalent or serve each other. Other tasks are not judged: their
names differ between tools."""


@rule("SPEC022", "task-vs-mlmodel", Severity.WARNING, "The task is not the one that MLmodel was logged for.")
def task_vs_mlmodel(model: Described) -> Findings:
    """A task other than the one that MLmodel was logged for."""
    logged = _logged(model) or ""
    task = next(iter(tasks_of(model)), None)
    if task is None:
        return
    yield from _of_tables(model, task)
    one, other = _plain(task), _plain(logged)
    if _apart(one, other) or _by_other_classes(task, logged):
        message = f"The task is {task}, and MLmodel was logged for {logged}."
        hint = f"Write {other}, or log the model for {task}: samples and endpoints follow the task."
        yield task_vs_mlmodel.at(model.where("tasks.inferenceTasks"), message, hint)
        return
    metadata = model.logged_metadata
    base, every = metadata.get("base_model_task"), (*tasks_of(model), *tasks_of(model, "fineTuningTasks"))
    if not isinstance(base, str) or metadata.get("is_finetuned_model") is not False:
        return
    if not _by_other_classes(base, logged) and all(_apart(_plain(one), _plain(base)) for one in every):
        message = f"The task is {task}, and MLmodel's base_model_task is {base}."
        hint = "Write the task that the model was logged for in both."
        yield task_vs_mlmodel.at(model.where("tasks.inferenceTasks"), message, hint)


_ESTIMATOR = pattern(r"\b[A-Z]\w*(?P<kind>Classifier|Regressor)\b")
_NOT_OF = {"tabular-regression": "Classifier", "tabular-classification": "Regressor"}


def _of_tables(model: Described, task: str) -> Findings:
    """A classifier for a regression task, or the other way round, by the signature or the estimator's row."""
    columns, wrong = signature(model.mlmodel, "outputs") or (), ""
    if task == "tabular-regression" and columns and all(one.type in ("string", "boolean") for one in columns):
        named = _quoted([one.name or one.type for one in columns])
        wrong = f"the signature in MLmodel gives {named} of the type {columns[0].type}"
    rows = [text for label, text, _ in labelled(model.card) if _ESTIMATED.fullmatch(label.strip("* "))]
    kinds = {match["kind"] for text in rows for match in _ESTIMATOR.finditer(text)} if task in _NOT_OF else set()
    if wrong or (kinds and kinds == {_NOT_OF.get(task)}):
        message = f"The task is {task}, and {wrong or f'the card names a {min(kinds)}'}."
        hint = "Write the task that the model was trained for."
        yield task_vs_mlmodel.at(model.where("tasks.inferenceTasks"), message, hint)


_ESTIMATED = pattern(r"(?:estimator|algorithm|model|model (?:type|class)|class|architecture)", re.IGNORECASE)


def _apart(one: str, other: str) -> bool:
    """Whether two words are known tasks that are not equivalent."""
    known = {word for row in _SAME for word in row}
    return one in known and other in known and not any(one in row and other in row for row in _SAME)


def _by_other_classes(one: str, other: str) -> bool:
    """Whether transformers serves two tasks by different classes."""
    mine, theirs = find_task(one), find_task(other)
    if mine is None or theirs is None or not mine.models or not theirs.models or tasks_agree(one, (other,)):
        return False
    return not {*mine.models} & {*theirs.models}


def _logged(model: Described) -> str | None:
    """The task of the flavour that serves the model."""
    for flavour, key in (("transformers", "task"), ("hftransformersv2", "task_type"), ("hftransformers", "task_type")):
        if isinstance(task := model.flavour(flavour).get(key), str):
            return task
    metadata = model.logged_metadata
    base = metadata.get("base_model_task")
    return base if isinstance(base, str) and metadata.get("is_finetuned_model") is not True else None


def _plain(task: str) -> str:
    """A task without languages: `translation_en_to_de` is `translation`."""
    return re.sub(r"_\w+_to_\w+$", "", task.strip().lower())
