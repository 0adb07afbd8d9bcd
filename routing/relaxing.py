"""What does a call still ask for, after so long a wait? Each step lowers needs or takes them away, none raises one."""

from __future__ import annotations

from calls.needs import Needs
from routing.waiting import Queue, Relaxation


def step_after(queue: Queue, waited: float) -> int:
    """How many of the queue's steps are in force after so many seconds of the present wait; 0 is none."""
    steps = 0
    for step in queue.relaxation:
        if waited < step.after_seconds:
            break
        steps += 1
    return steps


def in_force(needs: Needs, queue: Queue, step: int) -> Needs:
    """The needs after the first ``step`` steps of the queue."""
    for relaxation in queue.relaxation[:step]:
        needs = _lowered(needs, relaxation)
    return needs


def _lowered(needs: Needs, relaxation: Relaxation) -> Needs:
    levels = dict(relaxation.levels)
    lowered = []
    for skill, level in needs:
        kind = skill.partition(":")[0]
        suffices = min(level, levels.get(skill, levels.get(f"{kind}:*", level)))
        if suffices > 0:
            lowered.append((skill, suffices))
    return tuple(lowered)
