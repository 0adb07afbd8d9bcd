"""Does each route answer as web/openapi.yaml says, to whom it should, within its limits?

Past 300 lines, since every route is asked over the same desk.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from structlog.testing import capture_logs

from calls.events import Duty
from web import api
from web.auth import OPEN
from web.errors import (
    ConfigurationRefused,
    NotNow,
    UnknownAgent,
    UnknownAlarm,
    UnknownCall,
    UnknownCallback,
    UnknownReason,
)

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ANNA = {"agent_id": "anna", "state": "ready"}

Client = TestClient[Request, Application]


class FakeDesk:
    """An engine with one agent, one alarm and one pause reason."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.duties: list[tuple[str, Duty, str]] = []
        self.alarms = {"node1-1763764262.7"}
        self.applied: list[tuple[int, str]] = []
        self.finished: list[tuple[str, str]] = []
        self.stuck = False

    def live(self) -> Mapping[str, object]:
        return {"at": "2026-03-02T12:00:00+00:00", "queues": []}

    def readiness(self) -> list[str]:
        return self.faults

    async def set_duty(self, agent_id: str, duty: Duty, reason: str) -> Mapping[str, object]:
        if self.stuck:
            await asyncio.Event().wait()
        if agent_id == "busy":
            raise NotNow("too many events wait")
        if agent_id != "anna":
            raise UnknownAgent("the configuration has no such agent")
        if reason not in ("", "lunch"):
            raise UnknownReason("the configuration has no such pause reason")
        self.duties.append((agent_id, duty, reason))
        return ANNA

    def call(self, call_id: str) -> Mapping[str, object]:
        if call_id != "node1-1763764262.7":
            raise UnknownCall("no call of this id is in the house")
        return {"call_id": call_id, "handover": None}

    async def finish_callback(self, callback_id: str, by: str, note: str) -> None:
        if callback_id != "node1-1763764262.7-callback":
            raise UnknownCallback("nobody is to be rung back under this id")
        self.finished.append((by, note))

    async def clear_alarm(self, call_id: str) -> None:
        if call_id not in self.alarms:
            raise UnknownAlarm("no alarm stands for this call")
        self.alarms.remove(call_id)

    async def apply(self, text: str, who: str) -> Mapping[str, object]:
        if "broken" in text:
            raise ConfigurationRefused("configuration.yaml:7:1: lines.x: is broken\nconfiguration.yaml:8:1: so is this")
        self.applied.append((len(text), who))
        return {"version": "0123456789ab", "remarks": []}


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def client(desk: FakeDesk, aiohttp_client: Callable[..., Any]) -> Client:
    made: Client = await aiohttp_client(api.application(desk, lambda: b"assistline_up 1\n", TOKEN, "0.1.0"))
    return made


async def problem_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = await response.json(content_type=None)
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"]
    return body


async def test_health_needs_no_token(client: Client) -> None:
    response = await client.get("/healthz")
    assert (response.status, await response.json()) == (200, {"alive": True, "version": "0.1.0"})


async def test_readiness_tells_every_reason_why_not(client: Client, desk: FakeDesk) -> None:
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (200, {"ready": True, "reasons": []})
    desk.faults = ["Asterisk node1 is not connected", "context al-wait is missing"]
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (503, {"ready": False, "reasons": desk.faults})


async def test_metrics_are_prometheus_text(client: Client) -> None:
    response = await client.get("/metrics")
    assert (response.status, await response.text()) == (200, "assistline_up 1\n")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_live_view_is_served_fresh_to_whoever_has_the_token(client: Client, desk: FakeDesk) -> None:
    response = await client.get("/api/v1/live", headers=BEARER)
    assert (response.status, await response.json()) == (200, desk.live())
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer \xff"}]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/live"),
        ("GET", "/api/v1/openapi.json"),
        ("POST", "/api/v1/agents/anna/duty"),
        ("POST", "/api/v1/alarms/node1-1763764262.7/clear"),
        ("GET", "/no/such/thing"),
        ("GET", f"/api/v1/live?token={TOKEN}"),
    ],
)
async def test_without_the_token_in_its_header_nothing_is_told_or_done(
    client: Client, desk: FakeDesk, method: str, path: str, given: dict[str, str]
) -> None:
    response = await client.request(method, path, headers=given, json={"duty": "off"} if method == "POST" else None)
    await problem_of(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert not desk.duties
    assert desk.alarms


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/live"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "a:b:c"])
async def test_a_name_that_is_not_the_loopback_is_refused(client: Client, path: str, host: str) -> None:
    await problem_of(await client.get(path, headers={**BEARER, "Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.2:8080", "[::1]", "[::1]:8080"])
async def test_the_loopback_may_be_named_in_any_of_its_ways(client: Client, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status == 200


async def test_duty_is_set_and_the_agent_shown(client: Client, desk: FakeDesk) -> None:
    response = await client.post("/api/v1/agents/anna/duty", headers=BEARER, json={"duty": "paused", "reason": "lunch"})
    assert (response.status, await response.json()) == (200, ANNA)
    response = await client.post("/api/v1/agents/anna/duty", headers=BEARER, json={"duty": "ready"})
    assert desk.duties == [("anna", Duty.PAUSED, "lunch"), ("anna", Duty.READY, "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 4000,
        b"[]",
        b"null",
        b"{}",
        b'{"duty": "asleep"}',
        b'{"duty": 1}',
        b'{"duty": "off", "token": "x"}',
        b'{"duty": "off", "reason": 7}',
        b'{"duty": "off", "reason": "a\\r\\nAction: Logoff"}',
        b'{"duty": "off", "reason": "' + b"x" * 65 + b'"}',
    ],
)
async def test_a_body_that_is_not_what_the_route_asks_for_is_refused(
    client: Client, desk: FakeDesk, body: bytes
) -> None:
    told = await problem_of(await client.post("/api/v1/agents/anna/duty", headers=BEARER, data=body), 400)
    assert told["detail"]
    assert not desk.duties


@pytest.mark.parametrize(
    ("agent", "body", "status"),
    [
        ("nobody", {"duty": "off"}, 404),
        ("NOBODY", {"duty": "off"}, 404),
        ("a%2e%2e", {"duty": "off"}, 404),
        ("anna", {"duty": "paused", "reason": "fishing"}, 422),
        ("busy", {"duty": "off"}, 503),
        ("anna", {"duty": "off", "reason": "x" * 5000}, 413),
    ],
)
async def test_faults_of_the_desk_have_their_status(
    client: Client, agent: str, body: dict[str, str], status: int
) -> None:
    await problem_of(await client.post(f"/api/v1/agents/{agent}/duty", headers=BEARER, json=body), status)


async def test_a_configuration_larger_than_other_bodies_is_applied(client: Client, desk: FakeDesk) -> None:
    body = {"text": "x" * 100_000, "who": "olena"}
    response = await client.post("/api/v1/configuration", headers=BEARER, json=body)
    assert (response.status, await response.json()) == (200, {"version": "0123456789ab", "remarks": []})
    assert desk.applied == [(100_000, "olena")]
    await problem_of(await client.post("/api/v1/configuration", json=body), 401)


async def test_a_refused_configuration_is_told_with_every_reason(client: Client, desk: FakeDesk) -> None:
    response = await client.post("/api/v1/configuration", headers=BEARER, json={"text": "broken", "who": "olena"})
    told = await problem_of(response, 422)
    assert told["detail"].count("\n") == 1
    assert not desk.applied


@pytest.mark.parametrize(
    "body",
    [{}, {"text": "x"}, {"text": 1, "who": "olena"}, {"text": "x", "who": ""}, {"text": "x", "who": "a\r\nb"}],
)
async def test_a_configuration_without_its_author_is_refused(client: Client, body: dict[str, object]) -> None:
    await problem_of(await client.post("/api/v1/configuration", headers=BEARER, json=body), 400)


async def test_an_alarm_is_cleared_once(client: Client) -> None:
    path = "/api/v1/alarms/node1-1763764262.7/clear"
    assert (await client.post(path, headers=BEARER)).status == 204
    await problem_of(await client.post(path, headers=BEARER), 404)


async def test_a_wrong_method_names_the_right_one(client: Client) -> None:
    response = await client.get("/api/v1/agents/anna/duty", headers=BEARER)
    await problem_of(response, 405)
    assert response.headers["Allow"] == "POST"


async def test_a_desk_that_does_not_answer_is_given_up(
    client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "REQUEST_SECONDS", 0.05)
    desk.stuck = True
    await problem_of(await client.post("/api/v1/agents/anna/duty", headers=BEARER, json={"duty": "off"}), 504)


async def test_what_nobody_foresaw_tells_the_client_nothing_and_the_log_only_where(
    client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall() -> None:
        raise RuntimeError("+380671234567")

    monkeypatch.setattr(desk, "live", fall)
    with capture_logs() as logs:
        told = await problem_of(await client.get("/api/v1/live", headers=BEARER), 500)
    assert told.keys() == {"type", "title", "status"}
    assert [(entry["action"], entry["route"], entry["fault"]) for entry in logs] == [
        ("web.fault", "/api/v1/live", "RuntimeError")
    ]
    assert "+380671234567" not in str(logs)


async def test_the_description_names_exactly_the_routes_that_are_served(client: Client) -> None:
    described = await (await client.get("/api/v1/openapi.json", headers=BEARER)).json()
    assert client.app is not None
    served = {
        (route.method.lower(), re.sub(r":[^{}]*(\{[^{}]*\}[^{}]*)*\}", "}", route.resource.canonical))
        for route in client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    told = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert told == served
    open_paths = {path for path, methods in described["paths"].items() if methods.get("get", {}).get("security") == []}
    assert open_paths == OPEN


async def test_a_connection_that_never_tells_its_request_is_closed(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(api, "IDLE_SECONDS", 0.1)
    runner = await api.serve(api.application(desk, bytes, TOKEN, "0.1.0"), "127.0.0.1", unused_tcp_port)
    try:
        for sent in (b"", b"GET /healthz HTTP/1.1\r\nHost: localh"):
            reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
            writer.write(sent)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
    finally:
        await runner.cleanup()


async def test_a_port_that_is_taken_is_an_os_error(desk: FakeDesk, unused_tcp_port: int) -> None:
    app = api.application(desk, bytes, TOKEN, "0.1.0")
    runner = await api.serve(app, "127.0.0.1", unused_tcp_port)
    try:
        with pytest.raises(OSError, match="in use"):
            await api.serve(api.application(desk, bytes, TOKEN, "0.1.0"), "127.0.0.1", unused_tcp_port)
    finally:
        await runner.cleanup()


async def test_a_call_is_shown_with_what_the_caller_did_in_the_menu(client: Client) -> None:
    shown = await client.get("/api/v1/calls/node1-1763764262.7", headers=BEARER)
    assert (shown.status, await shown.json()) == (200, {"call_id": "node1-1763764262.7", "handover": None})
    assert (await client.get("/api/v1/calls/node1-1.1", headers=BEARER)).status == 404
    assert (await client.get("/api/v1/calls/node1-1763764262.7")).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"by": "anna", "note": "tomorrow"}, 204),
        ({"by": "anna"}, 400),
        ({"by": 7, "note": ""}, 400),
        ({"by": "anna", "note": "x" * 201}, 400),
        ({"by": "anna", "note": "one\ntwo"}, 400),
    ],
)
async def test_who_has_rung_back_says_so(client: Client, desk: FakeDesk, body: dict[str, object], status: int) -> None:
    path = "/api/v1/callbacks/node1-1763764262.7-{}/done"
    assert (await client.post(path.format("callback"), headers=BEARER, json=body)).status == status
    assert desk.finished == ([("anna", "tomorrow")] if status == 204 else [])
    assert (await client.post(path.format("voicemail"), headers=BEARER, json={"by": "anna", "note": ""})).status == 404
