"""The front matter of the README beside the weights, against the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.names.languages import NAMES, plain
from azureml_publish.lint.names.licences import KNOWN, OPEN_ENDED, canonical, may_be_one
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.names.tasks import KNOWN_TASKS, tasks_agree
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import Described


def readme_values(model: Described) -> Mapping[str, tuple[tuple[str, ...], Location]]:
    """Each key of the front matter, with its texts and its location."""
    if model.readme is None:
        return {}
    document = parse_yaml("\n".join(model.readme.lines[1:-2]), "")[0]
    data = document.data if document is not None else None
    found = {}
    for key, value in data.items() if isinstance(data, Mapping) else ():
        texts = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        plain_texts = tuple(one for one in texts if isinstance(one, str) and one.strip())
        line = document.location((key,)).line if document is not None else 0
        found[str(key)] = plain_texts, model.readme.place(line + 1, 1)
    return found


def readme_differences(model: Described) -> Iterator[tuple[Location, str]]:
    """Where the README's front matter contradicts the spec: licence, task, languages, data sets."""
    values = readme_values(model)
    for key, differ in (
        ("license", _licences),
        ("pipeline_tag", _tasks),
        ("language", _languages),
        ("datasets", _data_sets),
    ):
        texts, where = values.get(key, ((), None))
        spec = differ(model, texts) if texts else ""
        if spec and where is not None:
            yield where, f"The README beside the weights has {key}: {short(', '.join(texts))}, and the spec has {spec}."


def _licences(model: Described, texts: Sequence[str]) -> str:
    spec, theirs = canonical(str(model.metadata.get("license") or "")), canonical(texts[0])
    known = {spec, theirs} <= KNOWN and not {spec, theirs} & OPEN_ENDED
    return spec if known and not may_be_one(spec, theirs) else ""


def _tasks(model: Described, texts: Sequence[str]) -> str:
    tasks = (*tasks_of(model), *tasks_of(model, "fineTuningTasks"))
    known = {texts[0].lower(), *tasks} <= KNOWN_TASKS
    return tasks[0] if tasks and known and not tasks_agree(texts[0].lower(), tasks) else ""


def _languages(model: Described, texts: Sequence[str]) -> str:
    spec, theirs = _codes(model.metadata.get("languages")), _codes(texts)
    known = spec and theirs and spec | theirs <= NAMES.keys()
    return ", ".join(sorted(spec)) if known and spec != theirs else ""


def _codes(value: object) -> frozenset[str]:
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return frozenset(plain(one.strip()) for one in listed if isinstance(one, str) and one.strip())


def _data_sets(model: Described, texts: Sequence[str]) -> str:
    written = model.metadata.get("datasets") or model.metadata.get("trainingDatasets")
    listed = [one for one in written if isinstance(one, str)] if isinstance(written, list | tuple) else []
    names = [{alphanumeric(one.rpartition("/")[2]) for one in each} for each in (listed, texts)]
    apart = all(one not in other and other not in one for one in names[0] for other in names[1])
    return ", ".join(listed) if listed and apart else ""
