"""A whole centre for a test: the real Asterisk, the real service, telephones in the street and on desks.

What a test asserts is what telephones heard, what the live view says, or what SQL holds.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from app import runtime
from app.children import Child
from app.demo import DESKS, STREET, with_street
from app.house import House
from app.settings import Settings, secret
from synthetic.alaw import read_wav
from synthetic.dialog import Dialog
from synthetic.phone import Answer, Phone, Refusal
from synthetic.telephones import Telephones
from synthetic.tones import Prompt, tone

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "assistline.yaml"
LONG = os.environ.get("AL_LONG") == "1"
"""Whether the sizes are those that the issue names."""

EMERGENCY, DOCTORS, HOTLINE, KAZAN, BAKU, DIRECT = (
    "112",
    "+442079460200",
    "1542",
    "+442079460310",
    "+442079460320",
    "+447700900100",
)
T = TypeVar("T")
CALLER_HZ = 440.0
AGENT_HZ = 1000.0


class LiveCentre:
    """One running centre; the telephones are dialled and rung through it."""

    def __init__(self, settings: Settings, house: House, street: Telephones, desks: Telephones) -> None:
        self.settings = settings
        self.house = house
        self.street = street
        self.desks = desks
        self.asterisk: Child
        self.service: Child | None = None
        self.phones: dict[str, Phone] = {}
        self.dialogs: list[Dialog] = []
        self.numbers: dict[Dialog, str] = {}

    async def start_service(self, module: str = "app.cli", *words: str) -> Child:
        """Start the service and wait until it serves calls."""
        self.service = await self.house.start_service(module, *words)
        await self.house.ready()
        return self.service

    async def call(
        self, number: str, *, hz: float | None = CALLER_HZ, deaf: bool = False, caller_id: str = ""
    ) -> Dialog:
        """Somebody in the street dials; every caller has a number of their own, or the one that is given."""
        caller_id = caller_id or f"+44207946{1000 + len(self.numbers)}"
        voice = tone(hz, 1.0) if hz else None
        dialog = await self.street.call(number, caller_id, voice=voice, deaf=deaf)
        self.dialogs.append(dialog)
        self.numbers[dialog] = caller_id
        return dialog

    async def call_id(self, dialog: Dialog) -> str:
        """Our id of the call that this caller made."""
        [call] = await self.stored("select call_id from calls where number = ?", self.numbers[dialog])
        return str(call["call_id"])

    async def of(self, dialog: Dialog, query: str, within: float = 5.0) -> list[dict[str, Any]]:
        """Wait until SQL has rows of this caller's call; ``query`` names it as its only parameter."""
        return await self.stored(query, await self.call_id(dialog), within=within)

    async def clear(self) -> None:
        """Everybody hangs up and goes home, so that the next test finds an empty centre."""
        while self.dialogs:
            await self.dialogs.pop().hang_up()
        await eventually(self._silent, "every channel is gone", 10)
        for agent_id, phone in self.phones.items():
            await self.duty(agent_id, "off")
            await phone.unregister()
        self.phones.clear()
        await self.until(lambda live: not live["calls"], "the engine knows of no call")

    async def _silent(self) -> bool | None:
        return not await self.channels() or None

    async def seat(
        self,
        agent_id: str,
        behaviour: Answer | Refusal | None = None,
        *,
        hz: float | None = AGENT_HZ,
        ready: bool = True,
    ) -> Phone:
        """The agent's desk phone, registered; and on duty unless told otherwise."""
        phone = self.desks.phone(
            agent_id,
            secret(self.settings.home, f"agent-{agent_id}"),
            behaviour=behaviour or Answer(),
            voice=tone(hz, 1.0) if hz else None,
        )
        self.phones[agent_id] = phone
        await phone.register()
        if ready:
            await self.duty(agent_id, "ready")
            await self.until(lambda live: agent(live, agent_id)["reachable"], f"{agent_id} can be rung")
        return phone

    async def duty(self, agent_id: str, duty: str, reason: str = "") -> None:
        """Declare an agent's duty over HTTP, as `assistline agent` does."""
        await asyncio.to_thread(self._http, f"/api/v1/agents/{agent_id}/duty", {"duty": duty, "reason": reason})

    async def live(self) -> dict[str, Any]:
        """The live view."""
        return await asyncio.to_thread(self._http, "/api/v1/live")

    async def get(self, path: str) -> str:
        """Any page of the service, as text."""
        return await asyncio.to_thread(self._text, path)

    def _http(self, path: str, body: Mapping[str, str] | None = None) -> Any:
        text = self._text(path, body)
        return json.loads(text) if text else None

    def _text(self, path: str, body: Mapping[str, str] | None = None) -> str:
        request = urllib.request.Request(
            f"http://{self.settings.bind}:{self.settings.http_port}{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {secret(self.settings.home, 'http')}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return str(answer.read().decode())

    async def until(self, true: Callable[[dict[str, Any]], bool], what: str, within: float = 5.0) -> dict[str, Any]:
        """Wait until the live view shows this; returns that view."""

        async def look() -> dict[str, Any] | None:
            live = await self.live()
            return live if true(live) else None

        return await eventually(look, what, within)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What SQL holds now."""
        with sqlite3.connect(f"file:{self.settings.home / 'assistline.sqlite'}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    async def stored(self, query: str, *values: object, count: int = 1, within: float = 5.0) -> list[dict[str, Any]]:
        """Wait until SQL has at least so many rows for this query."""

        async def look() -> list[dict[str, Any]] | None:
            found = self.rows(query, *values)
            return found if len(found) >= count else None

        return await eventually(look, f"{count} rows of {query} {values}", within)

    async def cli(self, command: str) -> str:
        """Ask Asterisk itself (as its administrator on this host may)."""
        words = [*runtime.program("asterisk"), "-C", str(self.settings.home / "asterisk/etc/asterisk.conf")]
        process = await asyncio.create_subprocess_exec(*words, "-rx", command, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0].decode()

    async def channels(self) -> list[str]:
        """The names of Asterisk's channels."""
        concise = await self.cli("core show channels concise")
        return [line.partition("!")[0] for line in concise.splitlines() if "!" in line]


def waiting(live: Mapping[str, Any], queue: str) -> int:
    """How many callers wait in this queue."""
    return int(next(one for one in live["queues"] if one["queue"] == queue)["waiting"])


def prompt(lang: str, name: str) -> Prompt:
    """The first second and a half of a prompt, as Asterisk has it: enough to tell it from every other."""
    return Prompt(read_wav(runtime.asterisk_dirs().sounds / lang / "al" / f"{name}.wav")[:12000])


def always_open(values: dict[str, Any]) -> None:
    """No line and no queue has hours, so that a test does not depend on the day it runs."""
    for line in values["lines"].values():
        line.pop("hours", None)
    for queue in values["queues"].values():
        queue.pop("hours", None)
        queue["overflow"] = [rule for rule in queue.get("overflow", []) if rule["when"] != "closed"]


def agent(live: Mapping[str, Any], agent_id: str) -> Mapping[str, Any]:
    """One agent of the live view."""
    return next(agent for agent in live["agents"] if agent["agent_id"] == agent_id)


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, within: float = 5.0) -> T:
    """Look again and again at something outside this process until it is there; AssertionError if it never is."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = await look()
        if found is not None:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        await asyncio.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, neither TCP nor UDP."""
    ports: list[int] = []
    held: list[socket.socket] = []
    while len(ports) < count:
        tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        held += [tcp, udp]
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        except OSError:
            continue
        ports.append(tcp.getsockname()[1])
    for one in held:
        one.close()
    return ports


def configuration(change: Callable[[dict[str, Any]], None] | None, street: str, target: Path) -> Path:
    """The sample configuration with the trunk at the street's telephones, changed as a test needs it.

    Nobody rests after a talk, is kept free for others, paused for missed rings or woken at home, unless a test says so.
    """

    def changed(values: dict[str, Any]) -> None:
        for queue in values["queues"].values():
            queue |= {"wrap_up_seconds": 0, "reserve": 0, "misses_before_pause": 0, "reserve_staff": None}
            queue["overflow"] = [rule for rule in queue.get("overflow", []) if rule["to"] != "reserve"]
        for agent in values["agents"].values():
            agent.pop("on_call", None)
        if change:
            change(values)

    return with_street(SAMPLE, street, target, changed)


@asynccontextmanager
async def live_centre(
    home: Path,
    *,
    change: Callable[[dict[str, Any]], None] | None = None,
    service: bool = True,
    environment: Iterable[tuple[str, str]] = (),
) -> AsyncIterator[LiveCentre]:
    """A centre in this folder, torn down at the end."""
    http, sip, ami, agi = free_ports(4)
    rtp = 20000 + (os.getpid() % 200) * 200
    sipp = runtime.program("sipp")
    async with (
        await Telephones.start(sipp, (STREET, sip), STREET) as street,
        await Telephones.start(sipp, (STREET, sip), DESKS) as desks,
    ):
        file = configuration(change, street.address, home / "assistline.yaml")
        settings = Settings(
            home=home, config=file, http_port=http, sip_port=sip, ami_port=ami, agi_port=agi,
            rtp_start=rtp, rtp_end=rtp + 199, **dict(environment),
        )  # fmt: skip
        house = House(settings)
        centre = LiveCentre(settings, house, street, desks)
        try:
            centre.asterisk = await house.start_asterisk()
            if service:
                await centre.start_service()
            yield centre
        finally:
            await house.close()
