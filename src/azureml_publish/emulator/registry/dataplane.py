"""The model registry API: the one that hands system metadata out, in native types."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.manners import Switches
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
    manners: Switches,
    *,
    authorised: Callable[[Handler], Handler],
    registry_of: Callable[[Request], str],
    body_of: Callable[[Request], Awaitable[Any]],
) -> list[Route]:
    """The routes of the API, on the store that the front end uses as well."""

    def identity(request: Request) -> tuple[str, str, str]:
        name, colon, version = request.path_params["id"].rpartition(":")
        if not colon:
            raise refused("A model is addressed as name:version.")
        return registry_of(request), name, version

    async def get(request: Request) -> Response:
        return Json(wire.render_model(models.show(*identity(request)), addresses))

    async def patch(request: Request) -> Response:
        operations = await body_of(request)

        def edit(old: Record) -> tuple[Fields, bool]:
            fields, archived = apply_patch(old, operations)
            return fields, old.archived if manners.now.ignore_archive else archived

        record = models.change(*identity(request), edit)
        return Json(wire.render_model(record, addresses))

    async def delete(request: Request) -> Response:
        models.delete(*identity(request))
        return Response(status_code=200)

    async def put_metadata(request: Request) -> Response:
        metadata = await body_of(request)
        if not isinstance(metadata, dict):
            raise refused("System metadata is an object.")
        record = models.change(
            *identity(request),
            lambda old: (replace(old.fields, system_metadata=merge_metadata({}, metadata)), old.archived),
        )
        return Json(wire.render_model(record, addresses))

    async def list_models(request: Request) -> Response:
        registry, name, now = registry_of(request), request.query_params.get("name"), manners.now
        view = view_of(request, now)
        newest = newest_first(request)
        return paged(
            request,
            addresses,
            now,
            lambda offset, limit: models.versions(
                registry, name, view, newest_first=newest, offset=offset, limit=limit
            ),
            lambda record: wire.render_model(record, addresses),
        )

    return [
        Route(_BASE, Methods(GET=authorised(list_models))),
        Route(f"{_BASE}/{{id}}/systemMetadata", Methods(PUT=authorised(put_metadata))),
        Route(f"{_BASE}/{{id}}", Methods(GET=authorised(get), PATCH=authorised(patch), DELETE=authorised(delete))),
    ]


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
