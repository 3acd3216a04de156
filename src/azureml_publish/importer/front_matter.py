"""What the makers of a model state about it in the front matter of its README.md.

The keys are those of https://huggingface.co/docs/hub/model-cards#model-card-metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.content.packaging.custom import is_somebodys_folder
from azureml_publish.documents import Document, KeyPath, parse_yaml

README = "README.md"
FINETUNING = ("text-generation-inference", "generated_from_trainer", "trl", "sft", "transformers", "peft", "lora")
"""Tags that training libraries write by themselves, which tell readers nothing."""

MOST_RESULTS = 50
"""Rows of a table of results; an index with more belongs into a file."""

_FENCED = re.compile(r"\ufeff?---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """One metric that was measured on one data set."""

    task: str
    dataset: str
    metric: str
    value: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated; empty where nothing is.

    Attributes:
        local_base: a base model that is a folder on the machine of the training, and names no model for anybody else.
    """

    license: str = ""
    license_name: str = ""
    license_link: str = ""
    task: str = ""
    library: str = ""
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    local_base: str = ""


def read_front_matter(text: str) -> tuple[Stated, str]:
    """What a README states, and a note for a person where its front matter cannot be read."""
    found = _FENCED.match(text)
    if found is None:
        return Stated(), ""
    document, wrong = parse_yaml(found["yaml"], README)
    if document is None or not isinstance(document.data, Mapping):
        line = f", line {wrong[0].location.line + 1}" if wrong and wrong[0].location.line else ""
        return Stated(), f"The front matter of {README} is not a YAML mapping ({README}{line}), so nothing is taken."
    data: Mapping[str, Any] = document.data
    bases = several(data.get("base_model"))
    named = tuple(one for one in bases if not is_somebodys_folder(one))
    return Stated(
        license=next(iter(several(data.get("license"))), ""),
        license_name=next(iter(several(data.get("license_name"))), ""),
        license_link=next(iter(several(data.get("license_link"))), ""),
        task=next(iter(several(data.get("pipeline_tag"))), ""),
        library=next(iter(several(data.get("library_name"))), ""),
        languages=several(data.get("language")),
        datasets=several(data.get("datasets")),
        base_models=named,
        keywords=tuple(one for one in several(data.get("tags")) if ":" not in one and one not in FINETUNING),
        results=tuple(_results(data.get("model-index"), document))[:MOST_RESULTS],
        local_base=next((one for one in bases if one not in named), ""),
    ), ""


def results_table(results: Iterable[Result]) -> str:
    """The results as a Markdown table, in which no value is markup or a tag of a template; empty for none."""
    rows = [f"| {' | '.join(map(_cell, (one.task, one.dataset, one.metric, one.value)))} |" for one in results]
    return "\n".join(["| Task | Data set | Metric | Value |", "| --- | --- | --- | --- |", *rows]) if rows else ""


def _cell(text: str) -> str:
    return re.sub(r"[\\`*\[\]<>|]", r"\\\g<0>", text).replace("{", "&#123;")


def several(value: Any) -> tuple[str, ...]:
    """One text or a list of them, each once; what is neither text nor a number is left out."""
    values = value if isinstance(value, list | tuple) else [value]
    texts = (str(one).strip() for one in values if isinstance(one, str | int | float) and not isinstance(one, bool))
    return tuple(dict.fromkeys(text for text in texts if text))


def _results(index: Any, document: Document) -> Iterator[Result]:
    """Each metric of each result, its value as it is spelled."""
    for number, model in enumerate(_list(index)):
        for which, result in enumerate(_list(_map(model).get("results"))):
            task, dataset = _map(_map(result).get("task")), _map(_map(result).get("dataset"))
            for order, metric in enumerate(_list(_map(result).get("metrics"))):
                path: KeyPath = ("model-index", number, "results", which, "metrics", order, "value")
                value = _map(metric).get("value")
                if isinstance(value, bool) or not isinstance(value, int | float | str):
                    continue
                spelled = " ".join(document.spellings.get(path, str(value)).split())
                yield Result(_label(task), _label(dataset, "split"), _label(_map(metric)), spelled)


def _label(part: Mapping[str, Any], *more: str) -> str:
    """The name of a task, data set or metric, or else its type."""
    names = [*several(part.get("name")), *several(part.get("type"))][:1]
    names += [one for key in more for one in several(part.get(key))]
    return " ".join(", ".join(names).split())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
