"""On a real Asterisk: synthetic people call, press, hear, answer, refuse, transfer and hang up when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from app import runtime
from synthetic import Answer, Dialog, Ending, Phone, Prompt, Refusal, Silence, Telephones, Tone
from synthetic.alaw import Pcm, write_wav
from synthetic.errors import NotAnswered, NotHeard, RegistrationRefused, SippFailed
from synthetic.rtp import EVENTS
from synthetic.tones import strength, tone
from tests.integration.sip_asterisk import AGENTS, DESKS, STREET, SipAsterisk

CALLER_HZ, AGENT_HZ, OTHER_HZ = 600, 900, 1300
PROMPT: Pcm = np.concatenate([tone(hz, 0.13) for hz in (500, 740, 610, 1100, 830, 450, 960, 700)])
BY_US, BY_THEM = Ending("us", 200), Ending("them", 200)


@dataclass(frozen=True)
class Town:
    """A street and some desks around one Asterisk."""

    street: Telephones
    desks: Telephones

    async def call(self, number: str, hz: int = CALLER_HZ) -> Dialog:
        return await self.street.call(number, "+442079460001", voice=tone(hz, 1))

    async def agent(self, name: str, hz: int = AGENT_HZ, behaviour: Answer | Refusal = Answer()) -> Phone:  # noqa: B008
        phone = self.desks.phone(name, f"secret-{name}", voice=tone(hz, 1), behaviour=behaviour)
        await phone.register()
        return phone


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipAsterisk]:
    home = tmp_path_factory.mktemp("sip")
    write_wav(home / "prompt.wav", PROMPT)
    asterisk = SipAsterisk(home / "asterisk", home / "prompt.wav")
    asterisk.start()
    yield asterisk
    asterisk.stop()


@pytest.fixture
async def town(asterisk: SipAsterisk) -> AsyncIterator[Town]:
    sipp = runtime.program("sipp")
    async with (
        await Telephones.start(sipp, asterisk.sip, STREET, asterisk.trunk_port) as street,
        await Telephones.start(sipp, asterisk.sip, DESKS) as desks,
    ):
        yield Town(street, desks)


async def test_a_caller_hears_their_own_echo_and_hangs_up(town: Town) -> None:
    caller = await town.call("echo")
    await caller.answered()
    await caller.hears(Tone(CALLER_HZ))
    assert await caller.hang_up() == BY_US
    assert await caller.hang_up() == BY_US


async def test_a_caller_hears_early_media_and_gives_up_before_the_answer(town: Town) -> None:
    caller = await town.call("early")
    await caller.rings()
    await caller.hears(Tone(425))
    assert caller.answered_at is None
    assert await caller.hang_up() == Ending("us", 487)


async def test_a_caller_gives_up_while_it_rings(town: Town) -> None:
    caller = await town.call("ringing")
    await caller.rings()
    assert await caller.hang_up() == Ending("us", 487)
    with pytest.raises(NotAnswered, match="487"):
        await caller.answered()


async def test_a_refused_caller_knows_why(town: Town) -> None:
    assert await (await town.call("busy")).ended() == Ending("them", 486)
    assert await (await town.call("nobody")).ended() == Ending("them", 404)


async def test_a_prompt_is_recognised_in_what_was_heard(town: Town) -> None:
    caller = await town.call("prompt")
    await caller.hears(Prompt(PROMPT))
    with pytest.raises(NotHeard, match="Prompt within"):
        await caller.hears(Prompt(PROMPT[::-1].copy()), within=0.6)
    await caller.hears(Silence())


async def test_fifty_keys_of_fifty_arrive_from_a_mute_and_from_a_speaking_caller(town: Town) -> None:
    async def presses(keys: str, voice: Pcm | None) -> None:
        asked = town.street.phone(keys)
        caller = await town.street.call("keys", "+442079460001", voice=voice)
        await caller.answered()
        await caller.press(keys + "#")
        await asked.rung()

    keys = (EVENTS.replace("#", "") * 4)[:50]
    await asyncio.gather(presses(keys, None), presses(keys[::-1], tone(CALLER_HZ, 1)))


async def test_the_caller_id_and_the_asserted_one_arrive(town: Town) -> None:
    plain, asserted = town.street.phone("from-+442079460001"), town.street.phone("from-+442079460077")
    await town.street.call("whoami", "+442079460001")
    await plain.rung()
    await town.street.call("whoami", "+442079460002", asserted="+442079460077")
    await asserted.rung()


async def test_agent_and_caller_hear_each_other_and_either_may_hang_up(town: Town) -> None:
    agent = await town.agent("agent1")
    caller = await town.street.call("agent1", "+442079460001", name="Hotline ru", voice=tone(CALLER_HZ, 1))
    ring = await agent.rung()
    assert (ring.shown, ring.number) == ("Hotline ru", "+442079460001")
    await asyncio.gather(caller.hears(Tone(AGENT_HZ)), ring.hears(Tone(CALLER_HZ)))
    assert (await ring.hang_up(), await caller.ended()) == (BY_US, BY_THEM)
    again = await town.call("agent1")
    ring = await agent.rung(count=2)
    await again.answered()
    assert (await again.hang_up(), await ring.ended()) == (BY_US, BY_THEM)
    assert agent.doubled == []


async def test_a_phone_rung_twice_at_once_is_seen(town: Town) -> None:
    agent = await town.agent("agent2")
    await town.call("agent2")
    await (await agent.rung()).answered()
    await town.call("agent2")
    second = await agent.rung(count=2)
    assert agent.doubled == [(agent.rings[0], second)]


@pytest.mark.parametrize(
    ("agent", "refusal", "told", "ending"),
    [
        ("agent3", Refusal.BUSY, "BUSY-17", Ending("us", 486)),
        ("agent4", Refusal.DECLINE, "CHANUNAVAIL-21", Ending("us", 603)),
        ("agent5", Refusal.UNAVAILABLE, "NOANSWER-19", Ending("us", 480)),
        ("agent6", Refusal.NEVER, "NOANSWER-0", Ending("them", 487)),
    ],
)
async def test_a_phone_that_does_not_answer_says_so_in_its_own_way(
    town: Town, agent: str, refusal: Refusal, told: str, ending: Ending
) -> None:
    report = town.street.phone(told)
    phone = await town.agent(agent, behaviour=refusal)
    await town.call(agent)
    ring = await phone.rung()
    await report.rung()
    assert await ring.ended() == ending


async def test_the_caller_gives_up_while_the_agents_phone_rings(town: Town) -> None:
    agent = await town.agent("agent7", behaviour=Refusal.NEVER)
    caller = await town.call("agent7")
    ring = await agent.rung()
    await caller.hang_up()
    assert await ring.ended() == Ending("them", 487)


async def test_hold_and_resume(town: Town) -> None:
    agent = await town.agent("agent8")
    caller = await town.call("agent8")
    ring = await agent.rung()
    await caller.hears(Tone(AGENT_HZ))
    await ring.hold()
    with pytest.raises(NotHeard):
        await caller.hears(Tone(AGENT_HZ, window=0.6), within=1.0)
    await ring.resume()
    await caller.hears(Tone(AGENT_HZ))


async def test_a_blind_transfer_joins_the_caller_with_the_other_agent(town: Town) -> None:
    first, second = await town.agent("agent9"), await town.agent("agent10", OTHER_HZ)
    caller = await town.call("agent9")
    ring = await first.rung()
    await caller.hears(Tone(AGENT_HZ))
    assert await ring.transfer("agent10") == 200
    received = await second.rung()
    await asyncio.gather(caller.hears(Tone(OTHER_HZ)), received.hears(Tone(CALLER_HZ)))
    assert ring.ending == BY_US


async def test_an_attended_transfer_joins_the_two_who_talked_to_the_agent(town: Town) -> None:
    first, second = await town.agent("agent11"), await town.agent("agent12", OTHER_HZ)
    caller = await town.call("agent11")
    ring = await first.rung()
    await caller.hears(Tone(AGENT_HZ))
    consult = await first.dial("agent12")
    received = await second.rung()
    await received.hears(Tone(AGENT_HZ))
    assert await ring.transfer_to(consult) == 200
    await asyncio.gather(caller.hears(Tone(OTHER_HZ)), received.hears(Tone(CALLER_HZ)))
    assert await consult.ended() == BY_THEM


async def test_a_phone_dials_codes_and_numbers_with_its_password(town: Town) -> None:
    agent = await town.agent("agent13")
    ready, mobile = town.street.phone("ready-agent13"), town.street.phone("+447700900112", voice=tone(OTHER_HZ, 1))
    await agent.dial("*1")
    await ready.rung()
    outside = await agent.dial("+447700900112")
    await outside.hears(Tone(OTHER_HZ))
    await (await mobile.rung()).hears(Tone(AGENT_HZ))


async def test_a_wrong_password_registers_nobody(town: Town) -> None:
    with pytest.raises(RegistrationRefused, match="401"):
        await town.desks.phone("agent14", "wrong").register()


async def test_an_unregistered_phone_is_not_rung(town: Town) -> None:
    agent = await town.agent("agent15")
    await agent.unregister()
    report = town.street.phone("CHANUNAVAIL-3")
    await town.call("agent15")
    await report.rung()
    assert agent.rings == []


async def test_twenty_five_talks_at_once_stay_apart(town: Town) -> None:
    names = AGENTS[:25]
    agents = await asyncio.gather(*(town.agent(name, 1200 + 20 * i) for i, name in enumerate(names)))
    callers = await asyncio.gather(*(town.call(name, 500 + 20 * i) for i, name in enumerate(names)))
    rings = await asyncio.gather(*(agent.rung() for agent in agents))
    await asyncio.gather(
        *(caller.hears(Tone(1200 + 20 * i)) for i, caller in enumerate(callers)),
        *(ring.hears(Tone(500 + 20 * i)) for i, ring in enumerate(rings)),
    )
    assert set(await asyncio.gather(*(caller.hang_up() for caller in callers))) == {BY_US}


async def test_a_deaf_caller_costs_nothing_and_still_presses(town: Town) -> None:
    asked = town.street.phone("42")
    caller = await town.street.call("keys", "+442079460001", deaf=True)
    await caller.answered()
    await caller.press("42#")
    await asked.rung()
    assert len(caller.heard()) == 0


async def test_the_time_base_is_that_of_the_wall(town: Town) -> None:
    caller = await town.call("echo")
    await caller.answered()
    await caller.hears(Tone(CALLER_HZ))
    caller.say(tone(OTHER_HZ, 1))
    changed = asyncio.get_running_loop().time()
    await caller.hears(Tone(OTHER_HZ))
    before, after = caller.heard(changed - 0.2, changed), caller.heard(changed + 0.1, changed + 0.2)
    assert strength(before, CALLER_HZ) > 0.9
    assert strength(after, OTHER_HZ) > 0.9


async def test_when_the_telephones_close_their_process_is_gone(asterisk: SipAsterisk) -> None:
    telephones = await Telephones.start(runtime.program("sipp"), asterisk.sip)
    caller = await telephones.call("echo", "+442079460001")
    await caller.answered()
    process = telephones.sipp._process
    await telephones.close()
    assert process.returncode is not None
    with pytest.raises(SippFailed):
        await telephones.call("echo", "+442079460001")


async def test_sipp_ends_when_its_connection_does_even_if_we_are_killed(
    asterisk: SipAsterisk,
) -> None:
    async with await Telephones.start(runtime.program("sipp"), asterisk.sip) as telephones:
        writer = telephones.sipp._writer
        assert writer
        writer.transport.abort()
        await asyncio.wait_for(telephones.sipp._process.wait(), 5)


async def test_a_sipp_that_cannot_start_says_why(asterisk: SipAsterisk) -> None:
    async with await Telephones.start(runtime.program("sipp"), asterisk.sip) as telephones:
        with pytest.raises(SippFailed, match="bind"):
            await Telephones.start(runtime.program("sipp"), asterisk.sip, port=telephones.sipp.port)
