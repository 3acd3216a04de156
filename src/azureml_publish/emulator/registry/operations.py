"""Long-running operations: how a 202 points to one, and the answer to a poll."""

from starlette.requests import Request
from starlette.responses import Response

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry.answers import accepted, answer
from azureml_publish.emulator.registry.models import ModelStore

_POLL_MILLISECONDS = "50"
"""Sent as `x-ms-retry-after-ms` where it was not recorded that nothing is: else azure-core waits 30 s between polls."""


class Operations:
    """The handlers, and the answers that start one."""

    def __init__(self, models: ModelStore, addresses: Addresses, quirks: Switches) -> None:
        """Serve the operations of a store."""
        self._models = models
        self._addresses = addresses
        self._quirks = quirks

    def recorded(self, request: Request, operation: str, *, body: bool) -> Response:
        """202 as it was recorded for the write of a version.

        Args:
            body: Say the place in the body as well, as the model registry API does; else that is `null`.
        """
        quirks = self._quirks.now
        base = self._addresses.region if quirks.two_hosts else self._addresses.https
        location = f"{base}/assetstore/v1.0/operations/{operation}"
        content = {"location": location, "operationResult": None} if body else None
        return accepted(location, content, self._promised(request, operation) if quirks.async_operation_header else {})

    def documented(self, request: Request, operation: str) -> Response:
        """202 as documents promise it."""
        return accepted(self._front(request, "operationresults", operation), None, self._promised(request, operation))

    def _promised(self, request: Request, operation: str) -> dict[str, str]:
        return {
            "Azure-AsyncOperation": self._front(request, "operations", operation),
            "x-ms-retry-after-ms": _POLL_MILLISECONDS,
        }

    def _front(self, request: Request, kind: str, operation: str) -> str:
        path = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
        path = f"{path}/registries/{{registry}}".format(**request.path_params)
        query = f"api-version={request.query_params.get('api-version', '')}"
        return f"{self._addresses.https}/mferp/managementfrontend{path}/{kind}/{operation}?{query}"

    async def asset(self, request: Request) -> Response:
        """Recorded: 202 without a body until it ends, then 200 with the id of the asset."""
        outcome = self._models.poll(request.path_params["operation"])
        if outcome is None:
            return Response(status_code=202, headers={"x-ms-response-type": "standard"})
        if outcome.failed:
            error = {"code": "ModelRegistryError", "message": f"Could not write the asset {outcome.asset}"}
            return answer({"status": "Failed", "error": error})
        return answer({"assetId": outcome.asset})

    async def status(self, request: Request) -> Response:
        """What `Azure-AsyncOperation` leads to."""
        operation = request.path_params["operation"]
        outcome = self._models.poll(operation)
        if outcome is None:
            status, headers = "InProgress", {"x-ms-retry-after-ms": _POLL_MILLISECONDS}
        else:
            status, headers = ("Failed" if outcome.failed else "Succeeded"), {}
        body: dict[str, object] = {"id": request.url.path, "name": operation, "status": status}
        if outcome is not None and outcome.failed:
            body["error"] = {"code": "ModelRegistryError", "message": f"Could not write the asset {outcome.asset}"}
        return answer(body, headers=headers)

    async def result(self, request: Request) -> Response:
        """What the `Location` beside it leads to."""
        operation = request.path_params["operation"]
        if self._models.poll(operation) is not None:
            return Response(status_code=200)
        return self.documented(request, operation)
