"""Does the failsafe keep every call that it is run for, whole, once, without a word more than it may?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agi_scripts.failsafe import MAX_LINE, VARIABLES, QuietAgi, keep, one_line

HEADER = "agi_request: failsafe\nagi_uniqueid: n1-1795301301.27\nagi_callerid: 380501234567\nagi_calleridname: Ivan\n\n"
WRITERS = 100 if os.environ.get("AL_LONG") else 20
STATE = list(VARIABLES).index("state")


def answers(*values: str) -> str:
    """Asterisk's replies to the questions, in the order of VARIABLES; "" is an unset variable."""
    given = [*values, *[""] * len(VARIABLES)][: len(VARIABLES)]
    return "".join(f"200 result=1 ({value})\n" if value else "200 result=0\n" for value in given)


def run(spool: Path, said: str) -> subprocess.CompletedProcess[str]:
    """The script as Asterisk runs it."""
    return subprocess.run(
        [sys.executable, "-m", "agi_scripts.failsafe", str(spool)],
        input=said,
        text=True,
        errors="surrogateescape",
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        timeout=30,
        check=True,
    )


def test_a_call_becomes_one_line_with_the_number_to_ring_back_and_no_name(tmp_path: Path) -> None:
    spool = tmp_path / "failsafe.jsonl"
    done = run(spool, HEADER + answers("n1-1795301301.27", "hotline", "+442079461000", "general", "ru"))
    [line] = spool.read_text().splitlines()
    call = json.loads(line)
    assert call.items() >= {"call_id": "n1-1795301301.27", "line": "hotline", "queue": "general"}.items()
    assert (call["started_at"], call["state"], call["lang"]) == ("1795301301", "", "ru")
    assert float(call["ended_at"]) > 1_700_000_000
    assert set(call) == {*VARIABLES, "started_at", "ended_at"}
    assert call["number"] == "+442079461000"
    assert "380501234567" not in line and "Ivan" not in line
    assert done.stderr == "" and done.stdout.count("\n") == len(VARIABLES)
    assert spool.stat().st_mode & 0o777 == 0o600


def test_a_call_without_an_id_of_ours_is_kept_under_asterisks(tmp_path: Path) -> None:
    run(tmp_path / "spool", HEADER + answers())
    assert json.loads((tmp_path / "spool").read_text())["call_id"] == "n1-1795301301.27"


def test_a_callers_name_in_bad_bytes_does_not_cost_the_call(tmp_path: Path) -> None:
    run(tmp_path / "spool", "agi_calleridname: \udcff\udcd0\n" + HEADER + answers("n1-1.1"))
    assert json.loads((tmp_path / "spool").read_text())["call_id"] == "n1-1.1"


@pytest.mark.parametrize("said", ["", "agi_request: x\n", HEADER, HEADER + "520-Usage\n", HEADER + "HANGUP\n"])
def test_an_asterisk_that_goes_away_midway_is_an_end_not_a_hang(said: str, tmp_path: Path) -> None:
    done = run(tmp_path / "spool", said)
    assert not (tmp_path / "spool").exists()
    assert done.stderr == "" and "call not kept" in done.stdout


def test_a_spool_that_cannot_be_written_ends_with_a_word_in_asterisks_log(tmp_path: Path) -> None:
    done = run(tmp_path / "missing" / "spool", HEADER + answers("n1-1.1"))
    assert done.stdout.splitlines()[-1] == 'VERBOSE "assistline failsafe: call not kept: FileNotFoundError" "1"'


def test_a_value_of_any_length_and_script_stays_one_line(tmp_path: Path) -> None:
    run(tmp_path / "spool", HEADER + answers("n1-1.1", *["\U0001f4de\x01" * 2000] * len(VARIABLES)))
    raw = (tmp_path / "spool").read_bytes()
    assert raw.endswith(b"\n") and raw.count(b"\n") == 1 and len(raw) <= MAX_LINE
    assert json.loads(raw)["call_id"] == "n1-1.1"


def test_many_calls_that_end_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: run(spool, HEADER + answers(f"n1-{index}.1", "hotline")), range(WRITERS)))
    kept = [json.loads(line)["call_id"] for line in spool.read_text().splitlines()]
    assert sorted(kept) == sorted(f"n1-{index}.1" for index in range(WRITERS))


def test_no_signal_handler_is_left_behind(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGHUP)
    said, told = tmp_path / "said", tmp_path / "told"
    said.write_text(HEADER + answers("n1-1.1"))
    with said.open() as reading, told.open("w") as writing:
        keep(one_line(QuietAgi(reading, writing), 0.0), str(tmp_path / "spool"))
    assert signal.getsignal(signal.SIGHUP) is before
    assert told.read_text().splitlines()[STATE] == 'GET VARIABLE "AL_STATE"'
