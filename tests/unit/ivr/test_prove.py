"""Does the prover see what the machine does? Whatever callers do, they are where it says that they can come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from calls.needs import Needs
from ivr.dialogue import Input, Started
from ivr.machine import begin, step
from ivr.menu import (
    AnswerNode,
    BranchNode,
    CallbackNode,
    ChoiceNode,
    HangupNode,
    HoursNode,
    LookupNode,
    Menu,
    Node,
    SayNode,
)
from ivr.prove import Lines, Trap, explore, prove
from ivr.session import MenuSession, Phase
from ivr.ways import Entry, asks
from tests.builders import NOON, a_doctors_menu, a_line, a_menu, weekdays_nine_to_six
from tests.unit.ivr.menus import WORDS, a_service_menu, a_survey, read

MENUS = (a_menu(), a_doctors_menu(), a_service_menu())
KEYS = [*"0123456789#", "17", "1234", "7100", "79927398713"]
LINE = a_line(hours=weekdays_nine_to_six())


def traps(menu: Menu, **given: object) -> list[Trap]:
    line = replace(LINE, menu=menu.menu_id, **given)  # type: ignore[arg-type]
    return prove(Lines({"hotline": line}, {menu.menu_id: menu}, frozenset(), lambda queue, needs: True), NOON)


@settings(max_examples=200, deadline=None)
@given(menu=some.sampled_from(MENUS), data=some.data())
def test_nobody_is_where_the_prover_does_not_expect_them(menu: Menu, data: some.DataObject) -> None:
    entry = Entry(LINE, menu, {True: NOON, False: NOON})
    expected = {(place.node, place.lang) for place in explore(entry)}
    asking = {(place.node, place.lang) for place in explore(entry) if asks(entry, place)}
    session, _ = step(begin(LINE, menu), Started(), NOON + timedelta(hours=data.draw(some.integers(0, 167))))
    while session.phase is not Phase.ENDED:
        assert (session.node, session.lang) in expected
        assert session.phase is not Phase.ASKING or (session.node, session.lang) in asking
        session, _ = step(session, data.draw(some.sampled_from(possible(session))), NOON)


def possible(session: MenuSession) -> list[Input]:
    """What may come next."""
    if session.phase is Phase.ASKING:
        return [WORDS["-"], *(read(key)[0] for key in KEYS)]
    answers = {
        LookupNode: "kazan vip stranger late-record",
        AnswerNode: "paid no-claim",
        CallbackNode: "promised refused",
    }
    return read(answers.get(type(session.menu.nodes[session.node]), "right wrong timeout"))


@pytest.mark.parametrize("menu", MENUS)
def test_good_menus_trap_nobody(menu: Menu) -> None:
    assert traps(menu) == []


def test_a_survey_may_end_without_a_person() -> None:
    menu = a_survey()
    survey = replace(menu, nodes={**menu.nodes, "bye": HangupNode(prompts=())})
    lines = {"hotline": replace(LINE, menu=None, survey="survey")}
    assert prove(Lines(lines, {"survey": survey}, frozenset(), lambda queue, needs: True), NOON) == []


def test_words_that_are_still_to_be_said_leave_time_for_a_key() -> None:
    cut = HangupNode(prompts=())
    assert [trap.way[-1] for trap in traps(a_menu(topics=cut))] == ["topics"]
    assert traps(a_menu(topics=SayNode(prompts=("goodbye",), next="bye"), bye=cut)) == []
    assert traps(a_menu(start="bye", bye=cut)) == [], "the greeting is still to be said"
    assert [trap.way[-1] for trap in traps(a_menu(start="bye", bye=cut), greeting=None)] == ["bye"]


def test_only_what_the_clock_allows_is_possible() -> None:
    menu = a_menu(topics=HoursNode(open="coverage", closed="bye"), bye=HangupNode(prompts=()))
    (trap,) = traps(menu)
    assert trap.path.endswith("topics (closed, first at 2026-03-04 15:00 UTC) > bye")
    assert traps(menu, hours=None) == []


OUTCOMES = [
    (LookupNode(found="cut", unknown="operator", failed="operator"), "found"),
    (LookupNode(found="operator", unknown="cut", failed="operator"), "unknown"),
    (LookupNode(found="operator", unknown="operator", failed="cut"), "failed or late"),
    (AnswerNode(about="claim", answers={"paid": ()}, next="cut", otherwise="operator"), "answer paid"),
    (
        AnswerNode(about="claim", answers={"paid": ("claim-paid",)}, next="operator", otherwise="cut"),
        "no answer, failed or late",
    ),
    (CallbackNode(queue="general", prompts=(), otherwise="cut"), "no promise"),
    (BranchNode(by="vip", options={"yes": "cut"}, otherwise="operator"), "vip yes"),
    (BranchNode(by="vip", options={"yes": "operator"}, otherwise="cut"), "otherwise"),
]


@pytest.mark.parametrize(("node", "outcome"), OUTCOMES)
def test_each_answer_of_a_lookup_its_failure_and_its_delay_are_possible(node: Node, outcome: str) -> None:
    (trap,) = traps(a_menu(topics=node, cut=HangupNode(prompts=())))
    assert trap.path.endswith(f" > topics ({outcome}) > cut")


def test_an_entrance_is_told_and_not_every_place_behind_it() -> None:
    deep = {
        "a": LookupNode(found="b", unknown="b", failed="c"),
        "b": HangupNode(prompts=()),
        "c": HangupNode(prompts=()),
    }
    (trap,) = traps(a_menu(topics=LookupNode(found="a", unknown="coverage", failed="coverage"), **deep))
    assert trap.way == ("menus", "hotline", "nodes", "a")


def test_a_queue_is_asked_for_in_the_languages_in_which_callers_come_there() -> None:
    asked: set[tuple[str, Needs]] = set()

    def served(queue: str, needs: Needs) -> bool:
        asked.add((queue, needs))
        return ("lang:az", 1) not in needs or queue == "emergency"

    menu = a_menu(topics=ChoiceNode(prompts=("topics",), options={"1": "coverage"}))
    told = prove(Lines({"hotline": LINE}, {"hotline": menu}, frozenset(), served), NOON)
    assert ("general", (("desk:coverage", 1), ("lang:ru", 1))) in asked
    assert told[0] == Trap(("lines", "hotline", "queue"), told[0].reason, "")
    assert {trap.reason for trap in told} == {"no agent can take a call in az from line hotline to queue general"}
    assert {trap.way[-2] for trap in told[1:]} == {"coverage", "operator"}
