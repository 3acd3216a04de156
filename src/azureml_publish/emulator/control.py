"""The switches of the emulator itself: `/reset` on both ports, `/faults` and `/manners` on the HTTP port."""

import json
from collections.abc import Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.faults import Faults
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.routing import Handler, Json, Methods, RefusedError


def control_routes(reset: Callable[[], None], faults: Faults | None, manners: Switches | None) -> list[Route]:
    """Routes for one port.

    Args:
        reset: Empties the state.
        faults: The rules to serve at `/faults`, or None to leave that route out.
        manners: What to serve at `/manners`, or None.
    """

    async def post_reset(_request: Request) -> Response:
        reset()
        return Response(status_code=204)

    routes = [Route("/reset", Methods(POST=_from_programs(post_reset)))]
    if faults is not None:
        routes.append(Route("/faults", _fault_methods(faults)))
    if manners is not None:
        routes.append(Route("/manners", _manner_methods(manners)))
    return routes


def _fault_methods(faults: Faults) -> Methods:
    async def get(_request: Request) -> Response:
        return Json([asdict(rule) for rule in faults.rules])

    async def post(request: Request) -> Response:
        try:
            rule = json.loads(await request.body())
            added = faults.add(**rule)
        except (ValueError, TypeError) as error:
            raise RefusedError(400, "InvalidFault", str(error)) from error
        return Json(asdict(added), status_code=201)

    async def delete(_request: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return Methods(GET=get, POST=_from_programs(post), DELETE=_from_programs(delete))


def _manner_methods(manners: Switches) -> Methods:
    async def get(_request: Request) -> Response:
        return Json(asdict(manners.now))

    async def post(request: Request) -> Response:
        try:
            changed = manners.change(**json.loads(await request.body()))
        except (ValueError, TypeError) as error:
            raise RefusedError(400, "InvalidManners", str(error)) from error
        return Json(asdict(changed))

    async def delete(_request: Request) -> Response:
        manners.off()
        return Response(status_code=204)

    return Methods(GET=get, POST=_from_programs(post), DELETE=_from_programs(delete))


def _from_programs(handler: Handler) -> Handler:
    """Refuse what a web page sends: any page in a browser can post to loopback, and says where it comes from."""

    async def checked(request: Request) -> Response:
        if "origin" in request.headers:
            raise RefusedError(403, "CrossOrigin", "The switches of the emulator are not for web pages")
        return await handler(request)

    return checked
