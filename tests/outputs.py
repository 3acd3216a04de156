"""Holds what verbs print with `-o json` against their schemas, more strictly than these say: no key may be new."""

import functools
import json
from collections.abc import Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from pydantic import TypeAdapter

from azureml_publish.cli import VERBS
from azureml_publish.cli.output import wanted_form
from azureml_publish.reporters.outputs import OUTPUTS
from azureml_publish.reporters.outputs.envelope import Failure


def check_output(arguments: Sequence[str], out: str) -> None:
    """See that a run that was to print JSON printed what its verb's schema says, or nothing at all."""
    verb = verb_of(arguments)
    if wanted_form(arguments) != "json" or not out or verb in ("sbom", "schema"):
        return
    document = json.loads(out)
    validator = _validator("" if "error" in document else verb)
    wrong = best_match(validator.iter_errors(document))
    assert wrong is None, (
        f"publish {' '.join(arguments)} prints what its schema does not know: {wrong.message} ({wrong.json_path})"
    )


def verb_of(arguments: Sequence[str]) -> str:
    """The verb of a command line, with its second word where it has one."""
    at = next((at for at, one in enumerate(arguments) if one in VERBS), None)
    if at is None:
        return ""
    verb = arguments[at]
    both = (f"{verb} {one}" for one in arguments[at + 1 :])
    return next((one for one in both if one in OUTPUTS), verb)


@functools.cache
def _validator(verb: str) -> Draft202012Validator:
    """Of a verb's results; of failures where there is no verb."""
    schema = TypeAdapter(OUTPUTS[verb] if verb else Failure).json_schema(by_alias=True)
    closed = _closed(schema)
    Draft202012Validator.check_schema(closed)
    return Draft202012Validator(closed)


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in closed else closed
