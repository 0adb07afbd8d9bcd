"""What goes on right now? The live board in a terminal, read from a running service once a second.

Nothing is kept: a service that is away is said so, and the next second asks again.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, tzinfo

import aiohttp
from rich.align import Align
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from app.board import board
from app.cells import Row
from app.errors import AppFault

REFRESH_SECONDS = 1.0
WHOLE = 500
"""Lines of one printed frame: nothing is left out."""

ANSWER_WITHIN = aiohttp.ClientTimeout(total=2.0)


class NoService(AppFault):
    """The service at this address does not show its live view."""


async def watch(address: str, token: str, once: bool = False, console: Console | None = None) -> None:
    """Show the board of the service at ``address`` (``http://127.0.0.1:8080``) until cancelled; ``once``: one frame.

    NoService is raised by ``once`` only; otherwise it is shown, and the service asked again every second.
    """
    console = console or Console()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(address, headers=headers, timeout=ANSWER_WITHIN, trust_env=False) as session:
        if once:
            console.print(board(await fetch(session, address), console.width, WHOLE, here()))
            return
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(await _frame(session, address, console), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)


async def fetch(session: aiohttp.ClientSession, address: str) -> Row:
    """The live view; NoService tells why there is none."""
    try:
        async with session.get("/api/v1/live") as response:
            if response.status == 401:
                raise NoService(f"the service at {address} does not take this token: AL_HOME is another instance's")
            if response.status != 200:
                raise NoService(f"the service at {address} answers {response.status}")
            told = await response.read()
    except (aiohttp.ClientError, TimeoutError):
        raise NoService(f"no service at {address}") from None
    try:
        live = json.loads(told)
    except ValueError:
        live = None
    if not isinstance(live, dict):
        raise NoService(f"what answers at {address} is not Assistline")
    return live


async def _frame(session: aiohttp.ClientSession, address: str, console: Console) -> RenderableType:
    try:
        return board(await fetch(session, address), *console.size, here())
    except NoService as fault:
        return absent(fault)


def absent(fault: NoService) -> RenderableType:
    """What is shown while there is no live view: loud, with what it means and that we go on trying."""
    told = Text.assemble(
        (f" ✕ {fault} ", "bold white on red"),
        ("\n\nCallers are in Asterisk's hands: without the service it rings people by itself.", ""),
        ("\nAsked again every second.", "bright_black"),
        justify="center",
    )
    return Align.center(told, vertical="middle")


def here() -> tzinfo:
    """The time zone of whoever looks."""
    return datetime.now().astimezone().tzinfo or UTC
