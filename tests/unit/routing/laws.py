"""What must hold in every centre, whatever happens in it? Each law is one function with the law as its name.

Longer than 300 lines, since it is one list of laws, looked up and not read through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from calls.call import CallState
from calls.events import AnsweredElsewhere, CallEnded, Duty, Tick
from calls.needs import Needs
from routing.agent import Agent, AgentState
from routing.assign import LastResort, Overflowed, Ring
from routing.waiting import Overflow, Queue, Target, WaitingCall, When
from tests.builders import seconds
from tests.unit.routing.happenings import closes, replay
from tests.unit.routing.house import House
from tests.unit.routing.sample_centre import CLOSES, QUEUES
from tests.unit.routing.watch import (
    LEFT_ALONE,
    RESERVED,
    Watch,
    can_serve,
    is_free,
    needs_now,
    only_rests,
    open_to_others,
    rings_for_no_emergency,
    would_take,
)

Law = Callable[[Watch], None]
HOUR: Final = timedelta(hours=1)


# --- calls ------------------------------------------------------------------------------------------------------------


def no_call_is_lost(watch: Watch) -> None:
    """Whoever has come is known until they are gone, and waits with the router exactly when they want an agent."""
    centre = watch.house.centre
    assert set(centre.calls) == watch.started - set(watch.ended)
    if isinstance(watch.asking.fact, Tick):
        assert set(centre.floor.waiting) == {call.call_id for call in centre.waiting()}
        for call_id, channel in watch.house.channels.items():
            call = centre.calls[call_id]
            assert call_id in watch.decided or call.state is channel.state
            if call.state in (CallState.RINGING, CallState.TALK) and QUEUES[call.queue].ring_at_once == 1:
                assert call.agent_id == channel.agent


def each_call_ends_once(watch: Watch) -> None:
    fact = watch.asking.fact
    assert not isinstance(fact, CallEnded) or watch.ended[fact.call_id] == 1
    assert not watch.decided & set(watch.ended)
    assert len(watch.decided) == len(watch.asking.decisions)


def nobody_is_sent_the_same_way_twice(watch: Watch) -> None:
    """And emergencies are led to people only."""
    for one in watch.asking.decisions:
        if isinstance(one, Overflowed):
            call = watch.asking.waiting[one.call_id]
            assert one.to not in call.overflowed
            assert not QUEUES[call.queue].emergency or one.to in (Target.QUEUE, Target.RESERVE)


def nobody_is_sent_away_before_their_time(watch: Watch) -> None:
    """A call leaves its queue by a rule whose time has come, or for the last resort."""
    for one in watch.asking.decisions:
        if not isinstance(one, LastResort | Overflowed):
            continue
        call = watch.asking.waiting[one.call_id]
        queue = QUEUES[call.queue]
        needs, waited = needs_now(watch, call), (watch.at - call.waiting_since).total_seconds()
        on_duty = somebody_on_duty(watch, queue, needs)
        if isinstance(one, LastResort):
            assert not on_duty or (queue.emergency and queue.last_resort.mobile)
            waited = (watch.at - (call.back_since or call.waiting_since)).total_seconds()
            assert waited >= queue.last_resort.after_seconds or (queue.emergency and not on_duty)
        else:
            rules = [rule for rule in queue.overflow if rule.to == one.to]
            assert any(applies(rule, watch, call, waited, on_duty=on_duty) for rule in rules)


def somebody_on_duty(watch: Watch, queue: Queue, needs: Needs) -> bool:
    """For others than emergencies also people on a break who come back, but not those whom the reserve keeps."""
    reachable = [one for one in watch.asking.agents.values() if one.reachable]
    if queue.emergency:
        return any(one.duty is Duty.READY and can_serve(one.profile, needs) for one in reachable)
    there = [one for one in reachable if comes_back(watch, one)]
    reserved = sum(can_serve(one.profile, RESERVED.needs) for one in there)
    kept = RESERVED.needs if reserved <= RESERVED.reserve else (("nobody:at-all", 1),)
    return any(can_serve(one.profile, needs) and not can_serve(one.profile, kept) for one in there)


def comes_back(watch: Watch, agent: Agent) -> bool:
    """Not off duty, not paused since they do not answer, and with room for a call in their hour as a trainee."""
    cap, answered = agent.profile.calls_per_hour, watch.answered[agent.profile.agent_id]
    full = cap is not None and sum(watch.at - at < HOUR for at in answered) >= cap
    return not full and agent.duty is not Duty.OFF and (agent.duty is Duty.READY or agent.reason != "no-answer")


def applies(rule: Overflow, watch: Watch, call: WaitingCall, waited: float, *, on_duty: bool) -> bool:
    if rule.when is When.FULL:
        others = [one for one in watch.asking.waiting.values() if one.queue == call.queue]
        return sum(one.queued_at < call.queued_at for one in others) >= rule.limit
    closed = 60 * watch.at.hour + watch.at.minute >= CLOSES
    holds = {When.LONG: True, When.NOBODY: not on_duty, When.CLOSED: closed}[rule.when]
    return holds and waited >= rule.after_seconds


# --- agents -----------------------------------------------------------------------------------------------------------


def no_agent_is_double_booked(watch: Watch) -> None:
    centre = watch.house.centre
    for call_id in {agent.call_id for agent in centre.agents.values() if agent.call_id}:
        several = [agent for agent in centre.agents.values() if agent.call_id == call_id]
        assert len(several) == 1 or rung_together(watch, call_id, several), "two agents for one call"
    gives_way = {ring.after for ring in centre.rings.values()}
    asked = [ring for call_id, ring in centre.rings.items() if call_id not in gives_way]
    rung = [agent_id for ring in asked for agent_id in (ring.agent_id, *ring.besides)]
    assert len(rung) == len(set(rung)), "one agent is asked for twice"
    chosen = [one for one in watch.asking.decisions if hasattr(one, "agent_id")]
    assert len(watch.taken) == sum(1 + len(getattr(one, "besides", ())) for one in chosen), "one agent for two calls"
    assert all(ring.agent.call_id is None or ring.gives_way for ring in watch.rings), "an agent with a call is rung"


def whoever_rings_or_talks_is_known_to(watch: Watch) -> None:
    """An agent who has a leg is nobody's to be rung, be it one of several; when all news has come."""
    agents = watch.house.centre.agents
    for channel in watch.house.channels.values() if isinstance(watch.asking.fact, Tick) else ():
        if channel.state in (CallState.RINGING, CallState.TALK) and channel.call_id not in watch.decided:
            assert all(agents[agent_id].call_id for agent_id in channel.rung)


def rung_together(watch: Watch, call_id: str, several: list[Agent]) -> bool:
    """Whether these have one ring, and are no more than the queue has ring at once."""
    one_ring = {(agent.state, agent.attempt) for agent in several}
    queue = QUEUES[watch.house.centre.calls[call_id].queue]
    return one_ring == {(AgentState.RINGING, several[0].attempt)} and 1 < len(several) <= queue.ring_at_once


def whoever_was_not_the_quickest_is_free_and_has_missed_nothing(watch: Watch) -> None:
    """As measured from the facts, not from what the agent's value says."""
    fact = watch.asking.fact
    if isinstance(fact, AnsweredElsewhere):
        agent = watch.asking.agents[fact.agent_id]
        assert agent.call_id != fact.call_id
        assert agent.misses == watch.misses[fact.agent_id]


def nobody_rings_together_with_who_is_preferred_or_outside(watch: Watch) -> None:
    """Who has missed this very call is preferred no more."""
    for one in watch.asking.decisions:
        together = [one.agent_id, *one.besides] if isinstance(one, Ring) and one.besides else []
        assert all(watch.asking.agents[agent_id].profile.extension for agent_id in together)
        if together and not QUEUES[watch.asking.waiting[one.call_id].queue].emergency:
            first = watch.asking.agents[together[0]]
            wished = watch.asking.waiting[one.call_id].preferred == together[0]
            assert not wished or first.missed == one.call_id


def only_an_agent_who_can_serve_the_call_and_is_free_is_rung(watch: Watch) -> None:
    """Free, or for an emergency at rest, or with a ring that gives way."""
    for ring in watch.rings:
        assert can_serve(ring.agent.profile, ring.needs)
        yields = only_rests(ring.agent, watch.at) or rings_for_no_emergency(watch, ring.agent)
        assert is_free(ring.agent, watch.at) or (ring.queue.emergency and yields)


def whoever_did_not_answer_is_left_alone_for_a_while(watch: Watch) -> None:
    """As measured from the fact, not from what the agent's value says."""
    for ring in watch.rings:
        missed = watch.in_vain.get(ring.agent.profile.agent_id)
        if missed is not None:
            rest = 1.0 if ring.queue.emergency else LEFT_ALONE[missed.dial_status]
            assert watch.at - missed.at >= seconds(rest)


def a_talk_is_written_up_before_the_next(watch: Watch) -> None:
    for ring in watch.rings:
        until = watch.wrap_up.get(ring.agent.profile.agent_id)
        assert until is None or ring.queue.emergency or watch.at >= until


def whoever_misses_too_often_is_rung_no_more(watch: Watch) -> None:
    for ring in watch.rings:
        assert ring.agent.profile.agent_id not in watch.silent


def a_trainee_takes_no_more_than_their_hour_allows(watch: Watch) -> None:
    for ring in watch.rings:
        cap = ring.agent.profile.calls_per_hour
        if cap is not None and not ring.queue.emergency:
            answered = watch.answered[ring.agent.profile.agent_id]
            assert sum(watch.at - at < HOUR for at in answered) < cap


# --- who comes first --------------------------------------------------------------------------------------------------


def emergency_before_all(watch: Watch) -> None:
    for ring in watch.rings:
        for other in ring.undecided if not ring.queue.emergency else ():
            in_need = QUEUES[other.queue].emergency
            assert not (in_need and would_take(watch, other, ring.agent))


def first_come_first_served(watch: Watch) -> None:
    """Of callers in one queue with equal needs."""
    for ring in watch.rings:
        for other in ring.undecided:
            alike = other.queue == ring.call.queue and needs_now(watch, other) == ring.needs
            if alike and other.queued_at < ring.call.queued_at:
                assert not would_take(watch, other, ring.agent)


def the_most_endangered_first(watch: Watch) -> None:
    """Nobody is overtaken by one who has waited a smaller share of their target.

    So nobody starves: a caller who has waited ``w`` of target ``T`` is overtaken in a queue of target ``t`` only by
    those who came before ``w * t / T`` ago, and by emergencies. Who comes later never gets before them.
    """

    def share(call: WaitingCall) -> float:
        return (watch.at - call.queued_at).total_seconds() / QUEUES[call.queue].target_seconds

    for ring in watch.rings:
        for other in ring.undecided if not ring.queue.emergency else ():
            if not QUEUES[other.queue].emergency and share(other) > share(ring.call):
                assert not would_take(watch, other, ring.agent)


def no_emergency_caller_waits_while_somebody_is_free(watch: Watch) -> None:
    """Somebody who can serve them, be they at rest or rung for somebody in no emergency."""
    nobody_waits_while_somebody_is_free(watch, emergency=True)


def no_other_caller_waits_while_somebody_is_free(watch: Watch) -> None:
    """But for the reserve, and as long as the patience lasts for an agent whom the caller prefers."""
    nobody_waits_while_somebody_is_free(watch, emergency=False)


def nobody_waits_while_somebody_is_free(watch: Watch, *, emergency: bool) -> None:
    if not watch.asking.asked:
        return
    waiting = [call for call in watch.asking.waiting.values() if QUEUES[call.queue].emergency is emergency]
    agents = [agent for agent_id, agent in watch.asking.agents.items() if agent_id not in watch.taken]
    idle = [agent for agent in agents if is_free(agent, watch.at)]
    offered = [agent for agent in idle if emergency or open_to_others(agent, idle, watch.at)]
    if emergency:
        offered += [agent for agent in agents if only_rests(agent, watch.at) or rings_for_no_emergency(watch, agent)]
    for agent in offered:
        assert not any(call.call_id not in watch.decided and would_take(watch, call, agent) for call in waiting)


# --- which agent ------------------------------------------------------------------------------------------------------


def the_reserve_is_kept_for_emergencies(watch: Watch) -> None:
    for ring in watch.rings:
        if not ring.queue.emergency:
            assert open_to_others(ring.agent, [ring.agent, *ring.untaken], watch.at)


def the_preferred_agent_is_tried_first(watch: Watch) -> None:
    for ring in watch.rings:
        wished = next((one for one in ring.untaken if one.profile.agent_id == ring.call.preferred), None)
        if wished is None or wished.missed == ring.call.call_id or not is_free(wished, watch.at):
            continue
        if ring.queue.emergency or open_to_others(wished, [ring.agent, *ring.untaken], watch.at):
            assert not can_serve(wished.profile, ring.needs)


def whoever_missed_a_call_gets_it_again_only_if_nobody_else_can(watch: Watch) -> None:
    for ring in watch.rings:
        if ring.agent.missed != ring.call.call_id:
            continue
        for other in ring.untaken:
            fresh = other.missed != ring.call.call_id and is_free(other, watch.at)
            fresh = fresh and not (ring.besides and other.profile.extension is None)
            offered = ring.queue.emergency or open_to_others(other, [ring.agent, *ring.untaken], watch.at)
            assert not (fresh and offered and can_serve(other.profile, ring.needs))


def of_agents_alike_the_longest_idle_is_rung(watch: Watch) -> None:
    for ring in watch.rings:
        if ring.agent.profile.agent_id == ring.call.preferred or not is_free(ring.agent, watch.at):
            continue
        for other in ring.untaken:
            alike = (other.profile.skills, other.profile.grade) == (ring.agent.profile.skills, ring.agent.profile.grade)
            equal = alike and other.missed != ring.call.call_id and is_free(other, watch.at)
            assert not equal or ring.agent.since <= other.since


def time_alone_decides_nothing_before_its_deadline(watch: Watch) -> None:
    """What the floor says of when to ask again is true: whoever sleeps until then misses nothing."""
    asking = watch.asking
    if watch.before == (asking.waiting, asking.agents) and asking.decisions:
        assert asking.deadline is not None and asking.deadline <= watch.at


# --- what is seen in the end ------------------------------------------------------------------------------------------


def everybody_is_served_in_the_end(house: House) -> None:
    """When nobody comes any more, within as long as it takes one agent to serve all who are there, one after another.

    That is the bound: while somebody waits whom an agent on duty can serve, at least one agent is at work, since with
    all of them free the reserve is whole and the wait is over. Each call takes at most ``CYCLE`` rounds of somebody's
    work, and none comes back. Before that only patience, relaxation and the pause after a ring in vain may pass, which
    is within ``BEFORE`` rounds.
    """
    assert closes(house, BEFORE + CYCLE * len(house.channels))


CYCLE: Final = 4
"""Rounds of 5 s for a ring, a talk and 10 s of wrap-up."""
BEFORE: Final = 16
"""Rounds for 40 s until the needs are relaxed, 30 s of patience and 5 s of pause."""


def the_same_facts_give_the_same_decisions(house: House) -> None:
    assert replay(house.facts).results == house.results


ENDINGS: Final[list[Callable[[House], None]]] = [
    everybody_is_served_in_the_end,
    the_same_facts_give_the_same_decisions,
]

LAWS: Final[list[Law]] = [
    no_call_is_lost,
    each_call_ends_once,
    nobody_is_sent_the_same_way_twice,
    nobody_is_sent_away_before_their_time,
    no_agent_is_double_booked,
    whoever_rings_or_talks_is_known_to,
    whoever_was_not_the_quickest_is_free_and_has_missed_nothing,
    nobody_rings_together_with_who_is_preferred_or_outside,
    only_an_agent_who_can_serve_the_call_and_is_free_is_rung,
    whoever_did_not_answer_is_left_alone_for_a_while,
    a_talk_is_written_up_before_the_next,
    whoever_misses_too_often_is_rung_no_more,
    a_trainee_takes_no_more_than_their_hour_allows,
    emergency_before_all,
    first_come_first_served,
    the_most_endangered_first,
    no_emergency_caller_waits_while_somebody_is_free,
    no_other_caller_waits_while_somebody_is_free,
    the_reserve_is_kept_for_emergencies,
    the_preferred_agent_is_tried_first,
    whoever_missed_a_call_gets_it_again_only_if_nobody_else_can,
    of_agents_alike_the_longest_idle_is_rung,
    time_alone_decides_nothing_before_its_deadline,
]
