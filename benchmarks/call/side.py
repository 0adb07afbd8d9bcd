"""One side of the comparison: an Asterisk, phones that register and answer, callers, and the service or none.

Both sides stand on the same rendered files; the plain one has another dialplan and queue, and no AMI client.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

from app import runtime
from app.children import Child, start
from app.demo import DESKS, STREET, with_street
from app.house import House, furnish
from app.settings import TREE, Settings, secret, service_address
from app.top import session_with
from synthetic.phone import Phone
from synthetic.sipp import free_port
from synthetic.telephones import Telephones

SAMPLE = TREE / "config" / "sample" / "assistline.yaml"
NUMBER = "1542"
TALK = 5.0
SETTLE = 3.0
"""Seconds after the last call in which logs, history and queues come to rest."""


class Side:
    """An Asterisk that takes calls; ``processes`` are those whose CPU time counts, by name."""

    def __init__(self, street: Telephones, processes: Mapping[str, Child]) -> None:
        self._street = street
        self._processes = {name: psutil.Process(child.pid) for name, child in processes.items()}

    @classmethod
    async def open(cls, stack: AsyncExitStack, home: Path, agents: int, *, service: bool) -> Side:
        """Start everything and seat the agents; ``stack`` ends it."""
        http, ami, agi = (free_port("127.0.0.1", socket.SOCK_STREAM) for _ in range(3))
        sip = free_port("127.0.0.1", socket.SOCK_DGRAM)
        sipp = runtime.program("sipp")
        street = await stack.enter_async_context(await Telephones.start(sipp, (STREET, sip), STREET))
        desks = await stack.enter_async_context(await Telephones.start(sipp, (STREET, sip), DESKS))
        names = [f"agent{number}" for number in range(agents)]
        config = with_street(SAMPLE, street.address, home / "assistline.yaml", lambda values: _only(names, values))
        rtp = 30000 if service else 40000
        settings = Settings(
            home=home, config=config, http_port=http, sip_port=sip, ami_port=ami, agi_port=agi,
            rtp_start=rtp, rtp_end=rtp + 4000,
        )  # fmt: skip
        processes = {"asterisk": await _asterisk(stack, settings, _as_it_is if service else _plain(names))}
        if service:
            house = House(settings)
            stack.push_async_callback(house.close)
            processes["service"] = await house.start_service("benchmarks.call.service")
            await house.ready()
        phones = [desks.phone(name, secret(home, f"agent-{name}"), voice=None, deaf=True) for name in names]
        await asyncio.gather(*(phone.register() for phone in phones))
        for phone in phones:
            stack.callback(asyncio.create_task(_talks(phone)).cancel)
        if service:
            await _on_duty(settings, names)
        await asyncio.sleep(SETTLE)
        return cls(street, processes)

    async def round(self, calls: int, rate: float) -> dict[str, float]:
        """So many calls at so many a second; µs of CPU per call, by process. SystemExit if one of them fails."""
        before = self._cpu()
        running = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(calls):
            await asyncio.sleep(began + number / rate - loop.time())
            running.append(asyncio.create_task(self._call(number)))
        whole = sum(await asyncio.gather(*running))
        if whole < calls:
            raise SystemExit(f"only {whole} of {calls} calls went the whole way; a lower --rate, or more --agents?")
        await asyncio.sleep(SETTLE)
        after = self._cpu()
        return {name: 1e6 * (after[name] - before[name]) / calls for name in after}

    async def _call(self, number: int) -> bool:
        """One call; whether it was answered and ended by the agent."""
        dialog = await self._street.call(NUMBER, f"+44207946{1000 + number % 9000}", deaf=True)
        ending = await dialog.ended(60)
        return ending.by == "them" and ending.status == 200

    def _cpu(self) -> dict[str, float]:
        """Seconds of CPU, user and system, since each process began."""
        return {name: sum(process.cpu_times()[:2]) for name, process in self._processes.items()}


async def _talks(phone: Phone) -> None:
    """Hang up each call after the talk's length."""
    count = 0
    while True:
        count += 1
        ring = await phone.rung(within=None, count=count)
        await ring.answered(15)
        await asyncio.sleep(TALK)
        await ring.hang_up()


async def _on_duty(settings: Settings, names: list[str]) -> None:
    address = service_address(settings)
    async with session_with(address, secret(settings.home, "http")) as session:
        for name in names:
            async with session.post(f"/api/v1/agents/{name}/duty", json={"duty": "ready"}) as told:
                told.raise_for_status()


async def _asterisk(stack: AsyncExitStack, settings: Settings, change: Callable[[Path], None]) -> Child:
    """An Asterisk on our rendered files, changed; it takes calls when this returns."""
    etc = furnish(settings)
    change(etc)
    asterisk = [*runtime.program("asterisk"), "-C", str(etc / "asterisk.conf")]
    child = await start("asterisk", [*asterisk, "-f"], settings.home / "log" / "asterisk.log")
    stack.push_async_callback(child.end)
    booted = [*asterisk, "-rx", "core waitfullybooted"]
    quiet = asyncio.subprocess.DEVNULL
    for _ in range(100):
        asked = await asyncio.create_subprocess_exec(*booted, stdout=quiet, stderr=quiet)
        if await asked.wait() == 0:
            return child
        await asyncio.sleep(0.1)
    raise SystemExit(f"Asterisk does not start: {child.last_words()}")


def _as_it_is(_etc: Path) -> None:
    """Our side runs the dialplan that every instance runs."""


def _plain(names: list[str]) -> Callable[[Path], None]:
    """The journey in pure dialplan, and a queue of these agents."""

    def change(etc: Path) -> None:
        (etc / "extensions.conf").write_text(Path(__file__).with_name("plain.conf").read_text())
        members = "".join(f"member => PJSIP/{name}\n" for name in names)
        head = "strategy = leastrecent\nringinuse = no\nretry = 1\ntimeout = 15\n"
        (etc / "queues.conf").write_text(f"[general]\nautofill = yes\n[plain]\n{head}{members}")

    return change


def _only(names: list[str], values: dict[str, Any]) -> None:
    """Nobody but these agents on the operator's desk; no hours, nothing recorded, no wrap-up."""
    for line in values["lines"].values():
        line["record"] = False
        line.pop("hours", None)
    for queue in values["queues"].values():
        queue["wrap_up_seconds"] = 0
    for number, name in enumerate(names):
        values["agents"][name] = {
            "name": name,
            "grade": "dispatcher",
            "extension": 2000 + number,
            "skills": {"lang:ru": 9, "desk:operator": 9},
        }
