"""Is the live view the described one, true to the engine, and without a number?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.live import line_view, live, standing
from app.state import Alarm, Centre
from calls.call import Call, CallState
from calls.events import Duty
from config.load import load
from config.model import Configuration
from ivr.menu import CallbackNode, Node, QueueNode, TransferNode, VoicemailNode
from metrics.service_level import Figures
from metrics.standing import HistoryStanding
from metrics.waits import Wait, WaitEnd
from routing.agent import answered, not_reached, off_duty, on_duty, reached, reserve
from tests.builders import NOON, a_call, seconds

TREE = Path(__file__).parents[3]
NUMBER = "+380671234567"


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load(TREE / "config" / "sample" / "assistline.yaml")


@pytest.fixture
def centre(configuration: Configuration) -> Centre:
    agents = {agent_id: off_duty(profile, NOON) for agent_id, profile in configuration.agents.items()}
    return Centre(configuration=configuration, agents=agents, nodes={"pbx1": ()})


@pytest.fixture
def figures(configuration: Configuration) -> Figures:
    return Figures({key: queue.target_seconds for key, queue in configuration.queues.items()}, configuration.timezone)


def a_queued_call(call_id: str, state: CallState = CallState.WAITING, **given: Any) -> Call:
    queued: dict[str, Any] = {"queue": "coverage", "queued_at": NOON, "waiting_since": NOON, "number": NUMBER}
    return a_call(call_id, state=state, **(queued | given))


def seen(centre: Centre, figures: Figures, after: float = 30.0) -> Any:
    """The live view as a client reads it."""
    view = live(centre, figures, "pbx1", NOON - timedelta(hours=1), NOON + seconds(after))
    return json.loads(json.dumps(view))


def row(view: Any, rows: str, key: str, value: str) -> Any:
    return next(row for row in view[rows] if row[key] == value)


def test_every_field_is_the_described_one(centre: Centre, figures: Figures) -> None:
    centre.calls["c1"] = a_queued_call("c1")
    centre.alarms["c0"] = Alarm(call_id="c0", queue="emergency", at=NOON, number=NUMBER)
    schemas = yaml.safe_load((TREE / "web" / "openapi.yaml").read_text())["components"]["schemas"]
    view = seen(centre, figures)
    assert set(view) == set(schemas["Live"]["required"]) == set(schemas["Live"]["properties"])
    for rows, schema in (("lines", "Line"), ("queues", "Queue"), ("agents", "Agent"), ("calls", "Call")):
        assert view[rows]
        for one in view[rows]:
            assert set(one) == set(schemas[schema]["required"]) == set(schemas[schema]["properties"])
    assert set(view["node"]) == set(schemas["Node"]["properties"])
    assert set(view["alarms"][0]) == set(schemas["Alarm"]["properties"])


def test_no_number_leaves(centre: Centre, figures: Figures) -> None:
    centre.calls["c1"] = a_queued_call("c1")
    centre.alarms["c0"] = Alarm(call_id="c0", queue="emergency", at=NOON, number=NUMBER)
    told = json.dumps(seen(centre, figures))
    numbers = [agent.profile.mobile for agent in centre.agents.values() if agent.profile.mobile]
    assert numbers
    for number in (NUMBER, *numbers):
        assert number.removeprefix("+") not in told


@pytest.mark.parametrize("state", [CallState.WAITING, CallState.RINGING, CallState.FALLBACK, CallState.LAST_RESORT])
def test_who_rings_or_is_in_the_fallback_still_waits(centre: Centre, figures: Figures, state: CallState) -> None:
    centre.calls["c1"] = a_queued_call("c1", state, waiting_since=NOON + seconds(10))
    view = seen(centre, figures, after=35.25)
    coverage = row(view, "queues", "queue", "coverage")
    assert (coverage["waiting"], coverage["longest_wait_s"], coverage["offered"]) == (1, 25.2, 1)
    assert (coverage["service_level"], coverage["service_level_30m"]) == (0.0, 0.0)
    assert view["calls"][0]["waited_s"] == 25.25


@pytest.mark.parametrize("state", [CallState.MENU, CallState.TALK, CallState.FALLBACK_TALK])
def test_who_talks_waits_no_longer(centre: Centre, figures: Figures, state: CallState) -> None:
    centre.calls["c1"] = a_queued_call("c1", state)
    view = seen(centre, figures)
    assert (row(view, "queues", "queue", "coverage")["waiting"], view["calls"][0]["waited_s"]) == (0, None)


def test_a_caller_of_a_closed_line_in_the_last_resort_waits_in_no_queue(centre: Centre, figures: Figures) -> None:
    centre.calls["c1"] = a_queued_call("c1", CallState.LAST_RESORT, queued_at=None)
    view = seen(centre, figures)
    assert (row(view, "queues", "queue", "coverage")["waiting"], view["calls"][0]["waited_s"]) == (0, None)


def test_figures_of_the_day_and_of_the_last_half_hour_stand_side_by_side(centre: Centre, figures: Figures) -> None:
    figures.add(Wait("coverage", 50.0, NOON - timedelta(minutes=45), WaitEnd.ANSWERED))
    figures.add(Wait("coverage", 3.0, NOON, WaitEnd.SHORT_ABANDONED))
    figures.add(Wait("coverage", 10.0, NOON, WaitEnd.ANSWERED))
    told = row(seen(centre, figures), "queues", "queue", "coverage")
    assert (told["offered"], told["answered"], told["abandoned"], told["short_abandoned"]) == (3, 2, 1, 1)
    assert (told["service_level"], told["service_level_30m"]) == (0.3333, 0.5)
    assert told["average_speed_of_answer_s"] == 30.0


def test_an_agent_is_shown_as_declared_and_as_busy(centre: Centre, figures: Figures) -> None:
    anna = reached(on_duty(centre.agents["anna"], Duty.PAUSED, "lunch", NOON), True)
    centre.agents["anna"] = anna
    centre.agents["boris"] = answered(centre.agents["boris"], "c1", NOON + seconds(5))
    view = seen(centre, figures)
    told = row(view, "agents", "agent_id", "anna")
    assert (told["state"], told["reason"], told["reachable"], told["since"]) == (
        "paused",
        "lunch",
        True,
        NOON.isoformat(),
    )
    told = row(view, "agents", "agent_id", "boris")
    assert (told["state"], told["call_id"], told["since"]) == ("talking", "c1", (NOON + seconds(5)).isoformat())


def test_a_line_names_every_queue_its_callers_can_come_to(centre: Centre, figures: Figures) -> None:
    view = seen(centre, figures)
    hotline = row(view, "lines", "line", "hotline")["queue_ids"]
    assert {"operator", "coverage", "clinics", "approvals", "claims", "emergency"} <= set(hotline)
    assert row(view, "lines", "line", "emergency")["queue_ids"] == ["emergency"]


@pytest.mark.parametrize(
    "end",
    [
        VoicemailNode(queue="claims"),
        CallbackNode(queue="claims", prompts=(), otherwise="operator"),
        TransferNode(number="+447700900955", queue="claims"),
    ],
    ids=lambda node: node.kind,
)
def test_a_line_names_the_queue_behind_a_message_a_promise_and_a_number_outside(centre: Centre, end: Node) -> None:
    hotline = centre.configuration.lines["hotline"]
    menu = replace(centre.configuration.menus["hotline"], nodes={"operator": QueueNode(queue="operator"), "end": end})
    assert line_view(hotline, {"hotline": menu})["queue_ids"] == ["operator", "claims"]


def test_a_lost_link_is_told(centre: Centre, figures: Figures) -> None:
    assert seen(centre, figures)["node"] == {"id": "pbx1", "connected": True}
    centre.nodes["pbx1"] = None
    assert seen(centre, figures)["node"] == {"id": "pbx1", "connected": False}


def test_gauges_name_every_queue_and_state_also_where_there_is_nobody(centre: Centre) -> None:
    centre.calls["c1"] = a_queued_call("c1")
    centre.calls["c2"] = a_queued_call("c2", waiting_since=NOON + seconds(10))
    centre.calls["c3"] = a_queued_call("c3", CallState.TALK)
    centre.alarms["c0"] = Alarm(call_id="c0", queue="emergency", at=NOON)
    history = HistoryStanding(stored=7)
    now = standing(centre, 4, history, NOON + seconds(30))
    assert (now.waiting["coverage"], now.longest_wait["coverage"], now.waiting["operator"]) == (2, 30.0, 0)
    assert now.waiting.keys() == now.longest_wait.keys() == now.alarms.keys() == centre.configuration.queues.keys()
    assert (now.alarms["emergency"], now.alarms["coverage"]) == (1, 0)
    assert (now.calls["waiting"], now.calls["talk"], now.calls["menu"]) == (2, 1, 0)
    assert now.agents["offline"] == len(centre.agents)
    assert now.agents["talking"] == 0
    assert (now.inbox_depth, now.history) == (4, history)


def test_callers_see_their_place_and_a_queue_its_expected_wait_when_it_has_been_worked_out(
    centre: Centre, figures: Figures
) -> None:
    anna = on_duty(reached(centre.agents["anna"], True), Duty.READY, "", NOON)
    centre.agents["anna"] = answered(anna, "c0", NOON)
    for call_id, after in (("c1", 0), ("c2", 1)):
        needs = (("desk:coverage", 1), ("lang:ru", 1))
        queued = {"queued_at": NOON + seconds(after), "waiting_since": NOON + seconds(after), "needs": needs}
        centre.calls[call_id] = a_queued_call(call_id, node="pbx1", **queued)
    centre.keep_floor(NOON + seconds(1))
    view = seen(centre, figures)
    assert row(view, "queues", "queue", "coverage")["expected_wait_s"] is None
    assert {call["call_id"]: call["position"] for call in view["calls"]} == {"c1": 1, "c2": 2}
    centre.expected.look(centre.estimator, NOON + seconds(1))
    told = row(seen(centre, figures), "queues", "queue", "coverage")
    assert 550 <= told["expected_wait_s"] <= 600, "two calls of 300 s each come first, unless they give up"
    assert told["expected_wait_p90_s"] > told["expected_wait_s"]
    del centre.calls["c1"], centre.calls["c2"]
    centre.keep_floor(NOON + seconds(2))
    centre.expected.look(centre.estimator, NOON + seconds(2))
    assert row(seen(centre, figures), "queues", "queue", "coverage")["expected_wait_s"] is None


def test_an_agents_missed_rings_in_a_row_are_counted_until_they_answer(centre: Centre, figures: Figures) -> None:
    def misses() -> object:
        return row(seen(centre, figures), "agents", "agent_id", "anna")["misses"]

    agent = reached(on_duty(centre.agents["anna"], Duty.READY, "", NOON), True)
    for count in (1, 2):
        agent = not_reached(reserve(agent, "c1", count, NOON), "c1", "NOANSWER", NOON)
        centre.agents["anna"] = agent
        assert misses() == count
    centre.agents["anna"] = answered(agent, "c2", NOON)
    assert misses() == 0
