"""Does every caller end somewhere, whatever they press, and is a person always one key away?"""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as some

from ivr.dialogue import (
    Answer,
    AnswerFound,
    CallbackTaken,
    CallerFound,
    CallerRecord,
    Command,
    Digits,
    End,
    Found,
    HungUp,
    Input,
    Outcome,
    Silence,
    Started,
    Verdict,
)
from ivr.machine import MOST_STEPS, begin, step
from ivr.menu import AnswerNode, CallbackNode, ChoiceNode, EndNode, LookupNode, Menu, QueueNode
from ivr.secret import Secret
from ivr.session import MenuSession, Phase
from tests.builders import NOON, a_doctors_menu, a_line, a_menu, weekdays_nine_to_six
from tests.unit.ivr.menus import a_service_menu

SEQUENCES = 10_000 if os.environ.get("AL_LONG") else 300
LONGEST = 4 * MOST_STEPS

keys = some.one_of(
    some.sampled_from("0123456789*#"),
    some.text("0123456789", min_size=1, max_size=9),
).map(lambda text: Digits(Secret(text)))
caller_acts = some.one_of(keys, keys, some.just(Silence()), some.just(HungUp()))
RECORDS = [
    CallerRecord(),
    CallerRecord(region="kazan", lang="az", doctor="leila"),
    CallerRecord(region="baku", lang="fr", vip=True),
]
checks = [Answer(verdict, "clinic:17") for verdict in Verdict]
callers = [CallerFound(found, record) for found in Found for record in RECORDS]
told = [AnswerFound(found, answer) for found in Found for answer in ("paid", "ring", "nonsense")]
promises = [CallbackTaken(True), CallbackTaken(False)]
answers = some.sampled_from(list(product(checks, callers, told, promises))).map(
    lambda drawn: dict(zip(("pin", "caller", "answer", "callback"), drawn, strict=True))
)
menus = some.sampled_from(
    [
        a_menu(),
        a_doctors_menu(),
        a_service_menu(),
        a_menu(topics=ChoiceNode(prompts=("topics",), options={"1": "language", "2": "hours"})),
    ]
)
lines = some.sampled_from([a_line(), a_line(hours=weekdays_nine_to_six(), greeting=None)])
moments = some.integers(0, 7 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


def fitting(session: MenuSession, act: Input, answer: dict[str, Input]) -> Input:
    if session.phase is not Phase.CHECKING or isinstance(act, HungUp):
        return act
    asks = {LookupNode: "caller", AnswerNode: "answer", CallbackNode: "callback"}
    return answer[asks.get(type(session.menu.nodes[session.node]), "pin")]


@settings(max_examples=SEQUENCES, deadline=None)
@given(menu=menus, line=lines, now=moments, data=some.data())
def test_whatever_is_pressed_the_session_ends_in_a_declared_outcome(menu, line, now, data) -> None:
    session, commands = step(begin(line, menu), Started(), now)
    for _ in range(LONGEST):
        if session.phase is Phase.ENDED:
            break
        given_input = fitting(session, data.draw(caller_acts), data.draw(answers))
        session, commands = step(session, given_input, now)
    assert session.phase is Phase.ENDED
    assert isinstance(commands[-1], End)
    assert sum(isinstance(command, End) for command in commands) == 1
    waits = {Outcome.QUEUED, Outcome.LAST_RESORT, Outcome.VOICEMAIL, Outcome.TRANSFERRED}
    assert (commands[-1].queue in {"general", "doctors", "emergency"}) is (commands[-1].outcome in waits)


@settings(max_examples=SEQUENCES, deadline=None)
@given(menu=menus, line=lines, now=moments, acts=some.lists(some.tuples(caller_acts, answers), max_size=12))
def test_from_every_question_0_reaches_a_person_and_9_the_emergency_queue(menu, line, now, acts) -> None:
    session, _ = step(begin(line, menu), Started(), now)
    for act, answer in acts:
        if session.phase is Phase.ENDED:
            return
        if session.phase is Phase.ASKING:
            assert queue_after(session, "0", now) == queue_of(menu, menu.operator)
            assert queue_after(session, "9", now) == queue_of(menu, menu.emergency)
        session, _ = step(session, fitting(session, act, answer), now)


@settings(max_examples=SEQUENCES, deadline=None)
@given(menu=menus, line=lines, now=moments, acts=some.lists(some.tuples(caller_acts, answers), max_size=12))
def test_silence_alone_brings_every_caller_who_has_chosen_no_end_to_a_person(menu, line, now, acts) -> None:
    session, commands = step(begin(line, menu), Started(), now)
    for act, answer in acts:
        if session.phase is not Phase.ENDED:
            following, _ = step(session, fitting(session, act, answer), now)
            session = session if following.phase is Phase.ENDED or hears_the_last_words(following) else following
    while session.phase is not Phase.ENDED:
        session, commands = step(session, fitting(session, Silence(), LATE), now)
    assert isinstance(commands[-1], End)
    assert commands[-1].outcome in {Outcome.QUEUED, Outcome.VOICEMAIL}


LATE: dict[str, Input] = {
    "pin": Answer(Verdict.TIMEOUT),
    "caller": CallerFound(Found.TIMEOUT),
    "answer": AnswerFound(Found.TIMEOUT),
    "callback": CallbackTaken(False),
}


def hears_the_last_words(session: MenuSession) -> bool:
    return isinstance(session.menu.nodes[session.node], EndNode)


def queue_after(session: MenuSession, key: str, now) -> str:
    session, commands = step(session, Digits(Secret(key)), now)
    if session.phase is Phase.ASKING:
        session, commands = step(session, Silence(), now)
    end: Command = commands[-1]
    assert isinstance(end, End)
    assert end.outcome is Outcome.QUEUED
    return end.queue


def queue_of(menu: Menu, name: str) -> str:
    node = menu.nodes[name]
    assert isinstance(node, QueueNode)
    return node.queue
