"""Which status does a fault get at the edge? One table; every answer that is not a success is problem+json (RFC 9457).

The texts of these faults go to the client, so they tell what was wrong and never repeat what was sent.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from calls.errors import CallFault

log = structlog.get_logger()


class WebFault(Exception):
    """A request cannot be served as it stands; the message is the `detail` that the client reads."""


class NoToken(WebFault):
    """The request carries no token, or not ours."""


class WrongHost(WebFault):
    """The Host header names something else than this machine's loopback: somebody else's name led a browser here."""


class BadBody(WebFault):
    """The body is not what the route asks for."""


class UnknownAgent(WebFault):
    """The configuration has no agent of this id."""


class UnknownAlarm(WebFault):
    """No alarm stands for this call: it was cleared, or never raised."""


class UnknownCall(WebFault):
    """No call of this id is in the house now."""


class UnknownCallback(WebFault):
    """Nobody is to be rung back under this id: it was done, or never promised."""


class UnknownReason(WebFault):
    """The configuration has no pause reason of this name."""


class ConfigurationRefused(WebFault):
    """The configuration has faults, or cannot come into force now; the old one stays."""


class NotNow(WebFault):
    """The engine cannot take this at the moment; nothing has been done."""


STATUSES: Mapping[type[Exception], HTTPStatus] = {
    NoToken: HTTPStatus.UNAUTHORIZED,
    WrongHost: HTTPStatus.MISDIRECTED_REQUEST,
    BadBody: HTTPStatus.BAD_REQUEST,
    UnknownAgent: HTTPStatus.NOT_FOUND,
    UnknownAlarm: HTTPStatus.NOT_FOUND,
    UnknownCall: HTTPStatus.NOT_FOUND,
    UnknownCallback: HTTPStatus.NOT_FOUND,
    UnknownReason: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConfigurationRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    CallFault: HTTPStatus.CONFLICT,
    NotNow: HTTPStatus.SERVICE_UNAVAILABLE,
    TimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
}

TIMED_OUT = "the request took too long; it may still be carried out"


def status_of(fault: Exception) -> HTTPStatus:
    """The status of the nearest ancestor in the table; 500 for what nobody foresaw."""
    return next((STATUSES[kind] for kind in type(fault).__mro__ if kind in STATUSES), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(status: HTTPStatus, detail: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer in the form of RFC 9457; its type is "about:blank", so its title is the status' own phrase."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if detail:
        body["detail"] = detail
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/problem+json", headers=dict(headers or {})
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever the request raised into a problem; what nobody foresaw is logged and told to nobody."""
    try:
        return await handler(request)
    except web.HTTPException as fault:  # aiohttp's own: no such route, no such method, a body that is too large
        allow = {"Allow": fault.headers["Allow"]} if "Allow" in fault.headers else None
        return problem(HTTPStatus(fault.status), headers=allow)
    except Exception as fault:
        status = status_of(fault)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            log_fault(request, fault)
            return problem(status)
        challenge = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
        return problem(status, TIMED_OUT if isinstance(fault, TimeoutError) else str(fault), challenge)


def log_fault(request: web.Request, fault: Exception) -> None:
    """Where it happened, without the fault's own words, which may hold what a caller or a client sent."""
    resource = request.match_info.route.resource
    log.error(
        "request failed",
        action="web.fault",
        route=resource.canonical if resource else "",
        fault=type(fault).__name__,
        where=[f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)],
    )
