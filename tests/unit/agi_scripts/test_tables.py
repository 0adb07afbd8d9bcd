"""What does a CSV file say of callers and answers, what is wrong with it, and what if it changes?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import structlog

from agi_scripts.errors import NotAsked
from agi_scripts.sources.files import AnswersFile, CallersFile, TableFile
from agi_scripts.sources.tables import read_answers, read_callers, table_faults
from config.sources import CsvSource, Sources
from ivr.dialogue import CallerRecord
from ivr.menu import AnswerNode, GatherNode
from ivr.secret import Secret
from tests.builders import NOON, a_menu
from tests.unit.agi_scripts.menu_calls import a_configuration

NOBODY = Secret("")
ASKED = a_menu(
    claim=GatherNode(prompts=("claim",), field="claim", shortest=4, longest=4, next="operator"),
    policy=GatherNode(prompts=("policy",), field="policy", shortest=4, longest=4, next="operator"),
    status=AnswerNode(
        about="claim", answers={"open": ("open",), "paid": ("paid",)}, next="operator", otherwise="operator"
    ),
    clinic=AnswerNode(
        about="clinic",
        answers={"riverside": ("riverside",), "night": ("night", "digits"), "elsewhere": ("elsewhere",)},
        next="operator",
        otherwise="operator",
    ),
)
CONFIGURATION = a_configuration(menus={"hotline": ASKED})
CALLERS = """number,policy,region,language,vip,doctor
+447700900111,7100,kazan,az,yes,
,7200,,ru,,
"""
ANSWERS = """about,region,claim,from,until,answer,digits
clinic,kazan,,08:00,20:00,riverside,
clinic,kazan,,20:00,08:00,night,84
clinic,,,,,elsewhere,
claim,,7100,,,open,
claim,,7200,,,paid,
"""


def a_file(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


async def callers(path: Path) -> CallersFile:
    file = TableFile(path, lambda given: read_callers(given, CONFIGURATION))
    await file.look()
    return CallersFile(file)


async def test_a_caller_is_known_by_the_number_they_call_from_and_by_what_they_typed(tmp_path: Path) -> None:
    table = await callers(a_file(tmp_path, CALLERS))
    record = CallerRecord(region="kazan", lang="az", vip=True, numbers={"policy": Secret("7100")})
    assert await table.find_caller("", NOBODY, Secret("+447700900111")) == record
    assert await table.find_caller("policy", Secret("7100"), NOBODY) == record
    assert await table.find_caller("policy", Secret("7200"), NOBODY) == CallerRecord(
        lang="ru", numbers={"policy": Secret("7200")}
    )
    assert await table.find_caller("policy", Secret("7300"), Secret("+447700900111")) is None
    assert await table.find_caller("", NOBODY, NOBODY) is None  # a withheld number is not that of an empty cell


@pytest.mark.parametrize(
    ("region", "hour", "answer"),
    [
        ("kazan", 12, ("riverside", Secret(""))),
        ("kazan", 7, ("night", Secret("84"))),
        ("kazan", 20, ("night", Secret("84"))),
        ("baku", 12, ("elsewhere", Secret(""))),
    ],
)
async def test_a_clinic_is_answered_by_region_and_hour(
    tmp_path: Path, region: str, hour: int, answer: tuple[str, Secret]
) -> None:
    file = TableFile(a_file(tmp_path, ANSWERS), lambda given: read_answers(given, CONFIGURATION))
    await file.look()
    moment = datetime(2026, 3, 4, hour, tzinfo=CONFIGURATION.timezone)
    table = AnswersFile(file, lambda: moment)
    assert await table.find_answer("clinic", region, {"claim": Secret("7100")}) == answer


async def test_a_claim_is_answered_by_its_number(tmp_path: Path) -> None:
    file = TableFile(a_file(tmp_path, ANSWERS), lambda given: read_answers(given, CONFIGURATION))
    await file.look()
    table = AnswersFile(file, lambda: NOON)
    assert await table.find_answer("claim", "kazan", {"claim": Secret("7200")}) == ("paid", Secret(""))
    assert await table.find_answer("claim", "", {"claim": Secret("1")}) is None
    assert await table.find_answer("coverage", "", {}) is None


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("number,Region\n", ["1:2"]),
        ("number,vip,vip\n+44,yes,no\n", ["1:2: vip"]),
        ("number,vip\n+447700900111,perhaps\n", ["2:2: vip"]),
        ("number,language\n+447700900111,fr\n", ["2:2: language"]),
        ("number,doctor\n+447700900111,nobody\n", ["2:2: doctor"]),
        ("number,policy\n+447700900111,71-00\n", ["2:2: policy"]),
        ("policy,vip\n7100,no\n\n7100,yes\n", ["4:1: policy"]),
        ("number,vip\n+447700900111\n", ["2:1"]),
        ('number\n"+447700900111\n', ["1:1"]),
        ("", ["1:1"]),
        ("number;policy\n+447700900111;7100\n", ["1:1"]),
        ("number,pollicy\n+447700900111,7100\n", ["1:2: pollicy: is no field"]),
        ("number,region\n+447700900111,kasan\n", ["2:2: region"]),
        ("number,region\n8 (7700) 900-111,kazan\n", ["2:1: number"]),
    ],
)
def test_a_fault_of_a_table_names_its_line_and_cell_and_not_what_stands_there(
    tmp_path: Path, text: str, places: list[str]
) -> None:
    path = a_file(tmp_path, text)
    _, faults = read_callers(path, CONFIGURATION)
    assert all(str(fault).startswith(f"{path}:{place}") for fault, place in zip(faults, places, strict=True))
    assert not any(digits in str(fault) for fault in faults for digits in ("447700900111", "7100", "71-00"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("about,answer\nclaim,\n", "answer"),
        ("about\nclaim\n", "answer"),
        ("about,answer,from\nclaim,open,noon\n", "from"),
        ("about,answer,from\nclaim,open,09:00+03:00\n", "from"),
        ("about,answer\nclaims,open\n", "about"),
        ("about,answer\nclaim,opened\n", "answer"),
        ("about,answer,region\nclinic,night,kasan\n", "region"),
        ("about,answer,clame\nclaim,open,7100\n", "clame"),
    ],
)
def test_an_answer_that_no_menu_could_say_is_a_fault(tmp_path: Path, text: str, where: str) -> None:
    [fault] = read_answers(a_file(tmp_path, text), CONFIGURATION)[1]
    assert fault.where == where


async def test_a_table_that_changes_is_read_again_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = a_file(tmp_path, "policy,region\n7100,kazan\n")
    file = TableFile(path, lambda given: read_callers(given, CONFIGURATION))
    table = CallersFile(file)
    with pytest.raises(NotAsked):
        await table.find_caller("policy", Secret("7100"), NOBODY)
    await file.look()
    path.write_text("policy,region\n7100,the whole of it\n")
    with structlog.testing.capture_logs() as logged:
        await file.look()
        await file.look()
    assert [line["action"] for line in logged] == ["lookup.table_fault"]
    found = await table.find_caller("policy", Secret("7100"), NOBODY)
    assert found is not None
    assert found.region == "kazan"
    path.write_text("policy,region\n7100,baku\n7200,kazan\n")
    await file.look()
    found = await table.find_caller("policy", Secret("7100"), NOBODY)
    assert found is not None
    assert found.region == "baku"


def test_the_tables_of_a_configuration_are_looked_for_beside_it(tmp_path: Path) -> None:
    sources = Sources(callers=CsvSource(file="callers.csv"), answers=CsvSource(file="answers.csv"))
    configuration = a_configuration(menus={"hotline": ASKED}, lookups=sources)
    a_file(tmp_path, CALLERS, "callers.csv")
    [fault] = table_faults(configuration, tmp_path)
    assert (fault.file, fault.reason.partition(" (")[0]) == (tmp_path / "answers.csv", "cannot be read")
