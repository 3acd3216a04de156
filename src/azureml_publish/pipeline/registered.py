"""What list and show do: they read versions that are registered. They start with nothing that reads content."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from azureml_publish.assets import RegisteredAsset
from azureml_publish.pipeline.references import (
    find_registered,
    name_reference,
    name_references,
    no_model,
    open_files,
    read_project,
)
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.registry.protocol import Registry

if TYPE_CHECKING:
    from azureml_publish.content.upload.container import StoredFile

JOBS = 16
"""Models that are read at a time; an answer of the service takes a quarter of a second."""


@contextmanager
def open_registered(
    run: RunContext, reference: str, registry: str | None
) -> Iterator[tuple[Registry, RegisteredAsset]]:
    """The registry and the one version in it that a reference means, while the registry is open.

    Raises:
        NotFound, UsageProblem: see `find_registered`.
    """
    project = read_project(run, [reference], registry)
    with open_registry(run, project, registry) as opened:
        yield opened.registry, find_registered(opened.registry, name_reference(run, project, reference), registry)


def list_registered(
    run: RunContext, names: Sequence[str], registry: str | None, *, every: bool
) -> tuple[list[RegisteredAsset], list[str]]:
    """The registered models, each with its latest version or with every one; and the models of which none is listed.

    Args:
        names: names, globs, or files and folders of models. [default: all that are registered]
        registry: a registry of `publish.yaml` or its address. [default: the project's own]
        every: every version, not just the latest.

    Raises:
        NotFound: a model that was named is not registered.
        PublishError: the registry cannot be read.
    """
    project = read_project(run, names, registry)
    assets: list[RegisteredAsset] = []
    unlisted: list[str] = []
    with open_registry(run, project, registry) as opened:
        named = name_references(run, project, names)
        if any(sign in name for name in named for sign in "*?["):
            there = opened.registry.models()
            named = tuple(one for name in named for one in fnmatch.filter(there, name) or [name])

        def look(name: str) -> tuple[bool, list[RegisteredAsset]]:
            numbers = opened.registry.versions(name)
            shown = (asset for number in numbers if (asset := opened.registry.find(name, number)) is not None)
            # One that was listed may be gone, or be listed before it shows: then the one before it is the latest.
            return bool(numbers), list(shown if every else islice(shown, 1))

        wanted = named if names else opened.registry.models()
        with ThreadPoolExecutor(JOBS, thread_name_prefix="list") as pool:
            for name, (listed, found) in zip(wanted, pool.map(look, wanted), strict=True):
                if names and not listed:
                    raise no_model(opened.registry, name, registry)
                if not found:
                    unlisted.append(name)
                assets.extend(found)
    return assets, unlisted


def show_registered(
    run: RunContext, reference: str, registry: str | None, *, files: bool = False
) -> tuple[RegisteredAsset, Mapping[str, StoredFile]]:
    """One registered version, see `find_registered`, and by path its files where they are wanted.

    Raises:
        NotFound, UsageProblem: see `find_registered`.
        PublishError: the registry or its storage cannot be read.
    """
    with open_registered(run, reference, registry) as (where, asset):
        if not files:
            return asset, {}
        with open_files(where, asset) as container:
            return asset, container.files()
