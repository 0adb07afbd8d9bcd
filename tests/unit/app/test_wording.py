"""What does a supervisor read of each fact? The sentences that test_stories has no story for."""

from __future__ import annotations

import pytest

from app import story
from app.followed import Difference
from app.wording import Wording
from tests.builders import NOON, seconds
from tests.unit.app.played import CONFIGURATION

AT = {"at": NOON}
WORDING = Wording(CONFIGURATION)
QUEUED = {**AT, "queue": "claims", "needs": (), "preferred": None, "able": ()}
PASSED = {**AT, "agent_id": "anna", "queue": "doctors", "theirs": 1.5, "ours": 1.9}
RUNG = {**AT, "agent_id": "anna", "steps": 0, "waited": 0.4, "ratio": 0.0, "others": ("boris",)}
SENTENCES: list[tuple[story.Fact, str]] = [
    (story.Came(**AT, line="gone"), "called gone"),
    (story.Chose(**AT, choice="claims"), "chose claims in the menu"),
    (
        story.Queued(**QUEUED, since=NOON - seconds(61), place=7),
        "queued for Reimbursement (needs nothing special), with 6 before, waiting since 14:58:59.0; "
        "nobody on duty could serve",
    ),
    (
        story.Queued(
            **{**QUEUED, "preferred": "anna", "able": (story.Able(agent_id="gone", doing="unreachable", since=NOON),)},
            since=NOON,
            place=2,
        ),
        "queued for Reimbursement (needs nothing special), second in line; prefers Anna Petrova; "
        "1 person could serve: gone with a phone that is not there since 15:00:00",
    ),
    (
        story.PassedOver(**PASSED, emergency=False, reason="preferred"),
        "Anna Petrova was free, but a caller of Clinic doctors came first who prefers them",
    ),
    (
        story.Rung(**RUNG, reason="again-after-miss"),
        "rung: Anna Petrova, once more, since nobody else was free",
    ),
    (story.NotReached(**AT, agent_id="anna", dial_status="ODD", seconds=3), "Anna Petrova was not reached (ODD)"),
    (story.NotReached(**AT, agent_id="anna", dial_status="BUSY", seconds=3), "Anna Petrova was busy or declined"),
    (
        story.SentOn(**AT, to="queue", queue="operator", reason="waited-long"),
        "sent on to Operator. It has waited as long as its queue allows before it overflows.",
    ),
    (
        story.SentOn(**AT, to="reserve", queue="", reason="nobody-logged-in"),
        "reserve staff was called for. Nobody who can serve this call is on duty, so it overflows.",
    ),
    (
        story.SentOn(**AT, to="voicemail", queue="", reason="queue-closed"),
        "offered to leave a message. The hours of its queue are over, so it overflows.",
    ),
    (
        story.LeftToAsterisk(**AT, reason="unseen"),
        "Asterisk rang people by itself: the service did not take note of the caller in time",
    ),
    (story.Recording(**AT), "began to leave a message"),
    (story.Joined(**AT, agent_id="boris"), "Boris Ivanov joined the talk"),
    (story.Talked(**AT, agent_id="boris", by="caller"), "the talk with Boris Ivanov ended, by the caller"),
    (story.Ended(**AT, by="caller", waited=None, target=0), "the call ended, by the caller"),
    (
        story.Answered(**AT, agent_id="anna", queue="gone", waited=2.25, target=7.5),
        "answered by Anna Petrova after 2.2 s of waiting for gone, against a target of 7.5 s",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "sentence"), SENTENCES, ids=lambda value: type(value).__name__)
def test_each_fact_is_one_plain_sentence(fact: story.Fact, sentence: str) -> None:
    assert WORDING.sentence(fact) == sentence


def test_a_difference_names_both_decisions() -> None:
    told = WORDING.difference(Difference(at=NOON, call_id="call", then=None, now=None))
    assert told == "15:00:00.0  call: decided was nothing, now it would be nothing"
