"""Does `assistline top` ask with its token, tell why there is no board, and go on trying?"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from app.top import NoService, watch

LIVE: dict[str, Any] = {
    "at": "2026-03-02T14:03:22+00:00",
    "node": {"id": "node1", "connected": True},
    "queues": [{"queue": f"q{n}", "label": f"Queue {n}", "waiting": 0, "target_s": 20.0} for n in range(30)],
    "calls": [{"line": "hotline", "queue": f"q{n % 30}", "state": "waiting", "waited_s": 1.0} for n in range(60)],
}


class Service:
    """A running service that answers as it is told."""

    def __init__(self) -> None:
        self.answer: tuple[int, str] = (200, json.dumps(LIVE))
        self.tokens: list[str | None] = []
        self.asked = asyncio.Event()

    async def live(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        self.asked.set()
        status, text = self.answer
        return web.Response(status=status, text=text, content_type="application/json")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def address(service: Service, aiohttp_server: Callable[..., Any]) -> str:
    app = web.Application()
    app.router.add_get("/api/v1/live", service.live)
    server: TestServer = await aiohttp_server(app)
    return str(server.make_url("")).rstrip("/")


async def test_once_prints_one_frame_with_nothing_left_out(service: Service, address: str) -> None:
    console = Console(width=80, height=10, file=io.StringIO(), color_system=None)
    await watch(address, "secret", once=True, console=console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert service.tokens == ["Bearer secret"]
    assert " more queues" not in text
    assert text.count("→") == 60
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, "{}"), "does not take this token"),
        ((500, "{}"), "answers 500"),
        ((200, "not json"), "not Assistline"),
        ((200, "[]"), "not Assistline"),
    ],
)
async def test_once_says_why_there_is_no_board(
    service: Service, address: str, answer: tuple[int, str], words: str
) -> None:
    service.answer = answer
    with pytest.raises(NoService, match=words):
        await watch(address, "secret", once=True)


async def test_a_service_that_is_away_is_named(unused_tcp_port: int) -> None:
    with pytest.raises(NoService, match=f"no service at http://127.0.0.1:{unused_tcp_port}"):
        await watch(f"http://127.0.0.1:{unused_tcp_port}", "secret", once=True)


async def test_the_board_goes_on_trying_and_comes_back(
    service: Service, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.top.REFRESH_SECONDS", 0.01)
    service.answer = (503, "{}")
    out = io.StringIO()
    console = Console(width=80, height=24, file=out, force_terminal=True, color_system=None, legacy_windows=False)
    watching = asyncio.create_task(watch(address, "secret", console=console))
    try:
        async with asyncio.timeout(10):
            while "answers 503" not in out.getvalue():
                await service.asked.wait()
                service.asked.clear()
            service.answer = (200, json.dumps(LIVE))
            while "Asterisk connected" not in out.getvalue():
                await service.asked.wait()
                service.asked.clear()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert watching.cancelled()
    assert out.getvalue().endswith("\x1b[?25h\x1b[?1049l"), "the cursor and the old screen are given back"
