"""How long does a caller wait for an insurer's service that accepts questions and never answers? On a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from agi_scripts.lookups import LOOKUP_SECONDS
from tests.e2e.centre import HOTLINE, LiveCentre, always_open, live_centre, prompt

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPT_SEEN_WITHIN = 0.5
"""Seconds that may pass until a prompt that has begun is recognised; telephones look so often."""


class Hanging:
    """A service on loopback that reads what it is asked; `asked` is set by the first question."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        self.asked.set()
        while await reader.read(4096):
            pass
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hanging() -> AsyncIterator[tuple[Hanging, int]]:
    service = Hanging()
    server = await asyncio.start_server(service.hear, "127.0.0.1", 0)
    yield service, server.sockets[0].getsockname()[1]
    server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory, hanging: tuple[Hanging, int]) -> AsyncIterator[LiveCentre]:
    def asks_it(values: dict[str, Any]) -> None:
        always_open(values)
        del values["lines"]["hotline"]["greeting"]
        values["lookups"] = {"callers": {"kind": "rest", "url": f"http://127.0.0.1:{hanging[1]}/callers"}}

    async with live_centre(tmp_path_factory.mktemp("slow"), change=asks_it) as centre:
        yield centre


async def seconds_until_asked(centre: LiveCentre) -> float:
    """From the answer until the menu's first question, which comes behind the lookup."""
    caller = await centre.call(HOTLINE)
    await caller.answered()
    began = asyncio.get_running_loop().time()
    return await caller.hears(prompt("ru", "choose-language"), within=30) - began


async def test_a_lookup_that_hangs_delays_the_first_caller_by_its_limit_and_others_not_at_all(
    centre: LiveCentre, hanging: tuple[Hanging, int]
) -> None:
    first = await seconds_until_asked(centre)
    assert hanging[0].asked.is_set()
    others = await asyncio.gather(seconds_until_asked(centre), seconds_until_asked(centre))
    delay = first - min(others)
    assert 0.5 < delay <= LOOKUP_SECONDS + PROMPT_SEEN_WITHIN  # it was waited for, and not for longer
    assert max(others) - min(others) <= PROMPT_SEEN_WITHIN
