"""One caller in a menu over the real protocol on a real socket, with the fake dialplan on Asterisk's side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from agi_scripts.errors import AgiHangup
from agi_scripts.fake import HANGS_UP, FakeCall
from agi_scripts.lookups import NONE, Lookups
from agi_scripts.pin import PinDesk
from agi_scripts.protocol import Line, Reply
from agi_scripts.server import AgiServer
from agi_scripts.session import PinCheck, menu_handler
from calls.events import Event, MenuEnded
from config.model import Clinic, Configuration, Trunk
from config.pin import hash_pin
from tests.builders import NOON, a_doctors_menu, a_line, a_menu, a_queue
from tests.unit.agi_scripts.asterisk_words import asterisk_words
from tests.unit.ivr.menus import a_service_menu, a_survey

HEADER = "agi_uniqueid: pbx1-1.1\nagi_language: ru\nagi_callerid: +447700900111\n"
CLINIC = Clinic(clinic_id="17", label="Clinic", number="4242", pin_hash=hash_pin("717171", b"0123456789abcdef"))


def a_configuration(version: str = "1", **given: object) -> Configuration:
    parts: dict[str, object] = {
        "lines": {
            "hotline": a_line(),
            "doctors": a_line(line_id="doctors", menu="doctors", queue="doctors"),
            "service": a_line(line_id="service", menu="service", survey="survey"),
        },
        "menus": {
            "hotline": a_menu(),
            "doctors": a_doctors_menu(),
            "service": a_service_menu(),
            "survey": a_survey(),
        },
        "queues": {
            "general": a_queue("general", needs=(("grade:dispatcher", 1),)),
            "doctors": a_queue("doctors"),
            "emergency": a_queue("emergency", emergency=True),
        },
        "agents": {},
        "skills": {"region:kazan": "Kazan", "region:baku": "Baku"},
    }
    return Configuration(
        version=version,
        timezone=ZoneInfo("Europe/Moscow"),
        languages=("ru", "az"),
        default_line="hotline",
        pause_reasons={},
        trunk=Trunk(addresses=(), host="127.0.0.1", caller_number=""),
        clinics={"17": CLINIC},
        **(parts | given),  # type: ignore[arg-type]
    )


class Dialled:
    """One caller in the menu: what they heard, what was left on the call, what the history learned."""

    def __init__(self, call: FakeCall, events: list[Event]) -> None:
        self.call, self.events = call, events
        self.variables = call.variables

    @property
    def heard(self) -> list[str]:
        return [" ".join(prompts).replace("al/", "") for prompts in self.call.heard]

    @property
    def outcome(self) -> str:
        (ended,) = [event for event in self.events if isinstance(event, MenuEnded)]
        return ended.outcome


async def answer_lines(
    call: FakeCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, script: str = "menu"
) -> None:
    """Asterisk's side: the header, then a reply to each command until the session closes or the caller goes."""
    writer.write(f"agi_network_script: {script}?line={line}\n{HEADER}\n".encode())
    while told := await reader.readline():
        words = asterisk_words(told.decode().rstrip("\n"))
        verb = 2 if words[0] in ("SET", "GET") else 1
        try:
            reply = await call.exchange(" ".join(words[:verb]), Line(told))
        except AgiHangup:
            reply = Reply(511)
        if call.hungup:
            writer.write(b"HANGUP\n")
        value = "" if reply.value is None else f" ({reply.value})"
        writer.write(f"{reply.code} result={reply.result}{value}\n".encode())
    writer.close()


@asynccontextmanager
async def served(
    configuration: Callable[[], Configuration],
    events: list[Event],
    pin_check: PinCheck | None = None,
    lookups: Lookups = NONE,
) -> AsyncIterator[int]:
    """A FastAGI server with menu sessions; yields its port."""
    check = pin_check or PinDesk(lambda: NOON).check
    handler = menu_handler(configuration, events.append, check, lambda: NOON, lambda lang, prompt: 2.0, lambda: lookups)
    server = AgiServer(handler)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        await server.drain(0)


async def dial(
    pressed: str,
    line: str = "hotline",
    pin_check: PinCheck | None = None,
    configuration: Configuration | None = None,
    lookups: Lookups = NONE,
    script: str = "menu",
) -> Dialled:
    """Dial a line and press these keys in turn; ``-`` is silence, HANGS_UP ends the call."""
    call = FakeCall([{"-": "", "hangup": HANGS_UP}.get(key, key) for key in pressed.split()])
    events: list[Event] = []
    async with served(lambda: configuration or a_configuration(), events, pin_check, lookups) as port:
        await answer_lines(call, *await asyncio.open_connection("127.0.0.1", port), line, script)
    return Dialled(call, events)
