"""Is each queue's turn to be estimated soon, one at a time, and is a queue without callers forgotten?"""

from __future__ import annotations

from app.expected import Expected
from routing.estimate import Estimator
from tests.builders import NOON, a_queue, a_waiting_call, an_agent, seconds

QUEUES = {name: a_queue(name) for name in ("claims", "doctors", "general")}


def test_one_queue_is_estimated_at_a_time_and_the_oldest_estimate_is_made_anew() -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected({})
    estimator.agent(an_agent(phone_in_use=True), NOON)
    for queue in QUEUES:
        estimator.queued(a_waiting_call(queue, queue=queue), NOON)
    told = []
    for tick in range(5):
        expected.look(estimator, NOON + seconds(tick))
        told.append(sorted(queue for queue, (at, _) in expected.waits.items() if at == NOON + seconds(tick)))
    assert [len(one) for one in told] == [1] * 5
    assert told[0] + told[1] + told[2] == sorted(QUEUES) and (told[3], told[4]) == (told[0], told[1])
    assert all(expected.of(queue) for queue in QUEUES)
    estimator.left("claims", NOON + seconds(6))
    expected.look(estimator, NOON + seconds(6))
    assert expected.of("claims") is None


def test_what_cannot_be_said_is_nothing_and_its_turn_comes_round_like_any_other() -> None:
    estimator, expected = Estimator(QUEUES, {}, 100.0), Expected({})
    estimator.queued(a_waiting_call("one", queue="claims"), NOON)
    expected.look(estimator, NOON)
    assert expected.of("claims") is None and "claims" in expected.waits
