"""Is the sample a whole centre, and is every fault told with its line and what to do?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

from calls.hours import is_open
from config.load import ConfigurationFaults, check, load
from config.pin import pin_matches
from routing.agent import Grade

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"
TODAY = date(2026, 3, 4)
TEXT = SAMPLE.read_text(encoding="utf-8")


def edited(folder: Path, *edits: tuple[str, str]) -> Path:
    """The sample with pieces of text replaced; each must be there exactly once."""
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sample"
        text = text.replace(old, new)
    file = folder / "edited.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def line_of_edit(old: str, new: str) -> int:
    """The number of the line in which the edited sample first differs from the sample."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(TEXT, TEXT.replace(old, new), strict=False))
    return sum(letter == "\n" for letter, _ in same) + 1


def line_of(text: str) -> int:
    """The number of the sample's first line that is this text; `lines:/text` looks only after the line `lines:`."""
    lines = TEXT.splitlines()
    section, _, wanted = text.rpartition("/")
    return lines.index(wanted, lines.index(section) if section else 0) + 1


def test_the_sample_has_no_fault_and_mirrors_the_field() -> None:
    assert check(SAMPLE, TODAY) == []
    centre = load(SAMPLE, TODAY)
    assert [line.kind for line in centre.lines.values()] == ["emergency", "menu", "menu", "menu", "menu", "direct"]
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


# (what is replaced, by what, where the fault is, what its reason says, its line if not that of the edit)
FAULTS = [
    ("    label: Coverage\n", "", "queues.coverage.label", "is missing", "  coverage:"),
    ("label: Coverage", "lable: Coverage", "queues.coverage.lable", "did you mean label?", ""),
    ("label: Coverage", "label: \"Cov\\nerage\"", "queues.coverage.label", "printable", ""),
    ("target_share: 0.95", "target_share: 95", "queues.emergency.target_share", "from 0.01 to 1 (is 95)", ""),
    ("target_seconds: 5\n", "target_seconds: -5\n", "queues.emergency.target_seconds", "(is -5)", ""),
    ("target_seconds: 5\n", "target_seconds: soon\n", "queues.emergency.target_seconds", "(is 'soon')", ""),
    ("after_seconds: 20}", "after_secs: 20}", "queues.emergency.last_resort.after_secs", "not known", ""),
    ("queue: direct\n", "queue: directly\n", "lines.direct.queue", "not among the queues", ""),
    ("menu: doctors\n", "menu: doctor\n", "lines.doctors.menu", "not among the menus", ""),
    ("    menu: doctors\n", "", "lines.doctors", "of kind menu and has no menu", "lines:/  doctors:"),
    ("hours: office\n", "hours: offices\n", "lines.kazan.hours", "did you mean office?", ""),
    ("{kind: queue, queue: coverage}", "{kind: queue, queue: covers}", "menus.hotline.nodes.coverage.queue",
     "not among the queues", ""),
    ("{kind: queue, queue: coverage}", "{kind: quue, queue: coverage}", "menus.hotline.nodes.coverage.kind",
     "must be one of say", ""),
    ("2: clinics, 3: approvals", "2: clinic, 3: approvals", "menus.hotline.nodes.topics.options.2",
     "this menu does not have", ""),
    ("4: claims}", "9: claims}", "menus.hotline.nodes.topics.options.9", "means emergency in every menu", ""),
    ("4: claims}", "44: claims}", "menus.hotline.nodes.topics.options.44", "one digit", ""),
    ("{1: ru, 2: en}", "{1: ru, 2: de}", "menus.hotline.nodes.language.options.2", "not among the languages", ""),
    ("verified: approvals", "verified: approval", "menus.doctors.nodes.pin.verified", "does not have", ""),
    ("prompts: [enter-pin]", "prompts: [enter-pim]", "menus.doctors.nodes.pin.prompts.0", "no text in ru, en", ""),
    ("greeting: greeting-hotline", "greeting: hello", "lines.hotline.greeting", "no text", ""),
    ("languages: [ru, en]\n# Calls", "languages: [ru, fr]\n# Calls", "languages.1", "has no prompts", ""),
    ("timezone: Europe/Moscow", "timezone: Europe/Muscow", "timezone", "timezone", ""),
    ("timezone: Asia/Baku", "timezone: Asia/Bacu", "hours.baku-office.timezone", "timezone", ""),
    ("\"14:00-18:00\"", "\"12:00-18:00\"", "hours.baku-office.week.mon-fri", "overlap", ""),
    ("\"14:00-18:00\"", "\"14-18\"", "hours.baku-office.week.mon-fri.1", "no band of hours (is '14-18')", ""),
    ("[\"10:00-14:00\"]}", "[\"14:00-10:00\"]}", "hours.baku-office.week.sat.0", "later than it opens", ""),
    ("week: {mon-fri: [\"09:00-18:00\"]}", "week: {fri-mon: [\"09:00-18:00\"]}", "hours.office.week.fri-mon",
     "no day or range", ""),
    ("holidays: russia", "holidays: rusia", "hours.office.holidays", "did you mean russia?", ""),
    ("country: RU", "country: UA", "holidays.russia.country", "no known holidays in 2026 (UA)", ""),
    ("country: RU", "country: XX", "holidays.russia.country", "no country with", ""),
    ("    working: []", "    working: [2026-02-30]", "holidays.russia.working.0", "date", ""),
    ("extension: 102", "extension: 101", "agents.boris.extension", "same number as agents.anna.extension", ""),
    ("extension: 113", "extension: 830", "agents.nina.extension", "same number as queues.direct.extension", ""),
    ("extension: 113", "extension: 1", "agents.nina.extension", "no internal number", ""),
    ("    extension: 113\n", "", "agents.nina", "either an extension", "  nina:"),
    ("\"1542\"", "\"112\"", "lines.hotline.numbers.1", "same number as lines.emergency.numbers.1", ""),
    ("\"1542\"", "\"15 42\"", "lines.hotline.numbers.1", "is no number", ""),
    ("\"+447700900112\"", "\"89165550100\"", "agents.marat.mobile", "+447700900123", ""),
    ("  marat:", "  Marat:", "agents.Marat", "is no id", ""),
    ("  marat:", "  trunk:", "agents.trunk", "uses itself", ""),
    ("grade: expert", "grade: guru", "agents.kirill.grade", "'expert'", ""),
    ("desk:operator: 8", "desk:operater: 8", "agents.nina.skills.desk:operater", "not declared", ""),
    ("desk:operator: 8", "desk:operator: 11", "agents.nina.skills.desk:operator", "between 1 and 10", ""),
    ("desk:operator: 8", "Desk: 8", "agents.nina.skills.Desk", "kind:name", ""),
    ("needs: {grade:nurse: 1}", "needs: {grade:nurce: 1}", "queues.emergency.needs.grade:nurce", "no such grade", ""),
    ("needs: {desk:approvals: 5}", "needs: {desk:approvals: 10}", "queues.doctors", "no agent meets", "  doctors:"),
    ("region: kazan\n", "region: kasan\n", "lines.kazan.region", "add region:kasan", ""),
    ("default_line: hotline", "default_line: hot", "default_line", "not among the lines", ""),
    ("  4: paperwork", "  44: paperwork", "pause_reasons.44", "one digit", ""),
    ("  4: paperwork", "  4: Paper work", "pause_reasons.4", "one word", ""),
    ("number: \"2044\"", "number: \"1017\"", "clinics.northgate.number", "same number", ""),
    ("emergency: true", "emergency: false", "lines.emergency.queue", "set emergency: true in emergency",
     "lines:/    queue: emergency"),
    ("addresses: [\"127.0.0.1\"]", "addresses: [\"carrier; x\"]", "trunk.addresses.0", "IP address", ""),
    ("  port: 5090", "  port: 70000", "trunk.port", "from 1 to 65535", ""),
    ("trunk:\n", "trunks:\n", "trunks", "did you mean trunk?", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "says", "line"), FAULTS)
def test_a_fault_is_told_with_its_place_and_what_to_do(
    tmp_path: Path, old: str, new: str, where: str, says: str, line: str
) -> None:
    file = edited(tmp_path, (old, new))
    told = [fault for fault in check(file, TODAY) if fault.where == where and says in fault.reason]
    assert len(told) == 1, check(file, TODAY)
    expected = line_of(line) if line else line_of_edit(old, new)
    assert str(told[0]).startswith(f"{file}:{expected}:{told[0].column}: {where}: ")


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
        "menus.baku.nodes.coordinator.queue: no agent can take a call in en from line baku to queue baku"
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
