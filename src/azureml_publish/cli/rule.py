"""`publish rule`: what a rule finds, why, and how to fix it."""

from __future__ import annotations

import shutil

import click

from azureml_publish.cli.options import output_options
from azureml_publish.cli.output import Output
from azureml_publish.lint.rule_book import find_pages, rule_pages
from azureml_publish.reporters.rule import rule_text, rules_json, rules_text


@click.command("rule")
@click.argument("rule", metavar="[CODE|NAME]", required=False)
@output_options
def command(output: Output, rule: str | None) -> None:
    """Say what a rule finds, why, and how to fix it: publish rule CARD001.

    The beginning of codes, such as CARD, lists those rules; without one, all are listed.
    """
    pages = rule_pages() if rule is None else find_pages(rule)
    if output.json:
        output.data(rules_json(pages))
    elif len(pages) > 1:
        output.data(rules_text(pages))
    else:
        output.data(rule_text(pages[0], shutil.get_terminal_size((100, 24)).columns))
