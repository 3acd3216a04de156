"""`publish init`: a new model folder from a Hub repository."""

from __future__ import annotations

import os
import re
from dataclasses import asdict

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.content.sources.hub import HubRepository
from azureml_publish.errors import NotFound, PublishError, UsageProblem
from azureml_publish.files import check_target, is_folder_name, write_whole
from azureml_publish.importer import place_folder
from azureml_publish.pipeline.references import read_project
from azureml_publish.pipeline.registries import Opened, open_registry
from azureml_publish.project import CARD_FILE, CONFIG_FILE, SPEC_FILE, Project, shown_path
from azureml_publish.render import Templates, default_templates
from azureml_publish.reporters.diagnostics import as_json, diagnostics_text


@click.command("init")
@click.argument("repository", metavar="REPOSITORY")
@click.option("--name", help="The model's name. [default: the repository's]")
@click.option("--revision", default="main", show_default=True, help="Branch, tag or commit; the commit is written.")
@registry_option
@output_options
def command(output: Output, repository: str, name: str | None, revision: str, registry: str | None) -> None:
    """Write a model folder for a repository of the Hugging Face Hub, at the commit where it stands now.

    Licence, languages, data sets and task come from the repository's card, the version is the registry's next free
    one. Without a project here, an empty publish.yaml begins one.
    """
    chosen = name or re.sub(r"[^a-zA-Z0-9._-]+", "-", repository.rpartition("/")[2])
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}", chosen) or not is_folder_name(chosen):
        hint = "Use letters, digits, '-', '_' and '.', at most 255, beginning with a letter or digit: --name NAME."
        raise UsageProblem(f"A registry does not take the name '{chosen}'.", hint=hint)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", repository, re.ASCII):
        raise UsageProblem(f"'{repository}' is no repository of the Hub.", hint="Write ORG/NAME.")
    project = _project(output)
    folder = project.root / "models" / chosen
    check_target(folder, project.root)
    if os.path.lexists(folder):
        raise UsageProblem(f"{shown_path(project.root, folder)} is there already.", hint="Choose another --name.")
    with open_registry(output.run, project, registry) as opened:
        found = _describe(opened, repository, revision)
        version = opened.registry.state(chosen, 1).next_version
    texts = _render(project, chosen, version, found)
    try:
        place_folder(folder, project.root, {file: text.encode() for file, text in texts.items()})
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    written = [shown_path(project.root, folder / file) for file in texts]
    if output.json:
        output.data(as_json({"model": chosen, "version": version, "revision": found.revision, "written": written}))
        return
    output.data("".join(f"{path}\n" for path in written))
    output.note(f"Next: write the card's blocks in {written[-1]}, then `publish lint`.")


def _describe(opened: Opened, repository: str, revision: str) -> HubRepository:
    try:
        return opened.hub.describe(repository, revision)
    except NotFound as error:
        if not opened.stand_in:
            raise
        hint = "The local registry's stand-in Hub knows few repositories; `hub: public` beside it asks the real one."
        raise NotFound(error.message, hint=hint) from error


def _project(output: Output) -> Project:
    """The project here; one is begun where there is none."""
    run = output.run
    if not any((folder / CONFIG_FILE).is_file() for folder in (run.directory, *run.directory.parents)):
        write_whole(run.directory / CONFIG_FILE, "registries:\n  local: {emulator: .publish/registry}\n")
        output.note(f"{CONFIG_FILE} begins a project here.")
    return read_project(run)


def _render(project: Project, name: str, version: int, repository: HubRepository) -> dict[str, str]:
    templates = Templates(project.root, project.templates, default_templates())
    values = {
        "name": name,
        "version": version,
        "repository": asdict(repository),
        "preset": next(iter(project.config.presets), None),
    }
    texts = {}
    for file, template in ((SPEC_FILE, "new-model.yaml.j2"), (CARD_FILE, "new-card.md.j2")):
        texts[file], mistakes = templates.render(template, values)
        if mistakes:
            raise PublishError(diagnostics_text(mistakes).strip())
    return texts
