"""What is said to a caller in a menu, what is asked, and where does it end?

``step(session, given, now)`` returns the session after an input and what to do next. Laws: every session ends in a
declared outcome, since each node may be missed ``Menu.tries`` times, all of them together be met by silence as often,
and the whole session has at most MOST_STEPS questions and lookups; ``0`` reaches a person and the emergency key the
emergency queue from every question, during an answer and during the last words; who answers nothing or wrongly reaches
a person; a check or a lookup that fails or takes too long never holds the caller.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from calls.hours import is_open
from ivr.dialogue import (
    NOTHING,
    Answer,
    AnswerFound,
    CallbackTaken,
    CallerFound,
    CheckPin,
    Digits,
    FindAnswer,
    FindCaller,
    Found,
    HungUp,
    Input,
    Outcome,
    Silence,
    Started,
    TakeCallback,
    Verdict,
    known,
)
from ivr.errors import IllegalInput, NotInMenu
from ivr.menu import (
    CONFIRM_PROMPTS,
    DIGITS,
    NO,
    OPERATOR_KEY,
    YES,
    AnswerNode,
    BranchNode,
    CallbackNode,
    ChoiceNode,
    EndNode,
    GatherNode,
    HangupNode,
    HoursNode,
    LanguageNode,
    Line,
    LookupNode,
    Menu,
    PinNode,
    SayNode,
    SurveyNode,
)
from ivr.numbers import fits, meant
from ivr.secret import Secret
from ivr.session import (
    MenuSession,
    Phase,
    Step,
    asked,
    chose,
    hung_up,
    leave,
    looking,
    node_named,
    say,
    served,
    tell,
    wanted,
)

MOST_STEPS = 40
"""Questions and lookups of one session; a caller who wanders longer is better served by a person."""

LAST_WORDS_SECONDS = 0.5
"""How long after the words before a queue one of the two keys is still waited for."""

MARKS = ("1", "2", "3", "4", "5")


def begin(line: Line, menu: Menu) -> MenuSession:
    """The session of a caller who dialled this line; the first input is Started."""
    return MenuSession(line=line, menu=menu, lang=line.languages[0], node=menu.start)


def begin_survey(line: Line, menu: Menu, lang: str) -> MenuSession:
    """The session of a caller of this line whose talk, in this language, is over."""
    return MenuSession(line=line, menu=menu, lang=lang, node=menu.start, after_talk=True, settled=Outcome.UNRATED)


def step(session: MenuSession, given: Input, now: datetime) -> Step:
    """The session after ``given``, and the commands to carry out in order; IllegalInput if it was not waited for.

    The last command is the one whose answer is the next input, or End. A caller may still hang up after End, while the
    last words are said: another End, that counts instead.
    """
    match session.phase, given:
        case _, HungUp():
            return hung_up(session)
        case Phase.NEW, Started():
            greeting = (session.line.greeting,) if session.line.greeting and not session.after_talk else ()
            return _enter(say(replace(session, began=now), *greeting), session.menu.start, now)
        case Phase.ASKING, Digits(typed=typed):
            return _answered(session, typed, now)
        case Phase.ASKING, Silence():
            return _missed(replace(session, silences=session.silences + 1), "not-heard", now)
        case Phase.CHECKING, Answer() | CallerFound() | AnswerFound() | CallbackTaken():
            return _told(session, given, now)
    raise IllegalInput(f"{type(given).__name__} while {session.phase}")


def _enter(session: MenuSession, name: str, now: datetime) -> Step:
    """Go to a node and through those that ask nothing, to the next question or lookup or the end."""
    passed: set[str] = set()
    while name not in passed:
        passed.add(name)
        node = node_named(session.menu, name)
        session = replace(session, node=name, confirming=None)
        match node:
            case SayNode():
                session = served(session) if node.answers else session
                session, name = tell(session, node.prompts, now), node.next
            case HoursNode():
                hours = session.line.hours
                name = node.open if hours is None or is_open(hours, now) else node.closed
            case BranchNode():
                name = node.options.get(known(session.record, node.by), node.otherwise)
            case LookupNode() | AnswerNode():
                return _look_up(session, node, now)
            case CallbackNode():
                number = session.typed.get(node.field or "", NOTHING)
                return looking(session, TakeCallback(node.queue, session.lang, wanted(session, node.needs), number))
            case LanguageNode() | ChoiceNode() | GatherNode() | PinNode() | SurveyNode():
                return _ask(session, now)
            case _:
                return _last_words(session, node, now)
    raise NotInMenu(f"menu {session.menu.menu_id} has no question and no end after node {name}")


def _look_up(session: MenuSession, node: LookupNode | AnswerNode, now: datetime) -> Step:
    if _too_long(session, now):
        return _to_operator(session, now)
    if isinstance(node, LookupNode):
        field = node.field or ""
        return looking(session, FindCaller(field, session.typed.get(field, NOTHING)))
    typed = {field: session.typed[field] for field in node.fields if field in session.typed}
    region = session.record.region or session.line.region or ""
    return looking(session, FindAnswer(node.about, region, typed))


def _ask(session: MenuSession, now: datetime) -> Step:
    if _too_long(session, now):
        return _to_operator(session, now)
    wait = session.menu.wait_seconds
    if session.confirming is not None:
        before, after = CONFIRM_PROMPTS
        return asked(say(session, before, session.confirming, after), 1, wait)
    match node_named(session.menu, session.node):
        case LanguageNode(prompts=prompts) | ChoiceNode(prompts=prompts) | SurveyNode(prompts=prompts):
            return asked(tell(session, prompts, now), 1, wait)
        case GatherNode(prompts=prompts, longest=digits) | PinNode(prompts=prompts, longest=digits):
            return asked(tell(session, prompts, now), digits, wait)
    raise NotInMenu(f"node {session.node} asks nothing")


def _too_long(session: MenuSession, now: datetime) -> bool:
    lasted = now - (session.began or now)
    return session.steps >= MOST_STEPS or lasted > timedelta(seconds=session.menu.longest_seconds)


def _last_words(session: MenuSession, node: EndNode, now: datetime) -> Step:
    """What is said before the end is a question too, which only the two keys answer."""
    session = tell(session, node.prompts, now)
    if isinstance(node, HangupNode):
        session = served(session)
    nothing_more = not session.unsaid or session.node == session.menu.emergency
    if nothing_more or session.steps >= MOST_STEPS:
        return leave(session, node)
    wait = session.menu.wait_seconds if isinstance(node, HangupNode | CallbackNode) else LAST_WORDS_SECONDS
    return asked(session, 1, wait)


def _answered(session: MenuSession, typed: Secret, now: datetime) -> Step:
    """The two keys that work everywhere, then what the node itself makes of the digits."""
    menu, node = session.menu, node_named(session.menu, session.node)
    digits = meant(node, typed.reveal(), (OPERATOR_KEY, menu.emergency_key))
    if digits == OPERATOR_KEY and session.node != menu.operator:
        return _took(session, "operator", menu.operator, now)
    if digits == menu.emergency_key:
        return _took(session, "emergency", menu.emergency, now)
    if session.confirming is not None and digits in (YES, NO):
        return _confirmed(session, session.confirming, digits == YES, now)
    match node:
        case LanguageNode(options=options, next=name) if digits in options:
            return _took(replace(session, lang=options[digits], lang_chosen=True), options[digits], name, now)
        case ChoiceNode(options=options) if digits in options:
            return _took(session, options[digits], options[digits], now)
        case SurveyNode(next=name) if digits in MARKS:
            return _took(replace(session, settled=Outcome.RATED), digits, name, now)
        case GatherNode() if session.confirming is None and fits(node, digits):
            if node.confirm:
                return _ask(replace(session, confirming=typed), now)
            return _confirmed(session, typed, True, now)
        case PinNode() if fits(node, digits):
            clinic = session.typed.get(node.clinic_field, NOTHING)
            return looking(session, CheckPin(clinic, typed))
    return _missed(session, "not-understood", now)


def _confirmed(session: MenuSession, typed: Secret, right: bool, now: datetime) -> Step:
    """The number is kept, or asked for again."""
    node = node_named(session.menu, session.node)
    if not isinstance(node, GatherNode):
        raise NotInMenu(f"node {session.node} gathers no number")
    if not right:
        return _enter(session, session.node, now)
    return _enter(replace(session, typed={**session.typed, node.field: typed}), node.next, now)


def _missed(session: MenuSession, sorry: str, now: datetime) -> Step:
    """Nothing or the wrong thing was pressed: ask again, and after the last try go where a person is.

    An old telephone has no keys that we hear, so silence at one question counts at the next; nor is the language asked
    again, since most who say nothing speak the first one, nor a mark.
    """
    node = node_named(session.menu, session.node)
    if isinstance(node, EndNode):
        return leave(session, node)
    session, missed = _count_miss(session)
    not_asked_again = sorry == "not-heard" and isinstance(node, LanguageNode | SurveyNode)
    if max(missed, session.silences) < session.menu.tries and not not_asked_again:
        return _ask(say(session, sorry), now)
    match node:
        case LanguageNode(next=name) | PinNode(unverified=name) | SurveyNode(next=name):
            return _enter(session, name, now)
    return _to_operator(session, now)


def _told(session: MenuSession, given: Input, now: datetime) -> Step:
    """What came of a check or a lookup; IllegalInput for the answer to a question that this node does not ask."""
    node = node_named(session.menu, session.node)
    match node, given:
        case PinNode(), Answer():
            return _checked(session, node, given, now)
        case LookupNode(), CallerFound(found=Found.FOUND, record=record):
            known = replace(session, record=record, typed={**session.typed, **record.numbers})
            if record.lang in session.line.languages and not session.lang_chosen:
                known = replace(known, lang=record.lang)
            return _enter(known, node.found, now)
        case LookupNode(), CallerFound(found=found):
            return _enter(session, node.unknown if found is Found.UNKNOWN else node.failed, now)
        case AnswerNode(), AnswerFound(found=Found.FOUND) if _can_be_said(node, given):
            words = [given.digits if word == DIGITS else word for word in node.answers[given.answer]]
            return _enter(say(served(session), *words), node.next, now)
        case AnswerNode(), AnswerFound():
            return _enter(session, node.otherwise, now)
        case CallbackNode(), CallbackTaken(kept=True):
            return _last_words(replace(session, settled=Outcome.CALLBACK), node, now)
        case CallbackNode(), CallbackTaken():
            return _enter(session, node.otherwise, now)
    raise IllegalInput(f"{type(given).__name__} at node {session.node}")


def _can_be_said(node: AnswerNode, given: AnswerFound) -> bool:
    """Whether the menu knows this answer, and the digits that it would read out were found too."""
    words = node.answers.get(given.answer)
    return words is not None and (DIGITS not in words or given.digits != NOTHING)


def _checked(session: MenuSession, node: PinNode, answer: Answer, now: datetime) -> Step:
    if answer.verdict is Verdict.RIGHT:
        return _enter(replace(session, caller=answer.caller), node.verified, now)
    session, missed = _count_miss(session)
    if answer.verdict is Verdict.WRONG and missed < session.menu.tries:
        return _enter(say(session, "pin-wrong"), node.again, now)
    sorry = ("pin-wrong",) if answer.verdict is Verdict.WRONG else ()
    return _enter(say(session, *sorry), node.unverified, now)


def _count_miss(session: MenuSession) -> tuple[MenuSession, int]:
    missed = session.misses.get(session.node, 0) + 1
    return replace(session, misses={**session.misses, session.node: missed}), missed


def _to_operator(session: MenuSession, now: datetime) -> Step:
    """A person, without another question; NotInMenu where the operator's node is no queue."""
    if not isinstance(node_named(session.menu, session.menu.operator), EndNode):
        raise NotInMenu(f"the operator of menu {session.menu.menu_id} is no end")
    return _enter(say(session, "please-wait"), session.menu.operator, now)


def _took(session: MenuSession, choice: str, name: str, now: datetime) -> Step:
    session, told = chose(session, choice)
    session, commands = _enter(session, name, now)
    return session, (told, *commands)
