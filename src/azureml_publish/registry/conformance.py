"""Makes each call to a registry that writes nothing, and reports which answers have the known shape.

`source` says how each call is known: `recorded` with the service itself, `documented`, or `assumed`. What is not
recorded has a fallback, and none of them needs a right that the role AzureML Registry User lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azureml_publish.assets import AssetId
from azureml_publish.errors import Conflict, NotAuthorised, NotFound, PublishError
from azureml_publish.network import BY_ENVIRONMENT
from azureml_publish.registry.answers import Place, access_of, container_numbers, version_of
from azureml_publish.registry.failures import ROLE, translated, unexpected_answer
from azureml_publish.registry.segments import segment

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

Send = Callable[..., Any]
"""`http.send` with its client."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: its name, how it is known, the permission that it needs, and the function that makes it."""

    name: str
    source: str
    right: str
    run: Callable[[], str]
    needed: bool = True


def examine_calls(place: Place, registry: str, send: Send) -> Iterator[Examined]:
    """Make each call; those that need a version take the latest one of the first model."""
    calls = _Calls(place, registry, send)
    yield from map(_examine, calls.without_version())
    asset = calls.find_version()
    if asset is None:
        yield Examined(
            "calls of a version", State.FINE, "Not made: they need a registered version, and there is none yet."
        )
    else:
        yield from map(_examine, calls.about(asset))
    message = (
        "Not made, because they write: registering, updating, archiving, and startPendingUpload of Resource Manager."
    )
    yield Examined("calls that write", State.FINE, f"{message} Right: {WRITE}.")


def _examine(call: _Call) -> Examined:
    subject = f"call: {call.name}"
    try:
        message = call.run()
    except NotAuthorised as error:
        hint = f"It needs {call.right}, which the role {ROLE} has: have it assigned on the registry."
        return Examined(subject, State.FAILED if call.needed else State.WARNING, error.message, hint, error.exit_code)
    except PublishError as error:
        if call.needed:
            return Examined(subject, State.FAILED, f"{error.message} ({call.source})", error.hint, error.exit_code)
        return Examined(subject, State.FINE, f"Falls back: {error.message} ({call.source})")
    return Examined(subject, State.FINE, f"{message} ({call.source})")


class _Calls:
    def __init__(self, place: Place, registry: str, send: Send) -> None:
        self._front = f"{place.front}/mferp/managementfrontend{place.resource}"
        self._models = f"{place.region}/modelregistry/v1.0{place.resource}/models"
        self._registry = registry
        self._send = send

    def without_version(self) -> tuple[_Call, ...]:
        """The calls that need no registered version."""
        return (
            _Call("list of models", "logged", READ, self._list_models),
            _Call("list of versions", "recorded", READ, self._list_unknown, needed=False),
            _Call("a version that is not there", "assumed", READ, self._get_unknown),
        )

    def about(self, asset: AssetId) -> tuple[_Call, ...]:
        """The calls that need a version."""
        return (
            _Call("version", "recorded", READ, lambda: self._get(asset)),
            _Call("numbers of a model", "recorded of data only", READ, lambda: self._container(asset), needed=False),
            _Call("model registry API", "documented", READ, lambda: self._native(asset), needed=False),
            _Call("download", "recorded", READ, lambda: self._download(asset)),
            _Call("upload", "recorded", WRITE, lambda: self._upload(asset), needed=False),
        )

    def find_version(self) -> AssetId | None:
        """The latest version of the first model, if there is one."""
        try:
            names = sorted(str(one["name"]) for one in self._value(f"{self._front}/models") if one.get("name"))
            for name in names[:1]:
                ids = [str(one.get("id", "")) for one in self._value(f"{self._front}/models/{segment(name)}/versions")]
                numbers = [int(text) for text in (one.rpartition("/")[2] for one in ids) if text.isdecimal()]
                if numbers:
                    return AssetId(self._registry, name, numbers[0])
        except PublishError:
            pass  # the check of that call reports it
        return None

    def _call(self, what: str, method: str, url: str, body: Any = None) -> Any:
        with translated(self._registry, what):
            return self._send(method, url, body)

    def _value(self, url: str) -> list[dict[str, Any]]:
        answer = self._call("a list", "GET", url)
        entries = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise unexpected_answer(url, urlsplit(url).path, "JSON without the list `value`")
        return [one for one in entries if isinstance(one, dict)]

    def _list_models(self) -> str:
        return f"Conforms: {len(self._value(f'{self._front}/models'))} on the first page."

    def _list_unknown(self) -> str:
        try:
            found = self._value(f"{self._front}/models/{UNKNOWN}/versions")
        except NotFound:
            return "Falls back: a name that is not there is 404, and no empty list."
        if found:
            raise PublishError("The list of versions of a name that is not there holds some.")
        return "Conforms: a name that is not there has an empty list."

    def _get_unknown(self) -> str:
        try:
            self._call("a version that is not there", "GET", f"{self._front}/models/{UNKNOWN}/versions/1")
        except NotFound:
            return "Conforms: 404."
        raise PublishError("A version that is not there has an answer, so absence cannot be recognised.")

    def _get(self, asset: AssetId) -> str:
        url = f"{self._front}/models/{segment(asset.name)}/versions/{asset.version}"
        answer = self._call("the version", "GET", url)
        found = version_of(answer, {}, asset, self._front)
        if found.shown_keys is None:
            return "Conforms; system metadata are not returned here."
        keys = found.shown_keys.get("")
        return f"Conforms; returns {len(keys) if keys else 'the set'} keys of system metadata."

    def _container(self, asset: AssetId) -> str:
        found = self._call("the numbers of the model", "GET", f"{self._front}/models/{segment(asset.name)}")
        latest, following = container_numbers(found)
        if following <= max(1, latest or 0):
            return "Falls back: its numbers contradict each other; the list of versions is used."
        return "Conforms."

    def _native(self, asset: AssetId) -> str:
        found = self._call("the version there", "GET", f"{self._models}/{segment(asset.name)}:{asset.version}")
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
        permissions = parse_qs(urlsplit(access.sas_uri).query).get("sp", [""])[0]
        if not set("rl") <= set(permissions):
            raise PublishError(f"The signature for a download allows '{permissions}', and not to read and list.")
        return f"Conforms: a signature that allows '{permissions}'."

    def _upload(self, asset: AssetId) -> str:
        """For a version that exists: it must be refused, so nothing is begun."""
        body = {"assetId": str(asset), "temporaryDataReferenceType": "TemporaryBlobReference"}
        try:
            self._call(
                "an upload", "PUT", f"{self._front}/tempdatarefs/{segment(asset.name)}/versions/{asset.version}", body
            )
        except Conflict:
            return "Conforms: refused for a version that is there, so you may upload."
        return "Gives access to a container for a version that exists; nothing was written to it."
