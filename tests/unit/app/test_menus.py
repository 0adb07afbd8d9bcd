"""What do menus leave behind: promises to ring back, handovers, and the share that needed no agent?"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.engine import Engine
from app.handlers import HANDLERS
from app.live import live, standing
from app.menus import handed_over, handover_view, keeps_promises, masked, recall
from app.promised import MenuCounts
from app.state import Centre
from calls.call import CallState
from calls.commands import Command
from calls.events import (
    AgentAnswered,
    CallbackAsked,
    CallbackDone,
    CallEnded,
    CallerQueued,
    CallSpooled,
    CallStarted,
    EndedBy,
    Event,
    MenuEnded,
    SurveyBegun,
    TalkEnded,
    VoicemailLeft,
)
from ivr.dialogue import CallerRecord, Handover, TakeCallback
from ivr.secret import Secret
from metrics.service_level import Figures
from metrics.standing import HistoryStanding
from routing.agent import AgentState, off_duty
from storage.codec import encode
from storage.history import History
from storage.open_callbacks import open_callbacks
from tests.builders import NOON, an_agent
from tests.unit.agi_scripts.menu_calls import a_configuration

STARTED = CallStarted(at=NOON, call_id="c", node="n", channel="ch", line="hotline", lang="ru", number="+447700900111")
HANDOVER = Handover(
    (("topics", "claims"),),
    {"policy": Secret("79927398713"), "pin": Secret("1357")},
    ("welcome",),
    CallerRecord(vip=True),
)


class Silent:
    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None:
        raise AssertionError(type(event).__name__)


def an_engine(history: History | None = None) -> Engine:
    configuration = a_configuration()
    centre = Centre(configuration=configuration, agents={"anna": off_duty(an_agent().profile, NOON)})
    sent: list[Command] = []
    return Engine(centre, HANDLERS, lambda *_: (), sent.append, [history.record] if history else [], Silent())


def test_a_message_and_a_callback_are_shown_without_a_number_until_they_are_done() -> None:
    engine = an_engine()
    engine.step(STARTED)
    engine.step(CallbackAsked(at=NOON, call_id="c", queue="general", lang="ru", number="+447700900111"))
    engine.step(VoicemailLeft(at=NOON, call_id="c", recording_id="r"))
    engine.step(CallSpooled(at=NOON, call_id="d", payload={"voicemail": "1", "queue": "general", "lang": "ru"}))
    configuration = engine.centre.configuration
    figures = Figures(dict.fromkeys(configuration.queues, 20.0), configuration.timezone)
    view = live(engine.centre, figures, "n", NOON, NOON)
    assert [one["kind"] for one in view["callbacks"]] == ["callback", "voicemail", "voicemail"]  # type: ignore[attr-defined]
    assert "4477" not in str(view)
    assert set(engine.centre.callbacks) == {"c-callback", "c-voicemail", "d-voicemail"}
    standing_now = standing(engine.centre, 0, HistoryStanding(), NOON)
    assert standing_now.callbacks["general"] == 2
    engine.step(CallbackDone(at=NOON, call_id="c", callback_id="c-callback", by="anna"))
    assert set(engine.centre.callbacks) == {"c-voicemail", "d-voicemail"}


def test_the_share_that_needed_no_agent_is_that_of_the_day() -> None:
    engine = an_engine()
    zone = engine.centre.configuration.timezone
    for outcome in ("self-served", "queued", "abandoned", "self-served", "rated"):
        engine.step(MenuEnded(at=NOON, call_id="c", outcome=outcome))
    assert engine.centre.menus.today(NOON, zone) == (4, 2)
    assert standing(engine.centre, 0, HistoryStanding(), NOON).menus["self-served"] == 2
    assert engine.centre.menus.today(NOON + timedelta(days=1), zone) == (0, 0)
    assert engine.centre.menus.ever["self-served"] == 2


def test_a_restart_goes_on_with_the_days_figure() -> None:
    counts = MenuCounts()
    counts.recall({"self-served": 3, "queued": 1}, NOON, NOON.tzinfo)  # type: ignore[arg-type]
    counts.add("queued", NOON, NOON.tzinfo)  # type: ignore[arg-type]
    assert counts.today(NOON, NOON.tzinfo) == (5, 3)  # type: ignore[arg-type]


def test_a_handover_is_there_until_the_call_ends_and_masks_what_was_typed() -> None:
    engine, left = an_engine(), handed_over("c", HANDOVER, NOON)
    engine.step(left)
    assert engine.centre.handovers == {}  # nobody would ever take it away again
    engine.step(STARTED)
    engine.step(left)
    assert handover_view(engine.centre.handovers["c"]) == {
        "chosen": [{"node": "topics", "choice": "claims"}],
        "typed": {"policy": "•••••••••13", "pin": "••••"},
        "heard": ["welcome"],
        "record": {"region": "", "lang": "", "vip": True, "doctor": ""},
    }
    engine.step(CallEnded(at=NOON, call_id="c", state=CallState.MENU, cause=16, by=EndedBy.CALLER))
    assert engine.centre.handovers == {}
    assert masked(Secret("")) == ""


def test_what_a_caller_typed_is_stored_masked_and_shown_by_no_repr() -> None:
    left = handed_over("c", HANDOVER, NOON)
    assert "79927398713" not in json.dumps(encode(left, "run", 1, "v").payload)
    assert not [word for word in ("topics", "policy", "welcome", "vip") if word in repr(left)]


def test_an_agent_is_free_while_the_caller_gives_a_mark() -> None:
    engine = an_engine()
    queued = CallerQueued(
        at=NOON,
        call_id="c",
        node="n",
        channel="ch",
        line="hotline",
        queue="general",
        lang="ru",
        needs=(),
        queued_at=NOON,
    )
    (agent_id,) = engine.centre.agents
    for event in (
        STARTED,
        queued,
        AgentAnswered(at=NOON, call_id="c", agent_id=agent_id),
        TalkEnded(at=NOON, call_id="c", agent_id=agent_id, by=EndedBy.AGENT),
        SurveyBegun(at=NOON, call_id="c"),
    ):
        engine.step(event)
    assert engine.centre.calls["c"].state is CallState.SURVEY
    assert engine.centre.agents[agent_id].call_id is None
    assert engine.centre.agents[agent_id].state is not AgentState.TALKING


async def test_a_promise_is_in_sql_after_a_restart(tmp_path: Path) -> None:
    """It is made when it is on the disk: the service may die at that moment."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite'}"
    history = History(url, tmp_path, "v")
    await history.start()
    engine = an_engine(history)
    consumer = asyncio.create_task(engine.run())
    take = keeps_promises(engine, history)
    await take("c", TakeCallback("general", "ru", (), Secret("")), Secret("+447700900111"))
    assert list(engine.centre.callbacks) == ["c-callback"]
    consumer.cancel()
    await history.close()
    again = History(url, tmp_path, "v")
    await again.start()
    [row] = await open_callbacks(again.writer.engine)
    assert (row.callback_id, row.number) == ("c-callback", "+447700900111")
    restarted = an_engine().centre
    await recall(restarted, again, NOON)
    assert list(restarted.callbacks) == ["c-callback"]
    await again.close()


async def test_a_restart_knows_what_callers_left_in_the_menu_whose_calls_go_on(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite'}"
    history = History(url, tmp_path / "spool", "v1")
    await history.start()
    ended = CallEnded(at=NOON, call_id="over", state=CallState.TALK, cause=16, by=EndedBy.CALLER)
    for event in (
        STARTED,
        handed_over("c", HANDOVER, NOON),
        replace(STARTED, call_id="over"),
        handed_over("over", HANDOVER, NOON),
        ended,
    ):
        history.record(event)
    await history.close()
    again = History(url, tmp_path / "spool", "v1")
    await again.start()
    centre = an_engine().centre
    await recall(centre, again, NOON)
    assert centre.handovers == {"c": handed_over("c", HANDOVER, NOON)}
    await again.close()
