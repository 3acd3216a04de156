"""`publish migrate`: metadata from one layout to the other, shown as a diff before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import click

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.diagnostics import Diagnostic, has_errors, in_order
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.documents.edits import replace_value
from azureml_publish.errors import ExitCode
from azureml_publish.files import with_version, write_edited
from azureml_publish.importer import Migration, migrate_spec
from azureml_publish.layouts import encode
from azureml_publish.pipeline.check import render, render_folders
from azureml_publish.pipeline.import_sources import find_assets, read_assets
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import CONFIG_FILE, SPEC_FILE, Project
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.migrate import migrations_json, migrations_text


@click.command("migrate")
@click.option("--to", "layout", type=click.Choice(["system_metadata", "tags"]), required=True, help="The new layout.")
@click.option(
    "--assets", multiple=True, metavar="DIR", help="Work on asset folders that nobody imported, in place; repeatable."
)
@click.option("--bump", is_flag=True, help="Give the next version to what can only be as wanted in a new one.")
@registry_option
@click.option("--write", is_flag=True, help="Do it. Without this, the differences are shown and nothing is written.")
@output_options
def command(
    *, output: Output, layout: LayoutName, assets: tuple[str, ...], registry: str | None, bump: bool, write: bool
) -> None:
    """Move metadata between tags and properties and system_metadata.

    For a project this sets `layout` in publish.yaml; the differences are those of the rendered asset YAML. With
    --assets the spec of each asset folder is rewritten, its other lines as they were. Properties never leave a
    registered version: models that would need that are named, and --bump makes new versions of them. With -r that is
    the next free number in the registry, else the one after the present one.
    """
    found: list[Diagnostic] = []
    others = 0
    migrations: Sequence[Migration]
    if assets:
        there = find_assets(output.run, assets, found)
        others = there.others
        migrations = _assets(output.run, there.folders, layout, found, bump=bump, write=write)
    else:
        with ExitStack() as opened:
            following = _counting if registry is None else _registered_numbers(output, registry, opened)
            migrations = _project(output, layout, following if bump else None, write=write)
    diagnostics = in_order(found)
    output.findings(diagnostics)
    if output.json:
        output.data(migrations_json(layout, migrations, diagnostics, written=write))
    else:
        diff, summary = migrations_text(layout, migrations, written=write, bumped=bump)
        output.data(diff)
        if others:
            output.note(f"Passed over: {counted(others, 'asset')} of other kinds.")
        output.note(summary)
    if has_errors(diagnostics):
        raise SystemExit(ExitCode.FINDINGS)


def _assets(
    run: RunContext, folders: Sequence[Path], layout: LayoutName, found: list[Diagnostic], *, bump: bool, write: bool
) -> list[Migration]:
    migrations = []
    for path, read in read_assets(run, folders, found):
        migration = migrate_spec(read, layout, found, bump=bump)
        if migration is None:
            continue
        migrations.append(migration)
        if write and migration.after != migration.before:
            write_edited(path / read.asset.files["spec"], migration.after)
    return migrations


Following: TypeAlias = Callable[[Project, str, int], int]
"""The version after a model's present one."""


def _counting(_project: Project, _name: str, version: int) -> int:
    return version + 1


def _registered_numbers(output: Output, registry: str, opened: ExitStack) -> Following:
    """Numbers from a registry, which is opened for the first model that needs one, and stays open for the others."""
    found: list[Registry] = []

    def following(project: Project, name: str, version: int) -> int:
        if not found:
            found.append(opened.enter_context(open_registry(output.run, project, registry)).registry)
        return max(found[0].numbers(name)[1], version + 1)

    return following


def _project(output: Output, layout: LayoutName, following: Following | None, *, write: bool) -> list[Migration]:
    before = render(output.run, load(output.run, (), Settings()))
    project = before.require_sound()
    after = replace(before, models=())
    if before.subject is not None:
        after = render_folders(before.subject, [one.folder for one in before.models], layout)
    after.require_sound()
    migrations = []
    for (folder, old), (_, new) in zip(before.rendered, after.rendered, strict=True):
        changed, vanishing = _properties(old, new)
        version = new.asset.version
        texts = old.file("spec.yaml").text, new.file("spec.yaml").text
        if following is not None and (changed or vanishing):
            version = following(project, new.asset.name, version)
            texts = texts[0], _rendered_as(texts[1], version)
            if write:
                write_edited(folder.path / SPEC_FILE, with_version(folder.document, version))
        migrations.append(Migration(new.asset.name, version, *texts, changed, vanishing))
    if write and project.config.layout != layout:
        write_edited(project.root / CONFIG_FILE, _with_layout(project, layout))
    return migrations


def _properties(old: RenderedModel, new: RenderedModel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The properties that change, and those that vanish."""
    before, after = old.asset.properties, new.asset.properties
    changed = tuple(key for key in before if key in after and encode(before[key]) != encode(after[key]))
    return changed, tuple(key for key in before if key not in after)


def _rendered_as(text: str, version: int) -> str:
    document, _ = parse_yaml(text, "spec.yaml")
    return text if document is None else replace_value(document, ("version",), version)


def _with_layout(project: Project, layout: LayoutName) -> str:
    """The text of publish.yaml with another layout; every comment stays."""
    document = project.document
    if ("layout",) in document.spans:
        return replace_value(document, ("layout",), layout)
    return _before_first_key(document, f"layout: {layout}\n")


def _before_first_key(document: Document, line: str) -> str:
    keys = [span.key for path, span in document.spans.items() if len(path) == 1]
    at = document.text.rfind("\n", 0, min(keys)) + 1 if keys else len(document.text)
    newline = "" if at == 0 or document.text[:at].endswith("\n") else "\n"
    return f"{document.text[:at]}{newline}{line}{document.text[at:]}"
