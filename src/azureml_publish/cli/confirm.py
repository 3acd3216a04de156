"""Asks a person to confirm what a verb is about to write."""

from __future__ import annotations

import sys

import click

from azureml_publish.cli.output import Output, confirm, prompt
from azureml_publish.errors import Declined, UsageProblem
from azureml_publish.pipeline.registries import Opened


def is_named(option: str) -> bool:
    """Whether an option was written on the command line, and not taken from the environment or a file."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def ask(opened: Opened, what: str, *, yes: bool, parameter: str = "registry", option: str = "--registry") -> None:
    """Ask whether to do something to a registry; for a protected one its name has to be typed.

    Args:
        what: what is about to be done, as in "archive 2 versions in".
        yes: whether `--yes` says so.
        parameter: names the registry; a protected one has to be named on the command line, beside `--yes`.
        option: likewise, as it is written there.

    Raises:
        UsageProblem: standard input is not a terminal, or the registry is protected.
        Declined: the answer is no.
    """
    name = opened.registry.name
    if yes and opened.config.protected and not is_named(parameter):
        raise UsageProblem(
            f"{name} is protected: --yes alone does not change it.", hint=f"Name it as well, with {option}."
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageProblem(
            "Standard input is not a terminal, so nobody can confirm this.", hint="Add --yes to go on without a prompt."
        )
    if opened.config.protected:
        question = f"{name} is protected. Type its name to {what} it"
        wanted = prompt(question) == name
    else:
        wanted = confirm(f"{what[:1].upper()}{what[1:]} {name}?")
    if not wanted:
        raise Declined("Nothing was changed, because the answer was no.")


def confirms_writing(output: Output, what: str) -> bool:
    """Whether a person at a terminal wants something written; no question for JSON, or without a terminal."""
    return not output.json and sys.stdin.isatty() and confirm(f"Write {what}?")
