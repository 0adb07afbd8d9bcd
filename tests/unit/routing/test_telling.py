"""Who is told place and wait, when, and is it only what holds?"""

from __future__ import annotations

import pytest

from routing.estimate import Estimate
from routing.telling import EVERY, FIRST_AFTER, MOST_AT_ONCE, Said, Told, due, known, minutes, tell
from routing.waiting import WaitingCall
from tests.builders import NOON, a_waiting_call, seconds

FIRST, AGAIN = FIRST_AFTER.total_seconds(), EVERY.total_seconds()
KNOWS = Told(at=NOON, queue="general", place=3, minutes=5)


def everybody(_call: WaitingCall) -> bool:
    return True


def an_estimate(mean: float) -> Estimate:
    """In seconds."""
    return Estimate(mean=mean, p50=mean, p90=2 * mean)


@pytest.mark.parametrize(("waited", "is_due"), [(FIRST - 0.1, False), (FIRST, True), (FIRST + 999, True)])
def test_a_caller_is_told_first_after_a_while(waited: float, is_due: bool) -> None:
    call = a_waiting_call(waited=waited)
    assert due([call], {}, everybody, NOON) == [call] * is_due


@pytest.mark.parametrize(("after", "is_due"), [(AGAIN - 0.1, False), (AGAIN, True)])
def test_and_then_now_and_again(after: float, is_due: bool) -> None:
    call = a_waiting_call(waited=999)
    assert due([call], {"call-1": KNOWS}, everybody, NOON + seconds(after)) == [call] * is_due


def test_in_a_crowd_those_come_first_who_have_waited_longest_for_it() -> None:
    crowd = [a_waiting_call(f"call-{number:02}", waited=100 - number) for number in range(12)]
    told: dict[str, Told] = {}
    turns = []
    for turn in range(3):
        now = NOON + seconds(turn)
        turns.append(due(reversed(crowd), told, everybody, now))
        told |= {call.call_id: known(told.get(call.call_id), call, now) for call in turns[-1]}
    assert [len(turn) for turn in turns] == [MOST_AT_ONCE, MOST_AT_ONCE, 12 - 2 * MOST_AT_ONCE]
    assert [*turns[0], *turns[1], *turns[2]] == crowd


def test_who_does_not_listen_takes_nobodys_turn() -> None:
    crowd = [a_waiting_call(f"call-{number:02}", waited=100 - number) for number in range(12)]
    last = crowd[-1]
    assert due(crowd, {}, lambda call: call is last, NOON) == [last]


def test_of_another_queue_nothing_is_known_any_more() -> None:
    now = NOON + seconds(60)
    assert known(KNOWS, a_waiting_call(), now) == Told(at=now, queue="general", place=3, minutes=5)
    assert known(KNOWS, a_waiting_call(queue="other"), now) == Told(at=now, queue="other")
    assert known(None, a_waiting_call(), now) == Told(at=now, queue="general")


ROWS = [
    # known: place, minutes; found: place, seconds -> said; known then
    (None, None, 4, 200.0, Said(4, 4), (4, 4)),
    (3, 5, 2, 240.0, Said(2, 4), (2, 4)),
    (3, 5, 3, 300.0, Said(3, 5), (3, 5)),
    (3, 5, 4, 100.0, None, (3, 5)),
    (3, 5, 2, 301.0, Said(2), (2, 5)),
    (3, 5, 2, None, None, (3, 5)),
]


@pytest.mark.parametrize(
    ("knew", "expected", "position", "mean", "said", "knows"),
    ROWS,
    ids=["for the first time", "both better", "as good", "place worse", "wait has grown", "nobody there"],
)
def test_only_what_holds_is_told(
    knew: int | None, expected: int | None, position: int, mean: float | None, said: Said | None, knows: tuple[int, int]
) -> None:
    last = Told(at=NOON, queue="general", place=knew, minutes=expected)
    then, words = tell(last, position, an_estimate(mean) if mean is not None else None)
    assert words == said and (then.place, then.minutes) == knows


@pytest.mark.parametrize(
    ("seconds_", "said"), [(0, 1), (59, 1), (60, 1), (61, 2), (600, 10), (601, 15), (900, 15), (901, 20), (3600, 60)]
)
def test_a_wait_is_rounded_up(seconds_: float, said: int) -> None:
    assert minutes(seconds_) == said
