"""Which faults could routing have, and which law does each of them break? A replacement of text in one file each.

The text must be found exactly once: tests/mutants/test_faults.py holds this list against the code. Longer than 300
lines, since it is one list, looked up and not read through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]

OTHER_PROCESS: Final = "test_another_process_decides_alike_whatever_its_hashes_are"


class Fault(NamedTuple):
    """In ``file`` ``old`` becomes ``new``; ``law`` is one of tests/unit/routing/laws.py, or a test beside it."""

    name: str
    file: str
    old: str
    new: str
    law: str


def occurrences(fault: Fault) -> int:
    """How often the old text stands in its file; anything but one makes the fault stale."""
    return (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old)


AGENT, ASSIGN, CLASSES, FLOOR = "routing/agent.py", "routing/assign.py", "routing/classes.py", "routing/floor.py"
OVERFLOW, RELAXING, ROSTER = "routing/overflow.py", "routing/relaxing.py", "routing/roster.py"
SELECTION, DECIDING, HANDLERS = "routing/selection.py", "app/deciding.py", "app/handlers.py"

FAULTS: Final = (
    # --- who comes first
    Fault(
        "an emergency is a call like any other",
        CLASSES,
        "self.usual = not queue.emergency",
        "self.usual = True",
        "emergency_before_all",
    ),
    Fault(
        "waited x target instead of waited / target",
        CLASSES,
        "self.target = queue.target_seconds",
        "self.target = 1 / queue.target_seconds",
        "the_most_endangered_first",
    ),
    Fault(
        "the last to come of a class is its head",
        FLOOR,
        "waiter.alike.waiting.put(waiter.queued, call.call_id)",
        "waiter.alike.waiting.put(-waiter.queued, call.call_id)",
        "first_come_first_served",
    ),
    Fault(
        "whoever was sent on loses the old place",
        FLOOR,
        "self.queued = moment(call.queued_at)",
        "self.queued = moment(call.waiting_since)",
        "first_come_first_served",
    ),
    # --- which agent
    Fault(
        "one agent more than the reserve may be taken",
        CLASSES,
        "all(len(reserve.free) > reserve.keep for",
        "all(len(reserve.free) >= reserve.keep for",
        "the_reserve_is_kept_for_emergencies",
    ),
    Fault(
        "the preferred agent is one of many",
        SELECTION,
        "        if (wished := _preferred(floor, waiter)) is not None:\n            return wished\n",
        "",
        "the_preferred_agent_is_tried_first",
    ),
    Fault(
        "whoever missed the call is rung rather than others",
        SELECTION,
        "_least_wanted(found or missed[:COMPARED])",
        "_least_wanted(missed[:COMPARED] or found)",
        "whoever_missed_a_call_gets_it_again_only_if_nobody_else_can",
    ),
    Fault(
        "the shortest idle is rung",
        ROSTER,
        "profile.give(moment(agent.since), agent_id)",
        "profile.give(-moment(agent.since), agent_id)",
        "of_agents_alike_the_longest_idle_is_rung",
    ),
    Fault(
        "levels do not matter",
        AGENT,
        "has == skill and at >= level for",
        "has == skill for",
        "only_an_agent_who_can_serve_the_call_and_is_free_is_rung",
    ),
    Fault(
        "a doctor is no nurse",
        AGENT,
        "grades.index(profile.grade) >= grades.index(Grade(name))",
        "grades.index(profile.grade) == grades.index(Grade(name))",
        "no_emergency_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "ties are broken by the order of hashes",
        SELECTION,
        "key=lambda one: (one[2].wanted_elsewhere(), one[0], one[1])",
        "key=lambda one: hash(one[1])",
        OTHER_PROCESS,
    ),
    Fault(
        "ties are broken by the order of addresses in memory",
        SELECTION,
        "key=lambda one: (one[2].wanted_elsewhere(), one[0], one[1])",
        "key=lambda one: id(one[2]) // 64 % 5",
        "the_same_facts_give_the_same_decisions",
    ),
    # --- agents are taken, rest and write up
    Fault(
        "the agent of a decision stays free for the next",
        ASSIGN,
        "return None\n    floor.roster.take(choice.profile, choice.agent_id)\n",
        "return None\n",
        "no_agent_is_double_booked",
    ),
    Fault(
        "the engine does not reserve whom it rings",
        DECIDING,
        "centre.agents[agent_id] = agents.reserve(agent, call.call_id, ring.attempt, at, yields=yields)",
        "centre.agents[agent_id] = agent",
        "no_agent_is_double_booked",
    ),
    Fault(
        "whose ring has given way counts as free",
        HANDLERS,
        "            if agent.call_id is None:\n",
        "            if agent is None:\n",
        "no_agent_is_double_booked",
    ),
    Fault(
        "the pause after a ring in vain is not looked at",
        AGENT,
        "not agent.phone_in_use and rested",
        "not agent.phone_in_use",
        "only_an_agent_who_can_serve_the_call_and_is_free_is_rung",
    ),
    Fault(
        "there is no pause after a ring in vain",
        AGENT,
        "USUAL_BACK_OFF: Final = timedelta(seconds=5)",
        "USUAL_BACK_OFF: Final = timedelta(seconds=0)",
        "whoever_did_not_answer_is_left_alone_for_a_while",
    ),
    Fault(
        "an emergency rings a busy phone as fast as it refuses",
        AGENT,
        "LEAST_BACK_OFF: Final = timedelta(seconds=1)",
        "LEAST_BACK_OFF: Final = timedelta(seconds=0)",
        "whoever_did_not_answer_is_left_alone_for_a_while",
    ),
    Fault(
        "wrap-up is skipped",
        HANDLERS,
        "queue.wrap_up_seconds if queue else 0",
        "0",
        "a_talk_is_written_up_before_the_next",
    ),
    Fault(
        "wrap-up never ends",
        AGENT,
        "or at < agent.wrap_up_until:",
        "or agent.duty is Duty.READY:",
        "everybody_is_served_in_the_end",
    ),
    Fault(
        "a trainee's answers are not counted",
        AGENT,
        "return replace(agent, not_before=_hour_full_until(agent))",
        "return replace(agent, not_before=None)",
        "a_trainee_takes_no_more_than_their_hour_allows",
    ),
    Fault(
        "nobody is paused who does not answer",
        "routing/misses.py",
        "0 < queue.misses_before_pause <= agent.misses",
        "0 < queue.misses_before_pause < agent.misses",
        "whoever_misses_too_often_is_rung_no_more",
    ),
    # --- several are rung together
    Fault(
        "who was not the quickest is kept",
        "app/people.py",
        "centre.agents[event.agent_id] = agents.released(agent, event.at, 0)",
        "centre.agents[event.agent_id] = agent",
        "whoever_was_not_the_quickest_is_free_and_has_missed_nothing",
    ),
    Fault(
        "who was not the quickest has missed the call",
        "app/people.py",
        "agents.released(agent, event.at, 0)",
        'agents.not_reached(agent, event.call_id, "NOANSWER", event.at)',
        "whoever_was_not_the_quickest_is_free_and_has_missed_nothing",
    ),
    Fault(
        "of several who ring together only the first is reserved",
        DECIDING,
        "    for agent_id in together:\n",
        "    for agent_id in together[:1]:\n",
        "no_agent_is_double_booked",
    ),
    Fault(
        "the second phone that rings frees the first",
        HANDLERS,
        "together=event.attempt or None",
        "together=None",
        "whoever_rings_or_talks_is_known_to",
    ),
    Fault(
        "who rings besides stays free for the next",
        ASSIGN,
        "        floor.roster.take(choice.profile, choice.agent_id)\n        besides",
        "        besides",
        "no_agent_is_double_booked",
    ),
    Fault(
        "who is outside rings together with others",
        ASSIGN,
        "or is_outside(floor.agents[ring.agent_id])",
        "",
        "nobody_rings_together_with_who_is_preferred_or_outside",
    ),
    # --- who waits on though nobody need
    Fault(
        "it is not seen that somebody has become free",
        ROSTER,
        "self.free[profile] = self.freed[profile] = None",
        "self.free[profile] = None",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "it is not seen that the reserve is full again",
        ROSTER,
        "self.freed.update(dict.fromkeys(reserve.free.values()))",
        "pass",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "the end of a pause is not waited for",
        ROSTER,
        "self._waking.put(min(ahead), agent.profile.agent_id)",
        "pass",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "the next step of relaxation is not waited for",
        FLOOR,
        "self._later.put(following, call.call_id)",
        "pass",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "the deadline of agents is told to nobody",
        FLOOR,
        "(self._later.first and self._later.first[0], self.roster.next_deadline())",
        "(self._later.first and self._later.first[0],)",
        "time_alone_decides_nothing_before_its_deadline",
    ),
    Fault(
        "the end of a queue's hours is told to nobody",
        FLOOR,
        "ahead.append(moment(self._next_minute))",
        "pass",
        "time_alone_decides_nothing_before_its_deadline",
    ),
    Fault(
        "patience never ends",
        FLOOR,
        "and (at - waiter.since) / SECOND < queue.preferred_seconds",
        "and queue.preferred_seconds > 0",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "an emergency waits for a step before which nobody could serve it",
        FLOOR,
        "if queue.emergency and not call.in_fallback and not alike.somebody_on_duty():",
        "if False:",
        "no_emergency_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "an emergency asks for less though who meets its needs has come",
        ROSTER,
        "self.shifted |= _ready_in(before) is not _ready_in(after)",
        "pass",
        "only_an_agent_who_can_serve_the_call_and_is_free_is_rung",
    ),
    Fault(
        "relaxation raises needs",
        RELAXING,
        "suffices = min(level, ",
        "suffices = max(level, ",
        "no_other_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "relaxation counts from the first wait",
        FLOOR,
        "self.since = moment(call.waiting_since)",
        "self.since = moment(call.queued_at)",
        "only_an_agent_who_can_serve_the_call_and_is_free_is_rung",
    ),
    Fault(
        "no emergency disturbs a wrap-up",
        ROSTER,
        "elif rests(agent, now):",
        "elif False:",
        "no_emergency_caller_waits_while_somebody_is_free",
    ),
    Fault(
        "no ring gives way to an emergency",
        ROSTER,
        "elif gives_way(agent):",
        "elif False:",
        "no_emergency_caller_waits_while_somebody_is_free",
    ),
    # --- calls come and go
    Fault(
        "whoever is rung for waits on with the router",
        "app/state.py",
        "            self.floor.drop(call_id)\n",
        "",
        "no_call_is_lost",
    ),
    Fault(
        "a call that has ended is kept",
        HANDLERS,
        "    del centre.calls[event.call_id]\n",
        "",
        "no_call_is_lost",
    ),
    Fault(
        "an abandoned emergency ends twice",
        HANDLERS,
        "yield AlarmRaised(at=event.at, call_id=call.call_id, queue=call.queue)",
        "yield event",
        "each_call_ends_once",
    ),
    Fault(
        "a call goes round between queues",
        OVERFLOW,
        "rule.to not in call.overflowed and ",
        "",
        "nobody_is_sent_the_same_way_twice",
    ),
    Fault(
        "a long wait is over at once",
        OVERFLOW,
        "return holds and standing.waited >= rule.after_seconds",
        "return holds",
        "nobody_is_sent_away_before_their_time",
    ),
    Fault(
        "a queue is full with one caller less",
        OVERFLOW,
        "standing.ahead >= rule.limit",
        "standing.ahead + 1 >= rule.limit",
        "nobody_is_sent_away_before_their_time",
    ),
    Fault(
        "a colleague on a break will not come back",
        CLASSES,
        "any(profile.there_for_others() for profile in self.profiles)",
        "any(profile.ready for profile in self.profiles)",
        "nobody_is_sent_away_before_their_time",
    ),
)
