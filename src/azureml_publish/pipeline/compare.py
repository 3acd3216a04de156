"""Compares the models of a project with another state of them: a revision of git, or one registered version."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from azureml_publish.assets import SOURCE_PROPERTY, AssetId, RegisteredAsset, RenderedModel
from azureml_publish.content.contents import describe_content
from azureml_publish.errors import NotFound
from azureml_publish.git import GitFailed, read_revision
from azureml_publish.layouts.wire import record_of
from azureml_publish.pipeline.check import CheckedProject, render
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.references import find_registered
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.actions import Action, ActionKind, Desired, FieldChange, Plan
from azureml_publish.plan.diff import differences
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.project import CONFIG_FILE, ModelFolder
from azureml_publish.skus.overlay import OVERLAY_FILE
from azureml_publish.spec import LocalSource


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, as a plan that would bring the other state to the models as they are.

    Attributes:
        plan: an action for each model; `registry` says what the other state is.
        removed: models that the other state alone has.
        skipped: models that do not render there, and so cannot be compared.
    """

    plan: Plan
    removed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def compare_revision(run: RunContext, checked: CheckedProject, revision: str, settings: Settings) -> Comparison:
    """Compare models with a revision of the repository that the project is in.

    Raises:
        NotFound: there is no such revision, or no project in it.
        UnsoundProject: the models have errors.
    """
    project = checked.require_sound()
    before, skipped = _at_revision(run, project.root, revision, settings)
    now = {folder.folder: _desired(folder, rendered) for folder, rendered in checked.rendered}
    actions = [_action(wanted, before.get(name), revision) for name, wanted in now.items() if name not in skipped]
    there = {*(folder.folder for folder in project.models), *project.unreadable, *project.unread}
    removed = before.keys() - there
    plan = Plan(revision, tuple(sorted(actions, key=lambda action: action.model)))
    return Comparison(plan, tuple(sorted(removed)), tuple(sorted(skipped & now.keys())))


def changed_content(
    run: RunContext, root: Path, models: Iterable[tuple[ModelFolder, RenderedModel]], revision: str
) -> Mapping[str, tuple[str, ...]]:
    """The fields of models that a registered version keeps, and that differ from a revision; by folder.

    Only of models that have the same name and version there, and render there; without the files of local sources.
    """
    wanted = {folder.folder: _desired(folder, rendered) for folder, rendered in models}
    before, _ = _at_revision(run, root, revision, Settings(only=frozenset(wanted)))
    found = {}
    for name, one in wanted.items():
        then = before.get(name)
        if then is not None and (then.id.name, then.id.version) == (one.asset.name, one.asset.version):
            fields = _action(one, then, revision).fields
            found[name] = tuple(each.field for each in fields if each.consequence is ChangeClass.NEW_VERSION)
    return found


def compare_version(run: RunContext, checked: CheckedProject, reference: str, registry: str | None) -> Comparison:
    """Compare one model with a registered version, `NAME:VERSION`, whatever version the folder names.

    Raises:
        NotFound: there is no such version, or no folder of that model.
        UnsoundProject: the models have errors.
        PublishError: the registry cannot be read.
    """
    project = checked.require_sound()
    with open_registry(run, project, registry) as opened:
        asset = find_registered(opened.registry, reference, registry)
    for folder, rendered in checked.rendered:
        if rendered.asset.name == asset.id.name:
            return Comparison(Plan(str(asset.id), (_action(_desired(folder, rendered), asset, ""),)))
    raise NotFound(f"No model folder is called {asset.id.name}.", hint="Name a version of a model that has a folder.")


_MOST_NAMED = 500
"""Model folders that git is given by name; where there are more, it hands out all."""


def _at_revision(
    run: RunContext, root: Path, revision: str, settings: Settings
) -> tuple[Mapping[str, RegisteredAsset], frozenset[str]]:
    """The models of a revision as a registry would hold them, by folder; and those that do not render."""
    only = settings.only
    models = (
        ("models",) if only is None or len(only) > _MOST_NAMED else tuple(f"models/{name}" for name in sorted(only))
    )
    names = (CONFIG_FILE, "templates", OVERLAY_FILE, *models)
    try:
        archive = read_revision(root, run.environ, revision, names)
    except GitFailed as error:
        raise NotFound(f"{error.message}.", hint="Name a commit, a branch or a tag: main, HEAD~1, v1.2.") from error
    with tempfile.TemporaryDirectory(prefix="azureml-publish-") as folder:
        if archive:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(folder, filter="data")
        there = replace(run, directory=Path(folder))
        if not (Path(folder) / CONFIG_FILE).is_file():
            raise NotFound(f"The revision {revision} has no publish.yaml here.", hint="Name a later one.")
        loaded = load(there, (), settings)
        if loaded.subject is None:
            return {}, frozenset()
        rendered = render(there, loaded)
        found = {one.folder: _registered(one, result) for one, result in rendered.rendered}
        broken = {one.folder.folder for one in rendered.models if one.rendered is None}
        return found, frozenset(broken | {*loaded.subject.project.unreadable})


def _desired(folder: ModelFolder, rendered: RenderedModel) -> Desired:
    """The state that a folder describes. The files of a local source have no revision, so their content is left out."""
    local = isinstance(folder.spec.source, LocalSource)
    return Desired(rendered.asset, "" if local else describe_content(folder, rendered).digest)


def _registered(folder: ModelFolder, rendered: RenderedModel) -> RegisteredAsset:
    wanted, asset = _desired(folder, rendered), rendered.asset
    record = record_of(asset, {SOURCE_PROPERTY: wanted.source_digest} if wanted.source_digest else {})
    return RegisteredAsset(
        id=AssetId("git", asset.name, asset.version),
        type=asset.type,
        description=asset.description,
        tags=record.tags,
        properties=record.properties,
        system_metadata=record.system_metadata,
        path="",
        archived=asset.archived,
    )


def _action(wanted: Desired, before: RegisteredAsset | None, revision: str) -> Action:
    """What changed in a model since another state."""
    asset = wanted.asset
    if before is None:
        reason = f"new since {revision}"
        return Action(asset.name, asset.version, ActionKind.CREATE, wanted.digest, reason)
    fields, unseen = differences(wanted, before)
    own = [one for one in fields if one.field != "content" or wanted.source_digest]
    if before.id.version != asset.version:
        own.insert(0, FieldChange("version", ChangeClass.IDENTITY, before.id.version, asset.version))
    kind = ActionKind.UPDATE if own else ActionKind.UNCHANGED
    return Action(asset.name, asset.version, kind, wanted.digest, fields=tuple(own), unseen=unseen)
