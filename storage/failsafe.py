"""What happened to calls while the service was away? Reads the lines that agi_scripts/failsafe.py left in the spool.

The file is renamed first, so that the script begins a new one; whoever had the old one open may still write for a
moment. So a taken file is read again and again, and goes only when it has been quiet for a while: what is stored twice
counts once, since a call's line is known by the call.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from calls.events import CallSpooled
from storage.codec import encode
from storage.spooled_calls import moment
from storage.writer import Writer

QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One file that was taken: its events, its unreadable lines, and whether nobody writes to it any more."""

    path: Path
    events: tuple[CallSpooled, ...]
    unreadable: tuple[bytes, ...]
    quiet: bool


async def collect(folder: Path, writer: Writer, config_version: str) -> list[CallSpooled]:
    """Store what the script has left in ``folder``; answers with the calls that are new to the history.

    Raises DatabaseAway or OSError, and leaves the files for the next time.
    """
    new: list[CallSpooled] = []
    for taken in await asyncio.to_thread(take, folder, time.time()):
        rows = [encode(event, f"failsafe:{event.call_id}", 1, config_version) for event in taken.events]
        stored = {row.call_id for row in await writer.write(rows)}
        new += [event for event in taken.events if event.call_id in stored]
        if taken.quiet:
            await writer.set_aside(taken.unreadable)
            taken.path.unlink()
    return new


def take(folder: Path, now: float) -> list[Taken]:
    """Take ``failsafe.jsonl`` if there is one, and read all that was taken before. ``now``: seconds since 1970."""
    waiting = folder / "failsafe.jsonl"
    with suppress(FileNotFoundError):
        waiting.rename(folder / f"failsafe-{waiting.stat().st_ino}-{waiting.stat().st_mtime_ns}.jsonl")
    return [_read(path, now) for path in sorted(folder.glob("failsafe-*.jsonl"))]


def _read(path: Path, now: float) -> Taken:
    quiet = now - path.stat().st_mtime > QUIET_SECONDS
    events: dict[str, CallSpooled] = {}
    unreadable: list[bytes] = []
    for line in path.read_bytes().splitlines(keepends=True):
        if event := _event(line):
            events[event.call_id] = event
        elif line.strip():
            unreadable.append(line)
    return Taken(path, tuple(events.values()), tuple(unreadable), quiet)


def _event(line: bytes) -> CallSpooled | None:
    """The call that the line tells of; None when it is torn or names no call or no time."""
    try:
        payload = json.loads(line)
    except ValueError:
        return None
    if not isinstance(payload, dict):
        return None
    call_id, at = payload.get("call_id"), moment(payload.get("ended_at"))
    if not isinstance(call_id, str) or not call_id or at is None:
        return None
    return CallSpooled(at=at, call_id=call_id, payload=payload)
