"""When does a house count as ready?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app import house
from app.errors import AppFault
from app.house import House
from app.settings import Settings


class Readyz:
    """Says so many times that calls are not served yet."""

    def __init__(self) -> None:
        self.refusals = 2.0

    async def __call__(self, _: web.Request) -> web.Response:
        self.refusals -= 1
        return web.Response(status=503, text="node1: connecting") if self.refusals >= 0 else web.Response()


@pytest.fixture
def readyz() -> Readyz:
    return Readyz()


@pytest.fixture
async def instance(readyz: Readyz, tmp_path: Path, aiohttp_server: Callable[..., Any]) -> House:
    app = web.Application()
    app.router.add_get("/readyz", readyz.__call__)
    server: TestServer = await aiohttp_server(app, host="127.0.0.1")
    return House(Settings(home=tmp_path, http_port=server.port))


async def test_the_service_is_asked_until_it_serves_calls_past_any_proxy(
    instance: House, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{unused_tcp_port}")
    await asyncio.wait_for(instance.ready(), 5)


async def test_a_house_that_does_not_get_ready_says_what_the_service_says(
    instance: House, readyz: Readyz, monkeypatch: pytest.MonkeyPatch
) -> None:
    readyz.refusals = float("inf")
    monkeypatch.setattr(house, "READY_WITHIN", 1.0)
    with pytest.raises(AppFault, match=r"not ready after 1 s: node1: connecting"):
        await instance.ready()
