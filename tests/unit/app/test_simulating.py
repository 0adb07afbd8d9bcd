"""Do `assistline simulate` and `assistline staff` say what was found, as a table, as JSON and as a picture?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.errors import AppFault
from config.errors import ConfigurationFaults

MODEL = """\
hours: 3
cross_training: {skills: 2, types: 3, agents: 12, load: 9, places: 4, talk: {kind: exponential, mean: 240}}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.yaml"
    file.write_text(MODEL, encoding="utf-8")
    return file


def asked(*arguments: str | Path) -> Result:
    found = CliRunner().invoke(cli, [*map(str, arguments), "--processes", "1"])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_simulate_tells_each_queue_and_the_whole_with_intervals(scenario: Path) -> None:
    told = json.loads(asked("simulate", scenario, "--replications", "3", "--json").stdout)
    assert list(told["queues"]) == ["type-0", "type-1", "type-2", "all"]
    level = told["queues"]["type-0"]["service_level"]
    assert 0 < level["mean"] <= 1 and level["half_width"] > 0
    assert told["queues"]["all"]["offered"]["mean"] == pytest.approx(9 / 240 * 3 * 3600, rel=0.2)


def test_the_same_seed_tells_the_same_and_several_processes_change_nothing(scenario: Path) -> None:
    one, two = (
        CliRunner().invoke(cli, ["simulate", str(scenario), "--replications", "2", "--json", "--processes", count])
        for count in ("1", "2")
    )
    assert one.exit_code == 0 and one.stdout == two.stdout


def test_simulate_prints_a_table_and_draws_the_day(scenario: Path, tmp_path: Path) -> None:
    picture = tmp_path / "day.png"
    found = asked("simulate", scenario, "--replications", "2", "--plot", picture)
    assert "type-2" in found.stdout and "95 %" in found.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_a_picture_is_refused_before_anything_runs(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "app.picture", None)
    with pytest.raises(AppFault, match=r"assistline\[plot\]"):
        asked("simulate", scenario, "--plot", tmp_path / "day.png")


def test_staff_tells_how_many_for_each_half_hour(scenario: Path) -> None:
    told = json.loads(asked("staff", scenario, "--callers", "1500", "--json").stdout)
    assert [half_hour["start"] for half_hour in told] == [1800 * number for number in range(6)]
    assert len({half_hour["agents"] for half_hour in told}) == 1
    assert told[0]["agents"] >= told[0]["erlang"] - 1 > 9


def test_a_scenario_with_faults_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(MODEL.replace("hours: 3", "hours: none"), encoding="utf-8")
    with pytest.raises(ConfigurationFaults, match=r"scenario.yaml:1:.*hours"):
        asked("simulate", file)
