"""Can somebody else take part in a talk, heard by whom they should be, and is a no at home a no?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.settings import secret
from calls.commands import WakeReserve
from synthetic.dialog import Dialog
from synthetic.phone import Refusal
from synthetic.tones import Tone, strength
from telephony.actions import actions
from telephony.connection import Account
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, LONG, LiveCentre, agent, eventually, prompt
from tests.e2e.conftest import Measured
from tests.e2e.test_duty import dial_code
from tests.e2e.test_last_resort import MARATS_MOBILE, MOBILE_HZ, mobile
from tests.e2e.test_transfers import (
    DOCTORS_QUEUE,
    GALINA,
    IVAN,
    SECOND_HZ,
    THIRD_HZ,
    hear_each_other,
    open_leg,
    read_leg,
    talking,
    talks_with,
    without_whisper,
)
from tests.integration.raw_ami import RawAmi

pytestmark = pytest.mark.asyncio(loop_scope="module")

DENIS = "104"
HALF = 0.35
"""The least share of two equal voices that each may have: 0.5, and a little noise."""


def with_mentor_and_interpreter(values: dict[str, Any]) -> None:
    """Denis takes calls of the direct line, and Ivan is his mentor. So does Boris after a second, without Russian."""
    without_whisper(values)
    values["agents"]["boris"]["skills"] = {"lang:en": 9, "desk:operator": 5}
    relaxed = {"after_seconds": 1, "levels": {"lang:*": 0}, "interpreter": True}
    values["queues"]["direct"]["relaxation"] = [relaxed]
    values["agents"]["denis"] |= {"grade": "dispatcher", "mentor": "ivan"}
    values["agents"]["denis"]["skills"]["desk:operator"] = 5


CHANGE = with_mentor_and_interpreter


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    yield house
    await house.duty("marat", "off")
    await house.clear()


async def hears_both(listener: Dialog, *hz: float) -> None:
    """Two voices at once, each about half of what is heard."""
    for one in hz:
        await listener.hears(Tone(one, share=HALF), within=8)


def shares(listener: Dialog, *hz: float) -> str:
    """How much of the last second each voice has."""
    return " ".join(f"{strength(listener.heard()[-8000:], one):.2f}" for one in hz)


async def told(centre: LiveCentre, caller: Dialog, *kinds: str) -> None:
    """Wait until history has the events of a third party in this call, and no others."""
    call_id = await centre.call_id(caller)

    async def look() -> bool | None:
        rows = centre.rows("select type from events where call_id = ? and type like 'ThirdParty%' order by at", call_id)
        return [row["type"] for row in rows] == list(kinds) or None

    await eventually(look, f"history tells {kinds}")


async def test_a_colleague_who_is_called_in_hears_and_is_heard_by_both(centre: LiveCentre, measured: Measured) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    caller, ring = await talking(centre, anna)
    own = await anna.dial(f"*7{GALINA}")
    third = await galina.rung()
    assert third.shown.startswith("Direct mobile ru") and third.number == centre.numbers[caller]
    await own.ended()
    await hears_both(third, CALLER_HZ, AGENT_HZ)
    await hears_both(caller, AGENT_HZ, SECOND_HZ)
    await hears_both(ring, CALLER_HZ, SECOND_HZ)
    await third.hears(Tone(CALLER_HZ, share=HALF, window=1.0), within=8)
    measured(
        "a third party: what the caller hears of agent and third", shares(caller, AGENT_HZ, SECOND_HZ), "0.50 each"
    )
    call_id = await centre.call_id(caller)
    await centre.until(lambda live: agent(live, "galina")["state"] == "talking", "galina takes part")
    file = open_leg(centre, call_id, "galina")
    await third.hang_up()
    await hear_each_other(caller, ring, AGENT_HZ)
    await centre.until(talks_with(call_id, "anna", "galina"), "anna talks on and galina is free")
    await told(centre, caller, "ThirdPartyJoined", "ThirdPartyLeft")
    assert read_leg(file).tone_share(SECOND_HZ) > 0.95, "what she said is recorded, and only that"


async def test_when_the_agent_puts_down_all_is_over(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    caller, ring = await talking(centre, anna)
    await anna.dial(f"*7{GALINA}")
    third = await galina.rung()
    await hears_both(third, CALLER_HZ, AGENT_HZ)
    await ring.hang_up()
    assert (await caller.ended()).by == "them" and (await third.ended()).by == "them"
    await centre.until(lambda live: agent(live, "galina")["state"] == "ready", "galina is free")


async def test_a_colleague_who_will_not_join_leaves_the_talk_alone(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", Refusal.BUSY)
    caller, ring = await talking(centre, anna)
    own = await anna.dial(f"*7{GALINA}")
    assert (await own.ended()).status == 486
    assert len(galina.rings) == 1
    await told(centre, caller, "ThirdPartyNotReached")
    await hear_each_other(caller, ring, AGENT_HZ)


async def test_the_service_chooses_who_of_a_queue_joins_and_outside_they_press_1(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    outside = mobile(centre, MARATS_MOBILE)
    await centre.duty("marat", "ready")
    caller, ring = await talking(centre, anna)
    own = await anna.dial(f"*7{DOCTORS_QUEUE}")
    third = await outside.rung()
    await own.hears(prompt("ru", "calling-in"), within=8)
    await third.hears(prompt("ru", "press-one-to-accept"), within=10)
    assert strength(caller.heard(), MOBILE_HZ) < 0.05, "nobody is heard before they have agreed"
    await third.press("1")
    await hears_both(third, CALLER_HZ, AGENT_HZ)
    await hears_both(caller, AGENT_HZ, MOBILE_HZ)
    await hears_both(ring, CALLER_HZ, MOBILE_HZ)
    await centre.until(lambda live: agent(live, "marat")["state"] == "talking", "marat takes part")
    await third.hang_up()
    await hear_each_other(caller, ring, AGENT_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "anna", "marat"), "marat is free")
    await told(centre, caller, "ThirdPartyAsked", "ThirdPartyJoined", "ThirdPartyLeft")


async def test_where_nobody_of_a_queue_is_free_the_agent_hears_so(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    caller, ring = await talking(centre, anna)
    await dial_code(anna, f"*7{DOCTORS_QUEUE}", "nobody-free")
    await hear_each_other(caller, ring, AGENT_HZ)


async def test_an_interpreter_is_drawn_in_for_an_agent_who_does_not_speak_the_language(centre: LiveCentre) -> None:
    boris = await centre.seat("boris")
    ivan = await centre.seat("ivan", hz=THIRD_HZ)
    caller, ring = await talking(centre, boris)
    interpreter = await ivan.rung()
    await hears_both(interpreter, CALLER_HZ, AGENT_HZ)
    await hears_both(caller, AGENT_HZ, THIRD_HZ)
    await hears_both(ring, CALLER_HZ, THIRD_HZ)
    await ring.hang_up()
    assert (await interpreter.ended()).by == "them"
    await told(centre, caller, "ThirdPartyJoined", "ThirdPartyLeft")


async def test_a_mentor_hears_both_and_is_heard_by_the_trainee_alone(centre: LiveCentre) -> None:
    denis = await centre.seat("denis")
    ivan = await centre.seat("ivan", hz=THIRD_HZ, ready=False)
    galina = await centre.seat("galina", hz=SECOND_HZ, ready=False)
    await dial_code(ivan, f"*8{DENIS}", "agent-code-wrong")
    caller, ring = await talking(centre, denis)
    await dial_code(galina, f"*8{DENIS}", "agent-code-wrong")
    mentor = await ivan.dial(f"*8{DENIS}")
    await hears_both(mentor, CALLER_HZ, AGENT_HZ)
    await hears_both(ring, CALLER_HZ, THIRD_HZ)
    await caller.hears(Tone(AGENT_HZ, share=0.98, window=1.0), within=8)
    assert strength(caller.heard(), THIRD_HZ) < 0.02
    await mentor.hang_up()
    await hear_each_other(caller, ring, AGENT_HZ)
    await told(centre, caller, "ThirdPartyJoined", "ThirdPartyLeft")


@pytest.mark.parametrize("first", [(45000, 30000), (100, 30000)], ids=["lower", "higher"])
async def test_a_transfer_lets_the_third_party_go_and_the_next_agent_is_heard(
    centre: LiveCentre, first: tuple[int, int]
) -> None:
    """A damaged Asterisk would drop the voice of an agent whose packets are numbered lower, if a leg were spied on."""
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ, ready=False)
    ivan = await centre.seat("ivan", hz=THIRD_HZ, ready=False)
    anna.first_sequence, ivan.first_sequence = first
    caller, ring = await talking(centre, anna)
    await anna.dial(f"*7{GALINA}")
    third = await galina.rung()
    await hears_both(caller, AGENT_HZ, SECOND_HZ)
    assert await ring.transfer(IVAN) == 200
    assert (await third.ended()).by == "them"
    await hear_each_other(caller, await ivan.rung(), THIRD_HZ)


async def wake(centre: LiveCentre, agent_id: str) -> None:
    """As the service would, if it were in need."""
    settings = centre.settings
    account = Account(settings.node, settings.bind, settings.ami_port, "assistline", secret(settings.home, "ami"))
    [headers] = actions(WakeReserve(node=settings.node, agent_id=agent_id, queue="emergency"))
    single = {name: value if isinstance(value, str) else value[0] for name, value in headers.items()}
    with RawAmi(account) as ami:
        ami.ask(single)


@pytest.mark.parametrize(
    ("keys", "status"),
    [("2", "DECLINED"), ("5", "UNCONFIRMED"), ("", "UNCONFIRMED")]
    if LONG
    else [("2", "DECLINED"), ("5", "UNCONFIRMED")],
    ids=lambda value: value or "a mailbox",
)
async def test_who_is_woken_and_does_not_press_1_stays_off_duty(centre: LiveCentre, keys: str, status: str) -> None:
    outside = mobile(centre, MARATS_MOBILE)
    before = len(centre.rows("select 1 from events where type = 'ReserveDeclined'"))
    await wake(centre, "marat")
    ring = await outside.rung()
    await ring.hears(prompt("ru", "whisper-emergency"), within=8)
    if keys:
        await ring.press(keys)
    assert (await ring.ended(within=30)).by == "them"
    declined = "select payload from events where type = 'ReserveDeclined' and agent_id = 'marat' order by at"
    rows = await centre.stored(declined, count=before + 1)
    assert json.loads(rows[-1]["payload"]) == {"dial_status": status}
    assert agent(await centre.live(), "marat")["state"] == "offline"
