"""How do things stand? The engine's memory as the live view that is served and shown, and as gauges for Prometheus.

Pure: everything is an argument. No telephone number leaves through here; web/openapi.yaml tells each field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from app.menus import BEFORE_A_TALK, callback_view, menus_view
from app.state import Alarm, Centre
from calls.call import WAITS, Call, CallState
from ivr.menu import EndNode, HangupNode, Line, Menu
from metrics.service_level import Figures, ServiceLevel
from metrics.standing import HistoryStanding, Standing
from routing.agent import Agent, AgentState
from routing.estimate import Estimate
from routing.explain import explain
from routing.waiting import Queue

View = dict[str, object]


def live(centre: Centre, figures: Figures, node: str, counted_since: datetime, now: datetime) -> View:
    """The live view. ``counted_since``: when ``figures`` began, which is later than midnight after a restart."""
    waits = waits_by_queue(centre, now)
    configuration = centre.configuration
    return {
        "at": now.isoformat(),
        "version": configuration.version,
        "counted_since": counted_since.isoformat(),
        "node": {"id": node, "connected": node in centre.connected_nodes()},
        "lines": [line_view(line, configuration.menus) for line in configuration.lines.values()],
        "queues": [
            queue_view(
                queue,
                waits[queue.queue_id],
                centre.expected.of(queue.queue_id),
                figures[queue.queue_id].today(now, waits[queue.queue_id]),
                figures[queue.queue_id].lately(now, waits[queue.queue_id]),
            )
            for queue in configuration.queues.values()
        ],
        "agents": [agent_view(agent) for agent in centre.agents.values()],
        "calls": [call_view(centre, call, now) for call in by_start(centre.calls.values())],
        "callbacks": [callback_view(one) for one in sorted(centre.callbacks.values(), key=lambda one: one.at)],
        "menus": menus_view(centre.menus, now, configuration.timezone),
        "alarms": [alarm_view(alarm) for alarm in sorted(centre.alarms.values(), key=lambda alarm: alarm.at)],
    }


def standing(centre: Centre, inbox_depth: int, history: HistoryStanding, now: datetime) -> Standing:
    """The same moment as gauges; every queue and state is there, with 0 where there is nobody."""
    queues, waits = centre.configuration.queues, waits_by_queue(centre, now)
    return Standing(
        waiting={queue: len(seconds) for queue, seconds in waits.items()},
        longest_wait={queue: max(seconds, default=0.0) for queue, seconds in waits.items()},
        alarms=_counts(queues, (alarm.queue for alarm in centre.alarms.values())),
        agents=_counts(AgentState, (agent.state for agent in centre.agents.values())),
        calls=_counts((state for state in CallState if state is not CallState.ENDED), _call_states(centre)),
        callbacks=_counts(queues, (callback.queue for callback in centre.callbacks.values())),
        menus={**dict.fromkeys(map(str, BEFORE_A_TALK), 0), **centre.menus.ever},
        inbox_depth=inbox_depth,
        history=history,
    )


def waits_by_queue(centre: Centre, now: datetime) -> dict[str, list[float]]:
    """Seconds waited so far by the callers of each configured queue; those who ring or are in the fallback wait too."""
    waits: dict[str, list[float]] = {queue: [] for queue in centre.configuration.queues}
    for call in centre.calls.values():
        waited = waited_seconds(call, now)
        if waited is not None and call.queue in waits:
            waits[call.queue].append(waited)
    return waits


def waited_seconds(call: Call, now: datetime) -> float | None:
    """How long the present wait has lasted; None for a call that waits in no queue."""
    since = call.waiting_since or call.queued_at
    if call.state not in WAITS or call.queued_at is None or since is None:
        return None
    return max(0.0, (now - since).total_seconds())


def line_view(line: Line, menus: Mapping[str, Menu]) -> View:
    nodes = menus[line.menu].nodes.values() if line.menu else ()
    through_menu = [node.queue for node in nodes if isinstance(node, EndNode) and not isinstance(node, HangupNode)]
    return {"line": line.line_id, "label": line.label, "queue_ids": list(dict.fromkeys([line.queue, *through_menu]))}


def queue_view(
    queue: Queue, waits: list[float], expected: Estimate | None, today: ServiceLevel, lately: ServiceLevel
) -> View:
    return {
        "queue": queue.queue_id,
        "label": queue.label,
        "emergency": queue.emergency,
        "waiting": len(waits),
        "longest_wait_s": _rounded(max(waits, default=None), 1),
        "expected_wait_s": _rounded(expected.mean if expected and waits else None, 0),
        "expected_wait_p90_s": _rounded(expected.p90 if expected and waits else None, 0),
        "target_s": queue.target_seconds,
        "target_share": queue.target_share,
        "service_level": _rounded(today.share, 4),
        "service_level_30m": _rounded(lately.share, 4),
        "offered": today.offered,
        "answered": today.answered,
        "abandoned": today.abandoned,
        "short_abandoned": today.short_abandoned,
        "average_speed_of_answer_s": _rounded(today.average_speed_of_answer, 1),
    }


def agent_view(agent: Agent) -> View:
    return {
        "agent_id": agent.profile.agent_id,
        "name": agent.profile.name,
        "grade": agent.profile.grade,
        "state": agent.state,
        "reason": agent.reason,
        "since": agent.since.isoformat(),
        "call_id": agent.call_id,
        "reachable": agent.reachable,
        "misses": agent.misses,
    }


def call_view(centre: Centre, call: Call, now: datetime) -> View:
    reason = centre.reasons.get(call.call_id)
    waits = call.call_id in centre.floor.waiting
    return {
        "call_id": call.call_id,
        "line": call.line,
        "queue": call.queue,
        "state": call.state,
        "since": call.state_since.isoformat() if call.state_since else None,
        "agent_id": call.agent_id,
        "waited_s": _rounded(waited_seconds(call, now), 3),
        "position": centre.floor.position(call.call_id) if waits else None,
        "lang": call.lang,
        "reason": explain(reason) if reason else None,
    }


def alarm_view(alarm: Alarm) -> View:
    return {"call_id": alarm.call_id, "queue": alarm.queue, "at": alarm.at.isoformat(), "kind": "abandoned"}


def by_start(calls: Iterable[Call]) -> list[Call]:
    return sorted(calls, key=lambda call: call.started_at)


def _call_states(centre: Centre) -> Iterable[str]:
    return (call.state for call in centre.calls.values())


def _counts(names: Iterable[str], seen: Iterable[str]) -> dict[str, int]:
    counts = Counter(seen)
    return {str(name): counts[name] for name in names}


def _rounded(figure: float | None, digits: int) -> float | None:
    return None if figure is None else round(figure, digits)
