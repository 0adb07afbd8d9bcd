"""Where do callers end whom the menu sends to a message or to a number outside, on the real Asterisk?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone, tone
from tests.e2e.centre import CALLER_HZ, LiveCentre, always_open, prompt

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTLINE, PARTNER = "+442079460100", "+447700900955"
PARTNER_HZ = 1500.0


def a_partner_outside(values: dict[str, Any]) -> None:
    """Key 5 of the topics leads to a number outside instead of the desk for disputes."""
    always_open(values)
    nodes = values["menus"]["hotline"]["nodes"]
    nodes["dispute"] = {"kind": "transfer", "number": PARTNER, "queue": "operator"}


CHANGE = a_partner_outside


async def test_who_chooses_a_message_in_the_menu_leaves_it_at_once(centre: LiveCentre) -> None:
    caller = await centre.call(HOTLINE)
    for name, key in (("choose-language", "1"), ("menu-hotline", "6"), ("menu-answers", "5")):
        await caller.hears(prompt("ru", name), within=20)
        await caller.press(key)
    await caller.hears(prompt("ru", "leave-message"), within=10)
    await centre.until(lambda live: [call["state"] for call in live["calls"]] == ["voicemail"], "the message is taken")
    rows = await centre.of(caller, "select payload from events where call_id = ? and type = 'MenuEnded'")
    assert "voicemail" in str(rows)


async def test_a_transfer_is_answered_outside_or_the_caller_waits(centre: LiveCentre) -> None:
    partner = centre.street.phone(PARTNER, behaviour=Answer(), voice=tone(PARTNER_HZ, 1.0))
    caller = await centre.call(HOTLINE)
    for name, key in (("choose-language", "1"), ("menu-hotline", "5")):
        await caller.hears(prompt("ru", name), within=20)
        await caller.press(key)
    ring = await partner.rung(within=10)
    await caller.hears(Tone(PARTNER_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ), within=8)
    await ring.hang_up()
    assert (await caller.ended()).by == "them"


async def test_who_is_not_answered_outside_waits_in_the_queue(centre: LiveCentre) -> None:
    centre.street.phone(PARTNER, behaviour=Refusal.BUSY)
    caller = await centre.call(HOTLINE)
    for name, key in (("choose-language", "1"), ("menu-hotline", "5")):
        await caller.hears(prompt("ru", name), within=20)
        await caller.press(key)
    await centre.until(
        lambda live: [(call["state"], call["queue"]) for call in live["calls"]] == [("waiting", "operator")],
        "the caller waits for an operator",
    )


async def test_who_asks_to_be_rung_back_stands_on_the_list_until_it_is_done(centre: LiveCentre) -> None:
    caller = await centre.call(HOTLINE)
    for name, key in (("choose-language", "1"), ("menu-hotline", "6"), ("menu-answers", "4")):
        await caller.hears(prompt("ru", name), within=20)
        await caller.press(key)
    await caller.hears(prompt("ru", "callback-taken"), within=10)
    assert (await caller.ended(within=20)).by == "them"
    [row] = await centre.of(caller, "select callback_id, number, queue from callbacks where call_id = ?")
    assert (row["number"], row["queue"]) == (centre.numbers[caller], "operator")
    await centre.until(
        lambda live: row["callback_id"] in [one["callback_id"] for one in live["callbacks"]], "somebody is to ring back"
    )
    path = f"/api/v1/callbacks/{row['callback_id']}/done"
    await asyncio.to_thread(centre._http, path, {"by": "anna", "note": ""})
    await centre.stored("select * from callbacks where callback_id = ? and done_by = 'anna'", row["callback_id"])
