"""Where do callers end whom the menu sends to a message or to a number outside, on the real Asterisk?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import soundfile

from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone, strength, tone
from tests.e2e.centre import CALLER_HZ, LiveCentre, always_open, eventually
from tests.e2e.walking import walk

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTLINE, PARTNER = "+442079460100", "+447700900955"
PARTNER_HZ = 1500.0
SPOKEN_BYTES = 16_000
"""A second of what a caller says."""


def a_partner_outside(values: dict[str, Any]) -> None:
    """Key 5 of the topics leads to a number outside instead of the desk for disputes; nobody is greeted."""
    always_open(values)
    del values["lines"]["hotline"]["greeting"]
    values["menus"]["hotline"]["wait_seconds"] = 2
    nodes = values["menus"]["hotline"]["nodes"]
    nodes["dispute"] = {"kind": "transfer", "number": PARTNER, "queue": "operator"}


CHANGE = a_partner_outside


async def test_a_message_chosen_in_the_menu_is_kept_and_somebody_is_to_ring_back(centre: LiveCentre) -> None:
    caller = await centre.call(HOTLINE)
    await walk(caller, "ru", ("choose-language", "1"), ("menu-hotline", "6"), ("menu-answers", "5"))
    await walk(caller, "ru", ("leave-message", ""))
    await centre.until(lambda live: [call["state"] for call in live["calls"]] == ["voicemail"], "the message is taken")
    call_id = await centre.call_id(caller)

    async def spoken() -> Path | None:
        legs = (centre.settings.home / "legs").glob(f"{call_id}_voicemail_*")
        return next((leg for leg in legs if leg.stat().st_size > SPOKEN_BYTES), None)

    await eventually(spoken, "what the caller says is on the disk", 10)
    await caller.hang_up()
    [recording] = await centre.of(caller, "select * from recordings where call_id = ?", within=15)
    sound, _ = soundfile.read(recording["path"], dtype="int16")
    assert strength(sound[-6000:-2000, 0], CALLER_HZ) > 0.9
    [promise] = await centre.of(caller, "select * from callbacks where call_id = ?")
    assert (promise["kind"], promise["number"]) == ("voicemail", centre.numbers[caller])
    await centre.until(
        lambda live: promise["callback_id"] in [one["callback_id"] for one in live["callbacks"]],
        "somebody is to ring back",
    )
    [ended] = await centre.of(caller, "select payload from events where call_id = ? and type = 'MenuEnded'")
    assert "voicemail" in ended["payload"]


async def test_a_transfer_is_answered_outside_or_the_caller_waits(centre: LiveCentre) -> None:
    partner = centre.street.phone(PARTNER, behaviour=Answer(), voice=tone(PARTNER_HZ, 1.0))
    caller = await centre.call(HOTLINE)
    await walk(caller, "ru", ("choose-language", "1"), ("menu-hotline", "5"))
    ring = await partner.rung(within=10)
    await caller.hears(Tone(PARTNER_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ), within=8)
    await ring.hang_up()
    assert (await caller.ended()).by == "them"


async def test_who_is_not_answered_outside_waits_in_the_queue(centre: LiveCentre) -> None:
    centre.street.phone(PARTNER, behaviour=Refusal.BUSY)
    caller = await centre.call(HOTLINE)
    await walk(caller, "ru", ("choose-language", "1"), ("menu-hotline", "5"))
    await centre.until(
        lambda live: [(call["state"], call["queue"]) for call in live["calls"]] == [("waiting", "operator")],
        "the caller waits for an operator",
    )


async def test_who_asks_to_be_rung_back_stands_on_the_list_until_it_is_done(centre: LiveCentre) -> None:
    caller = await centre.call(HOTLINE)
    await walk(caller, "ru", ("choose-language", "2"))
    await walk(caller, "en", ("menu-hotline", "6"), ("menu-answers", "4"), ("callback-taken", ""))
    assert (await caller.ended(within=20)).by == "them"
    [row] = await centre.of(caller, "select callback_id, number, queue, lang from callbacks where call_id = ?")
    assert (row["number"], row["queue"], row["lang"]) == (centre.numbers[caller], "operator", "en")
    await centre.until(
        lambda live: row["callback_id"] in [one["callback_id"] for one in live["callbacks"]], "somebody is to ring back"
    )
    path = f"/api/v1/callbacks/{row['callback_id']}/done"
    await asyncio.to_thread(centre._http, path, {"by": "anna", "note": ""})
    await centre.stored("select * from callbacks where callback_id = ? and done_by = 'anna'", row["callback_id"])
