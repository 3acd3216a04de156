"""`publish init`: a new model folder from a Hub repository, a folder or a file."""

from __future__ import annotations

from dataclasses import asdict

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.init import begin_model
from azureml_publish.project import CARD_FILE
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line


@click.command("init")
@click.argument("repository", metavar="REPOSITORY|PATH")
@click.option("--name", metavar="NAME", help="The model's name. [default: the repository's, folder's or file's]")
@click.option(
    "--revision",
    metavar="NAME",
    default="main",
    show_default=True,
    help="Branch, tag or commit; the commit is written.",
)
@registry_option
@output_options
def command(output: Output, repository: str, name: str | None, revision: str, registry: str | None) -> None:
    """Write a model folder for a repository of the Hugging Face Hub, or for a folder or file of this machine.

    A repository is taken at the commit where it stands now. Type and task follow from what the makers say, the
    architecture and the files; what nothing says is left for you, with a comment. The version is the registry's next
    free one. Without a project here, a new publish.yaml begins one.
    """
    begun = begin_model(output.run, repository, name, revision, registry)
    if output.json:
        output.data(as_json(asdict(begun)))
        return
    output.data("".join(f"{one_line(path)}\n" for path in begun.written))
    card = next(path for path in begun.written if path.endswith(CARD_FILE))
    output.notes((*begun.notes, f"Next: write the card's blocks in {card}, then `publish lint`."))
