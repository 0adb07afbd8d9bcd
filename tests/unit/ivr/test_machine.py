"""Where does a caller end who presses this and that? Tables of what is pressed, what is said and where it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from calls.hours import Hours
from ivr.dialogue import (
    Answer,
    AnswerFound,
    Ask,
    CheckPin,
    Chose,
    Digits,
    Found,
    HungUp,
    Say,
    Silence,
    Started,
    Verdict,
)
from ivr.errors import IllegalInput, NotInMenu
from ivr.machine import MOST_STEPS, step
from ivr.menu import ChoiceNode, HangupNode, LookupNode, Node, QueueNode, SayNode
from ivr.secret import Secret
from ivr.session import Phase
from tests.builders import NOON, a_doctors_menu, a_line, a_menu, weekdays_nine_to_six
from tests.unit.ivr.menus import a_service_menu, read, said, the_end, walk

SUNDAY = datetime.fromisoformat("2026-03-08T12:00:00+00:00")
RIGHT = Answer(Verdict.RIGHT, "clinic:17")


HOTLINE = [
    # a caller who hears it all and takes a topic
    ("1 1", "queued general ru desk:coverage=1&lang:ru=1"),
    ("2 1", "queued general az desk:coverage=1&lang:az=1"),
    ("2 2", "queued general az desk:approvals=1&lang:az=1"),
    ("1 3", "self-served ru"),
    ("2 4", "last-resort general az lang:az=1"),
    # the two keys that work everywhere
    ("0", "queued general ru lang:ru=1"),
    ("2 0", "queued general az lang:az=1"),
    ("9", "queued emergency ru lang:ru=1"),
    ("2 9", "queued emergency az lang:az=1"),
    # a caller who chooses no language keeps the first one and still gets the topics
    ("- 1", "queued general ru desk:coverage=1&lang:ru=1"),
    ("7 - # 1", "queued general ru desk:coverage=1&lang:ru=1"),
    # a caller who does not manage gets a person
    ("1 - - -", "queued general ru lang:ru=1"),
    # an old telephone has no keys that we hear: silence at one question counts at the next
    ("- - -", "queued general ru lang:ru=1"),
    ("2 8 8 8", "queued general az lang:az=1"),
    ("1 8 - #", "queued general ru lang:ru=1"),
    ("1 8 - 2", "queued general ru desk:approvals=1&lang:ru=1"),
    # the two keys work during the last words too; any other ends them
    ("1 1 9", "queued emergency ru lang:ru=1"),
    ("1 3 0", "queued general ru lang:ru=1"),
    ("1 3 9", "queued emergency ru lang:ru=1"),
    ("2 4 9", "queued emergency az lang:az=1"),
    ("1 1 5", "queued general ru desk:coverage=1&lang:ru=1"),
    ("1 - - - 9", "queued emergency ru lang:ru=1"),
    # hanging up is an ending
    ("1 1 hangup", "abandoned ru"),
    ("hangup", "abandoned ru"),
    ("2 8 hangup", "abandoned az"),
]


@pytest.mark.parametrize(("pressed", "end"), HOTLINE)
def test_a_hotline_caller_ends_where_the_keys_lead(pressed: str, end: str) -> None:
    session, commands = walk(pressed)
    assert the_end(commands) == end
    assert session.phase is Phase.ENDED


DOCTORS = [
    ("17 1234 right", "queued doctors ru desk:approvals=1&lang:ru=1 clinic:17"),
    ("17 1234 wrong 18 1234 right", "queued doctors ru desk:approvals=1&lang:ru=1 clinic:17"),
    # three tries, then a person at the desk, unverified
    ("17 1234 wrong 17 1234 wrong 17 1234 wrong", "queued doctors ru lang:ru=1 unverified"),
    ("17 12 12 12", "queued doctors ru lang:ru=1 unverified"),
    ("17 1234 wrong 17 - 1234567890", "queued doctors ru lang:ru=1 unverified"),
    ("- 1 #", "queued doctors ru lang:ru=1 unverified"),
    # a check that cannot be made holds nobody up
    ("17 1234 failed", "queued doctors ru lang:ru=1 unverified"),
    ("17 1234 timeout", "queued doctors ru lang:ru=1 unverified"),
    # a single 0 or 9 is no clinic and no PIN
    ("0", "queued doctors ru lang:ru=1 unverified"),
    ("17 0", "queued doctors ru lang:ru=1 unverified"),
    ("17 9", "queued emergency ru lang:ru=1 unverified"),
    # who is frightened presses a key again and again
    ("17 999", "queued emergency ru lang:ru=1 unverified"),
    ("17 000", "queued doctors ru lang:ru=1 unverified"),
    ("17 1234 hangup", "abandoned ru unverified"),
]


@pytest.mark.parametrize(("pressed", "end"), DOCTORS)
def test_a_clinic_doctor_ends_where_number_and_pin_lead(pressed: str, end: str) -> None:
    assert the_end(walk(pressed, a_doctors_menu())[1]) == end


def test_lookups_that_lead_in_a_circle_end_at_a_person() -> None:
    round_trip = LookupNode(found="hours", unknown="hours", failed="hours")
    session, commands = walk("", a_menu(start="hours", language=round_trip))
    for _ in range(MOST_STEPS):
        assert session.phase is Phase.CHECKING
        session, following = step(session, read("stranger")[0], NOON)
        commands += following
    assert the_end(commands) == "queued general ru lang:ru=1"


def test_a_caller_who_has_been_in_the_menu_too_long_gets_a_person() -> None:
    session, _ = walk("1")
    session, commands = step(session, Digits(Secret("8")), NOON + timedelta(seconds=601))
    assert said(commands) == "ru/not-understood ru/please-wait"


def test_an_answer_to_a_question_that_the_node_did_not_ask_is_refused() -> None:
    for given in (RIGHT, AnswerFound(Found.FOUND, "paid")):
        with pytest.raises(IllegalInput):
            step(walk("", a_service_menu())[0], given, NOON)


def test_each_question_says_how_long_it_waits_for_the_first_digit_and_between_digits() -> None:
    ask = walk("stranger", a_service_menu())[1][-1]
    assert isinstance(ask, Ask)
    assert (ask.digits, ask.wait_seconds, ask.between_seconds) == (11, 6.0, 4.0)


def test_a_chosen_language_is_kept_to_the_end() -> None:
    _, commands = walk("2 1")
    assert said(commands) == "ru/welcome ru/choose-language az/topics az/please-wait"


def test_a_wrong_key_and_silence_are_named_before_the_question_comes_again() -> None:
    _, commands = walk("1 8 - -")
    assert said(commands).removeprefix("ru/welcome ru/choose-language ") == (
        "ru/topics ru/not-understood ru/topics ru/not-heard ru/topics ru/please-wait"
    )


def test_a_wrong_pin_asks_for_clinic_and_pin_again() -> None:
    _, commands = walk("17 1234 wrong 18", a_doctors_menu())
    assert said(commands) == "ru/welcome ru/clinic-number ru/clinic-pin ru/pin-wrong ru/clinic-number ru/clinic-pin"


def test_the_third_wrong_pin_is_told_before_the_last_words() -> None:
    _, commands = walk("17 1234 wrong 17 1234 wrong 17 1234 wrong", a_doctors_menu())
    assert said(commands).endswith("ru/clinic-pin ru/pin-wrong ru/pin-unverified")
    _, commands = walk("17 1234 timeout", a_doctors_menu())
    assert said(commands).endswith("ru/clinic-pin ru/pin-unverified")


def test_a_pin_is_checked_against_the_clinic_that_was_typed_last() -> None:
    _, commands = walk("17 1234 wrong 18 5678", a_doctors_menu())
    assert commands[-1] == CheckPin(Secret("18"), Secret("5678"))


def test_outside_the_hours_of_the_line_the_closed_branch_is_taken() -> None:
    line = a_line(hours=weekdays_nine_to_six())
    assert said(walk("", line=line, now=SUNDAY)[1]) == "ru/welcome ru/closed-now"
    assert said(walk("", line=line, now=NOON)[1]) == "ru/welcome ru/choose-language"


@pytest.mark.parametrize(
    "closed",
    [
        SayNode(prompts=("closed-now", "opens"), next="operator"),
        ChoiceNode(prompts=("closed-now", "opens"), options={"1": "operator"}),
        QueueNode(queue="general", prompts=("closed-now", "opens")),
        HangupNode(prompts=("closed-now", "opens")),
    ],
    ids=lambda node: node.kind,
)
@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        (weekdays_nine_to_six(), SUNDAY, " ru/2026-03-09T09:00"),
        (weekdays_nine_to_six(), NOON + timedelta(hours=5), " ru/2026-03-05T09:00"),
        (weekdays_nine_to_six("Asia/Baku"), SUNDAY, " ru/2026-03-09T09:00"),
        (replace(weekdays_nine_to_six(), last_day=SUNDAY.date()), SUNDAY, ""),  # it never opens again
        (weekdays_nine_to_six(), NOON, ""),  # it is open, and the menu leads there all the same
        (None, NOON, ""),
    ],
)
def test_when_the_line_opens_again_is_said_if_it_is_closed_and_its_hours_tell(
    closed: Node, hours: Hours | None, now: datetime, opens: str
) -> None:
    _, commands = walk("", a_menu(start="closed", closed=closed), line=a_line(hours=hours), now=now)
    assert said(commands) == f"ru/welcome ru/closed-now{opens}"


def test_the_history_hears_names_of_choices_and_no_digits() -> None:
    _, commands = walk("2 8 1")
    assert [one for one in commands if isinstance(one, Chose)] == [Chose("language", "az"), Chose("topics", "coverage")]
    _, commands = walk("17 1234 wrong 0", a_doctors_menu())
    assert [one for one in commands if isinstance(one, Chose)] == [Chose("clinic", "operator")]


def test_the_line_adds_its_own_needs() -> None:
    line = a_line(needs=(("desk:approvals", 3), ("region:lviv", 1)))
    end = the_end(walk("1 2", line=line)[1])
    assert end == "queued general ru desk:approvals=3&lang:ru=1&region:lviv=1"


def test_no_digit_shows_in_the_session_or_its_commands() -> None:
    session, commands = walk("424242 717171", a_doctors_menu())
    shown = f"{session!r} {commands!r} {[str(one) for one in commands]}"
    assert "4242" not in shown
    assert "7171" not in shown


def test_a_caller_who_wanders_for_ever_gets_a_person() -> None:
    there_and_back = a_menu(topics=ChoiceNode(prompts=("topics",), options={"1": "topics"}))
    _, commands = walk("1 " + "1 " * (MOST_STEPS - 1), there_and_back)
    assert the_end(commands) == "queued general ru lang:ru=1"


def test_an_input_that_was_not_waited_for_is_refused_and_nothing_moves() -> None:
    session, _ = walk("1")
    for given in (Started(), RIGHT):
        with pytest.raises(IllegalInput):
            step(session, given, NOON)
    checking, _ = walk("17 1234", a_doctors_menu())
    with pytest.raises(IllegalInput):
        step(checking, Silence(), NOON)
    ended, _ = walk("0")
    with pytest.raises(IllegalInput):
        step(ended, Silence(), NOON)


def test_a_caller_who_hangs_up_while_the_end_is_carried_out_has_abandoned_the_menu() -> None:
    ended, _ = walk("1 1")
    assert the_end(list(step(ended, HungUp(), NOON)[1])) == "abandoned ru"


def test_on_the_way_to_the_emergency_queue_nothing_more_is_asked() -> None:
    menu = a_menu(emergency=QueueNode(queue="emergency", prompts=("connecting",)))
    _, commands = walk("9", menu)
    assert commands[-2:] == [Say("ru", ("connecting",)), commands[-1]]
    assert the_end(commands) == "queued emergency ru lang:ru=1"


def test_who_presses_0_again_and_again_still_gets_the_operator() -> None:
    menu = a_menu(operator=QueueNode(queue="general", prompts=("please-wait",)))
    assert the_end(walk("0 0", menu)[1]) == "queued general ru lang:ru=1"


def test_a_menu_that_was_never_checked_fails_instead_of_looping() -> None:
    with pytest.raises(NotInMenu):
        walk("", a_menu(start="nowhere"))
    with pytest.raises(NotInMenu):
        walk("", a_menu(start="a", a=SayNode(prompts=("x",), next="b"), b=SayNode(prompts=("y",), next="a")))
