"""On a real Asterisk: the snapshot and the events after it give Asterisk's own state, whatever happens to the link."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from telephony.ami import AmiLink, Pace
from telephony.connection import MAX_LINE, Account
from telephony.delivery import Connected, Delivery, Disconnected, LinkState, Received
from telephony.errors import AmiRefused
from telephony.framing import AmiMessage
from tests.integration.small_asterisk import Cutter, SmallAsterisk, running

EXTENSIONS = """\
[al-wait]
exten => s,1,Answer()
 same => n,Set(AL_STATE=waiting)
 same => n,Set(AL_QUEUED_AT=${STRFTIME(,,%s.%6q)})
 same => n,UserEvent(CallerQueued)
 same => n,Wait(600)
[al-ring]
exten => _[a-z].,1,Set(AL_STATE=ringing)
 same => n,Set(AL_AGENT=${CUT(EXTEN,-,1)})
 same => n,UserEvent(AgentRinging)
 same => n,Wait(600)
[test-far-end]
exten => s,1,Answer()
 same => n,Wait(600)
"""
QUICK = Pace(retry_first=0.01, retry_most=0.05)


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallAsterisk]:
    with running(tmp_path_factory.mktemp("asterisk") / "small", EXTENSIONS) as small:
        yield small


class Mirror:
    """The simplest owner: what waits or rings, from the snapshots and the events alone. Awaitable, mark by mark."""

    def __init__(self) -> None:
        self.states: dict[str, tuple[str, str]] = {}
        self.snapshots = 0
        self.losses = 0
        self._marks: set[str] = set()
        self._changed = asyncio.Condition()

    def put(self, delivery: Delivery) -> None:
        match delivery:
            case Connected(snapshot=snapshot):
                self.snapshots += 1
                self.states = {c.get("Uniqueid"): state(c) for c in snapshot.channels if state(c)[0]}
            case Received(message=message) if message.event == "Hangup":
                self.states.pop(message.get("Uniqueid"), None)
            case Received(message=message) if message.get("UserEvent") == "Mark":
                self._marks.add(message.get("Number"))
            case Received(message=message) if message.event == "UserEvent":
                self.states[message.get("Uniqueid")] = state(message)
            case Disconnected():
                self.losses += 1
        asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def snapshot_number(self, number: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.snapshots >= number)

    async def mark(self, number: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: number in self._marks)


def state(message: AmiMessage) -> tuple[str, str]:
    variables = message.variables()
    return variables.get("AL_STATE", ""), variables.get("AL_AGENT", "")


async def arrive(link: AmiLink, number: str) -> None:
    caller = {"Channel": "Local/s@test-far-end/n", "Context": "al-wait", "Exten": "s", "Priority": "1"}
    await link.send({"Action": "Originate", **caller, "Async": "true", "ChannelId": number})


async def truth(link: AmiLink) -> dict[str, tuple[str, str]]:
    reply = await link.send({"Action": "CoreShowChannels"})
    return {channel.get("Uniqueid"): state(channel) for channel in reply.events if state(channel)[0]}


async def hang_up_all(link: AmiLink) -> None:
    reply = await link.send({"Action": "CoreShowChannels"})
    for channel in reply.events:
        with contextlib.suppress(AmiRefused):  # it went with its other half
            await link.send({"Action": "Hangup", "Channel": channel.get("Channel")})


async def settled(link: AmiLink) -> dict[str, tuple[str, str]]:
    """Asterisk's state once it has stopped changing by itself."""
    last, now = None, await truth(link)
    while last != now:
        await asyncio.sleep(0.05)
        last, now = now, await truth(link)
    return now


async def test_after_each_of_twenty_cuts_at_random_moments_the_state_is_asterisks(asterisk: SmallAsterisk) -> None:
    rng = random.Random(20)
    cuts = 20
    watched = Mirror()
    async with Cutter.before(asterisk.account.port) as cutter:
        ready = Mirror()
        driver = AmiLink(asterisk.account, ready.put)
        link = AmiLink(replace(asterisk.account, port=cutter.port), watched.put, pace=QUICK)
        await driver.start()
        await link.start()
        await watched.snapshot_number(1)
        await ready.snapshot_number(1)
        for number in range(1, cuts + 1):
            traffic = asyncio.create_task(shuffle(driver, rng, f"c{number}"))
            await asyncio.sleep(rng.random() * 0.08)
            seen = watched.snapshots
            cutter.cut()
            if number % 2:  # and again, while the link is being mended
                await asyncio.sleep(rng.random() * 0.02)
                seen = watched.snapshots
                cutter.cut()
            await watched.snapshot_number(seen + 1)
            await traffic
            want = await settled(driver)
            await driver.send({"Action": "UserEvent", "UserEvent": "Mark", "Number": str(number)})
            await watched.mark(str(number))
            assert watched.states == want, f"after cut {number}"
            assert want
        await hang_up_all(driver)
        assert cuts <= watched.losses <= cuts * 3 // 2
        await link.close()
        await driver.close()


async def shuffle(link: AmiLink, rng: random.Random, prefix: str) -> None:
    """Callers come, are rung and go, without a pause."""
    for index in range(8):
        await arrive(link, f"{prefix}-{index}")
        here = list(await truth(link))
        if here and rng.random() < 0.6:
            await redirect(link, rng.choice(here), f"agent{rng.randrange(9)}-{index}")
        if len(here) > 4 and rng.random() < 0.5:
            with contextlib.suppress(AmiRefused):  # it was faster
                await link.send({"Action": "Hangup", "Channel": rng.choice(here)})


async def redirect(link: AmiLink, channel: str, extension: str) -> None:
    where = {"Context": "al-ring", "Exten": extension, "Priority": "1"}
    with contextlib.suppress(AmiRefused):
        await link.send({"Action": "Redirect", "Channel": channel, **where})


async def test_an_owner_that_takes_nothing_for_a_while_gets_a_snapshot_and_keeps_the_link(
    asterisk: SmallAsterisk,
) -> None:
    """60,000 events: a client that stops reading them is closed by Asterisk after some 14,000."""
    count = 60_000 if os.environ.get("AL_LONG") else 6_000
    inbox: asyncio.Queue[Delivery] = asyncio.Queue(maxsize=100)
    link = AmiLink(asterisk.account, inbox.put_nowait)
    await link.start()
    assert isinstance(await inbox.get(), Connected)
    for _ in range(count // 500):
        marks = [link.post({"Action": "UserEvent", "UserEvent": "Flood"}) for _ in range(500)]
        await asyncio.gather(*marks)
    while not isinstance(await inbox.get(), Connected):
        pass
    assert link.state is LinkState.UP
    await link.close()


async def test_the_longest_line_that_we_send_arrives_whole(asterisk: SmallAsterisk) -> None:
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    link = AmiLink(asterisk.account, inbox.put_nowait, contexts=("al-wait", "al-nowhere"))
    await link.start()
    first = await inbox.get()
    assert isinstance(first, Connected) and first.snapshot.missing == ("al-nowhere",)
    value = "й" + "x" * (MAX_LINE - len("Value: й".encode()))
    await link.send({"Action": "Setvar", "Variable": "AL_TEST", "Value": value})
    reply = await link.send({"Action": "Getvar", "Variable": "AL_TEST"})
    assert reply.response.get("Value") == value
    await link.close()


async def test_a_wrong_secret_is_told_in_asterisks_words(asterisk: SmallAsterisk) -> None:
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    account = Account("node1", "127.0.0.1", asterisk.account.port, "al", "wrong")
    link = AmiLink(account, inbox.put_nowait)
    await link.start()
    refused = await inbox.get()
    assert getattr(refused, "reason", "") == "Login: Authentication failed" and link.state is LinkState.REFUSED
    await link.close()


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ({"Action": "QueueLog", "Queue": "q", "Event": "INFO"}, True),
        ({"Action": "Getvar", "Variable": "AL_ALIVE"}, True),
        ({"Action": "Command", "Command": "core show channels"}, False),
        ({"Action": "Reload"}, False),
        ({"Action": "Originate", "Channel": "Local/s@al-wait", "Application": "System", "Data": "id"}, False),
    ],
)
async def test_the_account_may_do_what_we_need_and_no_more(
    asterisk: SmallAsterisk, action: dict[str, str], allowed: bool
) -> None:
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    link = AmiLink(asterisk.account, inbox.put_nowait)
    await link.start()
    await inbox.get()
    try:
        await link.send(action)
        assert allowed
    except AmiRefused:
        assert not allowed
    await link.close()
