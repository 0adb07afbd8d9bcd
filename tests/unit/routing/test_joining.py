"""Who is drawn into a talk: an interpreter, a region's coordinator, somebody of a queue?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from calls.needs import parse_needs
from routing.agent import Agent, AgentState
from routing.joining import Talk, of_queue, unasked
from routing.waiting import Queue
from tests.builders import NOON, a_profile, a_queue, an_agent, seconds

OPERATORS = a_queue("operators", needs=parse_needs("desk:operator=1"))
DOCTORS = a_queue("doctors", needs=parse_needs("desk:approvals=5"))
BORIS = an_agent("boris", "lang:en=2&lang:ru=9", since=NOON - seconds(90))
CLARA = an_agent("clara", "lang:en=9", since=NOON - seconds(120))
NINA = an_agent("nina", "lang:en=6&lang:ru=9")
LEILA = an_agent("leila", "lang:ru=9&region:kazan=9", "doctor")


def a_talk(skills: str = "lang:ru=9", **given: Any) -> Talk:
    """Anna, at head office, talks with a caller who speaks Russian."""
    return replace(Talk(call_id="call-1", talker=a_profile("anna", skills), lang="ru"), **given)


def joins(talk: Talk, *agents: Agent, queues: Iterable[Queue] = (OPERATORS,)) -> list[str]:
    return unasked(talk, {agent.profile.agent_id: agent for agent in agents}, queues, NOON)


def busy(agent: Agent, state: AgentState = AgentState.TALKING, call_id: str = "call-2") -> Agent:
    return replace(agent, state=state, call_id=call_id)


def test_an_interpreter_speaks_both_languages_and_has_been_idle_longest() -> None:
    english = a_talk(lang="en", interpreter=True)
    assert joins(english, NINA, CLARA, BORIS) == ["boris"]
    assert joins(english, NINA, CLARA, busy(BORIS)) == ["nina"]
    assert joins(english, CLARA) == [], "speaks with the caller, and not with the agent"


@pytest.mark.parametrize(
    "talk",
    [
        a_talk(lang="ru", interpreter=True),
        a_talk(lang="", interpreter=True),
        a_talk(lang="en", interpreter=False),
    ],
    ids=["understood", "language unknown", "not promised"],
)
def test_no_interpreter_joins_where_none_is_needed_or_promised(talk: Talk) -> None:
    assert joins(talk, BORIS, NINA) == []


def test_nobody_is_rung_twice_for_one_talk() -> None:
    english = a_talk(lang="en", interpreter=True)
    assert joins(replace(english, rung=frozenset({"boris"})), BORIS, NINA) == ["nina"]
    assert joins(replace(english, rung=frozenset({"boris", "nina"})), BORIS, NINA) == []


@pytest.mark.parametrize("state", [AgentState.RINGING, AgentState.TALKING])
def test_no_second_interpreter_joins_while_the_first_is_rung_or_takes_part(state: AgentState) -> None:
    english = a_talk(lang="en", interpreter=True, rung=frozenset({"boris"}))
    assert joins(english, busy(BORIS, state, "call-1"), NINA) == []
    assert joins(english, busy(BORIS, state, "call-2"), NINA) == ["nina"]


def test_the_coordinator_joins_a_call_of_the_region_that_somebody_else_has() -> None:
    kazan = a_talk(region="kazan", coordinator="leila")
    assert joins(kazan, BORIS, LEILA) == ["leila"]
    assert joins(replace(kazan, rung=frozenset({"leila"})), LEILA) == []
    assert joins(kazan, busy(LEILA), replace(LEILA, profile=a_profile("rustam", "region:kazan=9"))) == []


def test_no_coordinator_joins_somebody_of_the_region() -> None:
    assert joins(a_talk("lang:ru=9&region:kazan=2", region="kazan", coordinator="leila"), LEILA) == []


def test_a_coordinator_who_interprets_is_enough_and_one_who_does_not_is_joined_by_an_interpreter() -> None:
    talk = a_talk(lang="en", interpreter=True, region="kazan", coordinator="leila")
    assert joins(talk, BORIS, LEILA) == ["leila", "boris"]
    speaks = an_agent("leila", "lang:en=3&lang:ru=9&region:kazan=9")
    assert joins(talk, BORIS, speaks) == ["leila"]


@pytest.mark.parametrize(
    ("nurses", "emergency", "chosen"),
    [(0, False, "nina"), (1, False, "boris"), (0, True, "boris")],
    ids=["kept", "not the last", "an emergency"],
)
def test_whom_an_emergency_queue_keeps_joins_its_own_callers_alone(nurses: int, emergency: bool, chosen: str) -> None:
    queues = [OPERATORS, a_queue("emergency", emergency=True, needs=parse_needs("grade:nurse=1"), reserve=1)]
    nurse = an_agent("boris", "lang:en=2&lang:ru=9", "nurse", since=NOON - seconds(90))
    others = [an_agent(f"nurse{number}", "", "nurse") for number in range(nurses)]
    talk = a_talk(lang="en", interpreter=True, emergency=emergency)
    assert joins(talk, nurse, NINA, *others, queues=queues) == [chosen]


@pytest.mark.parametrize(("lang", "chosen"), [("ru", "galina"), ("en", "ivan"), ("az", None), ("", "galina")])
def test_who_is_asked_for_is_of_the_queue_speaks_the_language_and_has_been_idle_longest(
    lang: str, chosen: str | None
) -> None:
    agents = [
        an_agent("boris", "lang:en=9&lang:ru=9&lang:az=9", since=NOON - seconds(999)),
        an_agent("galina", "desk:approvals=8&lang:ru=9", since=NOON - seconds(120)),
        an_agent("ivan", "desk:approvals=7&lang:en=7&lang:ru=9"),
    ]
    by_id = {agent.profile.agent_id: agent for agent in agents}
    assert of_queue(DOCTORS, lang, by_id, [DOCTORS], NOON, emergency=False) == chosen
