"""Is a scenario read as it is written, and is each fault told at its own line, with what to do?"""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigurationFaults
from config.scenario import load_scenario
from simulation.draws import Exponential
from simulation.scenario import Poisson, Recorded, Shift
from tests.unit.config.editing import SAMPLE

SCENARIOS = SAMPLE.parent / "scenarios"

DAY = f"""\
centre: {SAMPLE}
hours: 24
callers:
  questions:
    queue: operator
    per_hour: {{"08:00": 6, "10:30": 12}}
    talk: {{kind: exponential, mean: 180}}
    needs: {{lang:ru: 3}}
shifts:
  anna: ["08:00-12:00", "13:00-17:30"]
"""

CALLS = """\
at,queue,talk_seconds
2026-03-04T09:00:00,claims,60
2026-03-04T09:15:30,operator,240.5
2026-03-04T09:15:00,operator,
"""


def written(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def faults(path: Path) -> list[str]:
    with pytest.raises(ConfigurationFaults) as refused:
        load_scenario(path)
    return [f"{fault.file.name}:{fault.line} {fault.where}: {fault.reason}" for fault in refused.value.faults]


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_samples_are_scenarios(path: Path) -> None:
    assert load_scenario(path).scenario.callers


def test_a_day_is_read_as_written(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, DAY)).scenario
    (callers,) = scenario.callers
    assert callers.arrivals == Poisson(rates=((0, 0), (8 * 3600, 6), (10.5 * 3600, 12)))
    assert (callers.talk, callers.needs) == (Exponential(mean=180), (("lang:ru", 3),))
    assert scenario.shifts[1] == Shift(agent_id="anna", start=13 * 3600, end=17.5 * 3600)
    assert "operator" in scenario.queues


def test_shifts_come_again_on_the_second_day(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, DAY.replace("hours: 24", "hours: 36"))).scenario
    assert [shift.start / 3600 for shift in scenario.shifts] == [8, 32, 13, 37]


def test_past_calls_of_the_queue_are_read_in_order(tmp_path: Path) -> None:
    written(tmp_path, CALLS, "calls.csv")
    text = DAY.replace('per_hour: {"08:00": 6, "10:30": 12}', "recorded: calls.csv")
    (callers,) = load_scenario(written(tmp_path, text)).scenario.callers
    assert callers.arrivals == Recorded(calls=((33300, None), (33330, 240.5)))


def test_the_model_takes_its_arguments(tmp_path: Path) -> None:
    study = load_scenario(written(tmp_path, "routing: asterisk\ncross_training: {skills: 3, agents: 12, load: 9}\n"))
    assert (study.routing, len(study.scenario.agents), study.scenario.places) == ("asterisk", 12, 30)
    assert {len(agent.skills) for agent in study.scenario.agents.values()} == {3}


FAULTS = [
    ("queue: operator", "queue: operators", 5, "callers.questions.queue", "did you mean operator?"),
    ("anna:", "ana:", 10, "shifts.ana", "did you mean anna?"),
    ('"08:00": 6', '"8:00": 6', 6, "callers.questions.per_hour.8:00", "no time of day"),
    ('"08:00": 6', '"08:00": -6', 6, "callers.questions.per_hour.08:00", "greater than or equal to 0"),
    ("mean: 180", "mean: 0", 7, "callers.questions.talk", "longer than 0 s"),
    ("mean: 180", "men: 180", 7, "callers.questions.talk", "missing"),
    ("kind: exponential", "kind: expo", 7, "callers.questions.talk", "expected tags"),
    ("lang:ru: 3", "lang:ru: 13", 8, "callers.questions.needs.lang:ru", "not between 1 and 10"),
    ("12:00", "07:00", 10, "shifts.anna.0", "must end after it begins"),
    ("12:00", "13:30", 10, "shifts.anna.1", "begins before the one in front of it ends"),
    ("hours: 24", "hours: 0", 2, "hours", "greater than 0"),
    ("hours: 24", "hors: 24", 2, "hors", "did you mean hours?"),
    ("hours: 24", "routing: theirs", 2, "routing", "must be one of assistline"),
    ("hours: 24", "cross_training: {skills: 2}", 1, "", "either a centre"),
    ("hours: 24", "pick_up: {kind: empirical, seconds: []}", 2, "pick_up.seconds", "at least one duration"),
]


@pytest.mark.parametrize(("old", "new", "line", "where", "reason"), FAULTS)
def test_each_fault_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, where: str, reason: str) -> None:
    found = faults(written(tmp_path, DAY.replace(old, new, 1)))
    assert any(text.startswith(f"scenario.yaml:{line} {where}") and reason in text for text in found), found


def test_the_faults_of_the_centre_are_told_in_its_own_file(tmp_path: Path) -> None:
    centre = SAMPLE.read_text(encoding="utf-8").replace("label: Coverage", "lable: Coverage", 1)
    written(tmp_path, centre, "centre.yaml")
    found = faults(written(tmp_path, DAY.replace(str(SAMPLE), "centre.yaml")))
    assert any(text.startswith("centre.yaml:") and "did you mean label?" in text for text in found), found


@pytest.mark.parametrize("row", ["yesterday,operator,60"] + [f"2026-03-04,operator,{talk}" for talk in ("nan", "-1")])
def test_a_row_that_is_no_call_is_told_in_the_table(tmp_path: Path, row: str) -> None:
    written(tmp_path, f"{CALLS}{row}\n", "calls.csv")
    text = DAY.replace('per_hour: {"08:00": 6, "10:30": 12}', "recorded: calls.csv")
    assert any("calls.csv:5 at: is no call" in fault for fault in faults(written(tmp_path, text)))


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    text = DAY.replace('per_hour: {"08:00": 6, "10:30": 12}', "recorded: calls.csv")
    assert any("scenario.yaml:6 callers.questions.recorded" in fault for fault in faults(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("more", "reason"), [("skills: 7", "at most 6"), ("skills: 0", "greater than"), ("skills: 2, lod: 1", "not known")]
)
def test_the_faults_of_the_model_are_told(tmp_path: Path, more: str, reason: str) -> None:
    assert any(reason in fault for fault in faults(written(tmp_path, f"cross_training: {{{more}}}\n")))


def test_the_model_has_its_own_callers(tmp_path: Path) -> None:
    text = DAY.replace(f"centre: {SAMPLE}", "cross_training: {skills: 2}")
    assert any("of no use with cross_training" in fault for fault in faults(written(tmp_path, text)))
