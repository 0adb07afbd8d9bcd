"""Is each value well formed, and does each number lead to one place? Rules that a type alone cannot say.

A rule yields (way, reason); it is told what could be understood and what was written. The tables of rules say which
sections each looks at: when one of these is broken as a whole, the rule is not asked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

import phonenumbers

from config import pin
from config.located import Way
from config.model import Configuration
from ivr.menu import Node, TransferNode

Written = Mapping[str, Any]
Broken = Iterator[tuple[Way, str]]
Rules = dict[Callable[[Configuration, Written], Broken], tuple[str, ...]]

ID = re.compile(r"[a-z][a-z0-9_][a-z0-9_-]{0,30}")
AGENT_ID = re.compile(r"[a-z][a-z0-9_]{1,31}")
CLINIC_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
RESERVED = re.compile(r"trunk|internal|anonymous|caller|voicemail|ambulance|last_resort_.*")
SHORT_NUMBER = re.compile(r"[0-9]{2,6}")
EXTENSION = re.compile(r"[1-9][0-9]{1,5}")
REASON = re.compile(r"[a-z][a-z0-9-]{0,31}")
LABEL_LENGTH = 40
DIALPLAN_WORDS = re.compile(r"[;()\[\]{}<>$\"\\|`]")
"""What means something in the dialplan; a parenthesis that is cut off with the end of a label swallows what follows."""

LIMITS: dict[str, tuple[float, float]] = {
    "queues.target_seconds": (1, 3600),
    "queues.target_share": (0.01, 1),
    "queues.ring_seconds": (5, 120),
    "queues.ring_at_once": (1, 5),
    "queues.wrap_up_seconds": (0, 3600),
    "queues.weight": (0, 1000),
    "queues.last_resort.after_seconds": (5, 3600),
    "menus.tries": (1, 9),
    "menus.wait_seconds": (1, 30),
    "menus.between_seconds": (1, 30),
    "menus.longest_seconds": (30, 3600),
    "trunk.port": (1, 65535),
}


def ids_are_plain_names(found: Configuration, written: Written) -> Broken:
    """Ids stand in Asterisk's files, channel variables, metrics and URLs as they are."""
    forms = {"queues": ID, "menus": ID, "lines": ID, "agents": AGENT_ID, "clinics": CLINIC_ID}
    for section, form in forms.items():
        for name in names(written, section):
            if not form.fullmatch(name):
                yield (section, name), "is no id: use a small letter, then small letters, digits and _, at most 32"
            elif RESERVED.fullmatch(name):
                yield (section, name), "is a name that Assistline uses itself: take another"


def ids_are_told_apart(found: Configuration, written: Written) -> Broken:
    """Asterisk overlooks a - in an extension, and of a queue's id we make it a _; *7 rings an agent or someone of a
    queue, whose id stands in the same place."""
    for section in ("queues", "lines"):
        first: dict[str, str] = {}
        for name in names(written, section):
            if (other := first.setdefault(_without_strokes(name), name)) != name:
                yield (section, name), f"differs from {section}.{other} in - and _ only: take another name"
    queues = {_without_strokes(name): name for name in names(written, "queues")}
    for name in names(written, "agents"):
        if queue := queues.get(_without_strokes(name)):
            yield ("agents", name), f"is the name of a queue too (queues.{queue}): take another"


def _without_strokes(name: str) -> str:
    return name.replace("-", "").replace("_", "")


def labels_can_be_shown(found: Configuration, written: Written) -> Broken:
    """Labels and names stand in caller-id names and in Asterisk's files, on one line."""
    entries = [("queues", found.queues), ("lines", found.lines), ("agents", found.agents), ("clinics", found.clinics)]
    for section, values in entries:
        for name, value in values.items():
            field = "name" if section == "agents" else "label"
            text = getattr(value, field)
            if not text.strip() or len(text) > LABEL_LENGTH or not text.isprintable():
                yield (section, name, field), f"must be 1 to {LABEL_LENGTH} printable characters on one line"
            elif found_word := DIALPLAN_WORDS.search(text):
                yield (section, name, field), f"holds {found_word.group()}, which Asterisk would not take as text"


def figures_are_in_range(found: Configuration, written: Written) -> Broken:
    """LIMITS, both ends included."""
    for path, (low, high) in LIMITS.items():
        section, *rest = path.split(".")
        entries = getattr(found, section)
        ways: dict[Way, Any] = {(section,): entries}
        if section != "trunk":
            ways = {(section, name): entry for name, entry in entries.items()}
        for way, entry in ways.items():
            figure = functools.reduce(getattr, rest, entry)
            if not low <= figure <= high:
                yield (*way, *rest), f"must be from {low:g} to {high:g} (is {figure:g})"


def numbers_are_told_apart(found: Configuration, written: Written) -> Broken:
    """Numbers from outside and internal numbers are well formed, and each leads to one place."""
    outside: list[tuple[Way, str]] = []
    for name, line in found.lines.items():
        outside += [(("lines", name, "numbers", index), number) for index, number in enumerate(line.numbers)]
        if not line.numbers:
            yield ("lines", name, "numbers"), "must hold at least one number, or nobody can call this line"
    inside: list[tuple[Way, str]] = [(("queues", name, "extension"), q.extension) for name, q in found.queues.items()]
    inside += [(("agents", name, "extension"), a.extension) for name, a in found.agents.items() if a.extension]
    for name, line in found.lines.items():
        if line.ambulance is not None and not SHORT_NUMBER.fullmatch(line.ambulance):
            yield ("lines", name, "ambulance"), 'must be a short number of 2 to 6 digits, in quotes: "112"'
    for way, number in outside:
        if not SHORT_NUMBER.fullmatch(number) and not _international(number):
            yield way, "is no number: write it as +442079460100, or a short number of 2 to 6 digits"
    for way, number in inside:
        if not EXTENSION.fullmatch(number):
            yield way, "is no internal number: write 2 to 6 digits, the first not 0"
    yield from _twice(outside)
    yield from _twice(inside)


def mobiles_can_be_rung(found: Configuration, written: Written) -> Broken:
    """In the international form; an agent's own belongs to nobody else."""
    agents: list[tuple[Way, str]] = [(("agents", n, "mobile"), a.mobile) for n, a in found.agents.items() if a.mobile]
    resorts = {name: queue.last_resort.mobile for name, queue in found.queues.items()}
    ways: list[tuple[Way, str]] = [(("queues", n, "last_resort", "mobile"), m) for n, m in resorts.items() if m]
    nodes = [((*way, "number"), node.number) for way, node in nodes_of(found) if isinstance(node, TransferNode)]
    for way, number in agents + ways + nodes:
        if not _international(number):
            yield way, "is no telephone number: write it as +447700900123"
    yield from _twice(agents)


def agents_have_one_phone(found: Configuration, written: Written) -> Broken:
    """A phone registered with us, or a mobile: with both it would not be known which to ring."""
    for name, agent in found.agents.items():
        if (agent.extension is None) == (agent.mobile is None):
            yield ("agents", name), "must have either an extension (a phone of ours) or a mobile"


def clinics_can_prove_themselves(found: Configuration, written: Written) -> Broken:
    """Numbers of digits, PINs only as hashes."""
    for name, clinic in found.clinics.items():
        if not re.fullmatch("[0-9]{2,10}", clinic.number):
            yield ("clinics", name, "number"), "must be 2 to 10 digits, as the doctor types them"
        if not pin.can_be_checked(clinic.pin_hash):
            yield ("clinics", name, "pin_hash"), "is no hash of a PIN: make one with `python -m config.pin`"
    yield from _twice([(("clinics", name, "number"), clinic.number) for name, clinic in found.clinics.items()])


def pause_codes_work(found: Configuration, written: Written) -> Broken:
    """The digit is dialled after *2, the reason stands in reports."""
    for digit, reason in found.pause_reasons.items():
        if not re.fullmatch("[0-9]", digit):
            yield ("pause_reasons", digit), "must be one digit: agents dial it after *2"
        if not REASON.fullmatch(reason):
            yield ("pause_reasons", digit), "must be one word of small letters, digits and -"


def the_trunk_can_be_reached(found: Configuration, written: Written) -> Broken:
    """Addresses and names stand in pjsip.conf as they are."""
    if "trunk" not in written:
        return
    if not found.trunk.addresses:
        yield ("trunk", "addresses"), "must name the addresses that the carrier calls from"
    for index, address in enumerate(found.trunk.addresses):
        if not _is_network(address):
            yield ("trunk", "addresses", index), "must be an IP address, or a network as 192.0.2.0/28"
    if not re.fullmatch(r"[A-Za-z0-9.:-]+", found.trunk.host):
        yield ("trunk", "host"), "must be a host name or an IP address"
    if found.trunk.username is not None and not re.fullmatch(r"[A-Za-z0-9._+-]+", found.trunk.username):
        yield ("trunk", "username"), "must be letters, digits, dot, plus, minus and _"
    if not SHORT_NUMBER.fullmatch(found.trunk.caller_number) and not _international(found.trunk.caller_number):
        yield ("trunk", "caller_number"), "is no number: write it as +442079460100"


FORMS: Rules = {
    ids_are_plain_names: (),
    ids_are_told_apart: (),
    labels_can_be_shown: (),
    figures_are_in_range: (),
    numbers_are_told_apart: (),
    mobiles_can_be_rung: (),
    agents_have_one_phone: (),
    clinics_can_prove_themselves: (),
    pause_codes_work: ("pause_reasons",),
    the_trunk_can_be_reached: ("trunk",),
}


def nodes_of(found: Configuration) -> list[tuple[Way, Node]]:
    """Every node of every menu, with the way to it."""
    return [
        (("menus", menu_id, "nodes", name), node)
        for menu_id, menu in found.menus.items()
        for name, node in menu.nodes.items()
    ]


def names(written: Written, section: str) -> list[str]:
    """The ids written in a section, broken entries too."""
    return list(written[section]) if isinstance(written.get(section), dict) else []


def _is_network(address: str) -> bool:
    try:
        ip_network(address, strict=False)
    except ValueError:
        return False
    return "%" not in address  # a zone of IPv6 is no part of an address in Asterisk's files


def _international(number: str) -> bool:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return bool(re.fullmatch(r"\+[0-9]+", number)) and phonenumbers.is_possible_number(parsed)


def _twice(numbers: list[tuple[Way, str]]) -> Broken:
    first: dict[str, Way] = {}
    for way, number in numbers:
        if number in first:
            yield way, f"is the same number as {'.'.join(map(str, first[number]))}: numbers must differ"
        first.setdefault(number, way)
