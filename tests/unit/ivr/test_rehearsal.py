"""What does a line of text stand for when a menu is tried without a telephone?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ivr.dialogue import (
    Answer,
    AnswerFound,
    Ask,
    CallbackTaken,
    CallerFound,
    CallerRecord,
    CheckPin,
    Command,
    Digits,
    FindAnswer,
    FindCaller,
    Found,
    HungUp,
    Input,
    Opening,
    Silence,
    TakeCallback,
    Verdict,
)
from ivr.errors import NotUnderstood
from ivr.rehearsal import heard, spoken
from ivr.secret import Secret

KEYS = Ask("ru", (), 1, 5, 5)
PIN = CheckPin(Secret("1"), Secret("2"))
CALLER, ANSWER, PROMISE = FindCaller(), FindAnswer("claim", "", {}), TakeCallback("general", "ru", (), Secret(""))

HEARD: list[tuple[Command, str, Input]] = [
    (KEYS, "12", Digits(Secret("12"))),
    (KEYS, "#", Digits(Secret("#"))),
    (KEYS, "", Silence()),
    (KEYS, "hangup", HungUp()),
    (ANSWER, "hangup", HungUp()),
    (PIN, "right", Answer(Verdict.RIGHT, "somebody")),
    (PIN, "timeout", Answer(Verdict.TIMEOUT)),
    (CALLER, "unknown", CallerFound(Found.UNKNOWN)),
    (CALLER, "found", CallerFound(Found.FOUND)),
    (CALLER, "found vip lang=en", CallerFound(Found.FOUND, CallerRecord(lang="en", vip=True))),
    (
        CALLER,
        "found region=kazan doctor=leila",
        CallerFound(Found.FOUND, CallerRecord(region="kazan", doctor="leila")),
    ),
    (ANSWER, "paid", AnswerFound(Found.FOUND, "paid")),
    (ANSWER, "telephone 84 12", AnswerFound(Found.FOUND, "telephone", Secret("8412"))),
    (ANSWER, "failed", AnswerFound(Found.FAILED)),
    (PROMISE, "kept", CallbackTaken(True)),
    (PROMISE, "refused", CallbackTaken(False)),
]


@pytest.mark.parametrize(("command", "typed", "given"), HEARD)
def test_a_line_stands_for_an_input(command: Command, typed: str, given: Input) -> None:
    assert heard(typed, command) == given


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (KEYS, "one"),
        (PIN, "1234"),
        (PIN, ""),
        (PIN, "right wrong"),
        (CALLER, ""),
        (CALLER, "found age=7"),
        (ANSWER, ""),
        (PROMISE, "perhaps"),
    ],
)
def test_other_lines_are_not_understood(command: Command, typed: str) -> None:
    with pytest.raises(NotUnderstood):
        heard(typed, command)


def test_what_is_said_is_shown_as_text_and_what_has_none_by_its_id() -> None:
    assert spoken("en", ("hello", Secret("71"), "nowhere"), {"hello": "Hello."}) == ["Hello.", "71", "[nowhere]"]
    texts = {
        "opens-again": "Open on",
        "weekday-1": "Monday",
        "day-2": "the second",
        "month-3": "of March",
        "noon": "noon",
    }
    opening = Opening(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    assert spoken("en", (opening,), texts) == ["Open on Monday the second of March noon"]
