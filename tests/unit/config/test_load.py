"""Is the sample a whole centre, and is every fault told with its line and what to do?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from calls.hours import is_open
from config.load import ConfigurationFaults, check, load
from config.pin import pin_matches
from routing.agent import Grade
from tests.unit.config.editing import SAMPLE, TEXT, TODAY, edited


def test_the_sample_has_no_fault_and_mirrors_the_field() -> None:
    assert check(SAMPLE, TODAY) == []
    centre = load(SAMPLE, TODAY)
    assert [line.kind for line in centre.lines.values()] == ["emergency", *["menu"] * 5, "direct"]
    assert {agent.grade for agent in centre.agents.values()} == set(Grade)
    assert len(centre.agents) >= 12
    assert [agent.agent_id for agent in centre.agents.values() if agent.mobile] == ["marat"]
    assert centre.lines["direct"].record
    assert {line.region for line in centre.lines.values()} == {None, "kazan", "baku"}
    assert centre.pause_reasons["1"] == "break"


@pytest.mark.parametrize(
    ("queue", "share", "seconds"),
    [("emergency", 0.95, 5), ("doctors", 0.9, 20), ("coverage", 0.8, 20), ("kazan", 0.8, 20), ("baku", 0.8, 20)],
)
def test_the_sample_promises_what_the_trade_promises(queue: str, share: float, seconds: float) -> None:
    promised = load(SAMPLE, TODAY).queues[queue]
    assert (promised.target_share, promised.target_seconds) == (share, seconds)


def test_no_pin_stands_in_the_values_and_the_demonstration_pins_are_those_of_the_comment() -> None:
    clinics = {clinic.number: clinic for clinic in load(SAMPLE, TODAY).clinics.values()}
    for number, pin in (("1017", "2468"), ("2044", "1357")):
        assert re.search(rf"{number}[\s#a-z]+\sPIN\s{pin}", TEXT)
        assert pin_matches(pin, clinics[number].pin_hash)
        assert not pin_matches(pin[::-1], clinics[number].pin_hash)
        assert pin not in str(yaml.safe_load(TEXT)["clinics"])


def test_the_version_changes_with_a_value_and_not_with_a_comment(tmp_path: Path) -> None:
    commented = tmp_path / "commented.yaml"
    commented.write_text("# another word\n" + TEXT, encoding="utf-8")
    assert load(commented, TODAY).version == load(SAMPLE, TODAY).version
    assert load(edited(tmp_path, ("label: Coverage", "label: Cover")), TODAY).version != load(SAMPLE, TODAY).version


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    file = edited(
        tmp_path,
        ("timezone: Europe/Moscow", "timezone: Mars/Base"),
        ("target_share: 0.95", "target_share: 2"),
        ("label: Coverage", "lable: Coverage"),
        ("queue: direct\n", "queue: nowhere\n"),
        ("extension: 102", "extension: 101"),
        ('"+447700900112"', '"12"'),
    )
    with pytest.raises(ConfigurationFaults) as refused:
        load(file, TODAY)
    told = refused.value.faults
    assert [fault.where for fault in told] == [
        "timezone",
        "queues.emergency.target_share",
        "queues.coverage.label",
        "queues.coverage.lable",
        "lines.direct.queue",
        "agents.boris.extension",
        "agents.marat.mobile",
    ]
    assert [fault.line for fault in told] == sorted(fault.line for fault in told)
    assert str(refused.value).count("\n") == len(told) - 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  port: 5090", "  port: soon", ["trunk.port"]),
        ("languages: [ru, en, az]\n# Calls", "languages: ru\n# Calls", ["languages"]),
        ("\nskills:", "\nskils:", ["skills", "skils"]),
        ("\nqueues:", "\nqueue:", ["queues", "queue"]),
        ("\nagents:", "\nagent:", ["agents", "agent"]),
        ("\nlines:", "\nline:", ["lines", "line"]),
        ("\ndefault_line: hotline", "", ["default_line"]),
    ],
)
def test_a_section_that_is_broken_as_a_whole_is_not_blamed_on_every_place_that_needs_it(
    tmp_path: Path, old: str, new: str, told: list[str]
) -> None:
    assert [fault.where for fault in check(edited(tmp_path, (old, new)), TODAY)] == told


def test_nodes_that_ask_nothing_may_not_go_in_a_circle(tmp_path: Path) -> None:
    circle = (
        "      start: {kind: say, prompts: [closed], next: again}\n"
        "      again: {kind: say, prompts: [closed], next: start}\n"
    )
    file = edited(
        tmp_path, ("    start: caller\n", "    start: start\n"), ("      # Whoever", circle + "      # Whoever")
    )
    told = [fault.where for fault in check(file, TODAY) if "leads back to itself" in fault.reason]
    assert told == ["menus.hotline.nodes.start", "menus.hotline.nodes.again"]


def test_one_broken_entry_is_not_blamed_on_those_that_name_it(tmp_path: Path) -> None:
    faults = check(edited(tmp_path, ("    label: Emergency\n", "")), TODAY)
    assert [fault.where for fault in faults] == ["queues.emergency.label"]


def test_a_language_that_nobody_speaks_at_a_desk_is_told_for_the_line_that_offers_it(tmp_path: Path) -> None:
    file = edited(
        tmp_path,
        ("lang:ru: 9, lang:en: 3, desk:region: 9", "lang:ru: 9, desk:region: 9"),
        ("lang:ru: 8, lang:en: 6, desk:operator: 3", "lang:ru: 8, desk:operator: 3"),
    )
    (fault,) = check(file, TODAY)
    assert str(fault).endswith(
        "menus.baku.nodes.coordinator.queue: no agent can take a call in en from line baku to queue baku; "
        "the way there: language (3) > hours (open, first at 2026-03-04 05:00 UTC) > topics (1) > coordinator"
    )


def test_no_number_name_or_pin_is_repeated_in_a_fault(tmp_path: Path) -> None:
    file = edited(
        tmp_path,
        ('"+447700900112"', '"+4477009001120000000000"'),
        ("name: Nina Frolova", "name: [Nina, Frolova]"),
        ("scrypt$16384$8$1$0c9d3b7ea1f84c52b6d7e8f901a2b3c4", '"1357" #'),
    )
    told = "\n".join(map(str, check(file, TODAY)))
    assert told.count("\n") == 2
    assert not re.search(r"Nina|1357|4477009001120", told)


def test_holidays_close_a_line_and_the_overlay_wins(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)  # a Monday that Russia has off
    assert not is_open(_hours(SAMPLE), noon)
    assert is_open(_hours(edited(tmp_path, ("    working: []", "    working: [2026-03-09]"))), noon)
    tuesday = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert is_open(_hours(SAMPLE), tuesday)
    assert not is_open(_hours(edited(tmp_path, ("    closed: []", "    closed: [2026-03-10]"))), tuesday)


def test_a_moved_working_saturday_has_the_hours_of_a_monday() -> None:
    saturday = datetime(2027, 2, 20, 9, 0, tzinfo=UTC)
    assert is_open(_hours(SAMPLE), saturday)
    assert not is_open(_hours(SAMPLE), datetime(2027, 2, 27, 9, 0, tzinfo=UTC))


def test_a_line_may_keep_shorter_hours_on_holidays() -> None:
    baku = load(SAMPLE, TODAY).lines["baku"].hours
    assert baku is not None
    novruz = date(2026, 3, 20)
    assert [(band.opens, band.closes) for band in baku.special[novruz]] == [(600, 840)]


def test_a_country_without_a_known_calendar_is_served_by_the_overlay(tmp_path: Path) -> None:
    file = edited(tmp_path, ("country: RU\n    closed: []", "country: UA\n    closed: [2026-01-01, 2026-08-24]"))
    hours = _hours(file)
    assert not is_open(hours, datetime(2026, 8, 24, 9, 0, tzinfo=UTC))


def _hours(file: Path):  # type: ignore[no-untyped-def]
    hours = load(file, TODAY).lines["kazan"].hours
    assert hours is not None
    return hours
