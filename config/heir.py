"""Where do callers go on, and what do they ask for, when the configuration changes while they are with us?"""

from __future__ import annotations

from calls.needs import Needs, together
from config.model import Configuration
from routing.agent import can_serve


def heir(now: Configuration, line: str, *, emergency: bool) -> str:
    """The queue instead: an emergency queue for those of one, else the line's own; that of the default line at last."""
    if emergency:
        for queue in now.queues.values():
            if queue.emergency:
                return queue.queue_id
    return now.lines.get(line, now.lines[now.default_line]).queue


def still_asked(now: Configuration, queue: str, asked: Needs, lang: str) -> Needs:
    """What a caller asks for in this queue now; only what the queue itself does if nobody is left for the rest."""
    less = together(now.queues[queue].needs, ((f"lang:{lang}", 1),))

    def served(needs: Needs) -> bool:
        return any(can_serve(agent, needs) for agent in now.agents.values())

    return less if served(less) and not served(asked) else asked
