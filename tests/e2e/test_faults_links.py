"""What do callers notice when the link to Asterisk is cut, the menu's port is stormed, or Asterisk itself dies?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from app.children import start
from synthetic.errors import StillUp
from synthetic.phone import Answer
from synthetic.tones import Tone
from tests.e2e.centre import (
    AGENT_HZ,
    CALLER_HZ,
    DIRECT,
    EMERGENCY,
    KAZAN,
    LONG,
    LiveCentre,
    agent,
    always_open,
    eventually,
    live_centre,
    prompt,
    waiting,
)
from tests.e2e.conftest import Measured
from tests.e2e.outages import now
from tests.e2e.traffic import Traffic
from tests.e2e.witness import Standing, Witness, believed, figure
from tests.integration.small_asterisk import Cutter

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

CUTS = 20 if LONG else 5
AGREE_WITHIN = 3.0
"""Seconds from a cut until the engine knows again: callers find us dead after so many."""
DESKS = {"anna": 0.1, "boris": 0.4, "elena": 0.2, "galina": 0.6}
"""Who is on duty, and how many seconds each lets it ring: two dispatchers, a nurse and a doctor."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[LiveCentre, Cutter]]:
    """A centre whose service reaches AMI through the cutter."""
    async with (
        live_centre(tmp_path_factory.mktemp("links"), change=always_open, service=False) as centre,
        Cutter.before(centre.settings.ami_port) as cutter,
    ):
        centre.house.settings = centre.settings.model_copy(update={"ami_port": cutter.port})
        service = await centre.start_service()
        yield centre, cutter
        await service.end()  # before the cutter goes


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: tuple[LiveCentre, Cutter]) -> AsyncIterator[LiveCentre]:
    """The centre; whatever a test does to it, no agent is ever rung twice at once."""
    centre, _ = house
    yield centre
    phones = list(centre.phones.values())
    await centre.clear()
    assert not [phone.name for phone in phones if phone.doubled], "rung twice at once"


@pytest.fixture
def cutter(house: tuple[LiveCentre, Cutter]) -> Cutter:
    return house[1]


async def reconnects(centre: LiveCentre) -> int:
    """How often the service got a lost link back, as it says itself."""
    return int(await figure(centre, "assistline_ami_reconnects_total"))


async def agree(centre: LiveCentre, witness: Witness, within: float = AGREE_WITHIN) -> Standing:
    """Wait until the engine and Asterisk say the same; where calls go on, a view between two equal ones of Asterisk."""
    seen: list[Any] = []

    async def look() -> Standing | None:
        before, live, after = await witness.standing(), await centre.live(), await witness.standing()
        seen[:] = before, believed(live), after
        return after if live["node"]["connected"] and before == believed(live) == after else None

    try:
        return await eventually(look, "the engine's state is Asterisk's", within)
    except AssertionError as never:
        raise AssertionError(f"{never}:\nAsterisk {seen[0]}\nengine   {seen[1]}") from None


async def test_after_each_cut_of_the_link_the_engine_knows_what_asterisk_knows(
    centre: LiveCentre, cutter: Cutter, measured: Measured
) -> None:
    """Each outage is long enough for calls to come, to be answered and to end unseen; every other one comes in two."""
    phones = [await centre.seat(name, Answer(after), hz=None) for name, after in DESKS.items()]
    random = Random(22)
    lags, most = [], 0
    async with (
        Witness.of(centre.settings) as witness,
        Traffic.on(centre, phones, seed=22, gap=0.5 if LONG else 0.8) as traffic,
    ):
        for nth in range(CUTS):
            await asyncio.sleep(random.uniform(0.2, 1.0))  # a moment like any other
            back = await reconnects(centre) + 1
            await cutter.cut_for(random.uniform(0.2, 1.4))
            if nth % 2:
                await asyncio.sleep(random.uniform(0.0, 0.15))  # the link is being built up
                cutter.cut()
            free = now()

            async def is_back(back: int = back) -> bool | None:
                return await reconnects(centre) >= back or None

            await eventually(is_back, "the link is back")
            standing = await agree(centre, witness)
            lags.append(now() - free)
            most = max(most, len(standing.states))
    ends = [
        row["count"]
        for call_id in witness.numbers.values()
        for row in await centre.stored(
            "select count(*) as count from events where type = 'CallEnded' and call_id = ?", call_id
        )
    ]
    measured(f"AMI cut {CUTS} times, {len(traffic.callers)} calls: dropped", f"{len(traffic.dropped)}", "0")
    measured("AMI cut: until the engine's state is Asterisk's, worst", f"{max(lags):.2f} s", f"{AGREE_WITHIN} s")
    measured("AMI cut: most calls at once when compared", f"{most}", "")
    measured("AMI cut: who went to the fallback", f"{witness.times('FallbackEntered')}", "")
    assert not traffic.dropped
    assert len(traffic.answered) > CUTS
    assert max(ends) == 1, "no call ends twice"


async def test_callers_wait_in_the_same_order_before_and_after_a_cut(centre: LiveCentre, cutter: Cutter) -> None:
    anna = await centre.seat("anna", hz=None, ready=False)
    callers = []
    for _ in range(5):
        callers.append(await centre.call(DIRECT, hz=None, deaf=True))
        await asyncio.sleep(0.15)  # the live view tells waits in tenths of a second
    await centre.until(lambda live: waiting(live, "direct") == 5, "all wait")
    async with Witness.of(centre.settings) as witness:
        before = await agree(centre, witness)
        cutter.cut()
        await centre.until(lambda live: not live["node"]["connected"], "the link is lost")
        after = await agree(centre, witness)
    assert len(after.waiting) == 5 and after.waiting == before.waiting
    await centre.duty("anna", "ready")
    served = []
    for nth in (1, 2):
        ring = await anna.rung(5, nth)
        served.append(ring.number)
        await centre.until(lambda live: agent(live, "anna")["state"] == "talking", "anna has taken the call")
        await ring.hang_up()
    assert served == [centre.numbers[caller] for caller in callers[:2]]


async def test_a_link_that_is_open_and_dead_is_given_up_and_its_callers_are_rung_meanwhile(
    centre: LiveCentre, cutter: Cutter, measured: Measured
) -> None:
    phones = [await centre.seat(name, Answer(after), hz=None) for name, after in DESKS.items()]
    async with (
        Witness.of(centre.settings) as witness,
        Traffic.on(centre, phones, seed=23, gap=0.9) as traffic,
    ):
        await phones[0].rung(10)
        back, began = await reconnects(centre) + 1, now()
        cutter.half_open()
        await centre.until(lambda live: not live["node"]["connected"], "the link is given up", 10)
        given_up = now() - began

        async def fell() -> bool | None:
            return witness.times("FallbackEntered") > 0 or None

        await eventually(fell, "a caller is in the fallback", 10)
        cutter.mend()

        async def is_back() -> bool | None:
            return await reconnects(centre) >= back or None

        await eventually(is_back, "the link is back", 10)
        await agree(centre, witness)
    fallen, answered = witness.times("FallbackEntered"), witness.times("AgentAnswered")
    measured(f"AMI half-open, {len(traffic.callers)} calls: dropped", f"{len(traffic.dropped)}", "0")
    measured("AMI half-open: until the link is given up", f"{given_up:.1f} s", "8 s")
    measured("AMI half-open: rung by the fallback meanwhile / answered in all", f"{fallen} / {answered}", "")
    assert not traffic.dropped and given_up < 8.0 and len(traffic.answered) > fallen


async def test_a_caller_goes_through_the_menu_while_a_thousand_connections_close_or_stop_half_way(
    centre: LiveCentre, measured: Measured
) -> None:
    leila = await centre.seat("leila")
    storm = Storm(centre.settings.agi_port)
    blowing, began = asyncio.create_task(storm.blow()), now()
    caller = await centre.call(KAZAN)
    await caller.hears(prompt("ru", "menu-region"), within=20)
    await caller.press("1")
    ring = await leila.rung(within=10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ))
    came, took = storm.came, now() - began
    await blowing
    measured(f"{came} junk connections to FastAGI: a call through the menu to an agent", f"{took:.1f} s", "")
    measured("junk connections with half a header that the server closed", f"{storm.closed}", "500")
    assert came == 1000, "all of them came while the call went through"
    assert storm.closed == 500
    [wait] = await centre.of(caller, "select * from waits where call_id = ? and result = 'answered'")
    assert wait["queue"] == "kazan" and wait["agent_id"] == "leila"


class Storm:
    """A thousand connections within some seconds: half close at once, half send part of a header and stay."""

    def __init__(self, port: int) -> None:
        self.came = self.closed = 0
        self._port = port

    async def blow(self) -> None:
        """Return when the server has closed all that stayed."""
        held = []
        for nth in range(1000):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            self.came += 1
            if nth % 2:
                writer.write(b"agi_network: yes\nagi_request: agi://127.0.0.1/menu\nagi_channel: SIP/")
                held.append((reader, writer))
            else:
                writer.close()
            if nth % 50 == 0:
                await asyncio.sleep(0.2)  # spread over the call's way through the menu
        for reader, writer in held:
            with suppress(ConnectionError):
                assert await reader.read() == b""
            self.closed += 1
            writer.close()


async def test_a_killed_asterisk_is_noticed_its_calls_end_in_history_and_its_successor_serves(
    centre: LiveCentre, measured: Measured
) -> None:
    anna = await centre.seat("anna")
    await centre.seat("boris", ready=False)
    talking = await centre.call(DIRECT)
    cut_off = await anna.rung(10)
    await cut_off.answered()
    lonely = await centre.call(EMERGENCY)  # nobody on duty may take it
    await centre.until(lambda live: waiting(live, "emergency") == 1, "one waits")
    await centre.until(lambda live: agent(live, "anna")["state"] == "talking", "one talks")
    ids = [await centre.call_id(talking), await centre.call_id(lonely)]
    await asyncio.sleep(1.2)  # Asterisk brings its registrations to the disk once a second
    began = now()
    centre.asterisk.kill()
    await centre.until(lambda live: not live["node"]["connected"], "the engine has noticed")
    noticed = now() - began
    await centre.asterisk.process.wait()
    reborn = await start("asterisk", centre.asterisk.argv, centre.asterisk.log)
    centre.asterisk.process = reborn.process
    await centre.until(lambda live: live["node"]["connected"] and not live["calls"], "the successor is known", 20)
    back = now() - began
    for call_id in ids:
        [call] = await centre.stored("select * from calls where call_id = ? and ended_at is not null", call_id)
        assert call["ended_by"] == "system"
    alarms = [alarm["call_id"] for alarm in (await centre.live())["alarms"]]
    assert ids[0] not in alarms and ids[1] in alarms, "the emergency caller shall be rung back"
    for dialog in (cut_off, *centre.dialogs):
        with suppress(StillUp):  # nobody is there to agree
            await dialog.hang_up(1.0)
    centre.dialogs.clear()
    async with Witness.of(centre.settings) as witness:
        assert await mirrored(witness) == {"anna": False, "boris": True}
    await centre.until(lambda live: agent(live, "anna")["reachable"], "anna's phone is known")
    caller = await centre.call(DIRECT)
    ring = await anna.rung(10, 2)
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hang_up()
    await caller.ended()
    measured("Asterisk killed: until the engine notices", f"{noticed:.2f} s", "1 s")
    measured("Asterisk killed: until its successor is served", f"{back:.1f} s", "")
    assert noticed < 1.0


async def mirrored(witness: Witness) -> dict[str, bool]:
    """Which of the two dispatchers app_queue holds for paused."""
    listed = await witness.ask("QueueStatus", Queue="al-direct")
    members = {one.get("Name"): one.get("Paused") == "1" for one in listed if one.event == "QueueMember"}
    return {name: members[name] for name in ("anna", "boris")}
