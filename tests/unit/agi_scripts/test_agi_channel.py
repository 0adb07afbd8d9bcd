"""Does a session's channel keep the law of the guard, and refuse what Asterisk could read as something else?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agi_scripts.channel import SLACK, AgiChannel
from agi_scripts.errors import AgiHangup, AgiRefused, AgiUnsafe
from agi_scripts.fake import HANGS_UP, FakeCall
from agi_scripts.protocol import Line, Reply

ENV = {"uniqueid": "n1-1.1", "network_script": "menu?line=hotline&again="}


def a_channel(*answers: str, **variables: str) -> tuple[AgiChannel, FakeCall]:
    call = FakeCall(answers, variables)
    return AgiChannel(ENV, call), call


class Refusing(FakeCall):
    """An Asterisk that gives this reply to everything but a NOOP; after a failure the caller may be gone."""

    def __init__(self, reply: Reply, *, gone: bool = False) -> None:
        super().__init__()
        self._reply, self._gone = reply, gone

    async def exchange(self, verb: str, line: Line, longest: float = 0.0) -> Reply:
        self.hungup = self._gone and verb == "NOOP"
        return await super().exchange(verb, line, longest) if verb == "NOOP" else self._reply


def test_the_address_tells_script_and_query() -> None:
    channel, _ = a_channel()
    assert (channel.script, channel.query) == ("menu", {"line": "hotline", "again": ""})
    assert channel.call_id == "n1-1.1"


async def test_what_the_caller_presses_comes_back() -> None:
    channel, call = a_channel("2", "", "1234")
    assert await channel.ask(["menu/ru/topics", "menu/ru/operator"], spoken=9, wait=5) == "2"
    assert await channel.ask(["menu/ru/topics"], spoken=9, wait=5) == ""
    assert await channel.ask([], spoken=0, wait=5, digits=4) == "1234"
    assert call.heard == [("menu/ru/topics", "menu/ru/operator"), ("menu/ru/topics",), ()]


@pytest.mark.parametrize(
    ("act", "exchanges"),
    [
        (lambda channel: channel.ask(["a"], spoken=12, wait=5, digits=4), [(32, 32 + SLACK), (0, SLACK)]),
        (lambda channel: channel.say(["a", "b"], spoken=7.5), [(7.5, 7.5 + SLACK)]),
        (lambda channel: channel.get("AL_LINE"), [(0, 5), (0, SLACK)]),
        (lambda channel: channel.set({"AL_LANG": "ru"}), [(0, 5)]),
        (lambda channel: channel.finish({"AL_QUEUE": "hotline"}), [(0, 5)]),
        (lambda channel: channel.command("ANSWER"), [(0, 5), (0, SLACK)]),
    ],
)
async def test_the_guard_is_renewed_for_each_command_and_stands_at_slack_when_asterisk_waits_for_us(
    act: Callable[[AgiChannel], Awaitable[object]], exchanges: list[tuple[float, float]]
) -> None:
    """`exchanges`: what each command may take, and what the guard stood at meanwhile; the dialplan begins with 5."""
    channel, call = a_channel("1")
    await act(channel)
    assert call.longest == exchanges
    assert call.guard == SLACK


async def test_variables_and_the_end_of_the_session_are_one_command() -> None:
    channel, call = a_channel()
    await channel.finish({"AL_QUEUE": "hotline", "AL_NEEDS": "lang:ru=3&desk:approvals=1, then; any", "AL_CALLER": ""})
    assert len(call.longest) == 1
    assert call.variables == {
        "AL_QUEUE": "hotline",
        "AL_NEEDS": "lang:ru=3&desk:approvals=1, then; any",
        "AL_CALLER": "",
        "AGI_DONE": "1",
    }


async def test_an_unset_variable_is_empty() -> None:
    channel, _ = a_channel(AL_LINE="hotline")
    assert (await channel.get("AL_LINE"), await channel.get("AL_LANG")) == ("hotline", "")


@pytest.mark.parametrize(
    "act",
    [
        lambda channel: channel.set({"SHELL(reboot)": "x"}),
        lambda channel: channel.set({"AL_A": 'x",AGI_DONE="1'}),
        lambda channel: channel.set({"AL_A": "(swallows what follows"}),
        lambda channel: channel.set({"AL_A": "a\\"}),
        lambda channel: channel.set({"AL_A": "line\nfeed"}),
        lambda channel: channel.set({f"AL_{index}": "x" * 100 for index in range(20)}),
        lambda channel: channel.get("SHELL(reboot)"),
        lambda channel: channel.command("EXEC", "Verbose", "1,line\nfeed"),
        lambda channel: channel.ask(["a&b"], spoken=1, wait=1),
        lambda channel: channel.ask(["../../etc/passwd"], spoken=1, wait=1),
        lambda channel: channel.say(["a,b)"], spoken=1),
    ],
)
async def test_what_asterisk_could_read_otherwise_is_never_sent(act: Callable[[AgiChannel], Awaitable[object]]) -> None:
    channel, call = a_channel()
    with pytest.raises(AgiUnsafe):
        await act(channel)
    assert call.variables == {} and call.heard == []


async def test_a_hangup_during_a_question_ends_the_session() -> None:
    channel, call = a_channel("1", HANGS_UP)
    await channel.ask(["a"], spoken=1, wait=1)
    with pytest.raises(AgiHangup):
        await channel.ask(["b"], spoken=1, wait=1)
    assert call.hungup


@pytest.mark.parametrize("reply", [Reply(510), Reply(520), Reply(503, "-2"), Reply(200, "-1"), Reply(200, "-2")])
async def test_what_asterisk_declines_is_told_as_refused(reply: Reply) -> None:
    with pytest.raises(AgiRefused):
        await AgiChannel(ENV, Refusing(reply)).command("EXEC", "NoSuchApp")


@pytest.mark.parametrize(("reply", "gone"), [(Reply(511), False), (Reply(200, "-1"), True)])
async def test_a_command_that_failed_because_the_caller_left_is_told_as_hangup(reply: Reply, gone: bool) -> None:
    with pytest.raises(AgiHangup):
        await AgiChannel(ENV, Refusing(reply, gone=gone)).command("EXEC", "Wait", "1")
