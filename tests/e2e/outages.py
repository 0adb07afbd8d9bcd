"""How is a service taken away and given back, and what do callers, agents and app_queue show meanwhile?"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from app.settings import secret
from synthetic.dialog import Dialog
from synthetic.phone import Phone, Ring
from synthetic.tones import Tone
from telephony.connection import Account
from tests.e2e.centre import CALLER_HZ, LiveCentre, eventually
from tests.integration.raw_ami import RawAmi

APART = 0.05
"""Seconds between callers whose order shall be certain."""


def now() -> float:
    """The moment, by the clock of the telephones."""
    return asyncio.get_running_loop().time()


async def kill(centre: LiveCentre) -> float:
    """`kill -9` of the service; the moment."""
    assert centre.service
    at = now()
    centre.service.kill()
    await centre.service.process.wait()
    return at


async def restart(centre: LiveCentre, module: str = "app.cli", *words: str) -> float:
    """Start the service where there is none; the moment at which it serves calls."""
    centre.service = await centre.house.start_service(module, *words)
    await eventually(lambda: serves(centre), "the service serves calls", 20)
    return now()


async def serves(centre: LiveCentre) -> bool | None:
    """Whether the service answers and says that it serves calls; for `eventually`."""
    try:
        return await centre.get("/readyz") is not None
    except OSError:
        return None


def fault(centre: LiveCentre, what: str) -> None:
    """Tell the faulty service what to do wrong from now on (tests/e2e/faulty_service)."""
    (centre.settings.home / "fault").write_text(what)


async def booted(centre: LiveCentre) -> bool | None:
    """Whether Asterisk takes calls; for `eventually`."""
    return "fully booted" in await centre.cli("core waitfullybooted") or None


async def silent(centre: LiveCentre) -> bool | None:
    """Whether Asterisk has no channel any more; for `eventually`."""
    return not await centre.channels() or None


async def spooled(centre: LiveCentre, count: int) -> bool | None:
    """Whether so many calls stand in the spool of the hangup handler; for `eventually`."""
    spool = centre.settings.home / "spool" / "failsafe.jsonl"
    return (spool.exists() and len(spool.read_text().splitlines()) == count) or None


@asynccontextmanager
async def frozen(centre: LiveCentre) -> AsyncIterator[float]:
    """The service stands still in here (SIGSTOP) and goes on afterwards."""
    assert centre.service
    centre.service.kill(signal.SIGSTOP)
    try:
        yield now()
    finally:
        centre.service.kill(signal.SIGCONT)


async def arrive(centre: LiveCentre, number: str, count: int) -> list[Dialog]:
    """So many callers, one after the other."""
    callers = []
    for _ in range(count):
        callers.append(await centre.call(number, deaf=True))
        await asyncio.sleep(APART)  # the pace at which they come
    return callers


def numbers(centre: LiveCentre, callers: Iterable[Dialog]) -> list[str]:
    """Whom an agent's display shows."""
    return [centre.numbers[caller] for caller in callers]


def account(centre: LiveCentre) -> Account:
    """The service's own, for a link besides."""
    settings = centre.settings
    return Account(settings.node, settings.bind, settings.ami_port, "assistline", secret(settings.home, "ami"))


async def told(centre: LiveCentre, action: Mapping[str, str]) -> None:
    """Asterisk carries out this action, of which the service knows nothing."""

    def tell() -> None:
        with RawAmi(account(centre)) as ami:
            assert ami.ask(action).get("Response") == "Success"

    await asyncio.to_thread(tell)


async def standing(centre: LiveCentre, queue: str) -> list[str]:
    """The call ids in a queue of Asterisk's own, by position (`QueueStatus`)."""

    def ask() -> list[str]:
        with RawAmi(account(centre)) as ami:
            ami.ask({"Action": "QueueStatus", "Queue": f"al-{queue}"})
            events = ami.until(lambda message: message.event == "QueueStatusComplete")
        entries = [event for event in events if event.event == "QueueEntry"]
        return [entry.get("Uniqueid") for entry in sorted(entries, key=lambda entry: int(entry.get("Position")))]

    return await asyncio.to_thread(ask)


async def talk(ring: Ring) -> None:
    """Talk with whoever is there, and end it."""
    await ring.hears(Tone(CALLER_HZ), within=10)
    await ring.hang_up()


async def serve(phone: Phone, count: int, within: float) -> list[str]:
    """So many talks, each ended as soon as both hear each other; the numbers shown, in order."""
    shown = []
    before = len(phone.rings)
    for nth in range(1, count + 1):
        ring = await phone.rung(within, before + nth)
        shown.append(ring.number)
        await talk(ring)
    return shown


def first_rings(phones: Iterable[Phone], since: float) -> dict[str, float]:
    """For each caller's number, seconds from `since` to the first INVITE that a phone got for it."""
    first: dict[str, float] = {}
    for phone in phones:
        for ring in phone.rings:
            if ring.started_at >= since:
                first[ring.number] = min(first.get(ring.number, float("inf")), ring.started_at - since)
    return first


async def rung_for(phones: Iterable[Phone], numbers: Collection[str]) -> bool | None:
    """Whether each of these callers has rung somewhere; for `eventually`."""
    return set(numbers) <= first_rings(phones, 0.0).keys() or None


async def rung_times(phones: Iterable[Phone], count: int) -> bool | None:
    """Whether these phones have been rung so often in all; for `eventually`."""
    return sum(len(phone.rings) for phone in phones) >= count or None


async def all_served(callers: Iterable[Dialog], within: float = 5.0) -> None:
    """Each talk was ended by the agent."""
    for caller in callers:
        assert (await caller.ended(within)).by == "them"


async def first_of(phones: Iterable[Phone], within: float) -> Ring:
    """Wait for the first ring at any of these phones."""
    waits = [asyncio.create_task(phone.rung(within)) for phone in phones]
    done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in others:
        wait.cancel()
    return done.pop().result()


def arrival(call_id: str) -> int:
    """Asterisk numbers its channels as they come."""
    return int(call_id.rpartition(".")[2])


def in_place(order: Sequence[str], due: Sequence[str]) -> int:
    """How many stand where they should."""
    return sum(one == other for one, other in zip(order, due, strict=True))
