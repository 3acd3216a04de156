"""What `publish migrate` does: metadata from one layout to the other, in a project or in asset folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.diagnostics import Diagnostic, in_order
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.documents.edits import replace_value, with_line_ends
from azureml_publish.files import with_version, write_edited
from azureml_publish.importer.migration import Migration, migrate_spec
from azureml_publish.layouts.wire import encode
from azureml_publish.pipeline.check import load_rendered, render_folders
from azureml_publish.pipeline.import_sources import find_assets, read_assets
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import CONFIG_FILE, SPEC_FILE, Project
from azureml_publish.registry.protocol import Registry


@dataclass(frozen=True, slots=True)
class Migrated:
    """The migration of each model, the findings, and how many assets of other kinds were passed over."""

    migrations: Sequence[Migration]
    found: tuple[Diagnostic, ...] = ()
    others: int = 0


def migrate(
    run: RunContext, layout: LayoutName, assets: Sequence[str], registry: str | None, *, bump: bool, write: bool
) -> Migrated:
    """Move metadata to a layout, and write it where that is wanted.

    Args:
        layout: where the metadata is to be.
        assets: asset folders; none means the project.
        registry: where the next free version of a project's model comes from; None: the one after the present one.
        bump: give models whose properties change a new version.
        write: write files; else only say what would be.
    """
    if assets:
        found: list[Diagnostic] = []
        there = find_assets(run, assets, found)
        migrations = _assets(run, there.folders, layout, found, bump=bump, write=write)
        return Migrated(migrations, in_order(found), there.others)
    with ExitStack() as opened:
        following = _counting if registry is None else _registered_numbers(run, registry, opened)
        return Migrated(_project(run, layout, following if bump else None, write=write))


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


def _registered_numbers(run: RunContext, registry: str, opened: ExitStack) -> Following:
    """Numbers from a registry, which is opened for the first model that needs one, and stays open for the others."""
    found: list[Registry] = []

    def following(project: Project, name: str, version: int) -> int:
        if not found:
            found.append(opened.enter_context(open_registry(run, project, registry)).registry)
        return max(found[0].numbers(name)[1], version + 1)

    return following


def _project(run: RunContext, layout: LayoutName, following: Following | None, *, write: bool) -> list[Migration]:
    before = load_rendered(run, (), Settings())
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
    return f"{document.text[:at]}{with_line_ends(document, newline + line)}{document.text[at:]}"
