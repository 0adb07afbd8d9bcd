"""Who may be rung, who says so, and what does the rung one see and hear? On a real Asterisk with real telephones."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from app.settings import TREE
from synthetic.phone import Phone
from synthetic.tones import Tone, resembles
from tests.e2e.centre import (
    AGENT_HZ,
    CALLER_HZ,
    DIRECT,
    LiveCentre,
    agent,
    always_open,
    eventually,
    prompt,
    waiting,
)
from tests.e2e.outages import kill, restart

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGE = always_open


async def paused_in_asterisk(centre: LiveCentre, agent_id: str, paused: bool, queue: str = "direct") -> None:
    """Wait until app_queue has the agent so."""

    async def look() -> bool | None:
        shown = await centre.cli(f"queue show al-{queue}")
        [line] = [line for line in shown.splitlines() if f"Local/{agent_id}@" in line]
        return ("paused" in line) is paused or None

    await eventually(look, f"app_queue has {agent_id} {'paused' if paused else 'ready'}")


async def dial_code(phone: Phone, code: str, hears: str) -> None:
    """Dial a code, hear its answer to the end."""
    call = await phone.dial(code)
    await call.hears(prompt("ru", hears), within=8)
    await call.ended()


async def assistline(centre: LiveCentre, *words: str) -> str:
    """What the command line says, as an administrator runs it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", *words),
        env={**os.environ, **centre.settings.environment(), "PYTHONPATH": str(TREE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return (await process.communicate())[0].decode()


async def test_a_phone_declares_its_owners_duty_and_app_queue_follows(centre: LiveCentre) -> None:
    anna = await centre.seat("anna", ready=False)
    for code, hears, state, reason in (
        ("*1", "agent-ready", "ready", ""),
        ("*22", "agent-paused", "paused", "lunch"),
        ("*29", "agent-code-wrong", "paused", "lunch"),
        ("*1", "agent-ready", "ready", ""),
        ("*3", "agent-off", "offline", ""),
    ):
        await dial_code(anna, code, hears)
        await centre.until(
            lambda live, wanted=(state, reason): (
                (agent(live, "anna")["state"], agent(live, "anna")["reason"]) == wanted
            ),
            f"{code} makes anna {state} {reason}",
        )
        await paused_in_asterisk(centre, "anna", state != "ready")
    [duty] = centre.rows("select duty, reason from agents where agent_id = 'anna'")
    assert duty == {"duty": "off", "reason": ""}


async def test_the_command_line_declares_duty_and_says_what_is_wrong(centre: LiveCentre) -> None:
    await centre.seat("anna", ready=False)
    assert await assistline(centre, "agent", "anna", "ready") == "anna: ready\n"
    await centre.until(lambda live: agent(live, "anna")["state"] == "ready", "anna is ready")
    assert await assistline(centre, "agent", "anna", "pause", "--reason", "lunch") == "anna: paused\n"
    await centre.until(lambda live: agent(live, "anna")["reason"] == "lunch", "anna has lunch")
    assert await assistline(centre, "agent", "nobody", "off") == "assistline: no agent has this id\n"


async def test_a_registered_phone_that_is_not_ready_is_never_rung(centre: LiveCentre) -> None:
    anna = await centre.seat("anna", ready=False)
    nina = await centre.seat("nina", ready=False)
    await centre.duty("nina", "paused", "lunch")
    caller = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "the caller waits")
    boris = await centre.seat("boris")
    await boris.rung()
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert not anna.rings and not nina.rings


async def test_the_display_tells_line_language_and_need_and_the_whisper_only_the_agent_hears(
    centre: LiveCentre,
) -> None:
    anna = await centre.seat("anna")
    caller = await centre.call(DIRECT)
    ring = await anna.rung()
    assert ring.shown == "Direct mobile ru Direct number" and ring.number == centre.numbers[caller]
    whispered = await ring.hears(prompt("ru", "whisper-direct"), within=8)
    joined = await ring.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(AGENT_HZ), within=5)
    assert whispered < joined
    assert resembles(ring.heard(), prompt("ru", "whisper-direct").pcm) > 0.8
    assert resembles(caller.heard(), prompt("ru", "whisper-direct").pcm) < 0.3
    assert resembles(ring.heard(), prompt("ru", "lang-ru").pcm) < 0.6  # the house's own language goes without saying


async def test_duty_survives_a_restart_and_with_the_service_away_the_fallback_obeys_the_phones(
    centre: LiveCentre,
) -> None:
    anna = await centre.seat("anna")
    nina = await centre.seat("nina")
    boris = await centre.seat("boris")
    await dial_code(boris, "*21", "agent-paused")
    await kill(centre)
    await dial_code(anna, "*3", "sorry-technical")
    await paused_in_asterisk(centre, "anna", True)
    caller = await centre.call(DIRECT)
    await nina.rung(within=8)
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert not anna.rings and not boris.rings
    await caller.hang_up()
    await restart(centre)
    live = await centre.until(lambda live: agent(live, "nina")["reachable"], "nina can be rung")
    assert [agent(live, name)["state"] for name in ("anna", "boris", "nina")] == ["ready", "paused", "ready"]
    assert agent(live, "boris")["reason"] == "break"
    await paused_in_asterisk(centre, "boris", True)
    await paused_in_asterisk(centre, "nina", False)
