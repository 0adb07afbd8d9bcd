"""Is every caller of this configuration safe in the coming 400 days? `ivr.prove`, asked of what was understood."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from calls.needs import Needs, together
from config.forms import Broken
from config.model import Configuration
from ivr.prove import Lines, prove
from routing.agent import can_serve

LOOKS_AT = frozenset({"lines", "menus", "queues", "agents", "languages"})
"""When one of these sections is broken as a whole, nothing can be proved."""


def traps(found: Configuration, today: date) -> Broken:
    """Every trap from midnight (UTC) of this day on, with the way to its place.

    A queue that nobody at all could serve is told elsewhere, and so is one that does not exist.
    """

    def served(queue_id: str, more: Needs) -> bool:
        queue = found.queues.get(queue_id)
        profiles = [] if queue is None else [p for p in found.agents.values() if can_serve(p, queue.needs)]
        return queue is None or not profiles or any(can_serve(p, together(queue.needs, more)) for p in profiles)

    ordinary = frozenset(name for name, queue in found.queues.items() if not queue.emergency)
    lines = Lines(found.lines, found.menus, ordinary, served)
    for trap in prove(lines, datetime.combine(today, time(), UTC)):
        yield trap.way, str(trap)
