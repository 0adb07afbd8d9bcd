"""What may happen in a centre, in any order?

All that people do is drawn from bytes, so that a sequence can be told again, in another process too, and made smaller
by whoever finds a fault with it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Final

from calls.call import CallState
from calls.events import Duty, EndedBy, Event
from calls.needs import needs, together
from tests.unit.routing.house import Asking, Channel, House
from tests.unit.routing.sample_centre import AGENTS, ASKED, QUEUES

S = CallState
WAITS: Final = (0.5, 1, 1, 2, 3, 5, 8, 13, 20, 30, 60, 600, 1800)
"""What time passes, in seconds, when some does."""


def happens(house: House, kind: int, which: int) -> None:
    """The happening of these two bytes, if it can be; unless ``which`` ends in seven the engine hears of it at once."""
    name, what = HAPPENINGS[kind % len(HAPPENINGS)]
    if kind:
        house.story.append(f"{name} {which}")
    what(house, which)
    if which & 7 != 7:
        house.settle()


def _calls(house: House, which: int) -> None:
    queues = ("emergency", "general", "general", "doctors", "desk")
    if len(house.channels) < 10:
        asked = ASKED[which // 5 % len(ASKED)]
        if queues[which % 5] == "doctors":
            asked = together(asked, needs({"grade:doctor": 1}))
        house.calls(queues[which % 5], asked, AGENTS[which % 6] if which % 3 == 0 else "")


def _to_one(do: Callable[[House, Channel], None], *states: CallState) -> Callable[[House, int], None]:
    def happens(house: House, which: int) -> None:
        channel = house.pick(which, *states)
        if channel is not None:
            do(house, channel)

    return happens


def _sends_on(house: House, which: int) -> None:
    channel = house.pick(which, S.TALK)
    if channel is not None:
        house.sends_on(channel, list(QUEUES)[which // 8 % len(QUEUES)])


def _declares(house: House, which: int) -> None:
    duty = (Duty.READY, Duty.READY, Duty.PAUSED, Duty.OFF)[which // 6 % 4]
    house.declares(AGENTS[which % 6], duty)


def _uses_phone(house: House, which: int) -> None:
    agent_id = AGENTS[which % 6]
    if agent_id not in house.taken():
        house.uses_phone(agent_id, in_use=which % 4 == 0)


def _phone_ways(house: House, which: int) -> None:
    house.busy_phones ^= {AGENTS[which % 6]}


def _waking(house: House, which: int) -> None:
    if house.woken:
        house.answers_waking(house.woken[0], comes=which % 3 > 0)


def _until_due(house: House, which: int) -> None:
    """Exactly until the router wants to be asked, or an instant sooner."""
    due = house.centre.floor.next_deadline()
    if due is not None and due > house.now:
        house.passes(max(0.0, (due - house.now).total_seconds() - (0.0001 if which % 2 else 0.0)))


def _fallback(house: House, which: int, do: Callable[[House, Channel], None]) -> None:
    channel = house.pick(which, S.FALLBACK)
    if channel is not None and channel.agent is not None:
        do(house, channel)


HAPPENINGS: Final[tuple[tuple[str, Callable[[House, int], None]], ...]] = (
    ("nothing", lambda house, which: None),
    *[("time passes", lambda house, which: house.passes(WAITS[which % len(WAITS)]))] * 5,
    *[("time is due", _until_due)] * 3,
    *[("a caller comes", _calls)] * 8,
    *[("an agent answers", _to_one(House.answers, S.RINGING))] * 6,
    *[("an agent puts down", _to_one(House.puts_down, S.TALK, S.FALLBACK_TALK))] * 5,
    *[("a ring ends", _to_one(House.does_not_answer, S.RINGING))] * 3,
    *[("an agent sends a caller on", _sends_on)] * 2,
    (
        "a caller hangs up",
        _to_one(lambda house, channel: house.ends(channel, channel.state, EndedBy.CALLER), *S),
    ),
    *[("an agent declares", _declares)] * 3,
    ("a phone is used", _uses_phone),
    ("a phone comes or goes", lambda house, which: house.phone(AGENTS[which % 5], reachable=which % 4 > 0)),
    ("a phone is busy, or no more", _phone_ways),
    ("the service was silent", _to_one(House.falls_back, S.WAITING)),
    ("app_queue rings", _to_one(House.app_queue_rings, S.FALLBACK)),
    ("the fallback is answered", lambda house, which: _fallback(house, which, House.answers)),
    ("the fallback rings in vain", lambda house, which: _fallback(house, which, House.does_not_answer)),
    ("the last resort gives back", _to_one(lambda house, channel: house.waits(channel), S.LAST_RESORT)),
    ("a message is left", _to_one(House.leaves_a_message, S.LAST_RESORT)),
    ("who was woken says", _waking),
)


MOST_FACTS: Final = 200
"""A sequence ends when the engine has heard of so many."""


def play(sequence: bytes, look: Callable[[House, Asking], None] | None = None) -> House:
    """The house after all that these bytes stand for, two of them a happening."""
    house = House(look)
    house.opens()
    for kind, which in zip(sequence[::2], sequence[1::2], strict=False):
        if len(house.facts) >= MOST_FACTS:
            break
        happens(house, kind, which)
    house.settle()
    return house


def replay(facts: list[Event]) -> House:
    """Another house that is told the same; what commands led to is among the facts."""
    house = House()
    for fact in facts:
        house.engine.step(fact)
    return house


def digest(count: int) -> str:
    """Of all that is decided in so many sequences."""
    decided = sha256()
    for seed in range(count):
        decided.update(repr(play(Random(seed).randbytes(2 * MOST_FACTS)).results).encode())
    return decided.hexdigest()


ROUND: Final = 5.0
"""Seconds in which an agent answers, or ends a talk, when everybody hurries."""


def closes(house: House, rounds: int) -> bool:
    """Nobody comes any more, and everybody is on duty and hurries; whether nobody is left after so many rounds."""
    house.busy_phones.clear()
    for agent_id in AGENTS:
        house.phone(agent_id, reachable=True)
        house.uses_phone(agent_id, in_use=False)
        house.declares(agent_id, Duty.READY)
    house.tick()
    for _ in range(rounds):
        if not house.channels:
            return True
        for channel in list(house.channels.values()):
            hurries(house, channel)
        house.passes(ROUND)
    return not house.channels


def hurries(house: House, channel: Channel) -> None:
    """What can end the wait of this caller, or the talk, happens now."""
    match channel.state:
        case S.TALK | S.FALLBACK_TALK:
            house.puts_down(channel)
        case S.VOICEMAIL:
            house.ends(channel, channel.state, EndedBy.CALLER)
        case S.FALLBACK if channel.agent is None:
            house.app_queue_rings(channel)
        case S.RINGING | S.FALLBACK:
            house.answers(channel)
