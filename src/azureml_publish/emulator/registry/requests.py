"""What every call of the registry has in common: who may make it, which registry it names, what its body holds."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azureml_publish.emulator.registry.records import REGISTRY_NAME, refused
from azureml_publish.emulator.routing import Handler, Json, RefusedError

DENIED = "denied"
READER = "reader"
_NO_ACCESS = "Auth/Authorization/UnAuthorizedRegistryAccess"


async def body_of(request: Request) -> Any:
    """The JSON body of a request; 400 if it is not JSON."""
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise refused(f"The body is not JSON: {error}") from error


def registry_of(request: Request) -> str:
    """The registry that a path names, in lower case as the service keeps it; every name of the right form is one.

    Raises:
        RefusedError: 404, no registry can have that name.
    """
    name = str(request.path_params["registry"])
    if not REGISTRY_NAME.fullmatch(name):
        raise refused(f"There is no registry {name!r}.", status=404, code="RegistryNotFound")
    return name.lower()


def authorised(handler: Handler, *, writes: bool = False) -> Handler:
    """Require a bearer token. Any will do but two: `denied` opens no registry, and `reader` writes nothing."""

    async def checked(request: Request) -> Response:
        token = _token(request)
        if not token:
            raise RefusedError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing or has no bearer token.",
                {"WWW-Authenticate": 'Bearer realm="emulator"'},
            )
        if token == DENIED or (writes and token == READER):
            # Recorded: 403 at discovery, but 401 without WWW-Authenticate at the front end.
            status = 403 if request.url.path.startswith("/registrymanagement/") else 401
            name = request.path_params.get("registry")
            raise refused(
                f"User/tenant/subscription is not allowed to access registry {name}", status=status, code=_NO_ACCESS
            )
        return await handler(request)

    return checked


async def permissions(request: Request) -> Response:
    """What the caller may do: all that the role AzureML Registry User allows; with the token `reader`, only to read."""
    registry_of(request)
    last = "read" if _token(request) == READER else "*"
    actions = [f"Microsoft.MachineLearningServices/registries/{what}" for what in ("read", f"assets/{last}")]
    return Json({"value": [{"actions": actions, "notActions": []}]})


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
