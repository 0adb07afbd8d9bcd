"""Why this call, why this agent, why nobody? Each decision's reason, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a decision was made."""

    EMERGENCY = "emergency"
    MOST_ENDANGERED = "most-endangered"
    AGAIN_AFTER_MISS = "again-after-miss"
    PREFERRED = "preferred"
    GAVE_WAY = "gave-way"
    IN_FALLBACK = "in-fallback"
    NOBODY_FOR_EMERGENCY = "nobody-for-emergency"
    NOBODY_ON_DUTY = "nobody-on-duty"
    QUEUE_FULL = "queue-full"
    WAITED_LONG = "waited-long"
    NOBODY_LOGGED_IN = "nobody-logged-in"
    QUEUE_CLOSED = "queue-closed"


SENTENCES: Final[Mapping[Reason, str]] = {
    Reason.EMERGENCY: (
        "An emergency call comes before all others; of those who can serve it, "
        "this agent was the least wanted by other callers, or the longest idle of several alike."
    ),
    Reason.MOST_ENDANGERED: (
        "Of the calls this agent can serve, it had waited longest against its target; "
        "of those who can serve it, "
        "this agent was the least wanted by other callers, or the longest idle of several alike."
    ),
    Reason.AGAIN_AFTER_MISS: ("This agent did not answer the call before, and nobody else who can serve it was free."),
    Reason.PREFERRED: "This agent is the one whom the call prefers, and was free when its turn came.",
    Reason.GAVE_WAY: (
        "It is an emergency call, and nobody who can serve it was free; this agent's phone rang for a call "
        "that is none, which waits on in its place."
    ),
    Reason.IN_FALLBACK: "Asterisk's own queue holds this call, so this agent is left to it.",
    Reason.NOBODY_FOR_EMERGENCY: (
        "It is an emergency call and nobody who can serve it is ready or has answered in time, "
        "so the last resort is tried."
    ),
    Reason.NOBODY_ON_DUTY: "Nobody who can serve this call is on duty, and it has waited as long as its queue allows.",
    Reason.QUEUE_FULL: "As many callers as the queue may hold waited before it, and nobody who can serve it was free.",
    Reason.WAITED_LONG: "It has waited as long as its queue allows before it overflows.",
    Reason.NOBODY_LOGGED_IN: "Nobody who can serve this call is on duty, so it overflows.",
    Reason.QUEUE_CLOSED: "The hours of its queue are over, so it overflows.",
}


def explain(reason: Reason) -> str:
    """The reason as a sentence for a supervisor."""
    return SENTENCES[reason]
