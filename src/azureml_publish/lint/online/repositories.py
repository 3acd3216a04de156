"""What the Hub says of a repository and of the commit that a spec pins."""

from __future__ import annotations

from pathlib import PurePosixPath

from azureml_publish.content.sources.hub import Hub, HubRepository
from azureml_publish.errors import NotFound
from azureml_publish.lint.online.answers import HubAnswer
from azureml_publish.spec import HubSource

_READ_BY_PEOPLE = frozenset({".md", ".gitattributes", ".gitignore", ".png", ".jpg", ".jpeg", ".gif", ".pdf"})


def fetch_repository(hub: Hub, source: HubSource, *, token: bool) -> HubAnswer:
    """Fetch what the Hub says of a source: two requests, and two more where its commit is not the latest.

    Raises:
        NotAuthorised, Unreachable, PublishError: as the Hub answers.
    """
    repository, commit = source.huggingface, source.revision
    latest = _describe(hub, repository, None)
    if latest is None:
        return HubAnswer(repository, commit, None, token=token)
    pinned = latest if latest.revision == commit else _describe(hub, repository, commit)
    changed = _changed(hub, source, latest.revision) if pinned and pinned is not latest else ()
    return HubAnswer(repository, commit, latest, pinned, changed, token)


def _describe(hub: Hub, repository: str, revision: str | None) -> HubRepository | None:
    try:
        return hub.describe(repository, revision)
    except NotFound:
        return None


def _changed(hub: Hub, source: HubSource, latest: str) -> tuple[str, ...]:
    """The files that another version would bring, by their digests."""
    sides = []
    for revision in (source.revision, latest):
        files = hub.list_files(source.model_copy(update={"revision": revision}))
        sides.append({file.path: file.sha256 or file.git_oid for file in files})
    differing = {path for path in {*sides[0], *sides[1]} if sides[0].get(path) != sides[1].get(path)}
    return tuple(sorted(path for path in differing if not _for_readers(PurePosixPath(path))))


def _for_readers(path: PurePosixPath) -> bool:
    return (path.suffix or path.name).lower() in _READ_BY_PEOPLE or path.name.upper().startswith("LICENSE")
