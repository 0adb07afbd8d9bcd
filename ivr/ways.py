"""Which way can a caller take from here? One line's menu as a graph, in which everything that may happen is an edge.

A place in it is a node together with the language that is spoken there and whether words are waiting to be said: with
them the end of a menu is a question, at which ``0`` and the emergency key still work. Keys, silence, wrong numbers,
every answer of a lookup, its failure and its timeout are edges; whatever a record may say of a caller is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args

from ivr.menu import (
    OPERATOR_KEY,
    AnswerNode,
    AskingNode,
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One way into a menu: a line, or the end of a talk on it.

    ``opens`` holds whether the line is open or closed, or both in their time, with the first moment of each.
    """

    line: Line
    menu: Menu
    opens: Mapping[bool, datetime]
    after_talk: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A node, the language spoken there, whether the caller chose it, and whether words wait to be said."""

    node: str
    lang: str
    chosen: bool = False
    words: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """What happens, and where it leads. ``passive``: the caller does nothing for it."""

    label: str
    to: Place
    passive: bool = False


def starts(entry: Entry) -> Iterator[Place]:
    """Where callers begin; after a talk in any language of the line."""
    for lang in entry.line.languages if entry.after_talk else entry.line.languages[:1]:
        words = entry.line.greeting is not None and not entry.after_talk
        yield Place(entry.menu.start, lang, chosen=entry.after_talk, words=words)


def asks(entry: Entry, place: Place) -> bool:
    """Whether keys are heard here: at a question, and while the last words are said."""
    node = entry.menu.nodes.get(place.node)
    if isinstance(node, HangupNode | CallbackNode):
        return place.words or bool(node.prompts)
    if isinstance(node, get_args(EndNode)):
        return (place.words or bool(getattr(node, "prompts", ()))) and place.node != entry.menu.emergency
    return isinstance(node, get_args(AskingNode))


def edges(entry: Entry, place: Place) -> Iterator[Edge]:
    """Every way on from this place, to nodes that the menu has."""
    return (edge for edge in (*_own(entry, place), *_keys(entry, place)) if edge.to.node in entry.menu.nodes)


def _keys(entry: Entry, place: Place) -> Iterable[Edge]:
    menu, after = entry.menu, replace(place, words=False)
    if asks(entry, place):
        if place.node != menu.operator:
            yield Edge(OPERATOR_KEY, replace(after, node=menu.operator))
        yield Edge(menu.emergency_key, replace(after, node=menu.emergency))


def _own(entry: Entry, place: Place) -> Iterator[Edge]:
    menu, after = entry.menu, replace(place, words=False)
    given_up = Edge("nothing, or the wrong thing", replace(place, node=menu.operator, words=True), passive=True)
    node = menu.nodes.get(place.node)
    match node:
        case SayNode():
            yield Edge("", replace(place, node=node.next, words=place.words or bool(node.prompts)), passive=True)
        case HoursNode():
            for is_open, first in entry.opens.items():
                word, name = ("open", node.open) if is_open else ("closed", node.closed)
                yield Edge(f"{word}, first at {first:%Y-%m-%d %H:%M} UTC", replace(place, node=name), passive=True)
        case BranchNode():
            for value, name in node.options.items():
                yield Edge(f"{node.by} {value}", replace(place, node=name), passive=True)
            yield Edge("otherwise", replace(place, node=node.otherwise), passive=True)
        case LookupNode() | AnswerNode() | CallbackNode():
            yield from _looked_up(entry, place, node)
        case LanguageNode():
            for key, lang in node.options.items():
                yield Edge(key, replace(after, node=node.next, lang=lang, chosen=True))
            yield Edge("silence", replace(after, node=node.next), passive=True)
        case ChoiceNode():
            for key, name in node.options.items():
                yield Edge(key, replace(after, node=name))
            yield given_up
        case GatherNode():
            yield Edge("a number", replace(after, node=node.next))
            yield given_up
        case SurveyNode():
            yield Edge("a mark, or none", replace(after, node=node.next), passive=True)
        case PinNode():
            yield Edge("the right PIN", replace(after, node=node.verified))
            yield Edge("a wrong PIN", replace(place, node=node.again, words=True))
            yield Edge("no PIN", replace(after, node=node.unverified), passive=True)


def _looked_up(entry: Entry, place: Place, node: LookupNode | AnswerNode | CallbackNode) -> Iterator[Edge]:
    match node:
        case LookupNode():
            for lang in (place.lang,) if place.chosen else dict.fromkeys((place.lang, *entry.line.languages)):
                yield Edge("found", replace(place, node=node.found, lang=lang), passive=True)
            yield Edge("unknown", replace(place, node=node.unknown), passive=True)
            yield Edge("failed or late", replace(place, node=node.failed), passive=True)
        case AnswerNode():
            for answer, prompts in node.answers.items():
                words = place.words or bool(prompts)
                yield Edge(f"answer {answer}", replace(place, node=node.next, words=words), passive=True)
            yield Edge("no answer, failed or late", replace(place, node=node.otherwise), passive=True)
        case CallbackNode():
            yield Edge("no promise", replace(place, node=node.otherwise), passive=True)
