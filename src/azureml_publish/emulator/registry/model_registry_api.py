"""The model registry API: the one that hands system metadata out, in native types."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry import wire
from azureml_publish.emulator.registry.models import ModelStore
from azureml_publish.emulator.registry.paging import newest_first, paged, view_of
from azureml_publish.emulator.registry.records import Fields, Record, append_properties, merge_metadata, refused
from azureml_publish.emulator.routing import Handler, Json, Methods

_BASE = (
    "/modelregistry/v1.0/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/registries/{registry}/models"
)
_ESCAPED = re.compile("~([01])")
_MAPPINGS = {"systemMetadata": "system_metadata", "kvTags": "tags", "tags": "tags", "properties": "properties"}


def dataplane_routes(
    models: ModelStore,
    addresses: Addresses,
    quirks: Switches,
    *,
    authorised: Callable[[Handler], Handler],
    registry_of: Callable[[Request], str],
    body_of: Callable[[Request], Awaitable[Any]],
) -> list[Route]:
    """The routes of the API, on the store that the front end uses as well."""
    api = _DataPlane(models, addresses, quirks, registry_of, body_of)
    one = Methods(GET=authorised(api.get), PATCH=authorised(api.patch), DELETE=authorised(api.delete))
    return [
        Route(_BASE, Methods(GET=authorised(api.list_models))),
        Route(f"{_BASE}/{{id}}/systemMetadata", Methods(PUT=authorised(api.put_metadata))),
        Route(f"{_BASE}/{{id}}", one),
    ]


class _DataPlane:
    """The handlers of the model registry API."""

    def __init__(
        self,
        models: ModelStore,
        addresses: Addresses,
        quirks: Switches,
        registry_of: Callable[[Request], str],
        body_of: Callable[[Request], Awaitable[Any]],
    ) -> None:
        self._models = models
        self._addresses = addresses
        self._quirks = quirks
        self._registry_of = registry_of
        self._body_of = body_of

    def _identity(self, request: Request) -> tuple[str, str, str]:
        name, colon, version = request.path_params["id"].rpartition(":")
        if not colon:
            raise refused("A model is addressed as name:version.")
        return self._registry_of(request), name, version

    def _shown(self, record: Record) -> Response:
        return Json(wire.render_model(record, self._addresses))

    async def get(self, request: Request) -> Response:
        return self._shown(self._models.show(*self._identity(request)))

    async def patch(self, request: Request) -> Response:
        operations = await self._body_of(request)

        def edit(old: Record) -> tuple[Fields, bool]:
            fields, archived = apply_patch(old, operations)
            return fields, old.archived if self._quirks.now.ignore_archive else archived

        return self._shown(self._models.change(*self._identity(request), edit))

    async def delete(self, request: Request) -> Response:
        self._models.delete(*self._identity(request))
        return Response(status_code=200)

    async def put_metadata(self, request: Request) -> Response:
        metadata = await self._body_of(request)
        if not isinstance(metadata, dict):
            raise refused("System metadata is an object.")

        def edit(old: Record) -> tuple[Fields, bool]:
            return replace(old.fields, system_metadata=merge_metadata({}, metadata)), old.archived

        return self._shown(self._models.change(*self._identity(request), edit))

    async def list_models(self, request: Request) -> Response:
        registry, name = self._registry_of(request), request.query_params.get("name")
        now = self._quirks.now
        view = view_of(request, now)
        newest = newest_first(request)
        return paged(
            request,
            self._addresses,
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
