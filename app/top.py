"""What goes on right now? The live board in a terminal, read from a running service once a second.

Nothing is kept: a service that is away is said so, and the next second asks again.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

import aiohttp
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from app.board import QUIET, board
from app.cells import Row, count, figure, fit, moment, rows_in, span, word
from app.errors import AppFault

REFRESH_SECONDS = 1.0
TOLD_EVERY = 5.0
WHOLE = 500
"""Lines of one printed frame: nothing is left out."""

ANSWER_WITHIN = aiohttp.ClientTimeout(total=2.0)


class NoService(AppFault):
    """The service at this address does not show its live view."""


async def watch(
    address: str,
    token: str,
    once: bool = False,
    console: Console | None = None,
    below: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Show the board of the service at ``address`` (``http://127.0.0.1:8080``) until cancelled; ``once``: one frame.

    ``below`` gives the lines that stand under the board. NoService is raised by ``once`` only; otherwise it is shown,
    and the service asked again every second.
    """
    console = console or Console()
    async with session_with(address, token) as session:
        if once:
            console.print(board(await fetch(session, address), console.width, WHOLE, here()))
            return
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(await _frame(session, address, console, below()), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)


async def tell(address: str, token: str, say: Callable[[str], None]) -> None:
    """Where no board can be shown: one line every TOLD_EVERY seconds, until cancelled."""
    async with session_with(address, token) as session:
        while True:
            try:
                say(summary(await fetch(session, address), here()))
            except NoService as fault:
                say(f"{fault}; callers are in Asterisk's hands")
            await asyncio.sleep(TOLD_EVERY)


def summary(live: Row, zone: tzinfo) -> str:
    """The board in one line."""
    queues, states = rows_in(live, "queues"), Counter(word(call, "state") for call in rows_in(live, "calls"))
    longest = max((figure(queue, "longest_wait_s") or 0.0 for queue in queues), default=0.0)
    waiting, offered, answered, abandoned = (
        count(sum(figure(queue, name) or 0.0 for queue in queues))
        for name in ("waiting", "offered", "answered", "abandoned")
    )
    ready = sum(word(agent, "state") == "ready" for agent in rows_in(live, "agents"))
    now = (moment(live, "at") or datetime.now(UTC)).astimezone(zone)
    return (
        f"{now:%H:%M:%S}  in the menu {states['menu']}, waiting {waiting} (longest {span(longest)}), "
        f"talking {states['talk'] + states['fallback-talk']}, agents ready {ready}; "
        f"today offered {offered}, answered {answered}, abandoned {abandoned}; alarms {len(rows_in(live, 'alarms'))}"
    )


def session_with(address: str, token: str) -> aiohttp.ClientSession:
    """A connection to the service that shows this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return aiohttp.ClientSession(address, headers=headers, timeout=ANSWER_WITHIN, trust_env=False)


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


async def _frame(
    session: aiohttp.ClientSession, address: str, console: Console, below: Sequence[str]
) -> RenderableType:
    width, height = console.size
    under = [fit(f" {line}", width, QUIET) for line in below]
    try:
        shown = board(await fetch(session, address), width, height - len(under), here())
    except NoService as fault:
        return Group(Align(absent(fault), vertical="middle", height=height - len(under)), *under)
    # the board is as high as what it has to say; what stands below keeps to the last lines
    gap = [Text()] * (height - len(under) - len(shown.renderables))
    return Group(shown, *gap, *under)


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
