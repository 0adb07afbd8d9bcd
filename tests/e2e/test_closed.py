"""Does a caller of a closed line hear, in the language they chose, when it opens again?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.centre import BAKU, LiveCentre, prompt

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPENS = datetime.now(ZoneInfo("Asia/Baku")) + timedelta(days=3)


def closed_for_days(values: dict[str, Any]) -> None:
    values["hours"]["baku-office"] = {"timezone": "Asia/Baku", "week": {f"{OPENS:%a}".lower(): ["09:00-10:00"]}}


CHANGE = closed_for_days


async def test_a_closed_line_says_when_it_opens_again_and_connects_all_the_same(centre: LiveCentre) -> None:
    caller = await centre.call(BAKU)
    await caller.hears(prompt("az", "choose-language-az"), within=20)
    await caller.press("1")
    opening = ("closed", "opens-again", f"weekday-{OPENS.isoweekday()}", f"month-{OPENS.month}", "hour-9")
    for words in opening:
        await caller.hears(prompt("az", words), within=15)
    await centre.until(lambda live: live["calls"][0]["queue"] == "operator", "the caller is sent to an operator", 10)
