"""A FastAGI server on a free port, and Asterisk's side of it, played by hand: what the tests of the server share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from agi_scripts.server import AgiLimits, AgiServer, Handler

HOST = "127.0.0.1"
HEADER = b"agi_network: yes\nagi_network_script: menu\nagi_uniqueid: n1-1.1\n\n"


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward, so that no test waits for a time limit."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.started = 0
        self.outcomes: Counter[str] = Counter()
        self.verbs: Counter[str] = Counter()
        self.away: Counter[str] = Counter()
        self.changed = asyncio.Event()

    def session_started(self) -> None:
        self.started += 1

    def session_ended(self, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.changed.set()

    def command_answered(self, verb: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.verbs[verb] += 1

    def turned_away(self, reason: str) -> None:
        self.away[reason] += 1
        self.changed.set()

    async def until(self, satisfied: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not satisfied():
                self.changed.clear()
                await self.changed.wait()


Played = Callable[["Stage"], Coroutine[Any, Any, None]]


class Stage:
    """A server with this handler, on a free port, and what it tells its observer."""

    def __init__(self, handler: Handler, limits: AgiLimits, token: str = "") -> None:
        self.seen = Seen()
        self.server = AgiServer(handler, limits, self.seen, token)
        self.port = 0

    async def knock(self, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(said)
        return reader, writer

    async def call(self, answer: Callable[[str], bytes] = lambda line: b"200 result=1\n") -> list[str]:
        """Play Asterisk until the server closes; `answer` gives the bytes for each line. The lines that came."""
        reader, writer = await self.knock(HEADER)
        lines = []
        while line := (await reader.readline()).decode():
            lines.append(line.rstrip("\n"))
            writer.write(answer(lines[-1]))
        writer.close()
        return lines

    def leap(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        loop.ahead += seconds


def play(
    scene: Played,
    handler: Handler,
    limits: AgiLimits | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = LeapingLoop,
    token: str = "",
) -> Seen:
    async def whole() -> Seen:
        stage = Stage(handler, limits or AgiLimits(), token)
        stage.port = await stage.server.start(HOST, 0)
        async with asyncio.timeout(60):
            await scene(stage)
            await stage.server.drain(0)
        return stage.seen

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(whole())


def pressing(digit: str) -> Callable[[str], bytes]:
    def answer(line: str) -> bytes:
        if line.startswith("GOSUB"):
            return b"100 result=0 Trying...\n200 result=0 Gosub complete\n"
        return f"200 result=1 ({digit})\n".encode()

    return answer


async def turns_until(satisfied: Callable[[], bool]) -> None:
    """Give the loop as many turns as it takes."""
    while not satisfied():  # noqa: ASYNC110 - what is awaited here has no event of its own
        await asyncio.sleep(0)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """What still comes; a connection that is reset has ended too."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
