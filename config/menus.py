"""Does every way through a menu end with a person, a message or a goodbye? Rules over the nodes of one menu."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from config.forms import Broken, Rules, Written
from config.located import Way
from config.model import Configuration
from ivr.menu import (
    OPERATOR_KEY,
    ChoiceNode,
    GatherNode,
    HoursNode,
    LanguageNode,
    Menu,
    Node,
    PinNode,
    QueueNode,
    SayNode,
)

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
    """``0`` and the emergency key lead straight into queues, the latter into an emergency queue."""
    for menu_id, menu in found.menus.items():
        for field in ("operator", "emergency"):
            node = menu.nodes.get(getattr(menu, field))
            if node is not None and not isinstance(node, QueueNode):
                yield ("menus", menu_id, field), "must name a node of kind queue, so that the caller reaches a person"
        node = menu.nodes.get(menu.emergency)
        if isinstance(node, QueueNode) and node.queue in found.queues and not found.queues[node.queue].emergency:
            way = ("menus", menu_id, "nodes", menu.emergency, "queue")
            yield way, f"must be an emergency queue: set emergency: true in {node.queue}, or name another"


def keys_are_free(found: Configuration, written: Written) -> Broken:
    """Options are single digits, and never those that work in every menu."""
    for menu_id, menu in found.menus.items():
        if not re.fullmatch("[1-9]", menu.emergency_key):
            yield ("menus", menu_id, "emergency_key"), "must be one digit from 1 to 9"
    for way, node in nodes_of(found):
        taken = {OPERATOR_KEY: "operator", found.menus[str(way[1])].emergency_key: "emergency"}
        for key in node.options if isinstance(node, ChoiceNode | LanguageNode) else {}:
            if not re.fullmatch("[0-9]", key):
                yield (*way, "options", key), "must be one digit"
            elif key in taken:
                yield (*way, "options", key), f"means {taken[key]} in every menu: take another digit"


def every_way_ends(found: Configuration, written: Written) -> Broken:
    """Nodes that ask nothing never lead back to themselves, or the caller would hear them for ever."""
    for menu_id, menu in found.menus.items():
        for name in menu.nodes:
            seen: set[str] = set()
            ahead = [name]
            while ahead:
                node = menu.nodes.get(ahead.pop())
                if isinstance(node, SayNode | HoursNode):
                    fresh = {target for _, target in _targets(node)} - seen
                    seen |= fresh
                    ahead += fresh
            if name in seen:
                yield ("menus", menu_id, "nodes", name), "leads back to itself without a question: lead it to an end"


def every_node_is_reached(found: Configuration, written: Written) -> Broken:
    """A node that no caller comes to is a slip of the pen."""
    for menu_id, menu in found.menus.items():
        seen = {menu.start, menu.operator, menu.emergency}
        ahead = list(seen)
        while ahead:
            node = menu.nodes.get(ahead.pop())
            fresh = {target for _, target in _targets(node)} - seen if node else set()
            seen |= fresh
            ahead += fresh
        for name in menu.nodes.keys() - seen:
            yield ("menus", menu_id, "nodes", name), "is reached from nowhere: take it out, or lead callers to it"


def typed_numbers_make_sense(found: Configuration, written: Written) -> Broken:
    """How many digits are asked for, and that a PIN is asked of a clinic whose number was."""
    for way, node in nodes_of(found):
        if isinstance(node, GatherNode | PinNode) and not 1 <= node.shortest <= node.longest <= MOST_DIGITS:
            yield (*way, "shortest"), f"must be from 1 to longest, which is {MOST_DIGITS} at most"
        if isinstance(node, PinNode):
            gathered = {n.field for n in found.menus[str(way[1])].nodes.values() if isinstance(n, GatherNode)}
            if node.clinic_field not in gathered:
                yield (*way, "clinic_field"), "names a field that no gather node of this menu asks for"


MENU_RULES: Rules = {
    named_nodes_exist: (),
    people_can_be_reached: ("queues",),
    keys_are_free: (),
    every_way_ends: (),
    every_node_is_reached: (),
    typed_numbers_make_sense: (),
}


def nodes_of(found: Configuration) -> list[tuple[Way, Node]]:
    """Every node of every menu, with the way to it."""
    return [
        (("menus", menu_id, "nodes", name), node)
        for menu_id, menu in found.menus.items()
        for name, node in menu.nodes.items()
    ]


def _named(menu: Menu) -> Iterator[tuple[Way, str]]:
    for field in ("start", "operator", "emergency"):
        yield ("menus", menu.menu_id, field), getattr(menu, field)
    for name, node in menu.nodes.items():
        for way, target in _targets(node):
            yield ("menus", menu.menu_id, "nodes", name, *way), target


def _targets(node: Node) -> list[tuple[Way, str]]:
    """The nodes that this one can lead to, with the field that names each."""
    one = ("next", "again", "verified", "unverified", "open", "closed")
    named: list[tuple[Way, str]] = [((f.name,), getattr(node, f.name)) for f in fields(node) if f.name in one]
    if isinstance(node, ChoiceNode):
        named += [(("options", key), target) for key, target in node.options.items()]
    return named
