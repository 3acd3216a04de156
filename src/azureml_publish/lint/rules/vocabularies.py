"""Rules on the metadata that Microsoft's catalogue accepts: keys, types, forms and closed sets of values.

With `profile: registry` in `publish.yaml`, for a team's own registry, only what the service itself refuses is an
error: a value of another JSON type, or outside a set that the service validates. `profile: microsoft-catalog` is for
Microsoft's validator.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import yaml

from azureml_publish.content.packaging.transformers_facts import find_task
from azureml_publish.diagnostics import Severity
from azureml_publish.documents import found_at
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.languages import meant_language
from azureml_publish.lint.subject import Described, ProjectSubject
from azureml_publish.lint.weights.chat_formats import formats_in
from azureml_publish.patterns import pattern
from azureml_publish.spec.tasks import TASKS, has_service_name, meant_task, service_task

CATALOG = "microsoft-catalog"
FORMS = {
    "date": (pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z"), "a moment such as 2027-01-31T00:00:00.000000Z"),
    "url": (pattern(r"https?://.*", re.DOTALL), "an address that begins with https://"),
    "month": (
        pattern(r"(January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{4}"),
        "a month and a year, such as October 2023",
    ),
    "minSku": (pattern(r"\d+\|\d+\|\d+\|\d+"), "four whole numbers, such as 4|1|28|64"),
    "environment": (
        pattern(r".*azureml://registries/[^/]+/environments/[^/]+/versions/[^/]+.*", re.DOTALL),
        "the id of an environment, azureml://registries/R/environments/N/versions/V",
    ),
}
"""Forms that a text may have to have: pattern, and words for it."""

OWN_RULES = ("license", "supportedComputes.", "SKU.")
"""Keys whose values a team's own registry does not restrict; other rules check licences and sizes."""

INFERENCE = "tasks.inferenceTasks"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list, tuple),
    "object": (Mapping,),
    "any": (str, int, float),
}
_FORMS = {"string": "text", "boolean": "true or false", "integer": "a whole number", "array": "a list"}
_SHOWN = 5
"""The most values that a message names."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the catalogue accepts for a key; `service`: the service itself validates it in every registry."""

    type: str
    values: tuple[str | bool, ...] = ()
    form: str | None = None
    filled: bool = False
    minimum: int | None = None
    most: int | None = None
    each: str | None = None
    names: str | None = None
    service: bool = False


@functools.cache
def vocabulary(section: str = "keys") -> Mapping[str, Key]:
    """Each key of the system metadata, with dots between its parts; or each key of `tags` or `properties`."""
    keys = _written()[section]
    return {name: Key(**{**key, "values": tuple(key.get("values") or ())}) for name, key in keys.items()}


@functools.cache
def _written() -> Any:
    text = (resources.files("azureml_publish.lint") / "vocabularies.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader


@rule("GATE001", "value-not-in-vocabulary", Severity.ERROR, "Microsoft's catalogue does not accept a value.")
def value_not_in_vocabulary(model: Described) -> Findings:
    """A value outside a closed set: tasks, licences, sizes, languages, keywords, modalities and others."""
    for name, key, value in _known(model):
        if not key.values or (model.profile != CATALOG and name.startswith(OWN_RULES)):
            continue
        values = list(value) if isinstance(value, list | tuple) else [value]
        wrong = [(index, each) for index, each in enumerate(values) if each not in key.values]
        if name.startswith("tasks."):
            wrong = [one for one in wrong if not meant_task(str(one[1]))]  # SPEC034 reports these
        if name == INFERENCE and "tasks" not in model.system_keys and model.profile != CATALOG:
            wrong = [one for one in wrong if has_service_name(str(one[1]))]  # the others are sent as the tag `task`
        if not wrong or _repeats_allow_list(model, name, value):
            continue
        index, first = wrong[0]
        shown = ", ".join(str(each) for _, each in wrong[:_SHOWN]) + (", …" if len(wrong) > _SHOWN else "")
        place = f"{name}.{index}" if isinstance(value, list | tuple) else name
        refuses = "the service" if _is_validated(model, name) else "Microsoft's catalogue"
        message = f"{name}: {refuses} does not accept {shown}."
        hint = _task_instead(model, str(first), key) if name == INFERENCE else _instead(str(first), key, name, wrong)
        yield value_not_in_vocabulary.at(model.where(place), message, hint, severity=_severity(model, name))


@rule("GATE002", "value-of-wrong-form", Severity.ERROR, "A value does not have the type or form of its key.")
def value_of_wrong_form(model: Described) -> Findings:
    """A value of another type than the service stores, or of another form than the catalogue requires."""
    for name, key, value in _known(model):
        if model.profile != CATALOG and (_is_written(value, key) or (key.form == "date" and _is_date(value))):
            continue  # SPEC010 and SPEC011 report those written as text; the service reads several forms of dates
        if (form := wanted_type(value, key)) is not None:
            yield value_of_wrong_form.at(
                model.where(name), f"{name} is {value!r}; the service stores {form} there.", f"Write {form}."
            )
        elif (reason := _wrong_form(value, key) or _wrong_entry(value, key)) is not None:
            message, hint = reason
            severity = _severity(model, name if key.each is not None else "")
            yield value_of_wrong_form.at(model.where(name), f"{name} {message}.", hint, severity=severity)
        elif (paired := _unpaired(model, name)) is not None:
            yield value_of_wrong_form.at(model.where(name), *paired, severity=Severity.WARNING)
        elif name == "promptTemplate" and (wrong := _wrong_template(value)):
            yield value_of_wrong_form.at(model.where(name), wrong[0], wrong[1], severity=Severity.WARNING)


@rule("GATE003", "key-not-in-vocabulary", Severity.ERROR, "Microsoft's catalogue does not know a key.")
def key_not_in_vocabulary(model: Described) -> Findings:
    """A key that the catalogue does not know, which its validator refuses."""
    known = vocabulary()
    for name, _ in _leaves(model.metadata):
        if name not in known and not any(name.startswith(f"{key}.") for key in known):
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"Did you mean {close[0]}?" if close else "Leave it out, or keep it as a tag."
            yield key_not_in_vocabulary.at(
                model.where(name),
                f"Microsoft's catalogue does not know the metadata {name}.",
                hint,
                severity=_severity(model),
            )


@rule("GATE004", "layout-not-taken", Severity.ERROR, "Microsoft's validator accepts only system metadata.")
def layout_not_taken(project: ProjectSubject) -> Findings:
    """The old layout, with metadata in tags and properties, which the validator refuses."""
    config = project.project.config
    if config.profile == CATALOG and config.layout == "tags":
        message = "Microsoft's validator refuses metadata in tags and properties."
        hint = "Write layout: system_metadata; `publish migrate` moves what is registered."
        yield layout_not_taken.at(project.project.document.location(("layout",)), message, hint)


def _severity(model: Described, name: str = "") -> Severity:
    """An error for the catalogue, and for a key that the service validates in the system metadata."""
    return Severity.ERROR if model.profile == CATALOG or _is_validated(model, name) else Severity.WARNING


def _is_validated(model: Described, name: str) -> bool:
    """Whether the service itself validates the values of a key."""
    key = vocabulary().get(name)
    return key is not None and key.service and name.partition(".")[0] in model.system_keys


def _known(model: Described) -> Iterator[tuple[str, Key, Any]]:
    for name, key in vocabulary().items():
        path = name.split(".")
        if path[0] in model.metadata and (value := found_at(model.metadata, path)) is not None:
            yield name, key, value


def _leaves(metadata: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in metadata.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}", value


def wanted_type(value: object, key: Key) -> str | None:
    """The type that a value should have; None where it has it."""
    kinds = _TYPES[key.type]
    fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
    return None if fits else _FORMS.get(key.type, "a mapping")


def _is_written(value: object, key: Key) -> bool:
    """Whether a truth value or a number is written as text."""
    form = {"boolean": "true|false", "integer": r"\s*\d+\s*"}.get(key.type)
    return form is not None and isinstance(value, str) and re.fullmatch(form, value, re.IGNORECASE) is not None


def _is_date(value: object) -> bool:
    """Whether a text can be read as a date, or a date and time."""
    try:
        return bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False


def _wrong_form(value: Any, key: Key) -> tuple[str, str] | None:
    if key.form is not None and not FORMS[key.form][0].fullmatch(value):
        return f"is '{value}'", f"Write {FORMS[key.form][1]}."
    if key.filled and not value:
        return "is an empty list", "Leave the key out."
    if key.minimum is not None and key.type == "integer" and value < key.minimum:
        return f"is {value}", f"Write {key.minimum} or more, or leave the key out."
    if key.most is not None and len(value) > key.most:
        return f"has {len(value)} entries", f"Keep {key.most} of them."
    return None


def _wrong_entry(value: Any, key: Key) -> tuple[str, str] | None:
    if key.type == "array" and not all(isinstance(each, str) for each in value):
        return "has entries that are not text", "Write each entry as text, in quotes where it looks like a number."
    if key.each is None:
        return None
    one = Key(key.each, minimum=key.minimum)
    for name, entry in value.items():
        if (form := wanted_type(entry, one)) is not None:
            return f"has {entry!r} for {name}", f"Write {form}."
        if (reason := _wrong_form(entry, one)) is not None:
            return f"{reason[0]} for {name}", reason[1]
        if key.names is not None and name not in (names := vocabulary()[key.names].values):
            return f"names {name}", f"Write one of {', '.join(map(str, names))}."
    return None


def _unpaired(model: Described, name: str) -> tuple[str, str] | None:
    """Message and hint for a start marker without an end marker, or markers of tools in a model without tools."""
    key = re.fullmatch(r"(tool(?:Call|Register|Response))Start", name) if name.endswith("Start") else None
    start = model.metadata.get(name) if key else None
    if key is None or not isinstance(start, str) or not start.startswith("<"):
        return None
    end = model.metadata.get(f"{key[1]}End")
    if not end:
        return f"{name} is {start}, and {key[1]}End is missing.", f"Write {start[:2]}/{start[2:]}, or what ends it."
    words = [re.sub(r"[^a-z]", "", str(one).lower()) for one in (start, end)]
    if words[0] == words[1] and str(end).replace("/", "") != start:
        return f"{name} is {start}, and {key[1]}End is {end}.", "Write the same mark in both, the latter with a slash."
    supported = model.metadata.get("supportsToolCalling")
    if str(supported).lower() == "false":
        return f"{name} is {start}, and supportsToolCalling says no.", "Write 'true', or take the marks out."
    return None


def _wrong_template(text: str) -> tuple[str, str] | None:
    """Message and hint for prompt templates that are not JSON, or lack the content's placeholder."""
    if not re.match(r'\s*\{\s*"', text):
        return None
    try:
        templates = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"promptTemplate is not JSON: {error}.", "Write a string for each role, with commas between them."
    held = {role: value for role, value in templates.items() if isinstance(value, str) and value}
    formats = frozenset[str]().union(*(formats_in(value) for value in held.values()))
    if len(formats) > 1:
        return (
            f"The roles of promptTemplate mix the markers of {' and '.join(sorted(formats))}.",
            "Write those of this model's tokenizer for every role.",
        )
    for role in sorted(_ROLES & held.keys()):
        marked = frozenset(match[1] or match[2] for match in _MARKED.finditer(held[role]))
        if marked and role not in marked:
            return f"promptTemplate has the marker of {min(marked)} for {role}.", f"Write the mark of {role} there."
    lacking = [role for role in ("user", "prompt") if _CONTENT not in held.get(role, _CONTENT)]
    if not lacking or not any(_CONTENT in value for value in held.values()):
        return None
    return (
        f"promptTemplate has no {_CONTENT} for {lacking[0]}, so the text is left out.",
        f"Write {_CONTENT} there.",
    )


_CONTENT = "{Content}"
_ROLES = frozenset({"system", "user", "assistant"})
_MARKED = pattern(r"<\|(system|user|assistant)\|>|<\|im_start\|>(system|user|assistant)\b")


def _repeats_allow_list(model: Described, name: str, value: object) -> bool:
    """Whether recommended sizes repeat the scenario's allow-list, which is reported there."""
    scenario = re.fullmatch("SKU.(inference|evaluation|finetune)RecommendedSkus", name)
    allowed: Any = model.metadata.get("supportedComputes")
    return scenario is not None and isinstance(allowed, Mapping) and allowed.get(f"{scenario[1]}Computes") == value


def _task_instead(model: Described, value: str, key: Key) -> str:
    """The hint for a task. A task of the Hub that the service does not have is not a misspelling of another."""
    named, loads = service_task(value), find_task(value)
    own = f"mlflow: {{task: {value}}}" if loads is not None and model.type == "mlflow_model" else ""
    if value in TASKS and named not in key.values:
        return (
            f"Write {own} in place of `tasks`, for which the service has no name."
            if own
            else (f"Leave `tasks` out, as the service has no name for it; tags: {{task: {value}}} says it to readers.")
        )
    hint = _instead(value, key, INFERENCE)
    return f"{hint.rstrip('.')}, and {own}, by which it is loaded." if own and loads != find_task(named) else hint


def _instead(value: str, key: Key, name: str, wrong: Sequence[tuple[int, object]] = ()) -> str:
    names = [str(each) for each in key.values]
    by_case = [each for each in names if each.lower() == value.lower()]
    known_as = [task for task in (service_task(value),) if task in names]
    close = by_case or known_as or difflib.get_close_matches(value, names, n=2, cutoff=0.7)
    if names == ["True"]:
        return "Write true, or leave the key out."
    if name == "languages":
        meant = {str(each): meant_language(str(each)) for _, each in wrong[:_SHOWN]}
        taken = dict.fromkeys(code for code in meant.values() if code in names)
        left = [each for each, code in meant.items() if code not in names]
        close = []
        if taken:
            return f"Write {', '.join(taken)}" + (f", and leave {', '.join(left)} out." if left else ".")
    if close and not value.startswith("Standard_"):
        return f"Write {' or '.join(close)}."
    if value.startswith("Standard_"):
        return f"Leave it out (`exclude: [{value}]`), or choose other families."
    if len(names) <= 2 * _SHOWN:
        return f"Write one of {', '.join(each or repr(each) for each in sorted(names))}."
    return f"`publish rule GATE001` shows where the {len(names)} values of {name} are."
