"""What does a service over HTTP say of callers, and what if it hangs, is broken or says too much?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from agi_scripts.errors import BadAnswer
from agi_scripts.lookups import Lookups, caller_found
from agi_scripts.sources import kept
from agi_scripts.sources.service import MOST_BYTES, Service
from config.sources import RestSource
from ivr.dialogue import CallerRecord, FindCaller, Found
from ivr.secret import Secret

NUMBER, NOBODY = Secret("+447700900111"), Secret("")
Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answers: Answers) -> AsyncIterator[Service]:
    app = web.Application()
    app.router.add_post("/callers", answers)
    async with TestServer(app) as server:
        service = Service(RestSource(url=str(server.make_url("/callers"))), "token")
        try:
            yield service
        finally:
            await service.close()


async def test_a_record_and_an_answer_come_as_json_and_the_number_stands_in_no_url() -> None:
    asked: list[object] = []

    async def answers(request: web.Request) -> web.Response:
        asked.append((request.headers["Authorization"], request.path_qs, await request.json()))
        if "about" in await request.json():
            return web.json_response({"answer": "open", "digits": "84"})
        return web.json_response({"region": "kazan", "vip": True, "doctor": None, "policy": 7100})

    async with served(answers) as service:
        expected = CallerRecord(region="kazan", vip=True, numbers={"policy": Secret("7100")})
        assert await service.find_caller("", NOBODY, NUMBER) == expected
        assert await service.find_caller("", NOBODY, NUMBER) == expected
        assert await service.find_answer("claim", "kazan", {"claim": Secret("1")}) == ("open", Secret("84"))
    assert asked == [
        ("Bearer token", "/callers", {"field": "number", "value": "+447700900111"}),
        ("Bearer token", "/callers", {"about": "claim", "region": "kazan", "fields": {"claim": "1"}}),
    ]


async def test_nobody_is_known_where_the_service_knows_nobody() -> None:
    async def answers(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async with served(answers) as service:
        assert await service.find_caller("", NOBODY, NUMBER) is None


def broken(**response: object) -> Answers:
    async def answers(request: web.Request) -> web.Response:
        return web.Response(**response)  # type: ignore[arg-type]

    return answers


@pytest.mark.parametrize(
    "response",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        {"text": "kazan"},
        {"text": "[]"},
        {"text": "[" * 10_000},
        {"text": '{"region": "ka zan"}'},
        {"text": '{"": "447700900999"}'},
        {"text": '{"policy\\n": "7100"}'},
        {"body": b" " * (MOST_BYTES + 1)},
        {"body": b"\xff\xfe"},
    ],
)
async def test_a_broken_answer_is_a_failure(response: dict[str, object]) -> None:
    async with served(broken(**response)) as service:
        with pytest.raises(BadAnswer):
            await service.find_caller("", NOBODY, NUMBER)


async def test_a_service_that_is_away_is_a_failure() -> None:
    service = Service(RestSource(url="http://127.0.0.1:1/callers"), "token")
    with pytest.raises(aiohttp.ClientError):
        await service.find_caller("", NOBODY, NUMBER)
    await service.close()


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_service_that_hangs_or_drips_costs_the_caller_the_limit_and_no_log_has_the_number(
    monkeypatch: pytest.MonkeyPatch, slowly: bool
) -> None:
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.1)
    over = asyncio.Event()

    async def answers(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if slowly:
            await response.prepare(request)
            await response.write(b"{")
        await over.wait()
        return response

    async with served(answers) as service:
        with structlog.testing.capture_logs() as logged:
            found = asyncio.wait_for(
                caller_found(Lookups(find_caller=service.find_caller), "c", FindCaller(), NUMBER), 1.0
            )
            assert (await found).found is Found.TIMEOUT
        assert "4477" not in str(logged)
        over.set()
