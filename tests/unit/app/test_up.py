"""What does an operator read in the terminal, line by line, before, below and instead of the board?"""

from __future__ import annotations

import asyncio
from datetime import UTC
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app.directions import directions, hint
from app.errors import AppFault
from app.settings import Settings
from app.top import summary, tell
from app.up import Screen, first_of
from config.load import load

SAMPLE = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")


class Watched(StringIO):
    """Output that tells when something has been written to it."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.seen = asyncio.Event()
        self._awaited = awaited

    def write(self, text: str) -> int:
        if self._awaited in text:
            self.seen.set()
        return super().write(text)


def test_one_line_tells_what_the_board_tells() -> None:
    live = {
        "at": "2026-03-04T05:06:07+00:00",
        "queues": [
            {"waiting": 2, "longest_wait_s": 71.5, "offered": 10, "answered": 7, "abandoned": 1},
            {"waiting": 1, "longest_wait_s": None, "offered": 5, "answered": 5, "abandoned": 0},
        ],
        "calls": [{"state": "menu"}, {"state": "talk"}, {"state": "fallback-talk"}, {"state": "waiting"}],
        "agents": [{"state": "ready"}, {"state": "offline"}],
        "alarms": [{}],
    }
    assert summary(live, UTC) == (
        "05:06:07  in the menu 1, waiting 3 (longest 1:11), talking 2, agents ready 1; "
        "today offered 15, answered 12, abandoned 1; alarms 1"
    )


async def test_a_service_that_is_away_is_said_and_asked_again(unused_tcp_port: int) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    telling = asyncio.create_task(tell(f"http://127.0.0.1:{unused_tcp_port}", "token", said.put_nowait))
    async with asyncio.timeout(5):
        told = await said.get()
    assert told == f"no service at http://127.0.0.1:{unused_tcp_port}; callers are in Asterisk's hands"
    assert not telling.done()
    telling.cancel()


def test_everything_that_can_be_dialled_is_said_with_where_to_dial_it(tmp_path: Path) -> None:
    told = "\n".join(directions(Settings(home=tmp_path, sip_port=15060), SAMPLE, demo=False))
    assert "sip:NUMBER@127.0.0.1:15060 from a softphone on this machine that has no account" in told
    assert all(number in told for line in SAMPLE.lines.values() for number in line.numbers)
    assert f"register a softphone at 127.0.0.1:15060 as anna, password in {tmp_path}/secrets/agent-anna" in told


def test_who_is_outside_is_told_the_outside_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, sip_bind="10.0.0.5", external_address="192.0.2.10")
    assert "register a softphone at 192.0.2.10:5060" in "\n".join(directions(settings, SAMPLE, demo=False))
    assert hint(settings, SAMPLE) == "Ctrl-C ends it · to call sip:1542@192.0.2.10:5060 from the carrier's 127.0.0.1"


async def test_lines_that_the_board_covered_are_printed_when_it_is_gone(unused_tcp_port: int, tmp_path: Path) -> None:
    shown = Watched("the hint")
    screen = Screen(Console(file=shown, force_terminal=True, width=80, height=10))
    board = asyncio.create_task(screen.show(Settings(home=tmp_path, http_port=unused_tcp_port), "the hint"))
    async with asyncio.timeout(5):
        await shown.seen.wait()
    screen.say("service has ended")
    assert "service has ended" not in shown.getvalue()
    board.cancel()
    await asyncio.gather(board, return_exceptions=True)
    assert shown.getvalue().endswith("service has ended\n")


async def test_what_ends_first_ends_the_others_and_its_fault_is_told() -> None:
    ended = []

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("long")

    async def faulty() -> None:
        raise AppFault("asterisk has ended")

    with pytest.raises(AppFault, match="asterisk has ended"):
        await first_of(long(), faulty())
    assert ended == ["long"]
