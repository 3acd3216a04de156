"""Which registered versions a person means, and where their files are."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_publish.assets import AssetId, RegisteredAsset
from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.pipeline.registries import same_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.selection import name_models
from azureml_publish.project import (
    CONFIG_FILE,
    Project,
    UnsoundProject,
    find_root,
    load_project,
    read_folder,
    written_name,
)
from azureml_publish.registry.protocol import Registry
from azureml_publish.spec import ModelSpec, ProjectConfig, parse_spec

if TYPE_CHECKING:
    from azureml_publish.content.upload.container import Container


def read_project(run: RunContext, references: Iterable[str] | None = None, registry: str | None = None) -> Project:
    """The project, for verbs that need its registries, and its models only to know what a reference means.

    Args:
        references: what names registered versions; the model folders are not read where all say `NAME:VERSION` or more.
            [default: they are read]
        registry: the registry that is to be read. Where its address is given, there need be no project.

    Raises:
        UsageProblem: there is none here.
        UnsoundProject: its `publish.yaml` cannot be used.
    """
    models = references is None or any(":" not in one for one in references)
    try:
        root = find_root(run.directory)
    except UsageProblem:
        if registry is None or not registry.startswith("azureml://"):
            raise
        return new_project(run.directory, "")
    project, found = load_project(root, with_models=models)
    if project is None:
        raise unusable(found)
    return project


def new_project(root: Path, text: str) -> Project:
    """A project of which nothing is written yet; `text` is its `publish.yaml`."""
    document, config, _ = parse_spec(text, CONFIG_FILE, ProjectConfig)
    if document is None or config is None:
        raise ValueError(text)
    return Project(root, config, document, ())


def unusable(found: Iterable[Diagnostic]) -> UnsoundProject:
    """What to raise where `publish.yaml` cannot be used: all its errors."""
    return UnsoundProject(tuple(one for one in found if one.severity is Severity.ERROR), 0)


def open_files(registry: Registry, asset: RegisteredAsset) -> Container:
    """The container with the files of a registered version; it closes with its `with`."""
    from azureml_publish.content.upload.container import Container  # noqa: PLC0415 - most verbs open no container

    access = registry.open_content(asset)
    return Container(access, access.folder_of(asset.path), partial(registry.open_content, asset))


def name_references(run: RunContext, project: Project, references: Iterable[str]) -> tuple[str, ...]:
    """References to registered versions with names alone: a file or folder, and a folder's name, stand for its model.

    Raises:
        UsageProblem, NotFound: see `name_models`.
        UnsoundProject: all are meant, and a folder has errors.
    """
    named = {model.spec.name for model in project.models}
    by_folder = {model.folder: model.spec.name for model in project.models if model.folder not in named}
    names: list[str] = []
    for reference in references:
        if ":" in reference:
            names.append(reference)
            continue
        meant = name_models([reference], run.directory, project.root)
        if not meant:
            require_readable(project, "*")
            meant = tuple(sorted(named))
        names += [by_folder.get(name, name) for name in meant]
    return tuple(dict.fromkeys(names))


def name_reference(run: RunContext, project: Project, reference: str) -> str:
    """The same of one reference.

    Raises:
        UsageProblem: it stands for several models, or see `name_references`.
    """
    names = name_references(run, project, [reference])
    if len(names) == 1 and ":" not in names[0] and any(sign in names[0] for sign in "*?["):
        names = tuple(spec.name for spec in _folders_named(project, names[0])) or names
    if len(names) != 1:
        raise UsageProblem(f"{reference} stands for {len(names)} models.", hint="Name one.")
    return names[0]


def find_meant(
    registry: Registry, project: Project, references: Iterable[str], named: str | None
) -> tuple[RegisteredAsset, ...]:
    """The registered versions that arguments mean, each once.

    `NAME` and globs mean model folders first, with the version that each names, then registered names with their
    latest; `NAME:VERSION` and `azureml://` URIs say it all.

    Raises:
        NotFound, UsageProblem: see `find_registered`.
    """
    found: dict[AssetId, RegisteredAsset] = {}
    for reference in references:
        for exact in expand_reference(registry, project, reference):
            asset = find_registered(registry, exact, named)
            found[asset.id] = asset
    return tuple(found.values())


def expand_reference(registry: Registry, project: Project, reference: str) -> list[str]:
    """What a reference stands for: a glob for several, and a model with a folder for the version that it names.

    Raises:
        UnsoundProject: a folder that it means has errors, so nobody knows which version it names.
    """
    if ":" in reference:
        return [reference]
    require_readable(project, reference)
    if specs := _folders_named(project, reference):
        return [f"{spec.name}:{spec.version}" for spec in specs]
    if any(sign in reference for sign in "*?["):
        return fnmatch.filter(registry.models(), reference) or [reference]
    return [reference]


def require_readable(project: Project, pattern: str) -> None:
    """Raise `UnsoundProject` where a folder that a name or glob means could not be read."""
    found = []
    for folder in project.unreadable:
        path = project.root / "models" / folder
        if any(fnmatch.fnmatchcase(name, pattern) for name in (folder, written_name(path) or folder)):
            found += [one for one in read_folder(project.root, path)[1] if one.severity is Severity.ERROR]
    if found:
        raise UnsoundProject(tuple(found), len(project.models) + len(project.unreadable))


def _folders_named(project: Project, pattern: str) -> list[ModelSpec]:
    """The specs of the model folders whose name, or whose model's name, a name or glob matches."""
    return [
        model.spec
        for model in project.models
        if any(fnmatch.fnmatchcase(name, pattern) for name in (model.folder, model.spec.name))
    ]


def find_registered(registry: Registry, reference: str, named: str | None) -> RegisteredAsset:
    """The version that `NAME`, `NAME:VERSION` or an `azureml://` URI means; of a bare name the latest.

    `named` is what names the registry on the command line, if anything does.

    Raises:
        NotFound: there is no such model or version.
        UsageProblem: the version is not a number, or the URI names another registry.
    """
    name, version = _parse(registry, reference)
    if version is not None and (found := registry.find(name, version)) is not None:
        return found
    numbers = registry.versions(name)
    if not numbers:
        raise no_model(registry, name, named)
    there = ", ".join(map(str, numbers[:8]))
    if version is not None:
        raise NotFound(f"The registry {registry.name} has no version {version} of {name}.", hint=f"There are: {there}.")
    # One that was listed may be gone, or be listed before it shows: then the one before it is the latest.
    found = next((one for number in numbers if (one := registry.find(name, number)) is not None), None)
    if found is None:
        message = f"The registry {registry.name} lists versions of {name} and shows none of them: {there}."
        raise NotFound(message, hint="They were registered or deleted just now: run this again in a minute.")
    return found


def no_model(registry: Registry, name: str, named: str | None) -> NotFound:
    """What to raise where a registry has no version of this name."""
    there = registry.models()
    if name in there:
        hint = f"One that was registered just now shows in a minute; a version by number is {name}:NUMBER."
        message = (
            f"The registry {registry.name} has the model '{name}', and lists no version of it that is a whole number."
        )
        return NotFound(message, hint=hint)
    close = difflib.get_close_matches(name, there, n=2)
    hint = (
        f"Did you mean {' or '.join(close)}?" if close else f"`publish list{same_registry(named)}` shows what is there."
    )
    return NotFound(f"The registry {registry.name} has no model '{name}'.", hint=hint)


def _parse(registry: Registry, reference: str) -> tuple[str, int | None]:
    if reference.startswith("azureml://"):
        try:
            asset = AssetId.parse(reference)
        except ValueError as error:
            raise UsageProblem(str(error)) from error
        if asset.registry.lower() != registry.name.lower():  # the service writes it in lower case
            raise UsageProblem(f"{reference} is not in the registry {registry.name}.", hint=f"Add -r {asset.registry}.")
        return asset.name, asset.version
    name, colon, number = reference.partition(":")
    if colon and not (number.isascii() and number.isdigit()):
        raise UsageProblem(f"'{number}' is not a version.", hint="Write NAME or NAME:NUMBER.")
    return name, int(number) if colon else None
