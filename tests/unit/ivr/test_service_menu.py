"""Where does a caller end who is looked up, or asks for an answer, a call back or a mark? Tables over `menus.py`."""

from __future__ import annotations

import pytest

from ivr.dialogue import CallerRecord, Chose, FindAnswer, FindCaller, TakeCallback
from ivr.machine import begin_survey
from ivr.menu import LookupNode
from ivr.secret import Secret
from ivr.session import handover
from tests.builders import a_line, a_menu
from tests.unit.ivr.menus import KAZAN, a_service_menu, a_survey, said, the_end, walk, walk_on

SERVICE = [
    # who is known is led by what is known: here to the trusted doctor, in the language of the record
    ("kazan", "queued general az lang:az=1 leila"),
    ("vip", "queued general ru desk:care=5&lang:ru=1"),
    # who is not known types a policy number, whose check digit must be right
    ("stranger 79927398713 kazan", "queued general az lang:az=1 leila"),
    ("stranger 79927398710 79927398713 vip", "queued general ru desk:care=5&lang:ru=1"),
    ("stranger 79927398710 79927398710 79927398710", "queued general ru lang:ru=1"),
    ("stranger 79927398713 stranger 3 promised", "callback ru"),
    # a lookup that fails or takes too long holds nobody up
    ("no-record 4", "voicemail general ru lang:ru=1"),
    ("late-record 4", "voicemail general ru lang:ru=1"),
    ("stranger 79927398713 late-record 1 3", "self-served ru"),
    # an answer that is heard serves, whenever the caller puts down afterwards
    ("late-record 1 hangup", "self-served ru"),
    ("late-record 2 7100 1 paid hangup", "self-served ru"),
    ("late-record 2 7100 1 ring 2 hangup", "self-served ru"),
    ("late-record 6 hangup", "abandoned ru"),
    # an answer that is not there, or that the menu does not know, leads on
    ("late-record 2 7100 1 no-claim", "queued general ru lang:ru=1"),
    ("late-record 2 7100 1 no-answer", "queued general ru lang:ru=1"),
    ("late-record 2 7100 1 late-answer", "queued general ru lang:ru=1"),
    ("late-record 2 7100 1 nonsense", "queued general ru lang:ru=1"),
    ("late-record 2 7100 1 nothing-to-ring", "queued general ru lang:ru=1"),
    # the two keys work while an answer is said
    ("late-record 2 7100 1 paid 9", "queued emergency ru lang:ru=1"),
    ("late-record 1 0", "queued general ru lang:ru=1"),
    ("late-record 1 0 hangup", "abandoned ru"),
    # a number that was heard wrong is typed again, one of the wrong form too; they work while it is read back too
    ("late-record 2 7100 2 7101 1 paid 3", "self-served ru"),
    ("late-record 2 8100 7101 1 paid 3", "self-served ru"),
    ("late-record 2 7100 5 1 paid 3", "self-served ru"),
    ("late-record 2 7100 - 1 paid 3", "self-served ru"),
    ("late-record 2 7100 9", "queued emergency ru lang:ru=1"),
    ("late-record 2 7100 0", "queued general ru lang:ru=1"),
    ("late-record 2 7100 - - -", "queued general ru lang:ru=1"),
    # a promise is made only where it is kept
    ("late-record 3 promised", "callback ru"),
    ("late-record 3 promised hangup", "callback ru"),
    ("late-record 3 promised 0", "queued general ru lang:ru=1"),
    ("late-record 3 refused", "voicemail general ru lang:ru=1"),
    ("late-record 3 hangup", "abandoned ru"),
    ("late-record 5", "transferred general ru lang:ru=1"),
]


@pytest.mark.parametrize(("pressed", "end"), SERVICE)
def test_a_caller_of_the_service_menu_ends_where_keys_and_lookups_lead(pressed: str, end: str) -> None:
    assert the_end(walk(pressed, a_service_menu())[1]) == end


SAID = [
    ("late-record 2 7100", "ru/enter-claim ru/you-entered ru/7100 ru/confirm-or-again"),
    ("late-record 2 7100 8", "ru/not-understood ru/you-entered ru/7100 ru/confirm-or-again"),
    ("late-record 2 7100 2", "ru/enter-claim"),
    ("late-record 2 7100 1 ring", "ru/claim-open ru/842 ru/anything-else"),
    ("late-record 2 7100 1 no-claim", "ru/no-answer-now"),
    ("late-record 3 promised", "ru/will-ring"),
    ("late-record 3 refused", "ru/after-the-tone"),
    ("late-record 1", "ru/documents-list ru/anything-else"),
    ("stranger 79927398710", "ru/not-understood ru/enter-policy"),
    ("kazan", "az/welcome az/your-doctor"),
]


@pytest.mark.parametrize(("pressed", "words"), SAID)
def test_a_caller_of_the_service_menu_hears_what_was_typed_and_found(pressed: str, words: str) -> None:
    assert said(walk(pressed, a_service_menu())[1]).endswith(words)


SURVEY = [
    ("5 3", "rated az"),
    ("5 hangup", "rated az"),
    ("8 4 -", "rated az"),
    ("- -", "unrated az"),
    ("hangup", "unrated az"),
    ("7 7 7 7 7 7", "unrated az"),
    ("0", "queued general az lang:az=1"),
    ("5 9", "queued emergency az lang:az=1"),
]


@pytest.mark.parametrize(("pressed", "end"), SURVEY)
def test_a_survey_after_the_talk_ends_rated_or_unrated(pressed: str, end: str) -> None:
    _, commands = walk_on(begin_survey(a_line(), a_survey(), "az"), pressed)
    assert the_end(commands) == end
    marks = [one.choice for one in commands if isinstance(one, Chose) and one.choice.isdigit()]
    assert marks == [key for key in pressed.split() if key in "12345"]
    assert "welcome" not in said(commands)


def test_a_lookup_is_told_what_was_typed_and_what_is_known() -> None:
    menu = a_service_menu()
    assert walk("", menu)[1][-1] == FindCaller()
    assert walk("stranger 79927398713", menu)[1][-1] == FindCaller("policy", Secret("79927398713"))
    _, commands = walk("stranger 79927398713 stranger 2 7100 1", menu, a_line(region="baku"))
    typed = {"claim": Secret("7100"), "policy": Secret("79927398713")}
    assert commands[-1] == FindAnswer("claim", "baku", typed)
    assert walk("late-record 3", menu)[1][-1] == TakeCallback("general", "ru", (("lang:ru", 1),), Secret(""))


def test_a_language_that_the_caller_chose_is_not_taken_from_the_record() -> None:
    menu = a_menu(topics=LookupNode(found="operator", unknown="operator", failed="operator"))
    assert the_end(walk("1 kazan", menu)[1]) == "queued general ru lang:ru=1 leila"
    assert the_end(walk("- kazan", menu)[1]) == "queued general az lang:az=1 leila"
    assert the_end(walk("- kazan", menu, a_line(languages=("ru",)))[1]) == "queued general ru lang:ru=1 leila"


def test_what_was_chosen_typed_and_heard_is_handed_over() -> None:
    session, _ = walk("stranger 79927398713 stranger 2 7100 1 paid 0", a_service_menu())
    carried = handover(session)
    assert carried.chosen == (("topics", "claim"), ("more", "operator"))
    assert carried.typed == {"policy": Secret("79927398713"), "claim": Secret("7100")}
    assert carried.heard == (
        *("welcome", "enter-policy", "topics", "enter-claim", "you-entered", "confirm-or-again"),
        *("claim-paid", "anything-else"),
    )
    assert carried.record == CallerRecord()
    assert handover(walk("kazan", a_service_menu())[0]).record == KAZAN


def test_no_number_that_was_typed_or_found_shows() -> None:
    session, commands = walk("stranger 79927398713 stranger 2 7100 1 ring 5", a_service_menu())
    shown = f"{session!r} {commands!r} {handover(session)!r}".replace(repr(session.menu), "")
    for digits in ("7992", "7100", "842", "44207"):
        assert digits not in shown
