"""The model registry API: the one that hands system metadata out, in native types."""

import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry import wire
from azureml_publish.emulator.registry.answers import answer
from azureml_publish.emulator.registry.models import ModelStore
from azureml_publish.emulator.registry.operations import Operations
from azureml_publish.emulator.registry.paging import newest_first, paged, view_of
from azureml_publish.emulator.registry.records import Fields, Record, append_properties, merge_metadata, refused
from azureml_publish.emulator.registry.requests import authorised, body_of, registry_of
from azureml_publish.emulator.routing import Methods

_BASE = (
    "/modelregistry/v1.0/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/registries/{registry}/models"
)
_ESCAPED = re.compile("~([01])")
_MAPPINGS = {"systemMetadata": "system_metadata", "kvTags": "tags", "tags": "tags", "properties": "properties"}


def model_registry_routes(
    models: ModelStore, addresses: Addresses, quirks: Switches, operations: Operations
) -> list[Route]:
    """The routes of the API, on the store that the front end uses as well."""
    api = _ModelRegistry(models, addresses, quirks, operations)
    one = Methods(
        GET=authorised(api.get), PATCH=authorised(api.patch, writes=True), DELETE=authorised(api.delete, writes=True)
    )
    return [
        Route(_BASE, Methods(GET=authorised(api.list_models))),
        Route(f"{_BASE}/{{id}}/systemMetadata", Methods(PUT=authorised(api.put_metadata, writes=True))),
        Route(f"{_BASE}/{{id}}", one),
    ]


class _ModelRegistry:
    """The handlers of the model registry API."""

    def __init__(self, models: ModelStore, addresses: Addresses, quirks: Switches, operations: Operations) -> None:
        self._models = models
        self._addresses = addresses
        self._quirks = quirks
        self._operations = operations

    def _identity(self, request: Request) -> tuple[str, str, str]:
        name, colon, version = request.path_params["id"].rpartition(":")
        if not colon:
            raise refused("A model is addressed as name:version.")
        registry = registry_of(request)
        if self._quirks.now.api_not_found:
            # Recorded for a version that was there: the message names an asset that the service itself looked for.
            other = f"azureml://registries/{registry}/environments/{name}/versions/{version}"
            raise refused(f"Could not find asset with ID: {other}", status=404, code="NotFoundError")
        return registry, name, version

    def _shown(self, record: Record) -> Response:
        return answer(wire.render_model(record, self._addresses))

    async def get(self, request: Request) -> Response:
        return self._shown(self._models.show(*self._identity(request)))

    async def patch(self, request: Request) -> Response:
        patch, quirks = await body_of(request), self._quirks.now

        def edit(old: Record) -> tuple[Fields, bool]:
            fields, archived = apply_patch(old, patch)
            return fields, old.archived if quirks.ignore_archive else archived

        record, operation = self._models.change(*self._identity(request), edit, polls=quirks.put_polls)
        if operation is not None:
            return self._operations.recorded(request, operation, body=True)
        return self._shown(record)

    async def delete(self, request: Request) -> Response:
        self._models.delete(*self._identity(request))
        return Response(status_code=200)

    async def put_metadata(self, request: Request) -> Response:
        metadata = await body_of(request)
        if not isinstance(metadata, dict):
            raise refused("System metadata is an object.")

        def edit(old: Record) -> tuple[Fields, bool]:
            return replace(old.fields, system_metadata=merge_metadata({}, metadata)), old.archived

        record, _ = self._models.change(*self._identity(request), edit)
        return self._shown(record)

    async def list_models(self, request: Request) -> Response:
        registry, name = registry_of(request), request.query_params.get("name")
        now = self._quirks.now
        view = view_of(request, now)
        newest = newest_first(request)
        return paged(
            request,
            self._addresses.region if now.two_hosts else self._addresses.https,
            now,
            lambda offset, limit: self._models.versions(
                registry, name, view, newest_first=newest, offset=offset, limit=limit
            ),
            lambda record: wire.render_model(record, self._addresses),
        )


def apply_patch(record: Record, operations: object) -> tuple[Fields, bool]:
    """Apply a JSON Patch (RFC 6902) with `add`, `replace` and `remove`.

    `replace` of a key that is not there adds it, as clients set metadata that way. Path and type cannot be patched,
    and properties are append-only here too.

    Raises:
        RefusedError: 400, an operation is malformed, or against a rule.
    """
    if not isinstance(operations, list):
        raise refused("The body is a JSON Patch: an array of operations.")
    fields, archived = record.fields, record.archived
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise refused("An operation of a JSON Patch is an object with 'op' and 'path'.")
        kind, value = operation.get("op"), operation.get("value")
        if kind not in {"add", "replace", "remove"}:
            raise refused(f"The operation {kind!r} is not supported: add, replace or remove.")
        keys = [_unescape(key) for key in operation["path"].removeprefix("/").split("/")]
        if keys == ["isArchived"] and isinstance(value, bool):
            archived = value
        elif keys == ["description"] and (value is None or isinstance(value, str)):
            fields = replace(fields, description=None if kind == "remove" else value)
        elif keys in (["defaultDeploymentTemplate"], ["allowedDeploymentTemplates"]):
            kept = {key: each for key, each in fields.extra.items() if key != keys[0]}
            fields = replace(fields, extra=kept if kind == "remove" else {**kept, keys[0]: value})
        elif keys[0] in _MAPPINGS and len(keys) <= 2:
            fields = _patch_mapping(record, fields, kind, keys, value)
        else:
            raise refused(f"{operation['path']} cannot be patched with {value!r}.")
    return fields, archived


def _unescape(key: str) -> str:
    return _ESCAPED.sub(lambda match: "/" if match.group(1) == "1" else "~", key)


def _patch_mapping(record: Record, fields: Fields, kind: str, keys: list[str], value: Any) -> Fields:
    attribute = _MAPPINGS[keys[0]]
    old: dict[str, Any] = dict(getattr(fields, attribute))
    if len(keys) == 1:
        new = {} if kind == "remove" else value
        if not isinstance(new, dict):
            raise refused(f"{keys[0]} is an object.")
    else:
        new = {key: each for key, each in old.items() if key != keys[1]}
        if kind != "remove":
            new[keys[1]] = value
    if attribute == "system_metadata":
        new = merge_metadata({}, new)
    elif not all(isinstance(each, str) for each in new.values()):
        raise refused(f"Values of {keys[0]} are strings.")
    if attribute == "properties":
        if set(old) - set(new):
            raise refused("A property cannot be removed without increasing the version.")
        new = append_properties(f"{record.name}:{record.version}", old, new)
    changes: dict[str, Any] = {attribute: new}
    return replace(fields, **changes)
