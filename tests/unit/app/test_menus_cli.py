"""Can an administrator see a menu and walk through it without a telephone?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.errors import AppFault
from tests.unit.config.editing import SAMPLE


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AL_CONFIG", str(SAMPLE))
    monkeypatch.setenv("AL_HOME", str(tmp_path / "home"))


def tried(*arguments: str, typed: str) -> list[str]:
    """What is shown, without the questions to the keyboard."""
    result = CliRunner().invoke(cli, ["ivr", "try", *arguments], input=typed)
    assert result.exception is None, result.output
    return re.sub(r"\[(keys|th.*?(timeout|refused))\] ", "", result.output).splitlines()


def test_a_hotline_caller_is_walked_to_the_queue_of_their_topic() -> None:
    shown = tried("hotline", typed="failed\n2\n4\n\n")
    assert shown[0] == "ru: Здравствуйте. Это медицинская помощь по вашей страховке."
    assert any(line.startswith("en: If you need help urgently") for line in shown)
    assert shown[-1] == "-- queued: queue claims, needs lang:en=1"


def test_a_claim_number_is_read_back_and_the_answer_said() -> None:
    shown = tried("hotline", typed="failed\n2\n6\n2\n4242424242\n1\nopen\n3\n\n")
    assert shown.index("en: 4242424242") < shown.index("en: Your claim is being worked on.")
    assert shown[-1] == "-- self-served"


def test_what_is_not_understood_is_asked_for_again() -> None:
    shown = tried("hotline", typed="perhaps\nfailed\nx\n0\n")
    assert [line for line in shown if line.startswith("?")] == [
        "? one of found, unknown, failed, timeout is expected",
        "? digits, # or nothing is expected, or hangup",
    ]
    assert shown[-1] == "-- queued: queue operator, needs lang:ru=1"


def test_the_end_of_the_input_hangs_up() -> None:
    assert tried("hotline", typed="failed\n")[-1] == "-- abandoned"


def test_a_line_is_tried_at_another_time_and_so_is_its_survey() -> None:
    assert "центр сейчас закрыт" in tried("kazan", "--at", "2026-03-07T12:00:00", typed="\n")[1]
    assert tried("epidemic", "--survey", typed="5\n\n")[-1] == "-- rated"


@pytest.mark.parametrize(("name", "begins"), [("menus.svg", "<svg "), ("menus.mmd", "flowchart TD")])
def test_the_menus_are_drawn_into_a_file(tmp_path: Path, name: str, begins: str) -> None:
    file = tmp_path / name
    result = CliRunner().invoke(cli, ["ivr", "draw", "-o", str(file)])
    assert result.exception is None, result.output
    text = file.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "claim-status" in text and "epidemic" in text
    CliRunner().invoke(cli, ["ivr", "draw", "--line", "kazan", "-o", str(file)])
    assert "claim-status" not in file.read_text(encoding="utf-8")


def test_a_line_or_a_file_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    for arguments in (["try", "nowhere"], ["try", "emergency"], ["draw", "--line", "nowhere", "-o", "x.svg"]):
        result = CliRunner().invoke(cli, ["ivr", *arguments])
        assert isinstance(result.exception, AppFault)
    assert CliRunner().invoke(cli, ["ivr", "draw", "-o", str(tmp_path / "x.gif")]).exit_code == 2
