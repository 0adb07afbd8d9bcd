"""Is each kind's turn to be estimated soon, one at a time, and is a kind without callers forgotten?"""

from __future__ import annotations

import pytest

from app.expected import Expected
from routing.estimate import Estimator
from tests.builders import NOON, a_queue, a_waiting_call, an_agent, seconds

QUEUES = {name: a_queue(name) for name in ("claims", "doctors", "general")}


def test_one_kind_is_estimated_at_a_time_and_the_oldest_estimate_is_made_anew() -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected()
    estimator.agent(an_agent(phone_in_use=True), NOON)
    for queue in QUEUES:
        estimator.queued(a_waiting_call(queue, queue=queue), NOON)
    told = []
    for tick in range(5):
        expected.look(estimator, NOON + seconds(tick))
        told.append(sorted(queue for (queue, _), at in expected.turns.items() if at == NOON + seconds(tick)))
    assert [len(one) for one in told] == [1] * 5
    assert told[0] + told[1] + told[2] == sorted(QUEUES) and (told[3], told[4]) == (told[0], told[1])
    assert all(expected.of(queue) for queue in QUEUES)
    estimator.left("claims", NOON + seconds(6))
    expected.look(estimator, NOON + seconds(6))
    assert expected.of("claims") is None


def test_what_cannot_be_said_is_nothing_and_its_turn_comes_round_like_any_other() -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected()
    estimator.queued(a_waiting_call("one", queue="claims"), NOON)
    expected.look(estimator, NOON)
    assert expected.of("claims") is None and [one.said for one in expected.known()] == [None]


def test_what_has_failed_is_not_taken_for_what_nobody_can_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected()
    estimator.queued(a_waiting_call("one", queue="claims"), NOON)
    expected.look(estimator, NOON)
    monkeypatch.delattr(Estimator, "estimate")
    with pytest.raises(AttributeError):
        expected.look(estimator, NOON + seconds(1))
    assert expected.known() == []


def test_callers_of_one_queue_who_ask_for_different_people_are_looked_at_each() -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected()
    for number, needs in enumerate(("lang:az=1", "lang:ru=1")):
        estimator.queued(a_waiting_call(needs, needs, queue="claims", queued_at=NOON + seconds(number)), NOON)
        expected.look(estimator, NOON + seconds(number))
    assert [one.call.call_id for one in expected.known()] == ["lang:az=1", "lang:ru=1"]
