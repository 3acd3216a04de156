"""The sample tables of a card: notebooks and scripts by task, from `sample-links.yaml` in the templates."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import decode, parse_yaml
from azureml_publish.files import UnusableFile
from azureml_publish.project import unusable_file
from azureml_publish.render.card_facts import Content
from azureml_publish.render.templates import Templates
from azureml_publish.spec import Link, ModelSpec, SampleLinks, SampleRow, read_spec

FILE = "sample-links.yaml"


@dataclass(frozen=True, slots=True)
class SampleTable:
    """A table of a card: titles and rows of Markdown cells. Columns without content are left out."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def read_sample_links(templates: Templates) -> tuple[SampleLinks, tuple[Diagnostic, ...]]:
    """The links of a project; none, with diagnostics, if its file cannot be used."""
    path = templates.find(FILE)
    if path is None:
        return SampleLinks(), ()
    shown = templates.shown(path)
    try:
        raw = templates.read(path)
    except UnusableFile as error:
        return SampleLinks(), (unusable_file(shown, error),)
    return _parse(raw, shown)


@functools.lru_cache(maxsize=4)
def _parse(raw: bytes, shown: str) -> tuple[SampleLinks, tuple[Diagnostic, ...]]:
    """The links in a file; parsed once, because every run and every look at a fixed copy reads the same one."""
    text, mistakes = decode(raw, shown)
    document, unreadable = parse_yaml(text, shown)
    if document is None or mistakes or unreadable:
        return SampleLinks(), (*mistakes, *unreadable)
    links, wrong = read_spec(document, SampleLinks)
    return links or SampleLinks(), wrong


def sample_tables(spec: ModelSpec, links: SampleLinks, content: Content) -> Mapping[str, SampleTable]:
    """The tables of one model: inference and evaluation for its inference task, fine-tuning for its fine-tune tasks.

    The notebooks deploy and tune MLflow models, so that a model of another type has no tables, and a row is there only
    if it is written for one of the model's flavours. Where these are not known, every row is.
    """
    task = spec.tasks.inference
    served = content.served is not False
    inference, evaluation = (by_task.get(task, ()) if served else () for by_task in (links.inference, links.evaluation))
    finetune = ((task, row) for task in spec.tasks.finetune for row in _shown(links.finetune.get(task, ()), content))
    if spec.type != "mlflow_model":
        return {"inference": SampleTable(), "evaluation": SampleTable(), "finetune": SampleTable()}
    return {
        "inference": _table(_inference_cells(row) for row in _shown(inference, content)),
        "evaluation": _table(_task_cells(task, row) for row in _shown(evaluation, content)),
        "finetune": _table(_task_cells(task, row) for task, row in finetune),
    }


def _shown(rows: Iterable[SampleRow], content: Content) -> Iterable[SampleRow]:
    """The rows that work for the model; one without a link is useless."""
    known = content.flavors
    # Beside a flavour of its own, python_function says nothing about how a model is called.
    own = None if known is None else (known - {"python_function"} or known)
    return (row for row in rows if (row.notebook or row.cli) and (own is None or not own.isdisjoint(row.flavors)))


def _inference_cells(row: SampleRow) -> dict[str, str]:
    return {"Inference type": row.type or "Real time"} | _targets(row)


def _task_cells(task: str, row: SampleRow) -> dict[str, str]:
    name = task.replace("-", " ").capitalize()
    return {"Task": name, "Use case": row.use_case or "", "Dataset": _link(row.dataset)} | _targets(row)


def _targets(row: SampleRow) -> dict[str, str]:
    return {"Python sample (Notebook)": _link(row.notebook), "CLI with YAML": _link(row.cli)}


def _link(link: Link | None) -> str:
    return f"[{_cell(link.text)}]({link.url})" if link else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(rows: Iterable[dict[str, str]]) -> SampleTable:
    filled = list(rows)
    columns = tuple(title for title in (filled[0] if filled else {}) if any(row[title] for row in filled))
    return SampleTable(columns, tuple(tuple(row[title] for title in columns) for row in filled))
