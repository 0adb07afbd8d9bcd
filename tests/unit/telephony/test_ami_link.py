"""The link tells a state and then its changes, in order, without holes that its owner does not hear of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from telephony.ami import AmiLink
from telephony.connection import Account
from telephony.delivery import Connected, Delivery, Disconnected, LinkState, Received
from telephony.errors import AmiDown, AmiRefused, AmiTimeout
from tests.unit.telephony.links import FAST, Inbox, ours, ping
from tests.unit.telephony.scripted_ami import BOOTED, SUCCESS, ScriptedAmi

CHANNELS = (
    "Event: UserEvent\r\nUserEvent: BeforeTheChannels\r\n\r\n"
    "Response: Success\r\nActionID: {ActionID}\r\nEventList: start\r\n\r\n"
    "Event: CoreShowChannel\r\nActionID: {ActionID}\r\nChannel: PJSIP/trunk-1\r\nChanVariable: AL_STATE=waiting\r\n\r\n"
    "Event: CoreShowChannelsComplete\r\nActionID: {ActionID}\r\nEventList: Complete\r\nListItems: 1\r\n\r\n"
    "Event: UserEvent\r\nUserEvent: BetweenTheLists\r\n\r\n"
)
DEVICES = (
    "Response: Success\r\nActionID: {ActionID}\r\nEventList: start\r\n\r\n"
    "Event: DeviceStateChange\r\nActionID: {ActionID}\r\nDevice: PJSIP/agent1\r\nState: NOT_INUSE\r\n\r\n"
    "Event: DeviceStateListComplete\r\nActionID: {ActionID}\r\nEventList: Complete\r\nListItems: 1\r\n\r\n"
    "Event: UserEvent\r\nUserEvent: AfterTheLists\r\n\r\n"
)


@pytest.fixture
async def ami() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi.listening() as scripted:
        yield scripted


def told(deliveries: list[Delivery]) -> list[str]:
    """The snapshot and the names of user events, in order."""
    return [
        "snapshot" if isinstance(each, Connected) else each.message.get("UserEvent")
        for each in deliveries
        if isinstance(each, Connected | Received)
    ]


async def test_the_first_snapshot_stands_before_every_event_and_behind_none_that_it_shows(ami: ScriptedAmi) -> None:
    ami.answers |= {"CoreShowChannels": CHANNELS, "DeviceStateList": DEVICES}
    async with ours(ami) as (link, inbox):
        await ping(ami, link)
        assert told(inbox.all) == ["snapshot", "BetweenTheLists", "AfterTheLists"]
        (snapshot,) = [each.snapshot for each in inbox.all if isinstance(each, Connected)]
        assert [channel.variables() for channel in snapshot.channels] == [{"AL_STATE": "waiting"}]
        assert [device.get("Device") for device in snapshot.devices] == ["PJSIP/agent1"]


async def test_a_later_snapshot_takes_its_place_among_the_events_and_none_is_lost(ami: ScriptedAmi) -> None:
    async with ours(ami) as (link, inbox):
        ami.answers |= {"CoreShowChannels": CHANNELS, "DeviceStateList": DEVICES}
        link.resync()
        await inbox.until(lambda: "AfterTheLists" in told(inbox.all))
        assert told(inbox.all)[-4:] == ["BeforeTheChannels", "snapshot", "BetweenTheLists", "AfterTheLists"]


async def test_a_full_inbox_is_told_by_a_fresh_snapshot_once_there_is_room(ami: ScriptedAmi) -> None:
    inbox: asyncio.Queue[Delivery] = asyncio.Queue(maxsize=3)
    async with ours(ami, inbox.put_nowait) as (link, _):
        await ami.has("DeviceStateList")
        await ami.say("".join(f"Event: UserEvent\r\nUserEvent: {number}\r\n\r\n" for number in range(1, 10)))
        await ami.has("DeviceStateList", 3)  # tried, and found no room
        assert told([inbox.get_nowait() for _ in range(3)]) == ["snapshot", "1", "2"]
        while not isinstance(await inbox.get(), Connected):
            pass
        await ami.say("Event: UserEvent\r\nUserEvent: 10\r\n\r\n")
        assert told([await inbox.get()]) == ["10"]
        assert link.state is LinkState.UP and len(ami.named("Login")) == 1


async def test_bytes_that_are_no_message_cost_a_fresh_snapshot(ami: ScriptedAmi) -> None:
    async with ours(ami) as (_, inbox):
        await ami.say(b"\xff" * 70_000 + b"\r\n\r\n")
        await inbox.until(lambda: inbox.count(Connected) == 2)
        assert len(ami.named("Login")) == 1


async def test_contexts_that_asterisk_does_not_have_are_named_in_the_snapshot(ami: ScriptedAmi) -> None:
    refusal = "Response: Error\r\nActionID: {ActionID}\r\nMessage: Did not find context {Context}\r\n\r\n"
    ami.answers["ShowDialPlan"] = refusal
    inbox = Inbox()
    link = AmiLink(Account("node1", "127.0.0.1", ami.port, "al", "s"), inbox.put, contexts=("al-ring", "al-wait"))
    await link.start()
    await inbox.until(lambda: inbox.count(Connected) == 1)
    await link.close()
    assert [each.snapshot.missing for each in inbox.all if isinstance(each, Connected)] == [("al-ring", "al-wait")]


async def test_an_event_that_only_bears_the_id_of_an_action_is_an_event(ami: ScriptedAmi) -> None:
    ami.answers["Originate"] = (
        "Response: Success\r\nActionID: {ActionID}\r\nMessage: Originate successfully queued\r\n\r\n"
        "Event: OriginateResponse\r\nActionID: {ActionID}\r\nResponse: Failure\r\nReason: 3\r\n\r\n"
    )
    async with ours(ami) as (link, inbox):
        reply = await link.send({"Action": "Originate"})
        await inbox.until(lambda: "OriginateResponse" in inbox.events())
        assert reply.response.get("Response") == "Success"


async def test_a_refusal_carries_asterisks_words(ami: ScriptedAmi) -> None:
    ami.answers["Hangup"] = "Response: Error\r\nActionID: {ActionID}\r\nMessage: No such channel\r\n\r\n"
    async with ours(ami) as (link, _):
        with pytest.raises(AmiRefused, match="Hangup: No such channel"):
            await link.send({"Action": "Hangup", "Channel": "x"})


async def test_a_list_that_never_ends_is_given_up_and_its_rest_is_not_taken_for_events(ami: ScriptedAmi) -> None:
    start, _, rest = CHANNELS.removeprefix("Event: UserEvent\r\nUserEvent: BeforeTheChannels\r\n\r\n").partition(
        "\r\n\r\n"
    )
    ami.answers["Status"] = start + "\r\n\r\n"
    async with ours(ami) as (link, inbox):
        with pytest.raises(AmiTimeout):
            await link.send({"Action": "Status"}, timeout=0.02)
        await ami.say(rest.format_map(ami.named("Status")[0]))
        await ping(ami, link)
        assert "CoreShowChannel" not in inbox.events() and "BetweenTheLists" in told(inbox.all)


async def test_who_waits_for_an_answer_hears_at_once_that_the_link_is_lost(ami: ScriptedAmi) -> None:
    ami.answers["Getvar"] = ""
    async with ours(ami) as (link, inbox):
        answer = link.post({"Action": "Getvar"})
        await ami.has("Getvar")
        ami.hang_up()
        with pytest.raises(AmiDown):
            await asyncio.wait_for(answer, 1)
        await inbox.until(lambda: inbox.count(Disconnected) == 1)


async def test_nothing_is_sent_without_a_snapshot(ami: ScriptedAmi) -> None:
    ami.answers["CoreShowChannels"] = ""
    async with ours(ami, lambda _: None, pace=FAST) as (link, _):
        await ami.has("CoreShowChannels")
        with pytest.raises(AmiDown):
            link.post({"Action": "Ping"})


async def test_an_asterisk_that_is_still_starting_is_asked_nothing(ami: ScriptedAmi) -> None:
    ami.answers["Login"] = SUCCESS
    async with ours(ami, lambda _: None) as (link, _):
        await ami.has("Login")
        await ami.say("Event: Other\r\n\r\n")
        assert not ami.named("CoreShowChannels") and link.state is LinkState.CONNECTING
        await ami.say(BOOTED)
        await ami.has("CoreShowChannels")


async def test_a_fault_of_our_own_costs_the_connection_and_not_the_link(
    ami: ScriptedAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(link: AmiLink, missing: tuple[str, ...]) -> None:
        monkeypatch.undo()
        raise KeyError("of our own")

    async with ours(ami) as (link, inbox):
        monkeypatch.setattr(AmiLink, "_take_snapshot", faulty)
        link.resync()
        async with asyncio.timeout(5):
            await inbox.until(lambda: inbox.count(Connected) == 2)
        assert inbox.count(Disconnected) == 1 and link.state is LinkState.UP


async def test_a_server_that_is_not_there_is_sought_until_it_comes() -> None:
    async with ScriptedAmi.listening() as gone:
        pass
    async with ours(gone, lambda _: None, pace=FAST) as (link, _):
        server = await asyncio.start_server(gone._serve, "127.0.0.1", gone.port)
        await gone.has("DeviceStateList")
        server.close()
        await link.close()
