"""Makes the locks of sources, and says which of those in the model folders are stale."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

from azureml_publish.content.contents import package_source
from azureml_publish.content.lock import CHANGED, STALE, make_lock, not_compared, read_lock, write_text
from azureml_publish.content.packaging.rules import Finding, some
from azureml_publish.content.packaging.tree import LocalOrigin
from azureml_publish.content.sources.readers import Readers
from azureml_publish.diagnostics import Diagnostic, Severity, has_errors
from azureml_publish.errors import PublishError, Unreachable
from azureml_publish.files import write_whole
from azureml_publish.lint.rules.revisions import hub_revision
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.project import ModelFolder
from azureml_publish.reporters.lock import Locked, LockState
from azureml_publish.spec import GitSource, Mlflow
from azureml_publish.spec.lock import LOCK_FILE, SourceLock

QUICK = 256 * 1024 * 1024
"""Bytes of one source that may be fetched for a lock that is written along the way."""

JOBS = 4
"""Sources that are locked at a time: files may have to be read whole."""


def lock_models(
    run: RunContext, models: Sequence[str], registry: str | None, *, check: bool
) -> tuple[tuple[Locked, ...], tuple[Diagnostic, ...]]:
    """Lock the sources of models, with the Hub that goes with a registry; and what is wrong in folders and sources.

    Raises:
        UnsoundProject: `publish.yaml` cannot be used.
    """
    loaded = load(run, models, Settings())
    project = loaded.require_project()
    with open_registry(run, project, registry) as opened, closing(find_readers(opened, run)) as readers:
        locked = lock_sources(loaded.folders, readers, project.config.defaults.mlflow, check=check)
    return locked, (*loaded.found, *(found for one in locked for found in one.found))


def lock_sources(
    folders: Sequence[ModelFolder],
    readers: Readers,
    defaults: Mlflow | None,
    *,
    check: bool = False,
    most_read: int | None = None,
) -> tuple[Locked, ...]:
    """Look into every source, and write its lock.

    Args:
        check: write nothing, only say which locks are not what the sources hold.
        most_read: bytes that may be fetched of one source for its digests; None: any number.
    """
    unreachable: dict[str, PublishError] = {}

    def work(folder: ModelFolder) -> Locked:
        host = next(iter(folder.spec.source.model_dump()))
        try:
            if most_read is not None and host in unreachable:  # nobody is to wait for every one of many
                raise unreachable[host]
            lock, found = look(folder, readers, defaults, most_read)
        except PublishError as error:
            if isinstance(error, Unreachable):
                unreachable[host] = error
            return Locked(folder.folder, LockState.UNREACHABLE, failure=error)
        if lock is None:
            return Locked(folder.folder, LockState.REFUSED, None, found)
        there, unreadable = read_lock(folder)
        if there == lock:
            return Locked(folder.folder, LockState.UNCHANGED, lock, found)
        if there is not None and lock.stand_in and not there.stand_in and there.spec_digest == lock.spec_digest:
            finding = not_compared().placed(folder.document)
            return Locked(folder.folder, LockState.NOT_COMPARED, lock, (*found, finding))
        if check:
            stale = unreadable or (_stale(folder, there, lock).placed(folder.document),)
            return Locked(folder.folder, LockState.STALE, lock, (*found, *stale))
        write_whole(folder.path / LOCK_FILE, write_text(lock))
        return Locked(folder.folder, LockState.WRITTEN, lock, found)

    with ThreadPoolExecutor(JOBS, thread_name_prefix="lock") as pool:
        return tuple(pool.map(work, folders))


def lock_new(
    folders: Sequence[ModelFolder], readers: Readers, defaults: Mlflow | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lock the sources of model folders that were just written, as far as that is quickly done.

    Returns:
        the locks that were written, as paths below the folder of models; and why others were not, for a person.
    """
    written: list[str] = []
    reasons: dict[str, list[str]] = {}
    for one in lock_sources(folders, readers, defaults, most_read=QUICK):
        if one.state is LockState.WRITTEN:
            written.append(f"{one.model}/{LOCK_FILE}")
        elif one.failure is not None:
            reasons.setdefault(one.failure.message, []).append(one.model)
        elif one.state is LockState.REFUSED:
            refused = one.found[0]
            reason = f"it cannot be published like this. {refused.code}: {refused.message} {refused.hint}"
            reasons.setdefault(reason, []).append(one.model)
    again = "`publish lock` writes it once that is done."
    notes = (f"{LOCK_FILE} of {some(names)} was not written: {why} {again}" for why, names in reasons.items())
    return tuple(written), tuple(notes)


def look(
    folder: ModelFolder, readers: Readers, defaults: Mlflow | None, most_read: int | None = None
) -> tuple[SourceLock | None, tuple[Diagnostic, ...]]:
    """The lock of what a source holds now, and what was found there; None where that cannot be published.

    Raises:
        PublishError: the source cannot be read, or more of it would have to be read than `most_read` bytes.
    """
    if any(hub_revision(folder)):
        return None, tuple(hub_revision(folder, _commit_now(folder, readers)))
    if most_read is not None and isinstance(folder.spec.source, GitSource):
        raise PublishError("git would clone a repository whole, and says of none how large it is.")
    source = readers.open(folder)
    package = package_source(folder, source, defaults)
    found = tuple(one.placed(folder.document) for one in package.found)
    if has_errors(found):
        return None, tuple(one for one in found if one.severity is Severity.ERROR)
    unknown = sum(file.size for file in package.files if not file.sha256 and not isinstance(file.origin, LocalOrigin))
    if most_read is not None and unknown > most_read:
        raise PublishError(
            f"{unknown:,} bytes would have to be fetched, because the source does not list their SHA-256."
        )
    return make_lock(folder, source, package, readers, defaults), found


def _commit_now(folder: ModelFolder, readers: Readers) -> str:
    """The commit that a branch, a tag or the beginning of a commit means now; empty where the Hub does not say."""
    with suppress(PublishError):
        host = readers.describe(folder)
        return "" if host.stand_in else host.commit
    return ""


def _stale(folder: ModelFolder, there: SourceLock | None, lock: SourceLock) -> Finding:
    """Why a lock is not what the source holds now."""
    again = f"Write it, look at what changed, and commit it: `publish lock {folder.folder}`."
    if there is None:
        return Finding(STALE, f"There is no {LOCK_FILE}.", again)
    if there.spec_digest != lock.spec_digest:
        return Finding(STALE, f"{LOCK_FILE} was made for another source, type, task or selection of files.", again)
    promised = {file.path: (file.bytes, file.sha256) for file in there.files}
    held = {file.path: (file.bytes, file.sha256) for file in lock.files}
    moved = sorted(path for path in {*promised, *held} if promised.get(path) != held.get(path))
    if moved:
        return Finding(CHANGED, f"The source is not what {LOCK_FILE} says; other, new or gone: {some(moved)}.", again)
    before, after = there.model_dump(), lock.model_dump()
    flat = {**before, **before["model"]}, {**after, **after["model"]}
    keys = sorted(key for key in flat[1] if flat[0].get(key) != flat[1][key] and key not in ("model", "files"))
    return Finding(STALE, f"{LOCK_FILE} says something else about the source: {some(keys)}.", again)
