"""What a switch tells and obeys: asked of the fake Asterisk and of a real one with the rendered dialplan, alike.

In the real one the agents' telephones are Local channels that behave as `PHONES` says; all else is as rendered.

Longer than 300 lines, since a contract is one list of promises.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import runtime
from calls.call import CallState, ThirdPartyMode
from calls.commands import (
    AcknowledgeCaller,
    Command,
    DrawIn,
    GoToLastResort,
    LogQueue,
    LookAgain,
    MirrorDuty,
    MoveToQueue,
    OfferVoicemail,
    ReturnToWaiting,
    RingAgent,
    SayAlive,
    WakeReserve,
)
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AnsweredElsewhere,
    CallEnded,
    CallerQueued,
    CallEvent,
    CallStarted,
    CommandFailed,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    LegRecorded,
    ReserveDeclined,
    SnapshotTaken,
    SwitchLost,
    TalkEnded,
    ThirdPartyJoined,
    ThirdPartyLeft,
    ThirdPartyNotReached,
    VoicemailBegun,
)
from calls.needs import Needs, format_needs, needs
from config.load import load
from telephony.ami import AmiLink
from telephony.connection import Account
from telephony.delivery import Delivery
from telephony.fake import FakeAsterisk
from telephony.fake_dialplan import FakeLine, Phone
from telephony.render import Secrets, Site, render
from telephony.switch import Link, Switch
from telephony.translate import CONTEXTS
from tests.integration.small_asterisk import Cutter, free_port, launch

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "assistline.yaml"
CONFIGURATION = load(SAMPLE)
PHONES = {
    "anna": (Phone.ANSWERS, "Answer()"),
    "boris": (Phone.RINGS, "Ringing()"),
    "clara": (Phone.BUSY, "Hangup(17)"),
    "diana": (Phone.ANSWERS, "Answer()"),
}
TOGETHER = "Local/${STRREPLACE(AL_AGENT,.,@test-phones/n&Local/)}@test-phones/n"
LEG_OF = "CUT(CHANNEL,@,1):6"
RING_SECONDS = 1
NUMBER = "+442079460958"
FAR_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
Deliver = Callable[[Delivery], None]
_attempts = itertools.count(1)
_callers = itertools.count(1)


@dataclass
class House:
    """One Asterisk, fake or real, with a switch before it."""

    switch: Switch
    link: Link
    inbox: asyncio.Queue[Event]
    pass_time: Callable[[float], None]
    cut: Callable[[], None]

    async def next(self, kind: type[Event]) -> Any:
        async with asyncio.timeout(10):
            while not isinstance(event := await self.inbox.get(), kind):
                pass
        return event

    async def story(self, call_id: str, until: type[CallEvent]) -> list[Any]:
        """What is told of the call, up to and with the first event of a kind."""
        told: list[Any] = []
        async with asyncio.timeout(10):
            while not told or not isinstance(told[-1], until):
                event = await self.inbox.get()
                if isinstance(event, CallEvent) and event.call_id == call_id:
                    told.append(event)
        return told

    async def caller(self, line: str = "direct", seen: bool = True) -> CallerQueued:
        """A caller who stands in the waiting room, and whom the service has acknowledged."""
        call_id = f"caller-{next(_callers)}"
        await self.post(
            Action="Originate", Channel="Local/s@test-far-end/n", Context="al-line", Exten=line, Priority="1",
            CallerID=f"<{NUMBER}>", ChannelId=call_id, Async="true",
        )  # fmt: skip
        queued: CallerQueued = (await self.story(call_id, CallerQueued))[-1]
        if seen:
            self.tell(AcknowledgeCaller(node="node1", call_id=call_id, channel=queued.channel))
        return queued

    def tell(self, command: Command) -> None:
        self.switch.tell(command)

    def ring(self, call: CallerQueued, agent: str, *besides: str) -> int:
        attempt = next(_attempts)
        about: dict[str, Any] = {"call_id": call.call_id, "channel": call.channel, "attempt": attempt}
        self.tell(RingAgent(node="node1", agent_id=agent, besides=besides, **about))
        return attempt

    async def post(self, **headers: str) -> Any:
        return await self.link.post(headers)

    async def put_down(self, call: CallerQueued, leg: str) -> None:
        """The person on this leg hangs up, as a BYE would tell; without a source it would be a phone that has died."""
        await self.post(Action="Setvar", Channel=call.channel, Variable="CHANNEL(hangupsource)", Value=leg)
        await self.hang_up(leg)

    async def hang_up(self, channel: str) -> None:
        await self.post(Action="Hangup", Channel=channel)

    async def leg_of(self, call: CallerQueued, agent: str) -> str:
        channels = (await self.post(Action="CoreShowChannels")).events
        return next(
            channel.get("Channel")
            for channel in channels
            if agent in channel.get("Channel") and channel.variables()["AL_CALL_ID"] == call.call_id
        )


# --- the two houses ----------------------------------------------------------------------------------------------


def needs_of(line_id: str) -> Needs:
    line = CONFIGURATION.lines[line_id]
    asked = dict(CONFIGURATION.queues[line.queue].needs) | dict(line.needs) | {f"lang:{line.languages[0]}": 1}
    return needs(asked)


def fake_lines() -> dict[str, FakeLine]:
    return {
        line.line_id: FakeLine(
            queue=line.queue,
            lang=line.languages[0],
            needs=format_needs(needs_of(line.line_id)),
            record=line.record,
            grace=1 if CONFIGURATION.queues[line.queue].emergency else 3,
            ring_seconds=RING_SECONDS,
        )
        for line in CONFIGURATION.lines.values()
    }


@pytest.fixture(scope="module")
def real_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The AMI port of a real Asterisk with every file as rendered, but for where the telephones are."""
    home = tmp_path_factory.mktemp("contract")
    dirs = runtime.asterisk_dirs()
    site = Site(
        home=home, node="node1", bind="127.0.0.1", sip_port=free_port(), ami_port=free_port(), agi_port=free_port(),
        rtp_start=33000, rtp_end=33100, modules_dir=dirs.modules, data_dir=dirs.data, moh_dir=dirs.moh,
        python=Path(sys.executable),
    )  # fmt: skip
    render(CONFIGURATION, site, Secrets(ami="test", agi="test", agents=dict.fromkeys(CONFIGURATION.agents, "test")))
    extensions = site.etc_dir / "extensions.conf"
    text = extensions.read_text().replace(":PJSIP/${ARG1})}", ":Local/${ARG1}@test-phones/n)}")
    text = text.replace("PJSIP/${STRREPLACE(AL_AGENT,.,&PJSIP/)}", TOGETHER).replace("CHANNEL(endpoint)", LEG_OF)
    text = re.sub(r"Dial\((.*?)PJSIP/\$\{EXTEN\}", r"Dial(\1Local/${EXTEN}@test-phones/n", text)
    text = re.sub(r"AL_RING_SECONDS=\d+", f"AL_RING_SECONDS={RING_SECONDS}", text)
    text += "\n[test-far-end]\nexten => s,1,Answer()\n same => n,Wait(600)\n[test-phones]\n"
    text += "".join(f"exten => {name},1,{does}\n same => n,Wait(600)\n" for name, (_, does) in PHONES.items())
    assert "test-phones/n" in text.partition("[al-dial]")[2].partition("[al-leg]")[0] and TOGETHER in text
    extensions.write_text(text)
    process = launch(site.etc_dir, site.ami_port)
    try:
        yield site.ami_port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["fake", "asterisk"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    if request.param == "fake":
        fake = FakeAsterisk(fake_lines(), {name: phone for name, (phone, _) in PHONES.items()}, datetime.now(UTC))

        def cut_and_mend() -> None:
            fake.cut()
            fake.mend()

        async with open_house(fake.connect, fake.dialplan.pass_time, cut_and_mend) as opened:
            yield opened
    else:
        async with Cutter.before(request.getfixturevalue("real_port")) as cutter:
            account = Account("node1", "127.0.0.1", cutter.port, "assistline", "test")

            def connect(deliver: Deliver) -> Link:
                return AmiLink(account, deliver, contexts=CONTEXTS)

            async with open_house(connect, lambda _: None, cutter.cut) as opened:
                yield opened


@asynccontextmanager
async def open_house(
    connect: Callable[[Deliver], Link], pass_time: Callable[[float], None], cut: Callable[[], None]
) -> AsyncIterator[House]:
    """A house whose heart beats for ever, so that no fallback disturbs a scenario; swept when it is left."""
    inbox: asyncio.Queue[Event] = asyncio.Queue()
    links: list[Link] = []

    def connected(deliver: Deliver) -> Link:
        links.append(connect(deliver))
        return links[0]

    switch = Switch("node1", connected, inbox.put_nowait)
    await switch.start()
    house = House(switch, links[0], inbox, pass_time, cut)
    snapshot = await house.next(SnapshotTaken)
    assert snapshot.calls == () and snapshot.faults == ()
    house.tell(SayAlive(node="node1", at=FAR_FUTURE))
    yield house
    while channels := (await house.post(Action="CoreShowChannels")).events:
        hang_ups = (house.hang_up(channel.get("Channel")) for channel in channels)
        await asyncio.gather(*hang_ups, return_exceptions=True)
        await asyncio.sleep(0.02)
    await switch.close()


# --- the contract ------------------------------------------------------------------------------------------------


async def test_a_caller_starts_a_call_and_is_queued_with_all_that_the_line_says(house: House) -> None:
    call_id = f"caller-{next(_callers)}"
    await house.post(
        Action="Originate", Channel="Local/s@test-far-end/n", Context="al-line", Exten="emergency", Priority="1",
        CallerID=f"<{NUMBER}>", ChannelId=call_id, Async="true",
    )  # fmt: skip
    started, queued = await house.story(call_id, CallerQueued)
    line = CONFIGURATION.lines["emergency"]

    assert isinstance(started, CallStarted)
    assert (started.line, started.lang, started.number) == ("emergency", line.languages[0], NUMBER)
    assert (queued.queue, queued.line, queued.lang, queued.number) == (line.queue, "emergency", started.lang, NUMBER)
    assert queued.needs == needs_of("emergency")
    assert started.at <= queued.at and abs(queued.queued_at - queued.at) < timedelta(seconds=1)


async def test_an_agent_who_answers_talks_and_hangs_up(house: House) -> None:
    call = await house.caller()
    attempt = house.ring(call, "anna")
    told = await house.story(call.call_id, AgentAnswered)
    agent_leg = await house.story(call.call_id, LegRecorded)
    await house.put_down(call, await house.leg_of(call, "anna"))
    told += agent_leg + await house.story(call.call_id, CallEnded)

    assert [type(event) for event in told] == [
        *(LegRecorded, AgentRinging, AgentAnswered, LegRecorded, TalkEnded, CallEnded)
    ]
    caller_part, ringing, answered, agent_part, talk_ended, ended = told
    assert (caller_part.party, agent_part.party) == ("caller", "anna")
    assert (ringing.agent_id, ringing.attempt) == ("anna", attempt)
    assert (answered.agent_id, answered.by_fallback) == ("anna", False)
    assert (talk_ended.agent_id, talk_ended.by) == ("anna", EndedBy.AGENT)
    assert (ended.state, ended.by) == (CallState.ENDED, EndedBy.AGENT)


async def test_a_caller_who_hangs_up_in_the_talk_ended_the_call(house: House) -> None:
    call = await house.caller()
    house.ring(call, "anna")
    await house.story(call.call_id, AgentAnswered)
    await house.hang_up(call.channel)
    ended = (await house.story(call.call_id, CallEnded))[-1]
    assert (ended.state, ended.by) == (CallState.TALK, EndedBy.CALLER)


@pytest.mark.parametrize(("agent", "status"), [("boris", "NOANSWER"), ("clara", "BUSY"), ("nobody", "CHANUNAVAIL")])
async def test_an_agent_who_is_not_reached_gives_the_caller_back_with_the_place_kept(
    house: House, agent: str, status: str
) -> None:
    call = await house.caller(line="emergency")
    attempt = house.ring(call, agent)
    await asyncio.sleep(0)
    house.pass_time(RING_SECONDS + 1)
    told = [event for event in await house.story(call.call_id, CallerQueued) if not isinstance(event, LegRecorded)]

    assert [type(event) for event in told] == [AgentRinging, AgentNotReached, CallerQueued]
    _, missed, again = told
    assert (missed.agent_id, missed.attempt, missed.dial_status) == (agent, attempt, status)
    assert again.queued_at == call.queued_at and again.at > call.at


async def test_of_several_who_are_rung_together_the_first_to_answer_talks_and_the_others_stop(house: House) -> None:
    call = await house.caller()
    attempt = house.ring(call, "boris", "anna")
    story = await house.story(call.call_id, AgentAnswered)
    rung = [event for event in story if isinstance(event, AgentRinging)]
    assert [(ring.agent_id, ring.attempt) for ring in rung] == [("boris", attempt), ("anna", attempt)]
    [elsewhere] = [event for event in story if isinstance(event, AnsweredElsewhere)]
    assert (elsewhere.agent_id, elsewhere.attempt, story[-1].agent_id) == ("boris", attempt, "anna")
    await house.put_down(call, await house.leg_of(call, "anna"))
    told = [type(event) for event in await house.story(call.call_id, CallEnded)]
    assert told[-2:] == [TalkEnded, CallEnded] and AgentNotReached not in told


async def test_several_who_are_rung_together_in_vain_are_each_told_of(house: House) -> None:
    call = await house.caller()
    house.ring(call, "boris", "clara")
    busy = await house.next(AgentNotReached)
    house.tell(LookAgain(node="node1"))
    [seen] = [one for one in (await house.next(SnapshotTaken)).calls if one.call_id == call.call_id]
    assert (seen.state, seen.agent_id, seen.besides) == (CallState.RINGING, "boris", ("clara",))
    house.pass_time(RING_SECONDS)
    missed = await house.next(AgentNotReached)
    assert [(one.agent_id, one.dial_status) for one in (busy, missed)] == [("clara", "BUSY"), ("boris", "NOANSWER")]
    assert (await house.next(CallerQueued)).queued_at == call.queued_at


async def test_an_agent_who_is_being_rung_is_refused_to_a_second_call(house: House) -> None:
    first, second = await house.caller(), await house.caller()
    house.ring(first, "boris")
    await house.story(first.call_id, AgentRinging)
    house.ring(second, "boris")
    told = await house.story(second.call_id, CallerQueued)
    (refused,) = [event for event in told if isinstance(event, AgentNotReached)]
    assert refused.dial_status == "REFUSED" and not any(isinstance(event, AgentRinging) for event in told)


async def test_a_caller_who_hangs_up_while_waiting_or_ringing_leaves_that_state(house: House) -> None:
    waiting, ringing = await house.caller(), await house.caller()
    house.ring(ringing, "boris")
    await house.story(ringing.call_id, AgentRinging)
    await house.hang_up(ringing.channel)
    ended = (await house.story(ringing.call_id, CallEnded))[-1]
    assert (ended.state, ended.by) == (CallState.RINGING, EndedBy.CALLER)
    await house.hang_up(waiting.channel)
    ended = (await house.story(waiting.call_id, CallEnded))[-1]
    assert (ended.state, ended.by) == (CallState.WAITING, EndedBy.CALLER)


async def test_a_caller_whom_nobody_acknowledges_goes_to_the_fallback(house: House) -> None:
    call = await house.caller(line="emergency", seen=False)
    house.pass_time(1)
    fell = (await house.story(call.call_id, FallbackEntered))[-1]
    assert fell.reason == "unseen"


async def test_a_caller_who_finds_no_heartbeat_goes_to_the_fallback(house: House) -> None:
    house.tell(SayAlive(node="node1", at=datetime(2020, 1, 1, tzinfo=UTC)))
    call = await house.caller(seen=False)
    fell = (await house.story(call.call_id, FallbackEntered))[-1]
    assert fell.reason == "stale"
    house.tell(SayAlive(node="node1", at=FAR_FUTURE))


async def test_a_caller_can_be_sent_to_the_last_resort(house: House) -> None:
    call = await house.caller()
    house.tell(GoToLastResort(node="node1", call_id=call.call_id, channel=call.channel))
    entered = (await house.story(call.call_id, LastResortEntered))[-1]
    assert entered.queue == call.queue


async def test_an_agent_who_gets_free_takes_a_caller_out_of_the_last_resort(house: House) -> None:
    call = await house.caller(line="hotline")  # its queue has no mobile to ring first
    house.tell(GoToLastResort(node="node1", call_id=call.call_id, channel=call.channel))
    await house.story(call.call_id, LastResortEntered)
    house.ring(call, "anna")
    told = await house.story(call.call_id, AgentAnswered)
    assert [type(event) for event in told if not isinstance(event, LegRecorded)] == [AgentRinging, AgentAnswered]


async def test_a_ring_is_given_up_for_a_more_pressing_caller_who_gets_the_agent(house: House) -> None:
    lesser, pressing = await house.caller(), await house.caller(line="emergency")
    house.ring(lesser, "boris")
    await house.story(lesser.call_id, AgentRinging)
    house.tell(ReturnToWaiting(node="node1", call_id=lesser.call_id, channel=lesser.channel))
    [again] = await house.story(lesser.call_id, CallerQueued)
    assert again.queued_at == lesser.queued_at, "no miss is told of the agent, and the place is kept"
    house.ring(pressing, "boris")
    told = await house.story(pressing.call_id, AgentRinging)
    assert not any(isinstance(event, AgentNotReached) for event in told)


async def test_a_caller_whose_queue_overflows_waits_in_the_other_with_its_needs_in_the_old_place(house: House) -> None:
    call = await house.caller()
    house.tell(MoveToQueue(node="node1", call_id=call.call_id, channel=call.channel, queue="emergency"))
    [moved] = await house.story(call.call_id, CallerQueued)
    assert (moved.queue, moved.queued_at, moved.line) == ("emergency", call.queued_at, call.line)
    assert moved.needs == needs({"grade:nurse": 1, "lang:ru": 1})


async def test_a_caller_who_is_moved_to_a_queue_that_the_dialplan_lacks_is_left_to_asterisk(house: House) -> None:
    call = await house.caller()
    house.tell(MoveToQueue(node="node1", call_id=call.call_id, channel=call.channel, queue="renamed"))
    assert [one.reason for one in await house.story(call.call_id, FallbackEntered)] == ["no-queue"]


async def test_a_move_that_comes_too_late_lets_the_caller_wait_where_they_did(house: House) -> None:
    call = await house.caller()
    house.ring(call, "boris")
    await house.story(call.call_id, AgentRinging)
    house.tell(MoveToQueue(node="node1", call_id=call.call_id, channel=call.channel, queue="emergency"))
    assert (await house.story(call.call_id, CallerQueued))[-1].queue == call.queue


async def test_a_caller_who_is_offered_voicemail_is_told_of_and_leaves_no_message_unasked(house: House) -> None:
    call = await house.caller()
    house.tell(OfferVoicemail(node="node1", call_id=call.call_id, channel=call.channel))
    assert [type(one) for one in await house.story(call.call_id, LastResortEntered)] == [LastResortEntered]
    house.ring(call, "boris")
    assert VoicemailBegun not in map(type, await house.story(call.call_id, AgentRinging))


async def test_voicemail_that_is_offered_too_late_takes_nobody_out_of_the_fallback(house: House) -> None:
    call = await house.caller(line="emergency", seen=False)
    house.pass_time(1)
    await house.story(call.call_id, FallbackEntered)
    house.tell(OfferVoicemail(node="node1", call_id=call.call_id, channel=call.channel))
    assert VoicemailBegun not in map(type, await house.story(call.call_id, FallbackEntered))


async def test_a_caller_who_is_no_longer_rung_for_stays_where_the_state_says(house: House) -> None:
    call = await house.caller(line="emergency", seen=False)
    house.pass_time(1)
    await house.story(call.call_id, FallbackEntered)
    house.tell(ReturnToWaiting(node="node1", call_id=call.call_id, channel=call.channel))
    assert isinstance((await house.story(call.call_id, FallbackEntered))[-1], FallbackEntered)


def drawn_in(call: CallerQueued, agent: str) -> DrawIn:
    return DrawIn(node="node1", call_id=call.call_id, channel=call.channel, agent_id=agent, mode=ThirdPartyMode.TALK)


async def test_a_third_party_joins_a_talk_is_in_the_snapshot_and_leaves_it(house: House) -> None:
    call = await house.caller()
    house.ring(call, "anna")
    await house.story(call.call_id, AgentAnswered)
    await house.story(call.call_id, LegRecorded)
    house.tell(drawn_in(call, "diana"))
    [joined] = await house.story(call.call_id, ThirdPartyJoined)
    assert (joined.agent_id, joined.mode) == ("diana", ThirdPartyMode.TALK)
    [recorded] = await house.story(call.call_id, LegRecorded)
    assert recorded.party == "diana"
    house.tell(LookAgain(node="node1"))
    snapshot = await house.next(SnapshotTaken)
    assert [seen.agent_id for seen in snapshot.calls] == ["anna"] and snapshot.faults == ()
    await house.hang_up(await house.leg_of(call, "diana"))
    [left] = await house.story(call.call_id, ThirdPartyLeft)
    assert left.agent_id == "diana"
    house.tell(LookAgain(node="node1"))
    assert [seen.state for seen in (await house.next(SnapshotTaken)).calls] == [CallState.TALK]


async def test_who_is_busy_or_rung_already_joins_no_talk(house: House) -> None:
    call, other = await house.caller(), await house.caller()
    house.ring(call, "anna")
    await house.story(call.call_id, LegRecorded)
    house.ring(other, "boris")
    await house.story(other.call_id, AgentRinging)
    for agent, status in (("clara", "BUSY"), ("boris", "REFUSED"), ("nobody", "CHANUNAVAIL")):
        house.tell(drawn_in(call, agent))
        vain = (await house.story(call.call_id, ThirdPartyNotReached))[-1]
        assert (vain.agent_id, vain.dial_status) == (agent, status)


async def test_reserve_that_cannot_be_reached_is_told_of(house: House) -> None:
    for agent, status in (("clara", "BUSY"), ("nobody", "CHANUNAVAIL")):
        house.tell(WakeReserve(node="node1", agent_id=agent, queue="doctors"))
        declined = await house.next(ReserveDeclined)
        assert (declined.agent_id, declined.dial_status) == (agent, status)


async def test_a_ring_that_comes_too_late_leaves_the_caller_in_the_fallback(house: House) -> None:
    call = await house.caller(line="emergency", seen=False)
    house.pass_time(1)
    await house.story(call.call_id, FallbackEntered)
    house.ring(call, "anna")
    assert isinstance((await house.story(call.call_id, FallbackEntered))[-1], FallbackEntered)


async def test_a_command_for_a_caller_who_is_gone_fails_with_asterisks_words(house: House) -> None:
    call = await house.caller()
    await house.hang_up(call.channel)
    await house.story(call.call_id, CallEnded)
    house.ring(call, "anna")
    failed = await house.next(CommandFailed)
    assert (failed.call_id, failed.agent_id) == (call.call_id, "anna")
    assert failed.reason == f"Redirect: Channel does not exist: {call.channel}"
    house.tell(AcknowledgeCaller(node="node1", call_id=call.call_id, channel=call.channel))
    assert (await house.next(CommandFailed)).reason == "Setvar: No such channel"


async def test_a_snapshot_shows_who_waits_rings_and_talks_in_the_same_words(house: House) -> None:
    waiting, talking = await house.caller(), await house.caller(line="emergency")
    house.ring(talking, "anna")
    await house.story(talking.call_id, AgentAnswered)
    house.tell(LookAgain(node="node1"))
    seen = {call.call_id: call for call in (await house.next(SnapshotTaken)).calls}

    assert set(seen) == {waiting.call_id, talking.call_id}
    for before, state, agent in ((waiting, CallState.WAITING, None), (talking, CallState.TALK, "anna")):
        now = seen[before.call_id]
        assert (now.state, now.agent_id, now.channel, now.queued_at) == (state, agent, before.channel, before.queued_at)
        assert (now.line, now.queue, now.lang, now.needs) == (before.line, before.queue, before.lang, before.needs)
        assert now.number == NUMBER and now.started_at <= before.at + timedelta(seconds=1)


async def test_after_a_cut_the_link_tells_so_and_then_all_that_goes_on(house: House) -> None:
    call = await house.caller()
    house.cut()
    assert isinstance(await house.next(SwitchLost), SwitchLost)
    snapshot = await house.next(SnapshotTaken)
    assert [seen.call_id for seen in snapshot.calls] == [call.call_id]
    house.ring(call, "anna")
    await house.story(call.call_id, AgentAnswered)


async def test_duty_and_queue_log_are_taken(house: House) -> None:
    house.tell(MirrorDuty(node="node1", agent_id="anna", paused=True, reason="lunch"))
    house.tell(MirrorDuty(node="node1", agent_id="anna", paused=False))
    house.tell(LogQueue(node="node1", queue="claims", event="ENTERQUEUE", call_id="c1", message="|x|1"))
    await house.post(Action="UserEvent", UserEvent="Nothing")
    await asyncio.sleep(0)
    assert house.inbox.empty()
