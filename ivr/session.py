"""What is known of one caller in a menu, and which small steps is their way made of? The machine puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from calls.hours import opens_next
from calls.needs import Needs, together
from ivr.dialogue import NOBODY, Ask, CallerRecord, Chose, Command, End, Handover, Opening, Outcome, Say, Waited, Words
from ivr.errors import NotInMenu
from ivr.menu import (
    OPENS,
    CallbackNode,
    EndNode,
    HangupNode,
    LastResortNode,
    Line,
    Menu,
    Node,
    PinNode,
    QueueNode,
    TransferNode,
    VoicemailNode,
)
from ivr.secret import Secret

UNVERIFIED = "unverified"
"""What ``AL_CALLER`` says of a caller whom a menu with a PIN let through to a person without one."""


class Phase(StrEnum):
    """What the session waits for: an answer of the caller, or of somebody who was asked about them."""

    NEW = "new"
    ASKING = "asking"
    CHECKING = "checking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuSession:
    """One caller's way through one menu.

    ``unsaid`` waits for the next question or the end to be said with it. ``confirming`` is a number that has been read
    back. ``settled`` is how it ends if the caller hangs up now. ``steps`` counts questions and lookups.
    """

    line: Line
    menu: Menu
    lang: str
    node: str
    phase: Phase = Phase.NEW
    began: datetime | None = None
    steps: int = 0
    silences: int = 0
    misses: Mapping[str, int] = field(default_factory=dict)
    confirming: Secret | None = None
    caller: str = ""
    record: CallerRecord = NOBODY
    lang_chosen: bool = False
    unsaid: Words = ()
    settled: Outcome = Outcome.ABANDONED
    after_talk: bool = False
    typed: Mapping[str, Secret] = field(default_factory=dict)
    chosen: tuple[tuple[str, str], ...] = ()
    heard: tuple[str, ...] = ()


Step = tuple[MenuSession, tuple[Command, ...]]


def node_named(menu: Menu, name: str) -> Node:
    """The node; NotInMenu without it."""
    try:
        return menu.nodes[name]
    except KeyError:
        raise NotInMenu(f"menu {menu.menu_id} has no node {name}") from None


def say(session: MenuSession, *words: str | Secret | Opening) -> MenuSession:
    """These words are said with the next question or at the end."""
    return replace(session, unsaid=(*session.unsaid, *words))


def tell(session: MenuSession, prompts: tuple[str, ...], now: datetime) -> MenuSession:
    """The prompts of a node are said; nothing stands for OPENS while the line is open, or if its hours do not tell."""
    hours = session.line.hours if OPENS in prompts else None
    opens = opens_next(hours, now) if hours else None
    opening = (Opening(opens),) if opens else ()
    for prompt in prompts:
        session = say(session, *(opening if prompt == OPENS else (prompt,)))
    return session


def asked(session: MenuSession, digits: int, wait_seconds: float) -> Step:
    """Say what is unsaid and wait for so many digits at most."""
    ask = Ask(session.lang, session.unsaid, digits, wait_seconds, session.menu.between_seconds)
    return replace(_said(session), phase=Phase.ASKING, steps=session.steps + 1), (ask,)


def looking(session: MenuSession, command: Waited) -> Step:
    """Somebody else is asked; what is unsaid stays so, since keys work only while a question is said."""
    return replace(session, phase=Phase.CHECKING, steps=session.steps + 1), (command,)


def chose(session: MenuSession, choice: str) -> tuple[MenuSession, Chose]:
    """The caller took this option here."""
    return replace(session, chosen=(*session.chosen, (session.node, choice))), Chose(session.node, choice)


def wanted(session: MenuSession, more: Needs = ()) -> Needs:
    """Needs of the line, of the choice and of the language."""
    return together(session.line.needs, more, ((f"lang:{session.lang}", 1),))


def leave(session: MenuSession, node: EndNode) -> Step:
    """The caller goes where this node leads."""
    match node:
        case QueueNode():
            return end(session, Outcome.QUEUED, node.queue, node.needs)
        case LastResortNode():
            return end(session, Outcome.LAST_RESORT, node.queue)
        case VoicemailNode():
            return end(session, Outcome.VOICEMAIL, node.queue)
        case TransferNode():
            return end(session, Outcome.TRANSFERRED, node.queue, number=node.number)
        case CallbackNode():
            return end(session, Outcome.CALLBACK)
        case HangupNode():
            return end(session, session.settled if session.after_talk else Outcome.SELF_SERVED)


def end(session: MenuSession, outcome: Outcome, queue: str = "", more: Needs = (), number: str = "") -> Step:
    """The session is over."""
    asks_pin = any(isinstance(node, PinNode) for node in session.menu.nodes.values())
    ending = End(
        outcome=outcome,
        queue=queue,
        lang=session.lang,
        needs=wanted(session, more) if queue else (),
        caller=session.caller or (UNVERIFIED if asks_pin else ""),
        preferred=session.record.doctor,
        region=session.record.region,
        number=number,
    )
    said = (Say(session.lang, session.unsaid),) if session.unsaid else ()
    settled = Outcome.ABANDONED if queue and not session.after_talk else session.settled
    return replace(_said(session), phase=Phase.ENDED, settled=settled), (*said, ending)


def hung_up(session: MenuSession) -> Step:
    """The caller has left, and hears nothing more."""
    return end(replace(session, unsaid=()), session.settled)


def served(session: MenuSession) -> MenuSession:
    """The caller hears what they came for: whoever hangs up from here on has served themselves."""
    return session if session.after_talk else replace(session, settled=Outcome.SELF_SERVED)


def handover(session: MenuSession) -> Handover:
    """What the caller chose, typed and heard, for the agent who takes the call."""
    return Handover(session.chosen, session.typed, session.heard, session.record)


def _said(session: MenuSession) -> MenuSession:
    heard = tuple(word for word in session.unsaid if isinstance(word, str))
    return replace(session, unsaid=(), heard=(*session.heard, *heard))
