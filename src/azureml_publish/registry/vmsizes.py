"""Sizes of virtual machines as a subscription sees them: `vmSizes` of the Machine Learning service, region by region.

AmlCompute - Virtual Machine Sizes - List, API 2024-04-01:
https://learn.microsoft.com/rest/api/azureml/virtual-machine-sizes/list
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azureml_publish.errors import NotAuthorised, NotFound, PublishError, Unreachable
from azureml_publish.registry.cloud import Cloud
from azureml_publish.registry.http import pages, pipeline, segment, send

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

VM_SIZES_API = "2024-04-01"
LOCATIONS_API = "2022-12-01"
"""Subscriptions - List Locations of Azure Resource Manager."""


class Subscription:
    """One subscription, read through Azure Resource Manager."""

    def __init__(self, subscription: str, credential: TokenCredential, cloud: Cloud, user_agent: str) -> None:
        self._url = f"{cloud.arm}/subscriptions/{segment(subscription)}"
        self._name = subscription
        self._client = pipeline(credential, cloud, user_agent)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._client.close()

    def regions(self) -> tuple[str, ...]:
        """The physical regions that the subscription may use, by name."""
        with _translated(self._name, "its regions"):
            entries = list(pages(self._client, f"{self._url}/locations", {"api-version": LOCATIONS_API}))
        kinds = {str(entry["name"]): entry.get("metadata") for entry in entries if entry.get("name")}
        return tuple(
            sorted(
                name
                for name, details in kinds.items()
                if not isinstance(details, dict) or details.get("regionType", "Physical") == "Physical"
            )
        )

    def vm_sizes(self, region: str) -> Any:
        """The answer of `vmSizes` for a region, as the service gives it.

        Raises:
            NotFound: the service is not offered there, or there is no such region.
        """
        url = f"{self._url}/providers/Microsoft.MachineLearningServices/locations/{segment(region)}/vmSizes"
        with _translated(self._name, f"the sizes in {region}"):
            return send(self._client, "GET", url, params={"api-version": VM_SIZES_API})

    def vm_sizes_everywhere(self, regions: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str]]:
        """The answers of several regions, and why there is none for the others (the service is not offered there).

        Any other failure ends it: half an answer must not pass for a whole one.
        """

        def read(region: str) -> tuple[str, Any, str]:
            try:
                return region, self.vm_sizes(region), ""
            except NotFound as error:
                return region, None, error.message

        answers: dict[str, Any] = {}
        missing: dict[str, str] = {}
        with ThreadPoolExecutor(8, thread_name_prefix="vm-sizes") as pool:
            for region, answer, reason in pool.map(read, regions):
                if reason:
                    missing[region] = reason
                else:
                    answers[region] = answer
        return answers, missing


@contextmanager
def _translated(subscription: str, what: str) -> Iterator[None]:
    """Turn the errors of azure-core into this project's, by type and status."""
    from azure.core import exceptions

    try:
        yield
    except exceptions.HttpResponseError as error:
        status = error.status_code
        message = f"{what} of the subscription {subscription}"
        if isinstance(error, exceptions.ClientAuthenticationError) or status in (401, 403):
            hint = "Sign in (az login); the role Reader on the subscription is enough."
            raise NotAuthorised(f"Azure does not show {message}.", hint=hint) from error
        if status in (400, 404):
            hint = "Check the subscription's id and the region's name: az account list-locations."
            raise NotFound(f"Azure has not {message}: the answer is {status}.", hint=hint) from error
        if status is not None and status < 500 and status != 429:
            raise PublishError(f"Azure refuses {message}: the answer is {status}.") from error
        raise Unreachable(f"Azure failed with {status} for {message}.", hint="Try again later.") from error
    except exceptions.AzureError as error:
        first = str(error).strip().partition("\n")[0]
        raise Unreachable(f"Azure cannot be reached for {what}: {first}", hint="Check network and proxy.") from error
