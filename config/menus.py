"""Does every way through a menu end with a person, a message or a goodbye? Rules over the nodes of one menu."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.forms import Broken, Rules, Written, nodes_of
from config.located import Way
from config.model import Configuration
from config.sources import NAME, TAKEN
from ivr.graph import targets
from ivr.machine import MARKS
from ivr.menu import (
    NO,
    OPENS,
    OPERATOR_KEY,
    YES,
    AnswerNode,
    AskingNode,
    BranchNode,
    CallbackNode,
    ChoiceNode,
    GatherNode,
    LanguageNode,
    LookupNode,
    Menu,
    PinNode,
    QueueNode,
    SurveyNode,
)
from ivr.numbers import CHECKS, PATTERNS

MOST_DIGITS = 20


def named_nodes_exist(found: Configuration, written: Written) -> Broken:
    """Wherever a node is named, the menu has it."""
    for menu_id, menu in found.menus.items():
        nodes = written["menus"][menu_id].get("nodes")
        known = nodes if isinstance(nodes, dict) else {}
        for way, target in _named(menu):
            if target not in known:
                yield way, f"names a node {target!r} that this menu does not have"


def people_can_be_reached(found: Configuration, written: Written) -> Broken:
    """``0`` and the emergency key lead straight into queues."""
    for menu_id, menu in found.menus.items():
        for field in ("operator", "emergency"):
            node = menu.nodes.get(getattr(menu, field))
            if node is not None and not isinstance(node, QueueNode):
                yield ("menus", menu_id, field), "must name a node of kind queue, so that the caller reaches a person"


def keys_are_free(found: Configuration, written: Written) -> Broken:
    """Options are single digits, and never those that work in every menu."""
    for menu_id, menu in found.menus.items():
        if not re.fullmatch("[1-9]", menu.emergency_key):
            yield ("menus", menu_id, "emergency_key"), "must be one digit from 1 to 9"
    for way, node in nodes_of(found):
        emergency_key = found.menus[str(way[1])].emergency_key
        taken = {OPERATOR_KEY: "operator", emergency_key: "emergency"}
        for key in node.options if isinstance(node, ChoiceNode | LanguageNode) else {}:
            if not re.fullmatch("[0-9]", key):
                yield (*way, "options", key), "must be one digit"
            elif key in taken:
                yield (*way, "options", key), f"means {taken[key]} in every menu: take another digit"
        if isinstance(node, SurveyNode) and emergency_key in MARKS:
            yield way, f"asks for a mark, and {emergency_key} means emergency: set emergency_key to 6, 7, 8 or 9"
        if isinstance(node, GatherNode) and node.confirm and emergency_key in (YES, NO):
            yield (*way, "confirm"), f"asks for {YES} or {NO}, and {emergency_key} means emergency: take another key"


def nobody_stands_in_silence(found: Configuration, written: Written) -> Broken:
    """Whoever is asked something hears a question with an answer to it, and whoever asked hears the answer."""
    for way, node in nodes_of(found):
        if isinstance(node, AskingNode | CallbackNode) and set(node.prompts) <= {OPENS}:
            yield (*way, "prompts"), "must name at least one prompt, or the caller hears nothing here"
        if isinstance(node, ChoiceNode | LanguageNode) and not node.options:
            yield (*way, "options"), "must name at least one key: {1: node}"
        if isinstance(node, AnswerNode):
            if not node.answers:
                yield (*way, "answers"), "must name at least one answer"
            for answer, prompts in node.answers.items():
                if not prompts:
                    yield (*way, "answers", answer), "must name at least one prompt, or the caller hears nothing here"


def every_node_is_reached(found: Configuration, written: Written) -> Broken:
    """A node that no caller comes to is a slip of the pen."""
    for menu_id, menu in found.menus.items():
        seen = {menu.start, menu.operator, menu.emergency}
        ahead = list(seen)
        while ahead:
            node = menu.nodes.get(ahead.pop())
            fresh = {target for *_, target in targets(node)} - seen if node else set()
            seen |= fresh
            ahead += fresh
        for name in menu.nodes.keys() - seen:
            yield ("menus", menu_id, "nodes", name), "is reached from nowhere: take it out, or lead callers to it"
        if not any(menu_id in (line.menu, line.survey) for line in found.lines.values()):
            yield ("menus", menu_id), "is the menu of no line: take it out, or name it in a line"


def typed_numbers_make_sense(found: Configuration, written: Written) -> Broken:
    """How many digits are asked for, of which form; two at least, since one alone may be a key of every menu."""
    for way, node in nodes_of(found):
        if isinstance(node, GatherNode | PinNode) and not 2 <= node.shortest <= node.longest <= MOST_DIGITS:
            yield (*way, "shortest"), f"must be from 2 to longest, which is {MOST_DIGITS} at most"
        if not isinstance(node, GatherNode):
            continue
        if node.check is not None and not CHECKS.fullmatch(node.check):
            yield (*way, "check"), "is no check digit: take luhn, or mod-2 to mod-99"
        if node.pattern is not None and not PATTERNS.fullmatch(node.pattern):
            yield (*way, "pattern"), "must be digits, X for any digit, and perhaps a dot for more: 7XXX, 16X."
        elif node.pattern is not None:
            # The dot stands for one digit at least.
            fewest, more = len(node.pattern), node.pattern.endswith(".")
            if fewest > node.longest or (fewest < node.shortest and not more):
                yield (*way, "pattern"), f"fits no number of {node.shortest} to {node.longest} digits"


def sources_could_say_this(found: Configuration, written: Written) -> Broken:
    """What tables and records are to name is named as they can; a field has no name that means something else there."""
    for way, node in nodes_of(found):
        named: list[tuple[Way, str]] = []
        if isinstance(node, GatherNode):
            named = [((*way, "field"), node.field)]
            if node.field in TAKEN:
                yield (*way, "field"), "means something else in tables and records: take another name"
        if isinstance(node, AnswerNode):
            named = [((*way, "about"), node.about), *(((*way, "answers", answer), answer) for answer in node.answers)]
        for where, name in named:
            if not NAME.fullmatch(name):
                yield where, "is no name: use a small letter, then small letters, digits, _ and -"


def numbers_are_asked_for(found: Configuration, written: Written) -> Broken:
    """A number that a node goes by is one that this menu gathers."""
    for way, node in nodes_of(found):
        gathered = {n.field for n in found.menus[str(way[1])].nodes.values() if isinstance(n, GatherNode)}
        used: list[tuple[Way, str | None]] = []
        match node:
            case PinNode():
                used = [((*way, "clinic_field"), node.clinic_field)]
            case LookupNode() | CallbackNode():
                used = [((*way, "field"), node.field)]
            case AnswerNode():
                used = [((*way, "fields", index), field) for index, field in enumerate(node.fields)]
        for where, field in used:
            if field is not None and field not in gathered:
                yield where, "names a field that no gather node of this menu asks for"


def branches_name_what_a_record_can_say(found: Configuration, written: Written) -> Broken:
    """A region or a language that is not declared is never met; and somebody must have looked the caller up."""
    for way, node in nodes_of(found):
        if not isinstance(node, BranchNode):
            continue
        declared = {
            "region": {skill.removeprefix("region:") for skill in found.skills if skill.startswith("region:")},
            "language": set(found.languages),
        }.get(node.by, {"yes", "no"})
        for value in node.options.keys() - declared:
            yield (*way, "options", value), f"is never said of a caller: take one of {', '.join(sorted(declared))}"
        if not any(isinstance(other, LookupNode) for other in found.menus[str(way[1])].nodes.values()):
            yield way, "goes by the caller's record, and this menu has no lookup node"


MENU_RULES: Rules = {
    named_nodes_exist: (),
    people_can_be_reached: (),
    keys_are_free: (),
    nobody_stands_in_silence: (),
    every_node_is_reached: ("lines",),
    typed_numbers_make_sense: (),
    sources_could_say_this: (),
    numbers_are_asked_for: (),
    branches_name_what_a_record_can_say: ("skills", "languages"),
}


def _named(menu: Menu) -> Iterator[tuple[Way, str]]:
    for field in ("start", "operator", "emergency"):
        yield ("menus", menu.menu_id, field), getattr(menu, field)
    for name, node in menu.nodes.items():
        for field, key, target in targets(node):
            yield ("menus", menu.menu_id, "nodes", name, field, *filter(None, (key,))), target
