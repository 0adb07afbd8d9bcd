"""Can every waiting call be served in the end? Rules over how queues relax, overflow and call for help.

A rule yields (way, reason), as in config/rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from calls.needs import Needs, together
from config.forms import Broken, Rules, Written, names
from config.located import Way
from config.model import Configuration
from routing.agent import can_serve
from routing.overflow import FOR_EMERGENCIES
from routing.relaxing import in_force
from routing.waiting import Overflow, Queue, Target, When

SECONDS = (0, 3600)
RATIOS = (0.1, 100)
LONGEST_EXTENSION = 79
"""Asterisk cuts off what is longer (AST_MAX_EXTENSION less its end)."""


def figures_make_sense(found: Configuration, written: Written) -> Broken:
    """Both ends of a range are included."""
    for name, queue in found.queues.items():
        way: Way = ("queues", name)
        yield from _range((*way, "preferred_seconds"), queue.preferred_seconds, 0, 600)
        yield from _range((*way, "reserve"), queue.reserve, 0, 100)
        yield from _range((*way, "misses_before_pause"), queue.misses_before_pause, 0, 20)
        for index, step in enumerate(queue.relaxation):
            yield from _range((*way, "relaxation", index, "after_seconds"), step.after_seconds, 1, 3600)
        for index, rule in enumerate(queue.overflow):
            yield from _range((*way, "overflow", index, "after_seconds"), rule.after_seconds, *SECONDS)
        if staff := queue.reserve_staff:
            yield from _range((*way, "reserve_staff", "wake_at"), staff.wake_at, *RATIOS)
            where = (*way, "reserve_staff", "stand_down_after_seconds")
            yield from _range(where, staff.stand_down_after_seconds, *SECONDS)
            if not 0 < staff.stand_down_at < staff.wake_at:
                yield (*way, "reserve_staff", "stand_down_at"), "must be above 0 and below wake_at"
    for name, agent in found.agents.items():
        if agent.calls_per_hour is not None:
            yield from _range(("agents", name, "calls_per_hour"), agent.calls_per_hour, 1, 60)


def several_can_be_rung(found: Configuration, written: Written) -> Broken:
    """One extension names all who are rung together: their ids, a sign after each, and 13 digits of the attempt."""
    ids = sorted((len(name) for name, agent in found.agents.items() if agent.extension), reverse=True)
    for name, queue in found.queues.items():
        together = ids[: queue.ring_at_once]
        if queue.ring_at_once > 1 and sum(together) + len(together) + 13 > LONGEST_EXTENSION:
            told = "rings more agents together than Asterisk can be told of: give the agents shorter ids, or lower it"
            yield ("queues", name, "ring_at_once"), told


def emergencies_are_no_others(found: Configuration, written: Written) -> Broken:
    """Whoever is in need waits for nobody in particular, and is led to people only."""
    for name, queue in found.queues.items():
        if queue.emergency and queue.preferred_seconds:
            yield ("queues", name, "preferred_seconds"), "is not for an emergency queue: take it out"
        if queue.reserve and not queue.emergency:
            yield ("queues", name, "reserve"), "is for an emergency queue: take it out, or set emergency: true"
        for index, rule in enumerate(queue.overflow):
            if queue.emergency and rule.to not in FOR_EMERGENCIES:
                yield ("queues", name, "overflow", index, "to"), "must be queue or reserve in an emergency queue"
            if queue.emergency and rule.queue in found.queues and not found.queues[rule.queue].emergency:
                yield ("queues", name, "overflow", index, "queue"), "must be an emergency queue, as this one is"


def emergencies_go_to_anybody_able(found: Configuration, written: Written) -> Broken:
    """In the end an emergency queue asks for what it asks for itself, as the fallback does: nobody who could help is
    free while a caller in need waits for their own language or region."""
    for name, queue in found.queues.items():
        in_the_end = in_force(tuple(_asked(found, queue).items()), queue, len(queue.relaxation))
        able = [agent for agent in found.agents.values() if can_serve(agent, queue.needs)]
        kept = [one for one in in_the_end if any(not can_serve(agent, (one,)) for agent in able)]
        if queue.emergency and kept:
            skills = ", ".join(skill for skill, _ in kept)
            told = (
                f"asks for {skills} to the end, while others who could help may be free: add a step that takes it away"
            )
            yield ("queues", name, "relaxation"), told


def relaxations_relax(found: Configuration, written: Written) -> Broken:
    """Each step comes later than the one before, and lowers what somebody may ask for still."""
    for name, queue in found.queues.items():
        asked = _asked(found, queue)
        for index, step in enumerate(queue.relaxation):
            way: Way = ("queues", name, "relaxation", index)
            if index and step.after_seconds <= queue.relaxation[index - 1].after_seconds:
                yield (*way, "after_seconds"), "must be later than the step before"
            if not step.levels:
                yield (*way, "levels"), "must name at least one skill"
            for skill, level in step.levels:
                lowered = [one for one in asked if skill in (one, f"{one.partition(':')[0]}:*")]
                if not lowered:
                    yield (*way, "levels", skill), "is asked of nobody in this queue: take it out"
                elif all(asked[one] <= level for one in lowered):
                    most = max(asked[one] for one in lowered)
                    yield (*way, "levels", skill), f"must be below {most}, which is asked for until then"
                asked |= {one: min(level, asked[one]) for one in lowered}


def _asked(found: Configuration, queue: Queue) -> dict[str, int]:
    """Skill -> the most that callers of this queue may ask for: of the queue, their line, their choice and language."""
    asked: list[Needs] = [queue.needs, tuple((f"lang:{lang}", 1) for lang in found.languages)]
    for line in found.lines.values():
        menu = found.menus.get(line.menu or "")
        nodes = [node for node in menu.nodes.values() if queue.queue_id == getattr(node, "queue", "")] if menu else []
        if nodes or line.queue == queue.queue_id:
            asked += [line.needs, *(getattr(node, "needs", ()) for node in nodes)]
    return dict(together(*asked))


def overflows_lead_on(found: Configuration, written: Written) -> Broken:
    """To a queue that is another one and sends nobody on, to people, or to a message: nobody is sent on twice."""
    for name, queue in found.queues.items():
        if any(rule.when is When.CLOSED for rule in queue.overflow) and queue.hours is None:
            yield ("queues", name, "hours"), "are missing: overflow when closed needs them"
        if queue.hours is not None and not any(rule.when is When.CLOSED for rule in queue.overflow):
            yield ("queues", name, "hours"), "are for overflow when closed, and there is none: take them out"
        for index, rule in enumerate(queue.overflow):
            yield from _rule(found, written, queue, rule, ("queues", name, "overflow", index))


def _rule(found: Configuration, written: Written, queue: Queue, rule: Overflow, way: Way) -> Broken:
    if (rule.when is When.FULL) != (rule.limit > 0):
        yield (*way, "limit"), "must be at least 1 when full, and stands with no other reason"
    if rule.when is When.FULL and rule.after_seconds:
        yield (*way, "after_seconds"), "is not for a full queue, which a caller finds on coming: take it out"
    if rule.when is When.LONG and not rule.after_seconds:
        yield (*way, "after_seconds"), "is missing: add after how many seconds of waiting"
    if (rule.to is Target.QUEUE) != bool(rule.queue):
        yield (*way, "queue"), "must name a queue when it leads to one, and stands with no other target"
    if rule.queue and rule.queue not in names(written, "queues"):
        yield (*way, "queue"), f"names {rule.queue!r}, which is not among the queues"
    if (there := found.queues.get(rule.queue)) and any(one.to is Target.QUEUE for one in there.overflow):
        told = f"sends callers on to {rule.queue}, which sends on too, but nobody is sent on twice: name the last queue"
        yield (*way, "queue"), told
    if rule.to is Target.CALLBACK:
        yield (*way, "to"), "cannot be callback yet: take queue, reserve, voicemail or last-resort"
    if rule.to is Target.RESERVE and not _on_call(found, queue):
        yield (*way, "to"), "wakes reserve staff, and no agent who can serve this queue has on_call: true"


def reserves_leave_somebody(found: Configuration, written: Written) -> Broken:
    """With everybody on duty and free, each queue that has people has somebody whom no emergency queue keeps."""
    for name, queue in found.queues.items():
        kept = {agent.agent_id for agent in found.agents.values() if can_serve(agent, queue.needs)}
        if not queue.reserve or len(kept) > queue.reserve:
            continue
        for other in found.queues.values():
            able = {agent.agent_id for agent in found.agents.values() if can_serve(agent, other.needs)}
            if not other.emergency and able and able <= kept:
                told = f"keeps everybody who can serve {other.queue_id}: its callers would never be served"
                yield ("queues", name, "reserve"), told


def reserve_staff_is_there(found: Configuration, written: Written) -> Broken:
    """Thresholds are of use only with somebody on call."""
    for name, queue in found.queues.items():
        if queue.reserve_staff and not _on_call(found, queue):
            yield ("queues", name, "reserve_staff"), "wakes nobody: no agent who can serve it has on_call: true"


def _on_call(found: Configuration, queue: Queue) -> bool:
    return any(agent.on_call and can_serve(agent, queue.needs) for agent in found.agents.values())


def people_are_known(found: Configuration, written: Written) -> Broken:
    """Mentors and coordinators are agents, nobody is their own mentor, and a coordinator joins for a region."""
    for name, agent in found.agents.items():
        way: Way = ("agents", name, "mentor")
        if agent.mentor is not None and agent.mentor not in names(written, "agents"):
            yield way, f"names {agent.mentor!r}, which is not among the agents"
        if agent.mentor == name:
            yield way, "is the agent's own name: take another agent"
        mentor = found.agents.get(agent.mentor or "")
        if mentor and (mentor.extension is None or agent.extension is None):
            yield way, "listens from a phone of ours, to one of ours: both need an extension"
    for name, line in found.lines.items():
        if line.coordinator is not None and line.coordinator not in names(written, "agents"):
            yield ("lines", name, "coordinator"), f"names {line.coordinator!r}, which is not among the agents"
        if line.coordinator_joins and (line.coordinator is None or line.region is None):
            yield ("lines", name, "coordinator_joins"), "needs the line's coordinator and region: add them"


SERVING_RULES: Rules = {
    figures_make_sense: (),
    several_can_be_rung: ("queues", "agents"),
    emergencies_are_no_others: (),
    emergencies_go_to_anybody_able: ("queues", "languages", "lines", "agents"),
    relaxations_relax: ("queues", "languages", "lines"),
    overflows_lead_on: ("queues", "agents"),
    reserves_leave_somebody: ("queues", "agents"),
    reserve_staff_is_there: ("agents",),
    people_are_known: ("agents",),
}


def _range(way: Way, figure: float, low: float, high: float) -> Iterator[tuple[Way, str]]:
    if not low <= figure <= high:
        yield way, f"must be from {low:g} to {high:g} (is {figure:g})"
