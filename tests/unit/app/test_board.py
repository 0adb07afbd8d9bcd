"""Does the board say the truth, in words as in colour, and keep within any terminal?"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from app.board import board

NOW = datetime(2026, 3, 2, 14, 3, 22, tzinfo=UTC)

Live = dict[str, Any]


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def a_queue(queue: str = "coverage", label: str = "Coverage", **given: Any) -> Live:
    quiet: Live = {
        "queue": queue,
        "label": label,
        "emergency": False,
        "waiting": 0,
        "longest_wait_s": None,
        "target_s": 20.0,
        "target_share": 0.8,
        "service_level": None,
        "service_level_30m": None,
        "offered": 12,
        "answered": 11,
        "abandoned": 1,
        "average_speed_of_answer_s": 8.4,
    }
    return {**quiet, **given}


def an_agent(agent_id: str = "anna", name: str = "Anna Petrova", state: str = "ready", **given: Any) -> Live:
    agent = {"agent_id": agent_id, "name": name, "grade": "nurse", "state": state, "since": ago(95), "reachable": True}
    return {**agent, "reason": "", "call_id": None, **given}


def a_call(state: str = "waiting", **given: Any) -> Live:
    call = {"call_id": "node1-1.1", "line": "hotline", "queue": "coverage", "state": state, "since": ago(9)}
    return {**call, "agent_id": None, "waited_s": None, "lang": "ru", **given}


def a_live(**given: Any) -> Live:
    live: Live = {
        "at": NOW.isoformat(),
        "version": "v1",
        "counted_since": ago(3 * 86400),
        "node": {"id": "node1", "connected": True},
        "lines": [{"line": "hotline", "label": "Hotline", "queue_ids": ["coverage"]}],
        "queues": [a_queue()],
        "agents": [],
        "calls": [],
        "alarms": [],
    }
    return {**live, **given}


def shown(live: Live, width: int = 80, height: int = 24, zone: Any = UTC) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(board(live, width, height, zone))
    return captured.get().splitlines()


def the_line(lines: list[str], words: str) -> str:
    found = [line for line in lines if words in line]
    assert len(found) == 1, lines
    return found[0]


def test_a_quiet_centre_is_calm() -> None:
    lines = shown(a_live(agents=[an_agent()]))
    text = "\n".join(lines)
    assert "Asterisk connected" in lines[0]
    assert "Calls  none" in text
    for trouble in ("ALARM", "late", "soon", "▼", "━", "✕", "figures since"):
        assert trouble not in text


@pytest.mark.parametrize(
    ("waited", "told", "full"),
    [(2.0, "2 s / 20 s", 1), (10.0, "10 s / 20 s", 5), (14.2, "14 s / 20 s soon", 7), (72.0, "1:12 / 20 s late", 10)],
)
def test_the_longest_wait_stands_against_its_target_in_words_and_as_a_bar(waited: float, told: str, full: int) -> None:
    row = the_line(shown(a_live(queues=[a_queue(waiting=3, longest_wait_s=waited)])), "/ 20 s")
    assert row.split("─")[-1].split("━")[-1].strip().startswith(told)
    assert ("late" in row, "soon" in row) == ("late" in told, "soon" in told)
    assert (row.count("━"), row.count("─")) == (full, 10 - full)
    assert row.split()[1] == "3"


def test_a_service_level_below_its_aim_is_marked() -> None:
    lines = shown(a_live(queues=[a_queue(service_level_30m=0.61, service_level=0.83)]))
    assert the_line(lines, "Coverage").split()[-3:] == ["61%▼", "83%", "80%"]


def test_a_share_just_below_all_is_not_rounded_up_to_all() -> None:
    assert "99%" in the_line(shown(a_live(queues=[a_queue(service_level=0.9999)])), "Coverage")


def test_alarms_stand_above_everything_with_their_call_and_what_to_do() -> None:
    emergency = a_queue("emergency", "Emergency", emergency=True)
    alarms = [
        {"call_id": f"node1-7.{n}", "queue": "emergency", "at": ago(72 + n), "kind": "abandoned"} for n in range(5)
    ]
    lines = shown(a_live(queues=[emergency], alarms=alarms))
    assert "ALARM" in lines[2]
    assert "Emergency" in lines[2]
    assert "1:12 ago" in lines[2]
    assert "node1-7.0" in lines[2]
    assert "2 more" in lines[5]
    assert "*9" in lines[5]


def test_a_lost_link_to_asterisk_is_loud() -> None:
    assert "NOT CONNECTED" in shown(a_live(node={"id": "node1", "connected": False}))[0]


def test_figures_that_began_today_say_since_when() -> None:
    assert "figures since 13:13" in shown(a_live(counted_since=ago(3000)))[0]
    baku = shown(a_live(counted_since=ago(3000)), zone=ZoneInfo("Asia/Baku"))[0]
    assert "18:03:22" in baku
    assert "figures since 17:13" in baku


def test_people_are_counted_by_state_and_the_busy_ones_come_first() -> None:
    people = [
        an_agent("a", "Off Duty", "offline"),
        an_agent("b", "Paused Person", "paused", reason="lunch"),
        an_agent("c", "Ready Person"),
        an_agent("d", "Ringing Person", "ringing"),
        an_agent("e", "Lost Phone", reachable=False),
    ]
    lines = shown(a_live(agents=people))
    assert the_line(lines, " Agents").split("Agents")[1].split() == (
        ["◎", "1", "ringing", "●", "2", "ready", "‖", "1", "paused", "○", "1", "off"]
    )
    assert "◎ Ringing Person" in lines[lines.index(the_line(lines, " Agents")) + 1]
    text = "\n".join(lines)
    assert "lunch 1:35" in text
    assert "no phone 1:35" in text
    assert "○ Off Duty" in text


def test_calls_are_told_by_labels_names_and_times_emergencies_first() -> None:
    live = a_live(
        queues=[a_queue(), a_queue("emergency", "Emergency", emergency=True)],
        agents=[an_agent(state="talking")],
        calls=[
            a_call("talk", agent_id="anna", since=ago(151)),
            a_call("menu", queue="", since=ago(3)),
            a_call(waited_s=27.4),
            a_call(line="emergency", queue="emergency", waited_s=2.0),
            a_call("fallback", waited_s=30.0),
        ],
    )
    lines = shown(live)
    first = lines.index(the_line(lines, " Calls  5")) + 1
    assert [" ".join(line.split()) for line in lines[first:]] == [
        "emergency waiting 2 s ru",
        "Hotline → Coverage waiting 27 s ru",
        "Hotline → Coverage waiting, by fallback 30 s ru",
        "Hotline → Coverage talking: Anna Petrova 2:31 ru",
        "Hotline in the menu 3 s ru",
    ]


def a_crowd() -> Live:
    queues = [a_queue(f"q{n}", f"Очередь с длинным именем {n}", waiting=n, longest_wait_s=float(n)) for n in range(14)]
    queues[0]["emergency"] = True  # the least endangered of all
    people = [an_agent(f"a{n}", f"Ганна Петрівна {n}", "talking") for n in range(60)]
    calls = [a_call(waited_s=float(n)) for n in range(60)]
    alarms = [{"call_id": f"n-{n}", "queue": "q1", "at": ago(n), "kind": "abandoned"} for n in range(9)]
    return a_live(queues=queues, agents=people, calls=calls, alarms=alarms)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 129, 130, 180, 300])
@pytest.mark.parametrize("height", [5, 12, 24, 40, 100])
def test_the_board_keeps_within_its_terminal(width: int, height: int) -> None:
    for live in (a_live(), a_crowd(), {}):
        lines = shown(live, width, height)
        assert len(lines) <= height
        assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [80, 140])
def test_what_does_not_fit_is_counted_and_the_emergency_queue_always_fits(width: int) -> None:
    text = "\n".join(shown(a_crowd(), width))
    assert "more queues" in text
    assert "!Очередь" in text
    hidden = [int(line.split("and ")[1].split()[0]) for line in text.splitlines() if "and " in line and " more" in line]
    assert len(hidden) >= 2


def test_a_wide_terminal_shows_the_days_counts_and_people_beside_calls() -> None:
    lines = shown(a_live(agents=[an_agent()], calls=[a_call()]), 140, 30)
    assert the_line(lines, "offered").split()[-5:] == ["offered", "answered", "abandoned", "ASA", "ahead"]
    assert the_line(lines, "Coverage  ").split()[-6:] == ["12", "11", "1", "8", "s", "·"]
    assert "Calls  1" in the_line(lines, " Agents")


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, [None], [7], [{}], {"id": 3}])
@pytest.mark.parametrize("field", ["at", "node", "lines", "queues", "agents", "calls", "alarms", "counted_since"])
def test_a_strange_field_leaves_its_place_empty(field: str, junk: object) -> None:
    assert "Assistline" in shown(a_live(**{field: junk}))[0]


@pytest.mark.parametrize("key", ["waiting", "longest_wait_s", "target_s", "service_level", "label", "target_share"])
@pytest.mark.parametrize("junk", [None, "x", True, []])
def test_a_strange_figure_leaves_its_place_empty(key: str, junk: object) -> None:
    assert len(shown(a_live(queues=[a_queue(**{key: junk})]))) > 3


def test_states_of_a_newer_service_are_shown_as_they_come() -> None:
    text = "\n".join(shown(a_live(agents=[an_agent(state="asleep")], calls=[a_call("dreaming")])))
    assert "? Anna Petrova" in text
    assert "dreaming" in text


def test_nothing_that_a_terminal_obeys_comes_out_of_a_label() -> None:
    text = "\n".join(shown(a_live(queues=[a_queue(label="\x1b]0;owned\x07[red]Desk[/red]")])))
    assert "\x1b" not in text
    assert "[red]" in text


def test_the_expected_wait_stands_beside_the_longest_and_only_where_somebody_waits() -> None:
    waits = a_queue(waiting=2, longest_wait_s=12.0, expected_wait_s=95.0)
    assert the_line(shown(a_live(queues=[waits]), width=140), "/ 20 s").rstrip().endswith(" 1:35")
    unsaid = a_queue(waiting=2, longest_wait_s=12.0, expected_wait_s=None)
    assert the_line(shown(a_live(queues=[unsaid]), width=140), "/ 20 s").rstrip().endswith("–")
    quiet = the_line(shown(a_live(queues=[a_queue(expected_wait_s=95.0)]), width=140), "Coverage")
    assert "1:35" not in quiet


def test_who_is_paused_for_missed_rings_is_shown_with_the_reason() -> None:
    assert the_line(shown(a_live(agents=[an_agent(state="paused", reason="no-answer")]), width=140), "no-answer")


def test_how_many_rings_in_a_row_an_agent_has_missed_is_shown_until_they_talk_or_pause() -> None:
    agents = [
        an_agent("a", "Anna", misses=2),
        an_agent("b", "Boris", state="ringing", misses=1),
        an_agent("c", "Clara", state="paused", reason="no-answer", misses=3),
        an_agent("d", "Denis"),
        an_agent("e", "Elena", misses=1, reachable=False),
    ]
    lines = shown(a_live(agents=agents), width=140)
    assert "Anna" in the_line(lines, "missed 2") and "Boris" in the_line(lines, "missed 1")
    assert "\n".join(lines).count("missed") == 2
