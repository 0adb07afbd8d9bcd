"""What can other programs on this machine ask of us? Health, figures, the live view, duty, alarms, a configuration.

Everything is served from the engine's memory through `Desk`; nothing here decides. `web/openapi.yaml` tells each route.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml
from aiohttp import web
from aiohttp.typedefs import Handler

from calls.events import Duty
from web.auth import loopback_only, token_needed
from web.errors import BadBody, problems

REQUEST_SECONDS = 5.0
IDLE_SECONDS = 15.0
DRAIN_SECONDS = 2.0
BODY_BYTES = 4096
REASON_LENGTH = 64

CONFIGURATION = "/api/v1/configuration"
CONFIGURATION_SECONDS = 60.0
CONFIGURATION_BYTES = 4 * 1024 * 1024
"""A configuration is proved, and Asterisk reads it: that takes longer, and more room, than any other request."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

AGENT = "{agent_id:[a-z][a-z0-9_]{0,31}}"
CALL = "{call_id:[A-Za-z0-9_.-]{1,64}}"
CALLBACK = "{callback_id:[A-Za-z0-9_.-]{1,80}}"
NOTE_LENGTH = 200


class Desk(Protocol):
    """What the routes need of the engine. Faults are those of web/errors.py."""

    def live(self) -> Mapping[str, object]:
        """The live view as it is served (app/live.py)."""
        ...

    def readiness(self) -> list[str]:
        """Why calls cannot be served now, a sentence each; empty when they can."""
        ...

    async def set_duty(self, agent_id: str, duty: Duty, reason: str) -> Mapping[str, object]:
        """Put an agent on or off duty; the agent as in the live view. UnknownAgent, UnknownReason, NotNow."""
        ...

    async def clear_alarm(self, call_id: str) -> None:
        """Take an alarm down by hand. UnknownAlarm, NotNow."""
        ...

    async def apply(self, text: str, who: str) -> Mapping[str, object]:
        """Put a configuration in force: its version and remarks. ConfigurationRefused."""
        ...

    def call(self, call_id: str) -> Mapping[str, object]:
        """A call as in the live view, and what the caller did in the menu. UnknownCall."""
        ...

    async def finish_callback(self, callback_id: str, by: str, note: str) -> None:
        """Somebody has rung back. UnknownCallback, NotNow."""
        ...


class Api:
    """The routes. ``exposition`` gives the metrics in Prometheus' text form."""

    def __init__(self, desk: Desk, exposition: Callable[[], bytes], version: str) -> None:
        self._desk = desk
        self._exposition = exposition
        self._version = version
        self._openapi = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8"))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metrics),
            web.get("/api/v1/openapi.json", self.openapi),
            web.get("/api/v1/live", self.live),
            web.post(f"/api/v1/agents/{AGENT}/duty", self.set_duty),
            web.get(f"/api/v1/calls/{CALL}", self.call),
            web.post(f"/api/v1/callbacks/{CALLBACK}/done", self.finish_callback),
            web.post(f"/api/v1/alarms/{CALL}/clear", self.clear_alarm),
            web.post(CONFIGURATION, self.apply),
        ]

    async def healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True, "version": self._version})

    async def readyz(self, _: web.Request) -> web.Response:
        reasons = self._desk.readiness()
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._exposition(), headers={"Content-Type": METRICS_TYPE})

    async def openapi(self, _: web.Request) -> web.Response:
        return web.json_response(self._openapi)

    async def live(self, _: web.Request) -> web.Response:
        return web.json_response(self._desk.live())

    async def set_duty(self, request: web.Request) -> web.Response:
        duty, reason = read_duty(await request.read())
        return web.json_response(await self._desk.set_duty(request.match_info["agent_id"], duty, reason))

    async def call(self, request: web.Request) -> web.Response:
        return web.json_response(self._desk.call(request.match_info["call_id"]))

    async def finish_callback(self, request: web.Request) -> web.Response:
        by, note = read_done(await request.read())
        await self._desk.finish_callback(request.match_info["callback_id"], by, note)
        return web.Response(status=204)

    async def clear_alarm(self, request: web.Request) -> web.Response:
        await self._desk.clear_alarm(request.match_info["call_id"])
        return web.Response(status=204)

    async def apply(self, request: web.Request) -> web.Response:
        text, who = read_configuration(await request.clone(client_max_size=CONFIGURATION_BYTES).read())
        return web.json_response(await self._desk.apply(text, who))


def read_done(body: bytes) -> tuple[str, str]:
    """Login name and note from ``{"by": "…", "note": "…"}``; BadBody for anything else."""
    told = _json(body)
    if not isinstance(told, dict) or told.keys() != {"by", "note"}:
        raise BadBody("the body must be an object with by and note")
    for name, length in (("by", REASON_LENGTH), ("note", NOTE_LENGTH)):
        if not isinstance(told[name], str) or len(told[name]) > length or not told[name].isprintable():
            raise BadBody(f"{name} must be text of at most {length} characters")
    return told["by"], told["note"]


def read_duty(body: bytes) -> tuple[Duty, str]:
    """Duty and reason from ``{"duty": "ready" | "paused" | "off", "reason": "…"}``; BadBody for anything else."""
    told = _json(body)
    if not isinstance(told, dict) or not told.keys() <= {"duty", "reason"}:
        raise BadBody("the body must be an object with duty and, if wanted, reason")
    try:
        duty = Duty(str(told.get("duty")))
    except ValueError:
        raise BadBody(f"duty must be one of {', '.join(Duty)}") from None
    reason = told.get("reason", "")
    if not isinstance(reason, str) or len(reason) > REASON_LENGTH or not reason.isprintable():
        raise BadBody(f"reason must be text of at most {REASON_LENGTH} characters")
    return duty, reason


def read_configuration(body: bytes) -> tuple[str, str]:
    """Text and login name from ``{"text": "…", "who": "…"}``; BadBody for anything else."""
    told = _json(body)
    if not isinstance(told, dict) or told.keys() != {"text", "who"} or not isinstance(told["text"], str):
        raise BadBody("the body must be an object with text and who")
    who = told["who"]
    if not isinstance(who, str) or not 0 < len(who) <= REASON_LENGTH or not who.isprintable():
        raise BadBody(f"who must be text of at most {REASON_LENGTH} characters")
    return told["text"], who


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("the body must be JSON") from None


@web.middleware
async def in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A request that takes longer than REQUEST_SECONDS, its body included, is given up; CONFIGURATION_SECONDS there."""
    resource = request.match_info.route.resource
    configures = resource is not None and resource.canonical == CONFIGURATION
    async with asyncio.timeout(CONFIGURATION_SECONDS if configures else REQUEST_SECONDS):
        return await handler(request)


async def not_stored(_: web.Request, response: web.StreamResponse) -> None:
    """Nothing here is worth a cache, and nothing is to be guessed to be a page."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def application(desk: Desk, exposition: Callable[[], bytes], token: str, version: str) -> web.Application:
    """The whole of it, to be served by `serve` or by a test."""
    app = web.Application(
        middlewares=[problems, loopback_only, token_needed(token), in_time], client_max_size=BODY_BYTES
    )
    app.router.add_routes(Api(desk, exposition, version).routes())
    app.on_response_prepare.append(not_stored)
    return app


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen on ``host``, which is to be a loopback address; end it by ``runner.cleanup()``. OSError if it is taken."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=IDLE_SECONDS, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner
