"""The Hugging Face Hub as a source: what a repository holds at one commit, and its bytes as a stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from azureml_publish.artifacts.tree import ArtifactFile, HubOrigin, choose
from azureml_publish.errors import NotAuthorised, NotFound, PublishError, Unreachable
from azureml_publish.spec import HubSource

CHUNK = 1024 * 1024
ATTEMPTS = 5
"""How often one file is asked for, each time from where the last connection broke."""


@dataclass(frozen=True, slots=True)
class HubRepository:
    """What a repository says about itself at one commit. `task` is the pipeline tag; empty where nothing is said."""

    id: str
    revision: str
    license: str = ""
    task: str = ""
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """A Hub: its endpoint (None: huggingface_hub's own, which reads HF_ENDPOINT), and how to wait between attempts.

    A token is taken by huggingface_hub from HF_TOKEN or its own login, and does not follow a redirect elsewhere.
    """

    endpoint: str | None = None
    sleep: Callable[[float], None] = time.sleep

    def describe(self, repository: str, revision: str) -> HubRepository:
        """What a repository says about itself at a branch, tag or commit.

        Raises:
            NotFound, NotAuthorised, Unreachable: as `list_files`.
        """
        from huggingface_hub import HfApi

        with _translated(f"{repository} at {revision}"):
            info = HfApi(endpoint=self.endpoint).model_info(repository, revision=revision)
        card = info.card_data
        return HubRepository(
            id=info.id,
            revision=str(info.sha),
            license=next(iter(_several(getattr(card, "license", None))), ""),
            task=info.pipeline_tag or "",
            languages=_several(getattr(card, "language", None)),
            datasets=_several(getattr(card, "datasets", None)),
        )

    def list_files(self, source: HubSource) -> tuple[ArtifactFile, ...]:
        """The files of a repository at its revision, those that the spec includes.

        Raises:
            NotFound: no such repository or revision.
            NotAuthorised: the repository is gated or private.
            Unreachable: the Hub does not answer.
        """
        from huggingface_hub import HfApi

        what = f"{source.huggingface} at {source.revision}"
        with _translated(what):
            info = HfApi(endpoint=self.endpoint).model_info(
                source.huggingface, revision=source.revision, files_metadata=True
            )
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        files: list[ArtifactFile] = []
        for path in choose(sorted(siblings), source.include, source.exclude):
            sibling = siblings[path]
            if sibling.size is None:
                raise PublishError(f"The Hub does not tell the size of {path} in {what}.")
            files.append(
                ArtifactFile(
                    path,
                    sibling.size,
                    HubOrigin(source.huggingface, source.revision, path),
                    sha256=sibling.lfs.sha256 if sibling.lfs else None,
                    git_oid=None if sibling.lfs else sibling.blob_id,
                )
            )
        return tuple(files)

    def read_file(self, origin: HubOrigin, size: int) -> Iterator[bytes]:
        """The bytes of a file; a connection that breaks is taken up again where it broke.

        Raises:
            NotFound, NotAuthorised, Unreachable: as the Hub answers, or when it has not for several attempts.
        """
        position = 0
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(min(0.5 * 2**attempt, 10.0))
            try:
                for chunk in self._read_from(origin, position):
                    position += len(chunk)
                    yield chunk
            except Unreachable:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                if position >= size:
                    return
        raise Unreachable(f"The Hub ended {origin.path} after {position:,} of {size:,} bytes, {ATTEMPTS} times.")

    def _read_from(self, origin: HubOrigin, position: int) -> Iterator[bytes]:
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        url = hf_hub_url(origin.repository, origin.path, revision=origin.revision, endpoint=self.endpoint)
        headers = build_hf_headers() | {"Accept-Encoding": "identity"}
        if position:
            headers["Range"] = f"bytes={position}-"
        with (
            _translated(f"{origin.repository}: {origin.path}"),
            get_session().stream("GET", url, headers=headers, follow_redirects=True, timeout=60) as response,
        ):
            hf_raise_for_status(response)
            skipped = position if position and response.status_code != 206 else 0
            for chunk in response.iter_bytes(CHUNK):
                kept = chunk[skipped:]
                skipped -= min(skipped, len(chunk))
                if kept:
                    yield kept


def _several(value: object) -> tuple[str, ...]:
    """A card's value, which may be one text or a list of them."""
    if not value:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else (str(value),)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn huggingface_hub's errors into this project's, by type and status."""
    from huggingface_hub import errors
    from huggingface_hub.utils import httpx

    try:
        yield
    except errors.GatedRepoError as error:
        hint = "Accept its terms on the Hub, then set HF_TOKEN to a token that may read it."
        raise NotAuthorised(f"The Hub keeps {what} behind its terms.", hint=hint) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        hint = "Check `source` in the spec; for a private repository set HF_TOKEN."
        raise NotFound(f"The Hub has no {what}.", hint=hint) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            hint = "Set HF_TOKEN to a token that may read it."
            raise NotAuthorised(f"The Hub refuses {what} ({status}).", hint=hint) from error
        raise Unreachable(f"The Hub answers {status} for {what}.", hint="Try again later.") from error
    except (httpx.HTTPError, errors.OfflineModeIsEnabled) as error:
        hint = "Check the network and HF_ENDPOINT; `-r local` works without either."
        raise Unreachable(f"The Hub cannot be reached for {what}: {error}.", hint=hint) from error
