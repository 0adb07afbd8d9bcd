"""Do the engine, the desk, the routes and the board agree? All of ours in one process, only Asterisk is left out."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from rich.console import Console

from app.applying import Applied, Refused
from app.deciding import decide
from app.desk import EngineDesk
from app.engine import Engine
from app.handlers import HANDLERS
from app.live import standing
from app.menus import handed_over
from app.state import Centre
from app.top import watch
from calls.call import CallState
from calls.commands import Command, RingAgent
from calls.events import (
    AgentAnswered,
    CallbackAsked,
    CallEnded,
    CallerQueued,
    CallStarted,
    EndedBy,
    Event,
    MenuEnded,
    SnapshotTaken,
)
from config.load import load
from ivr.dialogue import CallerRecord, Handover
from ivr.secret import Secret
from metrics.exporter import Exporter
from metrics.service_level import Figures
from metrics.standing import HistoryStanding
from routing.agent import off_duty
from web import api

BEARER = {"Authorization": "Bearer secret"}
NUMBER = "+380671234567"

Client = TestClient[Request, Application]


async def refused(text: str, who: str) -> Applied:
    raise Refused("configuration.yaml:1:1: is empty")


class House:
    """An engine with the sample configuration whose commands are kept instead of sent."""

    def __init__(self) -> None:
        sample = load(Path(__file__).parents[2] / "config" / "sample" / "assistline.yaml")
        targets = {queue.queue_id: queue.target_seconds for queue in sample.queues.values()}
        self.commands: list[Command] = []
        now = datetime.now(UTC)
        figures = Figures(targets, sample.timezone)
        self.exporter = Exporter(
            lines=sample.lines,
            targets=targets,
            languages=sample.languages,
            nodes=["node1"],
            figures=figures,
            version="0.1.0",
        )
        centre = Centre(
            configuration=sample, agents={key: off_duty(profile, now) for key, profile in sample.agents.items()}
        )
        self.engine = Engine(
            centre,
            HANDLERS,
            decide,
            send=self.commands.append,
            sinks=[self.exporter.observe],
            observer=self.exporter,
        )
        self.exporter.watch(
            lambda: standing(self.engine.centre, self.engine.depth, HistoryStanding(), datetime.now(UTC))
        )
        self.desk = EngineDesk(
            self.engine, figures, "node1", now, lambda: [] if centre.connected_nodes() else ["node1 is away"], refused
        )

    async def happens(self, *events: Event) -> None:
        for event in events:
            await self.engine.post_and_tell(event)

    async def asterisk_comes(self, *reachable: str) -> None:
        snapshot = SnapshotTaken(
            at=datetime.now(UTC), node="node1", calls=(), reachable=frozenset(reachable), in_use=frozenset()
        )
        await self.happens(snapshot)

    async def a_caller_comes(self, line: str, queue: str, call_id: str) -> None:
        now = datetime.now(UTC)
        where: dict[str, Any] = {"at": now, "call_id": call_id, "node": "node1", "channel": f"PJSIP/t-{call_id}"}
        await self.happens(
            CallStarted(**where, line=line, number=NUMBER),
            CallerQueued(**where, line=line, queue=queue, lang="ru", needs=(), queued_at=now, number=NUMBER),
        )


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    consumer = asyncio.create_task(house.engine.run())
    yield house
    consumer.cancel()
    await asyncio.gather(consumer, return_exceptions=True)


@pytest.fixture
async def client(house: House, aiohttp_client: Callable[..., Any]) -> Client:
    made: Client = await aiohttp_client(api.application(house.desk, house.exporter.exposition, "secret", "0.1.0"))
    return made


async def seen(client: Client) -> Any:
    response = await client.get("/api/v1/live", headers=BEARER)
    assert response.status == 200
    return await response.json()


async def test_the_service_is_ready_once_asterisk_was_looked_at(client: Client, house: House) -> None:
    assert (await client.get("/readyz")).status == 503
    await house.asterisk_comes()
    assert (await client.get("/readyz")).status == 200


async def test_an_agent_made_ready_over_http_is_rung_for_the_caller_who_waits(client: Client, house: House) -> None:
    await house.asterisk_comes("anna")
    await house.a_caller_comes("hotline", "coverage", "node1-1.1")
    assert not [command for command in house.commands if isinstance(command, RingAgent)]
    response = await client.post("/api/v1/agents/anna/duty", headers=BEARER, json={"duty": "ready"})
    assert response.status == 200
    assert (await response.json())["agent_id"] == "anna"
    rings = [command for command in house.commands if isinstance(command, RingAgent)]
    assert [(ring.call_id, ring.agent_id) for ring in rings] == [("node1-1.1", "anna")]


async def test_faults_of_the_desk_reach_the_client(client: Client) -> None:
    async def status(agent: str, **body: str) -> int:
        return (await client.post(f"/api/v1/agents/{agent}/duty", headers=BEARER, json=body)).status

    assert await status("nobody", duty="ready") == 404
    assert await status("elena", duty="paused", reason="fishing") == 422
    assert await status("elena", duty="paused", reason="lunch") == 200


async def test_an_abandoned_emergency_call_is_an_alarm_until_it_is_cleared(client: Client, house: House) -> None:
    await house.asterisk_comes()
    await house.a_caller_comes("emergency", "emergency", "node1-1.1")
    gone = CallEnded(at=datetime.now(UTC), call_id="node1-1.1", state=CallState.WAITING, cause=16, by=EndedBy.CALLER)
    await house.happens(gone)
    assert [alarm["call_id"] for alarm in (await seen(client))["alarms"]] == ["node1-1.1"]
    assert 'assistline_alarms_open{queue="emergency"} 1.0' in await (await client.get("/metrics")).text()
    assert (await client.post("/api/v1/alarms/node1-1.1/clear", headers=BEARER)).status == 204
    assert (await seen(client))["alarms"] == []
    assert (await client.post("/api/v1/alarms/node1-1.1/clear", headers=BEARER)).status == 404


async def test_board_live_view_and_metrics_tell_the_same_and_no_number(client: Client, house: House) -> None:
    await house.asterisk_comes()
    await house.a_caller_comes("hotline", "coverage", "node1-1.1")
    await house.a_caller_comes("hotline", "coverage", "node1-1.2")
    await house.happens(AgentAnswered(at=datetime.now(UTC), call_id="node1-1.2", agent_id="anna"))
    console = Console(width=80, file=(out := io.StringIO()), color_system=None)
    await watch(str(client.make_url("")).rstrip("/"), "secret", once=True, console=console)
    board, metrics, view = out.getvalue(), await (await client.get("/metrics")).text(), await seen(client)
    coverage = next(row for row in view["queues"] if row["queue"] == "coverage")
    assert (coverage["waiting"], coverage["offered"], coverage["answered"], coverage["service_level"]) == (1, 2, 1, 1.0)
    assert 'assistline_queue_waiting_callers{queue="coverage"} 1.0' in metrics
    assert 'assistline_service_level_good_waits_total{queue="coverage"} 1.0' in metrics
    assert "talking: Anna Petrova" in board
    assert next(line for line in board.splitlines() if line.startswith(" Coverage")).split()[1] == "1"
    for told in (board, metrics, str(view)):
        assert NUMBER.removeprefix("+") not in told


async def test_what_a_caller_did_in_the_menu_is_on_the_agents_screen(client: Client, house: House) -> None:
    await house.asterisk_comes()
    await house.a_caller_comes("hotline", "coverage", "node1-1.1")
    chosen, typed = (("topics", "claims"),), {"claim": Secret("79927398713")}
    left = Handover(chosen, typed, ("welcome",), CallerRecord(region="kazan"))
    await house.happens(handed_over("node1-1.1", left, datetime.now(UTC)))
    shown = await (await client.get("/api/v1/calls/node1-1.1", headers=BEARER)).json()
    assert (shown["line"], shown["queue"], shown["state"]) == ("hotline", "coverage", "waiting")
    assert shown["handover"] == {
        "chosen": [{"node": "topics", "choice": "claims"}],
        "typed": {"claim": "•••••••••13"},
        "heard": ["welcome"],
        "record": {"region": "kazan", "lang": "", "vip": False, "doctor": ""},
    }
    assert NUMBER.removeprefix("+") not in str(shown)


async def test_who_is_to_be_rung_back_is_shown_until_it_is_done(client: Client, house: House) -> None:
    await house.asterisk_comes()
    now = datetime.now(UTC)
    await house.happens(
        CallStarted(at=now, call_id="node1-1.1", node="node1", channel="PJSIP/t-1", line="hotline", number=NUMBER),
        CallbackAsked(at=now, call_id="node1-1.1", queue="operator", lang="ru", number=NUMBER),
        MenuEnded(at=now, call_id="node1-1.1", outcome="callback"),
        MenuEnded(at=now, call_id="node1-1.2", outcome="self-served"),
    )
    view, metrics = await seen(client), await (await client.get("/metrics")).text()
    assert [(one["callback_id"], one["queue"]) for one in view["callbacks"]] == [("node1-1.1-callback", "operator")]
    assert view["menus"] == {"ended": 2, "self_served": 1, "contained_share": 0.5}
    assert 'assistline_callbacks_open{queue="operator"} 1.0' in metrics
    assert 'assistline_menus_ended_total{outcome="self-served"} 1.0' in metrics
    console = Console(width=80, file=(out := io.StringIO()), color_system=None)
    await watch(str(client.make_url("")).rstrip("/"), "secret", once=True, console=console)
    assert "1 to ring back, the oldest for" in out.getvalue()
    assert "resolved without an agent 50%" in out.getvalue()
    assert NUMBER.removeprefix("+") not in str(view) + metrics + out.getvalue()
    path, done = "/api/v1/callbacks/node1-1.1-callback/done", {"by": "anna", "note": ""}
    assert (await client.post(path, headers=BEARER, json=done)).status == 204
    assert (await seen(client))["callbacks"] == []
    assert (await client.post(path, headers=BEARER, json=done)).status == 404
