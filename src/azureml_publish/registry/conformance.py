"""Makes each call to a registry that writes nothing, and reports which answers have the known shape.

`source` says how each call is known: `recorded` with the service itself, `documented`, or `assumed`. What is not
recorded has a fallback, and none of them needs a right that the role AzureML Registry User lacks. `docs/emulator.md`
has the table of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azureml_publish.assets import AssetId
from azureml_publish.errors import (
    Conflict,
    Deleted,
    NotAuthorised,
    NotFound,
    PublishError,
    UnexpectedAnswer,
    Unreachable,
)
from azureml_publish.network import BY_ENVIRONMENT
from azureml_publish.registry.answers import (
    Place,
    access_of,
    container_numbers,
    newest_first,
    require_no_page,
    says_absent,
    version_of,
)
from azureml_publish.registry.failures import ROLE, translated, unexpected_answer
from azureml_publish.registry.http import PAGE_TOKENS, segment

WRITE = "Microsoft.MachineLearningServices/registries/assets/write"
READ = "Microsoft.MachineLearningServices/registries/assets/read"
"""Actions of Azure role-based access control, as the built-in role AzureML Registry User names them."""


class State(StrEnum):
    """The result of one check."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Examined:
    """One check: what was found, and what to do where something is wrong.

    `code` is the exit code of a failure.
    """

    subject: str
    state: State
    message: str
    hint: str = ""
    code: int = 0


UNKNOWN = "publish-doctor-looks-for-a-name-that-does-not-exist"

LOOKED_AT = 5
"""Models of which one must have a version, for the calls that need one."""

Send = Callable[..., Any]
"""`http.send` with its client."""

Fetch = Callable[[str], int]
"""The status of a GET of a URL that needs no token."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: its name, how it is known, the permission that it needs, and the function that makes it.

    `instead` says what does without it; empty where nothing does. `lacking` is whether that takes a registry that has
    not the call: one that cannot be reached, or whose host answers something else, is a failure all the same.
    """

    name: str
    source: str
    right: str
    run: Callable[[], str]
    instead: str = ""
    lacking: bool = False


def examine_calls(place: Place, registry: str, send: Send, fetch: Fetch) -> Iterator[Examined]:
    """Make each call; those that need a version take the latest one of a model."""
    calls = _Calls(place, registry, send, fetch)
    yield from map(_examine, calls.without_version())
    asset = calls.find_version()
    if asset is None:
        yield Examined("calls of a version", State.FINE, "Not made: they need a registered version; none was found.")
    else:
        yield from map(_examine, calls.about(asset))
    message = (
        "Not made, because they write: registering, updating, archiving, and startPendingUpload of Resource Manager."
    )
    yield Examined("calls that write", State.FINE, f"{message} Right: {WRITE}, which the role {ROLE} has.")


def _examine(call: _Call) -> Examined:
    subject = f"call: {call.name}"
    try:
        message = call.run()
    except NotAuthorised as error:
        hint = f"It needs {call.right}, which the role {ROLE} has: have it assigned on the registry."
        state = State.WARNING if call.instead else State.FAILED
        return Examined(subject, state, f"{error.message} ({call.source})", hint, error.exit_code)
    except PublishError as error:
        if call.instead and not (call.lacking and isinstance(error, UnexpectedAnswer | Unreachable)):
            return Examined(subject, State.FINE, f"Falls back: {call.instead}. {error.message} ({call.source})")
        return Examined(subject, State.FAILED, f"{error.message} ({call.source})", error.hint, error.exit_code)
    return Examined(subject, State.FINE, f"{message} ({call.source})")


class _Calls:
    def __init__(self, place: Place, registry: str, send: Send, fetch: Fetch) -> None:
        self._front = f"{place.front}/mferp/managementfrontend{place.resource}"
        self._models = f"{place.region}/modelregistry/v1.0{place.resource}/models"
        self._operations = f"{place.region}/assetstore/v1.0/operations"
        self._registry = registry
        self._send = send
        self._fetch = fetch

    def without_version(self) -> tuple[_Call, ...]:
        """The calls that need no registered version."""
        return (
            _Call("list of models", "logged", READ, self._list_models),
            _Call(
                "list of versions",
                "recorded",
                READ,
                self._list_unknown,
                "a model's container tells its latest version",
                lacking=True,
            ),
            _Call("a version that is not there", "assumed", READ, self._get_unknown),
            _Call("operations", "recorded", READ, self._operation),
        )

    def about(self, asset: AssetId) -> tuple[_Call, ...]:
        """The calls that need a version."""
        arm = "startPendingUpload of Resource Manager, and the recorded request in place of azure-ai-ml"
        return (
            _Call("version", "recorded", READ, lambda: self._get(asset)),
            _Call(
                "numbers of a model",
                "recorded of data only",
                READ,
                lambda: self._container(asset),
                "the list of versions",
                lacking=True,
            ),
            _Call("model registry API", "documented", READ, lambda: self._native(asset), "the front end alone"),
            _Call("download", "recorded", READ, lambda: self._download(asset)),
            _Call("upload", "recorded", WRITE, lambda: self._upload(asset), arm),
        )

    def find_version(self) -> AssetId | None:
        """The latest version of the first model that has one, if there is one."""
        try:
            names = sorted(str(one["name"]) for one in self._value(f"{self._front}/models")[0] if one.get("name"))
            for name in names[:LOOKED_AT]:
                if (number := self._latest(f"{self._front}/models/{segment(name)}")) is not None:
                    return AssetId(self._registry, name, number)
        except PublishError:
            pass  # the check of that call reports it
        return None

    def _latest(self, model: str) -> int | None:
        try:
            numbers = newest_first(self._value(f"{model}/versions")[0])
        except NotFound:
            numbers = []
        return numbers[0] if numbers else container_numbers(self._call("a model", "GET", model))[0]

    def _call(self, what: str, method: str, url: str, body: Any = None) -> Any:
        with translated(self._registry, what):
            return self._send(method, url, body)

    def _value(self, url: str) -> tuple[list[dict[str, Any]], bool]:
        """The entries of the first page of a list, and whether there are more."""
        answer = self._call("a list", "GET", url)
        entries = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise unexpected_answer(url, urlsplit(url).path, "JSON without the list `value`")
        more = any(answer.get(key) for key in ("nextLink", *PAGE_TOKENS))
        return [one for one in entries if isinstance(one, dict)], more

    def _list_models(self) -> str:
        entries, more = self._value(f"{self._front}/models")
        return f"Conforms: {len(entries)} on the first page, and {'more' if more else 'no other'}."

    def _list_unknown(self) -> str:
        try:
            found, _ = self._value(f"{self._front}/models/{UNKNOWN}/versions")
        except NotFound:
            return "Falls back: a name that is not there is 404, and no empty list; that is understood."
        if found:
            raise PublishError("The list of versions of a name that is not there holds some.")
        return "Conforms: a name that is not there has an empty list."

    def _get_unknown(self) -> str:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with translated(self._registry, "a version that is not there"):
                try:
                    self._send("GET", f"{self._front}/models/{UNKNOWN}/versions/1", None)
                except ResourceNotFoundError as error:
                    if says_absent(error, AssetId(self._registry, UNKNOWN, 1)):
                        return "Conforms: 404."
                    return "Falls back: the list of versions. The 404 does not say by itself what is not there."
        except Deleted:
            return "Conforms: it says so in words."
        raise PublishError("A version that is not there has an answer, so absence cannot be recognised.")

    def _operation(self) -> str:
        """One that nobody began: how its host refuses is not known, that it answers is enough."""
        from azure.core.exceptions import HttpResponseError

        url = f"{self._operations}/{UNKNOWN}"
        with translated(self._registry, "the operations"):
            try:
                self._send("GET", url, None)
            except HttpResponseError as error:
                if error.status_code in (401, 403) or (error.status_code or 500) >= 500:
                    raise
                require_no_page(error, "the operations")
        return f"Conforms: {urlsplit(url).netloc} answers, where writes are followed."

    def _get(self, asset: AssetId) -> str:
        url = f"{self._front}/models/{segment(asset.name)}/versions/{asset.version}"
        answer = self._call("the version", "GET", url)
        found = version_of(answer, {}, asset, self._front)
        if found.shown_keys is None:
            return "Falls back: the model registry API. System metadata are not returned here."
        keys = found.shown_keys.get("")
        return f"Conforms; returns {len(keys) if keys else 'the set'} keys of system metadata."

    def _container(self, asset: AssetId) -> str:
        found = self._call("the numbers of the model", "GET", f"{self._front}/models/{segment(asset.name)}")
        latest, following = container_numbers(found)
        if following <= max(1, latest or 0):
            return "Falls back: the list of versions. Its numbers contradict each other."
        return "Conforms."

    def _native(self, asset: AssetId) -> str:
        what = f"{asset.name} version {asset.version}"
        found = self._call(what, "GET", f"{self._models}/{segment(asset.name)}:{asset.version}")
        shown = isinstance(found, dict) and isinstance(found.get("systemMetadata"), dict)
        return "Conforms: returns system metadata." if shown else "Falls back: returns no system metadata."

    def _download(self, asset: AssetId) -> str:
        version = self._call(
            "the version", "GET", f"{self._front}/models/{segment(asset.name)}/versions/{asset.version}"
        )
        path = version_of(version, {}, asset, self._front).path
        url = f"{self._front}/datarefs/{segment(asset.name)}/versions/{asset.version}"
        answer = self._call("a download", "POST", url, {"assetId": str(asset), "blobUri": path})
        access = access_of(answer, BY_ENVIRONMENT, url)
        container, _, signature = access.sas_uri.partition("?")
        permissions = parse_qs(signature).get("sp", [""])[0]
        if not set("rl") <= set(permissions):
            raise PublishError(f"The signature for a download allows '{permissions}', and not to read and list.")
        with translated(self._registry, "the storage"):
            status = self._fetch(f"{container}?restype=container&comp=list&maxresults=1&{signature}")
        host = urlsplit(container).netloc
        if status != 200:
            hint = "A network rule or private endpoint of the registry's storage may keep this machine out."
            raise PublishError(f"The storage {host} lists no files with such a signature: status {status}.", hint=hint)
        return f"Conforms: a signature that allows '{permissions}', with which {host} lists the files."

    def _upload(self, asset: AssetId) -> str:
        """For a version that exists: it must be refused, so nothing is begun."""
        body = {"assetId": str(asset), "temporaryDataReferenceType": "TemporaryBlobReference"}
        url = f"{self._front}/tempdatarefs/{segment(asset.name)}/versions/{asset.version}"
        try:
            self._call("an upload", "PUT", url, body)
        except Conflict:
            return "Conforms: refused for a version that is there, so you may upload."
        return "Gives access to a container for a version that exists; nothing was written to it."
