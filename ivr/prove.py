"""Can a caller of these lines be trapped, at any minute of the coming days? Every trap, with the shortest way into it.

From each place that a caller can come to, a person, a callback or voicemail can be reached; whoever does nothing comes
to an end; every queue that callers come to has an agent who could take them, in the language they speak by then. That
each question obeys ``0`` and the emergency key is the law of `ivr.machine`; where these two lead is looked at here. The
hours of a line are looked at where they change, which is every minute that matters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.hours import changes
from calls.needs import Needs, together
from ivr.menu import CallbackNode, EndNode, HangupNode, Line, Menu, QueueNode
from ivr.ways import Entry, Place, asks, edges, starts

DAYS = 400
"""How far is looked ahead."""

Found = dict[Place, tuple[Place, str] | None]
"""Places that can be come to, each with the place before it on a shortest way and what leads on from there."""


@dataclass(frozen=True, slots=True)
class Trap:
    """What is wrong, and the way to it in the configuration; ``path`` is how a caller comes there."""

    way: tuple[str, ...]
    reason: str
    path: str

    def __str__(self) -> str:
        return f"{self.reason}; the way there: {self.path}" if self.path else self.reason


@dataclass(frozen=True, slots=True)
class Lines:
    """What is proved. ``ordinary`` are the queues that are no emergency queues.

    ``served`` tells whether some agent could take the calls of a queue that ask for this on top of the queue's needs.
    """

    lines: Mapping[str, Line]
    menus: Mapping[str, Menu]
    ordinary: frozenset[str]
    served: Callable[[str, Needs], bool]


def prove(lines: Lines, since: datetime, days: int = DAYS) -> list[Trap]:
    """Every trap, each once, told for the first line that leads into it; empty when callers are safe."""
    traps: dict[tuple[tuple[str, ...], str], Trap] = {}
    for line in lines.lines.values():
        found = list(_own_queue(lines, line))
        for entry in _entries(lines, line, since, since + timedelta(days=days)):
            reached = explore(entry)
            found += [
                *_dead_ends(entry, reached),
                *_circles(entry, reached),
                *_unserved(lines, entry, reached),
                *_no_emergency(lines, entry, reached),
            ]
        for trap in found:
            traps.setdefault((trap.way, trap.reason), trap)
    return list(traps.values())


def _entries(lines: Lines, line: Line, since: datetime, until: datetime) -> Iterator[Entry]:
    opens = {True: since}
    if line.hours is not None:
        opens = {}
        for moment, is_open in changes(line.hours, since, until):
            opens.setdefault(is_open, moment)
    for name, after_talk in ((line.menu, False), (line.survey, True)):
        if name is not None and name in lines.menus and line.languages:
            yield Entry(line, lines.menus[name], opens, after_talk)


def explore(entry: Entry) -> Found:
    """Every place that a caller can come to, the nearest first."""
    found: Found = dict.fromkeys(place for place in starts(entry) if place.node in entry.menu.nodes)
    ahead = deque(found)
    while ahead:
        place = ahead.popleft()
        for edge in edges(entry, place):
            if edge.to not in found:
                found[edge.to] = (place, edge.label)
                ahead.append(edge.to)
    return found


def _dead_ends(entry: Entry, reached: Found) -> Iterator[Trap]:
    """Places from which no way leads to a person, a callback or voicemail; after the talk a goodbye is no trap."""
    before: dict[Place, list[Place]] = {place: [] for place in reached}
    for place in reached:
        for edge in edges(entry, place):
            before[edge.to].append(place)
    nodes = entry.menu.nodes
    ahead = [place for place in reached if isinstance(nodes[place.node], EndNode)]
    safe = {place for place in ahead if entry.after_talk or not isinstance(nodes[place.node], HangupNode)}
    ahead = list(safe)
    while ahead:
        fresh = [place for place in before[ahead.pop()] if place not in safe]
        safe.update(fresh)
        ahead += fresh
    for place, come_from in reached.items():
        if place in safe or (come_from is not None and come_from[0] not in safe):
            continue
        reason = f"a caller of line {entry.line.line_id} reaches no person, callback or voicemail from here"
        yield Trap(_way(entry, place), reason, _path(reached, place))


def _circles(entry: Entry, reached: Found) -> Iterator[Trap]:
    """Nodes to which a caller who does nothing comes back again and again."""
    nearest = {place.node: place for place in reversed(reached)}
    following: dict[str, set[str]] = {node: set() for node in nearest}
    for place in reached:
        following[place.node].update(edge.to.node for edge in edges(entry, place) if edge.passive)
    for node in reversed(nearest):
        seen: set[str] = set()
        ahead = [node]
        while ahead:
            fresh = following[ahead.pop()] - seen
            seen |= fresh
            ahead += fresh
        if node in seen:
            reason = "leads back to itself while the caller does nothing: lead it to an end"
            yield Trap(_way(entry, nearest[node]), reason, _path(reached, nearest[node]))


def _unserved(lines: Lines, entry: Entry, reached: Found) -> Iterator[Trap]:
    """Ends at which a caller would wait in vain, with the languages in which they come there."""
    in_vain: dict[tuple[str, str], list[Place]] = {}
    for place in reached:
        node = entry.menu.nodes[place.node]
        if isinstance(node, EndNode) and not isinstance(node, HangupNode):
            more = node.needs if isinstance(node, QueueNode | CallbackNode) else ()
            if not lines.served(node.queue, _wanted(entry.line, more, place.lang)):
                in_vain.setdefault((place.node, node.queue), []).append(place)
    for (_, queue), places in in_vain.items():
        reason = _nobody(entry.line, dict.fromkeys(place.lang for place in places), queue)
        yield Trap((*_way(entry, places[0]), "queue"), reason, _path(reached, places[0]))


def _no_emergency(lines: Lines, entry: Entry, reached: Found) -> Iterator[Trap]:
    """Questions at which the emergency key leads anywhere but into an emergency queue; the nearest tells it all."""
    node = entry.menu.nodes.get(entry.menu.emergency)
    asking = next((place for place in reached if asks(entry, place)), None)
    if asking is not None and isinstance(node, QueueNode) and node.queue in lines.ordinary:
        way = ("menus", entry.menu.menu_id, "nodes", entry.menu.emergency, "queue")
        reason = f"must be an emergency queue: set emergency: true in {node.queue}, or name another"
        yield Trap(way, reason, f"{_path(reached, asking)} ({entry.menu.emergency_key}) > {entry.menu.emergency}")


def _own_queue(lines: Lines, line: Line) -> Iterator[Trap]:
    """The line's own queue takes the callers of a menu that cannot be had, in whatever language they had chosen."""
    unserved = [lang for lang in line.languages if not lines.served(line.queue, _wanted(line, (), lang))]
    if unserved:
        yield Trap(("lines", line.line_id, "queue"), _nobody(line, unserved, line.queue), "")


def _wanted(line: Line, more: Needs, lang: str) -> Needs:
    return together(line.needs, more, ((f"lang:{lang}", 1),))


def _nobody(line: Line, langs: Iterable[str], queue: str) -> str:
    return f"no agent can take a call in {', '.join(langs)} from line {line.line_id} to queue {queue}"


def _way(entry: Entry, place: Place) -> tuple[str, ...]:
    return ("menus", entry.menu.menu_id, "nodes", place.node)


def _path(reached: Found, place: Place) -> str:
    """``language (2) > topics (4) > claims``: nodes, each with what leads on."""
    path, at = place.node, reached[place]
    while at is not None:
        before, label = at
        path = f"{before.node} ({label}) > {path}" if label else f"{before.node} > {path}"
        at = reached[before]
    return path
