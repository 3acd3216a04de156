"""Rules on sample inputs and outputs, in files or in cards."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import KeyPath, mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.samples import (
    NotJsonError,
    inputs,
    is_fragment,
    is_offered,
    json_texts,
    left_out,
    parse_sample,
    place_in,
    signature,
)
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.names.tasks import KNOWN_TASKS
from azureml_publish.lint.subject import Described, SampleText
from azureml_publish.patterns import pattern
from azureml_publish.project import BROKEN_SAMPLE


@finds(BROKEN_SAMPLE)
def invalid_sample_json(model: Described) -> Findings:
    """A sample fence that is not JSON. Reading a model folder reports its sample files."""
    for sample in json_texts(model):
        try:
            parse_sample(sample.text)
        except NotJsonError as error:
            mark = left_out(sample.text)
            if sample.name != "input" and (mark or is_fragment(sample.text)):
                continue
            why, hint = str(error), _NO_JSON
            if mark and sample.text.split("\n")[error.line - 1].startswith(mark, error.column - 1):
                why, hint = (
                    f"{mark} stands for a value",
                    "Write a value that can be sent, or put this into quotes.",
                )
            yield invalid_sample_json.at(
                sample.place(error.line, error.column),
                f"The sample is not JSON: {why}.",
                hint,
                severity=Severity.WARNING,  # a card can be shown all the same; a file cannot be read
            )


_NO_JSON = "Fix the JSON here or just before; for what is not JSON, write another word after the fence's ```."


@rule("SMPL003", "sample-row-width", Severity.ERROR, "A sample's row has more or fewer values than there are columns.")
def sample_row_width(model: Described) -> Findings:
    """A split-oriented sample whose rows have more or fewer values than there are columns.

    Source: pandas, DataFrame: rows that are wider than the columns, or all of them narrower, raise ValueError ("2
    columns passed, passed data had 1 columns"); a single shorter row is filled up with None, hence an info then, or a
    warning where there are many.
    """
    for sample, data in inputs(model):
        if not isinstance(data, Mapping):
            continue
        key = next((key for key in _SPLIT if isinstance(data.get(key), Mapping)), "")
        if not key and model.mlmodel is None:
            continue  # other servers have forms of their own
        given = data[key] if key else data  # MLflow's form of an example
        columns, rows = given.get("columns"), given.get("data")
        if not isinstance(columns, list) or not isinstance(rows, list):
            continue
        yield from _rows(sample, (key,) if key else (), columns, rows)
        index = given.get("index")
        if isinstance(index, list) and len(index) != len(rows):
            message = f"The index names {len(index)} row{'s' * (len(index) != 1)}, but there are {len(rows)}."
            hint = "Number every row of `data` once, beginning with 0."
            yield sample_row_width.at(place_in(sample, (key, "index") if key else ("index",)), message, hint)


_FEW = 2
"""The labels of an image are the same in all rows, and only in the first."""
_SPLIT = ("input_data", "dataframe_split")
"""Keys of a request with columns and rows: Azure ML's own and MLflow's."""


def _rows(sample: SampleText, path: KeyPath, columns: Sequence[Any], rows: Sequence[Any]) -> Findings:
    """Rows with a wrong number of values. Rows that are mappings name their own columns."""
    widths = [len(columns) if isinstance(row, Mapping) else len(row) if isinstance(row, list) else 1 for row in rows]
    for number, width in enumerate(widths):
        if width == len(columns):
            continue
        filled = width < len(columns) == max(widths)
        yield sample_row_width.at(
            place_in(sample, (*path, "data", number)),
            f"Row {number + 1} has {width} value{'s' * (width != 1)} for {len(columns)} "
            f"column{'s' * (len(columns) != 1)}{'; the rest is read as None' * filled}.",
            f"Give a value for each of {', '.join(str(name) for name in columns)}, if only an empty one.",
            severity=(Severity.WARNING if len(columns) > _FEW else Severity.INFO) if filled else None,
        )


_WORDS = (
    *("input_data", "input_string", '"messages"', '"inputs"', '"prompt"', "dataframe_split", '"params"'),
    *('"text"', '"image"', '"query"', "curl ", "messages=", "invoke("),
)
"""Words in requests to models."""

_TITLE = pattern(
    r"\b(sample|example)s?\b.*\b(inputs?|requests?|payload|prompt|usage)\b"
    r"|\b(inputs?|requests?) (format|schema|data|example|sample)s?\b|\bprompt (format|template)",
    re.IGNORECASE,
)


@rule("SMPL004", "sample-missing", Severity.WARNING, "No sample input is shown for a model that can be deployed.")
def sample_missing(model: Described) -> Findings:
    """A model that can be deployed without a sample of what to send it."""
    if not is_offered(model) or any(sample.name == "input" for sample in model.samples):
        return
    if not any(_shows(page) for page in model.cards):
        message = "The model can be deployed, but neither its card nor its notes show a sample input."
        hint = "Add samples/input.json to a model folder, or a section 'Sample input' with a JSON fence to the card."
        yield sample_missing.at(model.card.place(1, 1), message, hint)


def _shows(page: Card) -> bool:
    if any(word in page.text for word in _WORDS):
        return True
    return any(_TITLE.search(line) for line in page.lines)


@rule("SMPL006", "sample-shape-not-the-tasks", Severity.WARNING, "A sample input does not have the shape for its task.")
def sample_shape_not_the_tasks(model: Described) -> Findings:
    """A sample input of another shape than the model's task takes on Azure ML's endpoints.

    Source: Microsoft Learn, Deploy MLflow models to online endpoints: the payload's key is `input_data`
    (https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models-online-endpoints). The shapes by
    task are those of all published samples of Azure/azureml-assets at 4b41f8ccbc (fill-mask 13 of 13,
    question-answering 4 of 4).
    """
    tasks = tasks_of(model)
    for sample, data in inputs(model):
        yield from _turns(sample, data)
        yield from _parameters(sample, data)
        yield from _lengths(sample, data, model.metadata.get("textContextWindow"))
        if model.type != "mlflow_model":
            continue
        if {*tasks} & KNOWN_TASKS and not _OF_MASKS.intersection(tasks) and (mask := _MASK.search(sample.text)):
            message = f"The sample input has {mask[0]}, as for a fill-mask model; this one is for {tasks[0]}."
            yield sample_shape_not_the_tasks.at(sample.place(1, 1), message, f"Show what a model for {tasks[0]} takes.")
            continue
        if not isinstance(data, Mapping) or "input_data" not in data:
            key = next(iter(data), "") if isinstance(data, Mapping) else ""
            kept = sample.place(1, 1).path.endswith("input_example.json")  # by MLflow, in the form of its own server
            if (key in _OTHER_SERVERS and not kept) or key in _MISSPELLED:
                yield sample_shape_not_the_tasks.at(
                    place_in(sample, tuple(data)[:1]),
                    f"The sample input begins with '{next(iter(data))}'; an endpoint of an MLflow model reads "
                    "'input_data'.",
                    'Write {"input_data": ...}, with `params` beside it where the model takes any.',
                    severity=Severity.INFO if key in _OTHER_SERVERS and not _of_azure(model) else None,
                )
            continue
        for task in tasks if signature(model.mlmodel) is None else ():  # else SMPL002 compares with the signature
            shape = _SHAPES.get(task)
            if shape and not shape[0](data["input_data"], model):
                where = place_in(sample, ("input_data",))
                yield sample_shape_not_the_tasks.at(
                    where, f"A model for {task} takes {shape[1]}; this is something else.", shape[2]
                )


_ROLES = frozenset({"system", "user", "assistant", "tool", "function", "developer", "ipython", "context"}) | {
    *("model", "human", "bot", "ai", "chatbot")
}
"""Who speaks in a conversation"
" (https://learn.microsoft.com/azure/ai-foundry/reference/reference-model-inference-api)."""


_OF_OTHERS = frozenset({"human", "bot", "ai", "chatbot"})
"""Roles in data sets, which chat templates refuse."""


def _turns(sample: SampleText, data: Any) -> Findings:
    """Conversation turns with an unknown role, or without content or calls."""
    for path, turns in _lists(data, ()):
        if not turns or not all(isinstance(turn, Mapping) and "role" in turn for turn in turns):
            continue
        for index, turn in enumerate(turns):
            role = turn["role"]
            known = _ROLES - _OF_OTHERS if path[-1:] in (("messages",), ("input_string",)) else _ROLES
            if isinstance(role, str) and role.lower() not in known:
                message = f"A conversation has no role '{short(role)}'."
                hint = "Write system, user, assistant or tool."
            elif path[-1:] == ("messages",) and "message" in turn and "content" not in turn:
                message, hint = "The turn has `message`, and a server reads `content`.", "Write content."
            elif (
                not {
                    *("content", "tool_calls", "function_call", "parts", "refusal", "reasoning_content"),
                    *("message", "text"),
                }
                & turn.keys()
            ):
                message = f"The turn of {short(str(role))} has no `content`."
                hint = 'Write {"role": "...", "content": "..."}.'
            else:
                continue
            yield sample_shape_not_the_tasks.at(place_in(sample, (*path, index, "role")), message, hint)
            return


def _lists(data: Any, path: KeyPath, depth: int = 4) -> Iterator[tuple[KeyPath, list[Any]]]:
    if isinstance(data, list):
        yield path, data
    elif isinstance(data, Mapping) and depth:
        for key, value in data.items():
            yield from _lists(value, (*path, key), depth - 1)


_PARAMETERS = (
    *("max_new_tokens", "max_tokens", "max_length", "min_length", "min_new_tokens", "max_time", "temperature", "top_p"),
    *("top_k", "typical_p", "do_sample", "num_beams", "repetition_penalty", "presence_penalty", "frequency_penalty"),
    *("length_penalty", "no_repeat_ngram_size", "num_return_sequences", "return_full_text", "early_stopping", "seed"),
    *("stop", "stop_sequences", "skip_special_tokens", "ignore_eos", "best_of", "use_cache", "max_completion_tokens"),
)
"""Parameters of generation.

Source: https://huggingface.co/docs/transformers/main_classes/text_generation, and the API of OpenAI.
"""


def _parameters(sample: SampleText, data: Any) -> Findings:
    """Misspelt or invalid parameters of generation, which are ignored or refused."""
    given = data.get("input_data", data) if isinstance(data, Mapping) else None
    for outer, held in ((("input_data",), given), ((), data)):
        for key in ("parameters", "params"):
            values = held.get(key) if isinstance(held, Mapping) else None
            for name, value in values.items() if isinstance(values, Mapping) else ():
                where = place_in(sample, (*(outer if given is not data else ()), key, name))
                if wrong := _out_of_range(name, value):
                    yield sample_shape_not_the_tasks.at(where, *wrong)
                close = difflib.get_close_matches(name, _PARAMETERS, n=1, cutoff=0.88) if len(name) > 4 else []
                if close and name not in _PARAMETERS:
                    yield sample_shape_not_the_tasks.at(
                        where, f"There is no parameter '{short(name)}'.", f"Write {close[0]}."
                    )
        if given is data:
            return


_RANGES: Mapping[str, tuple[float, float]] = {"top_p": (0, 1), "temperature": (0, 5)}


def _out_of_range(name: str, value: Any) -> tuple[str, str] | None:
    """Message and hint for a parameter that is not a number, or is out of range."""
    if name in (*_RANGES, "max_new_tokens", "max_tokens", "top_k") and isinstance(value, str):
        return f"The parameter {name} is text: '{short(value)}'.", "Write it as a number, without quotes."
    low, high = _RANGES.get(name, (0, 0))
    if high and isinstance(value, int | float) and not low <= value <= high:
        return f"The parameter {name} is {value}, which no model accepts.", f"Write a number between {low} and {high}."
    return None


def _lengths(sample: SampleText, data: Any, most: object) -> Findings:
    """More output tokens than the model's whole context."""
    held = [((), data), *(((key,), mapping_of(data).get(key)) for key in ("params", "parameters", "input_data"))]
    held.append((("input_data", "parameters"), mapping_of(mapping_of(data).get("input_data")).get("parameters")))
    if not isinstance(most, int) or isinstance(most, bool) or most <= 0:
        return
    for path, values in held:
        for name in ("max_tokens", "max_new_tokens", "max_completion_tokens"):
            value = mapping_of(values).get(name)
            if isinstance(value, int) and value > most:
                message = f"{name} is {value}, more than the model's whole context of {most} tokens."
                hint = f"Write less than {most}."
                yield sample_shape_not_the_tasks.at(place_in(sample, (*path, name)), message, hint)


_MASK = pattern(r"\[MASK\]|<mask>")
_OF_MASKS = frozenset({"fill-mask", "embeddings", "feature-extraction", "text2text-generation"})
"""Tasks that masked language models do not serve."""


def _of_azure(model: Described) -> bool:
    """Whether MLmodel names Azure ML's serving image, whose server reads only `input_data`."""
    return str(model.logged_metadata.get("azureml.base_image")).startswith("mcr.microsoft.com/azureml/")


_OTHER_SERVERS = ("inputs", "instances", "dataframe_split", "dataframe_records")
"""Keys that MLflow's own server reads in place of `input_data`; a deployment may use that server.

Source: MLflow, Inference Server Specification (https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/).
"""

_MISSPELLED = ("input", "inputData", "input-data", "data_input", "inputdata", "input_date", "input_dta", "imput_data")


def _texts(given: Any, model: Described) -> bool:
    if "hftransformersv2" in model.flavours:  # this flavour reads `input_string`
        return True
    return isinstance(given, list) and all(isinstance(text, str) for text in given)


def _question(given: Any, _model: Described) -> bool:
    text = str(given)
    return "question" in text and "context" in text


_SHAPES = {
    "fill-mask": (_texts, "a list of sentences", 'Write {"input_data": ["Paris is the [MASK] of France."]}.'),
    "question-answering": (
        _question,
        "questions and their contexts",
        'Give both: {"input_data": {"question": ["..."], "context": ["..."]}}.',
    ),
}
"""For each task: a test of its inputs, what they are in words, and the hint."""
