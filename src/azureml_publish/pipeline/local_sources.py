"""Reads local sources, without any network: lint reports what is wrong with them, render shows their MLmodel."""

from __future__ import annotations

import posixpath

from azureml_publish.content.lock import changed, compare
from azureml_publish.content.packaging.rules import NOT_HERE, UNUSABLE, Finding
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import LocalOrigin
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.errors import PublishError
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.project import ModelFolder
from azureml_publish.spec import LocalSource, ProjectConfig
from azureml_publish.spec.lock import SourceLock


def look_into_local(folder: ModelFolder, config: ProjectConfig) -> tuple[SourceFiles | None, tuple[Diagnostic, ...]]:
    """The files of a local source, and what is wrong with them; nothing where the source is another one."""
    source = folder.spec.source
    if not isinstance(source, LocalSource):
        return None, ()
    if "://" in source.local:
        message = f"{source.local} is not a folder of this machine."
        hint = "A source in a cloud has a key of its own: huggingface, azureblob, git, azureml or mlflow."
        return None, (Finding(UNUSABLE, message, hint, ("source", "local")).placed(folder.document),)
    # Most models lie elsewhere, and what reads sources is loaded for nothing.
    from azureml_publish.content.contents import package_source  # noqa: PLC0415
    from azureml_publish.content.sources.readers import open_local  # noqa: PLC0415

    try:
        files = open_local(folder)
    except PublishError as error:
        return None, (Finding(UNUSABLE, error.message, error.hint, ("source", "local")).placed(folder.document),)
    if files is None:
        message = f"{source.local} is not on this machine, so nothing is known of its files."
        hint = "Correct `source.local`: a folder or a file, relative to the model folder."
        return None, (Finding(NOT_HERE, message, hint, ("source", "local")).placed(folder.document),)
    found = package_source(folder, files, config.defaults.mlflow).found
    return files, tuple(one.placed(folder.document) for one in found)


def content_of(folder: ModelFolder, files: SourceFiles | None) -> WeightFiles:
    """The same files for rules, which report what is in them where it lies in the project, else where it goes up."""
    places = {one.path: one.origin.path for one in files.files if isinstance(one.origin, LocalOrigin)} if files else {}
    local = folder.spec.source.local if isinstance(folder.spec.source, LocalSource) else ""
    above = posixpath.normpath(posixpath.join(posixpath.dirname(folder.document.path), local))
    above = posixpath.dirname(above) if (folder.path / local).is_file() else above
    root = f"build/{folder.folder}" if above.startswith(("..", "/")) else above
    return WeightFiles(places, lambda path, line: Location(f"{root}/{path}", line))


def compare_local(
    folder: ModelFolder, lock: SourceLock, files: SourceFiles, config: ProjectConfig
) -> tuple[Diagnostic, ...]:
    """How the files of a local source differ from their lock, as far as that shows without hashing them."""
    from azureml_publish.content.contents import package_source  # noqa: PLC0415 - as above

    differences = compare(lock, package_source(folder, files, config.defaults.mlflow).files)
    return (changed(folder, lock, differences).placed(folder.document),) if differences else ()
