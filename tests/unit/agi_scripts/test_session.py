"""What does a caller hear and where do they end, when the menu is driven over the real protocol on a real socket?

Asterisk's side takes each line apart by its own rules and runs it on the fake dialplan of agi_scripts/fake.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest
import structlog

from agi_scripts.channel import SLACK
from agi_scripts.fake import FakeCall
from agi_scripts.pin import PinDesk
from agi_scripts.session import PIN_SECONDS
from calls.events import Event, MenuChosen, MenuEnded, MenuEntered
from calls.hours import Band, Hours
from config.model import Clinic
from ivr.menu import LanguageNode, QueueNode
from routing.waiting import Queue
from tests.builders import NOON, a_doctors_menu, a_line, a_menu, a_profile, a_queue
from tests.unit.agi_scripts.menu_calls import a_configuration, answer_lines, dial, served


async def test_a_caller_hears_the_menu_and_is_queued_in_the_language_chosen() -> None:
    dialled = await dial("2 1")
    assert dialled.heard == ["welcome choose-language", "topics", "please-wait"]
    assert dialled.variables == {
        "AGI_DONE": "1",
        "AL_NEXT": "queue",
        "AL_QUEUE": "general",
        "AL_LANG": "az",
        "AL_NEEDS": "desk:coverage=1&grade:dispatcher=1&lang:az=1",
        "AL_CALLER": "",
        "AL_DIGITS": "",
        "CHANNEL(language)": "az",
    }


async def test_when_the_line_opens_again_is_said_piece_by_piece_in_the_language_spoken() -> None:
    nights = Hours(zone=ZoneInfo("Asia/Baku"), weekly=((Band(0, 30),),) * 7)
    closed = QueueNode(queue="general", prompts=("closed-now", "opens"))
    asked = LanguageNode(prompts=("choose-language",), options={"2": "az"}, next="closed")
    menu = a_menu(start="language", language=asked, closed=closed)
    configuration = a_configuration(lines={"hotline": a_line(hours=nights)}, menus={"hotline": menu})
    dialled = await dial("2 -", configuration=configuration)
    assert dialled.variables["AL_LANG"] == "az"
    assert dialled.heard[-1] == "closed-now opens-again weekday-4 day-5 month-3 hour-0"


async def test_the_history_learns_the_menu_the_choices_and_the_outcome() -> None:
    dialled = await dial("1 1")
    assert dialled.events == [
        MenuEntered(at=NOON, call_id="pbx1-1.1", line="hotline", menu="hotline"),
        MenuChosen(at=NOON, call_id="pbx1-1.1", menu="hotline.language", choice="ru"),
        MenuChosen(at=NOON, call_id="pbx1-1.1", menu="hotline.topics", choice="coverage"),
        MenuEnded(at=NOON, call_id="pbx1-1.1", outcome="queued"),
    ]


@pytest.mark.parametrize(
    ("pressed", "next_", "outcome"),
    [("1 3", "hangup", "self-served"), ("1 4", "last-resort", "last-resort"), ("1 - - -", "queue", "queued")],
)
async def test_the_dialplan_is_told_where_to_go_on(pressed: str, next_: str, outcome: str) -> None:
    dialled = await dial(pressed)
    assert (dialled.variables["AL_NEXT"], dialled.outcome) == (next_, outcome)
    assert dialled.variables["AGI_DONE"] == "1"


async def test_a_doctor_with_the_right_pin_is_named_by_the_clinic() -> None:
    dialled = await dial("4242 717171", "doctors")
    assert dialled.variables["AL_CALLER"] == "clinic:17"
    assert dialled.variables["AL_NEEDS"] == "desk:approvals=1&lang:ru=1"


async def test_a_doctor_with_three_wrong_pins_reaches_the_desk_unverified() -> None:
    dialled = await dial("4242 1111 4242 2222 5555 717171", "doctors")
    assert (dialled.variables["AL_QUEUE"], dialled.variables["AL_CALLER"]) == ("doctors", "unverified")


async def test_a_clinic_whose_pin_was_wrong_too_often_is_led_to_the_desk_unverified_over_all_calls() -> None:
    desk = PinDesk(lambda: NOON)
    for _ in range(4):
        await dial("4242 1111 4242 2222 4242 3333", "doctors", desk.check)
    dialled = await dial("4242 717171", "doctors", desk.check)
    assert (dialled.variables["AL_QUEUE"], dialled.variables["AL_CALLER"]) == ("doctors", "unverified")
    assert not any("pin-wrong" in heard for heard in dialled.heard), "whether the PIN was right is not told"


async def test_no_digit_of_number_or_pin_stays_on_the_call_or_in_history_or_log() -> None:
    with structlog.testing.capture_logs() as logged:
        dialled = await dial("4242 717172 4242 717171", "doctors", fails_for_717172)
    traces = f"{dialled.variables} {dialled.events} {logged}"
    assert "pin_check_failed" in traces
    assert "4242" not in traces
    assert "7171" not in traces


async def test_a_pin_check_that_hangs_delays_the_caller_by_its_limit_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agi_scripts.session.PIN_SECONDS", 0.05)
    dialled = await asyncio.wait_for(dial("4242 717171", "doctors", hangs), 2.0)
    assert (dialled.variables["AL_CALLER"], dialled.outcome) == ("unverified", "queued")
    assert dialled.heard[-1] == "pin-unverified"


def test_a_pin_check_may_take_less_than_the_guard_leaves() -> None:
    assert PIN_SECONDS < SLACK


@pytest.mark.parametrize("pressed", ["hangup", "1 hangup", "1 8 hangup"])
async def test_a_caller_who_hangs_up_has_abandoned_the_menu_and_no_error_is_logged(pressed: str) -> None:
    with structlog.testing.capture_logs() as logged:
        dialled = await dial(pressed)
    assert dialled.outcome == "abandoned"
    assert "AGI_DONE" not in dialled.variables
    assert not [line for line in logged if line["log_level"] in ("warning", "error")]


async def test_a_line_without_a_menu_is_left_to_the_dialplan() -> None:
    dialled = await dial("1", "emergency")
    assert dialled.variables == {}
    assert dialled.events == []


async def test_a_session_that_fails_leaves_nothing_on_the_call_and_says_so_in_history() -> None:
    broken = a_configuration(menus={"hotline": a_menu(start="nowhere"), "doctors": a_doctors_menu()})
    dialled = await dial("1", configuration=broken)
    assert dialled.variables == {}
    assert dialled.outcome == "failed"


NIGHT = a_queue("night", needs=(("desk:night", 2),))


@pytest.mark.parametrize(
    ("queues", "left"),
    [
        (
            {"general": a_queue("general", needs=(("desk:other", 1),)), "night": NIGHT},
            ("general", "desk:coverage=1&grade:dispatcher=1&lang:ru=1"),
        ),
        ({"night": NIGHT}, ("night", "desk:night=2&lang:ru=1")),
    ],
)
async def test_a_session_keeps_the_configuration_it_began_with(queues: dict[str, Queue], left: tuple[str, str]) -> None:
    """The new version takes effect while the caller stands in the menu; a queue that it lacks has an heir."""
    line = a_line(menu="doctors", queue="night")
    versions = [a_configuration("1"), a_configuration("2", queues=queues, lines={"hotline": line})]
    call, events = FakeCall(["1", "1"]), []
    async with served(lambda: versions.pop(0), events) as port:
        await answer_lines(call, *await asyncio.open_connection("127.0.0.1", port), "hotline")
    assert [event.outcome for event in events if isinstance(event, MenuEnded)] == ["queued"]
    assert (call.variables["AL_QUEUE"], call.variables["AL_NEEDS"]) == left


@pytest.mark.parametrize(
    ("skills", "left"),
    [
        ("lang:ru=9&desk:coverage=5", "desk:coverage=1&grade:dispatcher=1&lang:ru=1"),
        ("lang:ru=9&desk:cover=5", "lang:ru=1"),
    ],
)
async def test_who_asks_in_an_old_menu_for_what_nobody_does_any_more_is_served_all_the_same(
    skills: str, left: str
) -> None:
    later = a_configuration(
        "2", queues={"general": a_queue("general")}, agents={"anna": a_profile("anna", skills=skills)}
    )
    versions = [a_configuration("1"), later]
    call = FakeCall(["1", "1"])
    async with served(lambda: versions.pop(0), []) as port:
        await answer_lines(call, *await asyncio.open_connection("127.0.0.1", port), "hotline")
    assert call.variables["AL_NEEDS"] == left


class Flooded(list[Event]):
    def append(self, event: Event) -> None:
        raise OverflowError(type(event).__name__)


async def test_who_asks_for_help_gets_it_though_the_history_is_flooded() -> None:
    call = FakeCall(["9"])
    with structlog.testing.capture_logs() as logged:
        async with served(a_configuration, Flooded()) as port:
            await answer_lines(call, *await asyncio.open_connection("127.0.0.1", port), "hotline")
    assert (call.variables["AGI_DONE"], call.variables["AL_QUEUE"]) == ("1", "emergency")
    assert {line["action"] for line in logged} == {"menu.not_recorded"}


async def test_who_asks_for_help_in_an_old_menu_comes_to_an_emergency_queue() -> None:
    urgent = a_queue("urgent", emergency=True)
    versions = [a_configuration("1"), a_configuration("2", queues={"general": a_queue("general"), "urgent": urgent})]
    call = FakeCall(["9"])
    async with served(lambda: versions.pop(0), []) as port:
        await answer_lines(call, *await asyncio.open_connection("127.0.0.1", port), "hotline")
    assert call.variables["AL_QUEUE"] == "urgent"


async def test_a_server_that_shuts_down_leaves_the_caller_to_the_dialplan() -> None:
    asked = asyncio.Event()

    async def never(clinics: Mapping[str, Clinic], number: object, pin: object) -> str | None:
        asked.set()
        return await asyncio.get_running_loop().create_future()

    call, events = FakeCall(["4242", "717171"]), []
    async with served(a_configuration, events, never) as port:
        streams = await asyncio.open_connection("127.0.0.1", port)
        asterisk = asyncio.create_task(answer_lines(call, *streams, "doctors"))
        await asked.wait()
    await asterisk
    assert "AGI_DONE" not in call.variables
    assert [event.outcome for event in events if isinstance(event, MenuEnded)] == ["failed"]


async def fails_for_717172(clinics: Mapping[str, Clinic], number: object, pin: object) -> str | None:
    raise ConnectionError("could not look up 4242 with 717172")


async def hangs(clinics: Mapping[str, Clinic], number: object, pin: object) -> str | None:
    return await asyncio.get_running_loop().create_future()
