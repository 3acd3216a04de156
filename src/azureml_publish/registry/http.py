"""Documented REST calls that azure-ai-ml has no public method for, through azure-core's pipeline."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azureml_publish.errors import Conflict, NotAuthorised, NotFound, PublishError, Unreachable

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

    from azureml_publish.registry.cloud import Cloud

CONNECTIONS = 64
"""Open connections that are kept to one host: as many as `--jobs` allows threads. With fewer, threads that find none
free connect and shake hands anew for each request."""

ASYNC_HEADER = "Azure-AsyncOperation"
"""Says that an answer is not the last word: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"""

POLL_SECONDS = 1
"""Between two looks at a long-running operation, where the service does not say Retry-After."""


def pipeline(
    credential: TokenCredential, cloud: Cloud, user_agent: str, *, retries: int | None = None
) -> PipelineClient[Any, Any]:
    """A client whose requests carry a token for a cloud and are tried again where that makes sense.

    `retries` is how often at most. [default: azure-core's]
    """
    from azure.core import PipelineClient
    from azure.core.pipeline import Pipeline, policies

    from azureml_publish.registry.transport import PooledTransport

    chain: list[Any] = [
        policies.HeadersPolicy(),
        policies.UserAgentPolicy(user_agent),
        policies.RetryPolicy() if retries is None else policies.RetryPolicy(retry_total=retries),
        policies.BearerTokenCredentialPolicy(credential, cloud.scope),
    ]
    return PipelineClient(base_url="", pipeline=Pipeline(PooledTransport(CONNECTIONS, cloud.network), chain))


def send(
    client: PipelineClient[Any, Any],
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Any = None,
    content_type: str = "application/json",
    resend: bool = True,
) -> Any:
    """Send one request; the parsed JSON answer, None where it has none. A long-running operation is waited for.

    Without `resend` it is sent once more only where the service says when (Retry-After), and so did not take it.

    Raises:
        HttpResponseError: any status from 400 on, as azure-core's type for it; or an operation that failed later.
    """
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ResourceExistsError,
        ResourceNotFoundError,
        map_error,
    )
    from azure.core.rest import HttpRequest

    headers = {"Accept": "application/json", "x-ms-client-request-id": str(uuid.uuid4())}
    if body is not None:
        headers["Content-Type"] = content_type
    request = HttpRequest(method, url, params=dict(params or {}), json=body, headers=headers)
    options: dict[str, Any] = {} if resend else {"retry_on_methods": frozenset()}
    response = client.send_request(request, **options)
    if response.status_code >= 400:
        kinds = {401: ClientAuthenticationError, 404: ResourceNotFoundError, 409: ResourceExistsError}
        map_error(response.status_code, response, kinds)
        raise HttpResponseError(response=response)
    if response.status_code == 202 or ASYNC_HEADER in response.headers:
        _wait(client, request, response)
        return None
    content = response.body()
    return json.loads(content) if content else None


def _wait(client: PipelineClient[Any, Any], request: Any, response: Any) -> None:
    """Follow a long-running operation to its end, as Azure Resource Manager describes it."""
    from azure.core.pipeline import PipelineContext, PipelineResponse
    from azure.core.polling import LROPoller
    from azure.mgmt.core.polling.arm_polling import ARMPolling

    begun: Any = PipelineResponse(request, response, PipelineContext(None))
    LROPoller(client, begun, lambda _response: None, ARMPolling(timeout=POLL_SECONDS)).result()


@contextmanager
def translated(registry: str, what: str) -> Iterator[None]:
    """Turn the errors of azure-core and azure-ai-ml into this project's, by type and status."""
    from azure.core import exceptions

    try:
        yield
    except exceptions.ClientAuthenticationError as error:
        hint = "Sign in (az login), or set the variables of a service principal or of a federated token."
        raise NotAuthorised(f"No credential opens the registry {registry}: {_first_line(error)}", hint=hint) from error
    except exceptions.HttpResponseError as error:
        said = f"{what} in {registry}: {_reason(error)}"
        if error.status_code in (401, 403):
            hint = "Ask for the role AzureML Registry User on the registry, or check which account is signed in."
            raise NotAuthorised(f"The registry refuses {said}", hint=hint) from error
        if error.status_code == 404:
            raise NotFound(
                f"Not there: {said}", hint="Check the registry's name and where you are signed in."
            ) from error
        if error.status_code in (409, 412):
            raise Conflict(f"The registry holds something else: {said}", hint="Plan again.") from error
        if error.status_code == 400:
            raise Conflict(
                f"The registry refuses {said}", hint="Plan again; a changed version needs `publish bump`."
            ) from error
        raise Unreachable(f"The registry failed with {error.status_code}: {said}", hint="Try again later.") from error
    except exceptions.AzureError as error:
        hint = "Check the network, proxy and the registry's private endpoint; `-r local` needs none of them."
        raise Unreachable(f"The registry {registry} cannot be reached: {_first_line(error)}", hint=hint) from error
    except _sdk_errors() as error:
        raise PublishError(f"azure-ai-ml could not do {what} in {registry}: {_first_line(error)}") from error


def _sdk_errors() -> tuple[type[Exception], ...]:
    """azure-ai-ml's own errors; none where it was not needed so far, as importing it takes a second or two."""
    module = sys.modules.get("azure.ai.ml.exceptions")
    return (module.MlException,) if module is not None else ()


def _reason(error: Any) -> str:
    envelope = getattr(error, "error", None)
    return str(getattr(envelope, "message", None) or _first_line(error)).strip()


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
