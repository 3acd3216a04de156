"""The Hub's calls, with the headers that huggingface_hub reads."""

import hashlib
import json
import mimetypes
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from azureml_publish.emulator.hub.checkpoints import Checkpoints, HubFile, Snapshot, refused
from azureml_publish.emulator.routing import Handler, Json, Methods, RefusedError, Render, not_served, status_and_code
from azureml_publish.emulator.streaming import (
    Span,
    SpansResponse,
    UnsatisfiableRangeError,
    cut,
    parse_range,
)

STAND_IN_TAG = "azureml-publish:stand-in"
"""A tag of every repository whose files are made up, so that nobody takes them for the real ones."""

_DATE = "2026-01-01T00:00:00.000Z"
"""A fixed date for what has none here, so that answers are the same on every machine."""


def render_error(error: Exception, scope: Scope) -> Response:
    """Any failure as the Hub reports it."""
    del scope
    status, code, message, headers = status_and_code(error)
    return Json({"error": message}, status, {"X-Error-Code": code, "X-Error-Message": message, **headers})


def hub_service(checkpoints: Checkpoints) -> tuple[ASGIApp, Render]:
    """The application, and what renders its failures."""
    hub = _Hub(checkpoints)
    routes = [
        Route("/api/agent-harnesses", Methods(GET=_no_harnesses)),
        *_both_names(hub, "/api/models/{}/revision/{revision:path}", GET=hub.model_info),
        *_both_names(hub, "/api/models/{}/tree/{revision}", GET=hub.tree),
        *_both_names(hub, "/api/models/{}/tree/{revision}/{path:path}", GET=hub.tree),
        *_both_names(hub, "/api/models/{}/paths-info/{revision}", POST=hub.paths_info),
        *_both_names(hub, "/{}/resolve/{revision}/{path:path}", GET=hub.resolve, HEAD=hub.resolve),
        *_both_names(hub, "/api/models/{}", GET=hub.model_info),
    ]
    return Router(routes=routes, default=not_served, redirect_slashes=False), render_error


def _both_names(hub: "_Hub", template: str, **handlers: Handler) -> list[Route]:
    """A route for `org/name`, and one that leads short names there."""
    redirects = dict.fromkeys(handlers, hub.redirect)
    return [
        Route(template.replace("{}", "{org}/{name}"), Methods(**handlers)),
        Route(template.replace("{}", "{short}"), Methods(**redirects)),
    ]


async def _no_harnesses(_request: Request) -> Response:
    raise refused("EntryNotFound", "The emulator knows no agent harnesses.")


class _Hub:
    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    async def _snapshot(self, request: Request, only: str | None = None) -> Snapshot:
        parts = request.path_params
        name = f"{parts['org']}/{parts['name']}"
        return await self._checkpoints.snapshot(name, parts.get("revision", "main"), only)

    async def redirect(self, request: Request) -> Response:
        """Send a short name to the full one, with a relative address as the Hub does."""
        short = request.path_params["short"]
        full = self._checkpoints.canonical(short)
        if full is None:
            raise refused("RepoNotFound", f"Repository not found: {short}.")
        target = quote(request.url.path.replace(f"/{short}", f"/{full}", 1))
        query = f"?{request.url.query}" if request.url.query else ""
        return Response(status_code=307, headers={"Location": target + query})

    async def model_info(self, request: Request) -> Response:
        snapshot = await self._snapshot(request)
        with_blobs = request.query_params.get("blobs", "").lower() in {"true", "1"}
        card = _card_data(snapshot)
        return Json(
            {
                "_id": hashlib.sha256(snapshot.repository.encode()).hexdigest()[:24],
                "id": snapshot.repository,
                "modelId": snapshot.repository,
                "author": snapshot.repository.partition("/")[0],
                "sha": snapshot.commit,
                "createdAt": _DATE,
                "lastModified": _DATE,
                "private": False,
                "gated": False,
                "disabled": False,
                "downloads": 0,
                "likes": 0,
                "library_name": card.get("library_name"),
                "pipeline_tag": card.get("pipeline_tag"),
                "tags": [*_tags(card), *([STAND_IN_TAG] if snapshot.stand_in else [])],
                "cardData": card,
                "config": _config(snapshot),
                "siblings": [_sibling(file, with_blobs=with_blobs) for file in snapshot.files],
            }
        )

    async def tree(self, request: Request) -> Response:
        snapshot = await self._snapshot(request)
        query = request.query_params
        recursive = query.get("recursive", "").lower() in {"true", "1"}
        expand = query.get("expand", "").lower() in {"true", "1"}
        root = request.path_params.get("path", "").strip("/")
        inside = [file for file in snapshot.files if not root or file.name.startswith(f"{root}/")]
        if root and not inside:
            raise refused("EntryNotFound", f"{root} is not a folder of {snapshot.repository}.")
        entries = [_file_entry(file) for file in inside]
        entries += [_folder_entry(folder, inside) for folder in _folders(inside, root)]
        if not recursive:
            depth = root.count("/") + 1 if root else 0
            entries = [entry for entry in entries if entry["path"].count("/") == depth]
        return Json([_expanded(entry, snapshot, expand=expand) for entry in sorted(entries, key=lambda e: e["path"])])

    async def paths_info(self, request: Request) -> Response:
        """Entries for paths that are named in the body, as a form or as JSON; unknown ones are left out."""
        snapshot = await self._snapshot(request)
        body = (await request.body()).decode()
        try:
            if request.headers.get("content-type", "").startswith("application/json"):
                fields: dict[str, Any] = json.loads(body)
            else:
                form = parse_qs(body)
                fields = {"paths": form.get("paths", []), "expand": form.get("expand", [""])[0].lower() == "true"}
            wanted = {str(path).strip("/") for path in fields["paths"]}
        except (ValueError, TypeError, KeyError) as error:
            raise RefusedError(400, "BadRequest", f"The body names no paths: {error}") from error
        entries = [_file_entry(file) for file in snapshot.files if file.name in wanted]
        folders = set(_folders(snapshot.files, "")) & wanted
        entries += [_folder_entry(folder, snapshot.files) for folder in sorted(folders)]
        return Json([_expanded(entry, snapshot, expand=fields.get("expand") is True) for entry in entries])

    async def resolve(self, request: Request) -> Response:
        """The bytes of a file, directly; the real Hub redirects LFS files to a signed address elsewhere."""
        snapshot = await self._snapshot(request, request.path_params["path"])
        try:
            file = snapshot.file(request.path_params["path"])
        except RefusedError as error:
            # The client keeps in its cache that the file is missing at this commit, so it must learn the commit.
            raise RefusedError(404, error.code, error.message, {"X-Repo-Commit": snapshot.commit}) from error
        headers = {
            "X-Repo-Commit": snapshot.commit,
            "ETag": f'"{file.etag}"',
            "Accept-Ranges": "bytes",
            "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(PurePosixPath(file.name).name)}",
        }
        if file.sha256 is not None:
            headers |= {"X-Linked-ETag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
        spans = [Span(file.path, 0, file.size)] if file.size else []
        if request.method == "HEAD":
            return SpansResponse(spans, headers)
        try:
            part = parse_range(request.headers.get("range"), file.size)
        except UnsatisfiableRangeError as error:
            raise RefusedError(
                416, "RangeNotSatisfiable", "Beyond the end of the file.", {"Content-Range": f"bytes */{file.size}"}
            ) from error
        if part is None:
            return SpansResponse(spans, headers)
        headers["Content-Range"] = f"bytes {part[0]}-{part[0] + part[1] - 1}/{file.size}"
        return SpansResponse(cut(spans, *part), headers, 206)


def _sibling(file: HubFile, *, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": file.name}
    entry: dict[str, Any] = {"rfilename": file.name, "size": file.size, "blobId": file.git}
    if file.sha256 is not None:
        entry["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
    return entry


def _file_entry(file: HubFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": file.name, "size": file.size, "oid": file.git}
    if file.sha256 is not None:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
    return entry


def _folders(files: list[HubFile] | tuple[HubFile, ...], root: str) -> list[str]:
    """Every folder between a root and files below it."""
    found: set[str] = set()
    for file in files:
        found |= {str(parent) for parent in PurePosixPath(file.name).parents if str(parent) != "."}
    return sorted(folder for folder in found if not root or folder.startswith(f"{root}/"))


def _folder_entry(folder: str, files: list[HubFile] | tuple[HubFile, ...]) -> dict[str, Any]:
    """A folder; its id is a digest of what is in it, and not the one that git would compute."""
    content = "".join(f"{file.name} {file.git}\n" for file in files if file.name.startswith(f"{folder}/"))
    oid = hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()
    return {"type": "directory", "path": folder, "size": 0, "oid": oid}


def _expanded(entry: dict[str, Any], snapshot: Snapshot, *, expand: bool) -> dict[str, Any]:
    if not expand:
        return entry
    return {**entry, "lastCommit": {"id": snapshot.commit, "title": "Served by the emulator", "date": _DATE}}


def _card_data(snapshot: Snapshot) -> dict[str, Any]:
    """The YAML at the top of README.md; nothing if there is none or it is not a mapping."""
    readme = next((file for file in snapshot.files if file.name == "README.md"), None)
    if readme is None:
        return {}
    text = readme.path.read_text(encoding="utf-8", errors="replace")
    if not text.startswith("---\n") or "\n---" not in text[4:]:
        return {}
    try:
        parsed = yaml.safe_load(text[4 : text.index("\n---", 3)])
    except yaml.YAMLError:
        return {}
    return json.loads(json.dumps(parsed, default=str)) if isinstance(parsed, dict) else {}


def _config(snapshot: Snapshot) -> dict[str, Any]:
    """The two keys of config.json that the Hub repeats."""
    file = next((each for each in snapshot.files if each.name == "config.json"), None)
    try:
        parsed = json.loads(file.path.read_text(encoding="utf-8")) if file is not None else {}
    except ValueError:
        return {}
    return (
        {key: parsed[key] for key in ("architectures", "model_type") if key in parsed}
        if isinstance(parsed, dict)
        else {}
    )


def _tags(card: dict[str, Any]) -> list[str]:
    """Tags as the Hub gathers them from a card."""

    def several(key: str) -> list[str]:
        value = card.get(key) or []
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]

    tags = [*several("library_name"), *several("pipeline_tag"), *several("tags"), *several("language")]
    tags += [f"dataset:{name}" for name in several("datasets")]
    return [*tags, *(f"license:{name}" for name in several("license")), "region:us"]
