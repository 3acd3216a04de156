"""Registers versions through azure-ai-ml. Nothing else imports it, because the import takes a second or two."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from azureml_publish.assets import AssetRecord, prune_map
from azureml_publish.registry.cloud import CLOUDS, PUBLIC, Cloud, process_environment
from azureml_publish.registry.failures import OperationFailed, Reason, name_kind, reason_of, unexpected_answer
from azureml_publish.registry.http import CONNECTIONS, NO_SUCH_CALL, segment, token_hosts

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

FAILED_ANSWERS = 6
"""How many failures azure-ai-ml takes for one request before it gives up, instead of three: 429 is one of them."""

LONGEST_WAIT = 5.0
"""Seconds that it waits at most between two attempts where the service does not say how long."""


class Sdk:
    """azure-ai-ml's client of one registry, made when it is first needed, because it calls discovery at once."""

    def __init__(self, registry: str, credential: TokenCredential, cloud: Cloud, polling: float) -> None:
        self._registry = registry
        self._polling = polling
        self._credential = credential
        self._cloud = cloud
        self._starting = threading.Lock()
        self._client: Any = None
        self._taken: set[str] = set()
        """Paths of the writes that the registry took."""

    def create(self, record: AssetRecord, path: str) -> bool:
        """Register a version whose files lie at `path`.

        Returns:
            whether the registry has the calls that azure-ai-ml makes before it; where not, nothing was written.

        Raises:
            AzureError: as azure-ai-ml raises it.
            OperationFailed: the registry took it, and could not carry it out.
        """
        from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

        client = self._ml_client()
        from azure.ai.ml.entities import Model

        model = Model(
            name=record.name,
            version=str(record.version),
            type=record.type,
            path=path,
            description=record.description,
            tags=dict(record.tags),
            properties=dict(record.properties),
            system_metadata=prune_map(record.system_metadata) or None,
        )

        def is_taken() -> bool:
            """Whether the registry took the write: what it says or hides after that is for reading back to judge."""
            written = f"/models/{segment(record.name)}/versions/{record.version}"
            return any(path.endswith(written) for path in self._taken.copy())

        try:
            client.models.create_or_update(model)
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # what it raises as it reads such an answer
            if not is_taken():
                raise unexpected_answer(self._cloud.arm, f"model {record.name}", "JSON of another shape") from error
        except (ServiceRequestError, ServiceResponseError):  # operations have a host of their own, which may be closed
            if not is_taken():
                raise
        except HttpResponseError as error:
            request = getattr(error.response, "request", None)
            where = urlsplit(getattr(request, "url", "")).path
            if error.status_code in NO_SUCH_CALL and (where.endswith("/versions") or "/tempdatarefs/" in where):
                return False
            refused = getattr(request, "method", None) == "GET" and (error.status_code or 0) >= 400
            if not (refused and is_taken()):
                raise
        return True

    def _ml_client(self) -> Any:
        with self._starting:
            if self._client is None:
                # It looks for a cloud as it is imported; this one it knows.
                with process_environment(CLOUDS[PUBLIC]), warnings.catch_warnings():
                    # Its schemas have options that marshmallow deprecates: none of it concerns a program that uses us.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    from azure.ai.ml import MLClient

                # Python 3.12 and later warn at each of its calls. Not in a scope, because threads share the filters.
                warnings.filterwarnings("ignore", r"datetime\.datetime\.utc", DeprecationWarning, r"azure\.ai\.ml\.")

                # What is beyond its own parameters it hands on to azure-core's clients.
                network = self._cloud.network
                way = {"transport": network.transport(self._cloud.arm, CONNECTIONS)} if network.direct else {}
                with process_environment(self._cloud):
                    self._client = MLClient(
                        self._credential,
                        registry_name=self._registry,
                        show_progress=False,
                        enable_telemetry=False,
                        polling_interval=self._polling,
                        retry_status=FAILED_ANSWERS,
                        retry_backoff_max=LONGEST_WAIT,
                        per_call_policies=[token_hosts(self._cloud), _operation_policy(self._taken)],
                        **way,
                    )
            return self._client


def _operation_policy(taken: set[str]) -> Any:
    """A policy that notes the paths of writes that were taken, and hears of an operation that failed.

    One that failed with a status of 200 azure-core would take for done.
    """
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Watching(SansIOHTTPPolicy[Any, Any]):
        def on_response(self, request: Any, response: Any) -> None:
            answer = response.http_response
            if request.http_request.method == "PUT" and answer.status_code < 300:
                taken.add(urlsplit(request.http_request.url).path)
                if where := answer.headers.get("Location"):  # azure-core sends one without a host nowhere
                    answer.headers["Location"] = urljoin(request.http_request.url, where)
            if request.http_request.method != "GET" or answer.status_code != 200:
                return
            if "/operations/" not in request.http_request.url:
                return
            try:
                body = answer.json()
            except ValueError as error:
                came = name_kind(answer.headers, answer.body())
                raise unexpected_answer(request.http_request.url, "a write that it took", came) from error
            state = body.get("status") if isinstance(body, dict) else None
            if isinstance(state, str) and state.lower() in ("failed", "canceled", "cancelled"):
                raise OperationFailed(state, reason_of({"error": body.get("error")}) or Reason())

    return Watching()
