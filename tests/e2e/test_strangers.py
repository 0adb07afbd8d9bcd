"""Does every caller reach people, whatever they dial and say of themselves, and who gets to know their number?"""

from __future__ import annotations

import re

import pytest

from synthetic.phone import Refusal
from synthetic.tones import Tone, tone
from tests.e2e.centre import (
    AGENT_HZ,
    CALLER_HZ,
    DIRECT,
    EMERGENCY,
    LiveCentre,
    eventually,
    prompt,
    waiting,
)
from tests.e2e.outages import kill, restart
from tests.e2e.test_transfers import without_whisper

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGE = without_whisper

DOCTORS_QUEUE = "802"
NO_NUMBER = "127.0.0.1"
"""What a phone sees of an address without a user: our own host."""
WITHHELD, RESERVE = "+442079465555", "+447700900900"


async def test_a_number_that_no_line_has_reaches_the_default_line(centre: LiveCentre) -> None:
    caller = await centre.call("+442079469999")
    await caller.hears(prompt("ru", "greeting-hotline"), within=20)
    [call] = await centre.of(caller, "select line from calls where call_id = ?")
    assert call["line"] == "hotline"


STRANGERS = {
    "quotes and commas": ('a\\" , \\"b', "1%22%29%3ASystem%28x", "1"),
    "dialplan": ("x,1,Goto(al-last-resort,s,1)", "7%22%20%3D%20%221%22%20%7C%20%22", "71"),
    "substitution": ("${GLOBAL(AL_ALIVE)}$[1/0]", "%24%7BSHELL%28id%29%7D", ""),
    "very long": ("Ан" * 400, "+7" + "9" * 300, "+7" + "9" * 30),
    "line breaks": ("): x | z & '; System(x)", "1%2C2%3BX%0D%0AAction%3A%20Hangup", "12"),
}
"""The name and the number (escaped as in a SIP address) that callers send, and what an agent sees of the number."""


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_what_callers_say_of_themselves_changes_nothing(centre: LiveCentre, stranger: str) -> None:
    name, number, seen = STRANGERS[stranger]
    anna = await centre.seat("anna")
    caller = await centre.street.call(DIRECT, number, name=name, voice=tone(CALLER_HZ, 1.0))
    centre.dialogs.append(caller)
    ring = await anna.rung()
    assert ring.shown == "Direct mobile ru Direct number"
    assert ring.number == (seen or NO_NUMBER)
    await ring.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(AGENT_HZ), within=5)


async def test_a_withheld_number_is_kept_for_ringing_back_and_shown_to_nobody(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    caller = await centre.street.dial(
        DIRECT,
        "anonymous",
        voice=tone(CALLER_HZ, 1.0),
        header=f"Remote-Party-ID: <sip:{WITHHELD}@127.0.0.1>;privacy=full",
    )
    centre.dialogs.append(caller)
    ring = await anna.rung()
    assert ring.shown == "Direct mobile ru Direct number" and ring.number == NO_NUMBER
    await ring.hears(Tone(CALLER_HZ), within=8)
    assert await centre.stored("select 1 from calls where number = ?", WITHHELD)


async def test_queue_log_tells_what_happened_and_no_number(centre: LiveCentre) -> None:
    anna, galina = await centre.seat("anna"), await centre.seat("galina", Refusal.BUSY)
    caller = await centre.call(DIRECT)
    ring = await anna.rung()
    await ring.hears(Tone(CALLER_HZ), within=8)
    assert await ring.transfer(DOCTORS_QUEUE) == 200
    await galina.rung()
    ivan = await centre.seat("ivan")
    await (await ivan.rung()).hears(Tone(CALLER_HZ), within=8)
    await caller.hang_up()
    impatient = await centre.call(EMERGENCY)
    await centre.until(lambda live: waiting(live, "emergency") == 1, "the emergency caller waits")
    for name in ("anna", "galina", "ivan"):
        await centre.duty(name, "paused", "lunch")
    await impatient.hang_up()
    call_id, other = await centre.call_id(caller), await centre.call_id(impatient)
    expected = [
        (call_id, "direct", "NONE", "ENTERQUEUE"),
        (call_id, "direct", "anna", "CONNECT"),
        (call_id, "direct", "anna", "BLINDTRANSFER"),
        (call_id, "doctors", "NONE", "ENTERQUEUE"),
        (call_id, "doctors", "galina", "RINGNOANSWER"),
        (call_id, "doctors", "ivan", "CONNECT"),
        (call_id, "doctors", "ivan", "COMPLETECALLER"),
        (other, "emergency", "NONE", "ENTERQUEUE"),
        (other, "emergency", "NONE", "ABANDON"),
    ]

    async def written() -> bool | None:
        return [entry[:4] for entry in queue_log(centre) if entry[0] in (call_id, other)] == expected or None

    await eventually(written, "queue_log tells it")
    lines = queue_log(centre)
    assert [line for line in lines if line[1:3] == ("NONE", "ivan")][-3:] == [
        ("NONE", "NONE", "ivan", "AGENTLOGIN", ""),
        ("NONE", "NONE", "ivan", "UNPAUSEALL", ""),
        ("NONE", "NONE", "ivan", "PAUSEALL", "lunch"),
    ]
    [transfer] = [line for line in lines if line[3] == "BLINDTRANSFER"]
    assert re.fullmatch(r"802\|al-phones\|\d+\|\d+\|1", transfer[4])
    assert all(re.fullmatch(r"\d+\|\|\d+", line[4]) for line in lines if line[3] == "CONNECT")


async def test_nobody_gets_to_know_a_number_who_need_not(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    before = len((await centre.live())["alarms"])
    await kill(centre)
    try:
        caller = await centre.call(DIRECT)
        ring = await anna.rung(within=10)
        assert ring.number == centre.numbers[caller]
        await ring.hears(Tone(CALLER_HZ), within=8)
        unheard = await centre.call(EMERGENCY)
        mobile = centre.street.phone(RESERVE, behaviour=Refusal.NEVER)
        await mobile.rung(within=10)
        await unheard.hang_up()
        await caller.hang_up()
    finally:
        await restart(centre)
    await centre.stored("select 1 from events where type = 'CallSpooled'", count=2, within=10)
    await centre.until(lambda live: len(live["alarms"]) == before + 1, "nobody talked with the emergency caller")
    home = centre.settings.home
    told = {path: path.read_text(errors="replace") for path in [*home.glob("log/*"), *home.glob("asterisk/log/**/*")]}
    pages = {page: await centre.get(page) for page in ("/metrics", "/api/v1/live", "/healthz", "/readyz")}
    assert {path.name for path in told} >= {"queue_log", "messages", "service.log"}
    numbers = {*centre.numbers.values(), WITHHELD, RESERVE}
    leaks = [(where, number) for where, text in {**told, **pages}.items() for number in numbers if number[1:] in text]
    assert leaks == []


def queue_log(centre: LiveCentre) -> list[tuple[str, ...]]:
    """Asterisk's queue_log: call, queue, agent, event and what it says, without the moment."""
    lines = (centre.settings.home / "asterisk/log/queue_log").read_text().splitlines()
    return [tuple(line.split("|", 5)[1:]) for line in lines]
