"""On a real Asterisk: a crowd lives by itself. Its agents log in, take calls and end them; its callers come and go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app import runtime
from synthetic import Phone, Telephones
from synthetic.alaw import write_wav
from synthetic.crowd import Crowd, Habits, Journey
from synthetic.tones import tone
from tests.integration.sip_asterisk import AGENTS, DESKS, STREET, SipAsterisk


@pytest.fixture
def asterisk(tmp_path: Path) -> SipAsterisk:
    write_wav(tmp_path / "music.wav", tone(440, 1))
    return SipAsterisk(tmp_path / "asterisk", tmp_path / "music.wav")


async def test_agents_take_calls_and_end_them_and_callers_press_their_way(asterisk: SipAsterisk) -> None:
    names, sipp = AGENTS[:3], runtime.program("sipp")
    asterisk.start()
    try:
        async with (
            await Telephones.start(sipp, asterisk.sip, STREET, asterisk.trunk_port) as street,
            await Telephones.start(sipp, asterisk.sip, DESKS) as desks,
        ):
            phones = [desks.phone(name, f"secret-{name}") for name in names]
            clinic = street.phone("1017")
            crowd = Crowd(
                street,
                phones,
                seed=1,
                calls_per_minute=300,
                journeys=[Journey("keys", ("1017#",), pause=0.1), *map(Journey, names)],
                habits=Habits(patience=2.0, talk=0.5, pick_up=0.1),
            )
            life = asyncio.create_task(crowd.run())
            await asyncio.gather(*(_talked(phone, times=2) for phone in phones))
            await clinic.rung(within=20)
            life.cancel()
            await asyncio.wait([life])
            assert life.cancelled()
    finally:
        asterisk.stop()


async def _talked(phone: Phone, times: int) -> None:
    for count in range(1, times + 1):
        ring = await phone.rung(within=20, count=count)
        await ring.ended(within=20)
