"""Lists in pages: where to start, how many, and the link to the next page."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from azureml_publish.emulator.quirks import Quirks
from azureml_publish.emulator.registry.answers import answer
from azureml_publish.emulator.registry.models import View
from azureml_publish.emulator.registry.records import refused

Entry = TypeVar("Entry")

_TOKENS = ("$skipToken", "$skiptoken", "$skip")
_VIEWS: dict[str, View] = {"all": "All", "activeonly": "ActiveOnly", "archivedonly": "ArchivedOnly"}


def view_of(request: Request, quirks: Quirks) -> View:
    """`listViewType`; everything where it is left out.

    azure-ai-ml 1.35.2 sends the Python name, `ListViewType.ACTIVE_ONLY`, for a registry; it is read as it is meant.
    """
    if quirks.ignore_list_view:
        return "All"
    text = request.query_params.get("listViewType", "All")
    view = _VIEWS.get(text.removeprefix("ListViewType.").replace("_", "").lower())
    if view is None:
        raise refused(f"listViewType is All, ActiveOnly or ArchivedOnly, not {text!r}.")
    return view


def newest_first(request: Request) -> bool:
    """Direction of `$orderBy`, which knows the time of creation only; newest first without it."""
    text = request.query_params.get("$orderBy", "createdtime desc").lower().split()
    if text not in (["createdtime"], ["createdtime", "asc"], ["createdtime", "desc"]):
        raise refused("$orderBy is 'createdtime asc' or 'createdtime desc'.")
    return text[-1] == "desc"


def _number(text: str, what: str) -> int:
    if not text.isdecimal():
        raise refused(f"{what} is a whole number, not {text!r}.")
    return int(text)


def paged(
    request: Request,
    base: str,
    quirks: Quirks,
    fetch: Callable[[int, int], Sequence[Entry]],
    render: Callable[[Entry], dict[str, Any]],
) -> Response:
    """One page as JSON.

    `$top` limits the whole list, over all of its pages.

    Args:
        request: The request, with `$top` and a token if it follows a link.
        base: The host that the next link names.
        quirks: They say how long a page is, and whether `$top` counts.
        fetch: Gives entries from an offset on, up to a limit.
        render: An entry as JSON.
    """
    query = request.query_params
    token = next((query[name] for name in _TOKENS if name in query), None)
    try:
        offset = int(base64.urlsafe_b64decode(token).decode()) if token else 0
    except ValueError as error:
        raise refused("The token of the page is not one that was given out.") from error
    top = _number(query["$top"], "$top") if "$top" in query and not quirks.ignore_top else None
    size = quirks.page_size if top is None else min(quirks.page_size, top)
    entries = fetch(offset, size + 1)
    body: dict[str, Any] = {"value": [render(entry) for entry in entries[:size]]}
    if len(entries) > size and (top is None or top > size):
        kept = {name: value for name, value in query.items() if name not in {*_TOKENS, "$top"}}
        kept["$skipToken"] = base64.urlsafe_b64encode(str(offset + size).encode()).decode()
        if top is not None:
            kept["$top"] = str(top - size)
        url = request.url.replace_query_params().include_query_params(**kept)
        body["nextLink"] = f"{base}{url.path}?{url.query}"
    return answer(body)
