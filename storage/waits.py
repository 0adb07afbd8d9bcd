"""When does a wait begin, go on and end? Pure: from entering a queue until an agent answers or the caller leaves.

A caller who comes back to the same queue from a ring or from the last resort goes on with the same wait.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from calls.call import SHORT_ABANDON_SECONDS
from storage.known import Known
from storage.rows import Outcome, WaitResult, WaitRow


def enter(known: Known, call_id: str, queue: str, at: datetime) -> list[WaitRow]:
    """The caller waits in this queue from now on, or goes on waiting in it."""
    last = known.last_waits.get(call_id)
    if last is None:
        return [WaitRow(call_id=call_id, nth=1, queue=queue, began=at)]
    if last.queue == queue and last.ended is None:
        return []
    if last.queue == queue and last.result == WaitResult.LAST_RESORT:
        return [replace(last, ended=None, result=None, wait_seconds=None)]
    left = [] if last.ended else [end(last, at, WaitResult.TRANSFERRED)]
    return [*left, WaitRow(call_id=call_id, nth=last.nth + 1, queue=queue, began=at)]


def end(wait: WaitRow, at: datetime, result: WaitResult, agent_id: str | None = None) -> WaitRow:
    """The wait as it ended; never shorter than nothing, whatever the clocks say."""
    seconds = max(0.0, (at - wait.began).total_seconds())
    return replace(wait, ended=at, result=result, wait_seconds=seconds, agent_id=agent_id)


def left(wait: WaitRow, at: datetime) -> Outcome:
    """What a caller who leaves this wait counts as."""
    short = (at - wait.began).total_seconds() < SHORT_ABANDON_SECONDS
    return Outcome.SHORT_ABANDONED if short else Outcome.ABANDONED
