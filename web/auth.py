"""Who may ask? Programs on this machine that can read the token in AL_HOME.

The token travels in the `Authorization` header only, never in an address, so it stands in no log and no history. Two
things need none: health, and `/metrics`, whose figures name no person (a scraper on this machine would otherwise need a
copy of a token that can also pause agents). The Host header must name the loopback itself: a web page that makes its
own name point at 127.0.0.1 (DNS rebinding) then reaches nothing, not even those two.
"""

from __future__ import annotations

import hmac
import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.errors import NoToken, WrongHost

OPEN = frozenset({"/healthz", "/readyz", "/metrics"})


def token_needed(token: str) -> Middleware:
    """Refuses every request without this token, except to what is OPEN; unknown addresses are refused alike."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is None or resource.canonical not in OPEN:
            given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(given, expected):
                raise NoToken("send the token of this instance: Authorization: Bearer …")
        return await handler(request)

    return check


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses a request whose Host header is not a loopback address or `localhost`."""
    if not names_loopback(request.headers.get("Host", "")):
        raise WrongHost("the Host header must be localhost or a loopback address")
    return await handler(request)


def names_loopback(host: str) -> bool:
    """Whether a Host header (`127.0.0.1:8080`, `[::1]`, `localhost`) names this machine's loopback."""
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    if port and not (port.isascii() and port.isdigit()):
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
