"""Which values stand in the file? Each entry of each section becomes its dataclass, or faults with their places."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

from calls.hours import Hours
from config.holidays import Calendar, Days, UnknownCalendar, resolve
from config.located import Located, Way
from config.model import Clinic, Configuration
from config.sources import KINDS, Sources
from config.validation import instead, levels, validated
from config.week import BadHours, WrittenHours, hours
from ivr.menu import Line, Menu, Node
from routing.agent import AgentProfile
from routing.waiting import Queue

NODES = {kind.__dataclass_fields__["kind"].default: kind for kind in get_args(Node)}
ENTRIES: dict[str, tuple[type, str]] = {
    "queues": (Queue, "queue_id"),
    "agents": (AgentProfile, "agent_id"),
    "menus": (Menu, "menu_id"),
    "lines": (Line, "line_id"),
    "clinics": (Clinic, "clinic_id"),
}
NEEDED = ("queues", "agents", "lines")
LEVELS = ("needs", "skills")
RELAXED_FORM = re.compile(r"[a-z]+:([a-z0-9_-]+|\*)")
T = TypeVar("T")

STAND_IN = {"timezone": "UTC", "languages": ["en"], "default_line": "", "skills": {}, "pause_reasons": {}}
STAND_IN_TRUNK = {"addresses": [], "host": "", "caller_number": ""}


def configuration(located: Located, today: date) -> tuple[Configuration, frozenset[str]]:
    """What could be understood of the file, and the sections that could not; every reason is a fault in ``located``.

    A broken entry is left out and a broken section is replaced, so that the rest can still be looked at.
    """
    written = dict(located.values)
    zone = validated(ZoneInfo, written.get("timezone", "UTC"), (), Located(located.file)) or ZoneInfo("UTC")
    opening = _hours(located, written.pop("hours", {}), written.pop("holidays", {}), zone, today)
    for section, (kind, own_id) in ENTRIES.items():
        found = {}
        if section in NEEDED and section not in written:
            located.fault((section,), "is missing: add it")
        for name, raw in _entries(located, written.get(section), (section,)).items():
            if own_id in raw:
                located.fault((section, name, own_id), "is the name of the entry itself: take it out")
            value = _entry(located, kind, {**raw, own_id: name}, (section, name), opening)
            if value is not None:
                found[name] = value
        written[section] = found
    written["lookups"] = _sources(located, written.get("lookups"))
    if "version" in written:
        located.fault(("version",), "is made from the file itself: take it out")
    text = json.dumps(located.values, sort_keys=True)
    written["version"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    whole, broken = _whole(located, written)
    return whole, broken | {section for section in NEEDED if not isinstance(located.values.get(section), dict)}


def _whole(located: Located, written: dict[str, Any]) -> tuple[Configuration, frozenset[str]]:
    before = len(located.faults)
    whole = validated(Configuration, written, (), located)
    broken = frozenset(fault.where.partition(".")[0] for fault in located.faults[before:])
    if whole is None:
        kept = {name: value for name, value in written.items() if name not in broken}
        whole = validated(Configuration, {**STAND_IN, "trunk": STAND_IN_TRUNK, **kept}, (), located)
        assert isinstance(whole, Configuration)
    return whole, broken


def _entries(located: Located, raw: Any, way: Way) -> dict[str, dict[str, Any]]:
    """The entries of a mapping of mappings; others are faults."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        located.fault(way, "must be a mapping of names to entries")
        return {}
    for name, entry in raw.items():
        if not isinstance(entry, dict):
            located.fault((*way, name), "must be a mapping of fields to values")
    return {name: entry for name, entry in raw.items() if isinstance(entry, dict)}


def _entry(located: Located, kind: type, raw: dict[str, Any], way: Way, opening: Mapping[str, Hours | None]) -> Any:
    raw = {**raw, **{field: levels(located, raw[field], (*way, field)) for field in LEVELS if field in raw}}
    if kind is Queue and isinstance(raw.get("relaxation"), list):
        raw["relaxation"] = [
            _relaxation(located, step, (*way, "relaxation", index)) for index, step in enumerate(raw["relaxation"])
        ]
    if kind in (Line, Queue) and isinstance(raw.get("hours"), str):
        name = raw["hours"]
        if name not in opening:
            located.fault((*way, "hours"), f"names hours {name!r} that do not exist{instead(name, opening)}")
        raw["hours"] = opening.get(name)
    elif kind in (Line, Queue) and raw.get("hours") is not None:
        located.fault((*way, "hours"), "must be the name of hours that stand in the section hours")
        raw["hours"] = None
    if kind is Menu:
        raw["nodes"] = _nodes(located, raw.get("nodes"), (*way, "nodes"))
    value = validated(kind, raw, way, located)
    if isinstance(value, Line) and value.timezone and value.hours:
        return replace(value, hours=replace(value.hours, zone=value.timezone))
    return value


def _nodes(located: Located, raw: Any, way: Way) -> dict[str, Any]:
    found = {}
    for name, node in _entries(located, raw, way).items():
        kind = NODES.get(str(node.get("kind")))
        if kind is None:
            located.fault((*way, name, "kind"), f"must be one of {', '.join(NODES)} (is {node.get('kind')!r})")
            continue
        value = _entry(located, kind, node, (*way, name), {})
        if value is not None:
            found[name] = value
    return found


def _sources(located: Located, raw: Any) -> Sources:
    """The section ``lookups``; a source with a fault is left out."""
    found = {}
    known = list(Sources.__dataclass_fields__)
    for name, source in _entries(located, raw, ("lookups",)).items():
        kind = KINDS.get(str(source.get("kind")))
        if name not in known:
            located.fault(("lookups", name), f"is not known here: take it out{instead(name, known)}")
        elif kind is None:
            located.fault(("lookups", name, "kind"), f"must be one of {', '.join(KINDS)} (is {source.get('kind')!r})")
        else:
            found[name] = validated(kind, source, ("lookups", name), located)
    return Sources(**found)


def _relaxation(located: Located, raw: Any, way: Way) -> Any:
    """One step; its levels may be 0 and name a whole kind of skills, as {lang:*: 0}."""
    if not isinstance(raw, dict) or not isinstance(raw.get("levels"), dict):
        return raw
    found = {}
    for skill, level in raw["levels"].items():
        if not RELAXED_FORM.fullmatch(skill):
            located.fault((*way, "levels", skill), "is neither a skill (kind:name) nor a kind of skills (kind:*)")
        elif not isinstance(level, int) or not 0 <= level <= 9:
            located.fault((*way, "levels", skill), f"must be from 0 to 9, and 0 takes the need away (is {level!r})")
        else:
            found[skill] = level
    return {**raw, "levels": sorted(found.items())}


def _hours(
    located: Located, raw_hours: Any, raw_calendars: Any, zone: ZoneInfo, today: date
) -> dict[str, Hours | None]:
    """Hours by name; None for those with a fault, so that a line that names them is not blamed too."""
    years = range(today.year, today.year + 3)
    calendars: dict[str, Days | None] = {}
    for name, raw in _entries(located, raw_calendars, ("holidays",)).items():
        way: Way = ("holidays", name)
        calendar = validated(Calendar, raw, way, located)
        calendars[name] = calendar and _tried(located, way, functools.partial(resolve, calendar, years))
    found: dict[str, Hours | None] = {}
    for name, raw in _entries(located, raw_hours, ("hours",)).items():
        written = validated(WrittenHours, raw, ("hours", name), located)
        found[name] = None
        if written is None:
            continue
        if written.holidays and written.holidays not in calendars:
            where = ("hours", name, "holidays")
            located.fault(where, f"names a calendar that does not exist{instead(written.holidays, calendars)}")
        days = calendars.get(written.holidays or "") or Days(frozenset(), frozenset())
        found[name] = _tried(located, ("hours", name), functools.partial(hours, written, zone, days))
    return found


def _tried(located: Located, way: Way, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except BadHours as wrong:
        located.fault((*way, *wrong.way), str(wrong))
    except UnknownCalendar as wrong:
        located.fault((*way, "country"), str(wrong))
    return None
