"""Is every decision found again from what was stored, whatever happens in a centre with every rule that queues know?

The house of tests/unit/routing plays it; what its engine tells is stored as history stores it, ticks not at all.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.followed import FOLLOWED, Followed
from app.past import at_start
from app.reconcile import tells_news
from app.witness import Witness
from app.wording import Wording
from calls.events import Event, ServiceStarted, SnapshotTaken
from storage.codec import StoredEvent, decode, encode, from_line, to_line
from tests.builders import NOON
from tests.unit.routing.happenings import happens
from tests.unit.routing.house import House
from tests.unit.routing.sample_centre import configuration

LONG = bool(os.environ.get("AL_LONG"))
HAPPENINGS = 100

sequences = some.lists(some.binary(min_size=20, max_size=20), min_size=1, max_size=HAPPENINGS // 10).map(b"".join)


class Remembered:
    """The house after these happenings, two bytes each, and the rows of all that its engine told."""

    def __init__(self, sequence: bytes) -> None:
        self.house = House()
        self.rows: list[StoredEvent] = []
        self.house.engine.add_sink(self._keep)
        self.house.opens()
        for kind, which in zip(sequence[::2], sequence[1::2], strict=True):
            happens(self.house, kind, which)
        self.house.settle()

    def _keep(self, event: Event) -> None:
        if type(event) in FOLLOWED and (type(event) is not SnapshotTaken or tells_news(self.house.centre, event)):
            self.rows.append(from_line(to_line(encode(event, "run", len(self.rows) + 1, "v1"))))


def followed(rows: list[StoredEvent], witness: Witness | None = None) -> Followed:
    again = Followed(at_start(configuration(), ServiceStarted(at=NOON, duties=())), witness)
    again.follow([event for event in map(decode, rows) if event])
    return again


@pytest.mark.timeout(900 if LONG else 120)
@settings(max_examples=5_000 if LONG else 150, deadline=None)
@given(sequences)
def test_the_stored_facts_lead_to_the_same_decisions_and_to_the_same_centre(sequence: bytes) -> None:
    remembered = Remembered(sequence)
    again, centre = followed(remembered.rows), remembered.house.centre
    assert again.differences == []
    assert again.decisions == sum(row.type == "Decided" for row in remembered.rows)
    assert dict(again.centre.calls) == dict(centre.calls)
    assert dict(again.centre.agents) == dict(centre.agents)
    assert dict(again.centre.floor.waiting) == dict(centre.floor.waiting)


KINDS = ["CallerQueued", "CallEnded", "AgentNotReached", "DutyChanged", "WrapUpEnded", "TalkEnded", "PhoneReachable"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_facts_of_one_kind_decisions_come_out_otherwise(kind: str) -> None:
    """So none of these could be lost unnoticed."""
    differ = 0
    for seed in range(5):
        rows = Remembered(Random(seed).randbytes(2 * HAPPENINGS)).rows
        differ += bool(followed([row for row in rows if row.type != kind]).differences)
    assert differ


def test_every_call_of_a_long_day_has_a_story_that_can_be_told() -> None:
    wording, told = Wording(configuration()), Counter[str]()
    for seed in range(20):
        remembered = Remembered(Random(seed).randbytes(2 * HAPPENINGS))
        for call_id in remembered.house.came:
            witness = Witness(call_id)
            followed(remembered.rows, witness)
            told.update(type(fact).__name__ for fact in witness.facts)
            for fact in witness.facts:
                assert "+44" not in wording.line(fact)
            assert [fact.at for fact in witness.facts] == sorted(fact.at for fact in witness.facts)
    assert told.keys() >= {
        "Queued",
        "Relaxed",
        "Rung",
        "PassedOver",
        "Kept",
        "NotReached",
        "Answered",
        "SentOn",
        "Ended",
    }
