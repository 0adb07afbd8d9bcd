"""What happens between `assistline up` (or `assistline demo`) and Ctrl-C? Everything starts, shows itself, and ends.

What we start are our children; nothing else on this machine is touched.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from rich.console import Console

from app import logs, top
from app.demo import neighbourhood
from app.house import House
from app.settings import Settings, check_ports_free, secret
from config.load import load
from config.model import Configuration
from synthetic.sipp import free_port

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CALLS_PER_MINUTE = 8.0


async def live_in(settings: Settings, people: bool, calls_per_minute: float = CALLS_PER_MINUTE) -> None:
    """Run everything until one of ENDINGS, any number of times; AppFault when it cannot begin or go on.

    Where stdout is a terminal the live board is shown, elsewhere a line every few seconds.
    """
    stop = asyncio.Event()
    for sign in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    check_ports_free(settings)
    screen = Screen(Console())
    screen.say(f"Assistline starts in {settings.home}. Ctrl-C ends it.")
    try:
        await _first(stop.wait(), _live(settings, people, calls_per_minute, screen))
    finally:
        screen.say("Ended: every process that was started here is gone.")
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # nothing is left that one more Ctrl-C could interrupt


class Screen:
    """What the operator sees: lines at first, then the board with the most recent of them below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hidden: list[str] | None = None

    def say(self, line: str) -> None:
        """Print it; while the board hides what is printed, show it there, and print it afterwards."""
        if self._hidden is None:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            self._hidden.append(line)

    async def show(self, settings: Settings, hint: str) -> None:
        """The live board until cancelled; line by line where there is no terminal."""
        address, token = f"http://{settings.bind}:{settings.http_port}", secret(settings.home, "http")
        if not self._console.is_terminal:
            await top.tell(address, token, self.say)
            return
        self._hidden = hidden = []
        try:
            await top.watch(address, token, console=self._console, below=lambda: [*hidden[-1:], hint])
        finally:
            self._hidden = None
            for line in hidden:
                self.say(line)


async def _live(settings: Settings, people: bool, calls_per_minute: float, screen: Screen) -> None:
    async with _served(settings, people, screen.say) as (house, at_home, crowd):
        for line in where_to_look(at_home, load(settings.config), people):
            screen.say(line)
        works = [house.keep(), screen.show(at_home, hint(at_home))]
        await _first(*works, *([crowd(calls_per_minute)] if crowd else []))


@asynccontextmanager
async def _served(
    settings: Settings, people: bool, say: Callable[[str], None]
) -> AsyncIterator[tuple[House, Settings, Callable[[float], Coroutine[Any, Any, None]] | None]]:
    """All processes up and calls served; ended in the reverse order, callers first."""
    async with AsyncExitStack() as parts:
        crowd = None
        if people:
            port = free_port("127.0.0.1", socket.SOCK_STREAM)
            around = await parts.enter_async_context(neighbourhood(settings))
            settings = around.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
            crowd = lambda rate: around.crowd(rate).run()
        house = House(settings, say)
        parts.push_async_callback(house.close)
        parts.callback(say, "Ending ...")
        if people:
            logs.to_file(settings.home / "log" / "people.log")
            await house.start_redis(port)
            parts.push_async_callback(around.go_home)
        await house.start_asterisk()
        await house.start_service()
        await house.ready()
        yield house, settings, crowd
