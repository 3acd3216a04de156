"""Rules on metadata: types of values, missing and empty keys."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.documents import KeyPath, found_at
from azureml_publish.layouts.coercions import Coercion
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.samples import is_offered
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.languages import is_language, meant_language
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.lint.yaml_fixes import MANY, replaced_by, whole_number, without_key
from azureml_publish.patterns import pattern

_TASKS = frozenset(
    {
        "automatic-speech-recognition", "chat-completion", "fill-mask", "question-answering", "summarization",
        "text-classification", "text-generation", "text-translation", "text2text-generation", "token-classification",
        "translation", "zero-shot-classification",
    }
)  # fmt: skip
"""Tasks of language models."""


@rule("SPEC007", "languages-missing", Severity.INFO, "A language model does not state its languages.")
def languages_missing(model: Described) -> Findings:
    """A model for text without languages."""
    tasks = [task for task in tasks_of(model) if task in _TASKS]
    if tasks and is_offered(model) and not model.metadata.get("languages"):
        message = f"{model.name} does {tasks[0]} and states no languages; the catalogue filters by them."
        hint = "Write ISO 639 codes, for example languages: [en]."
        yield languages_missing.at(model.where("languages"), message, hint)


@rule("SPEC036", "language-unknown", Severity.WARNING, "A language in the card's front matter is not a code.")
def language_unknown(model: Described) -> Findings:
    """A language that is not a BCP 47 tag: a name, a country, or misspelt. GATE001 checks the spec's languages."""
    for stated in of_subject(model.card, "language"):
        for code in stated.text.split(", ") if stated.metadata else ():
            if code.lower() not in _NO_LANGUAGES and not is_language(code):
                meant = meant_language(code)
                message = f"'{short(code)}' is not the code of a language."
                hint = f"Write {meant}." if meant else "Write a tag of BCP 47, such as en, pt-BR or zh-Hans."
                programs = code.lower() in _OF_PROGRAMS
                hint = "Take it out; the Hub's word for languages of programs is code." if programs else hint
                value = pattern(rf":(?:.|\n)*?(?<![\w-])({re.escape(code)})(?![\w-])")
                match = value.search(model.card.source, stated.offset)
                where = model.card.at(match.start(1) if match else stated.offset, code)
                yield language_unknown.at(where, message, hint, severity=Severity.INFO if programs else None)


@language_unknown.also
def _read_as_truth(subject: AssetSubject) -> Findings:
    """Norwegian's code `no` without quotes, which YAML 1.1 reads as false."""
    document = subject.read.document
    for path in (("system_metadata", "languages"), ("tags", "languages"), ("properties", "languages")):
        listed = found_at(document.data, path)
        for index in range(len(listed) if isinstance(listed, list) else 0):
            where = document.location((*path, index))
            line = document.text.splitlines()[where.line - 1]
            if match := _PLAIN_NO.search(line):
                message = f"Without quotes, most YAML parsers read {match[1]} as false."
                hint = f"Write '{match[1]}' between quotes."
                yield language_unknown.at(where, message, hint, fix=replaced_by(document, (*path, index), match[1]))
                return


_PLAIN_NO = pattern(r"(?:^\s*-\s+|[\[,]\s*)(no)\s*(?=[,\]#]|$)")
_NO_LANGUAGES = frozenset({"multilingual", "code"})
"""What the Hub accepts beside codes: https://huggingface.co/docs/hub/model-cards."""
_OF_PROGRAMS = frozenset(
    {"python", "javascript", "typescript", "java", "rust", "go", "julia", "sql", "php", "c++", "c#"}
)
"""Which templates of libraries write there, too."""

_TRUTH: frozenset[Coercion] = frozenset({"presence", "truth", "bool-string", "inverted-bool"})
_NUMBERS: frozenset[Coercion] = frozenset({"int", "counts"})


@rule("SPEC010", "bool-as-string", Severity.WARNING, "A truth value in the system metadata is written as text.")
def bool_as_string(subject: AssetSubject) -> Findings:
    """A truth value written as text in the system metadata, which has native types. Tags are always text."""
    archived = subject.read.asset.spec.get("isArchived")
    root = [(("isArchived",), archived, True)] if isinstance(archived, str) else []
    for key_path, text, fixable in (*root, *_texts(subject, _TRUTH)):
        value = {"true": True, "false": False}.get(text.strip().lower())
        if value is not None:
            fix = replaced_by(subject.read.document, key_path, value) if fixable else None
            yield bool_as_string.at(subject.place(key_path), *_as_text(key_path, text, "a truth value", value), fix=fix)
        elif key_path == ("isArchived",):
            message = f"isArchived is '{short(text)}', which is not a truth value."
            yield bool_as_string.at(subject.place(key_path), message, "Write isArchived: true or false.")


@rule("SPEC011", "number-as-string", Severity.WARNING, "A number in the system metadata is written as text.")
def number_as_string(subject: AssetSubject) -> Findings:
    """A whole number written as text in the system metadata, which has native types. Tags are always text."""
    for key_path, text, fixable in _texts(subject, _NUMBERS):
        if (value := whole_number(text)) is not None:
            fix = replaced_by(subject.read.document, key_path, value) if fixable else None
            yield number_as_string.at(subject.place(key_path), *_as_text(key_path, text, "a number", value), fix=fix)


def _texts(subject: AssetSubject, kinds: frozenset[Coercion]) -> Iterator[tuple[KeyPath, str, bool]]:
    """Texts of keys with a native type of these kinds: key path, text, and whether to offer a fix."""
    found = list(_all_texts(subject, kinds))
    for key_path, text in found:
        yield key_path, text, len(found) <= MANY


def _all_texts(subject: AssetSubject, kinds: frozenset[Coercion]) -> Iterator[tuple[KeyPath, str]]:
    metadata = subject.read.asset.spec.get("system_metadata")
    for path in _paths_of(kinds) if isinstance(metadata, Mapping) else ():
        value = found_at(metadata, path)
        if isinstance(value, Mapping):
            yield from ((("system_metadata", *path, key), text) for key, text in value.items() if isinstance(text, str))
        elif isinstance(value, str):
            yield ("system_metadata", *path), value


@functools.cache
def _paths_of(kinds: frozenset[Coercion]) -> tuple[tuple[str, ...], ...]:
    """The keys with a mapping rule of these kinds."""
    return tuple(path for path, rules in load_mapping().items() if any(rule.coercion in kinds for rule in rules))


def _as_text(key_path: KeyPath, text: str, what: str, value: int) -> tuple[str, str]:
    """Message and hint for a value that is text."""
    key = key_path[-1]
    return f"{key} is the text '{text}', not {what}.", f"Write {key}: {str(value).lower()}, without quotes."


_KEY = "SharedComputeCapacityEnabled"


@rule(
    "SPEC012",
    "shared-compute-bool-vs-string",
    Severity.ERROR,
    "The tag and the property SharedComputeCapacityEnabled do not agree.",
)
def shared_compute_bool_vs_string(subject: AssetSubject) -> Findings:
    """SharedComputeCapacityEnabled as tag and as property; upstream requires both.

    Source: azureml-assets 1.17.8, `validate_model_spec`: the tag must be there and the property be truthy, each by
    itself; properties are strings in the service, and `"True"` is what all published folders of 2026 write.
    """
    spec = subject.read.asset.spec
    tags, properties = (
        section if isinstance(section := spec.get(name), Mapping) else {} for name in ("tags", "properties")
    )
    if subject.described.type != "mlflow_model" or (_KEY not in tags and _KEY not in properties):
        return
    native = spec.get("system_metadata")
    if isinstance(native, Mapping) and native.get("sharedComputeCapacityEnabled") is not None:
        return  # the new key takes precedence; other rules report the old ones
    value = properties.get(_KEY)
    if _KEY not in tags or _KEY not in properties:
        there, lacking, write = (
            ("property", "tag", f"tags.{_KEY}: ''")
            if _KEY in properties
            else ("tag", "property", f'properties.{_KEY}: "True"')
        )
        where = subject.place(("properties" if _KEY in properties else "tags", _KEY))
        yield shared_compute_bool_vs_string.at(
            where, f"The {there} {_KEY} is there, but not the {lacking}; validation requires both.", f"Add {write}."
        )
    elif str(value).strip().lower() != "true":
        where = subject.place(("properties", _KEY))
        fix = replaced_by(subject.read.document, ("properties", _KEY), "True")
        yield shared_compute_bool_vs_string.at(
            where, f"The tag {_KEY} says yes, and the property '{value}'.", 'Write "True".', fix=fix
        )
    elif value is True:
        yield shared_compute_bool_vs_string.at(
            subject.place(("properties", _KEY)),
            f"The property {_KEY} is a truth value; properties are text in the service.",
            'Write "True" in quotes.',
            fix=replaced_by(subject.read.document, ("properties", _KEY), "True"),
            severity=Severity.WARNING,
        )


@rule("SPEC013", "empty-list-or-key", Severity.INFO, "A key of the metadata is empty.")
def empty_list_or_key(subject: AssetSubject) -> Findings:
    """A key of the metadata without a value."""
    spec = subject.read.asset.spec
    for section in ("properties", "tags"):
        if section in spec and not spec[section]:
            yield _empty_key(subject, (section,))
    if "system_metadata" in spec:
        empty = list(_empty_keys(spec["system_metadata"], ("system_metadata",)))
        for key_path in empty:
            yield _empty_key(subject, key_path, fixable=len(empty) <= MANY)


def _empty_keys(value: Any, key_path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _empty_keys(child, (*key_path, key))
    elif value is None or value in ("", [], {}):
        yield key_path


def _empty_key(subject: AssetSubject, key_path: KeyPath, *, fixable: bool = True) -> Diagnostic:
    return empty_list_or_key.at(
        subject.place(key_path),
        f"{key_path[-1]} is empty.",
        "Leave the key out, or give it a value.",
        fix=without_key(subject.read.document, key_path) if fixable else None,
    )
