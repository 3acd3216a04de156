"""The checks of `publish doctor`: the credential, whether the registry answers, and what it allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from azureml_publish.errors import ExitCode, PublishError
from azureml_publish.globs import matches_any
from azureml_publish.registry.answers import Place, place_of
from azureml_publish.registry.azure import DATAPLANE_API, MODEL_REGISTRY_API
from azureml_publish.registry.cloud import Cloud
from azureml_publish.registry.conformance import READ, WRITE, Examined, State, examine_calls
from azureml_publish.registry.credentials import STORAGE_SCOPE, Identity
from azureml_publish.registry.failures import translated, unexpected_answer
from azureml_publish.registry.http import pipeline, segment, send

PERMISSIONS_API = "2022-04-01"
"""Permissions - List For Resource, of Azure's Authorization REST API: what the caller may do to one resource."""


def examine_registry(name: str, identity: Identity, cloud: Cloud, user_agent: str) -> Iterator[Examined]:
    """Check a registry step by step; ends at a failed step that the next ones need."""
    yield Examined("cloud", State.FINE, f"{cloud.arm}, discovery at {cloud.discovery}.")
    tokens = tuple(_tokens(identity, cloud))
    yield from tokens
    if any(one.state is State.FAILED for one in tokens):
        return
    with closing(pipeline(identity.credential, cloud, user_agent, retries=2)) as client:  # a check must end soon
        yield from _examine_answers(name, cloud, client)


def _examine_answers(name: str, cloud: Cloud, client: Any) -> Iterator[Examined]:
    from azure.core.rest import HttpRequest

    from azureml_publish.registry.transport import PooledTransport

    def read(url: str, version: str) -> Any:
        return send(client, "GET", url, params={"api-version": version})

    url = f"{cloud.discovery}/registrymanagement/v1.0/registries/{segment(name)}/discovery"
    try:
        with translated(name, "the registry"):
            found = read(url, "v1.0")
        place = place_of(found, name, url)
    except PublishError as error:
        yield _failed("registry", error)
        return
    yield examine_place(name, found.get("primaryRegion"), place)
    yield examine_rights(name, f"{cloud.arm}{place.resource}", read)

    def call(method: str, url: str, body: Any = None) -> Any:
        version = MODEL_REGISTRY_API if "/modelregistry/" in url else DATAPLANE_API
        return send(client, method, url, params={"api-version": version}, body=body)

    def fetch(url: str) -> int:
        with closing(PooledTransport(1, cloud.network)) as storage:
            return int(storage.send(HttpRequest("GET", url)).status_code)

    yield from examine_calls(place, name, call, fetch)


def examine_place(name: str, region: str | None, place: Place) -> Examined:
    """Whether discovery names the hosts of a registry as recorded."""
    if place.region == place.front:
        shape = "Falls back: discovery names one host, which is sent all calls."
    else:
        shape = "Conforms: discovery names two hosts."
    without = "" if place.fits_sdk else " Versions are registered without azure-ai-ml, which cannot use the address."
    return Examined("registry", State.FINE, f"{name} answers in {region or 'its region'}. {shape}{without}")


def _tokens(identity: Identity, cloud: Cloud) -> Iterator[Examined]:
    """Whether there is a token for each audience, and which credential of a chain issues it."""
    for what, scope, needed in (("registries", cloud.scope, True), ("blobs", STORAGE_SCOPE, False)):
        tried: list[str] = []
        winner = next(
            (name for name, token in _single_credentials(identity) if _hands_out(token, scope, name, tried)), None
        )
        subject = f"token for {what}"
        if winner is not None:
            before = "\n".join([" Before it:", *tried]) if tried else ""
            yield Examined(subject, State.FINE, f"From {winner}.{before}")
            continue
        hint = "Sign in with `az login`, or set AZURE_TOKEN_CREDENTIALS and what that credential reads."
        message = "\n".join([f"None from {identity.name}. Tried:", *tried])
        state = State.FAILED if needed else State.WARNING
        yield Examined(subject, state, message, hint if needed else "Only sources in private containers need it.", 5)


def _single_credentials(identity: Identity) -> Sequence[tuple[str, Any]]:
    chain = getattr(identity.credential, "credentials", None)
    return [(type(one).__name__, one) for one in chain] if chain else [(identity.name, identity.credential)]


def _hands_out(credential: Any, scope: str, name: str, tried: list[str]) -> bool:
    try:
        credential.get_token(scope)
    except PublishError as error:
        tried.append(f"{name}: {error.message}")
        return False
    except Exception as error:  # noqa: BLE001 - each credential has ways of its own to say no
        tried.append(f"{name}: {str(error).strip().partition(chr(10))[0] or type(error).__name__}")
        return False
    return True


def examine_rights(name: str, resource: str, read: Callable[[str, str], Any]) -> Examined:
    """Whether the caller may read and register models, as Azure Resource Manager says."""
    url = f"{resource}/providers/Microsoft.Authorization/permissions"
    try:
        with translated(name, "your permissions"):
            answer = read(url, PERMISSIONS_API)
        granted = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(granted, list) or not all(isinstance(one, dict) for one in granted):
            raise unexpected_answer(url, "your permissions", "JSON without the list `value`")
    except PublishError as error:
        hint = "Try to read and to write; the role AzureML Registry User is enough for both."
        return Examined("rights", State.WARNING, f"What you may do could not be read: {error.message}", hint)
    reads, writes = _allows(granted, READ), _allows(granted, WRITE)
    if reads and writes:
        return Examined("rights", State.FINE, "You may read and register models.")
    if reads:
        hint = "Have the role AzureML Registry User assigned on the registry."
        return Examined("rights", State.WARNING, "You may read models and not register any.", hint)
    hint = "Have the role AzureML Registry User assigned on the registry, or a role with " + READ + " to read only."
    return Examined("rights", State.FAILED, "You may not even read models.", hint, ExitCode.NOT_AUTHORISED)


def _allows(granted: Sequence[Mapping[str, Any]], action: str) -> bool:
    """Whether any assignment allows an action that the same assignment does not take back."""
    wanted = action.lower()

    def named(patterns: Any) -> bool:
        return matches_any(wanted, (str(pattern).lower() for pattern in patterns or ()))

    return any(named(one.get("actions")) and not named(one.get("notActions")) for one in granted)


def _failed(subject: str, error: PublishError) -> Examined:
    return Examined(subject, State.FAILED, error.message, error.hint, error.exit_code)
