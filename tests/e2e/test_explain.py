"""Can a supervisor ask why a caller waited, and are the decisions of a real centre found again from what it stored?

Killed, frozen and cut off in between, as a centre may be: the stored facts must lead to the same decisions.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app import runtime
from synthetic.dialog import Dialog
from synthetic.phone import Refusal
from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, DIRECT, EMERGENCY, LiveCentre, always_open, eventually, live_centre, waiting
from tests.e2e.conftest import Measured
from tests.e2e.outages import frozen, kill, restart

pytestmark = pytest.mark.asyncio(loop_scope="module")


def short_rings(values: dict[str, Any]) -> None:
    always_open(values)
    values["queues"]["direct"] |= {"ring_seconds": 5}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    async with live_centre(tmp_path_factory.mktemp("explain"), change=short_rings) as centre:
        yield centre


async def explain(centre: LiveCentre, *words: str) -> tuple[int, str, str]:
    """What `assistline explain` prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        "explain",
        *words,
        env={**os.environ, **centre.settings.environment(), "PYTHONPATH": str(runtime.TREE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, wrong = await process.communicate()
    return process.returncode or 0, told.decode(), wrong.decode()


async def told(centre: LiveCentre, caller: Dialog, last: str) -> list[str]:
    """The story of this call, once it has come to ``last``; all its decisions are the same again."""
    call_id = await centre.call_id(caller)

    async def look() -> list[str] | None:
        code, text, wrong = await explain(centre, call_id)
        assert (code, wrong) == (0, ""), text + wrong
        return text.splitlines() if last in text else None

    return await eventually(look, f"the story of {call_id} comes to: {last}", 20)


async def test_the_wait_for_a_busy_agent_and_a_ring_in_vain_are_told(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    first = await centre.call(DIRECT)
    talk = await anna.rung()
    await first.hears(Tone(AGENT_HZ), within=8)
    second = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "the second caller waits")
    boris = await centre.seat("boris", Refusal.NEVER)
    await (await boris.rung()).ended(10)
    await talk.hang_up()
    await anna.rung(15, count=2)
    await second.hears(Tone(AGENT_HZ), within=15)
    await second.hang_up()
    story = "\n".join(await told(centre, second, "the call ended"))
    print(story)
    assert "queued for Direct number (needs General questions 1, a dispatcher or higher" in story
    assert "Anna Petrova talking since" in story
    assert "rung: Boris Ivanov, the only one to be had" in story
    assert "Boris Ivanov did not answer within 5 s" in story
    assert "answered by Anna Petrova after" in story and "against a target of 20 s" in story
    assert "all came out the same" in story
    assert "+44" not in story


async def test_json_tells_the_same_and_a_call_that_is_not_known_is_said_so(centre: LiveCentre) -> None:
    caller = await centre.call(DIRECT)
    await caller.hears(Tone(AGENT_HZ), within=10)
    await told(centre, caller, "answered by")
    code, text, _ = await explain(centre, await centre.call_id(caller), "--json")
    found = json.loads(text)
    assert code == 0 and found["differences"] == [] and found["warnings"] == []
    assert {"Came", "Queued", "Rung", "Answered"} <= {fact["fact"] for fact in found["facts"]}
    code, text, wrong = await explain(centre, "node1-nobody")
    assert (code, text) == (1, "") and "no call node1-nobody is in the history" in wrong


async def test_every_decision_is_found_again_also_after_a_freeze_a_crash_and_a_lost_link(
    centre: LiveCentre, measured: Measured
) -> None:
    for number in (EMERGENCY, DIRECT, DIRECT):
        await centre.call(number)
    async with frozen(centre):
        await asyncio.sleep(6)  # long enough that Asterisk takes the callers over
    await centre.call(DIRECT)
    await centre.until(lambda live: len(live["calls"]) >= 4, "the engine knows of all", 15)
    await kill(centre)
    await restart(centre)
    caller = await centre.call(DIRECT)
    call_id = await centre.call_id(caller)
    await centre.stored("select * from events where type = 'CallerQueued' and call_id = ?", call_id)
    code, text, wrong = await explain(centre, "--check", "2020-01-01", "2100-01-01")
    assert (code, wrong) == (0, ""), text + wrong
    snapshots = centre.rows("select 1 from events where type = 'SnapshotTaken'")
    measured("decisions made again", text.strip(), "the same")
    measured("snapshots that told news", str(len(snapshots)), "")
