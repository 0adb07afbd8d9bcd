"""Each defect of stock panoramisk that `asterisk.md` names: what the stock class does, and what ours does instead.

Longer than 300 lines, since each defect stands twice, stock and ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from panoramisk.manager import Manager

from telephony.ami import Pace
from telephony.delivery import AccountRefused, Connected, Delivery, Disconnected, LinkState, Received
from telephony.errors import AmiDown, AmiTimeout, AmiUnsafe
from tests.unit.telephony.links import FAST, Inbox, ours, ping
from tests.unit.telephony.scripted_ami import BOOTED, REFUSAL, SUCCESS, ScriptedAmi


@pytest.fixture
async def ami() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi.listening() as scripted:
        yield scripted


@asynccontextmanager
async def stock(ami: ScriptedAmi, **options: object) -> AsyncIterator[Manager]:
    """The stock class, logged in."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    manager = Manager(host="127.0.0.1", port=ami.port, username="al", secret="s", loop=loop, **options)
    await manager.connect()
    await ami.has("Login")
    try:
        yield manager
    finally:
        manager.reconnect_timeout = 3600
        manager.close()


# --- a letter split over two segments ----------------------------------------------------------------------------

NAME = "Event: Newchannel\r\nCallerIDName: Щербакова\r\n\r\n".encode()


async def test_stock_loses_the_letter_that_two_segments_share(ami: ScriptedAmi) -> None:
    names: list[str] = []
    async with stock(ami) as manager:
        manager.register_event("Newchannel", lambda _, event: names.append(event.CallerIDName))
        manager.protocol.data_received(NAME[:34])
        manager.protocol.data_received(NAME[34:])
    assert names == ["ербакова"]


async def test_ours_keeps_it(ami: ScriptedAmi) -> None:
    async with ours(ami) as (link, inbox):
        assert link._connection is not None
        link._connection.protocol.data_received(NAME[:34])
        link._connection.protocol.data_received(NAME[34:])
    (message,) = (
        each.message for each in inbox.all if isinstance(each, Received) and each.message.event == "Newchannel"
    )
    assert message.get("CallerIDName") == "Щербакова"


# --- an exception in a callback ----------------------------------------------------------------------------------


async def test_stock_closes_the_link_when_a_callback_raises(ami: ScriptedAmi) -> None:
    async with stock(ami, reconnect_timeout=0) as manager:
        manager.register_event("Hangup", lambda *_: 1 / 0)
        await ami.say("Event: Hangup\r\n\r\n")
        await ami.has("Login", 2)


async def test_ours_stays_and_tells_the_owner_everything_anew(ami: ScriptedAmi) -> None:
    inbox = Inbox()

    def raises_once(delivery: Delivery) -> None:
        if isinstance(delivery, Received) and delivery.message.event == "Hangup" and inbox.count(Connected) == 1:
            raise ZeroDivisionError
        inbox.put(delivery)

    async with ours(ami, raises_once) as (link, _):
        await inbox.until(lambda: inbox.count(Connected) == 1)
        await ami.say("Event: Hangup\r\n\r\nEvent: Withheld\r\n\r\n")
        await inbox.until(lambda: inbox.count(Connected) == 2)
        await ami.say("Event: After\r\n\r\n")
        await inbox.until(lambda: "After" in inbox.events())
        assert len(ami.named("Login")) == 1 and link.state is LinkState.UP
    assert "Withheld" not in inbox.events()


# --- a doubled Event header --------------------------------------------------------------------------------------

DOUBLED = "Event: UserEvent\r\nEvent: Forged\r\nUserEvent: CallerQueued\r\n\r\n"


async def test_stock_closes_the_link_at_a_doubled_event_header(ami: ScriptedAmi) -> None:
    async with stock(ami, reconnect_timeout=0):
        await ami.say(DOUBLED)
        await ami.has("Login", 2)


async def test_ours_takes_the_first(ami: ScriptedAmi) -> None:
    async with ours(ami) as (_, inbox):
        await ami.say(DOUBLED)
        await inbox.until(lambda: "UserEvent" in inbox.events())
        assert len(ami.named("Login")) == 1


# --- the order of events -----------------------------------------------------------------------------------------

THREE = "".join(f"Event: Step\r\nNumber: {number}\r\n\r\n" for number in (1, 2, 3))


async def test_stock_lets_a_later_event_overtake_in_coroutine_callbacks(ami: ScriptedAmi) -> None:
    handled: list[str] = []
    all_three = asyncio.Event()

    async def callback(_: Manager, event: dict[str, str]) -> None:
        for _turn in range(0 if event["Number"] == "3" else 5):
            await asyncio.sleep(0)
        handled.append(event["Number"])
        if len(handled) == 3:
            all_three.set()

    async with stock(ami) as manager:
        manager.register_event("Step", callback)
        await ami.say(THREE)
        await all_three.wait()
    assert handled[0] == "3"


async def test_ours_delivers_in_order_after_the_snapshot(ami: ScriptedAmi) -> None:
    async with ours(ami) as (_, inbox):
        await ami.say(THREE)
        await inbox.until(lambda: inbox.events().count("Step") == 3)
    assert isinstance(inbox.all[0], Connected)
    steps = [each.message.get("Number") for each in inbox.all if isinstance(each, Received)]
    assert [step for step in steps if step] == ["1", "2", "3"]


# --- an action whose answer was lost with the connection ---------------------------------------------------------

ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/agent1", "Context": "al-callback", "Exten": "s", "Priority": "1"}


async def test_stock_dials_an_originate_twice(ami: ScriptedAmi) -> None:
    ami.answers["Originate"] = ""
    async with stock(ami, reconnect_timeout=0) as manager:
        manager.send_action(dict(ORIGINATE))
        await ami.has("Originate")
        ami.hang_up()
        await ami.has("Originate", 2)


async def test_ours_says_that_it_is_not_known_and_never_sends_it_again(ami: ScriptedAmi) -> None:
    ami.answers["Originate"] = ""
    async with ours(ami) as (link, inbox):
        answer = link.post(ORIGINATE)
        await ami.has("Originate")
        ami.hang_up()
        with pytest.raises(AmiDown):
            await answer
        await inbox.until(lambda: inbox.count(Connected) == 2)
        await ping(ami, link)
    assert len(ami.named("Originate")) == 1


# --- QueueAdd ----------------------------------------------------------------------------------------------------

ADDED = "Response: Success\r\nActionID: {ActionID}\r\nMessage: Added interface to queue\r\n\r\n"
QUEUE_ADD = {"Action": "QueueAdd", "Queue": "al-hotline", "Interface": "Local/agent1@al-member/n"}


async def test_stock_never_resolves_a_queue_add(ami: ScriptedAmi) -> None:
    ami.answers["QueueAdd"] = ADDED
    async with stock(ami) as manager:
        answer = manager.send_action(dict(QUEUE_ADD))
        await asyncio.wait_for(manager.send_action({"Action": "Ping"}, as_list=False), 1)  # answered after it
        assert not answer.done()


async def test_ours_does(ami: ScriptedAmi) -> None:
    ami.answers["QueueAdd"] = ADDED
    async with ours(ami) as (link, _):
        assert (await link.send(QUEUE_ADD)).response.get("Message") == "Added interface to queue"


# --- an action that is never answered ----------------------------------------------------------------------------


async def test_stock_waits_for_ever_where_ours_gives_up_at_the_deadline(ami: ScriptedAmi) -> None:
    ami.answers["Getvar"] = ""
    async with stock(ami) as manager, ours(ami) as (link, _):
        stock_answer = manager.send_action({"Action": "Getvar"})
        with pytest.raises(AmiTimeout):
            await link.send({"Action": "Getvar"}, timeout=0.05)
        assert not stock_answer.done()
        await ping(ami, link)  # one late answer is no reason to leave the link


# --- a link that has died without a word -------------------------------------------------------------------------


async def test_stock_pings_on_and_on_without_looking_at_the_answer(ami: ScriptedAmi) -> None:
    ami.answers["Ping"] = ""
    async with stock(ami) as manager:
        for count in (1, 2, 3):
            manager.pinger.cancel()
            manager.ping()
            await ami.has("Ping", count)
        assert not manager.protocol.closed


async def test_ours_leaves_a_dead_link_and_connects_anew(ami: ScriptedAmi) -> None:
    ami.answers["Ping"] = ""
    async with ours(ami, pace=FAST) as (_, inbox):
        await inbox.until(lambda: inbox.count(Disconnected) > 0)
        del ami.answers["Ping"]
        await inbox.until(lambda: inbox.count(Connected) > 1)
    (first, *_) = (each for each in inbox.all if isinstance(each, Disconnected))
    assert first.reason == "Ping: no answer within 0.1 s"


# --- close while waiting to reconnect ----------------------------------------------------------------------------


async def test_stock_reconnects_after_close(ami: ScriptedAmi) -> None:
    async with stock(ami, reconnect_timeout=0) as manager:
        lost = asyncio.Event()
        manager.on_disconnect = lambda *_: lost.set()
        ami.hang_up()
        await lost.wait()
        manager.close()
        await ami.has("Login", 2)


async def test_ours_stays_closed(ami: ScriptedAmi) -> None:
    async with ours(ami) as (link, inbox):
        ami.hang_up()
        await inbox.until(lambda: inbox.count(Disconnected) == 1)
        await link.close()
        assert link.state is LinkState.CLOSED and not [t for t in asyncio.all_tasks() if t.get_name() == "ami-node1"]
        with pytest.raises(AmiDown):
            link.post({"Action": "Ping"})
    assert len(ami.named("Login")) == 1


# --- a wrong secret ----------------------------------------------------------------------------------------------


async def test_stock_tries_a_wrong_secret_for_ever_at_one_pace(ami: ScriptedAmi) -> None:
    ami.answers["Login"] = REFUSAL
    pauses: list[float] = []
    async with stock(ami, reconnect_timeout=0) as manager:
        later = manager.loop.call_later
        connect = manager.connect
        try:
            manager.loop.call_later = lambda delay, call, *rest: (
                pauses.append(delay) if call == connect else None,
                later(delay, call, *rest),
            )[1]
            await ami.has("Login", 6)
        finally:
            del manager.loop.call_later
    assert len(pauses) >= 4 and set(pauses) == {0}


async def test_ours_says_so_once_and_asks_ever_more_seldom(ami: ScriptedAmi) -> None:
    ami.answers["Login"] = REFUSAL
    async with ours(ami, pace=FAST) as (link, inbox):
        await ami.has("Login", 4)
        assert link.state is LinkState.REFUSED
        assert [type(each) for each in inbox.all] == [AccountRefused]
        ami.answers["Login"] = SUCCESS + BOOTED
        await inbox.until(lambda: inbox.count(Connected) == 1)


@pytest.mark.parametrize(
    ("failures", "refused", "draw", "seconds"),
    [
        (1, False, 0.0, 0.05),
        (1, False, 1.0, 0.1),
        (2, False, 1.0, 0.2),
        (9, False, 1.0, 1.0),
        (10_000, False, 0.0, 0.5),
        (1, True, 1.0, 1.0),
        (3, True, 0.5, 3.0),
        (7, True, 1.0, 60.0),
    ],
)
def test_pauses_double_up_to_a_ceiling_and_are_spread(
    failures: int, refused: bool, draw: float, seconds: float
) -> None:
    assert Pace().retry(failures, refused, draw) == pytest.approx(seconds)


# --- a value that is a second action -----------------------------------------------------------------------------

TYPED = "1\r\n\r\nAction: Hangup\r\nChannel: all"


async def test_stock_sends_the_second_action_that_hides_in_a_value(ami: ScriptedAmi) -> None:
    async with stock(ami) as manager:
        manager.send_action({"Action": "Setvar", "Variable": "X", "Value": TYPED})
        await ami.has("Hangup")


async def test_ours_refuses_to_send_it(ami: ScriptedAmi) -> None:
    async with ours(ami) as (link, _):
        with pytest.raises(AmiUnsafe) as refused:
            await link.send({"Action": "Setvar", "Variable": "X", "Value": TYPED})
        await ping(ami, link)
    assert not ami.named("Hangup") and "Channel: all" not in str(refused.value)
