"""Do the metrics count what happened, under few and impersonal labels, as Prometheus likes them?"""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import runtime
from app.errors import RuntimeFault
from calls.call import CallState
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AlarmRaised,
    CallEnded,
    CallerQueued,
    CallStarted,
    CommandFailed,
    EndedBy,
    FallbackEntered,
    LastResortEntered,
    SnapshotTaken,
    SwitchLost,
    TalkEnded,
    Tick,
)
from config.load import load
from metrics.exporter import FALLBACK_REASONS, Exporter, wait_buckets
from metrics.service_level import Figures
from metrics.standing import HistoryStanding, Standing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TARGETS = {"emergency": 5.0, "general": 17.0}
NUMBER = "+380671234567"


def an_exporter(figures: Figures | None = None) -> Exporter:
    return Exporter(
        lines=["emergency", "hotline"],
        targets=TARGETS,
        languages=["ru", "uk"],
        nodes=["node1"],
        figures=figures or Figures(TARGETS, ZoneInfo("Europe/Kyiv")),
        version="0.1.0",
    )


def a_call_comes(exporter: Exporter, line: str = "hotline", queue: str = "general") -> None:
    exporter.observe(
        CallStarted(at=NOON, call_id="node1-1.7", node="node1", channel="PJSIP/t-1", line=line, number=NUMBER)
    )
    exporter.observe(
        CallerQueued(
            at=NOON,
            call_id="node1-1.7",
            node="node1",
            channel="PJSIP/t-1",
            line=line,
            queue=queue,
            lang="ru",
            needs=(),
            queued_at=NOON,
            number=NUMBER,
            caller="clinic:17",
        )
    )


def is_answered(exporter: Exporter, after: float) -> None:
    at = NOON + timedelta(seconds=after)
    exporter.observe(AgentRinging(at=at, call_id="node1-1.7", agent_id="anna", attempt=1))
    exporter.observe(AgentAnswered(at=at, call_id="node1-1.7", agent_id="anna"))


def figure(exporter: Exporter, name: str, **labels: str) -> float | None:
    return exporter.registry.get_sample_value(f"assistline_{name}", labels)


def test_an_answered_call_is_counted_by_line_queue_and_result() -> None:
    exporter = an_exporter()
    a_call_comes(exporter)
    is_answered(exporter, 8)
    exporter.observe(CallEnded(at=NOON, call_id="node1-1.7", state=CallState.TALK, cause=16, by=EndedBy.CALLER))
    assert figure(exporter, "calls_started_total", line="hotline") == 1
    assert figure(exporter, "calls_ended_total", line="hotline", result="answered") == 1
    assert figure(exporter, "callers_queued_total", queue="general", lang="ru") == 1
    assert figure(exporter, "rings_total", result="answered") == 1
    assert figure(exporter, "waits_ended_total", queue="general", result="answered") == 1
    assert figure(exporter, "wait_seconds_sum", queue="general", result="answered") == 8


@pytest.mark.parametrize(("after", "good"), [(17.0, 1), (17.01, 0)])
def test_the_target_itself_is_in_time_in_counter_bucket_and_figures_alike(after: float, good: int) -> None:
    figures = Figures(TARGETS, ZoneInfo("Europe/Kyiv"))
    exporter = an_exporter(figures)
    a_call_comes(exporter)
    is_answered(exporter, after)
    assert figure(exporter, "service_level_waits_total", queue="general") == 1
    assert figure(exporter, "service_level_good_waits_total", queue="general") == good
    assert figure(exporter, "wait_seconds_bucket", queue="general", result="answered", le="17.0") == good
    assert figures["general"].today(NOON).share == good


def test_every_target_is_a_bucket_of_the_wait_histogram() -> None:
    bounds = wait_buckets([5.0, 17.0, 20.0])
    assert {5.0, 17.0, 20.0} <= set(bounds)
    assert list(bounds) == sorted(set(bounds))


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("NOANSWER", "no_answer"),
        ("BUSY", "busy"),
        ("CHANUNAVAIL", "unreachable"),
        ("REFUSED", "taken"),
        ("MOONPHASE", "other"),
    ],
)
def test_a_ring_without_answer_is_counted_by_what_the_phone_did(status: str, result: str) -> None:
    exporter = an_exporter()
    exporter.observe(AgentNotReached(at=NOON, call_id="c", agent_id="anna", attempt=1, dial_status=status))
    assert figure(exporter, "rings_total", result=result) == 1


def test_a_caller_who_leaves_while_an_agent_rings_ends_that_ring() -> None:
    exporter = an_exporter()
    a_call_comes(exporter)
    exporter.observe(CallEnded(at=NOON, call_id="node1-1.7", state=CallState.RINGING, cause=16, by=EndedBy.CALLER))
    assert figure(exporter, "rings_total", result="caller_left") == 1


def test_what_went_wrong_is_counted() -> None:
    exporter = an_exporter()
    exporter.observe(FallbackEntered(at=NOON, call_id="c", reason="stale"))
    exporter.observe(LastResortEntered(at=NOON, call_id="c"))
    exporter.observe(AlarmRaised(at=NOON, call_id="c", queue="emergency"))
    exporter.observe(CommandFailed(at=NOON, node="node1", command="RingAgent", reason="No such channel"))
    exporter.handler_failed(Tick(at=NOON))
    exporter.mirror_failed()
    exporter.handled(0.0002)
    assert figure(exporter, "fallback_entries_total", reason="stale") == 1
    assert figure(exporter, "last_resort_entries_total") == 1
    assert figure(exporter, "alarms_raised_total", queue="emergency") == 1
    assert figure(exporter, "commands_failed_total", command="RingAgent") == 1
    assert figure(exporter, "event_handler_faults_total", event="Tick") == 1
    assert figure(exporter, "mirror_failures_total") == 1
    assert figure(exporter, "event_handling_seconds_bucket", le="0.00025") == 1


def test_the_link_is_up_once_asterisk_was_looked_at_and_a_return_is_a_reconnect() -> None:
    exporter = an_exporter()
    snapshot = SnapshotTaken(at=NOON, node="node1", calls=(), reachable=frozenset(), in_use=frozenset())

    def link() -> tuple[float | None, float | None]:
        return figure(exporter, "ami_link_up", node="node1"), figure(exporter, "ami_reconnects_total", node="node1")

    assert link() == (0, 0)
    exporter.observe(snapshot)
    exporter.observe(snapshot)
    assert link() == (1, 0)
    exporter.observe(SwitchLost(at=NOON, node="node1"))
    assert link() == (0, 0)
    exporter.observe(snapshot)
    assert link() == (1, 1)


def test_the_menu_server_tells_sessions_and_commands() -> None:
    agi = (exporter := an_exporter()).agi
    agi.session_started()
    agi.session_started()
    agi.session_ended("done", 12.0)
    agi.command_answered("GOSUB", 4.0)
    agi.command_answered("NOOP", 0.001)
    agi.turned_away("late")
    assert figure(exporter, "agi_sessions") == 1
    assert figure(exporter, "agi_sessions_ended_total", result="done") == 1
    assert figure(exporter, "agi_command_seconds_sum", command="GOSUB") == 4
    assert figure(exporter, "agi_command_seconds_count", command="other") == 1
    assert figure(exporter, "agi_turned_away_total", reason="late") == 1


def test_gauges_are_read_when_prometheus_asks() -> None:
    exporter, standing = an_exporter(), [Standing()]
    exporter.watch(lambda: standing[0])
    standing[0] = Standing(
        waiting={"general": 3},
        longest_wait={"general": 41.5},
        alarms={"emergency": 1},
        agents={"ready": 4},
        calls={"talk": 2},
        inbox_depth=7,
        history=HistoryStanding(stored=100, spooled=9, lost=1, lag_seconds=2.5),
    )
    assert figure(exporter, "queue_waiting_callers", queue="general") == 3
    assert figure(exporter, "queue_longest_wait_seconds", queue="general") == 41.5
    assert figure(exporter, "alarms_open", queue="emergency") == 1
    assert figure(exporter, "agents", state="ready") == 4
    assert figure(exporter, "calls", state="talk") == 2
    assert figure(exporter, "inbox_depth") == 7
    assert figure(exporter, "history_spooled_total") == 9
    assert figure(exporter, "history_lag_seconds") == 2.5


def test_what_comes_over_the_wire_makes_no_time_series() -> None:
    exporter = an_exporter()
    for n in range(50):
        a_call_comes(exporter, line=f"made-up-{n}", queue=f"made-up-{n}")
        exporter.observe(FallbackEntered(at=NOON, call_id="c", reason=f"reason {n}"))
    assert figure(exporter, "calls_started_total", line="other") == 50
    assert b"made-up" not in exporter.exposition()
    assert exporter.exposition().count(b"fallback_entries_total{") == len(FALLBACK_REASONS) + 1


def test_no_person_and_no_call_is_in_the_exposition() -> None:
    exporter = an_exporter()
    a_call_comes(exporter)
    is_answered(exporter, 8)
    exporter.observe(TalkEnded(at=NOON, call_id="node1-1.7", agent_id="anna", by=EndedBy.AGENT))
    exposition = exporter.exposition().decode()
    for secret in (NUMBER, NUMBER[1:], "node1-1.7", "anna", "clinic", "PJSIP"):
        assert secret not in exposition


def a_full_exposition() -> bytes:
    exporter = an_exporter()
    exporter.watch(lambda: Standing(waiting={"general": 3}, longest_wait={"general": 1}, agents={"ready": 4}))
    a_call_comes(exporter)
    is_answered(exporter, 8)
    return exporter.exposition()


def test_all_names_have_the_prefix_and_no_created_series_stand_beside_them() -> None:
    families = list(text_string_to_metric_families(a_full_exposition().decode()))
    assert len(families) > 20
    assert all(re.fullmatch(r"assistline_[a-z_]+", family.name) for family in families)
    assert not any(family.name.endswith("_created") for family in families)


def test_promtool_finds_nothing_to_say() -> None:
    try:
        promtool = runtime.program("promtool")
    except RuntimeFault as fault:
        pytest.skip(str(fault))
    done = subprocess.run(
        [*promtool, "check", "metrics"], input=a_full_exposition(), capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_sample_centre_is_exposed_in_few_lines() -> None:
    """A line costs about 4 µs of the event loop (measured): the whole must stay a matter of milliseconds."""
    sample = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")
    targets = {queue.queue_id: queue.target_seconds for queue in sample.queues.values()}
    exporter = Exporter(
        lines=sample.lines,
        targets=targets,
        languages=sample.languages,
        nodes=["node1"],
        figures=Figures(targets, sample.timezone),
        version="0.1.0",
    )
    assert len(exporter.exposition().splitlines()) < 1000


def test_a_line_and_a_queue_of_a_later_configuration_count_under_their_names() -> None:
    figures = Figures(TARGETS, ZoneInfo("Europe/Kyiv"))
    exporter = an_exporter(figures)
    targets = {"general": 17.0, "night": 30.0}
    figures.adopt(targets, ZoneInfo("Europe/Kyiv"))
    exporter.adopt(["hotline", "late"], targets, ["ru", "uk"])
    a_call_comes(exporter, "late", "night")
    is_answered(exporter, 25.0)
    told = exporter.exposition().decode()
    assert 'assistline_calls_started_total{line="late"} 1.0' in told
    assert 'assistline_service_level_good_waits_total{queue="night"} 1.0' in told
    assert 'assistline_callers_queued_total{lang="ru",queue="emergency"} 0.0' in told  # what was, goes on
    assert figures["night"].today(NOON + timedelta(seconds=25)).within_target == 1
