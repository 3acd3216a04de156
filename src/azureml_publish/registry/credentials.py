"""The credential that fits the environment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_publish.errors import NotAuthorised, Unreachable, UsageProblem
from azureml_publish.network import unreachable_because

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

STORAGE_SCOPE = "https://storage.azure.com/.default"
"""The scope of a token for blobs, in every cloud."""

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
"""The audience that Microsoft Entra requires of another issuer's token (Workload identity federation)."""

TIMEOUT_VARIABLE = "PUBLISH_CREDENTIAL_TIMEOUT"
DEFAULT_TIMEOUT = 30
"""Seconds for tools such as `az` to issue a token; azure-identity's own 10 are too few on a busy machine."""

_GITHUB = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AZURE_CLIENT_ID", "AZURE_TENANT_ID")
_PIPELINES = (
    "SYSTEM_OIDCREQUESTURI",
    "SYSTEM_ACCESSTOKEN",
    "AZURESUBSCRIPTION_CLIENT_ID",
    "AZURESUBSCRIPTION_TENANT_ID",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
)
"""What the task AzureCLI@2 and its kin set for a service connection with workload identity federation."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A credential, and its name in messages."""

    name: str
    credential: TokenCredential


def find_credential(environ: Mapping[str, str], authority: str | None = None) -> Identity:
    """The credential for this environment.

    An emulator in another process (`publish emulator`) accepts any token. `AZURE_TOKEN_CREDENTIALS` decides where it is
    set. Otherwise a job on GitHub or Azure DevOps that may issue identity tokens issues one for every token it needs,
    because those expire within minutes; everything else is left to azure-identity's DefaultAzureCredential.

    Args:
        authority: host of Microsoft Entra in a national cloud; None for `AZURE_AUTHORITY_HOST`, or the public one.

    Raises:
        UsageProblem: the value of a variable cannot be used.
    """
    if environ.get("AZUREML_CURRENT_CLOUD") == "Emulator":
        return Identity("the emulator's token", AnyToken())
    try:
        return _identity(environ, authority)
    except ValueError as error:
        hint = "Write dev, prod, or the name of one credential, such as AzureCliCredential."
        chosen = environ.get("AZURE_TOKEN_CREDENTIALS", "").strip()
        if chosen:
            raise UsageProblem(f"AZURE_TOKEN_CREDENTIALS cannot be '{chosen}': {error}", hint=hint) from error
        hint = "Correct the variables of the credential, such as AZURE_TENANT_ID or AZURE_AUTHORITY_HOST."
        raise UsageProblem(f"The variables of a credential cannot be used: {error}", hint=hint) from error


def _identity(environ: Mapping[str, str], authority: str | None) -> Identity:
    """See `find_credential`.

    Raises:
        ValueError: azure-identity refuses the value of a variable.
    """
    from azure import identity

    options: dict[str, Any] = {"authority": authority} if authority and not environ.get("AZURE_AUTHORITY_HOST") else {}
    chosen = environ.get("AZURE_TOKEN_CREDENTIALS", "").strip()
    if not chosen and all(environ.get(name) for name in _GITHUB) and not environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        tenant, client = environ["AZURE_TENANT_ID"], environ["AZURE_CLIENT_ID"]
        mint = identity.ClientAssertionCredential(tenant, client, lambda: github_assertion(environ), **options)
        return Identity("GitHub's OIDC federation", mint)
    if not chosen and all(environ.get(name) for name in _PIPELINES):
        pipelines = identity.AzurePipelinesCredential(
            tenant_id=environ["AZURESUBSCRIPTION_TENANT_ID"],
            client_id=environ["AZURESUBSCRIPTION_CLIENT_ID"],
            service_connection_id=environ["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"],
            system_access_token=environ["SYSTEM_ACCESSTOKEN"],
            **options,
        )
        return Identity("Azure Pipelines' service connection", pipelines)
    name = f"azure-identity, AZURE_TOKEN_CREDENTIALS={chosen}" if chosen else "azure-identity's default chain"
    return Identity(name, identity.DefaultAzureCredential(process_timeout=_timeout(environ), **options))


def take_early(identity: Identity, scopes: tuple[str, ...]) -> None:
    """Get a token for each audience first, because a federated sign-in may have ended when the token is needed.

    Raises:
        NotAuthorised: no token is issued, or it cannot be sent.
        Unreachable: the issuer does not answer.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    for scope in scopes:
        audience = scope.removesuffix("/.default")
        try:
            token = identity.credential.get_token(scope).token
        except (ClientAuthenticationError, UnicodeEncodeError) as error:
            hint = "Sign in (az login), or see `publish doctor` for what was tried."
            raise NotAuthorised(f"No token for {audience} from {identity.name}.", hint=hint) from error
        except AzureError as error:
            hint = "Check the network and proxy, and the variables that name the credential's service."
            message = f"No token for {audience} from {identity.name}: {unreachable_because(error)}."
            raise Unreachable(message, hint=hint) from error
        if not token.isascii():
            raise odd_token(identity.name)


def odd_token(source: str) -> NotAuthorised:
    """The failure of a token or signature that is not ASCII, and so cannot be sent over HTTP."""
    hint = "Set it again, as the service shows it, or sign in again (az login)."
    return NotAuthorised(f"The token from {source} holds a character that no token has.", hint=hint)


def github_assertion(environ: Mapping[str, str]) -> str:
    """An identity token of the running GitHub job.

    Source: GitHub, "About security hardening with OpenID Connect", the request that `core.getIDToken` makes.

    Raises:
        NotAuthorised: GitHub issues none.
    """
    import requests  # azure-core's own transport

    hint = "Give the job `permissions: {id-token: write}`."
    try:
        answer = requests.get(
            environ["ACTIONS_ID_TOKEN_REQUEST_URL"],
            params={"audience": EXCHANGE_AUDIENCE},
            headers={"Authorization": f"bearer {environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["value"])
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        what = type(error).__name__
        raise NotAuthorised(f"GitHub issues no identity token ({what}).", hint=hint) from error


def _timeout(environ: Mapping[str, str]) -> int:
    text = environ.get(TIMEOUT_VARIABLE) or str(DEFAULT_TIMEOUT)
    if not text.isdecimal() or int(text) == 0:
        raise UsageProblem(f"{TIMEOUT_VARIABLE} is '{text}'.", hint="Write a whole number of seconds, such as 60.")
    return int(text)


class AnyToken:
    """A credential for the emulator, which needs a token and accepts any."""

    def get_token(self, *_scopes: str, **_kwargs: Any) -> AccessToken:
        """A token that no other service accepts."""
        from azure.core.credentials import AccessToken

        return AccessToken("embedded", int(time.time()) + 3600)
