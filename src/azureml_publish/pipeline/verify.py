"""Checks registered files against the manifest that was registered with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from azureml_publish.assets import MANIFEST_PROPERTY, ContentCheck, RegisteredAsset
from azureml_publish.content.manifest import check_content
from azureml_publish.content.signing import Verifier
from azureml_publish.content.upload.progress import Progress
from azureml_publish.errors import Interrupted, NotFound, PublishError
from azureml_publish.events import Events
from azureml_publish.pipeline.references import (
    expand_reference,
    find_registered,
    name_references,
    open_files,
    read_project,
    require_readable,
)
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project
from azureml_publish.registry.protocol import Registry

JOBS = 4
"""Versions that are verified at a time: a small one is mostly waiting for answers, a large one fills the network."""


def verify(
    run: RunContext,
    references: Sequence[str],
    registry: str | None,
    progress: Progress,
    *,
    quick: bool = False,
    missing: dict[str, NotFound] | None = None,
    verifier: Verifier | None = None,
) -> tuple[ContentCheck, ...]:
    """Compare path, size and SHA-256 of every registered file with the manifest.

    Args:
        references: as in `find_meant`, and files and folders of models. [default: the versions that the folders name]
        registry: a registry of `publish.yaml` or its address. [default: the project's own]
        progress: is called with the bytes that were read.
        quick: compare sizes and noted digests alone, and read no file.
        missing: takes what is not registered, by its reference, so that the others are verified all the same.
        verifier: checks the signatures; None where none is wanted.

    Raises:
        NotFound: there is no such version, and `missing` is not given.
        UnsoundProject: a model folder that is meant has errors.
        PublishError: the registry cannot be reached, or the storage of no version can.
    """
    project = read_project(run, references or None)
    if not references:
        require_readable(project, "*")
    named = name_references(run, project, references) or tuple(model.spec.name for model in project.models)
    checks: list[ContentCheck] = []
    errors: list[PublishError] = []
    with open_registry(run, project, registry) as opened, run.events.stage("verify"):

        def check(asset: RegisteredAsset) -> ContentCheck:
            return _check(opened.registry, asset, progress, verifier, quick=quick)

        def look(reference: str) -> ContentCheck | NotFound:
            try:
                asset = find_registered(opened.registry, reference, registry)
            except NotFound as error:
                return error
            return _checked(run.events, asset, check, errors)

        wanted = _exact(opened.registry, project, named)
        with ThreadPoolExecutor(JOBS, thread_name_prefix="verify") as pool:
            for reference, found in zip(wanted, pool.map(look, wanted), strict=True):
                if isinstance(found, ContentCheck):
                    checks.append(found)
                elif missing is None:
                    raise found
                else:
                    missing[reference] = found
    if errors and len(errors) == len(checks):
        raise errors[0]
    return tuple(checks)


def _checked(
    events: Events, asset: RegisteredAsset, check: Callable[[RegisteredAsset], ContentCheck], errors: list[PublishError]
) -> ContentCheck:
    """What a check finds; that the version cannot be read is a finding, too, and goes to the errors."""
    with events.one_model("verify", asset.id.name, asset.id.version) as ended:
        try:
            found = check(asset)
        except Interrupted:
            raise
        except PublishError as error:
            errors.append(error)
            ended("unreadable", error)
            return ContentCheck(asset.id, problems=(f"it cannot be read: {error.message}",), checked=False)
        ended("differs" if found.outcome == "damaged" else found.outcome, files=found.files, bytes=found.size)
        return found


def _exact(registry: Registry, project: Project, references: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for each in references for one in expand_reference(registry, project, each)))


def _check(
    registry: Registry, asset: RegisteredAsset, progress: Progress, verifier: Verifier | None, *, quick: bool
) -> ContentCheck:
    promised = asset.properties.get(MANIFEST_PROPERTY)
    if promised is None:
        problem = f"no property {MANIFEST_PROPERTY}: another tool registered it, so there is nothing to check against"
        return ContentCheck(asset.id, problems=(problem,), checked=False)
    with open_files(registry, asset) as container:
        return check_content(asset.id, container, promised, quick=quick, progress=progress, verifier=verifier)
