"""Do the laws of routing hold, whatever happens in a centre and in whatever order?

The whole chain: facts from outside, handlers, router, commands. `make mutants` asks for one law at a time (AL_LAW), to
see that each fault it knows is caught by the very law that it breaks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as some

from calls.events import Decided
from routing.explain import Reason
from tests.unit.routing.happenings import MOST_FACTS, digest, play
from tests.unit.routing.laws import ENDINGS, LAWS
from tests.unit.routing.watch import Watch

LONG = bool(os.environ.get("AL_LONG"))
WANTED = os.environ.get("AL_LAW")
HAPPENINGS = 20

sequences = some.lists(some.binary(min_size=2 * HAPPENINGS, max_size=2 * HAPPENINGS), min_size=1, max_size=10)


def wanted(law: object) -> bool:
    return WANTED in (None, getattr(law, "__name__", ""))


@pytest.mark.timeout(900 if LONG else 120)
@settings(max_examples=10_000 if LONG else 250, deadline=None)
@given(sequences.map(b"".join))
def test_every_law_holds_in_every_sequence(sequence: bytes) -> None:
    house = play(sequence, Watch([law for law in LAWS if wanted(law)]))
    for law in filter(wanted, ENDINGS):
        note(f"broken: {law.__name__}, after: {house.story}")
        law(house)


def test_the_sequences_reach_every_reason_for_a_decision() -> None:
    """But the one that is not told: a call is left to app_queue."""
    houses = [play(Random(seed).randbytes(2 * MOST_FACTS)) for seed in range(60)]
    told = {one.reason for house in houses for one in house.results if isinstance(one, Decided)}
    assert told == set(Reason) - {Reason.IN_FALLBACK}


def test_another_process_decides_alike_whatever_its_hashes_are() -> None:
    count = 60 if LONG else 20
    words = [sys.executable, "-c", f"from {digest.__module__} import digest; print(digest({count}))"]
    told = [
        subprocess.run(words, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        for seed in ("1", "4711")
    ]
    assert [one.stdout.strip() for one in told] == [digest(count)] * 2
