"""How long does a caller wait on the real Asterisk for a service of records that never answers?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from agi_scripts.lookups import LOOKUP_SECONDS
from tests.e2e.centre import HOTLINE, always_open, live_centre, prompt

HEARING = 4.0
"""The prompt's own first second and a half, and a busy machine."""


async def test_a_service_that_hangs_costs_the_caller_the_limit_and_the_menu_goes_on(tmp_path: Path) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def hangs(request: web.Request) -> web.Response:
        asked.set()
        await over.wait()
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_post("/callers", hangs)
    async with TestServer(app) as server:

        def ask_it(values: dict[str, Any]) -> None:
            always_open(values)
            values["lookups"] = {"callers": {"kind": "rest", "url": str(server.make_url("/callers"))}}

        async with live_centre(tmp_path, change=ask_it) as centre:
            caller = await centre.call(HOTLINE)
            await asyncio.wait_for(asked.wait(), 10)
            await caller.hears(prompt("ru", "greeting-hotline"), within=LOOKUP_SECONDS + HEARING)
            await caller.hears(prompt("ru", "choose-language"), within=20)
            await caller.hang_up()
            over.set()
