"""What is said to a caller in a menu, what is asked, and where does it end?

``step(session, given, now)`` returns the session after an input and what to do next. Laws: every session ends in a
declared outcome, since each node may be missed ``Menu.tries`` times, all of them together be met by silence as often,
and the whole session asks at most MOST_QUESTIONS times; ``0`` reaches a person and the emergency key the emergency
queue from every question and during the last words; who answers nothing or wrongly reaches a person; a check that fails
or takes too long never holds the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from calls.hours import is_open
from calls.needs import Needs, together
from ivr.dialogue import (
    Answer,
    Ask,
    CheckPin,
    Chose,
    Command,
    Digits,
    End,
    HungUp,
    Input,
    Outcome,
    Say,
    Silence,
    Started,
    Verdict,
)
from ivr.errors import IllegalInput, NotInMenu
from ivr.menu import (
    OPERATOR_KEY,
    ChoiceNode,
    EndNode,
    GatherNode,
    HangupNode,
    HoursNode,
    LanguageNode,
    LastResortNode,
    Line,
    Menu,
    Node,
    PinNode,
    QueueNode,
    SayNode,
)
from ivr.secret import Secret

MOST_QUESTIONS = 40
"""Questions of one session; a caller who wanders longer is better served by a person."""

LAST_WORDS_SECONDS = 0.5
"""How long after the words before a queue one of the two keys is still waited for."""

UNVERIFIED = "unverified"
"""What ``AL_CALLER`` says of a caller whom a menu with a PIN let through to a person without one."""


class Phase(StrEnum):
    """What the session waits for."""

    NEW = "new"
    ASKING = "asking"
    CHECKING = "checking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuSession:
    """One caller's way through one menu. ``unsaid`` waits for the next question or the end to be said with it."""

    line: Line
    menu: Menu
    lang: str
    node: str
    phase: Phase = Phase.NEW
    questions: int = 0
    silences: int = 0
    misses: Mapping[str, int] = field(default_factory=dict)
    typed: Mapping[str, Secret] = field(default_factory=dict)
    caller: str = ""
    unsaid: tuple[str, ...] = ()


Step = tuple[MenuSession, tuple[Command, ...]]


def begin(line: Line, menu: Menu) -> MenuSession:
    """The session of a caller who dialled this line; the first input is Started."""
    return MenuSession(line=line, menu=menu, lang=line.languages[0], node=menu.start)


def step(session: MenuSession, given: Input, now: datetime) -> Step:
    """The session after ``given``, and the commands to carry out in order; IllegalInput if it was not waited for.

    The last command is the one whose answer is the next input, or End. A caller may still hang up after End, while the
    last words are said: another End, that counts instead.
    """
    match session.phase, given:
        case _, HungUp():
            return _end(session, Outcome.ABANDONED)
        case Phase.NEW, Started():
            greeting = (session.line.greeting,) if session.line.greeting else ()
            return _enter(_say(session, *greeting), session.menu.start, now)
        case Phase.ASKING, Digits(typed=typed):
            return _answered(session, typed, now)
        case Phase.ASKING, Silence():
            return _missed(replace(session, silences=session.silences + 1), "not-heard", now)
        case Phase.CHECKING, Answer(verdict=verdict, caller=caller):
            return _checked(session, verdict, caller, now)
    raise IllegalInput(f"{type(given).__name__} while {session.phase}")


def _enter(session: MenuSession, name: str, now: datetime) -> Step:
    """Go to a node and through those that ask nothing, to the next question or the end."""
    passed: set[str] = set()
    while name not in passed:
        passed.add(name)
        node = _node(session.menu, name)
        session = replace(session, node=name)
        match node:
            case SayNode():
                session, name = _say(session, *node.prompts), node.next
            case HoursNode():
                hours = session.line.hours
                name = node.open if hours is None or is_open(hours, now) else node.closed
            case QueueNode() | LastResortNode() | HangupNode():
                return _last_words(session, node)
            case _:
                return _ask(session, now)
    raise NotInMenu(f"menu {session.menu.menu_id} has no question and no end after node {name}")


def _ask(session: MenuSession, now: datetime) -> Step:
    if session.questions >= MOST_QUESTIONS:
        return _to_operator(session, now)
    match _node(session.menu, session.node):
        case LanguageNode(prompts=prompts) | ChoiceNode(prompts=prompts):
            return _question(_say(session, *prompts), 1, session.menu.wait_seconds)
        case GatherNode(prompts=prompts, longest=digits) | PinNode(prompts=prompts, longest=digits):
            return _question(_say(session, *prompts), digits, session.menu.wait_seconds)
    raise NotInMenu(f"node {session.node} asks nothing")


def _last_words(session: MenuSession, node: EndNode) -> Step:
    """What is said before the end is a question too, which only the two keys answer."""
    session = _say(session, *node.prompts)
    nothing_more = not session.unsaid or session.node == session.menu.emergency
    if nothing_more or session.questions >= MOST_QUESTIONS:
        return _leave(session, node)
    wait = session.menu.wait_seconds if isinstance(node, HangupNode) else LAST_WORDS_SECONDS
    return _question(session, 1, wait)


def _question(session: MenuSession, digits: int, wait_seconds: float) -> Step:
    ask = Ask(session.lang, session.unsaid, digits, wait_seconds)
    return replace(session, phase=Phase.ASKING, questions=session.questions + 1, unsaid=()), (ask,)


def _answered(session: MenuSession, typed: Secret, now: datetime) -> Step:
    """The two keys that work everywhere, then what the node itself makes of the digits."""
    digits, menu = typed.reveal(), session.menu
    if digits == OPERATOR_KEY and session.node != menu.operator:
        return _chose(session, "operator", _enter(session, menu.operator, now))
    if digits == menu.emergency_key:
        return _chose(session, "emergency", _enter(session, menu.emergency, now))
    match _node(menu, session.node):
        case QueueNode() | LastResortNode() | HangupNode() as node:
            return _leave(session, node)
        case LanguageNode(options=options, next=name) if digits in options:
            spoken = replace(session, lang=options[digits])
            return _chose(session, spoken.lang, _enter(spoken, name, now))
        case ChoiceNode(options=options) if digits in options:
            return _chose(session, options[digits], _enter(session, options[digits], now))
        case GatherNode() as node if digits.isdecimal() and node.shortest <= len(digits) <= node.longest:
            kept = replace(session, typed={**session.typed, node.field: typed})
            return _enter(kept, node.next, now)
        case PinNode() as node if digits.isdecimal() and node.shortest <= len(digits) <= node.longest:
            clinic = session.typed.get(node.clinic_field, Secret(""))
            return replace(session, phase=Phase.CHECKING), (CheckPin(clinic, typed),)
    return _missed(session, "not-understood", now)


def _missed(session: MenuSession, sorry: str, now: datetime) -> Step:
    """Nothing or the wrong thing was pressed: ask again, and after the last try go where a person is.

    An old telephone has no keys that we hear, so silence at one question counts at the next; nor is the language asked
    again: most who say nothing speak the first one.
    """
    node = _node(session.menu, session.node)
    if isinstance(node, EndNode):
        return _leave(session, node)
    missed = session.misses.get(session.node, 0) + 1
    session = replace(session, misses={**session.misses, session.node: missed})
    not_asked_again = sorry == "not-heard" and isinstance(node, LanguageNode)
    if max(missed, session.silences) < session.menu.tries and not not_asked_again:
        return _ask(_say(session, sorry), now)
    match node:
        case LanguageNode(next=name) | PinNode(unverified=name):
            return _enter(session, name, now)
    return _to_operator(session, now)


def _checked(session: MenuSession, verdict: Verdict, caller: str, now: datetime) -> Step:
    node = _node(session.menu, session.node)
    if not isinstance(node, PinNode):
        raise NotInMenu(f"node {session.node} checks no PIN")
    if verdict is Verdict.RIGHT:
        return _enter(replace(session, caller=caller), node.verified, now)
    missed = session.misses.get(session.node, 0) + 1
    session = replace(session, misses={**session.misses, session.node: missed})
    if verdict is Verdict.WRONG and missed < session.menu.tries:
        return _enter(_say(session, "pin-wrong"), node.again, now)
    sorry = ("pin-wrong",) if verdict is Verdict.WRONG else ()
    return _enter(_say(session, *sorry), node.unverified, now)


def _to_operator(session: MenuSession, now: datetime) -> Step:
    return _enter(_say(session, "please-wait"), session.menu.operator, now)


def _leave(session: MenuSession, node: EndNode) -> Step:
    match node:
        case QueueNode():
            return _end(session, Outcome.QUEUED, node.queue, node.needs)
        case LastResortNode():
            return _end(session, Outcome.LAST_RESORT, node.queue)
        case HangupNode():
            return _end(session, Outcome.SERVED)


def _end(session: MenuSession, outcome: Outcome, queue: str = "", asked: Needs = ()) -> Step:
    asks_pin = any(isinstance(node, PinNode) for node in session.menu.nodes.values())
    caller = session.caller or (UNVERIFIED if asks_pin else "")
    wanted = together(session.line.needs, asked, ((f"lang:{session.lang}", 1),)) if queue else ()
    end = End(outcome, queue, session.lang, wanted, caller)
    said = (Say(session.lang, session.unsaid),) if session.unsaid and outcome is not Outcome.ABANDONED else ()
    return replace(session, phase=Phase.ENDED, unsaid=()), (*said, end)


def _chose(session: MenuSession, choice: str, after: Step) -> Step:
    return after[0], (Chose(session.node, choice), *after[1])


def _say(session: MenuSession, *prompt_ids: str) -> MenuSession:
    return replace(session, unsaid=(*session.unsaid, *prompt_ids))


def _node(menu: Menu, name: str) -> Node:
    try:
        return menu.nodes[name]
    except KeyError:
        raise NotInMenu(f"menu {menu.menu_id} has no node {name}") from None
