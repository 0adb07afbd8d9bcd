"""Does the server serve who speaks AGI, keep its limits against all others, and leave AGI_DONE unset on a fault?

Longer than 300 lines, since every limit of the server has its case here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping

import pytest
import structlog
import uvloop

from agi_scripts.channel import SLACK, AgiChannel
from agi_scripts.errors import AgiHangup, AgiLate
from agi_scripts.server import AgiLimits
from tests.unit.agi_scripts.agi_stage import HEADER, LeapingLoop, Stage, play, pressing, read_to_end, turns_until

JUNK = 1000 if os.environ.get("AL_LONG") else 200


async def a_menu(channel: AgiChannel) -> Mapping[str, str]:
    digit = await channel.ask(["topics"], spoken=3, wait=5)
    return {"AL_QUEUE": f"topic{digit}"}


@pytest.mark.parametrize("loop_factory", [LeapingLoop, uvloop.new_event_loop])
def test_a_session_ends_by_leaving_its_variables_and_agi_done_in_one_line(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scene(stage: Stage) -> None:
        assert await stage.call(pressing("7")) == [
            'GOSUB "al-ask" "s" "1" "12,topics,1,5,5"',
            'GET VARIABLE "AL_DIGITS"',
            'EXEC "MSet" "TIMEOUT(absolute)=4,AL_QUEUE=\\"topic7\\",AGI_DONE=\\"1\\""',
        ]

    seen = play(scene, a_menu, loop_factory=loop_factory)
    assert (seen.started, seen.outcomes) == (1, {"done": 1})
    assert seen.verbs == {"GOSUB": 1, "GET VARIABLE": 1, "EXEC": 1}


def test_a_handler_that_raises_leaves_agi_done_unset_and_no_digits_in_the_log() -> None:
    typed = "380501234567"

    async def handler(channel: AgiChannel) -> Mapping[str, str]:
        await channel.set({"AL_LANG": "ru"})
        raise ValueError(typed)

    async def scene(stage: Stage) -> None:
        with structlog.testing.capture_logs() as logs:
            lines = await stage.call()
        assert len(lines) == 1 and "AGI_DONE" not in lines[0]
        assert [(entry["action"], entry["call_id"], entry["error"]) for entry in logs] == [
            ("agi_session_failed", "n1-1.1", "ValueError")
        ]
        assert "test_agi_server" in logs[0]["where"] and typed not in str(logs)

    assert play(scene, handler).outcomes == {"failed": 1}


@pytest.mark.parametrize("last", [b"HANGUP\n", b"", b"511 Command Not Permitted on a dead channel\n"])
def test_a_hangup_reaches_the_handler_as_an_ending(last: bytes) -> None:
    ended: list[str] = []

    async def handler(channel: AgiChannel) -> Mapping[str, str]:
        try:
            await channel.get("AL_LINE")
        except AgiHangup:
            ended.append("hangup")
            raise
        return {}

    async def scene(stage: Stage) -> None:
        reader, writer = await stage.knock(HEADER)
        await reader.readline()
        writer.write(last)
        if not last:
            writer.close()
        assert b"AGI_DONE" not in await reader.read()

    assert play(scene, handler).outcomes == {"hangup": 1}
    assert ended == ["hangup"]


def test_an_asterisk_that_stops_answering_is_given_up_after_the_commands_own_time() -> None:
    late: list[float] = []

    async def handler(channel: AgiChannel) -> Mapping[str, str]:
        began = asyncio.get_running_loop().time()
        try:
            await channel.say(["long"], spoken=30)
        except AgiLate:
            late.append(asyncio.get_running_loop().time() - began)
            raise
        return {}

    async def scene(stage: Stage) -> None:
        reader, _ = await stage.knock(HEADER)
        await reader.readline()
        stage.leap(30 + SLACK)
        await asyncio.sleep(0)
        assert not stage.seen.outcomes
        stage.leap(2.5)
        assert await reader.read() == b""

    assert play(scene, handler, AgiLimits(grace_seconds=2)).outcomes == {"late": 1}
    assert 36 < late[0] < 38


@pytest.mark.parametrize("said", [b"nonsense\n", b"200 result=1\n200 result=1\n"])
def test_a_peer_that_does_not_speak_agi_is_left(said: bytes) -> None:
    async def handler(channel: AgiChannel) -> Mapping[str, str]:
        await channel.get("AL_LINE")
        await channel.get("AL_LANG")
        return {}

    async def scene(stage: Stage) -> None:
        assert len(await stage.call(lambda line: said)) <= 2

    assert play(scene, handler).outcomes == {"malformed": 1}


def test_a_handler_that_goes_on_after_the_hangup_is_cut() -> None:
    async def handler(channel: AgiChannel) -> Mapping[str, str]:
        await asyncio.Event().wait()
        return {}

    async def scene(stage: Stage) -> None:
        _, writer = await stage.knock(HEADER)
        await turns_until(lambda: stage.seen.started == 1)
        writer.close()
        await writer.wait_closed()
        await turns_until(lambda: any(one._over for one in stage.server.sessions))
        stage.leap(SLACK + 1)
        await stage.seen.until(lambda: bool(stage.seen.outcomes))
        assert not stage.server.sessions

    assert play(scene, handler).outcomes == {"cut": 1}


def test_half_a_header_is_borne_for_its_time_only() -> None:
    async def scene(stage: Stage) -> None:
        reader, _ = await stage.knock(HEADER[:-1])
        await turns_until(lambda: bool(stage.server.knocking))
        stage.leap(3.5)
        assert await read_to_end(reader) == b""

    assert play(scene, a_menu, AgiLimits(header_seconds=3)).away == {"late": 1}


def test_when_too_many_knock_the_oldest_goes_and_a_caller_is_served() -> None:
    async def scene(stage: Stage) -> None:
        old = [await stage.knock(b"agi_network: yes\n") for _ in range(5)]
        await turns_until(lambda: len(stage.server.knocking) == 5)
        stage.leap(1)
        young = [await stage.knock(b"agi_network: yes\n") for _ in range(20)]
        for reader, _ in old:
            assert await read_to_end(reader) == b""
        await turns_until(lambda: len(stage.server.knocking) == len(young))
        assert (await stage.call(pressing("1")))[-1].startswith('EXEC "MSet"')

    seen = play(scene, a_menu, AgiLimits(knocking=5))
    assert (seen.outcomes, seen.away) == ({"done": 1}, {"late": 5, "closed": 20})


def test_past_the_number_of_sessions_a_call_is_turned_away_at_once() -> None:
    async def scene(stage: Stage) -> None:
        reader, writer = await stage.knock(HEADER)
        await reader.readline()
        assert await stage.call() == []
        writer.write(b"HANGUP\n")
        await read_to_end(reader)
        assert len(await stage.call(pressing("1"))) == 3

    seen = play(scene, a_menu, AgiLimits(sessions=1))
    assert (seen.away, seen.outcomes) == ({"full": 1}, {"hangup": 1, "done": 1})


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\nx\n\n", b"\n", b"\xff" * 40_000])
def test_what_is_no_agi_is_turned_away_without_a_session(said: bytes) -> None:
    async def scene(stage: Stage) -> None:
        reader, _ = await stage.knock(said)
        assert await read_to_end(reader) == b""

    seen = play(scene, a_menu)
    assert (seen.started, seen.away) == (0, {"malformed": 1})


@pytest.mark.parametrize("told", [b"", b"agi_arg_1: \n", b"agi_arg_1: wrong\n", b"agi_arg_2: token\n"])
def test_who_does_not_know_the_token_gets_no_session(told: bytes) -> None:
    async def scene(stage: Stage) -> None:
        reader, _ = await stage.knock(HEADER[:-1] + told + b"\n")
        assert await read_to_end(reader) == b""
        reader, _ = await stage.knock(HEADER[:-1] + b"agi_arg_1: token\n\n")
        assert (await reader.readline()).startswith(b'GOSUB "al-ask"')

    seen = play(scene, a_menu, token="token")
    assert (seen.started, seen.away) == (1, {"stranger": 1})


def test_draining_lets_sessions_end_and_accepts_nobody_more() -> None:
    async def scene(stage: Stage) -> None:
        reader, writer = await stage.knock(HEADER)
        half, _ = await stage.knock(HEADER[:10])
        await reader.readline()
        await turns_until(lambda: bool(stage.server.knocking))
        draining = asyncio.create_task(stage.server.drain(30))
        assert await read_to_end(half) == b""
        with pytest.raises(ConnectionError):
            await stage.knock(HEADER)
        for _ in range(3):
            writer.write(b"200 result=1\n")
            await reader.readline()
        await draining

    seen = play(scene, a_menu)
    assert (seen.outcomes, seen.away) == ({"done": 1}, {"closed": 1})


def test_a_session_that_does_not_end_in_time_is_cut_by_the_drain() -> None:
    async def scene(stage: Stage) -> None:
        reader, _ = await stage.knock(HEADER)
        await reader.readline()
        await stage.server.drain(0.01)
        assert await read_to_end(reader) == b""
        assert not stage.server.sessions

    assert play(scene, a_menu).outcomes == {"cut": 1}


@pytest.mark.parametrize("loop_factory", [LeapingLoop, uvloop.new_event_loop])
def test_sessions_go_on_among_connections_that_close_at_once_or_send_half_a_header(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def junk(stage: Stage, index: int) -> None:
        _, writer = await stage.knock(HEADER[: index % 40])
        if index % 3:
            writer.close()

    async def scene(stage: Stage) -> None:
        async def good() -> list[str]:
            return await stage.call(pressing("1"))

        everything: list[Awaitable[object]] = [junk(stage, index) for index in range(JUNK)]
        for index in range(50):
            everything.insert(index * (JUNK // 50), good())
        results = await asyncio.gather(*everything)
        await stage.seen.until(lambda: stage.seen.away.total() + len(stage.server.knocking) == JUNK)
        assert sum(isinstance(one, list) and len(one) == 3 for one in results) == 50

    seen = play(scene, a_menu, AgiLimits(knocking=50), loop_factory)
    assert seen.outcomes == {"done": 50}
    assert seen.away.total() == JUNK
