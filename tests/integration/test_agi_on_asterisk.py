"""Does a real Asterisk understand our channel as the fake does, and take the caller from a service that falls silent?

The contexts of the guard are those of the rendered dialplan, cut out of its template; callers are Local channels.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agi_scripts.channel import GUARD, SLACK, AgiChannel
from agi_scripts.errors import AgiHangup, AgiRefused
from agi_scripts.fake import HANGS_UP, FakeCall
from agi_scripts.protocol import serialize
from agi_scripts.server import AgiServer
from app import runtime
from tests.integration.small_asterisk import SmallAsterisk, free_port

TEMPLATE = Path(__file__).parents[2] / "asterisk_conf" / "extensions.conf.j2"
ENV = {"network_script": "menu"}
DIALPLAN = """
[menu]
exten => s,1,Set(CHANNEL(hangup_handler_push)=gone,s,1)
 same => n,Answer()
 same => n,Gosub(al-agi,s,1(agi://127.0.0.1:{port}/menu,5))
 same => n,AGI(agi://127.0.0.1:{port}/left?done=${{AGI_DONE}}&queue=${{AL_QUEUE}})
 same => n,Hangup()
[gone]
exten => s,1,Set(AL_CALL_ID=${{UNIQUEID}})
 same => n,AGI({python},-m,agi_scripts.failsafe,{spool})
 same => n,Return()
[caller]
exten => presses,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(7)
 same => n,Wait(30)
exten => slowly,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(7)
 same => n,Wait(1.5)
 same => n,SendDTMF(8)
 same => n,Wait(30)
exten => silent,1,Answer()
 same => n,Wait(30)
exten => leaves,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
"""
Session = Callable[[AgiChannel], Coroutine[Any, Any, Mapping[str, str]]]


def guard_contexts() -> str:
    """al-agi, al-ask and al-say as they are rendered: none of them holds anything to fill in."""
    sections = re.findall(r"^\[al-(?:agi|ask|say)\].*?(?=^\[|^; ---)", TEMPLATE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(sections) == 3 and "{" + "{" not in "".join(sections)
    return "".join(sections)


class World:
    """An Asterisk and our server beside it; `left` is what the dialplan told when the menu was over."""

    left: asyncio.Queue[Mapping[str, str]]

    def __init__(self, home: Path) -> None:
        self.port, self.spool = free_port(), home / "failsafe.jsonl"
        text = DIALPLAN.format(port=self.port, python=sys.executable, spool=self.spool)
        self.asterisk = SmallAsterisk(home, guard_contexts() + text, " app_senddtmf res_clioriginate")

    @asynccontextmanager
    async def serving(self, session: Session) -> AsyncIterator[None]:
        async def handler(channel: AgiChannel) -> Mapping[str, str]:
            if channel.script == "menu":
                return await session(channel)
            self.left.put_nowait(channel.query)
            return {}

        self.left = asyncio.Queue()
        server = AgiServer(handler)
        await server.start("127.0.0.1", self.port)
        try:
            yield
        finally:
            await server.drain(0)

    async def console(self, command: str) -> None:
        """Have Asterisk's own console do this."""
        words = [*runtime.program("asterisk"), "-C", str(self.asterisk.home / "etc" / "asterisk.conf"), "-rx"]
        done = await asyncio.create_subprocess_exec(*words, command, stdout=subprocess.DEVNULL)
        assert await done.wait() == 0

    async def call(self, caller: str) -> None:
        """Somebody of this behaviour dials the menu, as soon as every module is there."""
        await self.console("core waitfullybooted")
        await self.console(f"channel originate Local/s@menu/n extension {caller}@caller")

    def kept(self) -> dict[str, dict[str, str]]:
        """The failsafe's lines by call."""
        lines = self.spool.read_text().splitlines() if self.spool.exists() else []
        return {call["call_id"]: call for call in map(json.loads, lines)}

    async def told(self, caller: str, session: Session) -> Mapping[str, str]:
        """Play the session to this caller; what the dialplan knows after it."""
        async with self.serving(session), asyncio.timeout(20):
            await self.call(caller)
            return await self.left.get()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("asterisk"))
    world.asterisk.start()
    yield world
    world.asterisk.stop()


async def on_both(world: World, caller: str, answers: list[str], session: Session) -> list[Mapping[str, str]]:
    """What the session leaves behind on the fake and on the real Asterisk: AGI_DONE and AL_QUEUE."""
    fake = FakeCall(answers)
    channel = AgiChannel(ENV, fake)
    await channel.finish(await session(channel))
    known = {"done": fake.variables.get("AGI_DONE", ""), "queue": fake.variables.get("AL_QUEUE", "")}
    return [known, await world.told(caller, session)]


async def test_a_digit_ends_the_prompt_and_comes_back(world: World) -> None:
    async def session(channel: AgiChannel) -> Mapping[str, str]:
        return {"AL_QUEUE": await channel.ask(["demo-congrats"], spoken=20, wait=10)}

    began = time.monotonic()
    fake, real = await on_both(world, "presses", ["7"], session)
    assert fake == real == {"done": "1", "queue": "7"}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("wait", "between", "typed"), [(5, 0.5, "7"), (0.3, 5, ""), (5, 5, "78")])
async def test_the_first_digit_is_waited_for_longer_or_shorter_than_the_next(
    world: World, wait: float, between: float, typed: str
) -> None:
    async def session(channel: AgiChannel) -> Mapping[str, str]:
        return {"AL_QUEUE": f"n{await channel.ask([], spoken=0, wait=wait, digits=2, between=between)}"}

    assert (await world.told("slowly", session))["queue"] == f"n{typed}"


async def test_a_silent_caller_is_an_empty_answer(world: World) -> None:
    async def session(channel: AgiChannel) -> Mapping[str, str]:
        return {"AL_QUEUE": f"x{await channel.ask(['beep'], spoken=1, wait=0.5, digits=2)}"}

    fake, real = await on_both(world, "silent", [""], session)
    assert fake == real == {"done": "1", "queue": "x"}


async def test_any_value_that_may_be_sent_comes_back_as_it_was(world: World) -> None:
    values = {
        "AL_A": "lang:ru=3&desk:approvals=1, then; any",
        "AL_B": "${EPOCH} x=y",
        "AL_C": "Ірина Олександрівна",
        "AL_D": "",
        "AL_E": "  a 'b' c | d > e  ",
    }

    async def session(channel: AgiChannel) -> Mapping[str, str]:
        await channel.set(values)
        assert {name: await channel.get(name) for name in values} == values
        return {"AL_QUEUE": "same"}

    assert await world.told("silent", session) == {"done": "1", "queue": "same"}


async def test_words_reach_asterisk_whole_whatever_is_in_them(world: World) -> None:
    nasty = ['a"b', "a\\", '\\"', "a b\tc", "\\n", "'", "", "ї" * 100, '"' * 50 + "\\" * 50]

    async def session(channel: AgiChannel) -> Mapping[str, str]:
        for word in nasty:
            await channel.command("SET VARIABLE", "AL_X", word)
            assert await channel.get("AL_X") == word
        return {"AL_QUEUE": "same"}

    assert await world.told("silent", session) == {"done": "1", "queue": "same"}


async def test_the_guard_stands_at_slack_when_a_long_command_has_ended_early(world: World) -> None:
    async def session(channel: AgiChannel) -> Mapping[str, str]:
        await channel.ask(["demo-congrats"], spoken=20, wait=10)
        reply = await channel._wire.exchange("GET VARIABLE", serialize("GET VARIABLE", GUARD))
        return {"AL_QUEUE": f"{float(reply.value or 0):.1f}"}

    assert (await world.told("presses", session))["queue"] in (f"{SLACK:.1f}", f"{SLACK - 0.1:.1f}")


@pytest.mark.parametrize("asked", [True, False])
async def test_the_dialplan_takes_the_caller_from_a_service_that_falls_silent(world: World, asked: bool) -> None:
    """Silent after a digit pressed early in a long prompt, or from the beginning."""
    waits_since: list[float] = []

    async def session(channel: AgiChannel) -> Mapping[str, str]:
        if asked:
            await channel.ask(["demo-congrats"], spoken=20, wait=10)
        waits_since.append(time.monotonic())
        await asyncio.Event().wait()
        return {}

    assert (await world.told("presses", session))["done"] == ""
    assert 3.5 < time.monotonic() - waits_since[0] <= 5.1


async def test_a_subroutine_that_is_not_there_is_refused_and_the_caller_stays(world: World) -> None:
    async def session(channel: AgiChannel) -> Mapping[str, str]:
        with pytest.raises(AgiRefused):
            await channel.command("GOSUB", "al-nowhere", "s", "1")
        with pytest.raises(AgiRefused):
            await channel.command("EXEC", "NoSuchApplication")
        return {"AL_QUEUE": "still here"}

    assert (await world.told("silent", session))["queue"] == "still here"


async def test_a_caller_who_leaves_ends_the_session_and_is_kept_by_the_failsafe(world: World) -> None:
    left: list[str] = []

    async def session(channel: AgiChannel) -> Mapping[str, str]:
        await channel.set({"AL_STATE": "menu", "AL_LINE": "hotline"})
        try:
            await channel.ask(["demo-congrats"], spoken=20, wait=10)
        except AgiHangup:
            left.append(channel.call_id)
            raise
        return {}

    with pytest.raises(AgiHangup):
        await session(AgiChannel(ENV, FakeCall([HANGS_UP])))
    left.clear()
    async with world.serving(session), asyncio.timeout(20):
        await world.call("leaves")
        while not (left and left[0] in world.kept()):  # noqa: ASYNC110 - a file that another process writes
            await asyncio.sleep(0.05)
    call = world.kept()[left[0]]
    assert (call["state"], call["line"], call["cause"]) == ("menu", "hotline", "16")
