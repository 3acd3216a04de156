"""The Hugging Face Hub as a source: what a repository holds at one commit, and its bytes as a stream."""

from __future__ import annotations

import atexit
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from azureml_publish.content.failures import Service, failure_of
from azureml_publish.content.packaging.tree import ArtifactFile, HubOrigin
from azureml_publish.content.sources.selection import choose
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.errors import (
    ContentMismatch,
    NotAuthorised,
    NotFound,
    PublishError,
    UnexpectedAnswer,
    Unreachable,
    UsageProblem,
)
from azureml_publish.network import is_loopback, unreachable_because
from azureml_publish.spec import HubSource
from azureml_publish.version import TOOL

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo
    from huggingface_hub.utils import httpx

ANSWER_SECONDS = 60.0
"""How long the Hub may be silent; huggingface_hub itself would wait for ever."""

HUB = Service(
    "The Hub",
    access="Set HF_TOKEN to a token that may read it.",
    check="Check `source` in the spec; for a private repository set HF_TOKEN.",
    network="Check the network, the proxy and HF_ENDPOINT. A copy on disk needs none of them: source: {local: FOLDER}.",
)

STAND_IN_TAG = "azureml-publish:stand-in"
"""A tag that the emulator's Hub gives repositories whose files it made up."""


@dataclass(frozen=True, slots=True)
class HubRepository:
    """What the Hub says about a repository at one commit. `task` is the pipeline tag, empty where it has none.

    `gated` is how access is granted where its terms have to be accepted first: `auto` or `manual`. `stand_in` is true
    where its files are made up by the emulator.
    """

    id: str
    revision: str
    license: str = ""
    task: str = ""
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    gated: str = ""
    license_name: str = ""
    license_link: str = ""
    base_models: tuple[str, ...] = ()
    library: str = ""
    files: tuple[str, ...] = ()
    stand_in: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Hub:
    """A Hub: its endpoint (None: huggingface_hub's own), and how to wait before another attempt.

    A token is taken by huggingface_hub from HF_TOKEN or its own login, and does not follow a redirect elsewhere. A Hub
    on this machine is reached directly: neither proxies nor HF_HUB_OFFLINE count for it.
    """

    endpoint: str | None = None
    sleep: Callable[[float], None] = time.sleep
    _signed: dict[HubOrigin, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def describe(self, repository: str, revision: str | None) -> HubRepository:
        """What a repository says about itself at a branch, tag or commit; None: at the head of its default branch.

        Raises:
            NotFound, NotAuthorised, Unreachable: as `list_files`.
        """
        # Somebody waits at a terminal, so only a Hub that sends Retry-After is tried again.
        info = RetryPolicy(sleep=self.sleep).attempt(
            lambda: self._request(repository, revision), retryable=lambda error: error.retry_after is not None
        )
        if not re.fullmatch(r"[0-9a-f]{40}", str(info.sha)):
            raise self._unexpected(repository, "JSON without a commit")
        card = info.card_data
        return HubRepository(
            id=info.id,
            revision=str(info.sha),
            license=next(iter(_several(getattr(card, "license", None))), ""),
            task=info.pipeline_tag or "",
            languages=_several(getattr(card, "language", None)),
            datasets=_several(getattr(card, "datasets", None)),
            gated=str(info.gated or ""),
            license_name=str(getattr(card, "license_name", None) or ""),
            license_link=str(getattr(card, "license_link", None) or ""),
            base_models=_several(getattr(card, "base_model", None)),
            library=str(info.library_name or getattr(card, "library_name", None) or ""),
            files=tuple(sorted(sibling.rfilename for sibling in info.siblings or ())),
            stand_in=STAND_IN_TAG in (info.tags or ()),
            private=bool(info.private),
        )

    def read_text(self, repository: str, revision: str, path: str) -> str:
        """A small file of a repository, such as `config.json`.

        Raises:
            NotFound, NotAuthorised, Unreachable: as `list_files`.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import hf_raise_for_status

        address = hf_hub_url(repository, path, revision=revision, endpoint=self.endpoint)
        with self._translated(f"{repository}: {path}"):
            answer = self._client().get(address, headers=_headers(), follow_redirects=True, timeout=ANSWER_SECONDS)
            hf_raise_for_status(answer)
            return answer.text

    def list_files(self, source: HubSource) -> tuple[ArtifactFile, ...]:
        """The files of a repository at its revision, those that the spec includes.

        Raises:
            NotFound: no such repository or revision.
            NotAuthorised: the repository is gated or private.
            Unreachable: the Hub does not answer.
        """
        what = f"{source.huggingface} at {source.revision}"

        def describe() -> ModelInfo:
            return self._request(source.huggingface, source.revision, blobs=True)

        # A Hub that cannot be reached at all is reported at once.
        info = RetryPolicy(sleep=self.sleep).attempt(describe, retryable=lambda error: error.status is not None)
        if info.siblings is None:
            raise self._unexpected(what, "JSON without files")
        siblings = {sibling.rfilename: sibling for sibling in info.siblings}
        files: list[ArtifactFile] = []
        for path in choose(sorted(siblings), source.include, source.exclude):
            sibling = siblings[path]
            if sibling.size is None:
                raise PublishError(f"The Hub does not give the size of {path} in {what}.")
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

    def read(self, origin: HubOrigin, start: int, length: int, size: int) -> Iterator[bytes]:
        """Bytes of a file, from one connection, which may break: fewer than requested may come.

        The Hub redirects large files to a signed address elsewhere, which is kept for further parts of the file. Files
        that lie in Xet storage come by the same route: hf_xet writes to disk alone, and nothing is to touch the disk.

        Raises:
            NotFound, NotAuthorised, Unreachable: as the Hub answers.
            ContentMismatch: the file has another size by now.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import hf_raise_for_status

        url = hf_hub_url(origin.repository, origin.path, revision=origin.revision, endpoint=self.endpoint)
        signed = self._signed.get(origin)
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={start}-{start + length - 1}"}
        if signed is None:
            headers = _headers() | headers
        if (start, length) == (0, size):
            del headers["Range"]
        with (
            self._translated(f"{origin.repository}: {origin.path}"),
            self._client().stream(
                "GET", signed or url, headers=headers, follow_redirects=True, timeout=ANSWER_SECONDS
            ) as response,
        ):
            if signed is not None and response.status_code in (400, 401, 403, 404, 410):
                self._signed.pop(origin, None)  # it has run out; the Hub gives another one
                raise Unreachable(f"The address of {origin.path} has run out.", status=response.status_code)
            hf_raise_for_status(response)
            if response.headers.get("Content-Type", "").startswith(
                "text/html"
            ):  # the Hub hands out pages as plain text
                raise self._unexpected(origin.path, "a page (text/html)")
            if signed is None and response.history and response.url.netloc != response.history[0].url.netloc:
                self._signed[origin] = str(response.url)
            skipped = _find_start(response.status_code, response.headers, start, size, origin.path)
            for chunk in response.iter_raw():
                kept = chunk[skipped:] if skipped else chunk
                skipped = max(0, skipped - len(chunk))
                if kept:
                    yield kept

    def _request(self, repository: str, revision: str | None, *, blobs: bool = False) -> ModelInfo:
        """The Hub's answer to the request that `HfApi.model_info` makes; `blobs`: with digests of its files."""
        from huggingface_hub import ModelInfo, constants
        from huggingface_hub.utils import hf_raise_for_status

        what = f"{repository} at {revision}" if revision else repository
        url = f"{self.endpoint or constants.ENDPOINT}/api/models/{quote(repository)}"
        if revision is not None:
            url += f"/revision/{quote(revision, safe='')}"
        with self._translated(what):
            params = {"blobs": True} if blobs else {}
            answer = self._client().get(url, headers=_headers(), params=params, timeout=ANSWER_SECONDS)
            hf_raise_for_status(answer)
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            if kind == "text/html":
                raise self._unexpected(what, f"a page ({kind})")
            return ModelInfo(**answer.json())  # type: ignore[no-untyped-call]

    def _client(self) -> httpx.Client:
        from huggingface_hub import get_session

        if is_loopback(self.endpoint):
            with _MAKING:  # threads that came at once would make several, and leave the connections of all but one open
                return _direct_client()
        try:
            return get_session()
        except OSError as error:
            hint = "Correct SSL_CERT_FILE or SSL_CERT_DIR: certificates in PEM, or a folder of such."
            raise UsageProblem(f"The certificates for the Hub cannot be read: {error.strerror}.", hint=hint) from error

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Turn huggingface_hub's errors into this project's, by type and status.

        What comes from storage behind the Hub is not kept as the cause: its address is signed.
        """
        from huggingface_hub import constants, errors
        from huggingface_hub.utils import httpx

        try:
            yield
        except errors.GatedRepoError as error:
            hint = "Accept its terms on the Hub, then set HF_TOKEN to a token that may read it."
            raise NotAuthorised(f"The Hub keeps {what} behind its terms.", hint=hint) from error
        except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
            raise NotFound(f"The Hub has no {what}.", hint=HUB.check) from error
        except errors.HfHubHTTPError as error:
            headers = error.response.headers
            raise _with_rate_limit(failure_of(HUB, error.response.status_code, headers, what), headers) from None
        except errors.OfflineModeIsEnabled:
            hint = "Unset HF_HUB_OFFLINE. A copy on disk needs no Hub: source: {local: FOLDER}."
            raise Unreachable(f"HF_HUB_OFFLINE forbids to ask the Hub for {what}.", hint=hint) from None
        except httpx.HTTPError as error:
            endpoint = self.endpoint or constants.ENDPOINT
            why = unreachable_because(error, endpoint)
            raise Unreachable(f"The Hub at {endpoint} cannot be reached for {what}: {why}.", hint=HUB.network) from None
        except UnicodeEncodeError as error:
            hint = "Set HF_TOKEN, or log in, with the token as the Hub shows it: hf_ and ASCII letters."
            raise NotAuthorised("The token for the Hub holds a character that no token has.", hint=hint) from error
        except json.JSONDecodeError as error:
            raise self._unexpected(what, _kind_of(error.doc)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._unexpected(what, "JSON of another shape") from error

    def _unexpected(self, what: str, came: str) -> UnexpectedAnswer:
        from huggingface_hub import constants

        host = urlsplit(self.endpoint or constants.ENDPOINT).netloc
        return UnexpectedAnswer(
            f"The Hub at {host} answers with something else for {what}: {came}.",
            hint="Check HF_ENDPOINT, and whether a proxy or a sign-in page answers in the Hub's place.",
        )


def _headers() -> dict[str, str]:
    """Who asks, and the token, where there is one.

    Not by `build_hf_headers`, which first asks the public Hub for the names of programs and keeps the answer for a day:
    one of a proxy, or of a sign-in page, would make each request of that day fail.
    """
    from huggingface_hub import constants, get_token

    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    return {"User-Agent": TOOL} | ({"Authorization": f"Bearer {token}"} if token else {})


_MAKING = Lock()


@cache
def _direct_client() -> httpx.Client:
    """A client that reads no variable of the environment."""
    from huggingface_hub.utils import httpx

    client = httpx.Client(trust_env=False, follow_redirects=True, timeout=None)
    atexit.register(client.close)  # as huggingface_hub does with its own
    return client


def _find_start(status: int, headers: Mapping[str, str], start: int, size: int, path: str) -> int:
    """How many bytes of an answer come before those that were requested; the answer may be the whole file.

    Raises:
        ContentMismatch: the file has another size than was promised.
        Unreachable: the answer begins elsewhere.
    """
    content_range = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", "")) if status == 206 else None
    whole = (
        int(content_range[2]) if content_range else int(headers.get("Content-Length", size)) if status == 200 else size
    )
    if whole != size:
        hint = "The source changed under way; nothing was registered. Run again."
        raise ContentMismatch(f"{path}: the Hub has {whole:,} bytes now, {size:,} were promised.", hint=hint)
    first = int(content_range[1]) if content_range else 0 if status == 200 else start
    if first > start:
        raise Unreachable(f"The Hub answers {path} from byte {first:,}, not {start:,}.", status=status)
    return start - first


def _several(value: object) -> tuple[str, ...]:
    """A card's value, which may be one text or a list of them."""
    if not value:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else (str(value),)


def _with_rate_limit(failure: PublishError, headers: Mapping[str, str]) -> PublishError:
    """A failure with the seconds until the Hub's rate limit ends, which it writes in a header of its own."""
    from huggingface_hub.utils import parse_ratelimit_headers

    if isinstance(failure, Unreachable) and failure.status == 429 and failure.retry_after is None:
        limit = parse_ratelimit_headers(headers)
        failure.retry_after = float(limit.reset_in_seconds) if limit else None
    return failure


def _kind_of(text: str) -> str:
    """What came in place of JSON, by its first character; the page itself is never shown."""
    return {"": "nothing", "<": "a page (text/html)"}.get(text.lstrip()[:1], "text that is not JSON")
