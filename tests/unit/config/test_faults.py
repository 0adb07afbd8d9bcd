"""Is each fault told at its own line, with what to do? The sample, edited in one place per case."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from config.load import check
from tests.unit.config.editing import TEXT, TODAY, edited


def line_of_edit(old: str, new: str) -> int:
    """The number of the line in which the edited sample first differs from the sample."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(TEXT, TEXT.replace(old, new), strict=False))
    return sum(letter == "\n" for letter, _ in same) + 1


def line_of(text: str) -> int:
    """The number of the sample's first line that is this text; `lines:/text` looks only after the line `lines:`."""
    lines = TEXT.splitlines()
    section, _, wanted = text.rpartition("/")
    return lines.index(wanted, lines.index(section) if section else 0) + 1


# (what is replaced, by what, where the fault is, what its reason says, its line if not that of the edit)
FAULTS = [
    ("    label: Coverage\n", "", "queues.coverage.label", "is missing", "  coverage:"),
    ("label: Coverage", "lable: Coverage", "queues.coverage.lable", "did you mean label?", ""),
    ("label: Coverage", "label: \"Cov\\nerage\"", "queues.coverage.label", "printable", ""),
    ("label: Coverage", "label: Coverage (24 hours)", "queues.coverage.label", "holds (", ""),
    ("name: Anna Petrova", "name: Anna <101>", "agents.anna.name", "holds <", ""),
    ("  anna:", "  caller:", "agents.caller", "uses itself", ""),
    ("  anna:", "  operator:", "agents.operator", "name of a queue too (queues.operator)", ""),
    ("  direct:\n    label: Direct number\n", "  a_b: {}\n  a-b:\n", "queues.a-b", "in - and _ only",
     "    label: Direct number"),
    ("  direct:\n    label: Direct mobile\n", "  ab: {}\n  a-b:\n", "lines.a-b", "in - and _ only",
     "    label: Direct mobile"),
    ("target_share: 0.95", "target_share: 95", "queues.emergency.target_share", "from 0.01 to 1 (is 95)", ""),
    ("target_seconds: 5\n", "target_seconds: -5\n", "queues.emergency.target_seconds", "(is -5)", ""),
    ("target_seconds: 5\n", "target_seconds: soon\n", "queues.emergency.target_seconds", "(is 'soon')", ""),
    ("after_seconds: 20}", "after_secs: 20}", "queues.emergency.last_resort.after_secs", "not known", ""),
    ("queue: direct\n", "queue: directly\n", "lines.direct.queue", "not among the queues", ""),
    ("menu: doctors\n", "menu: doctor\n", "lines.doctors.menu", "not among the menus", ""),
    ("    whisper: whisper-direct\n", "    hours: office\n", "lines.direct.hours", "is for lines with a menu", ""),
    ("    record: true\n", "    greeting: greeting-hotline\n", "lines.direct.greeting", "is for lines with a menu", ""),
    ("    record: true\n", "    timezone: Asia/Baku\n", "lines.direct.timezone", "it has none", ""),
    ("    record: true\n", "    survey: hotlyne\n", "lines.direct.survey", "not among the menus", ""),
    ("    record: true\n", "    ambulance: +44-112\n", "lines.direct.ambulance", "2 to 6 digits", ""),
    ("    record: true\n", "    menu: hotline\n", "lines.direct.menu", "is for lines with a menu", ""),
    ("    menu: doctors\n", "", "lines.doctors", "of kind menu and has no menu", "lines:/  doctors:"),
    ("hours: office\n", "hours: offices\n", "lines.kazan.hours", "did you mean office?", ""),
    ("{kind: queue, queue: coverage}", "{kind: queue, queue: covers}", "menus.hotline.nodes.coverage.queue",
     "not among the queues", ""),
    ("{kind: queue, queue: coverage}", "{kind: quue, queue: coverage}", "menus.hotline.nodes.coverage.kind",
     "must be one of say", ""),
    ("2: clinics, 3: approvals", "2: clinix, 3: approvals", "menus.hotline.nodes.topics.options.2",
     "this menu does not have", ""),
    ("4: claims, 5", "9: claims, 5", "menus.hotline.nodes.topics.options.9", "means emergency in every menu", ""),
    ("4: claims, 5", "44: claims, 5", "menus.hotline.nodes.topics.options.44", "one digit", ""),
    ("{1: ru, 2: en}\n        next: topics", "{1: ru, 2: de}\n        next: topics",
     "menus.hotline.nodes.language.options.2", "not among the languages", ""),
    ("verified: approvals", "verified: approval", "menus.doctors.nodes.pin.verified", "does not have", ""),
    ("prompts: [enter-pin]", "prompts: [enter-pim]", "menus.doctors.nodes.pin.prompts.0", "no text in ru, en", ""),
    ("greeting: greeting-hotline\n    whisper: whisper-hotline\n  kazan",
     "greeting: hello\n    whisper: whisper-hotline\n  kazan", "lines.hotline.greeting", "no text", ""),
    ("languages: [ru, en, az]\n# Calls", "languages: [ru, fr, az]\n# Calls", "languages.1", "has no prompts", ""),
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
    ("\"1542\"", "\"112\"", "lines.hotline.numbers.2", "same number as lines.emergency.numbers.1", ""),
    ("\"1542\"", "\"15 42\"", "lines.hotline.numbers.2", "is no number", ""),
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
    ("[menu-hotline]\n        options", "[menu-hotline]\n        option", "menus.hotline.nodes.topics.option",
     "did you mean options?", ""),
    ("queue: emergency}\n\n  # A clinic", "queue: claims}\n\n  # A clinic", "menus.hotline.nodes.emergency.queue",
     "must be an emergency queue", ""),
    ("    tries: 2\n", "    emergency_key: \"0\"\n", "menus.hotline.emergency_key", "one digit from 1 to 9", ""),
    ("    tries: 2\n", "    tries: 0\n", "menus.hotline.tries", "from 1 to 9 (is 0)", ""),
    ("clinic_field: clinic", "clinic_field: clinics", "menus.doctors.nodes.pin.clinic_field", "no gather node", ""),
    ("shortest: 3", "shortest: 7", "menus.doctors.nodes.clinic.shortest", "from 2 to longest", ""),
    ("shortest: 6\n        longest: 10\n        check: luhn", "shortest: 6\n        longest: 10\n        pattern: 7XXX",
     "menus.hotline.nodes.claim.pattern", "fits no number of 6 to 10 digits", ""),
    ("prompts: [menu-answers]", "prompts: []", "menus.hotline.nodes.answers.prompts", "hears nothing", ""),
    ("prompts: [menu-answers]", "prompts: [opens]", "menus.hotline.nodes.answers.prompts", "hears nothing", ""),
    ("northgate: [clinic-northgate]", "northgate: [opens]", "menus.hotline.nodes.clinic.answers.northgate.0",
     "no text in ru, en", ""),
    ("prompts: [callback-taken]", "prompts: []", "menus.hotline.nodes.ring-me.prompts", "hears nothing", ""),
    ("paid: [claim-paid]", "paid: []", "menus.hotline.nodes.claim-status.answers.paid", "hears nothing", ""),
    ("options: {1: coverage, 2: clinics, 3: approvals, 4: claims, 5: dispute, 6: answers}", "options: {}",
     "menus.hotline.nodes.topics.options", "at least one key", ""),
    ("paid: [claim-paid]", "Paid!: [claim-paid]", "menus.hotline.nodes.claim-status.answers.Paid!", "is no name", ""),
    ("about: clinic\n", "about: Clinic now\n", "menus.hotline.nodes.clinic.about", "is no name", ""),
    ("        field: clinic\n        shortest", "        field: region\n        shortest",
     "menus.doctors.nodes.clinic.field", "means something else", ""),
    ("prompts: [documents-needed]", "prompts: [documents-needed, digits]", "menus.hotline.nodes.documents.prompts.1",
     "no text in ru, en", ""),
    ("prompts: [menu-answers]", "prompts: menu-answers", "menus.hotline.nodes.answers.prompts", "a list: [one", ""),
    ("hours: office\n", "hours: {week: {mon: []}}\n", "lines.kazan.hours", "name of hours", ""),
    ("  desk:claims: Reimb", "  desk claims: Reimb", "skills.desk claims", "is no skill", ""),
    ("mentor: anna", "mentor: marat", "agents.denis.mentor", "both need an extension", ""),
    ("addresses: [\"127.0.0.1\"]", "addresses: [\"300.0.0.1\"]", "trunk.addresses.0", "IP address", ""),
    ("scrypt$16384$8$1$0c9d", "scrypt$1073741824$8$1$0c9d", "clinics.northgate.pin_hash", "is no hash", ""),
    ("scrypt$16384$8$1$0c9d", "scrypt$16383$8$1$0c9d", "clinics.northgate.pin_hash", "is no hash", ""),
    ("target_seconds: 5\n", f"target_seconds: {'9' * 5000}\n", "queues.emergency.target_seconds", "must be", ""),
    ("5: dispute, 6", "5: claims, 6", "menus.hotline.nodes.dispute", "reached from nowhere",
     "menus:/      dispute: {kind: queue, queue: claims, needs: {grade:doctor: 1}}"),
    ("operator: operator\n    emergency: emergency\n    tries", "operator: topics\n    emergency: emergency\n    tries",
     "menus.hotline.operator", "of kind queue", ""),
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
