"""The service as it is, but for what makes the journey the same for every call: ten AGI commands, 3 s of wait.

Started by benchmarks/call as a process of its own, so that its CPU time can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from agi_scripts.channel import AgiChannel
from agi_scripts.server import Handler
from app import bootstrap, logs
from app.settings import load_settings
from app.state import Centre
from routing.waiting import WaitingCall

COMMANDS = 10
WAIT = timedelta(seconds=3)
QUEUE = "operator"

every_waiting_call = Centre.waiting


async def ten_commands(channel: AgiChannel) -> Mapping[str, str]:
    """Ten quick commands, each with the renewal of its guard before it."""
    for _ in range(COMMANDS):
        await channel.command("NOOP")
    return {"AL_QUEUE": QUEUE, "AL_NEXT": "queue", "AL_LANG": "ru", "AL_NEEDS": "desk:operator=1&lang:ru=1"}


def ten_commands_handler(*_: Any) -> Handler:
    return ten_commands


def after_three_seconds(centre: Centre) -> Iterable[WaitingCall]:
    """Only those who have waited for 3 s. The service asks after each event and tick, here a hundred times a second."""
    due = datetime.now(UTC) - WAIT
    ripe = {call_id: call for call_id, call in centre.calls.items() if call.waiting_since and call.waiting_since <= due}
    return every_waiting_call(replace(centre, calls=ripe))


if __name__ == "__main__":
    bootstrap.menu_handler = ten_commands_handler  # type: ignore
    Centre.waiting = after_three_seconds  # type: ignore
    logs.to_stdout()
    uvloop.run(bootstrap.serve(load_settings()))
