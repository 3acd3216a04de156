"""Every verb that prints JSON has a schema for it, and fails in JSON as well; `tests/outputs.py` judges every run."""

import importlib
import json
from collections.abc import Iterator

import click
import pytest

from azureml_publish.cli import VERBS
from azureml_publish.reporters.outputs import OUTPUTS
from tests.conftest import Run
from tests.outputs import check_output


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its words."""
    for verb in VERBS:
        command = importlib.import_module(f"azureml_publish.cli.{verb}").command
        if not isinstance(command, click.Group):
            yield verb, command
            continue
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield f"{verb} {name}", found


def printing_json() -> list[str]:
    return [
        words
        for words, command in commands()
        for parameter in command.params
        if parameter.name == "format_" and isinstance(parameter.type, click.Choice) and "json" in parameter.type.choices
    ]


def test_every_verb_that_prints_json_has_a_schema() -> None:
    assert sorted({*printing_json()} - {"sbom"}) == sorted(OUTPUTS)


@pytest.mark.parametrize("words", printing_json())
def test_every_verb_says_in_json_that_its_command_line_is_wrong(publish: Run, words: str) -> None:
    ran = publish(*words.split(), "--no-such-option", "-o", "json")
    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (2, "usage")


def test_a_key_that_no_schema_knows_is_found() -> None:
    check_output(("render", "-o", "json"), '{"schema_version": 1, "out": "a", "models": 1, "changed": []}')
    for wrong in (
        '{"schema_version": 1, "out": "a", "models": 1, "changed": [], "more": 1}',
        '{"schema_version": 2, "out": "a", "models": 1, "changed": []}',
        '{"schema_version": 1, "out": "a", "models": "1", "changed": []}',
        '{"schema_version": 1, "error": {"code": "other", "message": "", "hint": ""}}',
    ):
        with pytest.raises(AssertionError, match="does not know"):
            check_output(("render", "-o", "json"), wrong)
