"""What becomes of a caller whom a line asks for a mark after the talk, on the real Asterisk?"""

from __future__ import annotations

from typing import Any

import pytest

from agi_scripts.channel import SLACK
from app import runtime
from synthetic.alaw import RATE, read_wav
from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, LiveCentre, agent, always_open, prompt
from tests.e2e.outages import kill, restart

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+447700900100"
WAIT = 5.0
"""Seconds that the sample's survey waits for a digit."""
EVENTS = "select type, payload from events where call_id = ? and type in ({}) order by id"


def a_line_that_asks(values: dict[str, Any]) -> None:
    """The direct number, which has no menu before the talk, has a survey after it; somebody can take its calls."""
    always_open(values)
    values["lines"]["direct"]["survey"] = "survey"


CHANGE = a_line_that_asks


async def talked_with(centre: LiveCentre) -> Any:
    """A caller to whom an agent has talked, and who has put down."""
    phone = await centre.seat("anna")
    caller = await centre.call(NUMBER)
    ring = await phone.rung(within=10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ), within=8)
    await ring.hang_up()
    return caller


async def test_a_mark_is_history_and_the_agent_is_free_meanwhile(centre: LiveCentre) -> None:
    caller = await talked_with(centre)
    await caller.hears(prompt("ru", "survey-pleased"), within=10)
    await centre.until(
        lambda live: (
            [call["state"] for call in live["calls"]] == ["survey"] and agent(live, "anna")["state"] == "ready"
        ),
        "the caller gives a mark, and the agent is free",
    )
    await caller.press("4")
    assert (await caller.ended(within=15)).by == "them"
    told = await centre.stored(EVENTS.format("'MenuChosen', 'MenuEnded'"), await centre.call_id(caller), count=2)
    assert [row["type"] for row in told] == ["MenuChosen", "MenuEnded"]
    assert '"choice":"4"' in told[0]["payload"].replace(" ", "")
    assert '"outcome":"rated"' in told[1]["payload"].replace(" ", "")
    [call] = await centre.of(caller, "select outcome, ended_by from calls where call_id = ? and ended_at is not null")
    assert (call["outcome"], call["ended_by"]) == ("answered", "agent")


async def test_who_hangs_up_instead_of_giving_a_mark_is_lost_nowhere(centre: LiveCentre) -> None:
    caller = await talked_with(centre)
    await caller.hears(prompt("ru", "survey-pleased"), within=10)
    await caller.hang_up()
    told = await centre.stored(
        EVENTS.format("'TalkEnded', 'SurveyBegun', 'MenuEnded', 'CallEnded'"), await centre.call_id(caller), count=4
    )
    assert [row["type"] for row in told][:2] == ["TalkEnded", "SurveyBegun"]
    assert "unrated" in next(row["payload"] for row in told if row["type"] == "MenuEnded")
    [call] = await centre.of(caller, "select outcome from calls where call_id = ? and ended_at is not null")
    assert call["outcome"] == "answered"
    await centre.until(lambda live: not live["calls"] and not live["alarms"], "nothing is left of the call")


async def test_who_wants_a_person_after_all_waits_once_more(centre: LiveCentre) -> None:
    caller = await talked_with(centre)
    await caller.hears(prompt("ru", "survey-pleased"), within=10)
    await centre.duty("anna", "paused", "break")
    await caller.press("0")
    await centre.until(
        lambda live: [(call["state"], call["queue"]) for call in live["calls"]] == [("waiting", "operator")],
        "the caller waits for an operator",
        within=10,
    )


async def test_a_service_that_dies_while_it_asks_strands_nobody(centre: LiveCentre) -> None:
    """The question is said to its end, a digit waited for, and then nobody is there to hear of it."""
    caller = await talked_with(centre)
    await caller.hears(prompt("ru", "survey-pleased"), within=10)
    await kill(centre)
    question = read_wav(runtime.asterisk_dirs().sounds / "ru" / "al" / "survey-pleased.wav")
    assert (await caller.ended(within=len(question) / RATE + WAIT + SLACK)).by == "them"
    await restart(centre)
    [call] = await centre.of(caller, "select outcome from calls where call_id = ? and ended_at is not null", within=15)
    assert call["outcome"] == "answered"
    await centre.until(lambda live: not live["calls"] and agent(live, "anna")["call_id"] is None, "nothing is left")
