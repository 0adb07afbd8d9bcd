"""What becomes of a caller whom the menu looks up, whether the ports answer, fail, hang or are not there?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
import structlog

from agi_scripts.channel import SLACK, AgiChannel
from agi_scripts.fake import FakeCall
from agi_scripts.lookups import LOOKUP_SECONDS, Lookups
from agi_scripts.pin import PinDesk
from agi_scripts.session import menu_handler
from agi_scripts.sources.records import record_of
from calls.events import Event, MenuChosen, MenuEnded
from ivr.dialogue import CallerRecord, Handover, TakeCallback
from ivr.menu import CallbackNode, LookupNode
from ivr.secret import Secret
from tests.builders import NOON, a_line
from tests.unit.agi_scripts.menu_calls import a_configuration, dial
from tests.unit.ivr.menus import a_service_menu

CALLS_FROM = Secret("+447700900111")


class Desk:
    """Every port: answers from what a test gives it, and keeps what it was told."""

    def __init__(self, record: CallerRecord | None = None, answer: tuple[str, Secret] | None = None) -> None:
        self.record, self.answer = record, answer
        self.told: list[object] = []
        self.handed: list[Handover] = []
        self.lookups = Lookups(
            find_caller=self.find_caller,
            find_answer=self.find_answer,
            take_callback=self.take_callback,
            hand_over=lambda call_id, handed: self.handed.append(handed),
        )

    async def find_caller(self, field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        self.told.append((field, typed, number))
        return self.record

    async def find_answer(self, about: str, region: str, typed: Mapping[str, Secret]) -> tuple[str, Secret] | None:
        self.told.append((about, region, dict(typed)))
        return self.answer

    async def take_callback(self, call_id: str, asked: TakeCallback, number: Secret) -> None:
        self.told.append((call_id, asked.queue, number))


async def test_a_caller_who_is_known_is_led_to_the_trusted_doctor_in_their_language() -> None:
    desk = Desk(CallerRecord(region="kazan", lang="az", vip=True, doctor="leila"))
    dialled = await dial("", "service", lookups=desk.lookups)
    assert desk.told == [("", Secret(""), CALLS_FROM)]
    expected = {"AL_PREFERRED": "leila", "AL_LANG": "az", "AL_QUEUE": "general"}
    assert dialled.variables.items() >= expected.items()
    assert desk.handed == [Handover((), {}, ("welcome", "your-doctor"), desk.record or CallerRecord())]


@pytest.mark.parametrize(
    ("region", "ambulance", "left"),
    [("kazan", "103", "-kazan"), ("kazan", None, None), ("baku", "113", None), ("", "113", None)],
)
async def test_the_ambulance_of_the_region_where_the_caller_is_counts(
    region: str, ambulance: str | None, left: str | None
) -> None:
    """That of the line dialled stays where no line serves the region, or none tells its number."""
    kazan = a_line(line_id="kazan", region="kazan", ambulance=ambulance)
    sample = a_configuration()
    configuration = replace(sample, lines={**sample.lines, "kazan": kazan})
    dialled = await dial("", "service", lookups=Desk(CallerRecord(region=region)).lookups, configuration=configuration)
    assert dialled.variables.get("AL_AMBULANCE") == left


async def test_without_ports_every_lookup_has_failed_and_no_callback_is_promised() -> None:
    dialled = await dial("3", "service")
    assert (dialled.outcome, dialled.variables["AL_NEXT"]) == ("voicemail", "voicemail")
    assert dialled.heard == ["welcome topics", "after-the-tone"]
    assert dialled.variables.keys().isdisjoint({"AL_PREFERRED", "AL_AMBULANCE", "AL_TRANSFER"})


async def test_a_number_read_back_and_one_that_was_looked_up_are_said_digit_by_digit() -> None:
    desk = Desk(answer=("ring", Secret("84")))
    dialled = await dial("79927398713 2 7100 1 3", "service", lookups=desk.lookups)
    assert "you-entered digit-7 digit-1 digit-0 digit-0 confirm-or-again" in dialled.heard
    assert "claim-open digit-8 digit-4 anything-else" in dialled.heard
    assert desk.told[-1] == ("claim", "", {"policy": Secret("79927398713"), "claim": Secret("7100")})
    assert (dialled.outcome, dialled.variables["AL_NEXT"]) == ("self-served", "hangup")


async def test_a_callback_is_promised_at_the_number_that_calls() -> None:
    desk = Desk(CallerRecord())
    dialled = await dial("3", "service", lookups=desk.lookups)
    assert desk.told[-1] == ("pbx1-1.1", "general", CALLS_FROM)
    assert (dialled.outcome, dialled.heard[-1]) == ("callback", "will-ring")


async def test_a_transfer_names_its_number_and_the_queue_of_those_who_are_not_answered() -> None:
    dialled = await dial("5", "service")
    expected = {"AL_NEXT": "transfer", "AL_TRANSFER": "+442079460150", "AL_QUEUE": "general"}
    assert dialled.variables.items() >= expected.items()


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_lookup_that_fails_or_hangs_delays_the_caller_by_its_limit_and_no_more(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    async def breaks(field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        if hangs:
            return await asyncio.get_running_loop().create_future()
        raise ConnectionError(f"no record of {number.reveal()}")

    monkeypatch.setattr("agi_scripts.lookups.LOOKUP_SECONDS", 0.05)
    with structlog.testing.capture_logs() as logged:
        dialled = await asyncio.wait_for(dial("0", "service", lookups=Lookups(find_caller=breaks)), 2.0)
    assert dialled.heard == ["welcome topics"]
    assert dialled.outcome == "queued"
    assert [line["action"] for line in logged if line["action"].startswith("lookup.")] == [
        "lookup.late" if hangs else "lookup.failed"
    ]
    assert "4477" not in str(logged)


async def test_the_log_says_which_part_of_a_record_cannot_be_and_not_what_stands_there() -> None:
    async def told(field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        return record_of({"region": f"ka{number.reveal()}zan"})

    with structlog.testing.capture_logs() as logged:
        await dial("0", "service", lookups=Lookups(find_caller=told))
    assert [line["error"] for line in logged if line["action"] == "lookup.failed"] == ["region is not as it should be"]


async def test_the_guard_is_renewed_before_each_of_several_lookups() -> None:
    """With no question between them, together they may take longer than SLACK."""
    call, exchanged = FakeCall(), list[int]()

    async def find_caller(field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        exchanged.append(len(call.longest))
        assert call.guard == SLACK
        return None

    topics = CallbackNode(queue="general", prompts=("will-ring",), otherwise="message")
    chain = {"policy": LookupNode(found="by-region", unknown="insured", failed="insured"), "topics": topics}
    menu = a_service_menu()
    lines = {"service": a_line(line_id="service", menu="service")}
    configuration = a_configuration(lines=lines, menus={"service": replace(menu, nodes={**menu.nodes, **chain})})
    handler = menu_handler(
        lambda: configuration,
        lambda event: None,
        PinDesk(lambda: NOON).check,
        lambda: NOON,
        lambda lang, prompt: 2.0,
        lambda: Lookups(find_caller=find_caller),
    )
    left = await handler(AgiChannel({"network_script": "menu?line=service"}, call))
    assert left["AL_NEXT"] == "voicemail"
    assert len(exchanged) == 3
    assert exchanged[0] < exchanged[1] < exchanged[2]


def test_a_lookup_may_take_less_than_the_guard_leaves() -> None:
    assert LOOKUP_SECONDS < SLACK


async def test_marks_after_the_talk_are_history_and_no_second_menu_is_entered() -> None:
    dialled = await dial("5 4", "service", script="survey")
    expected: list[Event] = [
        MenuChosen(at=NOON, call_id="pbx1-1.1", menu="survey.pleased", choice="5"),
        MenuChosen(at=NOON, call_id="pbx1-1.1", menu="survey.solved", choice="4"),
        MenuEnded(at=NOON, call_id="pbx1-1.1", outcome="rated"),
    ]
    assert dialled.events == expected
    assert dialled.variables["AL_NEXT"] == "hangup"


async def test_a_line_without_a_survey_is_left_to_the_dialplan() -> None:
    assert (await dial("5", "hotline", script="survey")).events == []
