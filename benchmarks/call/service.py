"""The service as it is, but for what makes the journey the same for every call: ten AGI commands, 3 s of wait.

Started by benchmarks/call as a process of its own, so that its CPU time can be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from agi_scripts.channel import AgiChannel
from agi_scripts.server import Handler
from app import bootstrap, logs
from app.settings import load_settings
from app.state import Centre
from calls.call import Call
from routing.waiting import WaitingCall

COMMANDS = 10
WAIT = timedelta(seconds=3)
QUEUE = "operator"

at_once = Centre._waiting


async def ten_commands(channel: AgiChannel) -> Mapping[str, str]:
    """Ten quick commands, each with the renewal of its guard before it."""
    for _ in range(COMMANDS):
        await channel.command("NOOP")
    return {"AL_QUEUE": QUEUE, "AL_NEXT": "queue", "AL_LANG": "ru", "AL_NEEDS": "desk:operator=1&lang:ru=1"}


def ten_commands_handler(*_: Any) -> Handler:
    return ten_commands


def after_three_seconds(centre: Centre, call: Call, up: list[str]) -> WaitingCall | None:
    """Nobody wants an agent before 3 s: then the call is looked at again, at the next event of a hundred a second."""
    waiting = at_once(centre, call, up)
    left = (waiting.waiting_since + WAIT - datetime.now(UTC)).total_seconds() if waiting else 0.0
    if left <= 0:
        return waiting
    asyncio.get_running_loop().call_later(left, centre._calls.changed.setdefault, call.call_id)
    return None


if __name__ == "__main__":
    bootstrap.menu_handler = ten_commands_handler  # type: ignore
    Centre._waiting = after_three_seconds  # type: ignore
    logs.to_stdout()
    uvloop.run(bootstrap.serve(load_settings()))
