"""Which words does a waiting caller hear of place and wait, and who hears none?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.announcing import WAIT_INSTEAD, look
from app.deciding import decide
from app.state import Centre
from app.time_alone import tick
from calls.call import INTERNAL_LINE, Call, CallState
from calls.commands import Announce
from calls.events import Duty, Tick, VoicemailBegun
from calls.hours import Hours
from calls.needs import parse_needs
from routing.agent import Agent, AgentState
from routing.estimate import Estimate
from routing.telling import EVERY, FIRST_AFTER
from routing.waiting import WaitingCall
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import CONFIGURATION, a_centre, handle

FIRST, AGAIN = FIRST_AFTER.total_seconds(), EVERY.total_seconds()
ANNA = an_agent("anna", "lang:ru=9&lang:en=9&desk:operator=9", state=AgentState.TALKING, call_id="talk")


def who_waits(call_id: str, after: float = 0.0, **given: Any) -> Call:
    at = NOON + seconds(after)
    fields = {"state": CallState.WAITING, "queue": "operator", "lang": "ru", "queued_at": at, "waiting_since": at}
    return a_call(call_id, **{**fields, **given})


def a_full_house(*calls: Call, agents: tuple[Any, ...] = (ANNA,)) -> Centre:
    """Callers who wait while the only agent talks."""
    centre = a_centre(None, *agents)
    centre.calls.update({call.call_id: call for call in calls})
    centre.keep_floor(NOON)
    return centre


def told(centre: Centre, after: float) -> dict[str, str]:
    """What is said to whom."""
    centre.keep_floor(NOON + seconds(after))
    found = list(look(centre, NOON + seconds(after)))
    assert all(isinstance(one, Announce) for one in found)
    return {one.call_id: " ".join(one.pieces) for one in found}


def gone(centre: Centre, call_id: str) -> None:
    del centre.calls[call_id]


def test_a_caller_is_told_place_and_wait_after_a_while_and_then_now_and_again() -> None:
    centre = a_full_house(who_waits("one"), who_waits("two", after=1))
    assert told(centre, FIRST - 0.1) == {}
    first = told(centre, FIRST)
    assert first.keys() == {"one"} and first["one"].startswith("position-next wait-is num-")
    assert told(centre, FIRST + 1)["two"].startswith("position-is num-2 wait-is num-")
    assert told(centre, FIRST + AGAIN - 0.1) == {}
    assert told(centre, FIRST + AGAIN).keys() == {"one"}


def test_the_words_are_those_of_the_callers_language() -> None:
    centre = a_full_house(who_waits("one"), who_waits("two", lang="en"))
    both = told(centre, FIRST)
    assert "minute-many" in both["one"] or "minute-few" in both["one"]
    assert "minute-other" in both["two"]


def test_who_moves_up_is_told_so() -> None:
    centre = a_full_house(who_waits("one"), who_waits("two", after=1))
    told(centre, FIRST + 1)
    gone(centre, "one")
    assert told(centre, FIRST + AGAIN + 1)["two"].startswith("position-next")


@pytest.mark.parametrize(
    "call",
    [
        who_waits("one", queue="emergency", line="emergency"),
        who_waits("one", line=INTERNAL_LINE),
        who_waits("one", lang="fr"),
        who_waits("one", state=CallState.FALLBACK),
        who_waits("one", state=CallState.LAST_RESORT),
        who_waits("one", state=CallState.RINGING),
    ],
)
def test_who_hears_no_music_of_ours_or_waits_for_help_in_need_is_told_nothing(call: Call) -> None:
    nurse = replace(ANNA, profile=an_agent("anna", "lang:ru=9&desk:operator=9", "nurse").profile)
    assert told(a_full_house(call, agents=(nurse,)), 3 * AGAIN) == {}


def test_where_nobody_on_duty_can_serve_them_nothing_is_told() -> None:
    assert told(a_full_house(who_waits("one"), agents=()), 3 * AGAIN) == {}


def test_a_fault_costs_neither_the_tick_nor_what_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    centre = a_full_house(who_waits("one"), who_waits("two", after=1))
    estimate = centre.estimator.estimate

    def faulty(call: WaitingCall, now: datetime) -> Estimate | None:
        return estimate(call, now) if call.call_id == "two" else 1 / 0  # type: ignore[return-value]

    monkeypatch.setattr(centre.estimator, "estimate", faulty)
    results = [list(tick(centre, Tick(at=NOON + seconds(FIRST + 1 + turn)))) for turn in range(2)]
    assert [one.call_id for result in results for one in result if isinstance(one, Announce)] == ["two"]


def test_what_was_told_is_forgotten_with_the_call() -> None:
    centre = a_full_house(who_waits("one"))
    told(centre, FIRST)
    gone(centre, "one")
    told(centre, FIRST + 1)
    assert centre.told == {}


ON_A_BREAK = an_agent("anna", "lang:ru=9&desk:operator=9", duty=Duty.PAUSED, reason="lunch", state=AgentState.PAUSED)
OFF = an_agent("anna", "lang:ru=9&desk:operator=9", duty=Duty.OFF, state=AgentState.OFFLINE)
ANOTHER_DESK = an_agent("anna", "lang:ru=9&desk:claims=9")
ASKS = parse_needs("desk:operator=1&lang:ru=1")


def offered(call: Call, agent: Agent, hours: Hours | None = None) -> list[tuple[str, ...]]:
    """What a caller is told who begins to leave a message."""
    centre = a_full_house(replace(call, needs=ASKS), agents=(agent,))
    operator = replace(CONFIGURATION.queues["operator"], hours=hours)
    queues = {**CONFIGURATION.queues, "operator": operator}
    centre.adopt(replace(CONFIGURATION, queues=queues), dict(centre.agents), NOON)
    list(decide(centre, Tick(at=NOON)))
    results = handle(centre, VoicemailBegun(at=NOON, call_id=call.call_id))
    return [one.pieces for one in results if isinstance(one, Announce)]


@pytest.mark.parametrize(
    ("agent", "offer"),
    [(ANNA, [(WAIT_INSTEAD,)]), (ON_A_BREAK, [(WAIT_INSTEAD,)]), (OFF, []), (ANOTHER_DESK, [])],
    ids=["busy", "on a break", "off duty", "of another desk"],
)
def test_who_is_at_a_message_is_offered_to_wait_where_somebody_may_come(agent: Agent, offer: list[Any]) -> None:
    for state in (CallState.LAST_RESORT, CallState.FALLBACK):
        assert offered(who_waits("one", state=state), agent) == offer


def test_nobody_is_offered_to_wait_in_a_closed_queue_or_in_none() -> None:
    resort = who_waits("one", state=CallState.LAST_RESORT)
    assert offered(resort, ANNA, Hours(zone=ZoneInfo("UTC"), weekly=((),) * 7)) == []
    assert offered(a_call("one"), ANNA) == []
