"""A switch turns what its link delivers into facts and decisions into actions, and says when an action failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from calls.call import CallState
from calls.commands import AcknowledgeCaller, AnswerCode, LookAgain, RingAgent, SayAlive
from calls.events import CallEnded, CommandFailed, Event, PhoneInUse, SnapshotTaken, SwitchLost
from telephony.ami import AmiLink
from telephony.connection import Account
from telephony.switch import Switch
from tests.unit.telephony.links import FAST
from tests.unit.telephony.scripted_ami import REFUSAL, ScriptedAmi

NOW = datetime(2026, 7, 22, tzinfo=UTC)
HANGUP = (
    "Event: Hangup\r\nChannel: PJSIP/trunk-1\r\nChanVariable: AL_CALL_ID=c1\r\nChanVariable: AL_STATE={state}\r\n"
    "Cause: 16\r\n\r\n"
)
PHONE = "Event: DeviceStateChange\r\nDevice: PJSIP/{agent}\r\nState: {state}\r\n\r\n"
IN_USE = (
    "Response: Success\r\nActionID: {ActionID}\r\nEventList: start\r\n\r\n"
    "Event: DeviceStateChange\r\nActionID: {ActionID}\r\nDevice: PJSIP/boris\r\nState: INUSE\r\n\r\n"
    "Event: DeviceStateListComplete\r\nActionID: {ActionID}\r\nEventList: Complete\r\nListItems: 1\r\n\r\n"
)
NO_CHANNEL = "Response: Error\r\nActionID: {ActionID}\r\nMessage: No such channel\r\n\r\n"
RING = RingAgent(node="node1", call_id="c1", channel="PJSIP/trunk-1", agent_id="agent1", attempt=1)


@pytest.fixture
async def ami() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi.listening() as scripted:
        yield scripted


@asynccontextmanager
async def a_switch(ami: ScriptedAmi) -> AsyncIterator[tuple[Switch, asyncio.Queue[Event]]]:
    inbox: asyncio.Queue[Event] = asyncio.Queue()
    account = Account("node1", "127.0.0.1", ami.port, "al", "s")
    switch = Switch("node1", lambda deliver: AmiLink(account, deliver, pace=FAST), inbox.put_nowait)
    await switch.start()
    try:
        yield switch, inbox
    finally:
        await switch.close()


async def until(
    inbox: asyncio.Queue[Event], kind: type[Event], fits: Callable[[Event], bool] = lambda _: True
) -> Event:
    while not isinstance(event := await inbox.get(), kind) or not fits(event):
        pass
    return event


async def test_facts_come_after_a_snapshot_and_what_cannot_be_read_is_left_out(ami: ScriptedAmi) -> None:
    async with a_switch(ami) as (switch, inbox):
        assert isinstance(await inbox.get(), SnapshotTaken)
        assert switch.up and switch.fault == ""
        await ami.say(HANGUP.format(state="lost") + HANGUP.format(state="waiting"))
        ended = await inbox.get()
        assert isinstance(ended, CallEnded) and ended.state is CallState.WAITING


async def test_a_phone_that_rings_and_then_talks_is_told_of_once(ami: ScriptedAmi) -> None:
    ami.answers["DeviceStateList"] = IN_USE
    async with a_switch(ami) as (_, inbox):
        await until(inbox, SnapshotTaken)
        states = [
            ("anna", "RINGING"),
            ("anna", "INUSE"),
            ("boris", "INUSE"),
            ("boris", "NOT_INUSE"),
            ("anna", "NOT_INUSE"),
        ]
        await ami.say("".join(PHONE.format(agent=agent, state=state) for agent, state in states))
        told = [await until(inbox, PhoneInUse) for _ in range(3)]
        assert [(one.agent_id, one.in_use) for one in told if isinstance(one, PhoneInUse)] == [
            ("anna", True),
            ("boris", False),
            ("anna", False),
        ]


async def test_commands_are_sent_in_order(ami: ScriptedAmi) -> None:
    async with a_switch(ami) as (switch, inbox):
        await until(inbox, SnapshotTaken)
        switch.tell(SayAlive(node="node1", at=NOW))
        switch.tell(AnswerCode(node="node1", channel="PJSIP/agent1-1", answer="c1", number="0501234567"))
        switch.tell(RING)
        await ami.has("Redirect")
        sent = [action.get("Variable", action["Action"]) for action in ami.actions if action["Action"] != "Ping"]
        assert sent[-4:] == ["AL_ALIVE", "AL_NUMBER", "AL_ANSWER", "Redirect"]


async def test_a_refused_command_comes_back_as_a_failure_for_its_call(ami: ScriptedAmi) -> None:
    ami.answers["Redirect"] = NO_CHANNEL
    async with a_switch(ami) as (switch, inbox):
        await until(inbox, SnapshotTaken)
        switch.tell(RING)
        failed = await until(inbox, CommandFailed)
        assert isinstance(failed, CommandFailed)
        assert (failed.command, failed.call_id, failed.agent_id) == ("RingAgent", "c1", "agent1")
        assert failed.reason == "Redirect: No such channel"


async def test_an_unsafe_command_fails_and_nothing_of_it_is_sent(ami: ScriptedAmi) -> None:
    async with a_switch(ami) as (switch, inbox):
        await until(inbox, SnapshotTaken)
        switch.tell(AnswerCode(node="node1", channel="PJSIP/agent1-1", answer="c1", number="050&PJSIP/x"))
        switch.tell(AcknowledgeCaller(node="node1", call_id="c1", channel="a\r\nb"))
        first, second = await until(inbox, CommandFailed), await until(inbox, CommandFailed)
        assert isinstance(first, CommandFailed) and "050" not in first.reason
        assert isinstance(second, CommandFailed) and second.call_id == "c1"
        assert not ami.named("Setvar")


async def test_a_command_without_a_link_fails_at_once(ami: ScriptedAmi) -> None:
    ami.answers["Login"] = REFUSAL
    async with a_switch(ami) as (switch, inbox):
        await ami.has("Login", 2)
        switch.tell(RING)
        assert isinstance(inbox.get_nowait(), CommandFailed)
        assert not switch.up and switch.fault == "account refused: Login: Authentication failed"


async def test_a_lost_link_is_told_and_followed_by_a_snapshot(ami: ScriptedAmi) -> None:
    async with a_switch(ami) as (_, inbox):
        await until(inbox, SnapshotTaken)
        ami.hang_up()
        assert isinstance(await inbox.get(), SwitchLost)
        assert isinstance(await inbox.get(), SnapshotTaken)


async def test_a_look_again_is_a_snapshot(ami: ScriptedAmi) -> None:
    async with a_switch(ami) as (switch, inbox):
        await until(inbox, SnapshotTaken)
        switch.tell(LookAgain(node="node1"))
        assert isinstance(await inbox.get(), SnapshotTaken)
