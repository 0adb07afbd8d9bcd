"""Does a caller who is sent on to the investigation group take along all that is known of the call?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, DOCTORS, always_open, live_centre, prompt
from tests.e2e.test_transfers import SECOND_HZ, hear_each_other, talks_with

pytestmark = pytest.mark.asyncio

INVESTIGATION = "815"


async def test_an_expert_gets_who_called_on_which_line_in_which_language_and_who_sent_them(tmp_path: Path) -> None:
    async with live_centre(tmp_path, change=always_open) as centre:
        galina = await centre.seat("galina")
        kirill = await centre.seat("kirill", hz=SECOND_HZ, ready=False)
        caller = await centre.call(DOCTORS)
        await caller.hears(prompt("ru", "enter-clinic"), within=20)
        await caller.press("1017#")
        await caller.hears(prompt("ru", "enter-pin"), within=20)
        await caller.press("2468#")
        ring = await galina.rung(within=10)
        await ring.hears(Tone(CALLER_HZ), within=10)
        await caller.hears(Tone(AGENT_HZ), within=8)
        await centre.duty("kirill", "ready")
        assert await ring.transfer(INVESTIGATION) == 200
        expert = await kirill.rung()
        assert expert.shown == "Clinic doctors ru Investigation" and expert.number == centre.numbers[caller]
        await hear_each_other(caller, expert, SECOND_HZ)
        await centre.until(talks_with(await centre.call_id(caller), "kirill"), "kirill talks")
        queued = "select payload from events where type = 'CallerQueued' and call_id = ? order by seq"
        rows = await centre.stored(queued, await centre.call_id(caller), count=2)
        before, after = (json.loads(row["payload"]) for row in rows)
        for kept in ("line", "lang", "caller", "number", "queued_at"):
            assert after[kept] == before[kept] != "", kept
        assert (before["queue"], before["sent_by"]) == ("doctors", "")
        assert (after["queue"], after["sent_by"], after["caller"]) == ("investigation", "galina", "clinic:riverside")
        assert dict(after["needs"]) == {"grade:expert": 1, "lang:ru": 1}
