"""A link before a scripted AMI, and an inbox that can be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from telephony.ami import AmiLink, Pace
from telephony.connection import Account
from telephony.delivery import Connected, Delivery, Received
from tests.unit.telephony.scripted_ami import REFUSAL, ScriptedAmi

FAST = Pace(ping_every=0.02, ping_answer=0.1, retry_first=0.01, retry_most=0.02, refused_first=0.02, refused_most=0.08)
CALM = Pace(retry_first=0.01, retry_most=0.02, resync_after_overflow=0.01)


class Inbox:
    """What our link delivered, and a way to await more."""

    def __init__(self) -> None:
        self.all: list[Delivery] = []
        self._came = asyncio.Condition()

    def put(self, delivery: Delivery) -> None:
        self.all.append(delivery)
        asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        async with self._came:
            self._came.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with self._came:
            await self._came.wait_for(true)

    def events(self) -> list[str]:
        return [delivery.message.event for delivery in self.all if isinstance(delivery, Received)]

    def count(self, kind: type[Delivery]) -> int:
        return sum(isinstance(delivery, kind) for delivery in self.all)


@asynccontextmanager
async def ours(
    ami: ScriptedAmi, put: Callable[[Delivery], None] | None = None, pace: Pace = CALM, draw: float = 0.5
) -> AsyncIterator[tuple[AmiLink, Inbox]]:
    """Our link, up."""
    inbox = Inbox()
    account = Account("node1", "127.0.0.1", ami.port, "al", "s")
    link = AmiLink(account, put or inbox.put, pace=pace, draw=lambda: draw)
    await link.start()
    try:
        if put is None and ami.answers["Login"] is not REFUSAL:
            await inbox.until(lambda: inbox.count(Connected) > 0)
        yield link, inbox
    finally:
        await link.close()


async def ping(ami: ScriptedAmi, link: AmiLink) -> None:
    """Everything that the server said before has been read when this returns."""
    await link.send({"Action": "Ping"})
