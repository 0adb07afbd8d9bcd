"""`make bench ENTRY=call`: one journey through us, and the same in pure dialplan and app_queue, by turns.

The journey: answer, ten steps (for us: ten AGI commands and their guard renewals), 3 s of hold music, an agent's
phone, 5 s of talk, the agent hangs up. No phone sends RTP, nothing is recorded. Two Asterisks stand side by side, the
plain one without any AMI client; calls go to one at a time, and each process's CPU time is read before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.call.side import Side

ASTERISK_AIM, OURS_AIM = 1.5, 0.35


async def measure(calls: int, rate: float, rounds: int, agents: int) -> dict[str, float]:
    """CPU µs per call of Asterisk with us, of the service, and of the plain Asterisk: medians of the rounds."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _this_task().cancel)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, _this_task().cancel)
    figures: dict[str, list[float]] = {"asterisk": [], "service": [], "plain": []}
    async with AsyncExitStack() as stack:
        homes = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        ours = await Side.open(stack, homes[0], agents, service=True)
        plain = await Side.open(stack, homes[1], agents, service=False)
        for number in range(rounds):
            for name, used in (await ours.round(calls, rate)).items():
                figures[name].append(used)
            figures["plain"].append((await plain.round(calls, rate))["asterisk"])
            told = ", ".join(f"{name} {used[number]:.0f}" for name, used in figures.items())
            print(f"round {number + 1}, µs per call: {told}", flush=True)
    return {name: statistics.median(used) for name, used in figures.items()}


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task


def show(used: Mapping[str, float], title: str) -> None:
    """The table."""
    table = Table(title=title)
    for column in ("what", "µs per call", "of the plain Asterisk", "aim"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for what, name, aim in (
        ("Asterisk, plain journey", "plain", ""),
        ("Asterisk, with us", "asterisk", f"≤ {ASTERISK_AIM:.2f}"),
        ("ours (service with AGI, AMI, history)", "service", f"≤ {OURS_AIM:.2f}"),
    ):
        table.add_row(what, f"{used[name]:.0f}", f"{used[name] / used['plain']:.2f}", aim)
    Console(width=100).print(table)


def main() -> int:
    """Measure, print the table, and the figures as one JSON object on the last line."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--calls", type=int, default=300, help="per round and side (default 300; the long form: 1000)")
    words.add_argument("--rate", type=float, default=20.0, help="calls a second (default 20)")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--agents", type=int, default=160)
    asked = words.parse_args()
    try:
        used = uvloop.run(measure(asked.calls, asked.rate, asked.rounds, asked.agents))
    except asyncio.CancelledError:
        return 130
    show(used, f"CPU of a call, medians of {asked.rounds} rounds of {asked.calls} calls at {asked.rate:g}/s")
    figures = {
        "entry": "call",
        "calls_per_round": asked.calls,
        "plain_us_per_call": round(used["plain"]),
        "asterisk_us_per_call": round(used["asterisk"]),
        "ours_us_per_call": round(used["service"]),
        "asterisk_over_plain": round(used["asterisk"] / used["plain"], 3),
        "ours_over_asterisk": round(used["service"] / used["plain"], 3),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
