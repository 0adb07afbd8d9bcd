"""Is a caller trapped by any single slip in the sample, and is each slip told by name and place?

Each case changes one value of the sample; what is told must be that slip, at its place, and nothing else.
"""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.ivr import a_large_menu
from config.load import check
from config.located import read
from tests.unit.config.editing import SAMPLE, TODAY

VALUES = read(SAMPLE).values
CUT: dict[str, Any] = {"kind": "hangup", "prompts": []}
GONE = object()


def mutated(folder: Path, *changes: tuple[str, Any]) -> Path:
    """The sample with the value at each dotted way replaced, or taken out (GONE)."""
    whole = copy.deepcopy(VALUES)
    for way, value in changes:
        *above, last = way.split(".")
        place = whole
        for key in above:
            place = place[key]
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    file = folder / "mutated.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def say(prompt: str, following: str) -> dict[str, Any]:
    return {"kind": "say", "prompts": [prompt], "next": following}


HOTLINE, DOCTORS, BAKU, EPIDEMIC = (f"menus.{menu}.nodes" for menu in ("hotline", "doctors", "baku", "epidemic"))
KAZAN, SURVEY = "menus.kazan.nodes", "menus.survey.nodes"
TRAPPED, CIRCLE, NOBODY = "reaches no person, callback or voicemail", "leads back to itself", "no agent can take a call"

# the way to the value, its new value, the places that are told, and what their reasons say
MUTATIONS: list[tuple[str, Any, list[str], str]] = [
    # callers who are cut off before they can press anything
    (f"{BAKU}.closed", CUT, [f"{BAKU}.closed"], TRAPPED),
    (f"{EPIDEMIC}.over", CUT, [f"{EPIDEMIC}.over"], TRAPPED),
    (f"{EPIDEMIC}.bye", CUT, [f"{EPIDEMIC}.bye"], TRAPPED),
    (f"{EPIDEMIC}.clinics", CUT, [f"{EPIDEMIC}.clinics"], TRAPPED),
    (f"{HOTLINE}.bye", CUT, [f"{HOTLINE}.bye"], TRAPPED),
    (f"{HOTLINE}.doctor", CUT, [f"{HOTLINE}.doctor"], TRAPPED),
    (f"{HOTLINE}.message", CUT, [f"{HOTLINE}.message"], TRAPPED),
    (f"{HOTLINE}.no-claim", CUT, [f"{HOTLINE}.no-claim"], TRAPPED),
    (f"{HOTLINE}.no-clinic", CUT, [f"{HOTLINE}.no-clinic"], TRAPPED),
    (f"{DOCTORS}.unverified", CUT, [f"{DOCTORS}.unverified"], TRAPPED),
    (f"{DOCTORS}.approvals", CUT, [f"{DOCTORS}.approvals"], TRAPPED),
    (f"{KAZAN}.coordinator", CUT, [f"{KAZAN}.coordinator"], TRAPPED),
    # callers who go round for ever, be it that a lookup fails
    (f"{HOTLINE}.caller.unknown", "caller", [f"{HOTLINE}.caller"], CIRCLE),
    (f"{HOTLINE}.caller.failed", "caller", [f"{HOTLINE}.caller"], CIRCLE),
    (f"{HOTLINE}.known.otherwise", "caller", [f"{HOTLINE}.caller", f"{HOTLINE}.known"], CIRCLE),
    (f"{HOTLINE}.known.options.no", "known", [f"{HOTLINE}.known"], CIRCLE),
    (f"{HOTLINE}.ring-me.otherwise", "ring-me", [f"{HOTLINE}.ring-me"], CIRCLE),
    (f"{HOTLINE}.no-claim.next", "claim-status", [f"{HOTLINE}.claim-status", f"{HOTLINE}.no-claim"], CIRCLE),
    (f"{HOTLINE}.no-clinic.next", "clinic", [f"{HOTLINE}.clinic", f"{HOTLINE}.no-clinic"], CIRCLE),
    (
        f"{BAKU}.closed",
        say("closed", "language"),
        [f"{BAKU}.language", f"{BAKU}.hours", f"{BAKU}.closed"],
        CIRCLE,
    ),
    (f"{EPIDEMIC}.over", say("closed", "hours"), [f"{EPIDEMIC}.hours", f"{EPIDEMIC}.over"], CIRCLE),
    (f"{DOCTORS}.unverified", say("closed", "pin"), [f"{DOCTORS}.pin", f"{DOCTORS}.unverified"], CIRCLE),
    (f"{DOCTORS}.caller.failed", "hours", [f"{DOCTORS}.hours", f"{DOCTORS}.caller"], CIRCLE),
    (f"{SURVEY}.bye", say("goodbye", "pleased"), [f"{SURVEY}.pleased", f"{SURVEY}.bye"], CIRCLE),
    # queues that nobody could serve
    (f"{HOTLINE}.dispute.needs", {"desk:claims": 10}, [f"{HOTLINE}.dispute.queue"], NOBODY),
    (f"{HOTLINE}.coverage.needs", {"grade:doctor": 1}, [f"{HOTLINE}.coverage.queue"], NOBODY),
    (f"{HOTLINE}.clinics.needs", {"region:kazan": 10}, [f"{HOTLINE}.clinics.queue"], NOBODY),
    (f"{HOTLINE}.doctor.needs", {"desk:clinics": 9}, [f"{HOTLINE}.doctor.queue"], NOBODY),
    (f"{HOTLINE}.ring-me.needs", {"desk:claims": 10}, [f"{HOTLINE}.ring-me.queue"], NOBODY),
    (f"{EPIDEMIC}.clinics.needs", {"region:baku": 9}, [f"{EPIDEMIC}.clinics.queue"], NOBODY),
    (f"{KAZAN}.coordinator.needs", {"desk:claims": 1}, [f"{KAZAN}.coordinator.queue"], NOBODY),
    ("lines.direct.needs", {"region:baku": 10}, ["lines.direct.queue"], NOBODY),
    ("queues.kazan.needs", {"region:kazan": 10}, ["queues.kazan"], "no agent meets its needs"),
    # queues that with nobody logged in would not come to their last resort, where a message can be left
    ("queues.operator.last_resort.after_seconds", 100_000, ["queues.operator.last_resort.after_seconds"], "to 3600"),
    (
        "queues.claims.overflow",
        [{"when": "nobody", "to": "callback"}],
        ["queues.claims.overflow.0.to"],
        "cannot be callback yet",
    ),
    (
        "queues.claims.overflow",
        [{"when": "nobody", "to": "queue", "queue": "coverage"}],
        ["queues.claims.overflow.0.queue"],
        "nobody is sent on twice",
    ),
    # keys that work everywhere
    (f"{HOTLINE}.emergency.queue", "claims", [f"{HOTLINE}.emergency.queue"], "must be an emergency queue"),
    (
        f"{HOTLINE}.emergency",
        {"kind": "voicemail", "queue": "emergency"},
        ["menus.hotline.emergency"],
        "must name a node of kind queue",
    ),
    (f"{SURVEY}.emergency.queue", "operator", [f"{SURVEY}.emergency.queue"], "must be an emergency queue"),
    (f"{HOTLINE}.topics.options.9", "claims", [f"{HOTLINE}.topics.options.9"], "means emergency in every menu"),
    (f"{HOTLINE}.topics.options.0", "claims", [f"{HOTLINE}.topics.options.0"], "means operator in every menu"),
    ("menus.survey.emergency_key", "5", [f"{SURVEY}.pleased"], "asks for a mark, and 5 means emergency"),
    (f"{KAZAN}.operator.kind", "last-resort", ["menus.kazan.operator"], "of kind queue"),
    (f"{HOTLINE}.claim.shortest", 1, [f"{HOTLINE}.claim.shortest"], "from 2 to longest"),
    # what nobody comes to
    (f"{HOTLINE}.lost", {"kind": "queue", "queue": "operator"}, [f"{HOTLINE}.lost"], "reached from nowhere"),
    ("lines.epidemic.survey", GONE, ["menus.survey"], "the menu of no line"),
    ("lines.epidemic.menu", "hotline", ["menus.epidemic"], "the menu of no line"),
    # what would be silence
    (f"{HOTLINE}.topics.prompts", ["menu-hotlin"], [f"{HOTLINE}.topics.prompts.0"], "no text in ru, en"),
    (f"{HOTLINE}.claim-status.answers.paid", ["payed"], [f"{HOTLINE}.claim-status.answers.paid.0"], "no text"),
    ("lines.hotline.greeting", "greeting-hotlin", ["lines.hotline.greeting"], "no text in ru, en"),
    (f"{SURVEY}.pleased.prompts", ["plesed"], [f"{SURVEY}.pleased.prompts.0"], "no text in ru, en"),
    # what leads nowhere, or is never asked or said
    (f"{HOTLINE}.message.queue", "nowhere", [f"{HOTLINE}.message.queue"], "not among the queues"),
    (f"{HOTLINE}.claim-status.next", "mor", [f"{HOTLINE}.claim-status.next"], "does not have"),
    (f"{HOTLINE}.claim-status.fields", ["klaim"], [f"{HOTLINE}.claim-status.fields.0"], "no gather node"),
    (f"{HOTLINE}.caller.field", "policy", [f"{HOTLINE}.caller.field"], "no gather node"),
    (f"{HOTLINE}.claim.check", "luhnn", [f"{HOTLINE}.claim.check"], "no check digit"),
    (f"{HOTLINE}.claim.pattern", "7x", [f"{HOTLINE}.claim.pattern"], "digits, X"),
    (f"{HOTLINE}.known.options.maybe", "topics", [f"{HOTLINE}.known.options.maybe"], "is never said of a caller"),
    (
        f"{HOTLINE}.message",
        {"kind": "transfer", "number": "12", "queue": "operator"},
        [f"{HOTLINE}.message.number"],
        "is no telephone number",
    ),
]


@pytest.mark.parametrize(("way", "value", "places", "says"), MUTATIONS)
def test_one_slip_in_the_sample_is_told_at_its_place(
    tmp_path: Path, way: str, value: Any, places: list[str], says: str
) -> None:
    told = check(mutated(tmp_path, (way, value)), TODAY)
    assert sorted(fault.where for fault in told) == sorted(places)
    assert all(says in fault.reason for fault in told)


def test_there_are_as_many_slips_as_there_must_be() -> None:
    assert len({(way, str(value)) for way, value, *_ in MUTATIONS}) >= 40


def test_the_sample_traps_nobody(tmp_path: Path) -> None:
    assert check(mutated(tmp_path), TODAY) == []


def test_the_shortest_way_into_a_trap_is_told(tmp_path: Path) -> None:
    (fault,) = check(mutated(tmp_path, (f"{HOTLINE}.no-claim", CUT)), TODAY)
    assert fault.reason == (
        "a caller of line hotline reaches no person, callback or voicemail from here; the way there: "
        "caller (found) > known (otherwise) > topics (6) > answers (2) > claim (a number) > "
        "claim-status (no answer, failed or late) > no-claim"
    )


def closes_in_the_night_of(day: date) -> list[tuple[str, Any]]:
    """The line of Baku is open round the clock but for one hour."""
    closure = {"starts": f"{day} 02:00", "ends": f"{day} 03:00"}
    always = {"week": {"mon-sun": ["00:00-24:00"]}, "closures": [closure]}
    return [("hours.always", always), ("lines.baku.hours", "always"), (f"{BAKU}.closed", CUT)]


def test_a_trap_of_one_hour_next_year_is_found_with_its_moment(tmp_path: Path) -> None:
    (fault,) = check(mutated(tmp_path, *closes_in_the_night_of(date(2027, 3, 1))), TODAY)
    assert fault.where == f"{BAKU}.closed"
    assert "hours (closed, first at 2027-02-28 23:00 UTC)" in fault.reason


def test_what_comes_after_400_days_is_not_told_yet(tmp_path: Path) -> None:
    file = mutated(tmp_path, *closes_in_the_night_of(date(2027, 4, 9)))
    assert check(file, TODAY) == []
    assert [fault.where for fault in check(file, date(2026, 3, 6))] == [f"{BAKU}.closed"]


def test_a_large_menu_is_proved(tmp_path: Path) -> None:
    big = a_large_menu()
    assert len(big["nodes"]) >= 300
    assert check(mutated(tmp_path, ("menus.baku", big)), TODAY) == []
    deep = ("menus.baku.nodes.b60.otherwise", "cut"), ("menus.baku.nodes.cut", CUT)
    (fault,) = check(mutated(tmp_path, ("menus.baku", big), *deep), TODAY)
    assert fault.where == "menus.baku.nodes.cut" and "b60 (no answer, failed or late) > cut" in fault.reason
