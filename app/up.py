"""What happens between `assistline up` (or `assistline demo`) and Ctrl-C? Everything starts, shows itself, and ends.

What we start are our children; nothing else on this machine is touched.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from rich.console import Console

from app import logs, top
from app.demo import neighbourhood
from app.directions import directions, hint
from app.house import House
from app.settings import Settings, check_ports_free, make_folder, secret, service_address
from app.versions import in_force
from config.load import load

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def live_in(settings: Settings, calls_per_minute: float | None = None) -> None:
    """Run everything until one of ENDINGS, however often it comes; AppFault when it cannot begin or go on.

    With ``calls_per_minute`` synthetic people live around it. Where stdout is a terminal the live board is shown,
    elsewhere a line every few seconds.
    """
    stop = asyncio.Event()
    for sign in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    make_folder(settings.home)
    check_ports_free(settings)
    screen = Screen(Console())
    screen.say(f"Assistline starts in {settings.home}; Ctrl-C ends it.")
    try:
        await first_of(stop.wait(), _live(settings, calls_per_minute, screen))
        screen.say("Ended: every process that was started here is gone.")
    finally:
        for sign in ENDINGS:  # nothing is left that another Ctrl-C could interrupt, in whatever thread it arrives
            asyncio.get_running_loop().remove_signal_handler(sign)
            signal.signal(sign, signal.SIG_IGN)


async def _live(settings: Settings, calls_per_minute: float | None, screen: Screen) -> None:
    async with AsyncExitStack() as parts:
        around = await parts.enter_async_context(neighbourhood(settings)) if calls_per_minute else None
        house = House(around.settings if around else settings, screen.say)
        parts.push_async_callback(house.close)
        if around:
            logs.to_file(settings.home / "log" / "people.log")
            await house.start_redis(around.redis_port)
            parts.push_async_callback(around.go_home)
        await house.start_asterisk()
        await house.start_service()
        await house.ready()
        configuration = load(in_force(house.settings))
        for line in directions(house.settings, configuration, demo=around is not None):
            screen.say(line)
        parts.callback(screen.say, "Ending ...")
        crowd = [around.crowd(calls_per_minute).run()] if around and calls_per_minute else []
        await first_of(house.keep(), screen.show(house.settings, hint(house.settings, configuration)), *crowd)


async def first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, and end the others; raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


class Screen:
    """What the operator sees: lines at first, then the board with the latest of them below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hidden: list[str] | None = None

    def say(self, line: str) -> None:
        """Print it; while the board covers the screen, show it there, and print it when the board is gone."""
        if self._hidden is None:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            self._hidden.append(line)

    async def show(self, settings: Settings, hint: str) -> None:
        """The live board until cancelled; line by line where there is no terminal."""
        address, token = service_address(settings), secret(settings.home, "http")
        if not self._console.is_terminal:
            await top.tell(address, token, self.say)
            return
        self._hidden = hidden = list[str]()
        try:
            await top.watch(address, token, console=self._console, below=lambda: [*hidden[-1:], hint])
        finally:
            self._hidden = None
            for line in hidden:
                self.say(line)
