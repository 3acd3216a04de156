"""Turns a parsed document into a typed spec; each mistake becomes a diagnostic at its key."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Rule, Severity, mask_passwords
from azureml_publish.documents import Document, KeyPath, parse_yaml, with_value

UNKNOWN_KEY = Rule("DOC003", "unknown-key", Severity.ERROR, "An unknown key, often a typing error.")
MISSING_KEY = Rule("DOC004", "missing-key", Severity.ERROR, "A required key is missing.")
INVALID_VALUE = Rule("DOC005", "invalid-value", Severity.ERROR, "A value has the wrong type or is not allowed.")


CREDENTIAL_HELPER = "Take it out and revoke it; git gets passwords from a credential helper (git help credentials)."
"""What to do about a password in an address."""


class Written(BaseModel):
    """Base class of everything in the files that people write."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False, defer_build=True
    )

    as_spelled: ClassVar[tuple[KeyPath, ...]] = ()
    """Below these keys a number that Python would write otherwise is the text that stands there."""


SpecT = TypeVar("SpecT", bound=BaseModel)


def read_spec(document: Document, kind: type[SpecT]) -> tuple[SpecT | None, tuple[Diagnostic, ...]]:
    """Validate a parsed document; None, with every mistake as a diagnostic at its key, if it does not fit."""
    data = {} if document.data is None else _spelled(document, getattr(kind, "as_spelled", ()))
    try:
        return kind.model_validate(data), ()
    except ValidationError as invalid:
        errors = [dict(error) for error in invalid.errors(include_url=False)]
        # To pydantic, a list with invalid items is too short as well. Report that only for an empty list.
        reported = (error for error in errors if error["type"] != "too_short" or not error["input"])
        return None, tuple(_diagnose(document, kind, error) for error in reported)


def parse_spec(text: str, path: str, kind: type[SpecT]) -> tuple[Document | None, SpecT | None, tuple[Diagnostic, ...]]:
    """Parse a text and validate it: the document, what it says, and every mistake; None for either that cannot be."""
    document, found = parse_yaml(text, path)
    spec, wrong = read_spec(document, kind) if document is not None else (None, ())
    return document, spec, (*found, *wrong)


def _spelled(document: Document, below: tuple[KeyPath, ...]) -> Any:
    """The document's data, with the numbers below some keys as they are spelled: the service keeps text there."""
    data = document.data
    for key_path, text in document.spellings.items():
        if any(key_path[: len(top)] == top for top in below):
            data = with_value(data, key_path, text)
    return data


def _diagnose(document: Document, kind: type[BaseModel], error: Mapping[str, Any]) -> Diagnostic:
    loc: KeyPath = error["loc"]
    known = _in_document(document, loc)
    where = document.location(known)
    key = str(loc[-1]) if loc else document.path
    match error["type"]:
        case "extra_forbidden":
            names = sorted(_keys_at(kind, known[:-1]))
            close = _close(key, names)
            hint = f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(names)}."
            if key in names:
                hint = f"It belongs to another form of '{known[-2]}'; keep to one form."
            return UNKNOWN_KEY.at(
                where, f"Unknown key '{key}'.", hint, fix=_renamed(document, known, key, close, names)
            )
        case "missing":
            return MISSING_KEY.at(where, f"The key '{key}' is missing.", f"Add '{key}: …'.{_about(kind, known, key)}")
    dotted = ".".join(str(part) for part in known) or document.path
    wanted, hint = _wanted(error)
    if error["type"] == "string_pattern_mismatch":
        hint += _about(kind, known[:-1], key)
    if wanted == _MAPPING[0] and (names := sorted(_keys_at(kind, known))):
        hint = f"Write key: value pairs below it. Known here: {', '.join(names)}."
    return INVALID_VALUE.at(where, f"'{dotted}' is {_shown(error['input'])}; {wanted}.", hint)


def _close(key: str, names: list[str]) -> list[str]:
    """Known names similar to a key; those with the same first letter first, because it is seldom mistyped."""
    return sorted(difflib.get_close_matches(key, names, n=3, cutoff=0.55), key=lambda name: name[:1] != key[:1])


def _renamed(document: Document, known: KeyPath, key: str, close: list[str], names: list[str]) -> Fix | None:
    """A fix that writes the most similar key; unsafe, because only the author knows what was meant."""
    siblings = {path[-1] for path in document.spans if path[:-1] == known[:-1] and path}
    span = document.spans.get(known)
    if not close or key in names or close[0] in siblings or span is None:
        return None
    likely = difflib.SequenceMatcher(None, close[0], key).ratio() > 0.75
    if not likely or not document.text.startswith(key, span.key):
        return None
    return Fix((Edit(span.line, span.column, span.line, span.column + len(key), close[0]),), safe=False)


_MAPPING = ("a mapping is wanted", "Write key: value pairs below it.")
_WANTED = {
    "int_type": ("a whole number is wanted", "Write digits without quotes, for example 18."),
    "bool_type": ("true or false is wanted", "Write true or false, without quotes."),
    "string_type": ("text is wanted", "Put it in quotes."),
    "tuple_type": ("a list is wanted", "Write [a, b], or one item a line after '- '."),
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "too_short": ("at least one item is wanted", "Name at least one."),
    "string_too_short": ("it must not be empty", "Write a value."),
    "password_in_address": (
        "an address without a password is wanted",
        CREDENTIAL_HELPER,
    ),
    "secret_in_address": (
        "an address without a signature or password is wanted",
        "Take it out and revoke it; credentials belong in the environment.",
    ),
    "union_tag_invalid": (
        "a query or a list of sizes is wanted",
        "Write {families: [NC_A100_v4]} or [Standard_NC6s_v3].",
    ),
}


def _wanted(error: Mapping[str, Any]) -> tuple[str, str]:
    context = error.get("ctx", {})
    match error["type"]:
        case "literal_error":
            return f"one of {context['expected']} is wanted", "Write one of them."
        case "value_error" | "address_as_folder":
            return str(context.get("error", error["msg"])), str(context.get("hint", "Write it in that form."))
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            hint = "Begin it with https://." if pattern.startswith("^https") else "Write only the characters it allows."
            return f"it does not match {pattern}", hint
        case "string_type" if isinstance(error["input"], dict | list | None):
            return "text is wanted", "Write one text."
        case "greater_than_equal":
            return f"{context['ge']} or more is wanted", "Write a larger number."
    message = str(error["msg"])
    return _WANTED.get(str(error["type"]), (message[:1].lower() + message[1:], "See `publish schema`."))


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            without_query = re.sub(r"(://[^?]*)\?.*", r"\1?…", mask_passwords(value))  # a signature stands there
            return f"the text '{without_query[:60]}'"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return str(value)


def _in_document(document: Document, loc: KeyPath) -> KeyPath:
    """The part of pydantic's location that is in the document, which has no names of union branches."""
    path: KeyPath = ()
    for part in loc:
        if (*path, part) in document.spans:
            path = (*path, part)
    return path


def _about(kind: type[BaseModel], parent: KeyPath, key: str) -> str:
    for model in _models_at(kind, parent):
        for name, info in model.model_fields.items():
            if (info.alias or name) == key and info.description:
                return f" {info.description}"
    return ""


def _keys_at(kind: type[BaseModel], path: KeyPath) -> set[str]:
    return {info.alias or name for model in _models_at(kind, path) for name, info in model.model_fields.items()}


def _models_at(annotation: Any, path: KeyPath) -> Iterator[type[BaseModel]]:
    """Every class that may describe the mapping at a key path."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not path:
            yield annotation
            return
        for name, info in annotation.model_fields.items():
            if (info.alias or name) == path[0]:
                yield from _models_at(info.annotation, path[1:])
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        yield from _models_at(arguments[0], path)
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from _models_at(argument, path)
    elif origin in (Mapping, dict, tuple) and path:
        yield from _models_at(arguments[0 if origin is tuple else 1], path[1:])
