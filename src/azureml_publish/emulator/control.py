"""The switches of the emulator itself: `/reset` on both ports, `/faults` and `/quirks` on the HTTP port."""

import hmac
import json
from collections.abc import Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.faults import Faults
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.routing import Handler, Json, Methods, RefusedError


def control_routes(
    reset: Callable[[], None], faults: Faults | None, quirks: Switches | None, secret: str
) -> list[Route]:
    """Routes for one port.

    Args:
        faults: The rules to serve at `/faults`, or None to leave that route out.
        quirks: What to serve at `/quirks`, or None.
        secret: The bearer token that a caller must send.
    """

    async def post_reset(_request: Request) -> Response:
        reset()
        return Response(status_code=204)

    routes = [Route("/reset", Methods(POST=_guarded(post_reset, secret)))]
    if faults is not None:
        routes.append(Route("/faults", _fault_methods(faults, secret)))
    if quirks is not None:
        routes.append(Route("/quirks", _quirk_methods(quirks, secret)))
    return routes


def _fault_methods(faults: Faults, secret: str) -> Methods:
    async def get(_request: Request) -> Response:
        return Json([rule.model_dump() for rule in faults.rules])

    async def post(request: Request) -> Response:
        try:
            added = faults.add(**json.loads(await request.body()))
        except (ValueError, TypeError) as error:
            raise RefusedError(400, "InvalidFault", _reason(error)) from error
        return Json(added.model_dump(), status_code=201)

    async def delete(_request: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return Methods(GET=_guarded(get, secret), POST=_guarded(post, secret), DELETE=_guarded(delete, secret))


def _quirk_methods(quirks: Switches, secret: str) -> Methods:
    async def get(_request: Request) -> Response:
        return Json(quirks.now.model_dump())

    async def post(request: Request) -> Response:
        try:
            changed = quirks.change(**json.loads(await request.body()))
        except (ValueError, TypeError) as error:
            raise RefusedError(400, "InvalidQuirks", _reason(error)) from error
        return Json(changed.model_dump())

    async def delete(_request: Request) -> Response:
        quirks.off()
        return Response(status_code=204)

    return Methods(GET=_guarded(get, secret), POST=_guarded(post, secret), DELETE=_guarded(delete, secret))


def _reason(error: ValueError | TypeError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    found = ((".".join(map(str, each["loc"])), each) for each in error.errors(include_url=False))
    return "; ".join(f"{name} is {each['input']!r}: {each['msg']}" for name, each in found)


def _guarded(handler: Handler, secret: str) -> Handler:
    """Let nobody switch but who has the emulator's secret: any page in a browser, and any user, can reach loopback."""

    async def checked(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
            message = (
                "The switches want `Authorization: Bearer …` with PUBLISH_EMULATOR_SECRET, which the emulator prints"
            )
            raise RefusedError(401, "SecretRequired", message)
        return await handler(request)

    return checked
